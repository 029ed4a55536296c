//! `cargo gen`: writes `lazuli-azure/src/generated`; `cargo gen --check` only says what is outdated.

use std::path::Path;
use std::process::ExitCode;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool"
)]
fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (result, verb) = match arguments.as_slice() {
        [] => (lazuli_codegen::write(root), "written"),
        [check] if check == "--check" => (lazuli_codegen::outdated(root), "outdated"),
        other => {
            eprintln!("unknown arguments {other:?}; usage: cargo gen [--check]");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(files) => {
            for file in &files {
                println!("{verb}: {file}");
            }
            ExitCode::from(u8::from(verb == "outdated" && !files.is_empty()))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
