//! Format options are those of `format!`, which sees values and not outputs.

use lazuli::prelude::*;

fn port(port: Output<String>) -> Output<String> {
    output!("https://localhost:{port:>5}")
}

fn main() {}
