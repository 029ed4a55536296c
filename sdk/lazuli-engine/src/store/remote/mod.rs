//! A stack's state as objects of a storage service.
//!
//! ```text
//! PREFIX/PROJECT/STACK/head.json                  epoch, lock, wrapped data key, name of the snapshot
//!                      journal/G/N.sealed         segment N of the entries since generation G
//!                      snapshots/G-E.sealed       snapshot of generation G, written in epoch E
//!                      runs/TIME-ID.sealed        one line on a run
//! ```
//! Correctness comes from conditional writes only: a segment is made if it is not
//! there, the head is replaced if it is the version that was read. The lock keeps
//! people from running into each other; it is part of the head, so that taking it
//! over takes the right to replace the head away from its former holder.

mod head;
mod lease;
mod log;
mod names;
mod sealed;
mod site;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use self::head::{Head, Note};
use self::lease::{Lease, Moment, RemoteLock};
use self::log::SegmentLog;
use self::site::{Found, RESTORING, Site, identity};
use super::backend::{Backend, Blobs, KEPT_SNAPSHOTS, Keys, Located, Lock, Log, What};
use super::lock::{LockGuard, LockInfo, holder_text, now};
use super::objects::{Condition, ObjectError, Objects};
use crate::EngineError;
use crate::secrets::{DataKey, Keyring, PlainKey, Rewrap};

/// A holder that is silent for that long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a lock is tried for when others change the head at the same time.
const TRIES: usize = 5;
/// Segments of former generations stay for that long. A former holder that was cut
/// off in the middle of a write runs into them; one that is silent for longer asks
/// the head before it believes that a write of its own counts.
const KEPT_SEGMENTS: Duration = Duration::from_secs(3600);
const KEPT_RUNS: usize = 500;
const SHOWN_RUNS: usize = 100;

/// A stack's state at a storage service.
#[derive(Debug)]
pub(super) struct Remote {
    site: Site,
    keyring: Keyring,
    key: OnceLock<Arc<DataKey>>,
    lease: Mutex<Option<Arc<Lease>>>,
}

impl Remote {
    pub(super) fn new(objects: Arc<dyn Objects>, project: &str, stack: &str) -> Self {
        Self::at(Site {
            objects,
            stack: format!("{project}/{stack}"),
            patience: PATIENCE,
        })
    }

    fn at(site: Site) -> Self {
        Self {
            site,
            keyring: Keyring::default(),
            key: OnceLock::new(),
            lease: Mutex::new(None),
        }
    }

    /// Another stack of the same project, with the same keys.
    pub(super) fn of_stack(&self, stack: &str) -> Self {
        let project = self.site.stack.split('/').next().unwrap_or_default();
        let site = Site {
            stack: format!("{project}/{stack}"),
            ..self.site.clone()
        };
        Self::at(site).with_keys(self.keyring.clone())
    }

    pub(super) fn with_keys(&self, keyring: Keyring) -> Self {
        Self {
            keyring,
            ..Self::at(self.site.clone())
        }
    }

    pub(super) fn with_patience(&self, patience: Duration) -> Self {
        let site = Site {
            patience,
            ..self.site.clone()
        };
        Self::at(site).with_keys(self.keyring.clone())
    }

