//! A builder is not a resource before `.build()`.

use lazuli::prelude::*;

fn declare(group: &ResourceGroup) {
    let first = VirtualNetwork::builder(group, "first").address_space(["10.0.0.0/16"]);
    VirtualNetwork::builder(group, "second")
        .address_space(["10.1.0.0/16"])
        .depends_on(&first)
        .build();
}

fn main() {}
