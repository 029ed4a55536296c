//! One argument is missing.

use lazuli::prelude::*;

fn declare(group: &ResourceGroup) {
    WebApp::builder(group, "app").https_only(true).build();
}

fn main() {}
