//! An argument without a placeholder.

use lazuli::prelude::*;

fn url(app: &WebApp, path: &str) -> Output<String> {
    output!("https://{}/path", app.default_host_name(), path)
}

fn main() {}
