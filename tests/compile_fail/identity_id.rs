//! An image is pulled by an identity, not by an id of one: the component finds the right id itself.

use lazuli::prelude::*;
use lazuli_components::PrivateRegistry;

fn declare(registry: &PrivateRegistry, identity: &UserAssignedIdentity) {
    registry.image("site:v1").pulled_by(identity.id());
}

fn main() {}
