//! The public images that a Dockerfile or a site may name without any network.
//!
//! Each is a *synthetic* root file system: the real paths and the real configuration (command, ports,
//! environment), with our own words in the files, and **no server binaries**. Nothing in them can be
//! executed; the web front serves their files itself.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::image::{Image, Node, Tree, pack};

/// What the image would run, which decides how a site made from it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// Serves files from this folder (no leading slash).
    Files(&'static str),
    /// The open-source container registry.
    Registry,
    /// A program the emulator cannot stand in for.
    Unknown,
}

const NGINX_ROOT: &str = "usr/share/nginx/html";
const HTTPD_ROOT: &str = "usr/local/apache2/htdocs";
const STATIC_SITE_ROOT: &str = "home/site/wwwroot";

/// Judges by command and environment, so images that were built elsewhere are recognised as well.
pub(crate) fn server_of(config: &Value) -> Server {
    let container = &config["config"];
    let words = |key: &str| {
        container[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    };
    let command: Vec<&str> = words("Entrypoint").chain(words("Cmd")).collect();
    let runs = |name: &str| command.iter().any(|word| word.contains(name));
    let env = |name: &str| words("Env").any(|pair| pair.split('=').next() == Some(name));
    if env("STATIC_SITE_ROOT") {
        Server::Files(STATIC_SITE_ROOT)
    } else if runs("docker/registry") || runs("distribution/config") {
        Server::Registry
    } else if runs("httpd") || (env("HTTPD_PREFIX") && !runs("nginx")) {
        Server::Files(HTTPD_ROOT)
    } else if runs("nginx") {
        Server::Files(NGINX_ROOT)
    } else {
        Server::Unknown
    }
}

struct Definition {
    /// Repository as Docker writes it in full.
    repository: &'static str,
    /// Tags by word; tags that start with a digit are versions of the same content.
    tags: &'static [&'static str],
    files: &'static [(&'static str, &'static str)],
    config: fn() -> Value,
}

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const DEFINITIONS: &[Definition] = &[
    Definition {
        repository: "docker.io/library/nginx",
        tags: &["latest", "stable", "mainline", "alpine", "stable-alpine"],
        files: &[
            (
                "usr/share/nginx/html/index.html",
                include_str!("pages/nginx.html"),
            ),
            (
                "usr/share/nginx/html/50x.html",
                "<html><body><h1>The server met an error.</h1></body></html>\n",
            ),
            (
                "etc/nginx/conf.d/default.conf",
                "server {\n    listen 80;\n    root /usr/share/nginx/html;\n    index index.html;\n}\n",
            ),
        ],
        config: || {
            json!({ "Env": [PATH, "NGINX_VERSION=1.29.3"], "Entrypoint": ["/docker-entrypoint.sh"],
                "Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": { "80/tcp": {} }, "StopSignal": "SIGQUIT" })
        },
    },
    Definition {
        repository: "docker.io/library/httpd",
        tags: &["latest", "alpine"],
        files: &[(
            "usr/local/apache2/htdocs/index.html",
            include_str!("pages/httpd.html"),
        )],
        config: || {
            json!({ "Env": [PATH, "HTTPD_PREFIX=/usr/local/apache2"], "Cmd": ["httpd-foreground"],
                "WorkingDir": "/usr/local/apache2", "ExposedPorts": { "80/tcp": {} }, "StopSignal": "SIGWINCH" })
        },
    },
    Definition {
        repository: "mcr.microsoft.com/appsvc/staticsite",
        tags: &["latest"],
        files: &[
            (
                "home/site/wwwroot/index.html",
                include_str!("pages/staticsite.html"),
            ),
            (
                "home/site/wwwroot/hostingstart.html",
                include_str!("pages/staticsite.html"),
            ),
        ],
        config: || {
            json!({ "Env": [PATH, "STATIC_SITE_ROOT=/home/site/wwwroot"], "Cmd": ["nginx", "-g", "daemon off;"],
                "ExposedPorts": { "80/tcp": {} } })
        },
    },
    Definition {
        repository: "docker.io/library/registry",
        tags: &["latest"],
        files: &[(
            "etc/docker/registry/config.yml",
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: /var/lib/registry\nhttp:\n  addr: :5000\n",
        )],
        config: || {
            json!({ "Env": [PATH], "Entrypoint": ["/entrypoint.sh"], "Cmd": ["/etc/docker/registry/config.yml"],
                "ExposedPorts": { "5000/tcp": {} }, "Volumes": { "/var/lib/registry": {} } })
        },
    },
    Definition {
        repository: "docker.io/library/hello-world",
        tags: &["latest", "linux"],
        files: &[(
            "hello",
            "This stands for the greeting program; it cannot be run.\n",
        )],
        config: || json!({ "Env": [PATH], "Cmd": ["/hello"] }),
    },
    Definition {
        repository: "docker.io/library/alpine",
        tags: &["latest", "edge"],
        files: &[("etc/os-release", "NAME=\"Alpine Linux\"\nID=alpine\n")],
        config: || json!({ "Env": [PATH], "Cmd": ["/bin/sh"] }),
    },
    Definition {
        repository: "docker.io/library/busybox",
        tags: &["latest", "stable", "musl", "glibc"],
        files: &[("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")],
        config: || json!({ "Env": [PATH], "Cmd": ["sh"] }),
    },
];

