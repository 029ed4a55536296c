//! How bytes reach the disk. A seam for tests that let a disk fill up, or its
//! syncs fail; everybody else uses the real one.

use std::fs::File;
use std::io::{self, Write as _};

/// Writes and syncs files.
pub trait Disk: Send + Sync + std::fmt::Debug {
    /// Writes all bytes at the file's position.
    ///
    /// # Errors
    /// The system's; a part of the bytes may have been written.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    /// Returns once everything written is on the disk.
    ///
    /// # Errors
    /// The system's; whether the bytes are there is unknown then.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {}
