//! `config`: reads and changes the stack's config file, `lazuli.STACK.toml` in
//! the project's folder. It is plain TOML and may be edited by hand; comments
//! and order survive. Nothing in it is encrypted: it is no place for secrets.

use clap::Subcommand;
use lazuli_core::Value;
use lazuli_core::value::Reveal;

use super::Session;
use crate::CliError;
use crate::args::parse_json;
use crate::config_file::ConfigFile;
use crate::exit::Exit;
use crate::render::value;

/// What to do with the config file.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Set a value; it is a text unless --typed is given
    Set {
        /// Name of the value
        key: String,
        /// The value
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// VALUE is JSON: true, 3, ["a", "b"]
        #[arg(long)]
        typed: bool,
    },
    /// Print one value
    Get {
        /// Name of the value
        key: String,
    },
    /// Print all values
    List,
    /// Remove a value
    Rm {
        /// Name of the value
        key: String,
    },
}

pub(crate) fn config(session: &Session, command: &ConfigCommand) -> Result<Exit, CliError> {
    let mut file = ConfigFile::read(session.project.config_file())?;
    match command {
        ConfigCommand::Set { key, value, typed } => {
            check_key(key).map_err(CliError::usage)?;
            let value = if *typed {
                parse_json(value).map_err(CliError::usage)?
            } else {
                Value::from(value.as_str())
            };
            file.set(key, &value)?;
            file.write()?;
        }
        ConfigCommand::Get { key } => {
            let values = file.values()?;
            let value = values.get(key).ok_or_else(|| not_set(session, key))?;
            if session.global.json {
                session.document(&value::json(value, Reveal::No));
            } else {
                session.stdout.text(&format!("{value}\n"));
            }
        }
        ConfigCommand::List => list(session, &file)?,
        ConfigCommand::Rm { key } => {
            if !file.remove(key) {
                return Err(not_set(session, key));
            }
            file.write()?;
        }
    }
    Ok(Exit::Ok)
}

fn list(session: &Session, file: &ConfigFile) -> Result<(), CliError> {
    let values = file.values()?;
    if session.global.json {
        let all = values
            .iter()
            .map(|(key, value)| (key.clone(), value::json(value, Reveal::No)));
        session.document(&serde_json::Value::Object(all.collect()));
        return Ok(());
    }
    let width = values.keys().map(String::len).max().unwrap_or_default();
    for (key, value) in &values {
        session.stdout.text(&format!("{key:width$}  {value}\n"));
    }
    Ok(())
}

fn not_set(session: &Session, key: &str) -> CliError {
    CliError::usage(format!(
        "the config value `{key}` is not set in {}",
        session.project.config_file().display()
    ))
    .help(format!(
        "set it with `{}`",
        session.command_line(&format!("config set {key} VALUE"))
    ))
}

/// Checks the name of a config value.
pub(crate) fn check_key(key: &str) -> Result<(), String> {
    let plain = |letter: char| letter.is_alphanumeric() || "-_.:/".contains(letter);
    if key.is_empty() || !key.chars().all(plain) || key.ends_with(':') {
        return Err(format!(
            "{key:?} cannot name a config value: use letters, digits and - _ . : /"
        ));
    }
    Ok(())
}
