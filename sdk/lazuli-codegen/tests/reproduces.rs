//! The committed files are what `cargo gen` writes.

use std::path::Path;

#[test]
fn generated_files_are_reproduced_byte_for_byte() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outdated = lazuli_codegen::outdated(root).unwrap();
    assert!(outdated.is_empty(), "run `cargo gen`: {outdated:?} differ");
}

#[test]
fn no_file_is_left_over() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = lazuli_codegen::generate(root).unwrap();
    for entry in std::fs::read_dir(lazuli_codegen::target_folder(root)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            files.iter().any(|file| file.name == name),
            "{name} is not generated"
        );
    }
}
