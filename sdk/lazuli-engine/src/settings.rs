//! What a run is asked to do, and how it is asked to stop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lazuli_core::{Allowance, Provider, Value};

use crate::plan::SavedPlan;
use crate::select::Selection;
use crate::topology::Topology;

/// What to do with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Plan only; nothing is written, neither to the cloud nor to the state.
    Preview,
    /// Make the cloud as declared.
    Up,
    /// Delete everything in the state; the program does not run, unless
    /// [`Settings::run_program`] says so.
    Destroy,
    /// Write what the cloud has into the state; the program does not run and
    /// the cloud is not changed.
    Refresh,
    /// Record what the program declares and the cloud has; the cloud is not changed.
    Rebuild {
        /// Also when the stack has a state: what is recorded stays as it is.
        over: bool,
    },
}

impl Operation {
    /// `preview`, `up`, `destroy`, `refresh` or `rebuild`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Up => "up",
            Self::Destroy => "destroy",
            Self::Refresh => "refresh",
            Self::Rebuild { .. } => "rebuild",
        }
    }
}

/// Everything a run needs beside the program. The engine reads no environment.
#[derive(Clone)]
pub struct Settings {
    /// The project's name.
    pub project: String,
    /// The stack's name.
    pub stack: String,
    /// The stack's configuration.
    pub config: BTreeMap<String, Value>,
    /// Facts about the target, passed to the program, see `lazuli_core::program::Environment`.
    pub target: BTreeMap<String, String>,
    /// Folder for relative paths of the program.
    pub folder: PathBuf,
    /// Providers by name.
    pub providers: BTreeMap<String, Arc<dyn Provider>>,
    /// How many steps may run at once.
    pub parallel: usize,
    /// How long a program may stand still on something that is not an output before
    /// the plan is made on the assumption that it declares nothing more.
    pub settle: Duration,
    /// Fail before anything is touched if the plan has changes.
    pub expect_no_changes: bool,
    /// Who runs, for the lock: `user@host`.
    pub actor: String,
    /// Targets, excludes and forced replacements.
    pub selection: Selection,
    /// Read every resource first and plan against what is really there.
    pub refresh: bool,
    /// After a failure go on with what does not depend on it.
    pub continue_on_error: bool,
    /// Delete and replace protected resources, too.
    pub ignore_protect: bool,
    /// Findings that are allowed, with reasons, beside those of the program.
    pub allowed: Vec<Allowance>,
    /// Run the program on destroy, for its hooks around deletions.
    pub run_program: bool,
    /// Resources to adopt: urn or place, and the cloud's id.
    pub imports: BTreeMap<String, String>,
    /// Carry out exactly this plan, or nothing.
    pub saved_plan: Option<SavedPlan>,
    /// Receives the plan of a preview in its saved form.
    pub save_plan: Option<PlanReceiver>,
    /// Receives what the program declared, once the first wave is planned, and
    /// whether or not it may be carried out.
    pub inspect: Option<TopologyReceiver>,
}

/// Where a program's topology goes.
pub type TopologyReceiver = Arc<dyn Fn(Topology) + Send + Sync>;

/// Where the saved form of a plan goes.
pub type PlanReceiver = Arc<dyn Fn(SavedPlan) + Send + Sync>;

impl Settings {
    /// Settings of a run with defaults for everything that has one: no
    /// configuration, no providers, 32 steps at once, 3 s to settle.
    pub fn new(project: &str, stack: &str, folder: PathBuf) -> Self {
        Self {
            project: project.to_owned(),
            stack: stack.to_owned(),
            config: BTreeMap::new(),
            target: BTreeMap::new(),
            folder,
            providers: BTreeMap::new(),
            parallel: 32,
            settle: Duration::from_secs(3),
            expect_no_changes: false,
            actor: String::new(),
            selection: Selection::default(),
            refresh: false,
            continue_on_error: false,
            ignore_protect: false,
            allowed: Vec::new(),
            run_program: false,
            imports: BTreeMap::new(),
            saved_plan: None,
            save_plan: None,
            inspect: None,
        }
    }
}

/// The sending end of a stop request, for Ctrl-C.
#[derive(Clone)]
pub struct Stopper(Arc<tokio::sync::watch::Sender<u8>>);

/// The receiving end of a stop request.
#[derive(Clone)]
pub struct Stop(pub(crate) tokio::sync::watch::Receiver<u8>);

/// A channel for stop requests.
pub fn stop_channel() -> (Stopper, Stop) {
    let (sender, receiver) = tokio::sync::watch::channel(0);
    (Stopper(Arc::new(sender)), Stop(receiver))
}

impl Stopper {
    /// The first call lets running steps finish and starts no new ones; the
    /// second leaves at once. The journal is right either way.
    pub fn stop(&self) {
        self.0.send_modify(|level| *level = level.saturating_add(1));
    }
}

/// Ends when a stop is asked for; never, once every [`Stopper`] is dropped.
pub(crate) async fn asked(stop: &mut Stop) {
    if stop.0.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
