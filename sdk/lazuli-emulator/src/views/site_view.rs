//! Apps as networks and the web front see them.

use crate::wire::json;
use crate::world::{Resource, World};

/// The type of sites.
pub(crate) const SITE: &str = "Microsoft.Web/sites";
/// The type of deployment slots.
pub(crate) const SLOT: &str = "Microsoft.Web/sites/slots";

/// Every site and every slot.
pub(crate) fn all(world: &World) -> Vec<Resource> {
    let mut apps = world.of_kind(SITE);
    apps.extend(world.of_kind(SLOT));
    apps
}

/// The plans whose apps are integrated in a subnet.
pub(crate) fn integrated_in(world: &World, subnet: &str) -> Vec<String> {
    let inside = all(world).into_iter().filter(|app| {
        app.text("/properties/virtualNetworkSubnetId")
            .is_some_and(|id| json::same(id, subnet))
    });
    inside
        .filter_map(|app| app.text("/properties/serverFarmId").map(str::to_owned))
        .collect()
}
