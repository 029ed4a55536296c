//! A ZIP archive of a few texts, stored without compression: what the scm host answers to `/api/dump`.
//!
//! Written by hand because it is sixty lines; the format is PKWARE's APPNOTE, without its extensions.

use flate2::Crc;

/// Packs files; names are relative paths.
pub(crate) fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let offset = length(out.len());
        let entry = entry(name, content);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&entry);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(content);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&entry);
        // Comment length, disk, internal and external attributes, then where the file begins.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let start = length(out.len());
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    out.extend_from_slice(&count);
    out.extend_from_slice(&count);
    out.extend_from_slice(&length(directory.len()).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

/// What a local header and a directory entry have in common: version to extra length.
fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(content);
    let size = length(content.len()).to_le_bytes();
    let mut entry = vec![0x14, 0, 0, 0x08, 0, 0];
    // 1 January 1980, midnight: the lines of the log carry their own times.
    entry.extend_from_slice(&[0, 0, 0x21, 0]);
    entry.extend_from_slice(&crc.sum().to_le_bytes());
    entry.extend_from_slice(&size);
    entry.extend_from_slice(&size);
    let name = u16::try_from(name.len()).unwrap_or(u16::MAX);
    entry.extend_from_slice(&name.to_le_bytes());
    entry.extend_from_slice(&[0, 0]);
    entry
}

/// Logs are far below the format's 4 GB.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_points_at_the_files() {
        let files = [
            ("a.log".to_owned(), b"one\n".to_vec()),
            ("d/b.log".to_owned(), Vec::new()),
        ];
        let packed = archive(&files);
        assert_eq!(&packed[..4], b"PK\x03\x04");
        let end = packed.len() - 22;
        assert_eq!(&packed[end..end + 4], b"PK\x05\x06");
        let number = |at: usize| {
            u32::from_le_bytes([packed[at], packed[at + 1], packed[at + 2], packed[at + 3]])
        };
        let start = usize::try_from(number(end + 16)).expect("fits");
        assert_eq!(
            start + usize::try_from(number(end + 12)).expect("fits"),
            end
        );
        assert_eq!(&packed[start..start + 4], b"PK\x01\x02");
        // The CRC-32 of "one\n".
        assert_eq!(number(start + 16), 0xf817_a89f);
        assert_eq!(&packed[start + 46..start + 51], b"a.log");
        let second = usize::try_from(number(start + 46 + 5 + 42)).expect("fits");
        assert_eq!(&packed[second..second + 4], b"PK\x03\x04");
    }
}
