//! The right to write, as long as it lasts: the head as its holder knows it, signs
//! of life, and finding out that somebody else has taken over.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant, SystemTime};

use super::head::{self, Head};
use super::site::Site;
use crate::EngineError;
use crate::store::lock::LockGuard;
use crate::store::objects::{Condition, ObjectError, Tag};

/// How often a head that only our own earlier try has changed is written again.
const TRIES: usize = 4;

/// A lock that is held, shared by all that write under it.
#[derive(Debug)]
pub(super) struct Lease {
    site: Site,
    id: String,
    epoch: u64,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    head: Head,
    tag: Tag,
    /// Before the last head of ours was sent: from then on nobody takes us for dead.
    alive: Moment,
    /// Who took over.
    lost: Option<String>,
}

/// A point in time on both clocks of this machine: the one that only goes forward
/// stands still while the machine sleeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(Instant, SystemTime);

impl Moment {
    pub(super) fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    fn elapsed(self) -> Duration {
        let by_wall = self.1.elapsed().unwrap_or_default();
        self.0.elapsed().max(by_wall)
    }
}

impl Lease {
    pub(super) fn new(site: Site, id: String, head: Head, tag: Tag, alive: Moment) -> Arc<Self> {
        Arc::new(Self {
            site,
            id,
            epoch: head.epoch,
            known: Mutex::new(Known {
                head,
                tag,
                alive,
                lost: None,
            }),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Who took the lock over, as far as that is known.
    pub(super) fn lost(&self) -> Option<String> {
        self.known().lost.clone()
    }

    /// Whether nobody can have taken us for dead yet.
    pub(super) fn is_fresh(&self) -> bool {
        let known = self.known();
        known.lost.is_none() && known.alive.elapsed() < self.site.patience
    }

    /// Asks the head whether the lock is still ours.
    pub(super) fn confirm(&self) -> Result<(), EngineError> {
        let mut known = self.known();
        let (head, _) = self.read()?;
        if self.is_ours(&head) {
            return Ok(());
        }
        let by = head.successor();
        known.lost = Some(by.clone());
        Err(EngineError::TakenOver { by })
    }

    fn is_ours(&self, head: &Head) -> bool {
        head.epoch == self.epoch && head.is_held_by(&self.id)
    }

    fn read(&self) -> Result<(Head, Tag), EngineError> {
        match self.site.head()? {
            Some(found) => Ok((found.head, found.tag)),
            None => Err(EngineError::State {
                file: self.file(),
                message: "it is gone while the stack is worked on".into(),
                help: "restore it from an earlier version of the object; nothing more was written"
                    .into(),
            }),
        }
    }

    fn file(&self) -> PathBuf {
        self.site.file(head::NAME)
    }

    /// Changes the head, which also is a sign of life.
    pub(super) fn write(&self, change: impl Fn(&mut Head)) -> Result<(), EngineError> {
        let mut known = self.known();
        if let Some(by) = &known.lost {
            return Err(EngineError::TakenOver { by: by.clone() });
        }
        for _ in 0..TRIES {
            let alive = Moment::now();
            let mut new = known.head.clone();
            change(&mut new);
            let condition = Condition::Is(known.tag.clone());
            match self.site.put(head::NAME, &new.to_bytes(), &condition) {
                Ok(tag) => {
                    (known.head, known.tag, known.alive) = (new, tag, alive);
                    return Ok(());
                }
                Err(ObjectError::Conflict) => {
                    let (head, tag) = self.read()?;
                    // An earlier try of ours that came through although the answer was an error.
                    if head == new {
                        (known.head, known.tag, known.alive) = (new, tag, alive);
                        return Ok(());
                    }
                    if !self.is_ours(&head) {
                        let by = head.successor();
                        known.lost = Some(by.clone());
                        return Err(EngineError::TakenOver { by });
                    }
                    (known.head, known.tag) = (head, tag);
                }
                Err(ObjectError::Failed { message, help }) => {
                    return Err(EngineError::State {
                        file: self.file(),
                        message,
                        help,
                    });
                }
            }
        }
        Err(EngineError::State {
            file: self.file(),
            message: "it is changed again and again by something that does not take the lock"
                .into(),
            help: "find out what else writes there; what is recorded is whole".into(),
        })
    }
}

/// The lock in the hands of a run: gives signs of life, and gives the lock back.
#[derive(Debug)]
pub(super) struct RemoteLock {
    lease: Arc<Lease>,
    stop: Option<mpsc::Sender<()>>,
    renewal: Option<std::thread::JoinHandle<()>>,
}

impl RemoteLock {
    pub(super) fn hold(lease: Arc<Lease>) -> Result<Self, EngineError> {
        let (stop, stopped) = mpsc::channel();
        let renewed = lease.clone();
        let renewal = std::thread::Builder::new()
            .name("lazuli-lease".into())
            .spawn(move || renew(&renewed, &stopped))
            .map_err(|cause| EngineError::State {
                file: lease.file(),
                message: format!("the thread that keeps the lock cannot be started: {cause}"),
                help: "free resources of this machine and try again".into(),
            })?;
        Ok(Self {
            lease,
            stop: Some(stop),
            renewal: Some(renewal),
        })
    }
}

fn renew(lease: &Lease, stopped: &mpsc::Receiver<()>) {
    let pause = lease.site.patience / 3;
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(pause) {
        let renewed = lease.write(|head| {
            if let Some(note) = &mut head.lock {
                note.renewal += 1;
            }
        });
        match renewed {
            Ok(()) => {}
            Err(EngineError::TakenOver { by }) => {
                tracing::error!(%by, "the lock of the stack was taken over");
                return;
            }
            // The next try may come through; if none does, appending finds out.
            Err(cause) => tracing::warn!(%cause, "the lock could not be renewed"),
        }
    }
}

impl LockGuard for RemoteLock {}

impl Drop for RemoteLock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(renewal) = self.renewal.take() {
            let _ = renewal.join();
        }
        let freed = self.lease.write(|head| {
            head.lock = None;
            head.unclean = false;
        });
        match freed {
            Ok(()) | Err(EngineError::TakenOver { .. }) => {}
            Err(cause) => {
                tracing::warn!(%cause, "the lock could not be given back; it expires by itself");
            }
        }
    }
}
