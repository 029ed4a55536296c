//! `Microsoft.Network/networkInterfaces`: those of clients, and the hidden ones of private endpoints
//! and link services.

use serde_json::{Value, json};

use super::network::{self, inline_child};
use super::networking::private_link::{self, Member};
use super::networking::{PUBLIC_ADDRESS, SECURITY_GROUP, addresses};
use super::private_connections::Connection;
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Network/networkInterfaces";
pub(crate) const KINDS: [Kind; 1] = [Kind {
    put: Some(put),
    patch: Some(network::patch_tags),
    delete: Some(delete),
    ..Kind::new(KIND)
}];

/// One address per member of the group; a link service has one, without a name.
fn members(world: &World, connection: &Connection) -> Vec<Member> {
    let Some((id, group)) = &connection.group else {
        return vec![Member {
            name: String::new(),
            fqdns: Vec::new(),
        }];
    };
    let target = world.get(&connection.target);
    let place = target.as_ref().and_then(|target| target.text("/location"));
    let login = target
        .as_ref()
        .and_then(|target| target.text("/properties/loginServer"));
    // A registry with a name of its own for its content: the label of the login server counts.
    let host = login.and_then(|login| login.split('.').next());
    let name = host.unwrap_or(&connection.target);
    private_link::members(group, id, name, place.unwrap_or_default())
}

/// Makes the interface of a new endpoint, with an address for each member.
///
/// # Errors
/// A subnet without room, or an address given by hand that cannot be had.
pub(crate) fn make(
    call: &Call<'_>,
    properties: &Value,
    location: &str,
    subnet: &Resource,
    connection: &Connection,
) -> Result<String, Answer> {
    let members = members(call.world, connection);
    let found = network::free_addresses(call.world, subnet, members.len()).ok_or_else(|| {
        let message = format!(
            "Subnet {} with address prefix {} does not have enough capacity for {} IP addresses.",
            subnet.name(),
            network::prefixes(&subnet.body["properties"]).join(", "),
            members.len(),
        );
        Answer::network(400, "SubnetIsFull", message)
    })?;
    let custom = json::text(&properties["customNetworkInterfaceName"]);
    let name = if custom.is_empty() {
        format!("{}.nic.{}", call.target.name(), call.uuid())
    } else {
        custom.to_owned()
    };
    let id = format!("{}/providers/{KIND}/{name}", call.target.scope);
    let mut configs = Vec::new();
    for (index, (member, free)) in members.iter().zip(found).enumerate() {
        let wanted = wanted(properties, member);
        if let Some(text) = wanted {
            addresses::check_static(call.world, subnet, text, &id)?;
        }
        let mut shown = json!({
            "provisioningState": "Succeeded", "privateIPAddress": wanted.map_or_else(|| free.to_string(), str::to_owned),
            "privateIPAllocationMethod": if wanted.is_some() { "Static" } else { "Dynamic" },
            "subnet": { "id": subnet.id }, "primary": index == 0, "privateIPAddressVersion": "IPv4",
        });
        if let Some((group, _)) = &connection.group {
            let behind = json!({ "groupId": group, "requiredMemberName": member.name, "fqdns": member.fqdns });
            json::set(&mut shown, "privateLinkConnectionProperties", behind);
        }
        let config = format!("privateEndpointIpConfig.{}", call.uuid());
        configs.push(configuration(&id, &config, shown));
    }
    let owner = json!({ "privateEndpoint": { "id": call.id() } });
    store_hidden(call.world, &id, location, configs, owner);
    Ok(id)
}

/// The address that the request wants for a member.
fn wanted<'a>(properties: &'a Value, member: &Member) -> Option<&'a str> {
    let mut given = json::items(&properties["ipConfigurations"]).map(|one| &one["properties"]);
    given
        .find(|one| json::same(json::text(&one["memberName"]), &member.name))?
        .get("privateIPAddress")?
        .as_str()
}

fn configuration(interface: &str, name: &str, properties: Value) -> Value {
    let kind = format!("{KIND}/ipConfigurations");
    inline_child(interface, "ipConfigurations", &kind, name, properties)
}

/// Stores an interface that belongs to an endpoint or a link service, which `owner` names.
pub(crate) fn store_hidden(
    world: &World,
    id: &str,
    location: &str,
    configs: Vec<Value>,
    owner: Value,
) {
    let managed_by = owner.as_object().and_then(|it| it.values().next());
    let managed_by = managed_by.map(|it| it["id"].clone()).unwrap_or_default();
    let mut properties = common(world.uuid(id).to_string(), configs);
    json::overlay(&mut properties, &owner);
    json::set(&mut properties, "provisioningState", "Succeeded");
    let mut body = json!({
        "name": crate::wire::ids::name_of(id), "id": id, "etag": "", "properties": properties, "type": KIND,
        "location": location, "managedBy": managed_by, "kind": "Regular",
    });
    network::touch(world, &mut body);
    world.put(Resource {
        id: id.to_owned(),
        kind: KIND.into(),
        body,
        private: Value::Null,
    });
}

fn common(guid: String, configs: Vec<Value>) -> Value {
    json!({
        "provisioningState": "Updating", "resourceGuid": guid, "ipConfigurations": configs,
        "dnsSettings": { "dnsServers": [], "appliedDnsServers": [], "internalDomainNameSuffix": "lazuli.xx.internal.cloudapp.net" },
        "macAddress": "", "enableAcceleratedNetworking": false, "vnetEncryptionSupported": false,
        "enableIPForwarding": false, "disableTcpStateTracking": false, "hostedWorkloads": [],
        "tapConfigurations": [], "nicType": "Standard", "allowPort25Out": true, "auxiliaryMode": "None",
        "auxiliarySku": "None",
    })
}

