//! The files of this repository, as rules see them.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file and its path from the top, with `/` on every system.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// The top of the repository.
pub(super) fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// All text files with one of these endings, sorted by path. What builds and runs leave behind
/// (`target`, `.lazuli`) is not among them.
pub(super) fn files(endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    collect(&top(), "", endings, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no {endings:?} below {:?}", top());
    found
}

/// One file that must be there.
pub(super) fn file(path: &str) -> File {
    let text = fs::read_to_string(top().join(path));
    File {
        path: path.to_owned(),
        text: text.unwrap_or_else(|cause| panic!("{path} cannot be read: {cause}")),
    }
}

fn collect(folder: &Path, prefix: &str, endings: &[&str], found: &mut Vec<File>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|cause| panic!("{folder:?}: {cause}"));
    for entry in entries.map_while(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !["target", ".git", ".lazuli"].contains(&name.as_str()) {
            collect(&entry.path(), &format!("{path}/"), endings, found);
        } else if !is_folder && endings.iter().any(|ending| name.ends_with(ending)) {
            // A file may go away while other tests run; what is gone breaks no rule.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                found.push(File { path, text });
            }
        }
    }
}
