//! Formatting through the toolchain's own rustfmt, so that `cargo fmt` never
//! touches a generated file.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::GenError;

/// Formats a Rust file.
///
/// # Errors
/// rustfmt is missing, or the text does not parse.
pub fn rustfmt(text: &str) -> Result<String, GenError> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| GenError::Format(format!("cannot be started: {error}")))?;
    let mut stdin = child.stdin.take();
    let text = text.to_owned();
    // rustfmt reads all before it writes, but a full pipe must not depend on that.
    let feed = std::thread::spawn(move || {
        stdin
            .as_mut()
            .map_or(Ok(()), |pipe| pipe.write_all(text.as_bytes()))
    });
    let output = child
        .wait_with_output()
        .map_err(|error| GenError::Format(error.to_string()))?;
    let fed = feed.join().is_ok_and(|result| result.is_ok());
    if !output.status.success() || !fed {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(GenError::Format(said.trim().to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| GenError::Format(error.to_string()))
}
