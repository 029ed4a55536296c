//! The build context: the uploaded `tar.gz`, unpacked in memory.

use super::ignore::Ignore;
use super::image::{Node, Tree, unpack};

/// Reads an uploaded source archive and applies its `.dockerignore`.
///
/// # Errors
/// What is wrong with the archive, for the run's log.
pub(crate) fn read(archive: &[u8], dockerfile: &str) -> Result<Tree, String> {
    let mut tree = Tree::new();
    unpack(archive, &mut |path, node| {
        tree.insert(path, node);
    })
    .map_err(|e| format!("failed to unpack the source archive: {e}"))?;
    let ignore = text(&tree, ".dockerignore").map(|text| Ignore::parse(&text));
    ignore.unwrap_or_default().apply(&mut tree, dockerfile);
    Ok(tree)
}

/// The text of a file, when there is one.
pub(crate) fn text(tree: &Tree, path: &str) -> Option<String> {
    match tree.get(path)? {
        Node::File { content, .. } => Some(String::from_utf8_lossy(content).into_owned()),
        _ => None,
    }
}
