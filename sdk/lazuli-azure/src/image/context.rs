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
    /// Something that is neither a file nor a folder nor a link.
    #[error("{} is {what}, which a build context cannot hold; remove it, or name it in .dockerignore", path.display())]
    Irregular {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The Dockerfile is a link that leads to no file of the context.
    #[error("the Dockerfile {} is a link that leads to no file of the build context; put the file there", path.display())]
    LinkedDockerfile {
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
    /// Lists the files and links of `declared`, a folder relative to `base`, without those
    /// that its `.dockerignore` names. The Dockerfile is never left out. Links are
    /// not followed: what they lead to may lie outside of the folder.
    ///
    /// # Errors
    /// The folder cannot be read, has no Dockerfile, or holds a pipe or a device.
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
        check_dockerfile(&folder, dockerfile)?;
        Ok(Self { files })
    }

    /// Paths in the context, with `/`, and where the files are.
    pub fn files(&self) -> &[(String, PathBuf)] {
        &self.files
    }

    /// SHA-256 over paths, contents and where links lead, in hexadecimal. Modes and
    /// times take no part, so that two checkouts of the same commit agree.
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
            let metadata = fs::symlink_metadata(path).map_err(unreadable)?;
            let size = metadata.len();
            // Lengths go first, so that no two lists of files make one stream of bytes.
            digest.update(&(name.len() as u64).to_be_bytes());
            digest.update(name.as_bytes());
            if metadata.is_symlink() {
                let target = fs::read_link(path).map_err(unreadable)?;
                let target = target.to_string_lossy();
                // No file is as large as that.
                digest.update(&u64::MAX.to_be_bytes());
                digest.update(&(target.len() as u64).to_be_bytes());
                digest.update(target.as_bytes());
                continue;
            }
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

/// Builders follow a link only inside of the context, and what is no file cannot be read.
fn check_dockerfile(folder: &Path, dockerfile: &str) -> Result<(), ContextError> {
    let path = folder.join(dockerfile);
    if !path.is_symlink() {
        return Ok(());
    }
    let (real, folder) = (fs::canonicalize(&path), fs::canonicalize(folder));
    match (real, folder) {
        (Ok(real), Ok(folder)) if real.starts_with(&folder) && real.is_file() => Ok(()),
        _ => Err(ContextError::LinkedDockerfile { path }),
    }
}

/// What reading would wait for or never end with.
pub(super) fn irregular(path: PathBuf, kind: fs::FileType) -> ContextError {
    ContextError::Irregular {
        path,
        what: what_it_is(kind),
    }
}

#[cfg(unix)]
fn what_it_is(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_dir() => "a folder",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn what_it_is(_: fs::FileType) -> &'static str {
    "not a file"
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
            if !kind.is_file() && !kind.is_symlink() {
                return Err(irregular(path, kind));
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

    #[cfg(unix)]
    #[test]
    fn links_are_taken_as_links_wherever_they_lead() {
        use std::os::unix::fs::symlink;
        let outside = folder(&[("secret", "1"), ("folder/x", "1")]);
        let inside = folder(&[("Dockerfile", "FROM nginx")]);
        let link = |name: &str, target: &Path| symlink(target, inside.path().join(name)).unwrap();
        link("file", &outside.path().join("secret"));
        link("folder", &outside.path().join("folder"));
        link("nothing", Path::new("nowhere"));
        link("self", Path::new("."));
        link("zero", Path::new("/dev/zero"));
        let digest = || {
            let context = BuildContext::read(inside.path(), ".", "Dockerfile").unwrap();
            assert_eq!(context.files().len(), 6);
            context.digest().unwrap()
        };
        let before = digest();
        fs::write(outside.path().join("secret"), "2").unwrap();
        assert_eq!(before, digest(), "what a link leads to takes no part");
        fs::remove_file(inside.path().join("nothing")).unwrap();
        link("nothing", Path::new("elsewhere"));
        assert_ne!(before, digest(), "where it leads does");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_named_and_never_read() {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;
        let refused = |inside: &Path| {
            let error = BuildContext::read(inside, ".", "Dockerfile").unwrap_err();
            error.to_string()
        };
        let with_socket = folder(&[("Dockerfile", "FROM nginx")]);
        let _socket = UnixListener::bind(with_socket.path().join("sock")).unwrap();
        let text = refused(with_socket.path());
        assert!(text.contains("/sock is a socket"), "{text}");
        fs::write(with_socket.path().join(".dockerignore"), "sock").unwrap();
        BuildContext::read(with_socket.path(), ".", "Dockerfile").unwrap();

        let endless = folder(&[]);
        symlink("/dev/zero", endless.path().join("Dockerfile")).unwrap();
        let text = refused(endless.path());
        assert!(text.contains("Dockerfile is a link"), "{text}");

        let ignore = folder(&[("Dockerfile", "FROM nginx")]);
        symlink("/dev/zero", ignore.path().join(".dockerignore")).unwrap();
        let text = refused(ignore.path());
        assert!(text.contains(".dockerignore is a device"), "{text}");
    }
}
