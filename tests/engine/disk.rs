//! Disks that fill up, lose a sync, or keep half of a write. Whatever reached
//! the disk, the next run, on a good disk, converges.

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use lazuli_core::Stack;
use lazuli_engine::{Disk, EngineError, Operation};

use super::cloud::{Bench, dated, named, put, thing};

/// What the disk does wrong, once its patience is used up.
#[derive(Debug, Clone, Copy)]
enum Failing {
    /// Nothing more is written, and every write fails.
    Full,
    /// Half of a write arrives.
    Half,
    /// Writes arrive; the sync says that they may not have.
    Sync,
}

#[derive(Debug)]
struct BadDisk {
    failing: Failing,
    /// Writes, or syncs, that still succeed.
    left: AtomicI64,
}

impl BadDisk {
    fn is_over(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) <= 0
    }
}

impl Disk for BadDisk {
    fn write(&self, file: &mut File, bytes: &[u8]) -> Result<()> {
        let full = || Error::new(ErrorKind::StorageFull, "no space left on device");
        match self.failing {
            Failing::Full if self.is_over() => Err(full()),
            Failing::Half if self.is_over() => {
                file.write_all(&bytes[..bytes.len() / 2])?;
                Err(full())
            }
            _ => file.write_all(bytes),
        }
    }

    fn sync(&self, _: &File) -> Result<()> {
        match self.failing {
            Failing::Sync if self.is_over() => Err(Error::other("the device failed")),
            _ => Ok(()),
        }
    }
}

fn program(stack: Stack, v: &'static str) -> lazuli_core::Result<()> {
    let a = dated(stack.as_scope(), "a", v);
    let n = named(stack.as_scope(), "n", [("fixed", put(v))]);
    named(n.as_scope(), "inside", [("v", put(v))]);
    let b = thing(stack.as_scope(), "b", [("from", put(a.id()))]);
    if v == "1" {
        thing(
            stack.as_scope(),
            "c",
            [("from", put(b.id())), ("v", put(v))],
        );
    }
    stack.export("b", b.id());
    Ok(())
}

fn at(v: &'static str) -> impl FnOnce(Stack) -> std::future::Ready<lazuli_core::Result<()>> + Send {
    move |stack| std::future::ready(program(stack, v))
}

/// Runs an operation on a disk that goes bad after `patience` lines; whether it did.
async fn hit(bench: &mut Bench, operation: Operation, v: &'static str, bad: BadDisk) -> bool {
    let good = std::mem::replace(&mut bench.disk, Arc::new(bad));
    let ran = bench.run(operation, at(v)).await;
    bench.disk = good;
    match ran.result {
        Ok(_) => false,
        Err(EngineError::State { message, help, .. }) => {
            assert!(message.contains("cannot be written"), "{message}");
            assert!(!help.is_empty());
            true
        }
        Err(other) => panic!("{other}"),
    }
}

async fn survives(failing: Failing) {
    let stories = [
        (Operation::Up, "1"),
        (Operation::Up, "2"),
        (Operation::Destroy, "2"),
    ];
    for (story, (operation, v)) in stories.into_iter().enumerate() {
        for patience in 0.. {
            let mut bench = Bench::new();
            for (operation, v) in &stories[..story] {
                bench.run(*operation, at(v)).await.result.unwrap();
            }
            let left = AtomicI64::new(patience);
            let was_hit = hit(&mut bench, operation, v, BadDisk { failing, left }).await;
            assert_eq!(
                bench.state().problems(),
                [""; 0],
                "{failing:?} after {patience}"
            );
            bench.run(operation, at(v)).await.result.unwrap();
            bench.assert_settled();
            if !was_hit {
                assert!(patience > 3, "{failing:?} never struck");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    survives(Failing::Full).await;
}

#[tokio::test]
async fn half_a_write_loses_nothing() {
    survives(Failing::Half).await;
}

#[tokio::test]
async fn a_failing_sync_loses_nothing() {
    survives(Failing::Sync).await;
}
