//! The command line. Values from the environment are looked up in
//! [`Surroundings`](crate::Surroundings), never by the parser, so that tests own them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{
    ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use lazuli_core::Value;

use crate::commands::{config, emulator, graph, output, state, verify};
use crate::platform::Cloud;
use crate::project::{invocation, variable};
use crate::run_args::RunArgs;
use crate::screen::Surroundings;
use crate::{CliError, exit};

const ABOUT: &str = "Deploys what this program declares.";
const LONG_ABOUT: &str = "Deploys what this program declares.\n\n\
    Start with `preview`: it shows what would happen and touches nothing. `up` shows the same plan, asks, and carries \
    it out. Everything goes to an embedded Azure on this machine until you say `--cloud azure`.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(about = ABOUT, long_about = LONG_ABOUT, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what `up` would do; touches nothing
    Preview(RunArgs),
    /// Check the program by itself: findings, and whether each app gets what it needs
    Verify(verify::VerifyArgs),
    /// Make the cloud as the program declares it
    Up(RunArgs),
    /// Delete everything the stack has deployed
    Destroy(RunArgs),
    /// Write what the cloud really has into the state
    Refresh(RunArgs),
    /// Adopt a resource that exists for one that the program declares
    Import {
        /// Place of the declared resource, `=`, id of the existing one
        #[arg(value_name = "PLACE=ID")]
        what: String,
    },
    /// List the runs of this stack
    History,
    /// Print the outputs of the last `up`
    Output(output::OutputArgs),
    /// List the deployed resources
    Stack,
    /// Show the state, and edit it by hand
    #[command(subcommand)]
    State(state::StateCommand),
    /// Draw what the program declares
    Graph(graph::GraphArgs),
    /// Read and change the stack's configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Inspect the embedded Azure
    #[command(subcommand)]
    Emulator(emulator::EmulatorCommand),
}

/// Flags that any command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The stack to work on [default: dev] [env: LAZULI_STACK]
    #[arg(long, short, global = true, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// Where to deploy: `emulator`, `azure` or an address [default: emulator] [env: LAZULI_CLOUD]
    #[arg(long, global = true, value_name = "emulator|azure|URL")]
    cloud: Option<String>,
    /// Trust the certificate authorities in this PEM file, too
    #[arg(long, global = true, value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// The subscription to deploy to
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) subscription: Option<String>,
    /// Carry out the plan without asking
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
    /// Fail before anything is touched if there is anything to do
    #[arg(long, global = true)]
    pub(crate) expect_no_changes: bool,
    /// A config value for this run only; KEY:=JSON for other things than text
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How many steps may run at once
    #[arg(long, global = true, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) parallel: u16,
    /// Show all inputs of new resources, too
    #[arg(long, global = true)]
    pub(crate) details: bool,
    /// Write JSON: one event a line, or one document
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The folder for local state, and for the embedded Azure [default: .lazuli in the project's folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Where state is kept, if elsewhere: azblob://ACCOUNT/CONTAINER/PREFIX, s3://.., gs://.., a folder [env: LAZULI_STATE]
    #[arg(long, global = true, value_name = "PLACE")]
    pub(crate) state: Option<String>,
    /// What protects secrets and state: `passphrase`, file:PATH, or the address of a vault's key [env: LAZULI_KEY]
    #[arg(long = "key", id = "protection", global = true, value_name = "WAY")]
    pub(crate) key: Option<String>,
    /// A file that holds the passphrase [env: LAZULI_PASSPHRASE holds the passphrase itself]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Log what happens to stderr; twice for more
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Parses the arguments; an error carries the text to show, which for `--help` is no error at all.
pub(crate) fn parse(surroundings: &Surroundings) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command()
        .bin_name(invocation(surroundings))
        .after_long_help(exit::help_text());
    let matches = command.try_get_matches_from_mut(&surroundings.args)?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

impl Global {
    /// Where to deploy.
    pub(crate) fn cloud(&self, env: &BTreeMap<String, String>) -> Result<Cloud, CliError> {
        let text = self.cloud.clone().or_else(|| variable(env, "LAZULI_CLOUD"));
        match text.as_deref() {
            None | Some("emulator") => Ok(Cloud::Emulator),
            Some("azure") => Ok(Cloud::Azure),
            Some(address) => endpoint(address).map(Cloud::Endpoint).map_err(|error| {
                error.help("use --cloud emulator, --cloud azure or --cloud https://HOST[:PORT]")
            }),
        }
    }

    /// Config values of this run; the last one of a key counts.
    pub(crate) fn settings(&self) -> Result<BTreeMap<String, Value>, CliError> {
        self.set.iter().map(|text| parse_setting(text)).collect()
    }

    /// The file of further certificate authorities, checked to look like one.
    pub(crate) fn ca_bundle(&self, current_dir: &Path) -> Result<Option<PathBuf>, CliError> {
        let Some(file) = &self.ca_bundle else {
            return Ok(None);
        };
        let file = current_dir.join(file);
        let wrong = |reason: String| {
            CliError::usage(format!("--ca-bundle {}: {reason}", file.display()))
                .help("give a PEM file that holds the certificate authorities to trust")
        };
        let text =
            std::fs::read(&file).map_err(|cause| wrong(format!("it cannot be read: {cause}")))?;
        if !String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----") {
            return Err(wrong("it holds no PEM certificate".to_owned()));
        }
        Ok(Some(file))
    }

    /// Whether to use colour on a stream.
    pub(crate) fn colour(&self, env: &BTreeMap<String, String>, terminal: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && variable(env, "NO_COLOR").is_none(),
        }
    }
}