static IMAGES: LazyLock<Vec<Result<Image, String>>> =
    LazyLock::new(|| DEFINITIONS.iter().map(build).collect());

/// Finds a built-in image by host, repository and tag.
///
/// # Errors
/// The registry's answer for an image that is not there, and what is there instead.
pub(crate) fn find(host: &str, repository: &str, tag: &str) -> Result<Image, String> {
    let full = format!("{host}/{repository}");
    let index = DEFINITIONS.iter().position(|d| d.repository == full);
    let Some(index) = index else {
        return Err(format!(
            "the emulator holds no image {full}; it has: {}",
            DEFINITIONS
                .iter()
                .map(|d| d.repository)
                .collect::<Vec<_>>()
                .join(", ")
        ));
    };
    let definition = &DEFINITIONS[index];
    let is_version = tag.starts_with(|c: char| c.is_ascii_digit());
    if !is_version && !definition.tags.contains(&tag) {
        return Err(format!(
            "manifest for {repository}:{tag} not found: manifest unknown: manifest unknown"
        ));
    }
    IMAGES[index].clone()
}

/// The empty image behind `FROM scratch`.
pub(crate) fn scratch() -> Image {
    let config = json!({ "architecture": "amd64", "os": "linux", "created": super::assemble::CREATED, "config": { "Env": [PATH] } });
    Image {
        config,
        layers: Vec::new(),
    }
}

fn build(definition: &Definition) -> Result<Image, String> {
    let mut tree = Tree::new();
    for (path, text) in definition.files {
        for (at, _) in path.match_indices('/') {
            tree.insert(path[..at].to_owned(), Node::Directory { mode: 0o755 });
        }
        tree.insert((*path).to_owned(), Node::file(*text));
    }
    let layer = pack(&tree).map_err(|e| format!("cannot pack {}: {e}", definition.repository))?;
    let mut image = scratch();
    image.config["config"] = (definition.config)();
    image.layers.push(layer);
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_recognised_by_what_it_runs() {
        let cases = [
            (
                "docker.io",
                "library/nginx",
                "latest",
                Server::Files(NGINX_ROOT),
            ),
            (
                "docker.io",
                "library/nginx",
                "1.27-alpine",
                Server::Files(NGINX_ROOT),
            ),
            (
                "docker.io",
                "library/httpd",
                "2.4",
                Server::Files(HTTPD_ROOT),
            ),
            (
                "mcr.microsoft.com",
                "appsvc/staticsite",
                "latest",
                Server::Files(STATIC_SITE_ROOT),
            ),
            ("docker.io", "library/registry", "2", Server::Registry),
            (
                "docker.io",
                "library/hello-world",
                "latest",
                Server::Unknown,
            ),
        ];
        for (host, repository, tag, expect) in cases {
            let image = find(host, repository, tag).expect(repository);
            assert_eq!(server_of(&image.config), expect, "{repository}:{tag}");
            if let Server::Files(root) = expect {
                assert!(
                    image
                        .tree()
                        .expect("tree")
                        .contains_key(&format!("{root}/index.html"))
                );
            }
        }
    }

    #[test]
    fn unknown_images_and_tags_are_refused() {
        let tag = find("docker.io", "library/nginx", "nightly").expect_err("no such tag");
        assert!(tag.contains("manifest unknown"), "{tag}");
        let image = find("docker.io", "library/mysql", "8").expect_err("no such image");
        assert!(
            image.contains("docker.io/library/mysql") && image.contains("library/nginx"),
            "{image}"
        );
    }
}
