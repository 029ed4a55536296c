//! `Microsoft.Network/virtualNetworks/subnets`: ranges, delegations, and what holds on to a subnet.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::network::{self, inline_child, network_of, overlap, prefixes, range};
use super::networking::{NAT_GATEWAY, ROUTE_TABLE, SECURITY_GROUP, delegations as services};
use super::virtual_networks::bad_prefix;
use crate::arm::kind::Kind;
use crate::arm::shape::{self, Asked, Holds::*, Rule};
use crate::arm::{Answer, Call, ids, json};
pub(crate) use crate::views::network_view::{JOIN, SUBNET as KIND, WEB_DELEGATION, is_delegated};
use crate::views::site_view;
use crate::world::{Resource, World};

pub(crate) const KINDS: [Kind; 3] = [
    Kind {
        put: Some(put),
        delete: Some(delete),
        view: Some(view),
        ..Kind::new(KIND)
    },
    Kind {
        list: Some(association_links),
        ..Kind::new("Microsoft.Network/virtualNetworks/subnets/serviceAssociationLinks")
    },
    Kind {
        list: Some(navigation_links),
        ..Kind::new("Microsoft.Network/virtualNetworks/subnets/resourceNavigationLinks")
    },
];

/// The subnets of a network, by name.
pub(crate) fn of(world: &World, network: &str) -> Vec<Resource> {
    world
        .under(network)
        .into_iter()
        .filter(|resource| resource.kind == KIND)
        .collect()
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let properties = json::properties(call.object()?)?;
    check_name(call.target.name())?;
    let id = call.id();
    let network = network_of(&id).to_owned();
    let subnet = build(call.world, &id, &properties)?;
    let parent = call.world.get(&network).ok_or_else(|| call.not_found())?;
    let space: Vec<Ipv4Net> =
        json::items(&parent.body["properties"]["addressSpace"]["addressPrefixes"])
            .filter_map(|v| range(v.as_str()?))
            .collect();
    check_inside(&space, &subnet, ids::name_of(&network))?;
    let others = of(call.world, &network);
    check_overlap(
        &subnet,
        others.iter().filter(|other| !json::same(&other.id, &id)),
    )?;
    check_range_kept(call, &subnet)?;
    check_delegation_kept(call.world, &subnet)?;
    Ok(network::write(call, Some(&network), subnet))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if let Some(subnet) = call.existing() {
        check_unused(call, &subnet)?;
    }
    Ok(network::delete(call, Some(network_of(&call.id()))))
}

/// 1 to 80 characters; letters, digits, `_ . -`; starts with a letter or digit, ends with one or `_`.
pub(crate) fn check_name(name: &str) -> Result<(), Answer> {
    let plain = |c: char| c.is_ascii_alphanumeric();
    let inner = name.chars().all(|c| plain(c) || "_.-".contains(c));
    let ends = name.starts_with(plain) && name.ends_with(|c| plain(c) || c == '_');
    if inner && ends && name.len() <= 80 {
        return Ok(());
    }
    let message = format!(
        "Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'."
    );
    Err(Answer::network(400, "InvalidResourceName", message))
}

