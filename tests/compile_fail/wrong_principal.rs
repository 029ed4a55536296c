//! A role is given to an identity, not to a network.

use lazuli::prelude::*;

fn declare(registry: &Registry, network: &VirtualNetwork) {
    RoleAssignment::builder(registry, "pulls")
        .role(Role::AcrPull)
        .principal(network)
        .build();
}

fn main() {}
