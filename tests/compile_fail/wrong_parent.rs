//! A subnet is declared in a network.

use lazuli::prelude::*;

fn declare(group: &ResourceGroup) {
    Subnet::builder(group, "subnet")
        .address_prefix("10.0.0.0/24")
        .build();
}

fn main() {}
