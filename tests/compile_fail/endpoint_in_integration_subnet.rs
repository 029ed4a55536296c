//! A subnet that is handed to App Service takes no private endpoints.

use lazuli::prelude::*;
use lazuli_components::{PrivateDnsLink, PrivateRegistry};

fn declare(group: &ResourceGroup, integration: &IntegrationSubnet, dns: &PrivateDnsLink) {
    PrivateRegistry::builder(group, "registry")
        .endpoint_subnet(integration)
        .dns(dns)
        .build();
}

fn main() {}
