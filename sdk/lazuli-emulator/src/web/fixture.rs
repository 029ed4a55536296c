//! The article's finished topology, for tests: a site, its network, its closed registry.

use serde_json::{Value, json};

use crate::build::base_images;
use crate::build::image::{Node, Tree, pack};
use crate::data::digest::Digest;
use crate::data::oci_store::OciStore;
use crate::data::registry;
use crate::world::{Resource, World, tests::empty};

pub(crate) const GROUP: &str =
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/secureacrsetup";
pub(crate) const PRINCIPAL: &str = "aaaaaaaa-0000-0000-0000-000000000001";
pub(crate) const HOST: &str = "https://secureacrweb2021.azurewebsites.net/";
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/// An id below the group's providers.
pub(crate) fn id(rest: &str) -> String {
    format!("{GROUP}/providers/{rest}")
}

pub(crate) fn site_id() -> String {
    id("Microsoft.Web/sites/secureacrweb2021")
}

pub(crate) fn registry_id() -> String {
    id("Microsoft.ContainerRegistry/registries/secureacr2021")
}

pub(crate) fn endpoint_id() -> String {
    id("Microsoft.Network/privateEndpoints/secureacr-pe")
}

pub(crate) fn link_id() -> String {
    id("Microsoft.Network/privateDnsZones/privatelink.azurecr.io/virtualNetworkLinks/acr-zonelink")
}

pub(crate) fn record_id(name: &str) -> String {
    id(&format!(
        "Microsoft.Network/privateDnsZones/privatelink.azurecr.io/A/{name}"
    ))
}

pub(crate) fn role_id() -> String {
    format!(
        "{}/providers/Microsoft.Authorization/roleAssignments/pull",
        registry_id()
    )
}

/// Puts a resource; its type follows from its id.
pub(crate) fn put(world: &World, id: &str, body: Value, private: Value) {
    let (_, tail) = id.rsplit_once("/providers/").unwrap_or(("", id));
    let mut parts = tail.split('/');
    let provider = parts.next().unwrap_or_default();
    let types: Vec<&str> = parts.step_by(2).collect();
    let kind = format!("{provider}/{}", types.join("/"));
    world.put(Resource {
        id: id.to_owned(),
        kind,
        body,
        private,
    });
}

/// Changes the body and the hidden part of a resource that is there.
pub(crate) fn change(world: &World, id: &str, change: impl FnOnce(&mut Resource)) {
    world.update(id, change).expect("the resource is there");
}

/// The content of the registry.
pub(crate) fn content(world: &World) -> OciStore {
    registry::store(world, &world.get(&registry_id()).expect("the registry"))
}

/// Sets a property of `config/web`.
pub(crate) fn configure(world: &World, key: &str, value: impl Into<Value>) {
    change(world, &site_id(), |site| {
        site.private["config"][key] = value.into()
    });
}

/// Pushes an nginx image whose start page is `text`.
pub(crate) fn push_page(world: &World, tag: &str, text: &str) -> Digest {
    let mut image = base_images::find("docker.io", "library/nginx", "latest").expect("built in");
    let page = Tree::from([(
        "usr/share/nginx/html/index.html".to_owned(),
        Node::file(text.to_owned()),
    )]);
    image.layers.push(pack(&page).expect("packs"));
    image
        .push(&content(world), "privatewebsite", tag)
        .expect("pushes")
}

/// Everything of the article in place, with two images in the registry and the site on the first.
pub(crate) fn article() -> World {
    let world = empty();
    network(&world);
    closed_registry(&world);
    web_app(&world);
    push_page(&world, "lnx-v1", "<h1>Hello Linux v1</h1>");
    push_page(&world, "lnx-v2", "<h1>Hello Linux v2</h1>");
    world
}

fn network(world: &World) {
    let vnet = id("Microsoft.Network/virtualNetworks/secureacr-vnet");
    let none = Value::Null;
    put(
        world,
        &vnet,
        json!({ "location": "westcentralus", "properties": {} }),
        none.clone(),
    );
    for subnet in ["vnet-integration-subnet", "private-endpoint-subnet"] {
        put(
            world,
            &format!("{vnet}/subnets/{subnet}"),
            json!({ "properties": {} }),
            none.clone(),
        );
    }
    put(
        world,
        &id("Microsoft.Network/privateDnsZones/privatelink.azurecr.io"),
        json!({ "properties": {} }),
        none.clone(),
    );
    put(
        world,
        &link_id(),
        json!({ "properties": { "virtualNetwork": { "id": vnet } } }),
        none.clone(),
    );
    let nic = id("Microsoft.Network/networkInterfaces/secureacr-pe.nic.1");
    let configuration = |address: &str| json!({ "properties": { "privateIPAddress": address } });
    put(
        world,
        &nic,
        json!({ "properties": { "ipConfigurations": [configuration("10.0.1.4"), configuration("10.0.1.5")] } }),
        none.clone(),
    );
    let connection = json!({ "name": "secureacr-pc", "properties": { "privateLinkServiceId": registry_id(), "groupIds": ["registry"],
        "privateLinkServiceConnectionState": { "status": "Approved" } } });
    let endpoint = json!({ "location": "westcentralus", "properties": { "subnet": { "id": format!("{vnet}/subnets/private-endpoint-subnet") },
        "privateLinkServiceConnections": [connection], "networkInterfaces": [{ "id": nic }] } });
    put(world, &endpoint_id(), endpoint, none.clone());
    for (name, address) in [
        ("secureacr2021.westcentralus.data", "10.0.1.4"),
        ("secureacr2021", "10.0.1.5"),
    ] {
        put(
            world,
            &record_id(name),
            json!({ "properties": { "aRecords": [{ "ipv4Address": address }] } }),
            none.clone(),
        );
    }
}

fn closed_registry(world: &World) {
    let body = json!({ "location": "westcentralus", "sku": { "name": "Premium" }, "properties": {
        "loginServer": "secureacr2021.azurecr.io", "publicNetworkAccess": "Disabled", "adminUserEnabled": false,
        "networkRuleSet": { "defaultAction": "Deny", "ipRules": [] } } });
    put(
        world,
        &registry_id(),
        body,
        json!({ "passwords": ["first-password", "second-password"] }),
    );
    let role = json!({ "properties": { "principalId": PRINCIPAL, "scope": registry_id(),
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}") } });
    put(world, &role_id(), role, Value::Null);
}

fn web_app(world: &World) {
    let plan = id("Microsoft.Web/serverfarms/secureacrplan");
    put(
        world,
        &plan,
        json!({ "sku": { "name": "P1v3" } }),
        Value::Null,
    );
    let subnet =
        id("Microsoft.Network/virtualNetworks/secureacr-vnet/subnets/vnet-integration-subnet");
    let body = json!({ "location": "West Central US", "identity": { "type": "SystemAssigned", "principalId": PRINCIPAL },
        "properties": { "serverFarmId": plan, "virtualNetworkSubnetId": subnet, "httpsOnly": true, "state": "Running",
            "defaultHostName": "secureacrweb2021.azurewebsites.net", "outboundIpAddresses": "20.69.0.10,20.69.0.11" } });
    let config = json!({ "linuxFxVersion": "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1", "acrUseManagedIdentityCreds": true });
    put(
        world,
        &site_id(),
        body,
        json!({ "appSettings": { "WEBSITE_PULL_IMAGE_OVER_VNET": "true" }, "config": config }),
    );
}
