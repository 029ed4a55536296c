//! `emulator`: looks into the embedded Azure that `up` deploys to by default.

use std::net::SocketAddr;

use clap::Subcommand;
use serde_json::json;

use super::Session;
use crate::CliError;
use crate::exit::Exit;
use crate::platform::Page;

/// What to look at.
#[derive(Debug, Subcommand)]
pub(crate) enum EmulatorCommand {
    /// Fetch a page of a deployed site and print it
    Get {
        /// Its address, for example https://myapp.azurewebsites.net
        url: String,
    },
    /// Serve the world to browsers and other tools until Ctrl-C
    Open {
        /// The address to listen on, this machine only [default: a free port]
        #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse_listen)]
        listen: Option<SocketAddr>,
    },
    /// Print the container log of a site
    Log {
        /// Its name
        site: String,
    },
}

pub(crate) async fn emulator(
    session: &mut Session,
    command: &EmulatorCommand,
) -> Result<Exit, CliError> {
    let (world, platform) = (session.world(), session.platform.clone());
    match command {
        EmulatorCommand::Get { url } => {
            check_url(url)?;
            let page = unless_stopped(session, platform.page(&world, url)).await?;
            Ok(show(session, &page))
        }
        EmulatorCommand::Open { listen } => {
            let open = platform.open(&world, *listen).await?;
            session.stdout.text(&open.lines.join("\n"));
            session.stdout.text("serving until Ctrl-C");
            // A closed channel means that nobody can ask to stop: serving ends as well.
            let _ = session.interrupts.recv().await;
            drop(open.keep);
            Ok(Exit::Ok)
        }
        EmulatorCommand::Log { site } => {
            let lines = unless_stopped(session, platform.log(&world, site)).await?;
            if session.global.json {
                session.document(&json!(lines));
            } else {
                session.stdout.text(&lines.join("\n"));
            }
            Ok(Exit::Ok)
        }
    }
}

/// Waits for an answer, or for Ctrl-C.
async fn unless_stopped<T>(
    session: &mut Session,
    answer: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    tokio::select! {
        answer = answer => answer,
        Some(()) = session.interrupts.recv() => Err(CliError::stopped()),
    }
}

fn show(session: &Session, page: &Page) -> Exit {
    if session.global.json {
        let headers: Vec<_> = page
            .headers
            .iter()
            .map(|(name, value)| json!([name, value]))
            .collect();
        let body = String::from_utf8_lossy(&page.body);
        session.document(&json!({ "status": page.status, "headers": headers, "body": body }));
    } else {
        session.stdout.bytes(&page.body);
    }
    if (200..400).contains(&page.status) {
        return Exit::Ok;
    }
    session
        .stderr
        .text(&format!("the site answered with status {}", page.status));
    Exit::Steps
}

fn check_url(text: &str) -> Result<(), CliError> {
    let wrong = |reason: &str| {
        CliError::usage(format!("{text:?} is not an address of a page: {reason}"))
            .help("give the whole address, for example https://myapp.azurewebsites.net")
    };
    let url = url::Url::parse(text).map_err(|cause| wrong(&cause.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it begins neither with https:// nor with http://"));
    }
    Ok(())
}

/// The world is open to this machine only: it has no real access control.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "write ADDRESS:PORT, for example 127.0.0.1:8443".to_owned())?;
    if !address.ip().is_loopback() {
        return Err(
            "the emulator listens on this machine only: use 127.0.0.1:PORT or [::1]:PORT"
                .to_owned(),
        );
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_listened_on() {
        assert!(parse_listen("127.0.0.1:0").is_ok());
        assert!(parse_listen("[::1]:8443").is_ok());
        for bad in ["0.0.0.0:80", "8443", "localhost:80", "192.168.1.2:80", ""] {
            assert!(parse_listen(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pages_have_whole_addresses() {
        assert_eq!(check_url("https://app.azurewebsites.net/x"), Ok(()));
        for bad in ["app.azurewebsites.net", "ftp://x", ""] {
            assert_eq!(check_url(bad).unwrap_err().exit(), Exit::Usage, "{bad}");
        }
    }
}
