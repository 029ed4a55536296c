//! Paths of the distribution protocol: what a request names, and the right it needs.

use http::Method;

use super::blob::percent_decode;

/// What a path below `/v2/` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Base,
    Catalog,
    Tags(String),
    Manifest(String, String),
    Blob(String, String),
    Uploads(String),
    Upload(String, String),
    Referrers(String, String),
}

/// What a request needs the right to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) action: &'static str,
}

impl Scope {
    /// The word for the right behind the action.
    pub(crate) fn verb(&self) -> &'static str {
        if self.kind == "registry" {
            "catalog"
        } else {
            self.action
        }
    }
}

impl Route {
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = percent_decode(path);
        let rest = path.strip_prefix("/v2")?;
        match rest {
            "" | "/" => return Some(Self::Base),
            "/_catalog" => return Some(Self::Catalog),
            _ => {}
        }
        let rest = rest.strip_prefix('/')?;
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags(name.to_owned()));
        }
        if let Some((name, id)) = rest.split_once("/blobs/uploads") {
            let (name, id) = (name.to_owned(), id.trim_matches('/').to_owned());
            return Some(if id.is_empty() {
                Self::Uploads(name)
            } else {
                Self::Upload(name, id)
            });
        }
        let split = |word: &str| {
            rest.rsplit_once(word)
                .map(|(name, tail)| (name.to_owned(), tail.to_owned()))
        };
        if let Some((name, digest)) = split("/referrers/") {
            return Some(Self::Referrers(name, digest));
        }
        split("/manifests/")
            .map(|(name, r)| Self::Manifest(name, r))
            .or_else(|| split("/blobs/").map(|(name, d)| Self::Blob(name, d)))
    }

    /// The right that a request needs; `None` when being known is enough.
    pub(crate) fn scope(&self, method: &Method) -> Option<Scope> {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let repository = |name: &str, action| {
            Some(Scope {
                kind: "repository",
                name: name.to_owned(),
                action,
            })
        };
        match self {
            Self::Base => None,
            Self::Catalog => Some(Scope {
                kind: "registry",
                name: "catalog".into(),
                action: "*",
            }),
            Self::Tags(name) | Self::Referrers(name, _) => repository(name, "pull"),
            Self::Uploads(name) | Self::Upload(name, _) => repository(name, "push"),
            Self::Manifest(name, _) | Self::Blob(name, _) if is_read => repository(name, "pull"),
            Self::Manifest(name, _) | Self::Blob(name, _) if *method == Method::DELETE => {
                repository(name, "delete")
            }
            Self::Manifest(name, _) | Self::Blob(name, _) => repository(name, "push"),
        }
    }
}
