//! Each kind of registry takes its own kinds of credentials.

use lazuli_components::{BasicLogin, CustomRegistry, PrivateRegistry, ServicePrincipal};

fn declare(azure: &PrivateRegistry, other: &CustomRegistry) {
    azure.image("site:v1").pulled_with(BasicLogin::new("ada", "password"));
    other.image("site:v1").pulled_with(ServicePrincipal::new("client", "secret"));
}

fn main() {}
