//! The files of a web root, out of an image's layers.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::build::image::{Image, Node, Tree, clean_path};
use crate::data::digest::Digest;

/// Files by their path below the web root.
#[derive(Debug)]
pub(crate) struct WebRoot {
    files: BTreeMap<String, Bytes>,
}

/// What a path of a web root holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    File(Bytes, &'static str),
    /// A folder was named without its final slash.
    Folder,
    Nothing,
}

/// Unpacked web roots, newest last. Keyed by digest, so an entry is right in every world.
static CACHE: Mutex<VecDeque<(Digest, &'static str, Arc<WebRoot>)>> = Mutex::new(VecDeque::new());
const CACHE_SIZE: usize = 8;
const MAX_LINKS: usize = 8;

impl WebRoot {
    /// The web root of an image, unpacked once.
    ///
    /// # Errors
    /// A layer that cannot be read.
    pub(crate) fn of(image: &Image, digest: &Digest, root: &'static str) -> io::Result<Arc<Self>> {
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, found)) = cache.iter().find(|(d, r, _)| d == digest && *r == root) {
            return Ok(found.clone());
        }
        let found = Arc::new(Self::read(&image.tree()?, root));
        if cache.len() == CACHE_SIZE {
            cache.pop_front();
        }
        cache.push_back((digest.clone(), root, found.clone()));
        Ok(found)
    }

    fn read(tree: &Tree, root: &str) -> Self {
        let prefix = format!("{root}/");
        let below = tree
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix));
        let file = |(path, _): (&String, &Node)| {
            Some((path[prefix.len()..].to_owned(), content(tree, path)?))
        };
        Self {
            files: below.filter_map(file).collect(),
        }
    }

    /// Looks a decoded request path up; `None` when it tries to leave the root.
    pub(crate) fn find(&self, path: &str) -> Option<Found> {
        let clean = clean_path(path)?;
        let name = if path.ends_with('/') || clean.is_empty() {
            join(&clean, "index.html")
        } else {
            clean.clone()
        };
        if let Some(bytes) = self.files.get(&name) {
            return Some(Found::File(bytes.clone(), content_type(&name)));
        }
        let below = format!("{clean}/");
        let is_folder =
            !path.ends_with('/') && self.files.keys().any(|file| file.starts_with(&below));
        Some(if is_folder {
            Found::Folder
        } else {
            Found::Nothing
        })
    }
}

/// The bytes at a path, through links that stay inside the image.
fn content(tree: &Tree, path: &str) -> Option<Bytes> {
    let mut at = path.to_owned();
    for _ in 0..MAX_LINKS {
        match tree.get(&at)? {
            Node::File { content, .. } => return Some(content.clone()),
            Node::Directory { .. } => return None,
            Node::Link { target } if target.starts_with('/') => at = clean_path(target)?,
            Node::Link { target } => at = relative(&at, target)?,
        }
    }
    None
}

fn relative(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

fn content_type(path: &str) -> &'static str {
    match path
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .as_deref()
    {
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("js" | "mjs") => "application/javascript",
        Some("json" | "map") => "application/json",
        Some("txt" | "md") => "text/plain",
        Some("xml") => "text/xml",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff") => "font/woff",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_looked_up_as_a_web_server_does() {
        let link = |target: &str| Node::Link {
            target: target.into(),
        };
        let tree: Tree = [
            ("www/index.html", Node::file("home")),
            ("www/docs/index.html", Node::file("docs")),
            ("www/same.css", link("real.css")),
            ("www/real.css", Node::file("css")),
            ("www/up", link("../secret")),
            ("www/loop", link("loop")),
            ("secret", Node::file("linked on purpose")),
            ("other/x", Node::file("outside")),
        ]
        .into_iter()
        .map(|(path, node)| (path.to_owned(), node))
        .collect();
        let root = WebRoot::read(&tree, "www");
        let file = |text: &'static str, kind| Some(Found::File(Bytes::from(text), kind));
        let cases = [
            ("/", file("home", "text/html")),
            ("/index.html", file("home", "text/html")),
            ("/docs", Some(Found::Folder)),
            ("/docs/", file("docs", "text/html")),
            ("/same.css", file("css", "text/css")),
            ("/up", file("linked on purpose", "application/octet-stream")),
            ("/loop", Some(Found::Nothing)),
            ("/absent", Some(Found::Nothing)),
            ("/../other/x", None),
            ("/docs/../../other/x", None),
        ];
        for (path, expect) in cases {
            assert_eq!(root.find(path), expect, "{path}");
        }
    }
}
