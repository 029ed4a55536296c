//! `config`: reads and changes the stack's config file, `lazuli.STACK.toml` in
//! the project's folder. It is plain TOML and may be edited by hand; comments
//! and order survive. Secrets are sealed one by one, and are never an argument.

use std::collections::BTreeMap;

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
        #[arg(
            allow_hyphen_values = true,
            required_unless_present = "secret",
            conflicts_with = "secret"
        )]
        value: Option<String>,
        /// VALUE is JSON: true, 3, ["a", "b"]
        #[arg(long)]
        typed: bool,
        /// Ask for the value, or take what is piped in, and seal it
        #[arg(long)]
        secret: bool,
    },
    /// Print one value
    Get {
        /// Name of the value
        key: String,
        /// Show a secret in clear
        #[arg(long)]
        show_secrets: bool,
    },
    /// Print all values; secrets are hidden
    List {
        /// Show secrets in clear
        #[arg(long)]
        show_secrets: bool,
    },
    /// Remove a value
    Rm {
        /// Name of the value
        key: String,
    },
}

pub(crate) fn config(session: &Session, command: &ConfigCommand) -> Result<Exit, CliError> {
    let read = || ConfigFile::read(session.project.config_file());
    match command {
        ConfigCommand::Set {
            key,
            value,
            typed,
            secret,
        } => {
            check_key(key).map_err(CliError::usage)?;
            let text = match value {
                Some(text) => text.clone(),
                None => told(session, key)?,
            };
            let value = if *typed {
                parse_json(&text).map_err(CliError::usage)?
            } else {
                Value::from(text)
            };
            let lock = session.lock_config()?;
            let mut file = read()?;
            match *secret {
                true => session.seal_into(&mut file, key, &value)?,
                false => file.set(key, &value)?,
            }
            file.write(&lock)?;
        }
        ConfigCommand::Get { key, show_secrets } => {
            let values = shown(session, &read()?, *show_secrets)?;
            let value = values.get(key).ok_or_else(|| not_set(session, key))?;
            if value.contains_secret() && !show_secrets && !session.global.json {
                let command = session.command_line(&format!("config get {key} --show-secrets"));
                return Err(
                    CliError::usage(format!("the config value `{key}` is a secret"))
                        .help(format!("show it with `{command}`")),
                );
            }
            if session.global.json {
                session.document(&value::json(value, reveal(*show_secrets)));
            } else {
                session
                    .stdout
                    .text(&format!("{}\n", text(value, *show_secrets)));
            }
        }
        ConfigCommand::List { show_secrets } => list(session, &read()?, *show_secrets)?,
        ConfigCommand::Rm { key } => {
            let lock = session.lock_config()?;
            let mut file = read()?;
            if !file.remove(key) {
                return Err(not_set(session, key));
            }
            file.write(&lock)?;
        }
    }
    Ok(Exit::Ok)
}

/// A secret value: asked for where somebody can be asked, else what is piped in.
fn told(session: &Session, key: &str) -> Result<String, CliError> {
    let nothing = || {
        CliError::usage(format!("the secret `{key}` has no value")).help(
            "type it when it is asked for, or pipe it in; it is never an argument, because others see those",
        )
    };
    let text = match &session.prompt {
        Some(prompt) => prompt.secret(&format!("Value of `{key}`:")),
        None => {
            let piped = (session.input)().map_err(|cause| {
                CliError::usage(format!("the secret `{key}` cannot be read: {cause}"))
                    .help("pipe it in as UTF-8 text")
            })?;
            Some(piped.trim_end_matches(['\r', '\n']).to_owned())
        }
    };
    text.filter(|text| !text.is_empty()).ok_or_else(nothing)
}

/// All values; secrets are opened only when they are to be shown.
fn shown(
    session: &Session,
    file: &ConfigFile,
    show_secrets: bool,
) -> Result<BTreeMap<String, Value>, CliError> {
    if show_secrets {
        return session.config_values(file);
    }
    let mut values = file.values()?;
    let hidden = file.sealed().into_keys();
    values.extend(hidden.map(|key| (key, Value::Null.into_secret())));
    Ok(values)
}

fn reveal(show_secrets: bool) -> Reveal {
    match show_secrets {
        true => Reveal::Yes,
        false => Reveal::No,
    }
}

fn text(value: &Value, show_secrets: bool) -> String {
    match value.to_json(Reveal::Yes) {
        _ if !show_secrets => value.to_string(),
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn list(session: &Session, file: &ConfigFile, show_secrets: bool) -> Result<(), CliError> {
    let values = shown(session, file, show_secrets)?;
    if session.global.json {
        let all = values
            .iter()
            .map(|(key, value)| (key.clone(), value::json(value, reveal(show_secrets))));
        session.document(&serde_json::Value::Object(all.collect()));
        return Ok(());
    }
    let width = values.keys().map(String::len).max().unwrap_or_default();
    for (key, value) in &values {
        let value = text(value, show_secrets);
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
