//! Subnets and private endpoints as other families see them.

use crate::wire::json;
use crate::world::Resource;

/// The type of subnets.
pub(crate) const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";
/// The type of private endpoints.
pub(crate) const PRIVATE_ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
/// The right to put something into a subnet.
pub(crate) const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
/// What App Service integration asks of a subnet.
pub(crate) const WEB_DELEGATION: &str = "Microsoft.Web/serverFarms";

/// Whether a subnet is delegated to a service.
pub(crate) fn is_delegated(subnet: &Resource, service: &str) -> bool {
    json::items(&subnet.body["properties"]["delegations"])
        .any(|one| json::same(json::text(&one["properties"]["serviceName"]), service))
}
