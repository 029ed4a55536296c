//! Files that are there as a whole or not at all: written beside their place,
//! synced, then moved there. A full disk or a kill leaves what was there before.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As the system has it for new files.
    Usual,
    /// Its owner only.
    Owner,
}

/// Writes a file in the place of the one that is there, if one is.
///
/// # Errors
/// The system's; what was there is there then.
pub fn replace(file: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let temporary = Temporary::write(file, bytes, access)?;
    fs::rename(&temporary.0, file)?;
    sync_folder(file);
    Ok(())
}

/// Writes a file where none is.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when one is there, which stays; else the system's.
pub fn create(file: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let temporary = Temporary::write(file, bytes, access)?;
    match fs::hard_link(&temporary.0, file) {
        Ok(()) => {}
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => return Err(cause),
        // Not every file system has links.
        Err(_) if file.exists() => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(&temporary.0, file)?,
    }
    sync_folder(file);
    Ok(())
}

/// A file with a name of its own beside its place; it goes when this is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn write(file: &Path, bytes: &[u8], access: Access) -> io::Result<Self> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if access == Access::Owner {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = access;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        // Seeded by the system anew for each: processes in containers share their number.
        let random = std::hash::RandomState::new().build_hasher().finish();
        let temporary = Self(file.with_file_name(format!(".{name}.{random:016x}.tmp")));
        let mut handle = options.open(&temporary.0)?;
        handle.write_all(bytes)?;
        handle.sync_all()?;
        Ok(temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It was moved, or the next write reports why it is still there.
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes what killed writers of this file left beside it; for a caller that holds
/// a lock which every writer takes.
pub fn remove_leftovers(file: &Path) {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return;
    };
    let prefix = format!(".{}.", name.to_string_lossy());
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let found = found.to_string_lossy();
        let random = found.strip_prefix(&prefix);
        let random = random.and_then(|rest| rest.strip_suffix(".tmp"));
        if random.is_some_and(|random| random.len() == 16) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes a new name durable. Not every file system lets a folder be synced.
pub(crate) fn sync_folder(file: &Path) {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    if let Ok(handle) = File::open(folder.unwrap_or(Path::new("."))) {
        let _ = handle.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_replaced_as_a_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inner/key");
        create(&file, b"first", Access::Owner).unwrap();
        let second = create(&file, b"second", Access::Owner).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).unwrap(), b"first");
        replace(&file, b"third", Access::Usual).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"third");
        fs::write(folder.path().join("inner/.key.0123456789abcdef.tmp"), "").unwrap();
        fs::write(folder.path().join("inner/.key.tmp"), "").unwrap();
        remove_leftovers(&file);
        let names = fs::read_dir(folder.path().join("inner")).unwrap();
        assert_eq!(names.count(), 2, "the file, and what is not a leftover");
    }
}
