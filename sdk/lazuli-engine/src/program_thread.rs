//! The thread a program runs on. The user's own computation cannot stall the
//! engine, and the program need not be `Send`.

use lazuli_core::Stack;
use lazuli_core::node::NodeId;
use lazuli_core::program::{self, Environment, Remote, Report};
use lazuli_core::stack::Settlement;
use tokio::sync::{mpsc, oneshot};

/// How many reports may wait; then the program waits until the engine has seen them.
const REPORTS: usize = 64;

/// A running program: reports come in, settlements go out.
pub(crate) struct ProgramThread {
    remote: Remote,
    reports: mpsc::Receiver<Report>,
    last_sent: u64,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl ProgramThread {
    /// Starts the topology on a thread of its own, within the current runtime.
    pub(crate) async fn start<F, Fut>(
        environment: Environment,
        topology: F,
    ) -> std::io::Result<Self>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        let (sender, reports) = mpsc::channel(REPORTS);
        let (stop, stopped) = oneshot::channel();
        let (hello, remote) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::Builder::new()
            .name("lazuli-program".into())
            .spawn(move || {
                let (program, remote) = program::launch(environment, topology);
                // The engine waits for this; if it is gone there is nothing to run for.
                if hello.send(remote).is_ok() {
                    // Unconstrained: tokio's fairness budget would make ready outputs look pending.
                    runtime.block_on(tokio::task::coop::unconstrained(drive(
                        program, sender, stopped,
                    )));
                }
            })?;
        let remote = remote
            .await
            .map_err(|_| std::io::Error::other("the program's thread ended at once"))?;
        Ok(Self {
            remote,
            reports,
            last_sent: 0,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The next report; `None` when the thread has ended.
    pub(crate) async fn report(&mut self) -> Option<Report> {
        self.reports.recv().await
    }

    /// Passes a resource to the program.
    pub(crate) fn settle(&mut self, id: NodeId, settlement: Settlement) {
        self.last_sent = self.remote.settle(id, settlement);
    }

    /// Lets the program's own actions go ahead.
    pub(crate) fn approve(&mut self) {
        self.last_sent = self.remote.approve();
    }

    /// Whether a report was made after everything that was sent.
    pub(crate) fn is_current(&self, report_seen: u64) -> bool {
        report_seen >= self.last_sent
    }
}

async fn drive(
    mut program: program::Program,
    reports: mpsc::Sender<Report>,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        let next = async {
            let report = std::future::poll_fn(|cx| program.poll_report(cx)).await;
            reports.send(report).await
        };
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            sent = next => if sent.is_err() { return },
        }
    }
}

impl Drop for ProgramThread {
    /// Ends the program: its tasks are dropped where they stand. A thread that
    /// is busy in the user's own code is left behind rather than waited for.
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.is_finished()
        {
            let _ = thread.join();
        }
    }
}
