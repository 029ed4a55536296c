//! Where a state can be kept: every place through one list of checks, storage
//! services that lose answers, stall and are cut off, two writers, and objects
//! that somebody cut, edited or moved.

mod damage;
mod faults;
mod keys;
mod places;
mod service;
mod writers;

use std::future::Ready;

use lazuli_core::{Output, Stack};

use crate::engine::cloud::{named, put, thing};

/// A secret that must be in no place in clear.
const SECRET: &str = "hunter2-hunter2";

/// Three in a row, one of them with a secret: each step waits for the one before.
fn program(stack: &Stack, v: &'static str) -> lazuli_core::Result<()> {
    let a = thing(stack.as_scope(), "a", [("v", put(v))]);
    let b = thing(
        stack.as_scope(),
        "b",
        [
            ("from", put(a.id())),
            ("password", put(Output::secret(SECRET.to_owned()))),
        ],
    );
    if v == "1" {
        named(stack.as_scope(), "c", [("from", put(b.id()))]);
    }
    stack.export("b", b.id());
    Ok(())
}

/// The program of a version, as a run takes it.
fn at(v: &'static str) -> impl FnOnce(Stack) -> Ready<lazuli_core::Result<()>> + Send {
    move |stack| std::future::ready(program(&stack, v))
}
