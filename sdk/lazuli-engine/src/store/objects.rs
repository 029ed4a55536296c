//! What a remote state needs of a storage service: named objects, written under
//! a condition. Everything else (lock, journal, snapshots, sealing) is made of
//! that by [`super::remote`], so that a service is little code.

use std::fmt::Debug;
use std::time::SystemTime;

/// What a service calls one version of an object (an `ETag`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(pub String);

/// An object that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Which version this is.
    pub tag: Tag,
    /// When it was written, by the clock of the service.
    pub written: SystemTime,
}

/// What must be so for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// There is no object of that name.
    Absent,
    /// The object is this version.
    Is(Tag),
}

/// Why a request to a service failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The condition did not hold. When a service repeats requests by itself, an
    /// earlier try of the same write may be the reason.
    #[error("the object was changed by somebody else")]
    Conflict,
    /// Anything else. Whether a write happened is not known.
    #[error("{message}")]
    Failed {
        /// What happened, without a credential in it.
        message: String,
        /// The next step.
        help: String,
    },
}

/// The objects under one address. Calls may block; none may be made from inside
/// of an asynchronous runtime that the implementation itself runs on.
pub trait Objects: Send + Sync + Debug {
    /// The address for people, without a credential in it and without a slash at the end.
    fn url(&self) -> String;

    /// Reads an object; `None` when the service says that there is none.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    fn get(&self, name: &str) -> Result<Option<Object>, ObjectError>;

    /// Writes an object as a whole if the condition holds, in one step.
    ///
    /// # Errors
    /// See [`ObjectError`].
    fn put(&self, name: &str, bytes: &[u8], condition: &Condition) -> Result<Tag, ObjectError>;

    /// Names of the objects in a folder, and when each was written. What was
    /// written before the call is among them.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    fn list(&self, folder: &str) -> Result<Vec<(String, SystemTime)>, ObjectError>;

    /// Removes an object; that there is none is success.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    fn remove(&self, name: &str) -> Result<(), ObjectError>;

    /// Reads several objects.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    fn get_all(&self, names: &[String]) -> Result<Vec<Option<Object>>, ObjectError> {
        names.iter().map(|name| self.get(name)).collect()
    }
}