/// An interface of a client. There are no machines, so it stays without one.
fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let given = json::properties(call.object()?)?;
    if let Some(owner) = existing.as_ref().and_then(owner) {
        return Err(in_use(call, &owner, "updated"));
    }
    let mut configs = Vec::new();
    for (index, one) in json::items(&given["ipConfigurations"]).enumerate() {
        let name = json::text(&one["name"]);
        let shown = own_configuration(call, existing.as_ref(), index, one, &location)?;
        configs.push(configuration(&call.id(), name, shown));
    }
    if configs.is_empty() {
        let message = format!(
            "Network interface {} must have one or more IP configurations.",
            call.id()
        );
        return Err(Answer::network(
            400,
            "NetworkInterfaceMustHaveOneOrMoreIpConfigurations",
            message,
        ));
    }
    let mut properties = common(network::resource_guid(call, existing.as_ref()), configs);
    for flag in [
        "enableAcceleratedNetworking",
        "enableIPForwarding",
        "disableTcpStateTracking",
    ] {
        if given[flag].is_boolean() {
            json::set(&mut properties, flag, given[flag].clone());
        }
    }
    if let Some(group) = given["networkSecurityGroup"]["id"].as_str() {
        network::referenced(call.world, group, SECURITY_GROUP, &call.id())?;
        json::set(
            &mut properties,
            "networkSecurityGroup",
            json!({ "id": group }),
        );
    }
    if given["dnsSettings"]["dnsServers"].is_array() {
        json::set(
            &mut properties["dnsSettings"],
            "dnsServers",
            given["dnsSettings"]["dnsServers"].clone(),
        );
    }
    let mut resource = network::tracked(call, &location, properties);
    json::set(&mut resource.body, "kind", "Regular");
    Ok(network::write(call, Some(&call.id()), resource))
}

fn own_configuration(
    call: &Call<'_>,
    existing: Option<&Resource>,
    index: usize,
    one: &Value,
    location: &str,
) -> Result<Value, Answer> {
    let wanted = &one["properties"];
    let subnet = addresses::subnet(call, json::text(&wanted["subnet"]["id"]), location)?;
    let fixed = wanted["privateIPAllocationMethod"]
        .as_str()
        .is_some_and(|method| json::same(method, "Static"));
    let kept = existing.and_then(|old| {
        old.text(&format!(
            "/properties/ipConfigurations/{index}/properties/privateIPAddress"
        ))
    });
    let address = match (fixed, wanted["privateIPAddress"].as_str(), kept) {
        (true, Some(text), _) => {
            addresses::check_static(call.world, &subnet, text, &call.id())?.to_string()
        }
        (_, _, Some(kept)) => kept.to_owned(),
        _ => free(call.world, &subnet, index)?,
    };
    let mut shown = json!({
        "provisioningState": "Succeeded", "privateIPAddress": address,
        "privateIPAllocationMethod": if fixed { "Static" } else { "Dynamic" },
    });
    if let Some(public) = wanted["publicIPAddress"]["id"].as_str() {
        network::referenced(call.world, public, PUBLIC_ADDRESS, &call.id())?;
        json::set(&mut shown, "publicIPAddress", json!({ "id": public }));
    }
    json::set(&mut shown, "subnet", json!({ "id": subnet.id }));
    let primary = wanted["primary"].as_bool().unwrap_or(index == 0);
    json::set(&mut shown, "primary", primary);
    json::set(&mut shown, "privateIPAddressVersion", "IPv4");
    Ok(shown)
}

/// The free address for the configuration at `index`; those before it are not stored yet.
fn free(world: &World, subnet: &Resource, index: usize) -> Result<String, Answer> {
    let found = network::free_addresses(world, subnet, index + 1).unwrap_or_default();
    found.last().map(ToString::to_string).ok_or_else(|| {
        let message = format!(
            "Subnet {} does not have enough capacity for {} IP addresses.",
            subnet.name(),
            index + 1
        );
        Answer::network(400, "SubnetIsFull", message)
    })
}

fn owner(interface: &Resource) -> Option<String> {
    interface.text("/managedBy").map(str::to_owned)
}

fn in_use(call: &Call<'_>, owner: &str, verb: &str) -> Answer {
    let what = if owner.contains("/privateLinkServices/") {
        "private link service"
    } else {
        "private endpoint"
    };
    let message = format!(
        "Network interface {} cannot be {verb} because it is currently in use with an {what} ({owner}).",
        call.id(),
    );
    let code = if owner.contains("/privateLinkServices/") {
        "NicInUseWithPrivateLinkService"
    } else {
        "NicInUseWithPrivateEndpoint"
    };
    Answer::network(400, code, message)
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    match call.existing().as_ref().and_then(owner) {
        Some(owner) => Err(in_use(call, &owner, "deleted")),
        None => Ok(network::delete(call, Some(&call.id()))),
    }
}

/// Names and addresses behind an endpoint, from its interfaces.
pub(crate) fn names_behind(world: &World, endpoint: &Value) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for nic in json::items(&endpoint["properties"]["networkInterfaces"]) {
        let Some(nic) = world.get(json::text(&nic["id"])) else {
            continue;
        };
        for config in json::items(&nic.body["properties"]["ipConfigurations"]) {
            let address = json::text(&config["properties"]["privateIPAddress"]);
            for fqdn in
                json::items(&config["properties"]["privateLinkConnectionProperties"]["fqdns"])
            {
                names.push((json::text(fqdn).to_owned(), address.to_owned()));
            }
        }
    }
    names
}
