//! Resources of your own, in your own code.
//!
//! Two structs and one function make a kind of resource that is declared,
//! planned, recorded and tested like a built-in one:
//!
//! ```no_run
//! use lazuli::custom::*;
//! use lazuli::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! /// A text file on this machine.
//! #[derive(Serialize, Deserialize, Inputs)]
//! #[custom(TextFile, "files:TextFile")]
//! struct TextFileInputs {
//!     /// Where it is.
//!     path: String,
//!     /// What is in it.
//!     text: String,
//! }
//!
//! #[derive(Serialize, Deserialize, Outputs)]
//! #[custom(TextFile)]
//! struct TextFileOutputs {
//!     /// How long it is, in bytes.
//!     length: u64,
//! }
//!
//! /// Serves text files.
//! struct Disk;
//!
//! #[async_trait]
//! impl Custom for Disk {
//!     type Inputs = TextFileInputs;
//!     type Outputs = TextFileOutputs;
//!
//!     // The text changes in place; a file at another path is another file.
//!     fn facts(&self) -> Facts {
//!         Facts::in_place().replaced_on(["path"])
//!     }
//!
//!     async fn create(&self, wanted: Wanted<'_, TextFileInputs>) -> Result<Made<TextFileOutputs>, Failure> {
//!         let TextFileInputs { path, text } = wanted.inputs;
//!         if tokio::fs::try_exists(&path).await? {
//!             return Err(Failure::refused(format!("{path} exists")).help("choose another path"));
//!         }
//!         tokio::fs::write(&path, &text).await?;
//!         Ok(Made::new(path, TextFileOutputs { length: text.len() as u64 }))
//!     }
//!
//!     // Settles what was in flight when a run died.
//!     async fn read(
//!         &self,
//!         known: Known<'_, TextFileInputs, TextFileOutputs>,
//!     ) -> Result<Option<Made<TextFileOutputs>>, Failure> {
//!         match tokio::fs::metadata(&known.inputs.path).await {
//!             Ok(found) => Ok(Some(Made::new(known.inputs.path, TextFileOutputs { length: found.len() }))),
//!             Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
//!             Err(error) => Err(error.into()),
//!         }
//!     }
//!
//!     async fn update(
//!         &self,
//!         _: Known<'_, TextFileInputs, TextFileOutputs>,
//!         wanted: Wanted<'_, TextFileInputs>,
//!     ) -> Result<TextFileOutputs, Failure> {
//!         tokio::fs::write(&wanted.inputs.path, &wanted.inputs.text).await?;
//!         Ok(TextFileOutputs { length: wanted.inputs.text.len() as u64 })
//!     }
//!
//!     async fn delete(&self, known: Known<'_, TextFileInputs, TextFileOutputs>) -> Result<(), Failure> {
//!         match tokio::fs::remove_file(&known.inputs.path).await {
//!             Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
//!             _ => Ok(()),
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     lazuli::only(Disk).run(topology).await
//! }
//!
//! async fn topology(stack: Stack) -> Result<()> {
//!     let page = TextFile::builder(&stack, "page").path("index.html").text("<h1>hello</h1>").build();
//!     let size = page.length().map(|length| format!("{length} bytes"));
//!     TextFile::builder(&stack, "size").path("size.txt").text(&size).build();
//!     stack.export("size", size);
//!     Ok(())
//! }
//! ```
//!
//! [`with`](crate::with) instead of [`only`](crate::only) makes a program of custom
//! kinds and Azure. `read`, `update` and `delete` may be left out; [`Custom`] says
//! what happens then. Every other error than a [`Failure`], passed on with `?`,
//! counts as an unknown outcome: the engine reads the resource to find out.
//!
//! In unit tests, [`Mocks::with`](crate::testing::Mocks::with) serves a kind by your
//! own code, for example with a client that is a fake, and
//! [`Mocks::mocking`](crate::testing::Mocks::mocking) by a mock.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

pub use async_trait::async_trait;
use lazuli_cli::{
    CliError, ConnectRequest, Connection, OfflineTarget, OpenWorld, Page, Platform, ProgramInfo,
    ServiceRequest, Surroundings, WorldRequest,
};
use lazuli_core::Provider;
pub use lazuli_core::custom::{Custom, Facts, Failure, Inputs, Known, Made, Status, Wanted};
pub use lazuli_core::{FromValue, Lifecycle, Value};
use lazuli_engine::{KeyProvider, Objects};
pub use lazuli_macros::{Inputs, Outputs};

use crate::cloud::Clouds;
use crate::prelude::Stack;

type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// A program with kinds of resources of its own.
pub struct Program {
    providers: Providers,
    azure: bool,
    project: Option<String>,
    arguments: Option<Vec<OsString>>,
}

impl Program {
    pub(crate) fn new(azure: bool) -> Self {
        Self {
            providers: Providers::new(),
            azure,
            project: None,
            arguments: None,
        }
    }

