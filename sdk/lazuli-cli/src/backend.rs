//! Where a stack's state is kept, and what protects its data key: flags first,
//! then the environment, then `lazuli.toml` in the project's folder.
//!
//! ```toml
//! project = "shop"
//! state = "azblob://account/container/prefix"
//! key = "passphrase"
//!
//! [stacks.prod]
//! key = "https://vault.vault.azure.net/keys/state"
//! ```

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use lazuli_engine::{Ask, KeyError, KeyFile, Keyring, Passphrase, Store};
use secrecy::SecretString;
use toml_edit::{DocumentMut, Item};

use crate::CliError;
use crate::commands::Session;
use crate::platform::{Cloud, ServiceRequest};
use crate::project::variable;
use crate::screen::Prompt;

/// The project's settings.
pub(crate) const FILE: &str = "lazuli.toml";
const SETTINGS: [&str; 4] = ["project", "state", "key", "stacks"];
const WAYS: &str = "write `passphrase`, `file:PATH`, or the address of a key in a vault \
                    (https://VAULT.vault.azure.net/keys/NAME)";

/// A passphrase that was told once is not asked for again.
pub(crate) type PassphraseCache = Arc<Mutex<Option<SecretString>>>;

/// What protects data keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Protection {
    Passphrase,
    File(PathBuf),
    Vault(String),
}

/// A setting with the folder that relative paths in it start at.
struct Setting {
    text: String,
    folder: PathBuf,
}

impl Session {
    /// The stack's state at its target: each target has a state of its own, so
    /// that what was deployed to one is never taken for what is at another.
    pub(crate) fn store(&self) -> Result<Store, CliError> {
        let stack = self.stack_at_target()?;
        let project = &self.project.name;
        let keyring = self.keyring()?;
        let place = self.setting("state", self.global.state.as_deref())?;
        let store = match place {
            Some(place) if place.text.contains("://") => {
                let objects = self.platform.objects(&place.text, &self.service()?)?;
                let wrapping = match keyring.wraps() {
                    true => keyring,
                    false => keyring.wrapping(Arc::new(self.passphrase())),
                };
                Store::remote(objects, project, &stack).keys(wrapping)
            }
            Some(place) => {
                let folder = place.folder.join(&place.text);
                Store::local(&folder, project, &stack).keys(keyring)
            }
            None => Store::local(&self.project.state_dir, project, &stack).keys(keyring),
        };
        Ok(store)
    }

    fn stack_at_target(&self) -> Result<String, CliError> {
        Ok(match self.global.cloud(&self.env)?.folder_suffix() {
            Some(suffix) => format!("{}@{suffix}", self.project.stack),
            None => self.project.stack.clone(),
        })
    }

    /// Whether this command may write into the project's state folder.
    pub(crate) fn keeps_here(&self) -> bool {
        let state = self.setting("state", self.global.state.as_deref());
        let emulator = self.global.cloud(&self.env) == Ok(Cloud::Emulator);
        emulator || matches!(state, Ok(None))
    }

    /// The stack is not there under this project, and is under another one.
    pub(crate) fn under_another_name(&self) -> Option<CliError> {
        let state = self.setting("state", self.global.state.as_deref());
        if !matches!(state, Ok(None)) {
            return None;
        }
        let stack = &self.project.stack;
        let other = self.project.other_project(&self.stack_at_target().ok()?)?;
        let message = format!(
            "the project `{}` has no stack `{stack}`, but the project `{other}` in {} has one",
            self.project.name,
            self.project.state_dir.display()
        );
        let help = format!(
            "if this program is that project, write project = \"{other}\" into {}",
            self.project.folder.join(FILE).display()
        );
        Some(CliError::usage(message).help(help))
    }

    /// What opens data keys, and wraps new ones if that is asked for.
    pub(crate) fn keyring(&self) -> Result<Keyring, CliError> {
        let mut keyring = Keyring::default()
            .with(Arc::new(self.default_key_file()))
            .with(Arc::new(self.passphrase()));
        if let Some(vault) = self.platform.key_vault(None, &self.service()?)? {
            keyring = keyring.with(vault);
        }
        match self.protection()? {
            Some(protection) => self.protected(keyring, &protection),
            None => Ok(keyring),
        }
    }

