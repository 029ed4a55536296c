//! `output`: what the last successful `up` published. The only place where
//! secrets are shown, and only when asked for.

use clap::Args;
use lazuli_core::Value;
use lazuli_core::value::Reveal;

use super::Session;
use crate::CliError;
use crate::exit::Exit;
use crate::render::value;

/// Arguments of `output`.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Print the bare value of this output only
    name: Option<String>,
    /// Show secrets in clear
    #[arg(long)]
    show_secrets: bool,
}

pub(crate) fn output(session: &Session, args: &OutputArgs) -> Result<Exit, CliError> {
    let exports = session.state()?.exports;
    let shown = |value: &Value| value::json(value, reveal(args));
    match &args.name {
        Some(name) => {
            let value = exports
                .get(name)
                .ok_or_else(|| unknown(session, name, exports.keys()))?;
            if session.global.json {
                session.document(&shown(value));
            } else {
                session.stdout.data(&bare(session, name, value, args)?);
            }
        }
        None if session.global.json => {
            let all = exports
                .iter()
                .map(|(name, value)| (name.clone(), shown(value)))
                .collect();
            session.document(&serde_json::Value::Object(all));
        }
        None => {
            let width = exports.keys().map(String::len).max().unwrap_or_default();
            for (name, value) in &exports {
                session
                    .stdout
                    .text(&format!("{name:width$}  {}", text(value, reveal(args))));
            }
        }
    }
    Ok(Exit::Ok)
}

fn reveal(args: &OutputArgs) -> Reveal {
    if args.show_secrets {
        Reveal::Yes
    } else {
        Reveal::No
    }
}

/// A value for scripts: texts without quotes, everything else as JSON. A secret
/// is refused rather than replaced, so that no script takes the mark for the value.
fn bare(
    session: &Session,
    name: &str,
    value: &Value,
    args: &OutputArgs,
) -> Result<String, CliError> {
    if value.contains_secret() && !args.show_secrets {
        let command = session.command_line(&format!("output {name} --show-secrets"));
        return Err(CliError::usage(format!("the output `{name}` is a secret"))
            .help(format!("show it with `{command}`")));
    }
    Ok(format!("{}\n", text(value, reveal(args))))
}

fn text(value: &Value, reveal: Reveal) -> String {
    match value.to_json(reveal) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn unknown<'a>(session: &Session, name: &str, names: impl Iterator<Item = &'a String>) -> CliError {
    let names: Vec<_> = names.map(String::as_str).collect();
    let stack = &session.project.stack;
    let error = CliError::usage(format!("the stack `{stack}` has no output `{name}`"));
    if names.is_empty() {
        return error.help(format!(
            "outputs are there after `{}`",
            session.command_line("up")
        ));
    }
    error.help(format!("its outputs are: {}", names.join(", ")))
}
