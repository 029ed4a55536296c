//! `state lock`, `unlock`, `rekey`, `rebuild`: the place where the state is kept.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use clap::Subcommand;
use lazuli_engine::{
    Ask, EngineError, KeyError, Keyring, LockInfo, Operation, Passphrase, Rewrap, Store,
};
use secrecy::SecretString;
use serde_json::json;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::CliError;
use crate::backend::{self, PassphraseCache, Protection};
use crate::config_file::ConfigFile;
use crate::exit::Exit;
use crate::project::{actor, variable};

/// What to do about the place of the state.
#[derive(Debug, Subcommand)]
pub(crate) enum PlaceCommand {
    /// Show who holds the stack's lock
    Lock,
    /// Take the lock away from its holder, who cannot write any more then
    Unlock,
    /// Make a lost state anew: what the program declares and the cloud has is recorded
    Rebuild {
        /// Also when the stack has a state: add what is not recorded
        #[arg(long)]
        over: bool,
    },
    /// Protect the keys of state and config secrets in another way
    Rekey {
        /// `passphrase`, file:PATH, or the address of a vault's key
        #[arg(value_name = "WAY")]
        to: String,
        /// A file that holds the new passphrase [env: LAZULI_NEW_PASSPHRASE holds it itself]
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

pub(crate) async fn place(session: Session, command: PlaceCommand, topology: Topology) -> Exit {
    let done = match &command {
        PlaceCommand::Rebuild { over } => {
            let operation = Operation::Rebuild { over: *over };
            return run(session, operation, Job::default(), topology).await;
        }
        PlaceCommand::Lock => lock(&session),
        PlaceCommand::Unlock => unlock(&session),
        PlaceCommand::Rekey {
            to,
            new_passphrase_file,
        } => rekey(&session, to, new_passphrase_file.clone()),
    };
    done.unwrap_or_else(|error| session.report(&error))
}

fn lock(session: &Session) -> Result<Exit, CliError> {
    let holder = session
        .store()?
        .holder()
        .map_err(|error| CliError::from(&error))?;
    if session.global.json {
        session.document(&match &holder {
            None => json!({ "schema": "lazuli.lock/1", "held": false }),
            Some(holder) => json!({
                "schema": "lazuli.lock/1",
                "held": true,
                "holder": holder.text,
                "silent_seconds": holder.silent_for.map(|silent| silent.as_secs()),
                "expires_after_seconds": holder.expires_after.map(|limit| limit.as_secs()),
                "expired": holder.is_expired(),
                "place": holder.place.display().to_string(),
            }),
        });
        return Ok(Exit::Ok);
    }
    session.stdout.text(&match &holder {
        None => "nobody holds the lock".to_owned(),
        Some(holder) => shown(session, holder),
    });
    Ok(Exit::Ok)
}

fn shown(session: &Session, holder: &LockInfo) -> String {
    let mut lines = vec![
        format!("the lock is held by {}", holder.text),
        format!("it is {}", holder.place.display()),
    ];
    lines.push(match (holder.silent_for, holder.expires_after) {
        _ if holder.is_expired() => {
            "its holder is taken for dead: the next command takes it over".to_owned()
        }
        (Some(silent), Some(limit)) => format!(
            "its last sign of life was {} s ago; after {} s without one the next command takes it over",
            silent.as_secs(),
            limit.as_secs()
        ),
        (None, Some(limit)) => format!(
            "after {} s without a sign of life the next command takes it over",
            limit.as_secs()
        ),
        _ => "it is free as soon as that process ends".to_owned(),
    });
    if holder.expires_after.is_some() {
        let command = session.command_line("state unlock");
        lines.push(format!("`{command}` takes it away at once"));
    }
    lines.join("\n")
}

fn unlock(session: &Session) -> Result<Exit, CliError> {
    let store = session.store()?;
    let Some(holder) = store.holder().map_err(|error| CliError::from(&error))? else {
        session.stdout.text("nobody holds the lock");
        return Ok(Exit::Ok);
    };
    session.stderr.text(&shown(session, &holder));
    let question = "Take the lock away? The holder cannot write any more; what it has in flight is settled by the next run.";
    let approved = match &session.prompt {
        _ if session.global.yes => true,
        Some(prompt) => prompt.confirm(question),
        None => {
            let command = session.command_line("state unlock --yes");
            return Err(CliError::not_approved(
                "nobody can be asked whether to take the lock away",
            )
            .help(format!("`{command}` does it without asking")));
        }
    };
    if !approved {
        return Err(CliError::not_approved("the lock was left to its holder"));
    }
    store
        .release_by_force(&actor(&session.env))
        .map_err(|error| CliError::from(&error))?;
    session.stdout.text("the lock is free");
    Ok(Exit::Ok)
}

/// Wraps all keys of the stack anew: of its config, and of its state at every target.
/// First each key gets the new way beside the former one, then the former ones go, so
/// that one way opens all of them whenever this is cut off.
fn rekey(session: &Session, to: &str, file: Option<PathBuf>) -> Result<Exit, CliError> {
    let protection = backend::parse(to, &session.current_dir)?;
    let keyring = match protection {
        Protection::Passphrase => {
            let file = file.map(|file| session.current_dir.join(file));
            Keyring::default().wrapping(Arc::new(new_passphrase(session, file)))
        }
        other => session.protected(Keyring::default(), &other)?,
    };
    let store = session.store()?;
    let config_lock = session.lock_config()?;
    let mut config = ConfigFile::read(session.project.config_file())?;
    let others = store
        .other_targets()
        .map_err(|error| CliError::from(&error))?;
    let mut rewrapping = Vec::new();
    for target in std::iter::once(&store).chain(&others) {
        let started = target.start_rewrap(&keyring, &actor(&session.env));
        rewrapping.push(started.map_err(|error| not_rekeyed(target, &error))?);
    }
    let has_config = session.rewrap_config(&mut config, &keyring, Rewrap::Both)?;
    if has_config {
        config
            .write(&config_lock)
            .map_err(|error| still_former(&error))?;
    }
    let all = "the new way opens all keys, and the former one still opens some";
    for one in rewrapping {
        one.finish()
            .map_err(|error| half_done(&CliError::from(&error), all))?;
    }
    if has_config {
        session.rewrap_config(&mut config, &keyring, Rewrap::New)?;
        config
            .write(&config_lock)
            .map_err(|error| half_done(&error, all))?;
    }
    let what = match (has_config, others.len()) {
        (false, 0) => "the key of the state is".to_owned(),
        (true, 0) => "the keys of the state and of the config secrets are".to_owned(),
        (false, more) => format!("the keys of the state at {} targets are", more + 1),
        (true, more) => format!(
            "the keys of the state at {} targets and of the config secrets are",
            more + 1
        ),
    };
    session
        .stdout
        .text(&format!("{what} protected by {} now", words(to)));
    session.stderr.text(
        "earlier copies of state and config still open in the former way: the data keys themselves did not change",
    );
    Ok(Exit::Ok)
}

/// A target's key cannot be opened or written: nothing has lost its former way yet.
fn not_rekeyed(target: &Store, error: &EngineError) -> CliError {
    let error = CliError::from(error);
    let place = target.location();
    let help = error
        .next_step()
        .unwrap_or("run the command again")
        .to_owned();
    CliError::state(format!(
        "the key of the state at {} is not protected anew: {error}; every key still opens in the former way",
        place.display()
    ))
    .help(help)
}

fn still_former(error: &CliError) -> CliError {
    half_done(error, "every key still opens in the former way")
}

fn half_done(error: &CliError, what_opens: &str) -> CliError {
    let help = error.next_step().unwrap_or_default();
    let message = format!("the rekey was cut off: {error}; {what_opens}");
    let help = format!(
        "{help}; then run `state rekey` again with the passphrase, file or key that opens all"
    );
    CliError::state(message).help(help.trim_start_matches("; ").to_owned())
}

fn words(to: &str) -> &str {
    match to {
        "passphrase" => "the new passphrase",
        other => other,
    }
}

/// The passphrase that is to count from now on: never the one that opens what is
/// there. It is asked for once, whatever it wraps.
fn new_passphrase(session: &Session, file: Option<PathBuf>) -> Passphrase {
    let known = variable(&session.env, "LAZULI_NEW_PASSPHRASE");
    let prompt = session.prompt.clone();
    let typed = PassphraseCache::default();
    Passphrase::asked(move |_: Ask| {
        if let Some(known) = &known {
            return Ok(known.clone().into());
        }
        if let Some(file) = &file {
            return backend::read(file);
        }
        let mut typed = typed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(typed) = &*typed {
            return Ok(typed.clone());
        }
        let answer = backend::chosen(prompt.as_deref(), "New passphrase:");
        let answer = answer.map(SecretString::from).ok_or_else(|| {
            KeyError::new(
                "no new passphrase was given, or not twice the same",
                "type it twice, set LAZULI_NEW_PASSPHRASE, or name a file with --new-passphrase-file",
            )
        })?;
        *typed = Some(answer.clone());
        Ok(answer)
    })
}
