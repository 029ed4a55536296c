//! `Microsoft.Network/networkInterfaces`: the hidden interfaces of private endpoints, and their addresses.

use serde_json::{Value, json};
use uuid::Uuid;

use super::network::{self, inline_child};
use super::private_endpoints::Connection;
use super::registries;
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Network/networkInterfaces";

/// What a service offers behind a private endpoint: one address per member.
struct Member {
    name: String,
    fqdns: Vec<String>,
}

fn members(target: &Resource) -> Vec<Member> {
    let name = target.name().to_lowercase();
    if target.kind == registries::KIND {
        let login = target
            .text("/properties/loginServer")
            .unwrap_or_default()
            .to_lowercase();
        let place = ids::location_key(target.text("/location").unwrap_or_default());
        let data = format!(
            "{}.{place}.data.azurecr.io",
            login.split('.').next().unwrap_or_default()
        );
        return vec![
            Member {
                name: format!("registry_data_{place}"),
                fqdns: vec![data],
            },
            Member {
                name: "registry".into(),
                fqdns: vec![login],
            },
        ];
    }
    let hosts = vec![
        format!("{name}.azurewebsites.net"),
        format!("{name}.scm.azurewebsites.net"),
    ];
    vec![Member {
        name: "sites".into(),
        fqdns: hosts,
    }]
}

pub(crate) fn make(
    call: &Call<'_>,
    properties: &Value,
    location: &str,
    subnet: &Resource,
    connection: &Connection,
) -> Result<String, Answer> {
    let members = members(&connection.target);
    let addresses = network::free_addresses(call.world, subnet, members.len()).ok_or_else(|| {
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
        format!("{}.nic.{}", call.target.name(), Uuid::new_v4())
    } else {
        custom.to_owned()
    };
    let id = format!("{}/providers/{KIND}/{name}", call.target.scope);
    let static_ips = json::items(&properties["ipConfigurations"]);
    let fixed: Vec<Value> = static_ips.map(|one| one["properties"].clone()).collect();
    let configs = members.iter().zip(addresses).enumerate().map(|(index, (member, address))| {
        let given = fixed.iter().find(|one| json::text(&one["memberName"]) == member.name);
        let given = given.and_then(|one| one["privateIPAddress"].as_str());
        let properties = json!({
            "provisioningState": "Succeeded", "privateIPAddress": given.map_or_else(|| address.to_string(), str::to_owned),
            "privateIPAllocationMethod": if given.is_some() { "Static" } else { "Dynamic" },
            "subnet": { "id": subnet.id }, "primary": index == 0, "privateIPAddressVersion": "IPv4",
            "privateLinkConnectionProperties": {
                "groupId": connection.group, "requiredMemberName": member.name, "fqdns": member.fqdns,
            },
        });
        let config = format!("privateEndpointIpConfig.{}", Uuid::new_v4());
        inline_child(&id, "ipConfigurations", &format!("{KIND}/ipConfigurations"), &config, properties)
    });
    let configs: Vec<Value> = configs.collect();
    let mut body = json!({
        "name": name, "id": id, "etag": "", "type": KIND, "location": location, "kind": "Regular",
        "properties": {
            "provisioningState": "Succeeded", "resourceGuid": Uuid::new_v4().to_string(), "ipConfigurations": configs,
            "dnsSettings": { "dnsServers": [], "appliedDnsServers": [], "internalDomainNameSuffix": "lazuli.xx.internal.cloudapp.net" },
            "macAddress": "", "enableAcceleratedNetworking": false, "vnetEncryptionSupported": false,
            "enableIPForwarding": false, "disableTcpStateTracking": false, "privateEndpoint": { "id": call.id() },
            "hostedWorkloads": [], "tapConfigurations": [], "nicType": "Standard", "allowPort25Out": true,
            "auxiliaryMode": "None", "auxiliarySku": "None",
        },
    });
    network::touch(&mut body);
    call.world.put(Resource {
        id: id.clone(),
        kind: KIND.into(),
        body,
        private: Value::Null,
    });
    Ok(id)
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
