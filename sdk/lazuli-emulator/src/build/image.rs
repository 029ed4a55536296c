//! Layers, configs and manifests: an image as bytes. The same files always give the same digests.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::data::digest::Digest;
use crate::data::oci_store::OciStore;
use crate::data::store_error::StoreError;

pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// No layer of a test world is larger, unpacked; an archive bomb is refused.
pub(crate) const MAX_UNPACKED: u64 = 1 << 30;

/// A file system: paths without a leading slash, in order.
pub(crate) type Tree = BTreeMap<String, Node>;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    File { mode: u32, content: Bytes },
    Directory { mode: u32 },
    Link { target: String },
}

impl Node {
    pub(crate) fn file(content: impl Into<Bytes>) -> Self {
        Self::File {
            mode: 0o644,
            content: content.into(),
        }
    }
}

/// One layer of an image: its compressed bytes and the two digests it is known by.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) digest: Digest,
    /// Digest of the uncompressed archive.
    pub(crate) diff_id: Digest,
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

/// An image before or after it is in a store.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// The image configuration without `rootfs`, which follows from the layers.
    pub(crate) config: Value,
    pub(crate) layers: Vec<Layer>,
}

/// Packs files into a layer: sorted, with fixed times and owners, so that equal trees give equal bytes.
pub(crate) fn pack(tree: &Tree) -> io::Result<Layer> {
    let archive = archive(tree)?;
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::default());
    gzip.write_all(&archive)?;
    let bytes = Bytes::from(gzip.finish()?);
    Ok(Layer {
        digest: Digest::of(&bytes),
        diff_id: Digest::of(&archive),
        media_type: DOCKER_LAYER.to_owned(),
        bytes,
    })
}

fn archive(tree: &Tree) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, node) in tree {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        match node {
            Node::File { mode, content } => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_mode(*mode);
                header.set_size(content.len() as u64);
                tar.append_data(&mut header, path, content.as_ref())?;
            }
            Node::Directory { mode } => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(*mode);
                header.set_size(0);
                tar.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            Node::Link { target } => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_mode(0o777);
                header.set_size(0);
                tar.append_link(&mut header, path, target)?;
            }
        }
    }
    tar.into_inner()
}

/// Calls `visit` for each entry of a layer, in archive order. Gzip is recognised by its first bytes.
///
/// # Errors
/// A broken archive, an unknown compression, or more than `MAX_UNPACKED` bytes.
pub(crate) fn unpack(bytes: &[u8], visit: &mut dyn FnMut(String, Node)) -> io::Result<()> {
    let reader: Box<dyn Read + '_> = match bytes {
        [0x1f, 0x8b, ..] => Box::new(GzDecoder::new(bytes)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            return Err(io::Error::other(
                "zstd layers are not modelled; push gzip layers",
            ));
        }
        _ => Box::new(bytes),
    };
    let mut tar = tar::Archive::new(reader.take(MAX_UNPACKED));
    for entry in tar.entries()? {
        let mut entry = entry?;
        let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = clean_path(&raw)
            .ok_or_else(|| io::Error::other(format!("the path {raw:?} leaves the archive")))?;
        if path.is_empty() {
            continue;
        }
        if let Some(node) = read_node(&mut entry)? {
            visit(path, node);
        }
    }
    Ok(())
}