fn endpoint(text: &str) -> Result<String, CliError> {
    // The text itself may carry a password: it is not repeated unless it is harmless.
    let wrong =
        |reason: &str| CliError::usage(format!("the value of --cloud is no target: {reason}"));
    let url = url::Url::parse(text).map_err(|cause| {
        if text.contains('@') {
            wrong(&cause.to_string())
        } else {
            wrong(&format!("{text:?}: {cause}"))
        }
    })?;
    match url.scheme() {
        _ if !url.username().is_empty() || url.password().is_some() => Err(wrong(
            "credentials do not belong into the address; set them in the environment",
        )),
        "http" | "https" if url.has_host() => Ok(url.as_str().trim_end_matches('/').to_owned()),
        _ => Err(wrong(&format!("{text:?} is not an http or https address"))),
    }
}

/// One `--set`: a text, or JSON after `:=`. Errors name the key at most: the
/// rest may be a secret, and would be shown by the argument parser.
fn parse_setting(text: &str) -> Result<(String, Value), CliError> {
    let wrong = |reason: String| {
        CliError::usage(reason)
            .help("write --set KEY=VALUE, or --set KEY:=JSON for other things than text")
    };
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| wrong("a --set has no `=`".to_owned()))?;
    let (key, typed) = key
        .strip_suffix(':')
        .map_or((key, false), |key| (key, true));
    config::check_key(key).map_err(|reason| wrong(format!("--set: {reason}")))?;
    let value = match typed {
        true => parse_json(value).map_err(|reason| wrong(format!("--set {key}: {reason}")))?,
        false => Value::from(value),
    };
    Ok((key.to_owned(), value))
}

/// A typed config value. The text is not repeated: it may be a secret.
pub(crate) fn parse_json(text: &str) -> Result<Value, String> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|cause| {
        format!(
            "the value is no JSON (line {}, column {}); quote texts: '\"text\"'",
            cause.line(),
            cause.column()
        )
    })?;
    Ok(Value::from(json))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn settings_are_texts_unless_marked_as_json() {
        let check = |text: &str, key: &str, value: Value| {
            assert_eq!(parse_setting(text), Ok((key.to_owned(), value)), "{text}");
        };
        check("zip=01234", "zip", Value::from("01234"));
        check("a=", "a", Value::from(""));
        check("a=b=c", "a", Value::from("b=c"));
        check("n:=3", "n", Value::from(3_i64));
        check("l:=[true]", "l", Value::from(json!([true])));
        for bad in ["", "a", "=x", ":=3", "n:=", "n:={", " a=b"] {
            assert!(parse_setting(bad).is_err(), "{bad:?}");
        }
        for bad in ["n:=hunter2", "hunter2"] {
            assert!(!format!("{:?}", parse_setting(bad)).contains("hunter2"));
        }
    }

    #[test]
    fn targets_are_named_or_addresses_without_credentials() {
        let check = |text: &str, expect: Result<Cloud, &str>| {
            let global = Arguments::try_parse_from(["p", "preview", "--cloud", text])
                .unwrap()
                .global;
            match (global.cloud(&BTreeMap::new()), expect) {
                (Ok(cloud), Ok(expect)) => assert_eq!(cloud, expect),
                (Err(error), Err(part)) => {
                    assert!(error.message().contains(part), "{error}");
                    assert!(!error.message().contains("hunter2"), "{error}");
                    assert_eq!(error.exit().code(), 2);
                }
                (got, _) => panic!("{text}: {got:?}"),
            }
        };
        check("emulator", Ok(Cloud::Emulator));
        check("azure", Ok(Cloud::Azure));
        check(
            "https://127.0.0.1:4433/",
            Ok(Cloud::Endpoint("https://127.0.0.1:4433".into())),
        );
        check("asure", Err("\"asure\""));
        check("ftp://host", Err("not an http or https address"));
        check("https://ann:hunter2@host", Err("credentials"));
        check("https://ann:hunter2@", Err("no target"));
    }
}
