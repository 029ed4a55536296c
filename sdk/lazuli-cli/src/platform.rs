//! What connects the tool to a cloud. The facade crate implements it, so that
//! this crate knows of no cloud at all.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use lazuli_core::{Provider, Schema};
use lazuli_engine::{KeyProvider, Objects};

use crate::CliError;

/// The way to clouds, and to the emulator's world.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// Connects to the target chosen by `--cloud`.
    ///
    /// # Errors
    /// [`CliError::cloud`] when it cannot be reached or refuses to sign in,
    /// [`CliError::usage`] when an option does not fit the target.
    async fn connect(&self, request: &ConnectRequest) -> Result<Connection, CliError>;

    /// What `verify` checks a program against: the target's schemas and facts, without
    /// signing in where that can be done. Default: those of a connection.
    ///
    /// # Errors
    /// Those of [`Platform::connect`].
    async fn survey(&self, request: &ConnectRequest) -> Result<OfflineTarget, CliError> {
        Ok(self.connect(request).await?.offline())
    }

    /// The objects of a state at a storage service: `--state URL`.
    ///
    /// # Errors
    /// [`CliError::usage`] when there is no way to that service.
    fn objects(&self, url: &str, request: &ServiceRequest) -> Result<Arc<dyn Objects>, CliError> {
        let _ = request;
        Err(CliError::usage(format!("this program has no way to {url}"))
            .help("keep the state in a folder"))
    }

    /// What opens data keys that a key vault wrapped, and wraps new ones with the
    /// given key of one; `None` when there is no way to vaults.
    ///
    /// # Errors
    /// [`CliError::usage`] when the key's address is none.
    fn key_vault(
        &self,
        key: Option<&str>,
        request: &ServiceRequest,
    ) -> Result<Option<Arc<dyn KeyProvider>>, CliError> {
        let _ = (key, request);
        Ok(None)
    }

    /// Fetches one page of the emulator's world: `emulator get URL`.
    ///
    /// # Errors
    /// [`CliError::failed`] when there is no world, or nothing answers at that address.
    async fn page(&self, request: &WorldRequest, url: &str) -> Result<Page, CliError>;

    /// Serves the emulator's world to other processes: `emulator open`.
    ///
    /// # Errors
    /// [`CliError::failed`] when there is no world or the address is taken.
    async fn open(
        &self,
        request: &WorldRequest,
        listen: Option<SocketAddr>,
    ) -> Result<OpenWorld, CliError>;

    /// The container log of a site, oldest line first: `emulator log SITE`.
    ///
    /// # Errors
    /// [`CliError::failed`] when there is no world or no such site.
    async fn log(&self, request: &WorldRequest, site: &str) -> Result<Vec<String>, CliError>;
}

/// Where to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cloud {
    /// The embedded Azure.
    Emulator,
    /// The public Azure.
    Azure,
    /// An Azure Resource Manager at this http(s) address, checked to be one without credentials in it.
    Endpoint(String),
}

impl Cloud {
    /// What a stack's folder is marked with at this target; the embedded Azure is the plain one.
    pub(crate) fn folder_suffix(&self) -> Option<String> {
        let text = match self {
            Self::Emulator => return None,
            Self::Azure => "azure",
            Self::Endpoint(address) => address
                .split_once("://")
                .map_or(address.as_str(), |(_, rest)| rest),
        };
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() || letter == '.' {
                letter
            } else {
                '-'
            }
        };
        Some(
            text.trim_end_matches('/')
                .chars()
                .map(plain)
                .collect::<String>()
                .to_ascii_lowercase(),
        )
    }
}

/// What [`Platform::connect`] needs.
#[derive(Clone)]
pub struct ConnectRequest {
    /// Where to deploy.
    pub cloud: Cloud,
    /// A PEM file with further certificate authorities; it exists and looks like one.
    pub ca_bundle: Option<PathBuf>,
    /// The subscription to deploy to.
    pub subscription: Option<String>,
    /// Where the emulator keeps its world.
    pub data_dir: PathBuf,
    /// The project's folder; relative paths of the program start here.
    pub folder: PathBuf,
    /// The process environment. It may hold credentials: never print it.
    pub env: BTreeMap<String, String>,
}

/// What a storage service or a key vault may be reached with.
#[derive(Clone)]
pub struct ServiceRequest {
    /// A PEM file with further certificate authorities; it exists and looks like one.
    pub ca_bundle: Option<PathBuf>,
    /// The process environment. It may hold credentials: never print it.
    pub env: BTreeMap<String, String>,
}

/// A target that is ready for use.
pub struct Connection {
    /// Providers by name.
    pub providers: BTreeMap<String, Arc<dyn Provider>>,
    /// Facts about the target, handed to the program.
    pub target: BTreeMap<String, String>,
    /// What people call it: `the embedded Azure`.
    pub label: String,
    /// What to do after a successful `up`, one line each; `{run}` stands for
    /// the way the user starts the program (`cargo run --`), `{output:NAME}`
    /// for an output (the hint is left out while there is no such output).
    pub hints: Vec<String>,
    /// Kept until the run is over.
    pub keep: Box<dyn Any + Send>,
}

impl Connection {
    /// What is known of the target without the connection.
    #[must_use]
    pub fn offline(&self) -> OfflineTarget {
        let providers = self.providers.iter();
        OfflineTarget {
            schemas: providers
                .map(|(name, provider)| (name.clone(), provider.schema()))
                .collect(),
            target: self.target.clone(),
            label: self.label.clone(),
        }
    }
}

/// A target that programs are checked against, and nothing is deployed to.
#[derive(Clone)]
pub struct OfflineTarget {
    /// Schemas by the names of their providers.
    pub schemas: BTreeMap<String, Arc<dyn Schema>>,
    /// Facts about the target, handed to the program.
    pub target: BTreeMap<String, String>,
    /// What people call it: `the embedded Azure`.
    pub label: String,
}

/// Which of the emulator's worlds is meant.
#[derive(Clone)]
pub struct WorldRequest {
    /// Where it is kept.
    pub data_dir: PathBuf,
    /// The process environment.
    pub env: BTreeMap<String, String>,
}

/// An answer of the world's web front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Headers in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// A world that is being served until this is dropped.
pub struct OpenWorld {
    /// What to tell the user: addresses, how to point a browser or `az` at them.
    pub lines: Vec<String>,
    /// Serves while it lives.
    pub keep: Box<dyn Any + Send>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_marks_the_folder_in_its_own_way() {
        let endpoint = |address: &str| Cloud::Endpoint(address.to_owned()).folder_suffix();
        assert_eq!(Cloud::Emulator.folder_suffix(), None);
        assert_eq!(Cloud::Azure.folder_suffix().as_deref(), Some("azure"));
        assert_eq!(
            endpoint("https://127.0.0.1:8443").as_deref(),
            Some("127.0.0.1-8443")
        );
        assert_eq!(
            endpoint("https://Management.example/arm/").as_deref(),
            Some("management.example-arm")
        );
    }
}
