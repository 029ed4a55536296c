//! What two operations must not work on at once.
//!
//! Every write that touches a network locks all of it (seen in real traffic: the
//! second one ends in `AnotherOperationInProgress`), a plan and its sites
//! likewise, and an endpoint and its zone group. Keys are ids in lower case.

use lazuli_arm::ResourceId;
use lazuli_core::{Declared, Value};

use crate::generated::record;

/// The keys of an operation, sorted, each once.
pub(super) fn keys(desired: &Declared) -> Vec<String> {
    let inputs = record(desired.urn.ty()).map_or(&[][..], |record| record.locks.touches);
    let inputs = inputs
        .iter()
        .filter_map(|path| desired.inputs.at(path).and_then(Value::as_str));
    let mut keys: Vec<String> = desired
        .id
        .as_deref()
        .into_iter()
        .chain(inputs)
        .filter_map(locked)
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// What must be locked to touch a resource: the network, plan or endpoint that
/// it is, or is in.
fn locked(id: &str) -> Option<String> {
    let id = ResourceId::parse(id).ok()?;
    let mut above = std::iter::successors(Some(id), ResourceId::parent);
    let found = above.find(|id| {
        let record = record(id.resource_type().as_str());
        record.is_some_and(|record| record.locks.whole)
    });
    found.map(|id| id.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use lazuli_core::Urn;
    use serde_json::json;

    use super::*;

    const GROUP: &str = "/subscriptions/S/resourceGroups/G/providers";

    fn check(ty: &str, name: &str, inputs: serde_json::Value, expected: &[&str]) {
        let desired = Declared {
            urn: Urn::new("dev", "p", "", ty, "x"),
            id: Some(format!("{GROUP}/{name}")),
            inputs: Value::from(inputs),
            timeout: None,
        };
        let expected: Vec<String> = expected
            .iter()
            .map(|key| format!("{GROUP}/{key}").to_lowercase())
            .collect();
        assert_eq!(keys(&desired), expected, "{ty}");
    }

    #[test]
    fn writes_that_touch_a_network_share_its_key() {
        let network = "Microsoft.Network/virtualNetworks/V";
        let subnet = format!("{network}/subnets/a");
        let subnet_id = format!("{GROUP}/{subnet}");
        let plan_id = format!("{GROUP}/Microsoft.Web/serverFarms/P");
        check(
            "Microsoft.Network/virtualNetworks",
            network,
            json!({}),
            &[network],
        );
        check(
            "Microsoft.Network/virtualNetworks/subnets",
            &subnet,
            json!({}),
            &[network],
        );
        let endpoint = "Microsoft.Network/privateEndpoints/E";
        let inputs = json!({"properties": {"subnet": {"id": subnet_id}}});
        check(
            "Microsoft.Network/privateEndpoints",
            endpoint,
            inputs,
            &[endpoint, network],
        );
        let zones = format!("{endpoint}/privateDnsZoneGroups/z");
        check(
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
            &zones,
            json!({}),
            &[endpoint],
        );
        let inputs =
            json!({"properties": {"virtualNetworkSubnetId": subnet_id, "serverFarmId": plan_id}});
        let plan = "Microsoft.Web/serverFarms/P";
        check(
            "Microsoft.Web/sites",
            "Microsoft.Web/sites/s",
            inputs,
            &[network, plan],
        );
        check("Microsoft.Web/serverfarms", plan, json!({}), &[plan]);
        check(
            "Microsoft.Network/privateDnsZones",
            "Microsoft.Network/privateDnsZones/z",
            json!({}),
            &[],
        );
    }
}
