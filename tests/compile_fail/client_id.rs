//! The identity that pulls is named by its client id, not by its resource id.

use lazuli::prelude::*;

fn configure(identity: &UserAssignedIdentity) -> SiteConfig {
    SiteConfig::builder()
        .acr_user_managed_identity(identity.id())
        .build()
}

fn main() {}