fn read_node(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<Option<Node>> {
    use tar::EntryType as E;
    let mode = entry.header().mode().unwrap_or(0o644) & 0o7777;
    let target = entry
        .link_name_bytes()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(match (entry.header().entry_type(), target) {
        (E::Directory, _) => Some(Node::Directory { mode }),
        (E::Regular | E::Continuous | E::GNUSparse, _) => {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            Some(Node::File {
                mode,
                content: content.into(),
            })
        }
        (E::Symlink, Some(target)) => Some(Node::Link { target }),
        // A hard link names a path from the root of the archive.
        (E::Link, Some(target)) => Some(Node::Link {
            target: format!("/{}", target.trim_start_matches('/')),
        }),
        _ => None,
    })
}

/// Removes `.` and empty components; a path with `..` has no clean form.
pub(crate) fn clean_path(raw: &str) -> Option<String> {
    let parts: Vec<&str> = raw
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

/// Lays one entry of a layer over the layers below it, whiteouts included.
pub(crate) fn overlay(tree: &mut Tree, path: String, node: Node) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let below = |name: &str| {
        if folder.is_empty() {
            name.to_owned()
        } else {
            format!("{folder}/{name}")
        }
    };
    if name == ".wh..wh..opq" {
        remove_below(tree, folder);
    } else if let Some(gone) = name.strip_prefix(".wh.") {
        let gone = below(gone);
        remove_below(tree, &gone);
        tree.remove(&gone);
    } else {
        if !matches!(node, Node::Directory { .. }) {
            remove_below(tree, &path);
        }
        tree.insert(path, node);
    }
}

fn remove_below(tree: &mut Tree, folder: &str) {
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let below = tree.range(prefix.clone()..).map(|(path, _)| path);
    let gone: Vec<String> = below
        .take_while(|path| path.starts_with(&prefix))
        .cloned()
        .collect();
    for path in gone {
        tree.remove(&path);
    }
}

impl Image {
    /// The merged file system of all layers.
    pub(crate) fn tree(&self) -> io::Result<Tree> {
        let mut tree = Tree::new();
        for layer in &self.layers {
            unpack(&layer.bytes, &mut |path, node| {
                overlay(&mut tree, path, node)
            })?;
        }
        Ok(tree)
    }

    /// The configuration file with the layers' diff ids.
    pub(crate) fn config_bytes(&self) -> Vec<u8> {
        let diff_ids: Vec<&str> = self
            .layers
            .iter()
            .map(|layer| layer.diff_id.as_str())
            .collect();
        let mut config = self.config.clone();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        config.to_string().into_bytes()
    }

    /// The Docker v2 manifest over `config`.
    pub(crate) fn manifest_bytes(&self, config: &[u8]) -> Vec<u8> {
        let layer = |layer: &Layer| json!({ "mediaType": layer.media_type, "size": layer.bytes.len(), "digest": layer.digest.as_str() });
        json!({
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": { "mediaType": DOCKER_CONFIG, "size": config.len(), "digest": Digest::of(config).as_str() },
            "layers": self.layers.iter().map(layer).collect::<Vec<_>>(),
        })
        .to_string()
        .into_bytes()
    }

    /// The id that `docker images` shows: the digest of the configuration.
    pub(crate) fn id(&self) -> Digest {
        Digest::of(&self.config_bytes())
    }

    /// Stores layers, configuration and manifest under a tag.
    ///
    /// # Errors
    /// Whatever the store refuses: a bad repository or tag name, or a disk that fails.
    pub(crate) fn push(
        &self,
        store: &OciStore,
        repository: &str,
        tag: &str,
    ) -> Result<Digest, StoreError> {
        for layer in &self.layers {
            store.put_blob(repository, &layer.bytes)?;
        }
        let config = self.config_bytes();
        store.put_blob(repository, &config)?;
        store.put_manifest(
            repository,
            tag,
            DOCKER_MANIFEST,
            &self.manifest_bytes(&config),
        )
    }

    /// Reads an image out of a store.
    ///
    /// # Errors
    /// The store's error, or a manifest that is not a Linux image (an artifact, another platform).
    pub(crate) fn pull(
        store: &OciStore,
        repository: &str,
        reference: &str,
    ) -> Result<Self, StoreError> {
        let manifest = store.manifest(repository, reference)?;
        let invalid =
            |what: &str| StoreError::ManifestInvalid(format!("{reference} of {repository} {what}"));
        let body: Value =
            serde_json::from_slice(&manifest.bytes).map_err(|_| invalid("is not JSON"))?;
        if let Some(child) = linux_child(&body) {
            return Self::pull(store, repository, child);
        }
        let digest = |descriptor: &Value| {
            descriptor["digest"]
                .as_str()
                .and_then(Digest::parse)
                .ok_or_else(|| invalid("is not an image manifest"))
        };
        let config = store.read_blob(repository, &digest(&body["config"])?)?;
        let config: Value = serde_json::from_slice(&config)
            .map_err(|_| invalid("has a config that is not JSON"))?;
        if !config.is_object() {
            return Err(invalid("has a config that is not an image configuration"));
        }
        let diff_ids: Vec<Digest> = config["rootfs"]["diff_ids"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|id| Digest::parse(id.as_str()?))
            .collect();
        let descriptors = body["layers"]
            .as_array()
            .ok_or_else(|| invalid("is not an image manifest"))?;
        if diff_ids.len() != descriptors.len() {
            return Err(invalid("has a config that does not list its layers"));
        }
        let layer = |(descriptor, diff_id): (&Value, Digest)| {
            let digest = digest(descriptor)?;
            let bytes = store.read_blob(repository, &digest)?.into();
            let media_type = descriptor["mediaType"]
                .as_str()
                .unwrap_or(DOCKER_LAYER)
                .to_owned();
            Ok(Layer {
                digest,
                diff_id,
                media_type,
                bytes,
            })
        };
        let layers = descriptors
            .iter()
            .zip(diff_ids)
            .map(layer)
            .collect::<Result<_, StoreError>>()?;
        Ok(Self { config, layers })
    }
}

/// The image for Linux on x86-64 in an index of several platforms.
fn linux_child(index: &Value) -> Option<&str> {
    let mut children = index["manifests"].as_array()?.iter();
    let fits = |platform: &Value| platform["os"] == "linux" && platform["architecture"] == "amd64";
    children.find(|child| fits(&child["platform"]))?["digest"].as_str()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Node::file((*text).to_owned())))
            .collect()
    }

    #[test]
    fn equal_trees_give_equal_layers_whatever_the_order() {
        let one = pack(&tree(&[("b", "2"), ("a", "1")])).expect("packs");
        let two = pack(&tree(&[("a", "1"), ("b", "2")])).expect("packs");
        let other = pack(&tree(&[("a", "1"), ("b", "3")])).expect("packs");
        assert_eq!((&one.digest, &one.diff_id), (&two.digest, &two.diff_id));
        assert_ne!(one.digest, other.digest);
    }

    #[test]
    fn later_layers_win_and_whiteouts_hide() {
        let below = tree(&[
            ("html/index.html", "old"),
            ("html/gone.html", "x"),
            ("opaque/a", "x"),
            ("keep", "k"),
        ]);
        let above = tree(&[
            ("html/index.html", "new"),
            ("html/.wh.gone.html", ""),
            ("opaque/.wh..wh..opq", ""),
            ("opaque/b", "y"),
        ]);
        let layers = vec![pack(&below).expect("packs"), pack(&above).expect("packs")];
        let image = Image {
            config: json!({}),
            layers,
        };
        let expect = tree(&[("html/index.html", "new"), ("opaque/b", "y"), ("keep", "k")]);
        assert_eq!(image.tree().expect("unpacks"), expect);
    }

    #[test]
    fn an_image_survives_the_store() {
        let folder = tempfile::tempdir().expect("folder");
        let store = OciStore::at(folder.path(), Arc::default());
        let layers = vec![pack(&tree(&[("a", "1")])).expect("packs")];
        let image = Image {
            config: json!({ "architecture": "amd64" }),
            layers,
        };
        let digest = image.push(&store, "site", "v1").expect("pushes");
        let back = Image::pull(&store, "site", digest.as_str()).expect("pulls");
        assert_eq!(back.tree().expect("tree"), image.tree().expect("tree"));
        assert_eq!(back.id(), image.id());
    }

    #[test]
    fn an_archive_cannot_leave_its_root() {
        assert_eq!(clean_path("./a//b/."), Some("a/b".into()));
        for bad in ["../a", "a/../../b", ".."] {
            assert_eq!(clean_path(bad), None, "{bad}");
        }
    }
}
