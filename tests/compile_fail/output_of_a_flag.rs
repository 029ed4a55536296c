//! A value that is not a text.

use lazuli::prelude::*;

fn image(host: &Output<String>, is_new: bool) -> Output<String> {
    output!("{host}/{is_new}")
}

fn main() {}
