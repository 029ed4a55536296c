//! `virtualNetworks/{name}/CheckIPAddressAvailability`, and the rules for addresses given by hand.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use crate::arm::kind::Kind;
use crate::arm::providers::network::{self, prefixes, range};
use crate::arm::providers::subnets;
use crate::arm::{Answer, Call, ids, json, rbac};
use crate::wire::locations;
use crate::world::{Resource, World};

pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        list: Some(check),
        ..Kind::new("Microsoft.Network/virtualNetworks/CheckIPAddressAvailability")
    },
    Kind {
        list: Some(usages),
        ..Kind::new("Microsoft.Network/virtualNetworks/usages")
    },
];

/// How many free addresses an answer proposes.
const PROPOSED: usize = 5;

fn check(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = call.incoming.query_value("ipAddress").unwrap_or_default();
    let Ok(address) = given.parse::<Ipv4Addr>() else {
        let message = format!("IP address '{given}' is not a valid IPv4 address.");
        return Err(Answer::network(400, "InvalidIPAddressFormat", message));
    };
    let network = call.id();
    let subnet = subnets::of(call.world, &network)
        .into_iter()
        .find(|subnet| holds(subnet, address).is_some());
    let Some(subnet) = subnet else {
        let message = format!(
            "Private IP address {address} does not belong to any subnet of virtual network {network}."
        );
        return Err(Answer::network(
            400,
            "PrivateIPAddressNotInAnySubnet",
            message,
        ));
    };
    let reserved = holds(&subnet, address).is_some_and(|net| is_reserved(net, address));
    let free = !reserved && !network::taken_addresses(call.world, &subnet.id).contains(&address);
    let mut answer = json!({ "available": free });
    if !free {
        json::set(
            &mut answer,
            "availableIPAddresses",
            proposals(call.world, &subnet),
        );
    }
    json::set(&mut answer, "isPlatformReserved", reserved);
    Ok(Answer::ok(answer))
}

fn proposals(world: &World, subnet: &Resource) -> Vec<Value> {
    let found = (1..=PROPOSED)
        .rev()
        .find_map(|count| network::free_addresses(world, subnet, count));
    let found = found.unwrap_or_default().into_iter();
    found.map(|address| address.to_string().into()).collect()
}

/// The range of a subnet an address lies in.
fn holds(subnet: &Resource, address: Ipv4Addr) -> Option<Ipv4Net> {
    let mut ranges = prefixes(&subnet.body["properties"])
        .into_iter()
        .filter_map(range);
    ranges.find(|net| net.contains(&address))
}

/// Azure keeps the first four addresses of a range and the last one.
fn is_reserved(net: Ipv4Net, address: Ipv4Addr) -> bool {
    let at = u32::from(address) - u32::from(net.network());
    at < network::RESERVED_AT_START || address == net.broadcast()
}

/// Checks an address that a request wants in a subnet for itself.
///
/// # Errors
/// Outside of the subnet, kept by Azure, or taken; codes and wordings of the service.
pub(crate) fn check_static(
    world: &World,
    subnet: &Resource,
    text: &str,
    owner: &str,
) -> Result<Ipv4Addr, Answer> {
    let refuse = |code: &str, message: String| Err(Answer::network(400, code, message));
    let Ok(address) = text.parse::<Ipv4Addr>() else {
        return refuse(
            "InvalidIPAddressFormat",
            format!("IP address '{text}' is not a valid IPv4 address."),
        );
    };
    let prefix = prefixes(&subnet.body["properties"]).join(", ");
    let Some(net) = holds(subnet, address) else {
        let message = format!(
            "Private static IP address {address} does not belong to the range of subnet prefix {prefix}."
        );
        return refuse("PrivateIPAddressNotInSubnet", message);
    };
    if is_reserved(net, address) {
        let message = format!(
            "Private static IP address {address} falls within reserved IP range of subnet prefix {prefix}."
        );
        return refuse("PrivateIPAddressInReservedRange", message);
    }
    match network::holder_of(world, &subnet.id, address) {
        Some(holder) if !json::same(&holder, owner) => {
            let message = format!(
                "IP configuration {owner} is using the private IP address {address} which is already allocated to resource {holder}."
            );
            refuse("PrivateIPAddressIsAllocated", message)
        }
        _ => Ok(address),
    }
}

/// How full each subnet of a network is.
fn usages(call: &Call<'_>) -> Result<Answer, Answer> {
    let of_subnet = |subnet: Resource| {
        let ranges = prefixes(&subnet.body["properties"])
            .into_iter()
            .filter_map(range);
        let limit: u64 = ranges
            .map(|net| (1u64 << (32 - u64::from(net.prefix_len()))).saturating_sub(5))
            .sum();
        let used = network::taken_addresses(call.world, &subnet.id).len();
        json!({
            "currentValue": used, "id": subnet.id, "limit": limit, "unit": "Count",
            "name": { "localizedValue": "Subnet size and usage", "value": "SubnetSpace" },
        })
    };
    let all = subnets::of(call.world, &call.id())
        .into_iter()
        .map(of_subnet);
    Ok(Answer::list(all.collect()))
}

/// The subnet and its network's location, for what is placed into it.
pub(crate) fn subnet(call: &Call<'_>, id: &str, location: &str) -> Result<Resource, Answer> {
    let subnet = network::referenced(call.world, id, subnets::KIND, &call.id())?;
    let place = call.world.get(ids::parent(&subnet.id));
    let place = place.as_ref().and_then(|network| network.text("/location"));
    match place {
        Some(place) if !locations::same_location(place, location) => {
            Err(network::invalid_reference(id, &call.id()))
        }
        _ => {
            subnets::check_open(call.world, &subnet.id)?;
            rbac::check_linked(call, subnets::JOIN, &subnet.id)?;
            Ok(subnet)
        }
    }
}