    /// What protects the keys of config secrets where nothing else does. It is in use
    /// once a config file of the project, or a state, has a key that it wraps.
    pub(crate) fn default_key_file(&self) -> KeyFile {
        let states = self.project.state_dir.join(&self.project.name);
        let folders = [self.project.folder.clone(), states.clone()];
        KeyFile::in_use_if(self.project.config_key_file(), move || {
            let listed = |folder: &PathBuf| std::fs::read_dir(folder).ok();
            let entries = folders.iter().filter_map(listed).flatten().flatten();
            let files = entries.flat_map(|entry| [entry.path(), entry.path().join("key")]);
            let is_config = |file: &Path| file.extension().is_some_and(|end| end == "toml");
            files
                .filter(|file| is_config(file) || file.ends_with("key"))
                .any(|file| {
                    std::fs::read_to_string(file).is_ok_and(|text| text.contains("key-file"))
                })
        })
    }

    /// The keyring, wrapping new keys in this way.
    pub(crate) fn protected(
        &self,
        keyring: Keyring,
        protection: &Protection,
    ) -> Result<Keyring, CliError> {
        Ok(match protection {
            Protection::Passphrase => keyring.wrapping(Arc::new(self.passphrase())),
            Protection::File(path) => keyring.wrapping(Arc::new(KeyFile::new(path.clone()))),
            Protection::Vault(key) => {
                let vault = self.platform.key_vault(Some(key), &self.service()?)?;
                let vault = vault.ok_or_else(|| {
                    CliError::usage("this program has no way to a key vault")
                        .help("protect the key with a passphrase, or with file:PATH")
                })?;
                keyring.wrapping(vault)
            }
        })
    }

    /// How data keys are to be protected, if anything says so.
    pub(crate) fn protection(&self) -> Result<Option<Protection>, CliError> {
        if let Some(setting) = self.setting("key", self.global.key.as_deref())? {
            return parse(&setting.text, &setting.folder).map(Some);
        }
        let has_passphrase = variable(&self.env, "LAZULI_PASSPHRASE").is_some()
            || self.global.passphrase_file.is_some();
        Ok(has_passphrase.then_some(Protection::Passphrase))
    }

    /// What a service may be reached with.
    fn service(&self) -> Result<ServiceRequest, CliError> {
        Ok(ServiceRequest {
            ca_bundle: self.global.ca_bundle(&self.current_dir)?,
            env: self.env.clone(),
        })
    }

    fn passphrase(&self) -> Passphrase {
        let known = variable(&self.env, "LAZULI_PASSPHRASE").map(SecretString::from);
        let file = self.global.passphrase_file.as_ref();
        let file = file.map(|file| self.current_dir.join(file));
        let (told, prompt) = (self.told.clone(), self.prompt.clone());
        let stack = self.project.stack.clone();
        Passphrase::asked(move |ask| {
            if let Some(known) = &known {
                return Ok(known.clone());
            }
            if let Some(file) = &file {
                return read(file);
            }
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(told) = &*told {
                return Ok(told.clone());
            }
            let question = format!("Passphrase of the stack `{stack}`:");
            let answer = match ask {
                Ask::Open => prompt.as_ref().and_then(|prompt| prompt.secret(&question)),
                Ask::Choose => chosen(prompt.as_deref(), &question),
            };
            let answer = answer.filter(|answer| !answer.is_empty()).ok_or_else(|| {
                KeyError::new(
                    format!("the passphrase of the stack `{stack}` is needed, and nobody tells it (twice the same for a new one)"),
                    "type it when it is asked for, set LAZULI_PASSPHRASE, or name a file that holds it with --passphrase-file",
                )
            })?;
            let answer = SecretString::from(answer);
            *told = Some(answer.clone());
            Ok(answer)
        })
    }

    /// A setting by flag, by environment (`LAZULI_STATE`), or from the project's file.
    fn setting(&self, name: &str, flag: Option<&str>) -> Result<Option<Setting>, CliError> {
        let from = |text: String, folder: &Path| Setting {
            text,
            folder: folder.to_owned(),
        };
        let given = flag.map(str::to_owned);
        let named = format!("LAZULI_{}", name.to_ascii_uppercase());
        if let Some(text) = given.or_else(|| variable(&self.env, &named)) {
            return Ok(Some(from(text, &self.current_dir)));
        }
        let folder = &self.project.folder;
        let text = in_file(&folder.join(FILE), &self.project.stack, name)?;
        Ok(text.map(|text| from(text, folder)))
    }
}