/// What a request may say of a subnet. What it refers to must be there, and in the network's region.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("provisioningState", Computed), ("delegations", Computed), ("privateEndpoints", Computed),
    ("ipConfigurations", Computed), ("serviceAssociationLinks", Computed), ("resourceNavigationLinks", Computed),
    ("purpose", Computed), ("ipConfigurationProfiles", Computed),
    ("privateEndpointNetworkPolicies", OneOf(&["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"])),
    ("privateEndpointNetworkPolicies", Default(r#""Disabled""#)),
    ("privateLinkServiceNetworkPolicies", OneOf(&["Disabled", "Enabled"])),
    ("privateLinkServiceNetworkPolicies", Default(r#""Enabled""#)),
    ("networkSecurityGroup", Ref(SECURITY_GROUP)),
    ("routeTable", Ref(ROUTE_TABLE)),
    ("natGateway", Ref(NAT_GATEWAY)),
];

/// The resource a subnet's properties make, with what Azure reads back for what was left out.
pub(crate) fn build(world: &World, id: &str, given: &Value) -> Result<Resource, Answer> {
    let name = ids::name_of(id);
    let ranges = prefixes(given);
    if ranges.is_empty() {
        let message = format!("Subnet {name} must have an addressPrefix or addressPrefixes.");
        return Err(Answer::network(
            400,
            "NoAddressPrefixOrPoolProvided",
            message,
        ));
    }
    if let Some(bad) = ranges
        .iter()
        .find(|text| !text.contains(':') && range(text).is_none())
    {
        return Err(bad_prefix(bad, id));
    }
    let place = world.get(network_of(id));
    let place = place.as_ref().and_then(|network| network.text("/location"));
    let place = place.unwrap_or_default();
    let delegations = delegations(id, &given["delegations"])?;
    let endpoints = match &given["serviceEndpoints"] {
        wanted if wanted.is_array() => Some(services::service_endpoints(id, wanted, place)?),
        _ => None,
    };
    let asked = Asked {
        location: place,
        ..Asked::about(world, id)
    };
    let given = json::without_nulls(shape::apply(RULES, &asked, given)?);
    let mut properties = json!({ "provisioningState": "Updating" });
    json::overlay(&mut properties, &given);
    json::set(&mut properties, "delegations", delegations);
    if let Some(endpoints) = endpoints {
        json::set(&mut properties, "serviceEndpoints", endpoints);
    }
    let body =
        json!({ "name": name, "id": id, "etag": "", "properties": properties, "type": KIND });
    Ok(Resource {
        id: id.to_owned(),
        kind: KIND.into(),
        body,
        private: Value::Null,
    })
}

fn delegations(subnet: &str, given: &Value) -> Result<Vec<Value>, Answer> {
    let kind = "Microsoft.Network/virtualNetworks/subnets/delegations";
    let build = |one: &Value| {
        let service = json::text(&one["properties"]["serviceName"]);
        let Some(actions) = services::actions(service) else {
            let message = format!(
                "Invalid service name {service} for subnet delegation {subnet}. Valid service names are: {}.",
                services::names(),
            );
            return Err(Answer::network(
                400,
                "SubnetDelegationServiceNameInvalid",
                message,
            ));
        };
        let name = json::text(&one["name"]);
        let properties =
            json!({ "provisioningState": "Succeeded", "serviceName": service, "actions": actions });
        Ok(inline_child(subnet, "delegations", kind, name, properties))
    };
    json::items(given).map(build).collect()
}

pub(crate) fn check_inside(
    space: &[Ipv4Net],
    subnet: &Resource,
    network: &str,
) -> Result<(), Answer> {
    let ranges = prefixes(&subnet.body["properties"]);
    let outside = ranges
        .iter()
        .filter_map(|text| range(text))
        .find(|net| !space.iter().any(|all| all.contains(net)));
    match outside {
        None => Ok(()),
        Some(_) => {
            let message = format!(
                "Subnet '{}' is not valid because its IP address range is outside the IP address range of virtual network '{network}'.",
                subnet.name()
            );
            Err(Answer::network(400, "NetcfgInvalidSubnet", message))
        }
    }
}

pub(crate) fn check_overlap<'a>(
    subnet: &Resource,
    others: impl Iterator<Item = &'a Resource>,
) -> Result<(), Answer> {
    let nets = |resource: &Resource| -> Vec<Ipv4Net> {
        prefixes(&resource.body["properties"])
            .into_iter()
            .filter_map(range)
            .collect()
    };
    let mine = nets(subnet);
    for other in others {
        if nets(other)
            .iter()
            .any(|theirs| mine.iter().any(|net| overlap(*net, *theirs)))
        {
            let message = format!(
                "Subnet '{}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '{}'.",
                subnet.name(),
                ids::name_of(network_of(&subnet.id)),
            );
            return Err(Answer::network(400, "NetcfgSubnetRangesOverlap", message));
        }
    }
    Ok(())
}

/// A subnet in use keeps its ranges; others may come.
pub(crate) fn check_range_kept(call: &Call<'_>, subnet: &Resource) -> Result<(), Answer> {
    let Some(old) = call.world.get(&subnet.id) else {
        return Ok(());
    };
    let now = prefixes(&subnet.body["properties"]);
    let old = prefixes(&old.body["properties"]);
    let gone = old.iter().find(|prefix| !now.contains(prefix));
    match gone {
        Some(prefix) if holder(call, &subnet.id).is_some() => {
            let message = format!(
                "IpPrefix {prefix} on Subnet {} has active allocations and cannot be deleted.",
                subnet.name()
            );
            Err(Answer::network(400, "InUsePrefixCannotBeDeleted", message))
        }
        _ => Ok(()),
    }
}

/// What another service put into a subnet keeps everybody else out of it.
pub(crate) fn check_open(world: &World, subnet: &str) -> Result<(), Answer> {
    if site_view::integrated_in(world, subnet).is_empty() {
        return Ok(());
    }
    let message = format!(
        "Subnet {subnet} cannot be used because it contains external resources. The external resources in this subnet are {subnet}/serviceAssociationLinks/AppServiceLink. You need to delete these external resources before deploying into this subnet."
    );
    Err(Answer::network(
        400,
        "SubnetWithExternalResourcesCannotBeUsedByOtherResources",
        message,
    ))
}

/// What `…/subnets/{name}/ServiceAssociationLinks` lists.
fn association_links(call: &Call<'_>) -> Result<Answer, Answer> {
    let id = call.id();
    let plans = site_view::integrated_in(call.world, &id).into_iter();
    Ok(Answer::list(
        plans.take(1).map(|plan| association(&id, &plan)).collect(),
    ))
}

/// The older kind of link, which no service of this world makes.
fn navigation_links(_: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::list(Vec::new()))
}

/// A subnet that holds a service association link keeps the delegation the link needs.
pub(crate) fn check_delegation_kept(world: &World, subnet: &Resource) -> Result<(), Answer> {
    if is_delegated(subnet, WEB_DELEGATION)
        || site_view::integrated_in(world, &subnet.id).is_empty()
    {
        return Ok(());
    }
    let message = format!(
        "Subnet {} requires any of the following delegation(s) [{WEB_DELEGATION}] to reference service association link {}/serviceAssociationLinks/AppServiceLink.",
        subnet.id, subnet.id,
    );
    Err(Answer::network(
        400,
        "SubnetMissingRequiredDelegation",
        message,
    ))
}

pub(crate) fn check_unused(call: &Call<'_>, subnet: &Resource) -> Result<(), Answer> {
    match holder(call, &subnet.id) {
        None => Ok(()),
        Some(holder) => {
            let message = format!(
                "Subnet {} is in use by {holder} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
                subnet.name(),
            );
            Err(Answer::network(400, "InUseSubnetCannotBeDeleted", message))
        }
    }
}

/// The id of something that uses the subnet.
fn holder(call: &Call<'_>, subnet: &str) -> Option<String> {
    if !site_view::integrated_in(call.world, subnet).is_empty() {
        return Some(format!("{subnet}/serviceAssociationLinks/AppServiceLink"));
    }
    let lingering = format!("{subnet}/serviceAssociationLinks");
    call.conditions
        .lingering_below(&lingering)
        .or_else(|| addresses_in(call.world, subnet).into_iter().next())
}

/// Ids of the IP configurations in a subnet.
fn addresses_in(world: &World, subnet: &str) -> Vec<String> {
    let mut found = Vec::new();
    for nic in world.of_kind("Microsoft.Network/networkInterfaces") {
        for config in json::items(&nic.body["properties"]["ipConfigurations"]) {
            if json::same(json::text(&config["properties"]["subnet"]["id"]), subnet) {
                found.push(json::text(&config["id"]).to_owned());
            }
        }
    }
    found
}

fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let as_refs = |ids: Vec<String>| -> Vec<Value> {
        ids.into_iter().map(|id| json!({ "id": id })).collect()
    };
    let addresses = addresses_in(world, &id);
    let endpoints = world.of_kind("Microsoft.Network/privateEndpoints");
    let endpoints = endpoints.into_iter().filter(|one| {
        one.text("/properties/subnet/id")
            .is_some_and(|s| json::same(s, &id))
    });
    let endpoints: Vec<String> = endpoints.map(|one| one.id).collect();
    let plans = site_view::integrated_in(world, &id);
    let properties = &mut body["properties"];
    if !addresses.is_empty() {
        json::set(properties, "ipConfigurations", as_refs(addresses));
    }
    if !endpoints.is_empty() {
        json::set(properties, "privateEndpoints", as_refs(endpoints));
        json::set(properties, "purpose", "PrivateEndpoints");
    }
    if let Some(plan) = plans.first() {
        json::set(
            properties,
            "serviceAssociationLinks",
            vec![association(&id, plan)],
        );
    }
}