    fn lease(&self) -> Option<Arc<Lease>> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        lease.clone()
    }

    fn held(&self) -> Result<Arc<Lease>, EngineError> {
        self.lease().ok_or_else(|| EngineError::Internal {
            message: "the state is written without its lock".into(),
        })
    }

    fn key_error(&self, error: crate::secrets::KeyError) -> EngineError {
        EngineError::key(self.site.file(head::NAME), error)
    }

    /// The head; makes the first one when there is none.
    fn head_or_first(&self) -> Result<Found, EngineError> {
        for _ in 0..TRIES {
            if let Some(found) = self.site.head()? {
                return Ok(found);
            }
            let wrapped = PlainKey::fresh().and_then(|key| self.keyring.wrap(&key));
            let head = Head::new(wrapped.map_err(|error| self.key_error(error))?);
            match self
                .site
                .put(head::NAME, &head.to_bytes(), &Condition::Absent)
            {
                Ok(_) | Err(ObjectError::Conflict) => {}
                Err(error) => return Err(self.site.failed(head::NAME, error)),
            }
        }
        Err(self
            .site
            .damaged(head::NAME, "it was written and is not there"))
    }

    /// Takes the lock in the head; says whether a former holder may still write.
    fn take(&self, id: &str, holder: &str) -> Result<(Arc<Lease>, bool), EngineError> {
        for _ in 0..TRIES {
            let found = self.head_or_first()?;
            if let Some(note) = &found.head.lock {
                self.check_dead(note, found.written)?;
            }
            let fence = found.head.lock.is_some() || found.head.unclean;
            let mut head = found.head;
            head.epoch += 1;
            if head.lock.is_some() {
                head.taken_by = Some(holder.to_owned());
            }
            head.unclean = fence;
            head.lock = Some(Note {
                id: id.to_owned(),
                holder: holder.to_owned(),
                seconds: self.site.patience.as_secs(),
                renewal: 0,
            });
            let alive = Moment::now();
            let put = self
                .site
                .put(head::NAME, &head.to_bytes(), &Condition::Is(found.tag));
            let lease = |head, tag| Lease::new(self.site.clone(), id.to_owned(), head, tag, alive);
            match put {
                Ok(tag) => return Ok((lease(head, tag), fence)),
                // Whatever the answer says: if it is our note, the lock is ours.
                Err(error) => match self.site.head()? {
                    Some(now) if now.head.is_held_by(id) => {
                        return Ok((lease(now.head, now.tag), fence));
                    }
                    _ if error == ObjectError::Conflict => {}
                    _ => return Err(self.site.failed(head::NAME, error)),
                },
            }
        }
        Err(self.site.failed(head::NAME, ObjectError::Conflict))
    }

    /// A lock whose holder still gives signs of life is not taken.
    fn check_dead(&self, note: &Note, written: SystemTime) -> Result<(), EngineError> {
        let silent = self
            .site
            .time()?
            .duration_since(written)
            .unwrap_or_default();
        let holder = self.site.holder(note, Some(silent));
        if holder.is_expired() {
            tracing::warn!(holder = %holder.text, "the lock's holder is taken for dead; the lock is taken over");
            return Ok(());
        }
        Err(EngineError::Locked {
            holder: format!(
                "{}; its last sign of life was {} s ago, after {} s without one the lock is free",
                holder.text,
                silent.as_secs(),
                note.seconds
            ),
            file: holder.place,
        })
    }

    /// Occupies the end of the journal, so that a former holder runs into it.
    fn fence(&self, key: &DataKey, generation: u64) -> Result<(), EngineError> {
        let mut number = self.site.segments(generation)? + 1;
        loop {
            let name = names::segment(generation, number);
            let object = self.site.seal(key, &name, b"")?;
            match self.site.put(&name, &object, &Condition::Absent) {
                Ok(_) => return Ok(()),
                Err(ObjectError::Conflict) => {
                    let found = self.site.get(&name);
                    let found = found.map_err(|error| self.site.failed(&name, error))?;
                    if found.is_some_and(|found| found.bytes == object) {
                        return Ok(());
                    }
                    number += 1;
                }
                Err(error) => return Err(self.site.failed(&name, error)),
            }
        }
    }

    /// Removes what nobody needs any more. That this fails must not fail the run.
    fn clean(&self, generation: u64) {
        let listed = match self.site.list("") {
            Ok(listed) => listed,
            Err(cause) => {
                tracing::warn!(%cause, "old objects of the state were not removed");
                return;
            }
        };
        // The snapshot that was just written: what time it is for the service.
        let Some(now) = listed.iter().map(|(_, written)| *written).max() else {
            return;
        };
        let in_folder = |folder: &'static str| {
            let names = listed.iter().map(|(name, _)| name);
            names.filter(move |name| name.starts_with(folder))
        };
        let surplus = |folder: &'static str, kept: usize| {
            let surplus = in_folder(folder).count().saturating_sub(kept);
            in_folder(folder).take(surplus)
        };
        let is_old = |written: &SystemTime| {
            now.duration_since(*written)
                .is_ok_and(|age| age > KEPT_SEGMENTS)
        };
        let outlived = listed.iter().filter(|(name, written)| {
            let former = names::parse(name).is_some_and(|(of, _)| of < generation);
            (former || name.starts_with("clock/")) && is_old(written)
        });
        let outlived = outlived.map(|(name, _)| name);
        let snapshots = surplus("snapshots/", KEPT_SNAPSHOTS + 1);
        let runs = surplus("runs/", KEPT_RUNS);
        for name in snapshots.chain(runs).chain(outlived) {
            if let Err(cause) = self.site.objects.remove(&self.site.name(name)) {
                tracing::warn!(%cause, %name, "an old object of the state was not removed");
            }
        }
    }
}

impl Located for Remote {
    fn at(&self, what: What) -> PathBuf {
        match what {
            What::Stack => {
                PathBuf::from(format!("{}/{}", self.site.objects.url(), self.site.stack))
            }
            What::Snapshot => self.site.file("snapshots"),
            What::Journal(generation) => self.site.file(&names::folder(generation)),
        }
    }

