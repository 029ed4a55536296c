//! Image references: `host/repository:tag`, as `FROM`, `linuxFxVersion` and build requests write them.

use std::fmt;

use super::digest::Digest;
use super::oci_store::check_name;

/// A reference in full: Docker's short forms (`nginx`, `grafana/grafana`) have been completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageReference {
    pub(crate) host: String,
    pub(crate) repository: String,
    /// A tag or a digest.
    pub(crate) reference: String,
}

const DOCKER_HUB: &str = "docker.io";

impl ImageReference {
    /// Reads a reference; without a host it means Docker Hub, without a tag `latest`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!(
                "invalid reference {text:?}: it must not start with {scheme}://"
            ));
        }
        let (host, path) = split_host(text);
        let (path, reference) = split_reference(path)?;
        let repository = match host {
            Some(_) => path.to_owned(),
            None if path.contains('/') => path.to_owned(),
            None => format!("library/{path}"),
        };
        let host = match host.map(str::to_lowercase).as_deref() {
            None | Some("index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com") => {
                DOCKER_HUB.to_owned()
            }
            Some(host) => host.to_owned(),
        };
        check_name(&repository).map_err(|e| format!("invalid reference {text:?}: {e}"))?;
        Ok(Self {
            host,
            repository,
            reference,
        })
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if Digest::parse(&self.reference).is_some() {
            '@'
        } else {
            ':'
        };
        write!(
            f,
            "{}/{}{separator}{}",
            self.host, self.repository, self.reference
        )
    }
}

/// The first component is a host when it could not be a repository name: a dot, a port, or localhost.
fn split_host(text: &str) -> (Option<&str>, &str) {
    match text.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (Some(host), path)
        }
        _ => (None, text),
    }
}

fn split_reference(path: &str) -> Result<(&str, String), String> {
    if let Some((path, digest)) = path.split_once('@') {
        let digest = Digest::parse(digest)
            .ok_or_else(|| format!("invalid reference format: digest {digest:?}"))?;
        let path = path.split_once(':').map_or(path, |(path, _)| path);
        return Ok((path, digest.to_string()));
    }
    match path.split_once(':') {
        Some((_, "")) => Err("invalid reference format: empty tag".into()),
        Some((path, tag)) => Ok((path, tag.to_owned())),
        None => Ok((path, "latest".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_completed() {
        let digest = format!("a.azurecr.io/x@{}", Digest::of(b""));
        let cases = [
            ("nginx", "docker.io/library/nginx:latest"),
            ("grafana/grafana:9", "docker.io/grafana/grafana:9"),
            (
                "Secureacr2021.azurecr.io/privatewebsite:lnx-v1",
                "secureacr2021.azurecr.io/privatewebsite:lnx-v1",
            ),
            ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
            (digest.as_str(), digest.as_str()),
        ];
        for (text, expect) in cases {
            assert_eq!(ImageReference::parse(text).expect(text).to_string(), expect);
        }
        for bad in [
            "https://a.azurecr.io/x",
            "a.azurecr.io/X:1",
            "nginx:",
            "a.azurecr.io/x@sha256:1",
            "",
        ] {
            assert!(ImageReference::parse(bad).is_err(), "{bad}");
        }
    }
}