fn association(subnet: &str, plan: &str) -> Value {
    let properties = json!({
        "provisioningState": "Succeeded", "linkedResourceType": "Microsoft.Web/serverfarms", "link": plan,
        "enabledForArmDeployments": false, "allowDelete": false, "locations": [],
    });
    inline_child(
        subnet,
        "serviceAssociationLinks",
        "Microsoft.Network/virtualNetworks/subnets/serviceAssociationLinks",
        "AppServiceLink",
        properties,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    #[test]
    fn names() {
        for good in ["a", "vnet-integration-subnet", "a_", "0.b"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", &"a".repeat(81)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_left_out_reads_back_with_azures_defaults() {
        let world = world::tests::empty();
        let subnet = build(
            &world,
            "/s/v/subnets/a",
            &json!({ "addressPrefix": "10.0.0.0/24" }),
        )
        .expect("valid");
        assert_eq!(
            subnet.body["properties"],
            json!({
                "provisioningState": "Updating", "addressPrefix": "10.0.0.0/24", "delegations": [],
                "privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled",
            })
        );
    }

    #[test]
    fn bad_subnets_are_refused_by_code() {
        let world = world::tests::empty();
        let check = |given: Value, code: &str| {
            let answer = build(&world, "/s/v/subnets/a", &given).expect_err("refused");
            let crate::arm::Body::Json(body) = answer.body else {
                panic!("a JSON body")
            };
            assert_eq!(body["error"]["code"], code, "{given}");
        };
        check(json!({}), "NoAddressPrefixOrPoolProvided");
        check(
            json!({ "addressPrefix": "10.0.0.1/24" }),
            "InvalidCIDRNotation",
        );
        check(
            json!({ "addressPrefix": "10.0.0.0/33" }),
            "InvalidAddressPrefixFormat",
        );
        let delegated =
            json!([{ "name": "0", "properties": { "serviceName": "Microsoft.Odd/x" } }]);
        check(
            json!({ "addressPrefix": "10.0.0.0/24", "delegations": delegated }),
            "SubnetDelegationServiceNameInvalid",
        );
        check(
            json!({ "addressPrefix": "10.0.0.0/24", "privateEndpointNetworkPolicies": "no" }),
            "InvalidParameter",
        );
        check(
            json!({ "addressPrefix": "10.0.0.0/24", "routeTable": { "id": "/x" } }),
            "InvalidResourceReference",
        );
    }
}
