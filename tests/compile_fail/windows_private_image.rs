//! App Service does not pull a Windows container over a network, so an image that only a network reaches is none for it.

use lazuli::prelude::*;
use lazuli_components::{PrivateRegistry, WindowsWebApp};

fn declare(group: &ResourceGroup, plan: &WindowsContainerPlan, registry: &PrivateRegistry) {
    WindowsWebApp::builder(group, "app")
        .plan(plan)
        .image(&registry.image("site:v1"))
        .build();
}

fn main() {}
