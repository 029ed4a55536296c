//! The free size cannot be integrated with a network, so a Linux plan does not offer it.

use lazuli::prelude::*;

fn declare(group: &ResourceGroup) {
    LinuxPlan::builder(group, "plan").sku(LinuxSku::F1).build();
}

fn main() {}
