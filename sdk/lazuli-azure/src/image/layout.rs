//! Images in a folder, as `docker buildx build --output type=oci,tar=false` and
//! other tools leave them (OCI image layout specification).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The tag that a layout's index may give to one of its images.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// How deep an index may hold another; no tool makes more than one.
const DEEPEST: usize = 4;

/// Why a layout cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file cannot be read.
    #[error("the image layout has no readable {} ({source}); name a folder with `index.json` and `blobs`, relative to the program's", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is not what the OCI image layout says: {reason}; make the layout anew", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The index names no image, or several.
    #[error("the image layout {} holds {count} images, and none is tagged `{tag}`; leave one in it, or tag the one that is meant", path.display())]
    NotOne {
        /// The folder.
        path: PathBuf,
        /// How many.
        count: usize,
        /// The tag that was looked for.
        tag: String,
    },
}

/// A reference by content.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

/// An index or a manifest, as far as it says what it needs.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    config: Option<Descriptor>,
}

/// One thing to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `sha256:...`.
    pub digest: String,
    /// Of manifests and indexes, their media type; blobs have none.
    pub manifest: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

/// The one image of a layout, in the order in which it can be pushed: what is
/// referred to comes before what refers to it, and the image itself last.
#[derive(Debug, Clone)]
pub struct Layout {
    parts: Vec<Part>,
}

impl Layout {
    /// Reads the layout `declared`, a folder relative to `base`.
    ///
    /// # Errors
    /// It is not a layout, or does not say which image is meant.
    pub fn read(base: &Path, declared: &str, tag: &str) -> Result<Self, LayoutError> {
        let folder = base.join(declared);
        let index: Document = parse(&folder.join("index.json"))?;
        let tagged = |one: &&Descriptor| one.annotations.get(REF_NAME).is_some_and(|it| it == tag);
        let found = match index.manifests.as_slice() {
            [one] => Some(one),
            many => many.iter().find(tagged),
        };
        let Some(image) = found else {
            return Err(LayoutError::NotOne {
                path: folder,
                count: index.manifests.len(),
                tag: tag.to_owned(),
            });
        };
        let mut parts = Vec::new();
        collect(&folder, image, &mut parts, DEEPEST)?;
        Ok(Self { parts })
    }

    /// Everything to push, the image itself last.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The digest of the image.
    pub fn digest(&self) -> &str {
        self.parts.last().map_or("", |part| part.digest.as_str())
    }
}

fn collect(
    folder: &Path,
    found: &Descriptor,
    parts: &mut Vec<Part>,
    depth: usize,
) -> Result<(), LayoutError> {
    let path = blob(folder, &found.digest)?;
    if depth == 0 {
        let reason = "indexes lie in each other too deep".to_owned();
        return Err(LayoutError::Malformed { path, reason });
    }
    let document: Document = parse(&path)?;
    for below in &document.manifests {
        collect(folder, below, parts, depth - 1)?;
    }
    for below in document.config.iter().chain(&document.layers) {
        let path = blob(folder, &below.digest)?;
        push(parts, below, None, path);
    }
    push(parts, found, Some(found.media_type.clone()), path);
    Ok(())
}

fn push(parts: &mut Vec<Part>, found: &Descriptor, manifest: Option<String>, path: PathBuf) {
    if !parts.iter().any(|part| part.digest == found.digest) {
        parts.push(Part {
            digest: found.digest.clone(),
            manifest,
            path,
        });
    }
}

/// `blobs/{algorithm}/{hex}`; a digest that would lead out of it is none.
fn blob(folder: &Path, digest: &str) -> Result<PathBuf, LayoutError> {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    match digest.split_once(':') {
        Some((algorithm, hex)) if word(algorithm) && word(hex) => {
            Ok(folder.join("blobs").join(algorithm).join(hex))
        }
        _ => Err(LayoutError::Malformed {
            path: folder.to_owned(),
            reason: format!("`{digest}` is no digest"),
        }),
    }
}

fn parse(path: &Path) -> Result<Document, LayoutError> {
    let text = fs::read(path).map_err(|source| LayoutError::File {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|cause| LayoutError::Malformed {
        path: path.to_owned(),
        reason: cause.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn layout(index: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "index.json", index);
        let manifest = r#"{"config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:l"}, {"digest": "sha256:l"}]}"#;
        write(folder.path(), "blobs/sha256/m", manifest);
        let many = r#"{"manifests": [{"mediaType": "image", "digest": "sha256:m"}]}"#;
        write(folder.path(), "blobs/sha256/i", many);
        folder
    }

    #[test]
    fn what_is_referred_to_is_pushed_first_and_once() {
        let folder = layout(r#"{"manifests": [{"mediaType": "index", "digest": "sha256:i"}]}"#);
        let read = Layout::read(folder.path(), ".", "v1").unwrap();
        let order: Vec<_> = read.parts().iter().map(|part| &part.digest[7..]).collect();
        assert_eq!(order, ["c", "l", "m", "i"]);
        assert_eq!(read.digest(), "sha256:i");
        let manifests: Vec<_> = read
            .parts()
            .iter()
            .map(|part| part.manifest.as_deref())
            .collect();
        assert_eq!(manifests, [None, None, Some("image"), Some("index")]);
    }

    #[test]
    fn of_several_images_the_tagged_one_is_meant() {
        let two = format!(
            r#"{{"manifests": [{{"digest": "sha256:i"}}, {{"digest": "sha256:m", "annotations": {{"{REF_NAME}": "v1"}}}}]}}"#
        );
        let folder = layout(&two);
        let read = Layout::read(folder.path(), ".", "v1").unwrap();
        assert_eq!(read.digest(), "sha256:m");
        let error = Layout::read(folder.path(), ".", "v2").unwrap_err();
        assert!(error.to_string().contains("2 images"), "{error}");
    }

    #[test]
    fn a_digest_never_leads_out_of_the_folder() {
        for digest in ["sha256:../../etc", "sha256", ":", "../x:y"] {
            let index = format!(r#"{{"manifests": [{{"digest": "{digest}"}}]}}"#);
            let folder = layout(&index);
            assert!(Layout::read(folder.path(), ".", "v1").is_err(), "{digest}");
        }
        let nothing = tempfile::tempdir().unwrap();
        assert!(Layout::read(nothing.path(), ".", "v1").is_err());
    }
}