    fn restoring(&self) -> &'static str {
        RESTORING
    }

    fn broken(&self, _: u64, cause: &str) -> EngineError {
        if let Some(by) = self.lease().and_then(|lease| lease.lost()) {
            return EngineError::TakenOver { by };
        }
        EngineError::State {
            file: self.site.file("journal"),
            message: format!("the journal cannot be written: {cause}"),
            help: "see that the storage can be reached and written, then run the command again; what was in flight is \
                   settled then"
                .into(),
        }
    }
}

impl Blobs for Remote {
    fn prepare(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn snapshot(&self) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(found) = self.site.head()? else {
            return Ok(None);
        };
        let Some(name) = found.head.snapshot else {
            return Ok(None);
        };
        let Some(key) = self.data_key(false)? else {
            return Ok(None);
        };
        let object = self.site.get(&name);
        match object.map_err(|error| self.site.failed(&name, error))? {
            Some(object) => self.site.open(&key, &name, &object).map(Some),
            None => Err(self
                .site
                .damaged(&name, "it is the current snapshot, and is gone")),
        }
    }

    fn journal(&self, generation: u64) -> Result<Vec<u8>, EngineError> {
        let count = self.site.segments(generation)?;
        let Some(key) = self.data_key(false)?.filter(|_| count > 0) else {
            return Ok(Vec::new());
        };
        let names: Vec<_> = (1..=count)
            .map(|number| names::segment(generation, number))
            .collect();
        let full: Vec<_> = names.iter().map(|name| self.site.name(name)).collect();
        let objects = self.site.objects.get_all(&full);
        let objects =
            objects.map_err(|error| self.site.failed(&names::folder(generation), error))?;
        let mut text = Vec::new();
        for (name, object) in names.iter().zip(objects) {
            let Some(object) = object else {
                return Err(self.site.damaged(name, "it was listed, and is gone"));
            };
            text.append(&mut self.site.open(&key, name, &object)?);
        }
        Ok(text)
    }

    fn former_journal(&self, generation: u64) -> Result<Vec<u8>, EngineError> {
        // Its segments stay for a while.
        self.journal(generation)
    }

    fn log(&self, generation: u64, whole: u64, header: &str) -> Result<Box<dyn Log>, EngineError> {
        let lease = self.held()?;
        let key = self.data_key(true)?;
        let key = key.ok_or_else(|| EngineError::Internal {
            message: "the state has no data key".into(),
        })?;
        Ok(Box::new(SegmentLog {
            site: self.site.clone(),
            key,
            lease,
            generation,
            next: self.site.segments(generation)? + 1,
            header: (whole == 0).then(|| header.to_owned()),
        }))
    }

    fn has_entries(&self, generation: u64, _: &str) -> bool {
        // When that is not known, a snapshot does no harm.
        !matches!(self.site.segments(generation), Ok(0))
    }

    fn replace(&self, generation: u64, parts: &[&[u8]]) -> Result<(), EngineError> {
        let lease = self.held()?;
        let key = self.data_key(true)?;
        let key = key.ok_or_else(|| EngineError::Internal {
            message: "the state has no data key".into(),
        })?;
        let next = generation + 1;
        let name = format!("snapshots/{next:08}-{:08}.sealed", lease.epoch());
        let object = self.site.seal(&key, &name, &parts.concat())?;
        match self.site.put(&name, &object, &Condition::Absent) {
            Ok(_) => {}
            Err(ObjectError::Conflict) => {
                let found = self.site.get(&name);
                let found = found.map_err(|error| self.site.failed(&name, error))?;
                if found.is_none_or(|found| found.bytes != object) {
                    return Err(self.site.failed(&name, ObjectError::Conflict));
                }
            }
            Err(error) => return Err(self.site.failed(&name, error)),
        }
        lease.write(|head| {
            head.generation = next;
            head.snapshot = Some(name.clone());
        })?;
        self.clean(next);
        Ok(())
    }

    fn history(&self) -> Vec<String> {
        let read = || -> Result<Vec<String>, EngineError> {
            let Some(key) = self.data_key(false)? else {
                return Ok(Vec::new());
            };
            let failed = |error| self.site.failed("runs", error);
            let listed = self.site.list("runs").map_err(failed)?;
            let skipped = listed.len().saturating_sub(SHOWN_RUNS);
            let names: Vec<_> = listed
                .into_iter()
                .skip(skipped)
                .map(|(name, _)| name)
                .collect();
            let full: Vec<_> = names.iter().map(|name| self.site.name(name)).collect();
            let objects = self.site.objects.get_all(&full).map_err(failed)?;
            let opened = names.iter().zip(objects).filter_map(|(name, object)| {
                let line = self.site.open(&key, name, &object?).ok();
                let line = line.and_then(|line| String::from_utf8(line).ok());
                // No line of the history: it counts as a damaged one.
                Some(line.unwrap_or_else(|| name.clone()))
            });
            Ok(opened.collect())
        };
        read().unwrap_or_else(|cause| {
            tracing::warn!(%cause, "the history cannot be read");
            Vec::new()
        })
    }

