//! The folder that an image is built from: which files belong to it, and the
//! digest that says whether it changed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ring::digest::{Context as Digest, SHA256};

use super::ignore::Ignore;

/// Why a build context cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The folder cannot be read.
    #[error(
        "the build context `{declared}` cannot be read: {} ({source}); create the folder, or correct \
         the path, which is relative to {}",
        path.display(),
        base.display()
    )]
    Folder {
        /// As the program names it.
        declared: String,
        /// What was tried.
        path: PathBuf,
        /// What the path is relative to.
        base: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in the folder cannot be read.
    #[error("{} cannot be read ({source}); correct its permissions, or name it in .dockerignore", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no Dockerfile.
    #[error(
        "the build context `{declared}` has no `{dockerfile}`; create {}, or name another with `.dockerfile(..)`",
        path.display()
    )]
    NoDockerfile {
        /// The context as the program names it.
        declared: String,
        /// The Dockerfile as the program names it.
        dockerfile: String,
        /// What was tried.
        path: PathBuf,
    },
    /// A link to a folder.
    #[error("{} links to a folder, which a build context cannot hold; put the files there, or name it in .dockerignore", path.display())]
    LinkedFolder {
        /// The link.
        path: PathBuf,
    },
}

/// The files that are sent to a build, sorted by their path in the context.
#[derive(Debug, Clone)]
pub struct BuildContext {
    files: Vec<(String, PathBuf)>,
}

impl BuildContext {
    /// Lists the files of `declared`, a folder relative to `base`, without those
    /// that its `.dockerignore` names. The Dockerfile is never left out.
    ///
    /// # Errors
    /// The folder cannot be read, or has no Dockerfile.
    pub fn read(base: &Path, declared: &str, dockerfile: &str) -> Result<Self, ContextError> {
        let folder = base.join(declared);
        let unreadable = |source| ContextError::Folder {
            declared: declared.to_owned(),
            path: folder.clone(),
            base: base.to_owned(),
            source,
        };
        fs::read_dir(&folder).map_err(unreadable)?;
        let ignore = Ignore::of(&folder)?;
        let mut files = Vec::new();
        list(
            &folder,
            "",
            &mut |path| path == dockerfile || !ignore.ignores(path),
            &mut files,
        )?;
        files.sort();
        if !files.iter().any(|(path, _)| path == dockerfile) {
            return Err(ContextError::NoDockerfile {
                declared: declared.to_owned(),
                dockerfile: dockerfile.to_owned(),
                path: folder.join(dockerfile),
            });
        }
        Ok(Self { files })
    }

    /// Paths in the context, with `/`, and where the files are.
    pub fn files(&self) -> &[(String, PathBuf)] {
        &self.files
    }

    /// SHA-256 over paths and contents, in hexadecimal. Modes and times take no
    /// part, so that two checkouts of the same commit agree.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn digest(&self) -> Result<String, ContextError> {
        let mut digest = Digest::new(&SHA256);
        for (name, path) in &self.files {
            let unreadable = |source| ContextError::File {
                path: path.clone(),
                source,
            };
            let size = fs::metadata(path).map_err(unreadable)?.len();
            // Lengths go first, so that no two lists of files make one stream of bytes.
            digest.update(&(name.len() as u64).to_be_bytes());
            digest.update(name.as_bytes());
            digest.update(&size.to_be_bytes());
            feed(&mut digest, path).map_err(unreadable)?;
        }
        let bytes = digest.finish();
        Ok(bytes
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }
}

fn feed(digest: &mut Digest, path: &Path) -> io::Result<()> {
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            read => digest.update(&buffer[..read]),
        }
    }
}

fn list(
    folder: &Path,
    prefix: &str,
    wanted: &mut dyn FnMut(&str) -> bool,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), ContextError> {
    let unreadable = |source| ContextError::File {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = format!("{prefix}{}", name.to_string_lossy());
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            // A folder that is ignored may hold files that are wanted again.
            list(&path, &format!("{name}/"), wanted, files)?;
        } else if wanted(&name) {
            if kind.is_symlink() && path.is_dir() {
                return Err(ContextError::LinkedFolder { path });
            }
            files.push((name, path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn digest(files: &[(&str, &str)]) -> String {
        let folder = folder(files);
        let context = BuildContext::read(folder.path(), ".", "Dockerfile").unwrap();
        context.digest().unwrap()
    }

    #[test]
    fn the_digest_follows_paths_and_contents_and_nothing_else() {
        let base = digest(&[("Dockerfile", "FROM nginx"), ("a/b", "1")]);
        assert_eq!(base, digest(&[("a/b", "1"), ("Dockerfile", "FROM nginx")]));
        assert_eq!(base.len(), 64);
        for other in [
            digest(&[("Dockerfile", "FROM nginx"), ("a/b", "2")]),
            digest(&[("Dockerfile", "FROM nginx"), ("a/c", "1")]),
            digest(&[("Dockerfile", "FROM nginx"), ("a/b", "1"), ("c", "")]),
            digest(&[("Dockerfile", "FROM nginxa/b1")]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn ignored_files_take_no_part_but_the_dockerfile_does() {
        let ignore = (
            ".dockerignore",
            "*.log\nDockerfile\n.dockerignore\nout\n!out/keep\n",
        );
        let folder = folder(&[
            ignore,
            ("Dockerfile", "FROM nginx"),
            ("x.log", "1"),
            ("out/drop", "1"),
            ("out/keep", "1"),
        ]);
        let context = BuildContext::read(folder.path(), ".", "Dockerfile").unwrap();
        let names: Vec<_> = context
            .files()
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["Dockerfile", "out/keep"]);
    }

    #[test]
    fn what_is_missing_is_named_with_the_path_that_was_tried() {
        let folder = folder(&[("source/index.html", "")]);
        let missing = BuildContext::read(folder.path(), "sauce", "Dockerfile").unwrap_err();
        let text = missing.to_string();
        let tried = folder.path().join("sauce").display().to_string();
        assert!(text.contains("`sauce`") && text.contains(&tried), "{text}");
        let no_file = BuildContext::read(folder.path(), "source", "Dockerfile").unwrap_err();
        assert!(
            matches!(no_file, ContextError::NoDockerfile { .. }),
            "{no_file}"
        );
    }
}
