//! Resources that others refer to and that do little else here: public addresses, NAT gateways,
//! application security groups and load balancers.

use serde_json::{Value, json};

use super::children::subnets_with;
use super::{APPLICATION_GROUP, LOAD_BALANCER, NAT_GATEWAY, PUBLIC_ADDRESS};
use crate::arm::kind::Kind;
use crate::arm::providers::network::{self, inline_child};
use crate::arm::providers::{private_endpoints, subnets};
use crate::arm::shape::{self, Asked, Holds::*, Rule};
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        put: Some(put_address),
        patch: Some(network::patch_tags),
        delete: Some(delete_address),
        view: Some(view_address),
        ..Kind::new(PUBLIC_ADDRESS)
    },
    Kind {
        put: Some(put_gateway),
        patch: Some(network::patch_tags),
        delete: Some(delete_gateway),
        view: Some(view_gateway),
        ..Kind::new(NAT_GATEWAY)
    },
    Kind {
        put: Some(put_group),
        patch: Some(network::patch_tags),
        delete: Some(delete_group),
        ..Kind::new(APPLICATION_GROUP)
    },
    Kind {
        put: Some(put_balancer),
        patch: Some(network::patch_tags),
        delete: Some(delete_balancer),
        ..Kind::new(LOAD_BALANCER)
    },
];

/// Sets `sku` to what the service fills in.
fn with_sku(mut resource: Resource, default: &str, tier: Option<&str>) -> Resource {
    let mut sku = resource.body["sku"].clone();
    if sku["name"].is_null() {
        json::set(&mut sku, "name", default);
    }
    if let Some(tier) = tier.filter(|_| sku["tier"].is_null()) {
        json::set(&mut sku, "tier", tier);
    }
    json::set(&mut resource.body, "sku", sku);
    resource
}

fn write(call: &Call<'_>, resource: Resource) -> Answer {
    network::write(call, Some(&call.id()), resource)
}

fn refuse(code: &str, message: String) -> Result<Answer, Answer> {
    Err(Answer::network(400, code, message))
}

/// What every resource of this provider starts with.
fn started(call: &Call<'_>, existing: Option<&Resource>) -> Value {
    json!({ "provisioningState": "Updating", "resourceGuid": network::resource_guid(call, existing) })
}

/// The same with what a request says by the rules, and nothing else of it.
fn started_by(
    call: &Call<'_>,
    existing: Option<&Resource>,
    rules: &[Rule],
) -> Result<Value, Answer> {
    let id = call.id();
    let asked = Asked::about(call.world, &id);
    let given = shape::closed(rules, &asked, &json::properties(call.object()?)?)?;
    let mut properties = started(call, existing);
    json::overlay(&mut properties, &given);
    Ok(properties)
}

