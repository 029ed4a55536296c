//! A storage service in memory, and a way to it that goes wrong.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use lazuli_engine::{Condition, Object, ObjectError, Objects, Tag};
use lazuli_remote::{Address, Bucket};

/// A service in memory, through the crate that the real ones are reached with.
pub(crate) fn memory() -> Arc<dyn Objects> {
    let address = Address::parse("azblob://account/container/team").unwrap();
    let store = Arc::new(object_store::memory::InMemory::new());
    Arc::new(Bucket::new(store, &address).unwrap())
}

/// Every object of a service.
pub(crate) fn objects(service: &dyn Objects) -> Vec<(String, Vec<u8>)> {
    let mut names = service.list("p").unwrap();
    names.sort();
    let read = |(name, _): (String, SystemTime)| {
        let bytes = service.get(&name).unwrap().unwrap().bytes;
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives.
    Refused,
    /// It is done; its answer never arrives.
    AnswerLost,
    /// It is done later, right before the next one; nobody waited for that.
    Late,
    /// From now on nothing arrives: the process is cut off, as if it were killed.
    CutOff,
}

/// Asked before each write, with its number and name; what it does happens in between.
pub(crate) type FaultRule = dyn Fn(usize, &str) -> Option<Fault> + Send + Sync;

type Write = (String, Vec<u8>, Condition);

/// A way to a service on which writes go wrong.
pub(crate) struct Faulty {
    inner: Arc<dyn Objects>,
    rule: Box<FaultRule>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    writes: usize,
    is_cut_off: bool,
    under_way: Option<Write>,
    struck: bool,
}

impl Faulty {
    pub(crate) fn new(
        inner: Arc<dyn Objects>,
        rule: impl Fn(usize, &str) -> Option<Fault> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            inner,
            rule: Box::new(rule),
            now: Mutex::default(),
        })
    }

    /// The `number`th write goes wrong.
    pub(crate) fn at(inner: Arc<dyn Objects>, number: usize, fault: Fault) -> Arc<Self> {
        Self::new(inner, move |write, _| (write == number).then_some(fault))
    }

    /// Whether anything went wrong.
    pub(crate) fn has_struck(&self) -> bool {
        self.now.lock().unwrap().struck
    }

    /// What was late arrives now.
    fn arrive(&self) -> Result<(), ObjectError> {
        let mut now = self.now.lock().unwrap();
        if let Some((name, bytes, condition)) = now.under_way.take() {
            let _ = self.inner.put(&name, &bytes, &condition);
        }
        if now.is_cut_off {
            Err(timeout())
        } else {
            Ok(())
        }
    }
}

fn timeout() -> ObjectError {
    ObjectError::Failed {
        message: "no answer within 30 s".into(),
        help: "see that the service can be reached".into(),
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl Objects for Faulty {
    fn url(&self) -> String {
        self.inner.url()
    }

    fn get(&self, name: &str) -> Result<Option<Object>, ObjectError> {
        self.arrive()?;
        self.inner.get(name)
    }

    fn put(&self, name: &str, bytes: &[u8], condition: &Condition) -> Result<Tag, ObjectError> {
        self.arrive()?;
        let number = {
            let mut now = self.now.lock().unwrap();
            now.writes += 1;
            now.writes - 1
        };
        let fault = (self.rule)(number, name);
        if fault.is_some() {
            self.now.lock().unwrap().struck = true;
        }
        match fault {
            None => self.inner.put(name, bytes, condition),
            Some(Fault::Refused) => Err(timeout()),
            Some(Fault::AnswerLost) => {
                let _ = self.inner.put(name, bytes, condition);
                Err(timeout())
            }
            Some(Fault::Late) => {
                let write = (name.to_owned(), bytes.to_vec(), condition.clone());
                self.now.lock().unwrap().under_way = Some(write);
                Err(timeout())
            }
            Some(Fault::CutOff) => {
                self.now.lock().unwrap().is_cut_off = true;
                Err(timeout())
            }
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, SystemTime)>, ObjectError> {
        self.arrive()?;
        self.inner.list(folder)
    }

    fn remove(&self, name: &str) -> Result<(), ObjectError> {
        self.arrive()?;
        self.inner.remove(name)
    }
}

/// A service whose clock runs ahead on request.
pub(crate) struct Clocked {
    inner: Arc<dyn Objects>,
    clock: Mutex<Clock>,
}

#[derive(Default)]
struct Clock {
    ahead: Duration,
    /// How far ahead the clock was when an object was written.
    written: HashMap<String, Duration>,
}

impl Clocked {
    pub(crate) fn new(inner: Arc<dyn Objects>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            clock: Mutex::default(),
        })
    }

    /// Time passes for the service.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.lock().unwrap().ahead += time;
    }

    fn told(&self, name: &str, written: SystemTime) -> SystemTime {
        let clock = self.clock.lock().unwrap();
        written + clock.written.get(name).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Clocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clocked")
    }
}

impl Objects for Clocked {
    fn url(&self) -> String {
        self.inner.url()
    }

    fn get(&self, name: &str) -> Result<Option<Object>, ObjectError> {
        let told = |object: Object| Object {
            written: self.told(name, object.written),
            ..object
        };
        Ok(self.inner.get(name)?.map(told))
    }

    fn put(&self, name: &str, bytes: &[u8], condition: &Condition) -> Result<Tag, ObjectError> {
        let tag = self.inner.put(name, bytes, condition)?;
        let mut clock = self.clock.lock().unwrap();
        let ahead = clock.ahead;
        clock.written.insert(name.to_owned(), ahead);
        Ok(tag)
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, SystemTime)>, ObjectError> {
        let listed = self.inner.list(folder)?.into_iter();
        let told = listed.map(|(name, written)| {
            let written = self.told(&name, written);
            (name, written)
        });
        Ok(told.collect())
    }

    fn remove(&self, name: &str) -> Result<(), ObjectError> {
        self.inner.remove(name)
    }
}
