//! The log of the process, on stderr. Off but for warnings until `-v` is given;
//! `LAZULI_LOG` takes the directives of `tracing` and wins over both.

use std::collections::BTreeMap;

use tracing_subscriber::EnvFilter;

use crate::CliError;
use crate::project::variable;

/// Installs the log. A log that the program installed before stays.
pub(crate) fn install(
    env: &BTreeMap<String, String>,
    verbose: u8,
    colour: bool,
) -> Result<(), CliError> {
    let filter = filter(env, verbose)?;
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(verbose > 1)
        .try_init();
    Ok(())
}

fn filter(env: &BTreeMap<String, String>, verbose: u8) -> Result<EnvFilter, CliError> {
    if let Some(text) = variable(env, "LAZULI_LOG") {
        return EnvFilter::try_new(&text).map_err(|cause| {
            CliError::usage(format!("LAZULI_LOG={text:?} is no log filter: {cause}"))
                .help("write directives such as lazuli=debug,warn")
        });
    }
    // Only this project's own crates: others log what may hold credentials.
    let directives = match verbose {
        0 => "off,lazuli=warn",
        1 => "off,lazuli=info",
        2 => "off,lazuli=debug",
        _ => "off,lazuli=trace",
    };
    EnvFilter::try_new(directives)
        .map_err(|cause| CliError::usage(format!("the log filter is broken: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_follow_the_flags_and_the_environment_wins() {
        let none = BTreeMap::new();
        let check = |env: &BTreeMap<_, _>, verbose, expect: &str| {
            assert!(
                filter(env, verbose).unwrap().to_string().contains(expect),
                "{expect}"
            );
        };
        check(&none, 0, "lazuli=warn");
        check(&none, 1, "lazuli=info");
        check(&none, 9, "lazuli=trace");
        let env = |text: &str| BTreeMap::from([("LAZULI_LOG".to_owned(), text.to_owned())]);
        check(&env("lazuli_arm=debug"), 1, "lazuli_arm=debug");
        assert_eq!(filter(&env("a=b=c=d"), 0).unwrap_err().exit().code(), 2);
    }
}
