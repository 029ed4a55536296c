//! A name between braces that is neither a variable nor an argument.

use lazuli::prelude::*;

fn url(host: Output<String>) -> Output<String> {
    output!("https://{hots}/", host = host)
}

fn main() {}
