//! Options are written by chaining; what they hold is the engine's.

use lazuli::prelude::*;

fn of_the_database() -> Options {
    let mut options = Options::new().protect();
    options.protect = Some(false);
    options
}

fn main() {}
