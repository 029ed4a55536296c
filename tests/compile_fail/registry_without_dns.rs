//! Without a zone that is linked to the network, nobody finds the endpoint.

use lazuli::prelude::*;
use lazuli_components::PrivateRegistry;

fn declare(group: &ResourceGroup, endpoints: &EndpointSubnet) {
    PrivateRegistry::builder(group, "registry")
        .endpoint_subnet(endpoints)
        .build();
}

fn main() {}
