//! `lazuli-emulator`: the embedded Azure as a server of its own.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use lazuli_emulator::{Clock, Emulator, Faults, Latency, Options};

/// A local Azure for development and tests.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve ARM, Entra ID, registries and web apps until Ctrl-C.
    Serve(Box<Serve>),
}

#[derive(Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Folder that keeps the world between runs (in memory when left out).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder for ca.pem; an authority found there is used again.
    #[arg(long, value_name = "DIR", default_value = "lazuli-emulator-certs")]
    cert_dir: PathBuf,
    /// File for the request log: one JSON object a line, without secrets.
    #[arg(long, value_name = "FILE")]
    request_log: Option<PathBuf>,
    /// Tenant id.
    #[arg(long)]
    tenant: Option<String>,
    /// Client id of the service principal that owns the subscription.
    #[arg(long)]
    client_id: Option<String>,
    /// Its secret.
    #[arg(long, env = "LAZULI_EMULATOR_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Subscription id.
    #[arg(long)]
    subscription: Option<String>,
    /// The public address that callers appear to have.
    #[arg(long)]
    client_ip: Option<IpAddr>,
    /// Also serve web apps to real browsers here, under http://SITE.localhost:PORT/.
    #[arg(long, value_name = "ADDRESS")]
    web_listen: Option<SocketAddr>,
    /// Allow addresses that other machines can reach.
    #[arg(long)]
    allow_remote: bool,
    /// How slow it is: none, realistic, or xN for N times realistic, such as x0.1.
    #[arg(long, default_value_t)]
    latency: Latency,
    /// Faults to inject, TOML or JSON (see docs/emulator.md).
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// What chance follows from: the same seed gives the same story, ids, keys and secrets.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Refuse requests as ARM does when a caller's token buckets are empty.
    #[arg(long)]
    throttle: bool,
    /// Refuse requests to resource providers that are not registered.
    #[arg(long)]
    require_registration: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    let Command::Serve(serve) = Cli::parse().command;
    match run(*serve).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(serve: Serve) -> Result<(), Box<dyn std::error::Error>> {
    let defaults = Options::default();
    let ca = serve.cert_dir.join("ca.pem");
    let options = Options {
        listen: serve.listen,
        data_dir: serve.data,
        cert_dir: Some(serve.cert_dir),
        request_log: serve.request_log,
        tenant: serve.tenant.unwrap_or(defaults.tenant),
        client: serve.client_id.unwrap_or(defaults.client),
        secret: serve.client_secret.unwrap_or(defaults.secret),
        subscription: serve.subscription.unwrap_or(defaults.subscription),
        client_ip: serve.client_ip.unwrap_or(defaults.client_ip),
        allow_remote: serve.allow_remote,
        latency: serve.latency,
        clock: Clock::System,
        faults: match &serve.faults {
            Some(path) => Faults::read(path)?,
            None => Faults::default(),
        },
        seed: serve.seed,
        throttling: serve.throttle,
        require_registration: serve.require_registration,
    };
    let is_default_secret = options.secret == Options::default().secret;
    let emulator = Emulator::start(options).await?;
    let web = match serve.web_listen {
        Some(listen) => Some(emulator.serve_web(listen).await?),
        None => None,
    };
    say(&greeting(
        &emulator,
        &ca.display().to_string(),
        is_default_secret,
    ));
    if let Some(web) = &web {
        say(&format!(
            "web apps:  http://SITE.localhost:{}/",
            web.address().port()
        ));
    }
    tokio::signal::ctrl_c().await?;
    emulator.stop().await;
    Ok(())
}

/// The secret is shown only when it is the documented one.
fn greeting(emulator: &Emulator, ca: &str, is_default_secret: bool) -> String {
    let endpoint = emulator.endpoint();
    let endpoint = endpoint.as_str().trim_end_matches('/');
    let secret = if is_default_secret {
        emulator.secret()
    } else {
        "SECRET"
    };
    format!(
        "endpoint:  {endpoint}\n\
         CA:        {ca}\n\
         sign in with the Azure CLI:\n  \
         export REQUESTS_CA_BUNDLE={ca} AZURE_CORE_INSTANCE_DISCOVERY=false\n  \
         az cloud register -n Lazuli --endpoint-resource-manager {endpoint} && az cloud set -n Lazuli\n  \
         az login --service-principal -u {} -p {secret} --tenant {}\n\
         real host names of registries and web apps:  HTTPS_PROXY={}",
        emulator.client(),
        emulator.tenant(),
        endpoint.replacen("https", "http", 1),
    )
}

/// Whoever started this may have stopped reading; the server goes on.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn say_error(text: &str) {
    let _ = writeln!(io::stderr(), "lazuli-emulator: {text}");
}
