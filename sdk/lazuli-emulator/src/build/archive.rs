//! `ADD` of a local archive: Docker unpacks it, and knows it by its content, not by its name.

use super::image::{Node, Tree, unpack};

/// Where a tar header says that it is one.
const TAR_MARK: std::ops::Range<usize> = 257..262;

/// What is in an archive; `None` for content that is none, which is added as it is.
///
/// # Errors
/// An archive that is broken, or packed in a way that the emulator does not read.
pub(super) fn unpacked(content: &[u8]) -> Result<Option<Tree>, String> {
    let is_gzip = content.starts_with(&[0x1f, 0x8b]);
    if content.starts_with(b"BZh") || content.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        return Err(
            "ADD of an archive packed with bzip2 or xz is not modelled: pack it with gzip, or COPY its content"
                .into(),
        );
    }
    if !is_gzip && content.get(TAR_MARK) != Some(b"ustar") {
        return Ok(None);
    }
    let mut tree = Tree::new();
    let read = unpack(content, &mut |path, node: Node| {
        tree.insert(path, node);
    });
    match read {
        Ok(()) => Ok(Some(tree)),
        // A packed file need not be an archive.
        Err(_) if is_gzip && tree.is_empty() => Ok(None),
        Err(error) => Err(format!("ADD failed: the archive is broken: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::build::image::pack;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).expect("packs");
        gzip.finish().expect("packs")
    }

    #[test]
    fn content_tells_an_archive_from_a_file() {
        let tree = Tree::from([("a/b.txt".to_owned(), Node::file("b"))]);
        let archive = pack(&tree).expect("packs").bytes;
        let found = unpacked(&archive).expect("reads").expect("an archive");
        assert_eq!(found.get("a/b.txt"), Some(&Node::file("b")));
        for plain in [&b"text"[..], &gzip(b"a packed text, no archive")] {
            assert_eq!(unpacked(plain), Ok(None));
        }
        assert!(unpacked(b"BZh91AY").is_err());
        assert!(unpacked(&archive[..archive.len() - 12]).is_err());
    }
}