#[rustfmt::skip]
const ADDRESS: &[Rule] = &[
    ("publicIPAllocationMethod", OneOf(&["Static", "Dynamic"])),
    ("publicIPAddressVersion", OneOf(&["IPv4", "IPv6"])),
    ("publicIPAddressVersion", Default(r#""IPv4""#)),
    ("idleTimeoutInMinutes", Default("4")),
    ("ipTags", Default("[]")),
    ("ddosSettings", Made(|_| json!({ "protectionMode": "VirtualNetworkInherited" }))),
];

fn put_address(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let label = json::properties(call.object()?)?["dnsSettings"]["domainNameLabel"].clone();
    let sku = json::one_of(
        &call.body["sku"]["name"],
        "sku.name",
        &["Basic", "Standard", "StandardV2"],
    )?;
    let sku = sku.unwrap_or("Standard");
    let mut properties = started_by(call, existing.as_ref(), ADDRESS)?;
    if properties["publicIPAllocationMethod"].is_null() {
        let method = if sku == "Basic" { "Dynamic" } else { "Static" };
        json::set(&mut properties, "publicIPAllocationMethod", method);
    }
    let is_static = properties["publicIPAllocationMethod"] == "Static";
    if sku != "Basic" && !is_static {
        let message = format!(
            "Standard sku publicIp {} must have AllocationMethod set to Static.",
            call.id()
        );
        return refuse("PublicIPWithStandardSkuMustBeStatic", message);
    }
    if is_static && properties["publicIPAddressVersion"] != "IPv6" {
        let address = public_address(call, existing.as_ref());
        json::set(&mut properties, "ipAddress", address);
    }
    if let Some(label) = label.as_str() {
        let fqdn = format!(
            "{label}.{}.cloudapp.azure.com",
            ids::location_key(&location)
        );
        let settings = json!({ "domainNameLabel": label, "fqdn": fqdn });
        json::set(&mut properties, "dnsSettings", settings);
    }
    Ok(write(
        call,
        with_sku(
            network::tracked(call, &location, properties),
            sku,
            Some("Regional"),
        ),
    ))
}

/// An address of the range for documentation (RFC 5737): nothing in this world has a real one.
fn public_address(call: &Call<'_>, existing: Option<&Resource>) -> String {
    if let Some(kept) = existing.and_then(|old| old.text("/properties/ipAddress")) {
        return kept.to_owned();
    }
    let taken: Vec<String> = call
        .world
        .of_kind(PUBLIC_ADDRESS)
        .iter()
        .filter_map(|one| one.text("/properties/ipAddress").map(str::to_owned))
        .collect();
    let range = (1..255u8).map(|last| format!("198.51.100.{last}"));
    range
        .into_iter()
        .find(|address| !taken.contains(address))
        .unwrap_or_else(|| "198.51.100.255".into())
}

/// What holds a public address: a configuration of an interface or a balancer, or a gateway.
fn holder(world: &World, address: &str) -> Option<String> {
    let names = |value: &Value| json::same(json::text(&value["id"]), address);
    for nic in world.of_kind("Microsoft.Network/networkInterfaces") {
        let configs = json::items(&nic.body["properties"]["ipConfigurations"]);
        let mut held = configs.filter(|one| names(&one["properties"]["publicIPAddress"]));
        if let Some(config) = held.next() {
            return Some(json::text(&config["id"]).to_owned());
        }
    }
    for balancer in world.of_kind(LOAD_BALANCER) {
        let fronts = json::items(&balancer.body["properties"]["frontendIPConfigurations"]);
        let mut held = fronts.filter(|one| names(&one["properties"]["publicIPAddress"]));
        if let Some(front) = held.next() {
            return Some(json::text(&front["id"]).to_owned());
        }
    }
    let gateways = world.of_kind(NAT_GATEWAY).into_iter();
    gateways
        .filter(|one| json::items(&one.body["properties"]["publicIpAddresses"]).any(names))
        .map(|one| one.id)
        .next()
}

fn delete_address(call: &Call<'_>) -> Result<Answer, Answer> {
    match holder(call.world, &call.id()) {
        None => Ok(network::delete(call, Some(&call.id()))),
        Some(holder) => {
            let message = format!(
                "Public IP address {} can not be deleted since it is still allocated to resource {holder}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.  To learn how to do this, see aka.ms/deletepublicip.",
                call.id(),
            );
            refuse("PublicIPAddressCannotBeDeleted", message)
        }
    }
}

fn view_address(world: &World, body: &mut Value) {
    let Some(holder) = holder(world, json::text(&body["id"])) else {
        return;
    };
    let word = if holder.contains("/natGateways/") {
        "natGateway"
    } else {
        "ipConfiguration"
    };
    json::set(&mut body["properties"], word, json!({ "id": holder }));
}

const GATEWAY: &[Rule] = &[
    ("publicIpAddresses", Ref(PUBLIC_ADDRESS)),
    ("publicIpPrefixes", Given),
    ("idleTimeoutInMinutes", Default("4")),
];

fn put_gateway(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let properties = started_by(call, existing.as_ref(), GATEWAY)?;
    Ok(write(
        call,
        with_sku(
            network::tracked(call, &location, properties),
            "Standard",
            None,
        ),
    ))
}

fn delete_gateway(call: &Call<'_>) -> Result<Answer, Answer> {
    let users = subnets_with(call.world, "natGateway", &call.id());
    if users.is_empty() {
        return Ok(network::delete(call, Some(&call.id())));
    }
    let message = format!(
        "Nat gateway {} is in use and cannot be deleted. It is used by: {}.",
        call.id(),
        users.join(", ")
    );
    refuse("InUseNatGatewayCannotBeDeleted", message)
}

fn view_gateway(world: &World, body: &mut Value) {
    let users = subnets_with(world, "natGateway", json::text(&body["id"]));
    if !users.is_empty() {
        json::set(
            &mut body["properties"],
            "subnets",
            network::references(users),
        );
    }
}

fn put_group(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    call.object()?;
    let properties = started(call, existing.as_ref());
    Ok(write(call, network::tracked(call, &location, properties)))
}

fn delete_group(call: &Call<'_>) -> Result<Answer, Answer> {
    let names = |one: &Value| json::same(json::text(&one["id"]), &call.id());
    let endpoints = call.world.of_kind(private_endpoints::KIND).into_iter();
    let mut users = endpoints
        .filter(|one| json::items(&one.body["properties"]["applicationSecurityGroups"]).any(names))
        .map(|one| one.id);
    match users.next() {
        None => Ok(network::delete(call, Some(&call.id()))),
        Some(user) => {
            let message = format!(
                "Application security group {} cannot be deleted because it is in use by {user}.",
                call.id()
            );
            refuse("ApplicationSecurityGroupCannotBeDeleted", message)
        }
    }
}

/// The lists of a balancer, and the word that names the type of their members.
const BALANCER_LISTS: [&str; 7] = [
    "frontendIPConfigurations",
    "backendAddressPools",
    "loadBalancingRules",
    "probes",
    "inboundNatRules",
    "outboundRules",
    "inboundNatPools",
];

const FRONT: &[Rule] = &[
    ("publicIPAddress", Ref(PUBLIC_ADDRESS)),
    ("subnet", Ref(subnets::KIND)),
];

fn put_balancer(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let given = json::properties(call.object()?)?;
    let mut properties = started(call, existing.as_ref());
    for list in BALANCER_LISTS {
        let parts = json::items(&given[list]).map(|one| part(call, list, one));
        json::set(&mut properties, list, parts.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(write(
        call,
        with_sku(
            network::tracked(call, &location, properties),
            "Standard",
            Some("Regional"),
        ),
    ))
}

fn part(call: &Call<'_>, list: &str, one: &Value) -> Result<Value, Answer> {
    let given = json::properties(one)?;
    let mut properties = json!({ "provisioningState": "Succeeded" });
    match list {
        "frontendIPConfigurations" => {
            let id = call.id();
            shape::apply(FRONT, &Asked::about(call.world, &id), &given)?;
            json::set(&mut properties, "privateIPAllocationMethod", "Dynamic");
        }
        "backendAddressPools" => {
            json::set(&mut properties, "loadBalancerBackendAddresses", json!([]))
        }
        _ => {}
    }
    json::overlay(&mut properties, &given);
    let kind = format!("{LOAD_BALANCER}/{list}");
    Ok(inline_child(
        &call.id(),
        list,
        &kind,
        json::text(&one["name"]),
        properties,
    ))
}

fn delete_balancer(call: &Call<'_>) -> Result<Answer, Answer> {
    let inside = format!("{}/", call.id().to_ascii_lowercase());
    let uses = |service: &Resource| {
        json::items(&service.body["properties"]["loadBalancerFrontendIpConfigurations"]).any(
            |front| {
                json::text(&front["id"])
                    .to_ascii_lowercase()
                    .starts_with(&inside)
            },
        )
    };
    let mut services = call
        .world
        .of_kind(super::LINK_SERVICE)
        .into_iter()
        .filter(uses);
    match services.next() {
        None => Ok(network::delete(call, Some(&call.id()))),
        Some(service) => {
            let message = format!(
                "Load balancer {} cannot be deleted because its frontend IP configurations are referenced by {}.",
                call.id(),
                service.id
            );
            refuse("LoadBalancerInUseByPrivateLinkService", message)
        }
    }
}