/// The project's name, if the project's file says it.
pub(crate) fn project_name(folder: &Path) -> Result<Option<String>, CliError> {
    in_file(&folder.join(FILE), "", "project")
}

/// A new passphrase, told twice.
pub(crate) fn chosen(prompt: Option<&dyn Prompt>, question: &str) -> Option<String> {
    let first = prompt?.secret(question)?;
    let second = prompt?.secret("The same again:")?;
    (first == second && !first.is_empty()).then_some(first)
}

/// Reads a passphrase from a file; the line's end is no part of it.
pub(crate) fn read(file: &Path) -> Result<SecretString, KeyError> {
    let text = std::fs::read_to_string(file).map_err(|cause| {
        KeyError::new(
            format!(
                "the passphrase cannot be read from {}: {cause}",
                file.display()
            ),
            "name a file that holds it with --passphrase-file",
        )
    })?;
    Ok(SecretString::from(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

/// Reads what protects keys.
pub(crate) fn parse(text: &str, folder: &Path) -> Result<Protection, CliError> {
    match (text, text.strip_prefix("file:")) {
        ("passphrase", _) => Ok(Protection::Passphrase),
        (_, Some(path)) if !path.is_empty() => Ok(Protection::File(folder.join(path))),
        _ if text.starts_with("https://") || text.starts_with("http://") => {
            Ok(Protection::Vault(text.to_owned()))
        }
        _ => Err(CliError::usage(format!("{text:?} protects no key")).help(WAYS)),
    }
}

fn in_file(path: &Path, stack: &str, name: &str) -> Result<Option<String>, CliError> {
    let wrong = |reason: String| {
        CliError::usage(format!("{}: {reason}", path.display()))
            .help("it may set `project`, `state` and `key`, and the last two for one stack in [stacks.NAME]")
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(wrong(format!("it cannot be read: {cause}"))),
    };
    let document: DocumentMut = text
        .parse()
        .map_err(|cause: toml_edit::TomlError| wrong(cause.message().replace('\n', ", ")))?;
    if let Some((other, _)) = document.iter().find(|(key, _)| !SETTINGS.contains(key)) {
        return Err(wrong(format!("it has no setting `{other}`")));
    }
    let own = document.get("stacks").and_then(|stacks| stacks.get(stack));
    let item = own.and_then(|own| own.get(name)).or(document.get(name));
    match item {
        None | Some(Item::None) => Ok(None),
        Some(item) => match item.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(wrong(format!("`{name}` is no text"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_may_have_settings_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let check = |text: &str, stack: &str, name: &str, expect: Result<Option<&str>, &str>| {
            std::fs::write(&file, text).unwrap();
            match (in_file(&file, stack, name), expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found.as_deref(), expect),
                (Err(error), Err(part)) => assert!(error.message().contains(part), "{error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        };
        let text = "state = \"s3://a\"\n[stacks.prod]\nstate = \"s3://b\"\n";
        check(text, "dev", "state", Ok(Some("s3://a")));
        check(text, "prod", "state", Ok(Some("s3://b")));
        check(text, "prod", "key", Ok(None));
        check("state = 3", "dev", "state", Err("is no text"));
        check("stat = \"x\"", "dev", "state", Err("no setting `stat`"));
        check("state = ", "dev", "state", Err(FILE));
    }

    #[test]
    fn what_protects_keys_is_read_strictly() {
        let here = Path::new("/p");
        assert_eq!(parse("passphrase", here), Ok(Protection::Passphrase));
        let file = Protection::File("/p/k".into());
        assert_eq!(parse("file:k", here), Ok(file));
        let vault = "https://a.vault.azure.net/keys/b";
        assert_eq!(parse(vault, here), Ok(Protection::Vault(vault.into())));
        for bad in ["", "file:", "pass", "vault"] {
            assert!(parse(bad, here).is_err(), "{bad:?}");
        }
    }
}
