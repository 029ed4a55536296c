//! A placeholder without an argument.

use lazuli::prelude::*;

fn url(app: &WebApp) -> Output<String> {
    output!("https://{}/{}", app.default_host_name())
}

fn main() {}
