//! Networks and what hangs on them, over the wire: peerings, security groups, addresses, endpoints.

mod support;

use serde_json::{Value, json};
use support::{Azure, Reply, code};

const NETWORK: &str = "2024-05-01";
const DNS: &str = "2024-06-01";

struct Networks {
    azure: Azure,
    group: String,
}

impl Networks {
    async fn start() -> Networks {
        let azure = Azure::start().await;
        let group = azure.group("rg").await;
        Networks { azure, group }
    }

    fn id(&self, path: &str) -> String {
        format!("{}/providers/Microsoft.Network/{path}", self.group)
    }

    async fn network(&self, name: &str, prefix: &str, subnet: &str) -> String {
        let id = self.id(&format!("virtualNetworks/{name}"));
        let body = json!({ "location": "westcentralus", "properties": { "addressSpace": { "addressPrefixes": [prefix] },
            "subnets": [{ "name": "a", "properties": { "addressPrefix": subnet } }] } });
        self.azure.make(&id, NETWORK, body).await;
        id
    }

    async fn put(&self, id: &str, body: Value) -> Reply {
        self.azure.send("PUT", id, NETWORK, Some(body)).await
    }

    /// Creates and waits; `properties` of a located resource.
    async fn make(&self, path: &str, properties: Value) -> String {
        let id = self.id(path);
        let body = json!({ "location": "westcentralus", "properties": properties });
        self.azure.make(&id, NETWORK, body).await;
        id
    }

    async fn refused(&self, id: &str, body: Value, expect: &str) {
        let reply = self.put(id, body).await;
        assert_eq!(
            (reply.status, code(&reply.body).as_str()),
            (400, expect),
            "{}",
            reply.body
        );
    }

    async fn read(&self, id: &str) -> Value {
        self.azure.read(id, NETWORK).await["properties"].clone()
    }
}

fn to(remote: &str) -> Value {
    json!({ "properties": { "remoteVirtualNetwork": { "id": remote } } })
}

