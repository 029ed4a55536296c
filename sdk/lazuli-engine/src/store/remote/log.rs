//! The journal as objects: one segment for each group of entries, numbered
//! without a gap, each made only if it is not there.
//!
//! That rule is the fence. Whoever takes the lock over reads all segments and
//! occupies the next number; a former holder that still writes runs into it.

use std::sync::Arc;

use super::lease::Lease;
use super::names::segment;
use super::site::Site;
use crate::EngineError;
use crate::secrets::DataKey;
use crate::store::backend::Log;
use crate::store::objects::{Condition, ObjectError};

/// How often a segment whose fate is unknown is sent again.
const TRIES: u32 = 3;

pub(super) struct SegmentLog {
    pub(super) site: Site,
    pub(super) key: Arc<DataKey>,
    pub(super) lease: Arc<Lease>,
    pub(super) generation: u64,
    pub(super) next: u64,
    /// Stands before the first entry.
    pub(super) header: Option<String>,
}

impl Log for SegmentLog {
    fn append(&mut self, bytes: &[u8]) -> Result<(), String> {
        let name = segment(self.generation, self.next);
        let header = self.header.as_deref().unwrap_or_default().as_bytes();
        let sealed = self.site.seal(&self.key, &name, &[header, bytes].concat());
        let object = sealed.map_err(|error| error.to_string())?;
        if let Some(by) = self.lease.lost() {
            return Err(EngineError::TakenOver { by }.to_string());
        }
        self.write(&name, &object)?;
        self.next += 1;
        self.header = None;
        Ok(())
    }
}

impl SegmentLog {
    #[expect(
        clippy::disallowed_methods,
        reason = "the journal's own thread, which has nothing else to do"
    )]
    fn write(&self, name: &str, object: &[u8]) -> Result<(), String> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.site.put(name, object, &Condition::Absent) {
                Ok(_) if self.lease.is_fresh() => return Ok(()),
                // It took so long that somebody may have taken us for dead.
                Ok(_) => return self.lease.confirm().map_err(|error| error.to_string()),
                Err(ObjectError::Conflict) => return self.explain(name, object),
                Err(ObjectError::Failed { message, .. }) if tries == TRIES => return Err(message),
                Err(ObjectError::Failed { message, .. }) => {
                    tracing::warn!(%name, %message, "a journal segment is sent again");
                    // 200 ms, then 400 ms, of a minute.
                    std::thread::sleep(self.site.patience / 300 * tries);
                }
            }
        }
    }

    /// The segment is there already: by an earlier try of ours, or by a successor.
    fn explain(&self, name: &str, object: &[u8]) -> Result<(), String> {
        let found = self.site.get(name).map_err(|error| error.to_string())?;
        self.lease.confirm().map_err(|error| error.to_string())?;
        match found {
            Some(found) if found.bytes == object => Ok(()),
            _ => Err(format!(
                "{name} was written by something that does not hold the lock"
            )),
        }
    }
}
