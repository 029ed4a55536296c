//! A setter is misspelt.

use lazuli::prelude::*;

fn declare(group: &ResourceGroup, plan: &ServicePlan) {
    WebApp::builder(group, "app")
        .plan(plan)
        .http_only(true)
        .build();
}

fn main() {}
