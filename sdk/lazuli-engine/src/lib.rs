//! The engine: register, graph, diff, plan, execute, journal, state.
//!
//! It knows nothing of Azure, HTTP or terminals. A run is one call of [`run`]:
//! the program is polled on a thread of its own; at each quiet point the graph
//! is compared with the state (`diff`) and planned ([`plan`]); an approved plan is carried out
//! (`execute`), each mutation written ahead to the journal (`journal`); the
//! state is the fold of the journal ([`state`]).

mod blocking;
mod caught;
mod diff;
pub mod edit;
pub mod error;
pub mod event;
mod execute;
mod graph;
mod journal;
mod op;
pub mod plan;
mod program_thread;
mod run;
mod scrubbed;
mod secrets;
mod select;
mod settings;
pub mod state;
mod store;
mod topo;
mod topology;
pub mod whole_file;

pub use diff::{Because, Change, ChangeKind, Reason};
pub use edit::{Edit, Edited};
pub use error::EngineError;
pub use event::{Decision, Event, Failure, Frontend, Summary};
pub use graph::Pending;
pub use op::Op;
pub use plan::{Link, Plan, SavedPlan, Step};
pub use run::{Survey, run, survey};
pub use secrets::{
    Ask, KeyError, KeyFile, KeyProvider, Keyring, Passphrase, PlainKey, Rewrap, Sealer, WrappedKey,
};
pub use select::{Pattern, Selection};
pub use settings::{
    Operation, PlanReceiver, Settings, Stop, Stopper, TopologyReceiver, stop_channel,
};
pub use state::{Illegal, Resource, State};
pub use store::{
    Condition, Disk, History, HistoryEntry, JournalLog, LockInfo, LogEntry, LoggedOperation,
    Object, ObjectError, Objects, RealDisk, Rewrapping, Store, Tag,
};
pub use topology::{Member, MemberResource, Topology};