#[tokio::test]
async fn peerings_connect_and_disconnect_in_halves() {
    let world = Networks::start().await;
    let left = world.network("left", "10.0.0.0/16", "10.0.0.0/24").await;
    let right = world.network("right", "10.1.0.0/16", "10.1.0.0/24").await;
    let inside = world.network("inside", "10.0.8.0/24", "10.0.8.0/28").await;
    let forth = format!("{left}/virtualNetworkPeerings/forth");
    let back = format!("{right}/virtualNetworkPeerings/back");
    world
        .refused(&forth, to(&inside), "VnetAddressSpacesOverlap")
        .await;
    world
        .refused(
            &forth,
            to(&world.id("virtualNetworks/none")),
            "InvalidResourceReference",
        )
        .await;

    world.azure.make(&forth, NETWORK, to(&right)).await;
    assert_eq!(world.read(&forth).await["peeringState"], "Initiated");
    let second = format!("{left}/virtualNetworkPeerings/second");
    world
        .refused(
            &second,
            to(&right),
            "AnotherPeeringAlreadyReferencesRemoteVnet",
        )
        .await;
    world.azure.make(&back, NETWORK, to(&left)).await;
    for half in [&forth, &back] {
        let shown = world.read(half).await;
        assert_eq!(
            (&shown["peeringState"], &shown["peeringSyncLevel"]),
            (&json!("Connected"), &json!("FullyInSync"))
        );
    }

    let grown = json!({ "location": "westcentralus", "properties": { "addressSpace": { "addressPrefixes": ["10.1.0.0/16", "10.2.0.0/16"] } } });
    world.azure.make(&right, NETWORK, grown).await;
    assert_eq!(
        world.read(&forth).await["peeringSyncLevel"],
        "LocalNotInSync"
    );
    let sync = format!("{NETWORK}&syncRemoteAddressSpace=true");
    world.azure.make(&forth, &sync, to(&right)).await;
    assert_eq!(world.read(&forth).await["peeringSyncLevel"], "FullyInSync");
    let into = json!({ "location": "westcentralus", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16", "10.2.0.0/24"] } } });
    world
        .refused(&left, into, "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet")
        .await;

    world.azure.delete(&back, NETWORK).await;
    assert_eq!(world.read(&forth).await["peeringState"], "Disconnected");
    world
        .refused(&back, to(&left), "RemotePeeringIsDisconnected")
        .await;
}

#[tokio::test]
async fn what_a_subnet_uses_stays() {
    let world = Networks::start().await;
    let group = world.make("networkSecurityGroups/nsg", json!({})).await;
    let table = world.make("routeTables/rt", json!({})).await;
    let address = world.make("publicIPAddresses/ip", json!({})).await;
    let gateway = world
        .make(
            "natGateways/nat",
            json!({ "publicIpAddresses": [{ "id": address }] }),
        )
        .await;
    let network = world.network("v", "10.0.0.0/16", "10.0.0.0/24").await;
    let subnet = format!("{network}/subnets/a");
    let with = |nsg: &str| {
        json!({ "properties": { "addressPrefix": "10.0.0.0/24", "networkSecurityGroup": { "id": nsg },
        "routeTable": { "id": table }, "natGateway": { "id": gateway },
        "serviceEndpoints": [{ "service": "microsoft.keyvault" }] } })
    };
    world
        .refused(&subnet, with(&table), "InvalidResourceReference")
        .await;
    world.azure.make(&subnet, NETWORK, with(&group)).await;
    let shown = world.read(&subnet).await;
    assert_eq!(
        shown["serviceEndpoints"],
        json!([{ "provisioningState": "Succeeded", "service": "Microsoft.KeyVault", "locations": ["*"] }])
    );
    for (id, expect) in [
        (&group, "InUseNetworkSecurityGroupCannotBeDeleted"),
        (&table, "InUseRouteTableCannotBeDeleted"),
        (&gateway, "InUseNatGatewayCannotBeDeleted"),
        (&address, "PublicIPAddressCannotBeDeleted"),
    ] {
        let kept = world.azure.send("DELETE", id, NETWORK, None).await;
        assert_eq!(code(&kept.body), expect);
    }
    assert_eq!(
        world.read(&group).await["subnets"],
        json!([{ "id": subnet }])
    );
    let plain = json!({ "properties": { "addressPrefix": "10.0.0.0/24" } });
    world.azure.make(&subnet, NETWORK, plain).await;
    for id in [&group, &table, &gateway, &address] {
        world.azure.delete(id, NETWORK).await;
    }
}

#[tokio::test]
async fn rules_have_a_priority_of_their_own() {
    let world = Networks::start().await;
    let rule = |priority: u32, direction: &str| {
        json!({ "priority": priority, "direction": direction, "access": "Allow", "protocol": "Tcp",
            "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443" })
    };
    let inline =
        json!({ "securityRules": [{ "name": "web", "properties": rule(100, "Inbound") }] });
    let group = world.make("networkSecurityGroups/nsg", inline).await;
    let id = |name: &str| format!("{group}/securityRules/{name}");
    let body = |properties: Value| json!({ "properties": properties });
    world
        .refused(
            &id("twin"),
            body(rule(100, "inbound")),
            "SecurityRuleConflict",
        )
        .await;
    world
        .refused(
            &id("low"),
            body(rule(99, "Inbound")),
            "SecurityRuleInvalidPriority",
        )
        .await;
    world
        .azure
        .make(&id("out"), NETWORK, body(rule(100, "Outbound")))
        .await;
    let shown = world.read(&group).await;
    let names = |list: &Value| -> Vec<String> {
        let all = list.as_array().into_iter().flatten();
        all.map(|one| one["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(names(&shown["securityRules"]), ["out", "web"]);
    assert_eq!(names(&shown["defaultSecurityRules"]).len(), 6);
    assert_eq!(
        shown["securityRules"][1]["properties"]["destinationAddressPrefixes"],
        json!([])
    );
}

#[tokio::test]
async fn addresses_are_given_once() {
    let world = Networks::start().await;
    let network = world.network("v", "10.0.0.0/16", "10.0.0.0/24").await;
    let nic = |address: &str| {
        json!({ "location": "westcentralus", "properties": { "ipConfigurations": [{ "name": "one", "properties": {
            "subnet": { "id": format!("{network}/subnets/a") }, "privateIPAllocationMethod": "Static", "privateIPAddress": address } }] } })
    };
    let id = |name: &str| world.id(&format!("networkInterfaces/{name}"));
    world
        .azure
        .make(&id("first"), NETWORK, nic("10.0.0.9"))
        .await;
    for (address, expect) in [
        ("10.0.0.9", "PrivateIPAddressIsAllocated"),
        ("10.0.1.9", "PrivateIPAddressNotInSubnet"),
        ("10.0.0.3", "PrivateIPAddressInReservedRange"),
        ("10.0.0.255", "PrivateIPAddressInReservedRange"),
    ] {
        world.refused(&id("second"), nic(address), expect).await;
    }
    let ask = async |address: &str| {
        let query = format!("{NETWORK}&ipAddress={address}");
        world
            .azure
            .read(&format!("{network}/CheckIPAddressAvailability"), &query)
            .await
    };
    assert_eq!(
        ask("10.0.0.5").await,
        json!({ "available": true, "isPlatformReserved": false })
    );
    let proposed = ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8"];
    assert_eq!(
        ask("10.0.0.9").await,
        json!({ "available": false, "availableIPAddresses": proposed, "isPlatformReserved": false })
    );
    assert_eq!(ask("10.0.0.0").await["isPlatformReserved"], true);
}

#[tokio::test]
async fn an_endpoint_to_a_storage_account_has_names_records_and_an_interface() {
    let world = Networks::start().await;
    let network = world.network("v", "10.0.0.0/16", "10.0.0.0/24").await;
    let account = format!(
        "{}/providers/Microsoft.Storage/storageAccounts/thing",
        world.group
    );
    let endpoint = |group: &str, address: Option<&str>| {
        let fixed = address.map(|ip| json!([{ "name": "one", "properties": { "groupId": group, "memberName": group, "privateIPAddress": ip } }]));
        json!({ "subnet": { "id": format!("{network}/subnets/a") }, "ipConfigurations": fixed,
            "privateLinkServiceConnections": [{ "name": "c", "properties": { "privateLinkServiceId": account, "groupIds": [group] } }] })
    };
    let located =
        |properties: Value| json!({ "location": "westcentralus", "properties": properties });
    world
        .refused(
            &world.id("privateEndpoints/bad"),
            located(endpoint("nothing", None)),
            "InvalidPrivateLinkGroupId",
        )
        .await;
    world
        .refused(
            &world.id("privateEndpoints/bad"),
            located(endpoint("blob", Some("10.9.0.9"))),
            "PrivateIPAddressNotInSubnet",
        )
        .await;

    let id = world
        .make("privateEndpoints/pe", endpoint("blob", Some("10.0.0.9")))
        .await;
    let shown = world.read(&id).await;
    assert_eq!(
        shown["customDnsConfigs"],
        json!([{ "fqdn": "thing.blob.core.windows.net", "ipAddresses": ["10.0.0.9"] }])
    );
    let nic = shown["networkInterfaces"][0]["id"]
        .as_str()
        .expect("an interface")
        .to_owned();
    let kept = world.azure.send("DELETE", &nic, NETWORK, None).await;
    assert_eq!(code(&kept.body), "NicInUseWithPrivateEndpoint");

    let zone = world.id("privateDnsZones/privatelink.blob.core.windows.net");
    world
        .azure
        .make(&zone, "2024-06-01", json!({ "location": "global" }))
        .await;
    let group = format!("{id}/privateDnsZoneGroups/default");
    let body = json!({ "properties": { "privateDnsZoneConfigs": [{ "name": "blob", "properties": { "privateDnsZoneId": zone } }] } });
    world.azure.make(&group, NETWORK, body).await;
    assert_eq!(world.read(&id).await["customDnsConfigs"], json!([]));
    let record = format!("{zone}/A/thing");
    let found = world.azure.read(&record, "2024-06-01").await;
    assert_eq!(
        found["properties"]["aRecords"],
        json!([{ "ipv4Address": "10.0.0.9" }])
    );
    let more = json!({ "properties": { "ttl": 10, "aRecords": [{ "ipv4Address": "10.0.0.9" }, { "ipv4Address": "10.7.0.7" }] } });
    world.azure.make(&record, "2024-06-01", more).await;
    world.azure.delete(&id, NETWORK).await;
    let left = world.azure.read(&record, "2024-06-01").await;
    assert_eq!(
        left["properties"]["aRecords"],
        json!([{ "ipv4Address": "10.7.0.7" }]),
        "only the endpoint's own address goes"
    );
    assert_eq!(world.azure.get(&nic, NETWORK).await.status, 404);
}

#[tokio::test]
async fn a_subnet_being_written_cannot_take_an_endpoint() {
    let world = Networks::start().await;
    let network = world.network("v", "10.0.0.0/16", "10.0.0.0/24").await;
    let subnet = format!("{network}/subnets/b");
    let started = world
        .put(
            &subnet,
            json!({ "properties": { "addressPrefix": "10.0.1.0/24" } }),
        )
        .await;
    let account = format!(
        "{}/providers/Microsoft.Storage/storageAccounts/thing",
        world.group
    );
    let body = json!({ "location": "westcentralus", "properties": { "subnet": { "id": subnet },
        "privateLinkServiceConnections": [{ "name": "c", "properties": { "privateLinkServiceId": account, "groupIds": ["blob"] } }] } });
    let endpoint = world.id("privateEndpoints/pe");
    world
        .refused(&endpoint, body.clone(), "ReferencedResourceNotProvisioned")
        .await;
    world.azure.finish(&started).await;
    world.azure.make(&endpoint, NETWORK, body).await;
}

#[tokio::test]
async fn a_link_service_decides_about_its_endpoints() {
    let world = Networks::start().await;
    let network = world.network("v", "10.0.0.0/16", "10.0.0.0/24").await;
    let subnet = |name: &str| format!("{network}/subnets/{name}");
    let address = world.make("publicIPAddresses/ip", json!({})).await;
    let front =
        json!([{ "name": "front", "properties": { "publicIPAddress": { "id": address } } }]);
    let balancer = world
        .make(
            "loadBalancers/lb",
            json!({ "frontendIPConfigurations": front }),
        )
        .await;
    let service = |subnet: String| {
        json!({ "location": "westcentralus", "properties": {
            "loadBalancerFrontendIpConfigurations": [{ "id": format!("{balancer}/frontendIPConfigurations/front") }],
            "ipConfigurations": [{ "name": "one", "properties": { "subnet": { "id": subnet } } }] } })
    };
    let id = world.id("privateLinkServices/pls");
    let code = "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled";
    world.refused(&id, service(subnet("a")), code).await;
    let open = json!({ "properties": { "addressPrefix": "10.0.1.0/24", "privateLinkServiceNetworkPolicies": "Disabled" } });
    world.azure.make(&subnet("b"), NETWORK, open).await;
    world.azure.make(&id, NETWORK, service(subnet("b"))).await;
    let endpoint = json!({ "subnet": { "id": subnet("a") },
        "manualPrivateLinkServiceConnections": [{ "name": "c", "properties": { "privateLinkServiceId": id, "requestMessage": "please" } }] });
    let endpoint = world.make("privateEndpoints/pe", endpoint).await;
    let state = async || {
        let shown = world.read(&endpoint).await;
        shown["manualPrivateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]["status"].clone()
    };
    assert_eq!(state().await, "Pending");
    let connection = world.read(&id).await["privateEndpointConnections"][0].clone();
    let guid = world.read(&endpoint).await["resourceGuid"].clone();
    let expect = format!("pe.{}", guid.as_str().expect("a GUID"));
    assert_eq!(connection["name"], expect);
    let name = connection["id"].as_str().expect("an id").to_owned();
    for status in ["Approved", "Rejected"] {
        let decision = json!({ "properties": { "privateLinkServiceConnectionState": { "status": status, "description": "so be it" } } });
        world.azure.make(&name, NETWORK, decision).await;
        assert_eq!(state().await, status);
    }
    world.azure.delete(&name, NETWORK).await;
    assert_eq!(state().await, "Disconnected");
    assert_eq!(
        world.read(&id).await["privateEndpointConnections"],
        json!([])
    );
}

#[tokio::test]
async fn a_network_has_one_zone_of_a_name_and_one_that_registers() {
    let world = Networks::start().await;
    let other = world.azure.group("other").await;
    let network = world.network("v", "10.0.0.0/16", "10.0.0.0/24").await;
    let zone = async |group: &str, name: &str| {
        let id = format!("{group}/providers/Microsoft.Network/privateDnsZones/{name}");
        world
            .azure
            .make(&id, DNS, json!({ "location": "global" }))
            .await;
        id
    };
    let link = async |zone: &str, registers: bool| {
        let body = json!({ "location": "global", "properties": { "registrationEnabled": registers, "virtualNetwork": { "id": network } } });
        let started = world
            .azure
            .send(
                "PUT",
                &format!("{zone}/virtualNetworkLinks/l"),
                DNS,
                Some(body),
            )
            .await;
        assert_eq!(
            (started.status, &started.body),
            (202, &json!({})),
            "refusals come with the operation"
        );
        world.azure.finish(&started).await
    };
    let first = zone(&world.group, "one.example.com").await;
    assert_eq!(link(&first, true).await["status"], "Succeeded");
    let state = async || {
        let link = world
            .azure
            .read(&format!("{first}/virtualNetworkLinks/l"), DNS)
            .await;
        link["properties"]["virtualNetworkLinkState"].clone()
    };
    assert_eq!(
        (state().await, state().await),
        (json!("InProgress"), json!("Completed"))
    );
    let twin = link(&zone(&other, "one.example.com").await, false).await;
    assert_eq!(
        (&twin["status"], &twin["error"]["code"]),
        (&json!("Failed"), &json!("BadRequest"))
    );
    let second = zone(&world.group, "two.example.com").await;
    let registering = link(&second, true).await;
    assert_eq!(registering["error"]["code"], "Conflict");
    assert!(
        registering["error"]["message"]
            .as_str()
            .is_some_and(|text| text.contains(&first.to_lowercase()))
    );
    assert_eq!(link(&second, false).await["status"], "Succeeded");
    let enable = json!({ "properties": { "registrationEnabled": true } });
    let started = world
        .azure
        .send(
            "PATCH",
            &format!("{second}/virtualNetworkLinks/l"),
            DNS,
            Some(enable),
        )
        .await;
    assert_eq!(
        world.azure.finish(&started).await["error"]["code"],
        "Conflict"
    );
}
