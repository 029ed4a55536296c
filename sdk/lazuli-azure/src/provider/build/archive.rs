//! The build context as `tar.gz`: the same files give the same bytes.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// The largest archive that is sent, in bytes. A larger one holds what no build needs.
const LARGEST: usize = 512 * 1024 * 1024;

/// Packs files, given by their path in the context and where they are. Times,
/// owners and order are fixed; of a mode only "executable" is kept.
pub(super) fn pack(files: &[(String, PathBuf)]) -> io::Result<Vec<u8>> {
    pack_within(files, LARGEST)
}

fn pack_within(files: &[(String, PathBuf)], limit: usize) -> io::Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).write(
        Bounded {
            bytes: Vec::new(),
            limit,
        },
        Compression::default(),
    );
    let mut tar = Builder::new(gzip);
    for (name, path) in files {
        append(&mut tar, name, path)
            .map_err(|cause| io::Error::new(cause.kind(), format!("{name}: {cause}")))?;
    }
    Ok(tar.into_inner()?.finish()?.bytes)
}

fn append<W: Write>(tar: &mut Builder<W>, name: &str, path: &Path) -> io::Result<()> {
    if path.is_symlink() {
        return append_link(tar, name, path);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(metadata.len());
    header.set_mode(if is_executable(&metadata) {
        0o755
    } else {
        0o644
    });
    header.set_mtime(0);
    tar.append_data(
        &mut header,
        name,
        ExactLength {
            file,
            left: metadata.len(),
        },
    )
}

/// A link goes as a link: what it leads to may lie outside of the context.
fn append_link<W: Write>(tar: &mut Builder<W>, name: &str, path: &Path) -> io::Result<()> {
    let target = std::fs::read_link(path)?;
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    header.set_mode(0o777);
    header.set_mtime(0);
    tar.append_link(&mut header, name, target)
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    // What has no such mark must still be able to hold scripts.
    true
}

/// A file that changes its length while it is read would tear the archive.
struct ExactLength {
    file: File,
    left: u64,
}

impl io::Read for ExactLength {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.file.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// Collects bytes up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            let message = format!(
                "the archive is larger than {} MiB",
                self.limit / 1024 / 1024
            );
            return Err(io::Error::other(message));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::*;

    fn files(folder: &Path) -> Vec<(String, PathBuf)> {
        fs::write(folder.join("Dockerfile"), "FROM nginx").unwrap();
        fs::write(folder.join("run.sh"), "echo").unwrap();
        let long = format!("{}/index.html", "deep".repeat(30));
        fs::create_dir_all(folder.join(&long).parent().unwrap()).unwrap();
        fs::write(folder.join(&long), "<p>").unwrap();
        ["Dockerfile", &long, "run.sh"]
            .map(|name| (name.to_owned(), folder.join(name)))
            .into()
    }

    #[test]
    fn the_same_files_give_the_same_bytes_whatever_their_times() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = pack(&files(one.path())).unwrap();
        let listed = files(two.path());
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(86_400);
        File::options()
            .write(true)
            .open(&listed[0].1)
            .unwrap()
            .set_modified(old)
            .unwrap();
        assert_eq!(first, pack(&listed).unwrap());
        fs::write(&listed[0].1, "FROM other").unwrap();
        assert_ne!(first, pack(&listed).unwrap());
    }

    #[test]
    fn the_archive_holds_the_files_under_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let listed = files(folder.path());
        let bytes = pack(&listed).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            found.push((entry.path().unwrap().display().to_string(), text));
        }
        let expected = listed
            .iter()
            .map(|(name, path)| (name.clone(), fs::read_to_string(path).unwrap()));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_sent_as_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("zero");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let bytes = pack(&[("zero".to_owned(), link)]).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.header().entry_type(), EntryType::Symlink);
        let target = entry.link_name().unwrap().unwrap();
        assert_eq!(target.to_str(), Some("/dev/zero"));
    }

    #[test]
    fn an_archive_without_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = pack_within(&files(folder.path()), 64).unwrap_err();
        assert!(error.to_string().contains("larger than"), "{error}");
    }
}
