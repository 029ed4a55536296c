//! Which project and stack a command is about, and where their files are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::CliError;
use crate::backend;
use crate::screen::Surroundings;

/// The folder for local state, in the project's folder.
const STATE_DIR: &str = ".lazuli";

/// What is known about the user's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramInfo {
    /// The project's name; part of every urn.
    pub name: String,
}

impl ProgramInfo {
    /// A program whose topology has this type. The crate in the type's name is that of
    /// the program at compile time, whatever its file is called by now; the package
    /// that cargo runs, or the file, say how it is spelt.
    pub fn of_program<F>() -> Self {
        let package = std::env::var("CARGO_PKG_NAME").ok();
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let file = std::env::current_exe().ok();
        let found = Found {
            krate: crate_of(std::any::type_name::<F>()),
            package: package.filter(|name| !name.is_empty()),
            manifest: manifest
                .and_then(|folder| std::fs::read_to_string(folder.join(MANIFEST)).ok()),
            file: file.and_then(|file| Some(file.file_stem()?.to_string_lossy().into_owned())),
        };
        Self { name: found.name() }
    }
}

const MANIFEST: &str = "Cargo.toml";

/// What is known of a program's name.
#[derive(Debug, Clone, Default)]
struct Found {
    /// Its crate, when it was compiled.
    krate: Option<String>,
    /// The package that cargo runs. It may be another one that starts this program.
    package: Option<String>,
    /// That package's manifest.
    manifest: Option<String>,
    /// The executable's name without its ending.
    file: Option<String>,
}

impl Found {
    fn name(self) -> String {
        let package = self.package.filter(|package| match &self.krate {
            None => true,
            Some(krate) => {
                let has_it = format!("name = \"{}\"", dashed(krate));
                let manifest = self.manifest.as_deref().map(dashed);
                is_same(package, krate)
                    || self
                        .file
                        .as_ref()
                        .is_some_and(|file| is_same(package, file))
                    || manifest.is_some_and(|manifest| manifest.contains(&has_it))
            }
        });
        let file = self.file.filter(|file| match &self.krate {
            None => true,
            Some(krate) => is_same(file, krate),
        });
        package
            .or(file)
            .or_else(|| self.krate.as_deref().map(dashed))
            .unwrap_or_else(|| "program".to_owned())
    }
}

/// Crates are spelt with `_` where packages and files may have `-`.
fn dashed(text: &str) -> String {
    text.replace('_', "-")
}

fn is_same(one: &str, other: &str) -> bool {
    dashed(one) == dashed(other)
}

/// The crate in the name of a function's or closure's type.
fn crate_of(type_name: &str) -> Option<String> {
    let (krate, _) = type_name.split_once("::")?;
    let is_name = krate
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (is_name && !["alloc", "core", "std"].contains(&krate)).then(|| krate.to_owned())
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
        let folder = folder(&surroundings.current_dir, env, &program.name, &stack);
        let name = backend::project_name(&folder)?.unwrap_or_else(|| program.name.clone());
        check_file_name("project", &name).map_err(|error| {
            error.help(
                "name it in lazuli.toml: project = \"NAME\"; else it is named after the package",
            )
        })?;
        let state_dir = match state_dir {
            Some(folder) => surroundings.current_dir.join(folder),
            None => folder.join(STATE_DIR),
        };
        let invocation = invocation(surroundings);
        Ok(Self {
            name,
            stack,
            folder,
            state_dir,
            invocation,
        })
    }

    /// Another project in the state folder that has this stack while this one has not:
    /// the program may have had that name.
    pub(crate) fn other_project(&self, stack: &str) -> Option<String> {
        let has_state = |project: &Path| {
            let folder = project.join(stack);
            folder.join("state.json").exists() || folder.join("journal-0.log").exists()
        };
        if has_state(&self.state_dir.join(&self.name)) {
            return None;
        }
        let entries = std::fs::read_dir(&self.state_dir).ok()?;
        let mut others: Vec<_> = entries
            .flatten()
            .filter(|entry| has_state(&entry.path()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        others.sort();
        others.into_iter().next()
    }

    /// The stack's config file.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.folder.join(format!("lazuli.{}.toml", self.stack))
    }

    /// What protects secrets in config files where nothing else does.
    pub(crate) fn config_key_file(&self) -> PathBuf {
        self.state_dir.join(&self.name).join("config.key")
    }

    /// What whoever changes the stack's config file locks.
    pub(crate) fn config_lock_file(&self) -> PathBuf {
        let name = format!("config-{}.lock", self.stack);
        self.state_dir.join(&self.name).join(name)
    }

    /// Keeps the state folder out of version control, as build folders do: it holds
    /// states and keys. A file that is there already is the user's.
    pub(crate) fn ignore_state_dir(&self) {
        let file = self.state_dir.join(".gitignore");
        let kept_by_default = self
            .state_dir
            .file_name()
            .is_some_and(|name| name == STATE_DIR);
        if !kept_by_default || !self.state_dir.is_dir() || file.exists() {
            return;
        }
        if let Err(cause) = std::fs::write(&file, "*\n") {
            tracing::warn!(%cause, file = %file.display(), "the state folder is not kept out of version control");
        }
    }

    /// Makes the state folder, kept out of version control from the start.
    pub(crate) fn make_state_dir(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.state_dir)?;
        self.ignore_state_dir();
        Ok(())
    }

    /// Where the emulator keeps its world.
    pub(crate) fn emulator_dir(&self) -> PathBuf {
        self.state_dir.join("emulator")
    }
}

