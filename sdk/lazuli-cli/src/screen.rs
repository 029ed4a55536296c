//! Where text goes, and what the process is surrounded by. Everything of the
//! process (arguments, environment, streams, signals) enters through here, so
//! that tests can drive the whole tool without a process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::exit::Exit;
use crate::render::visible::{visible, visible_json};

/// A stream of text for people or programs. Clones write to the same stream.
#[derive(Clone)]
pub struct Screen {
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    terminal: bool,
    colour: bool,
}

impl Screen {
    /// A stream; `terminal` allows colour and, on the standard output, the live tree.
    pub fn new(writer: impl Write + Send + 'static, terminal: bool) -> Self {
        Self {
            writer: Arc::new(Mutex::new(Box::new(writer))),
            terminal,
            colour: terminal,
        }
    }

    /// The same stream, with or without colours in what is written for people.
    pub(crate) fn coloured(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// Whether a person looks at it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes bytes. A reader that went away (`| head`) is no error of the run.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.write_all(bytes).and_then(|()| writer.flush());
    }

    /// Writes a text for people and ends it with a line feed, unless it is empty or has one. Control characters are
    /// shown, not sent.
    pub(crate) fn text(&self, text: &str) {
        self.line(&visible(text, self.colour));
    }

    /// Writes a text for programs, as it is; a terminal gets it as people do.
    pub(crate) fn data(&self, text: &str) {
        match self.terminal {
            true => self.text(text),
            false => self.line(text),
        }
    }

    /// Writes JSON.
    pub(crate) fn json(&self, text: &str) {
        self.line(&visible_json(text));
    }

    fn line(&self, text: &str) {
        match text {
            "" => {}
            _ if text.ends_with('\n') => self.bytes(text.as_bytes()),
            _ => self.bytes(format!("{text}\n").as_bytes()),
        }
    }
}

/// Somebody who can be asked.
pub trait Prompt: Send + Sync {
    /// Asks for a yes; anything else is a no. May block.
    fn confirm(&self, question: &str) -> bool;

    /// Asks for something that must not be seen; `None` when nothing is told. May block.
    fn secret(&self, question: &str) -> Option<String> {
        let _ = question;
        None
    }
}

/// Reads what is piped into the program, to its end.
pub type Input = Arc<dyn Fn() -> std::io::Result<String> + Send + Sync>;

struct TerminalPrompt;

impl Prompt for TerminalPrompt {
    fn confirm(&self, question: &str) -> bool {
        inquire::Confirm::new(question)
            .with_default(false)
            .prompt()
            .unwrap_or(false)
    }

    fn secret(&self, question: &str) -> Option<String> {
        inquire::Password::new(question)
            .without_confirmation()
            .prompt()
            .ok()
    }
}

/// The third stop request ends the process, whatever it is doing.
const PATIENCE: u8 = 3;

/// After the system asked the process to end, requests that are under way have this long; then waits end, too. The
/// system itself waits for ten seconds or more before it kills.
const GRACE: Duration = Duration::from_secs(3);

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// A person pressed Ctrl-C, and may press it again.
    Interrupt,
    /// The system ends the process, and asks once.
    Terminate,
}

/// Where stop requests come from.
pub enum Interrupts {
    /// Ctrl-C and a request of the system to end.
    Process,
    /// A channel.
    Channel(mpsc::Receiver<()>),
}

impl Interrupts {
    /// Sends each request on; listening begins at once.
    #[expect(
        clippy::disallowed_methods,
        reason = "what blocks cannot be asked to return; journal and lock bear being killed"
    )]
    pub(crate) fn listen(self) -> mpsc::Receiver<()> {
        match self {
            Self::Channel(receiver) => receiver,
            Self::Process => {
                let (sender, receiver) = mpsc::channel(4);
                tokio::spawn(relay(signal, sender, || {
                    std::process::exit(i32::from(Exit::Stopped.code()))
                }));
                receiver
            }
        }
    }
}