    /// Serves a further kind.
    #[must_use]
    pub fn with(mut self, kind: impl Custom) -> Self {
        self.providers.extend([lazuli_core::custom::serve(kind)]);
        self
    }

    /// Names the project. Default: the program's crate, see [`run`](fn@crate::run).
    #[must_use]
    pub fn project(mut self, name: &str) -> Self {
        self.project = Some(name.to_owned());
        self
    }

    /// Arguments of the command line, for programs that have a command line of
    /// their own. Default: those of the process.
    #[must_use]
    pub fn arguments<S: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments = Some(arguments.into_iter().map(Into::into).collect());
        self
    }

    /// Runs the program as a tool, like [`lazuli::run`](crate::run()).
    pub async fn run<F, Fut>(self, topology: F) -> ExitCode
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        let mut surroundings = Surroundings::of_process();
        if let Some(arguments) = self.arguments {
            surroundings.args.truncate(1);
            surroundings.args.extend(arguments);
        }
        let program = match self.project {
            Some(name) => ProgramInfo { name },
            None => ProgramInfo::of_program::<F>(),
        };
        let platform = Served {
            providers: self.providers,
            azure: self.azure,
        };
        lazuli_cli::run_with(surroundings, program, topology, platform)
            .await
            .into()
    }
}

/// Custom kinds, and the clouds if the program knows them.
struct Served {
    providers: Providers,
    azure: bool,
}

impl Served {
    fn with_own(&self, azure: Option<Connection>) -> Connection {
        let alone = || Connection {
            providers: Providers::new(),
            target: BTreeMap::new(),
            label: "resources of its own".to_owned(),
            hints: Vec::new(),
            keep: Box::new(()),
        };
        let mut connection = azure.unwrap_or_else(alone);
        connection.providers.extend(self.providers.clone());
        connection
    }

    fn clouds(&self) -> Result<Clouds, CliError> {
        if !self.azure {
            return Err(CliError::usage("this program deploys nothing to Azure")
                .help("it serves its own resources only; `lazuli::with` adds Azure"));
        }
        Ok(Clouds)
    }
}

#[async_trait]
impl Platform for Served {
    async fn connect(&self, request: &ConnectRequest) -> Result<Connection, CliError> {
        let azure = if self.azure {
            Some(Clouds.connect(request).await?)
        } else {
            None
        };
        Ok(self.with_own(azure))
    }

    async fn survey(&self, request: &ConnectRequest) -> Result<OfflineTarget, CliError> {
        let mut target = self.with_own(None).offline();
        if self.azure {
            let azure = Clouds.survey(request).await?;
            target.schemas.extend(azure.schemas);
            (target.target, target.label) = (azure.target, azure.label);
        }
        Ok(target)
    }

    fn objects(&self, url: &str, request: &ServiceRequest) -> Result<Arc<dyn Objects>, CliError> {
        Clouds.objects(url, request)
    }

    fn key_vault(
        &self,
        key: Option<&str>,
        request: &ServiceRequest,
    ) -> Result<Option<Arc<dyn KeyProvider>>, CliError> {
        Clouds.key_vault(key, request)
    }

    async fn page(&self, request: &WorldRequest, url: &str) -> Result<Page, CliError> {
        self.clouds()?.page(request, url).await
    }

    async fn open(
        &self,
        request: &WorldRequest,
        listen: Option<SocketAddr>,
    ) -> Result<OpenWorld, CliError> {
        self.clouds()?.open(request, listen).await
    }

    async fn log(&self, request: &WorldRequest, site: &str) -> Result<Vec<String>, CliError> {
        self.clouds()?.log(request, site).await
    }
}

#[cfg(all(test, feature = "emulator"))]
mod tests {
    use super::*;
    use lazuli_core::custom::Inputs as InputsTrait;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Nothing {}

    impl InputsTrait for Nothing {
        const TYPE: &'static str = "test:Nothing";
    }

    struct Nobody;

    #[async_trait]
    impl Custom for Nobody {
        type Inputs = Nothing;
        type Outputs = ();

        async fn create(&self, _: Wanted<'_, Nothing>) -> Result<Made<()>, Failure> {
            Err(Failure::refused("nobody makes nothing"))
        }
    }

    #[tokio::test]
    async fn a_program_connects_to_what_it_knows_and_to_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let request = ConnectRequest {
            cloud: lazuli_cli::Cloud::Emulator,
            ca_bundle: None,
            subscription: None,
            data_dir: folder.path().join("emulator"),
            folder: folder.path().to_owned(),
            env: BTreeMap::new(),
        };
        for (program, expect) in [
            (crate::only(Nobody), &["test:Nothing"][..]),
            (crate::with(Nobody), &["azure", "test:Nothing"][..]),
        ] {
            let azure = program.azure;
            let platform = Served {
                providers: program.providers,
                azure,
            };
            let connection = platform.connect(&request).await.unwrap();
            assert!(connection.providers.keys().eq(expect));
            assert_eq!(request.data_dir.exists(), azure);
        }
    }
}