    fn note_run(&self, line: &str) -> io::Result<()> {
        let key = self.data_key(false).map_err(io::Error::other)?;
        let Some(key) = key else {
            return Ok(());
        };
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3f");
        let name = format!("runs/{time}-{}.sealed", &identity()[..8]);
        let object = self.site.seal(&key, &name, line.as_bytes());
        let object = object.map_err(io::Error::other)?;
        let put = self.site.put(&name, &object, &Condition::Absent);
        put.map(drop).map_err(io::Error::other)
    }
}

impl Keys for Remote {
    fn data_key(&self, create: bool) -> Result<Option<Arc<DataKey>>, EngineError> {
        if let Some(key) = self.key.get() {
            return Ok(Some(key.clone()));
        }
        let found = if create {
            Some(self.head_or_first()?)
        } else {
            self.site.head()?
        };
        let Some(found) = found else {
            return Ok(None);
        };
        let key = self.keyring.unwrap(&found.head.key);
        let key = key.and_then(|key| DataKey::new(&key, &self.site.stack));
        let key = key.map_err(|error| self.key_error(error))?;
        Ok(Some(self.key.get_or_init(|| Arc::new(key)).clone()))
    }

    fn rewrap(&self, keyring: &Keyring, step: Rewrap) -> Result<(), EngineError> {
        let lease = self.held()?;
        let found = self.head_or_first()?;
        let wrapped = self.keyring.rewrap(&found.head.key, keyring, step);
        let wrapped = wrapped.map_err(|error| self.key_error(error))?;
        lease.write(|head| head.key.clone_from(&wrapped))
    }
}

impl Lock for Remote {
    fn lock(&self, actor: &str, doing: &str) -> Result<Box<dyn LockGuard>, EngineError> {
        // A wrong passphrase must be found out before anything is written.
        let key = self.data_key(true)?;
        let id = identity();
        let holder = holder_text(actor, std::process::id(), &now(), doing);
        let (lease, fence) = self.take(&id, &holder)?;
        let lock = RemoteLock::hold(lease.clone())?;
        if let Some(key) = key.filter(|_| fence) {
            let head = self.head_or_first()?.head;
            self.fence(&key, head.generation)?;
        }
        let mut held = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(lease);
        Ok(Box::new(lock))
    }

    fn holder(&self) -> Result<Option<LockInfo>, EngineError> {
        let Some(found) = self.site.head()? else {
            return Ok(None);
        };
        let Some(note) = &found.head.lock else {
            return Ok(None);
        };
        // Who may only read cannot learn for how long the holder was silent.
        let time = self.site.time().ok();
        let silent = time.map(|now| now.duration_since(found.written).unwrap_or_default());
        Ok(Some(self.site.holder(note, silent)))
    }

    fn release_by_force(&self, actor: &str) -> Result<(), EngineError> {
        for _ in 0..TRIES {
            let Some(found) = self.site.head()? else {
                return Ok(());
            };
            let mut head = found.head;
            if head.lock.is_none() {
                return Ok(());
            }
            head.epoch += 1;
            head.lock = None;
            head.unclean = true;
            head.taken_by = Some(holder_text(
                actor,
                std::process::id(),
                &now(),
                "state unlock",
            ));
            let condition = Condition::Is(found.tag);
            match self.site.put(head::NAME, &head.to_bytes(), &condition) {
                Ok(_) => return Ok(()),
                // The holder gave a sign of life in between.
                Err(ObjectError::Conflict) => {}
                Err(error) => return Err(self.site.failed(head::NAME, error)),
            }
        }
        Err(self.site.failed(head::NAME, ObjectError::Conflict))
    }
}

impl Backend for Remote {
    fn beside(&self, project: &str, stack: &str) -> Arc<dyn Backend> {
        let site = Site {
            stack: format!("{project}/{stack}"),
            ..self.site.clone()
        };
        Arc::new(Self::at(site).with_keys(self.keyring.clone()))
    }

    fn stacks(&self, prefix: &str) -> Result<Vec<String>, EngineError> {
        let project = self.site.stack.split('/').next().unwrap_or_default();
        let listed = self.site.objects.list(project);
        let listed = listed.map_err(|error| self.site.failed("", error))?;
        let folder = format!("{project}/");
        let stacks = listed.iter().filter_map(|(name, _)| {
            let (stack, object) = name.strip_prefix(&folder)?.split_once('/')?;
            (object == head::NAME && stack.starts_with(prefix)).then(|| stack.to_owned())
        });
        let mut stacks: Vec<_> = stacks.collect();
        stacks.sort();
        Ok(stacks)
    }
}
