//! Which project and stack a command is about, and where their files are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::CliError;
use crate::screen::Surroundings;

/// What is known about the user's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramInfo {
    /// The project's name; part of every urn.
    pub name: String,
}

impl ProgramInfo {
    /// The package's name when cargo runs the program (`CARGO_PKG_NAME`), else
    /// the name of its executable.
    pub fn of_process() -> Self {
        let package = std::env::var("CARGO_PKG_NAME")
            .ok()
            .filter(|name| !name.is_empty());
        let stem = || {
            let file = std::env::current_exe().ok()?;
            Some(file.file_stem()?.to_string_lossy().into_owned())
        };
        Self {
            name: package
                .or_else(stem)
                .unwrap_or_else(|| "program".to_owned()),
        }
    }
}

/// The project and stack of this command.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) stack: String,
    /// The project's folder: config files are here, the program's relative paths start here.
    pub(crate) folder: PathBuf,
    /// State of all stacks, and the emulator's world.
    pub(crate) state_dir: PathBuf,
    /// How the user starts the program, for messages: `cargo run --`.
    pub(crate) invocation: String,
}

impl Project {
    pub(crate) fn resolve(
        program: &ProgramInfo,
        surroundings: &Surroundings,
        stack: Option<String>,
        state_dir: Option<PathBuf>,
    ) -> Result<Self, CliError> {
        let env = &surroundings.env;
        let stack = stack
            .or_else(|| variable(env, "LAZULI_STACK"))
            .unwrap_or_else(|| "dev".to_owned());
        check_file_name("stack", &stack).map_err(|error| {
            error.help("name it with --stack NAME or LAZULI_STACK, for example --stack dev")
        })?;
        check_file_name("project", &program.name).map_err(|error| {
            error.help("the project is named after the package; rename that or the executable")
        })?;
        let folder = variable(env, "CARGO_MANIFEST_DIR")
            .map_or_else(|| surroundings.current_dir.clone(), PathBuf::from);
        let state_dir = match state_dir {
            Some(folder) => surroundings.current_dir.join(folder),
            None => folder.join(".lazuli"),
        };
        let invocation = invocation(surroundings);
        Ok(Self {
            name: program.name.clone(),
            stack,
            folder,
            state_dir,
            invocation,
        })
    }

    /// The stack's config file.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.folder.join(format!("lazuli.{}.toml", self.stack))
    }

    /// What protects secrets in config files where nothing else does.
    pub(crate) fn config_key_file(&self) -> PathBuf {
        self.state_dir.join(&self.name).join("config.key")
    }

    /// Where the emulator keeps its world.
    pub(crate) fn emulator_dir(&self) -> PathBuf {
        self.state_dir.join("emulator")
    }
}

/// An environment variable that is set and not empty.
pub(crate) fn variable(env: &BTreeMap<String, String>, name: &str) -> Option<String> {
    env.get(name).filter(|value| !value.is_empty()).cloned()
}

/// How the user starts the program.
pub(crate) fn invocation(surroundings: &Surroundings) -> String {
    if surroundings.env.contains_key("CARGO_MANIFEST_DIR") {
        let package = variable(&surroundings.env, "CARGO_PKG_NAME");
        return package.map_or_else(
            || "cargo run --".to_owned(),
            |package| format!("cargo run -p {package} --"),
        );
    }
    let program = surroundings.args.first().map(Path::new);
    let name = program
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "program".to_owned())
}

/// Names of stacks and projects become folders and parts of urns.
fn check_file_name(what: &str, name: &str) -> Result<(), CliError> {
    let first = name
        .chars()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric());
    let rest = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
    if first && rest && name.len() <= 100 {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "{name:?} cannot be the name of a {what}: use up to 100 letters, digits, `-`, `_` and `.`, the first one a \
         letter or digit"
    )))
}

/// Who runs, for the lock: `user@host`.
pub(crate) fn actor(env: &BTreeMap<String, String>) -> String {
    let first = |names: [&str; 2]| names.iter().find_map(|name| variable(env, name));
    let host_file = || {
        std::fs::read_to_string("/etc/hostname")
            .ok()
            .map(|text| text.trim().to_owned())
    };
    let user = first(["USER", "USERNAME"]).unwrap_or_else(|| "somebody".to_owned());
    let host = first(["HOSTNAME", "COMPUTERNAME"])
        .or_else(host_file)
        .filter(|host| !host.is_empty());
    match host {
        Some(host) => format!("{user}@{host}"),
        None => user,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_the_folder_are_refused() {
        for bad in ["", "..", ".hidden", "a/b", "a\\b", "a b", "ä", "a::b", "-x"] {
            let error = check_file_name("stack", bad);
            assert!(
                error.as_ref().is_err_and(|error| error.exit().code() == 2),
                "{bad:?}: {error:?}"
            );
        }
        for good in ["dev", "prod-eu.2", "7"] {
            assert_eq!(check_file_name("stack", good), Ok(()));
        }
    }
}