/// The project's folder: the package's, when cargo runs it; else the nearest one, from
/// the current folder upwards, that has something of the project.
fn folder(current: &Path, env: &BTreeMap<String, String>, project: &str, stack: &str) -> PathBuf {
    let package = variable(env, "CARGO_PKG_NAME");
    let of_package = |folder: &PathBuf| {
        package
            .as_deref()
            .is_none_or(|package| is_same(package, project))
            || current.starts_with(folder)
    };
    let manifest = variable(env, "CARGO_MANIFEST_DIR").map(PathBuf::from);
    if let Some(folder) = manifest.filter(of_package) {
        return folder;
    }
    let config = format!("lazuli.{stack}.toml");
    let has_own = |folder: &&Path| {
        [backend::FILE, &config, STATE_DIR]
            .iter()
            .any(|name| folder.join(name).exists())
    };
    let is_package = |folder: &&Path| {
        let manifest = std::fs::read_to_string(folder.join(MANIFEST)).unwrap_or_default();
        let name = format!("name = \"{}\"", dashed(project));
        dashed(&manifest).contains(&name)
    };
    let found = current.ancestors().find(has_own);
    let found = found.or_else(|| current.ancestors().find(is_package));
    found.unwrap_or(current).to_owned()
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

    #[test]
    fn a_program_keeps_its_name_whatever_its_file_and_whoever_starts_it() {
        let named = |krate: &str, package: &str, file: &str| {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let manifest = "[package]\nname = \"team\"\n[[bin]]\nname = \"shop_eu\"\n";
            let found = Found {
                krate: given(krate),
                package: given(package),
                manifest: (package == "team").then(|| manifest.to_owned()),
                file: given(file),
            };
            found.name()
        };
        assert_eq!(named("shop_eu", "shop-eu", "shop-eu"), "shop-eu");
        assert_eq!(named("shop_eu", "", "shop-eu"), "shop-eu");
        assert_eq!(named("shop_eu", "", "shop_eu"), "shop_eu");
        // An artifact with another name; a task of another package.
        assert_eq!(named("shop_eu", "", "deploy-linux-x64"), "shop-eu");
        assert_eq!(named("shop_eu", "xtask", "shop-eu"), "shop-eu");
        // A package with several programs, and one whose topology is in a library.
        assert_eq!(named("shop_eu", "team", "shop_eu"), "team");
        assert_eq!(named("topologies", "shop", "shop"), "shop");
        assert_eq!(named("", "shop", "x"), "shop");
        assert_eq!(named("", "", "x"), "x");
        assert_eq!(named("", "", ""), "program");

        assert_eq!(
            crate_of("shop_eu::main::{{closure}}").as_deref(),
            Some("shop_eu")
        );
        for other in ["alloc::boxed::Box<dyn shop::X>", "fn(a::B) -> c::D", "x"] {
            assert_eq!(crate_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_projects_folder_is_found_from_any_folder_in_it() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path();
        let inner = top.join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let env = |vars: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = vars
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            owned.collect()
        };
        let found = |env: &BTreeMap<String, String>| folder(&inner, env, "shop", "dev");
        assert_eq!(found(&env(&[])), inner);
        std::fs::write(top.join("Cargo.toml"), "[package]\nname = \"shop\"\n").unwrap();
        assert_eq!(found(&env(&[])), top);
        std::fs::create_dir(top.join("a/.lazuli")).unwrap();
        assert_eq!(found(&env(&[])), top.join("a"));
        std::fs::write(inner.join("lazuli.dev.toml"), "").unwrap();
        assert_eq!(found(&env(&[])), inner);
        let cargo = |package| {
            [
                ("CARGO_MANIFEST_DIR", "/elsewhere"),
                ("CARGO_PKG_NAME", package),
            ]
        };
        assert_eq!(found(&env(&cargo("shop"))), Path::new("/elsewhere"));
        assert_eq!(found(&env(&cargo("xtask"))), inner);
    }
}
