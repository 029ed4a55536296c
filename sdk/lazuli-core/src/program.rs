//! A running program as the engine sees it: started with [`launch`], driven on
//! one thread, steered from any thread through [`Remote`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::SourceLocation;
use crate::diagnostic::Allowance;
pub use crate::environment::Environment;
use crate::error::{Error, Result};
pub use crate::executor::TaskKind;
use crate::executor::{Executor, Shared, Verdict};
use crate::node::{NodeId, Provenance};
use crate::output::{Data, Roots, roots};
pub use crate::registration::{ExportEntry, Registration, RegistrationKind};
use crate::stack::{Core, Settlement, Stack};

/// A task of the program that has not ended, and what it waits on.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// What it was started for.
    pub kind: TaskKind,
    /// Where it was started.
    pub at: SourceLocation,
    /// Lines of the `.await`s it stands at.
    pub lines: Vec<SourceLocation>,
    /// What it finally waits for.
    pub roots: Roots,
}

/// The program at a moment when nothing in it is ready to run.
pub struct Report {
    /// The last message of [`Remote`] that was handled before this report.
    pub seen: u64,
    /// What is known about the program.
    pub verdict: Verdict,
    /// Declared since the last report.
    pub registrations: Vec<Registration>,
    /// Paths of scopes in which something may still be declared.
    pub open_scopes: Vec<String>,
    /// Tasks that have not ended.
    pub waiting: Vec<Waiting>,
    /// All exports so far.
    pub exports: Vec<ExportEntry>,
    /// Errors of the topology, its scopes and tasks so far.
    pub errors: Vec<Error>,
    /// Findings that the program allows, so far.
    pub allowed: Vec<Allowance>,
}

/// The program, on its thread. Neither it nor its futures ever leave it.
pub struct Program {
    executor: Rc<Executor>,
    core: Weak<Core>,
    kept: RefCell<Option<Rc<Core>>>,
    dirty: bool,
}

/// The engine's end; may be used from any thread.
#[derive(Clone)]
pub struct Remote {
    shared: Arc<Shared>,
    core: u64,
}

thread_local! {
    static CORES: RefCell<BTreeMap<u64, Weak<Core>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Starts a topology on this thread. Nothing of it runs before the first poll.
pub fn launch<F, Fut>(environment: Environment, topology: F) -> (Program, Remote)
where
    F: FnOnce(Stack) -> Fut + 'static,
    Fut: Future<Output = Result<()>> + 'static,
{
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let executor = Executor::new();
    let core = Core::new(executor.clone(), environment);
    let slot = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    CORES.with_borrow_mut(|cores| cores.insert(slot, Rc::downgrade(&core)));
    let errors = core.clone();
    let stack = Stack::root(&core);
    let at = Location::caller();
    let main = async move {
        let main = std::panic::AssertUnwindSafe(async move { topology(stack).await });
        let result = futures::FutureExt::catch_unwind(main).await;
        let result = result.unwrap_or_else(|payload| {
            Err(Error::panic(
                format!("the program {}", crate::output::panic_text(&*payload)),
                at,
            ))
        });
        if let Err(error) = result {
            errors.errors.borrow_mut().push(error);
        }
    };
    executor.spawn(TaskKind::Main, at, Box::pin(main));
    let remote = Remote {
        shared: executor.shared.clone(),
        core: slot,
    };
    let program = Program {
        executor,
        core: Rc::downgrade(&core),
        kept: RefCell::new(Some(core)),
        dirty: true,
    };
    (program, remote)
}

impl Program {
    /// Runs the program until nothing is ready; a report comes out whenever
    /// something ran since the last one.
    pub fn poll_report(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        let tick = self.executor.tick(cx);
        self.dirty |= tick.worked;
        match tick.verdict {
            Some(verdict) if self.dirty => {
                self.dirty = false;
                Poll::Ready(self.report(verdict))
            }
            _ => Poll::Pending,
        }
    }

    fn report(&self, verdict: Verdict) -> Report {
        let finished = verdict == Verdict::Finished;
        let core = self.core.upgrade();
        let core = core.as_deref();
        Report {
            seen: self.executor.done_jobs(),
            verdict,
            registrations: core
                .map(|core| std::mem::take(&mut *core.registrations.borrow_mut()))
                .unwrap_or_default(),
            // A finished program can declare nothing, whatever handles it leaked.
            open_scopes: core
                .filter(|_| !finished)
                .map(Core::open_scopes)
                .unwrap_or_default(),
            waiting: self
                .executor
                .tasks()
                .iter()
                .map(|task| waiting(task))
                .collect(),
            exports: core
                .map(|core| core.exports.borrow().clone())
                .unwrap_or_default(),
            errors: core
                .map(|core| core.errors.borrow().clone())
                .unwrap_or_default(),
            allowed: core
                .map(|core| core.allowed.borrow().clone())
                .unwrap_or_default(),
        }
    }
}

fn waiting(task: &crate::executor::Task) -> Waiting {
    let waits = task.waits();
    Waiting {
        kind: task.kind.clone(),
        at: task.at.into(),
        lines: waits.iter().map(|wait| wait.at.into()).collect(),
        roots: roots(waits.into_iter().map(|wait| wait.on)),
    }
}

impl Drop for Program {
    /// Tasks go first, then cells: no user closure runs, drop guards may.
    fn drop(&mut self) {
        self.executor.clear();
        drop(self.kept.borrow_mut().take());
    }
}

impl Remote {
    /// Settles outputs of a resource. Returns the message's number, see [`Report::seen`].
    pub fn settle(&self, id: NodeId, settlement: Settlement) -> u64 {
        self.with_core(move |core| core.settle(id, settlement))
    }

    /// Opens [`Stack::approved`].
    pub fn approve(&self) -> u64 {
        self.with_core(|core| {
            core.approved.0.settle(Data {
                value: Ok(()),
                provenance: Provenance::default(),
            })
        })
    }

    fn with_core(&self, act: impl FnOnce(&Core) + Send + 'static) -> u64 {
        let slot = self.core;
        // Jobs run on the program's thread only, where the slot leads to the core.
        self.shared.post(Box::new(move || {
            let core = CORES.with_borrow(|cores| cores.get(&slot).and_then(Weak::upgrade));
            if let Some(core) = core {
                act(&core);
            }
        }))
    }
}