/// Sends two requests on. At the third nobody answered, because a provider or
/// the program blocks: what is in flight is in the journal, and the next run
/// settles it. A request of the system counts as two, with some time between them.
async fn relay<F, Fut>(heard: F, sender: mpsc::Sender<()>, leave: impl FnOnce())
where
    F: Fn() -> Fut,
    Fut: Future<Output = std::io::Result<Signal>>,
{
    let mut sent = 1;
    while sent < PATIENCE {
        let Ok(signal) = heard().await else { return };
        // Who does not listen any more finds out by the third request.
        let _ = sender.try_send(());
        sent += 1;
        if signal == Signal::Terminate && sent < PATIENCE {
            tokio::time::sleep(GRACE).await;
            let _ = sender.try_send(());
            sent += 1;
        }
    }
    if heard().await.is_ok() {
        leave();
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        heard = tokio::signal::ctrl_c() => heard.map(|()| Signal::Interrupt),
        _ = terminate.recv() => Ok(Signal::Terminate),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<Signal> {
    tokio::signal::ctrl_c().await.map(|()| Signal::Interrupt)
}

/// Everything that the tool takes from its process.
pub struct Surroundings {
    /// Arguments, the program's own name first.
    pub args: Vec<OsString>,
    /// Environment variables whose names and values are text.
    pub env: BTreeMap<String, String>,
    /// Relative paths on the command line start here.
    pub current_dir: PathBuf,
    /// Results, plans, events.
    pub stdout: Screen,
    /// Errors and the log.
    pub stderr: Screen,
    /// Who confirms plans; `None` where nobody can be asked.
    pub prompt: Option<Arc<dyn Prompt>>,
    /// What is piped into the program.
    pub input: Input,
    /// Where stop requests come from.
    pub interrupts: Interrupts,
    /// Whether to install the log of the process.
    pub log: bool,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let env: BTreeMap<_, _> = std::env::vars_os().filter_map(text).collect();
        let capable = env.get("TERM").is_none_or(|term| term != "dumb");
        let stdout = std::io::stdout().is_terminal() && capable;
        let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self {
            args: std::env::args_os().collect(),
            env,
            current_dir: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            stdout: Screen::new(std::io::stdout(), stdout),
            stderr: Screen::new(
                std::io::stderr(),
                std::io::stderr().is_terminal() && capable,
            ),
            prompt: asks.then(|| Arc::new(TerminalPrompt) as Arc<dyn Prompt>),
            input: Arc::new(|| std::io::read_to_string(std::io::stdin())),
            interrupts: Interrupts::Process,
            log: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_of_the_system_ends_waits_after_a_while() {
        let asked = std::cell::Cell::new(false);
        let heard = || {
            let first = !asked.replace(true);
            async move {
                match first {
                    true => Ok(Signal::Terminate),
                    false => std::future::pending().await,
                }
            }
        };
        let (sender, mut receiver) = mpsc::channel(4);
        let relayed = relay(heard, sender, || panic!("nobody asked a third time"));
        let received = async {
            receiver.recv().await.unwrap();
            let first = tokio::time::Instant::now();
            receiver.recv().await.unwrap();
            first.elapsed()
        };
        tokio::select! {
            () = relayed => panic!("it goes on listening"),
            between = received => assert_eq!(between, GRACE),
        }
    }

    #[tokio::test]
    async fn the_third_request_leaves_whoever_listens() {
        for requests in 0..4_usize {
            let left = std::cell::Cell::new(requests);
            let heard = || {
                let more = left.get() > 0;
                left.set(left.get().saturating_sub(1));
                std::future::ready(match more {
                    true => Ok(Signal::Interrupt),
                    false => Err(std::io::Error::other("no more")),
                })
            };
            let (sender, mut receiver) = mpsc::channel(4);
            let mut gone = false;
            relay(heard, sender, || gone = true).await;
            let mut passed = 0;
            while receiver.try_recv().is_ok() {
                passed += 1;
            }
            assert_eq!((passed, gone), (requests.min(2), requests == 3));
        }
    }
}
