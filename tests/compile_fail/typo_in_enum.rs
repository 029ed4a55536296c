//! A value is misspelt.

use lazuli::prelude::*;

fn declare(group: &ResourceGroup) {
    Registry::builder(group, "registry")
        .sku(RegistrySku::Premum)
        .build();
}

fn main() {}
