//! One working topology, and changes to it.

mod display;
mod pull;
mod rules;

use lazuli_core::{Declared, DeclaredNode, SourceLocation, Urn, Value};
use serde_json::{Value as Json, json};

const GROUP: &str = "/subscriptions/s/resourceGroups/g/providers";
const CLIENT: &str = "11111111-1111-4111-8111-111111111111";
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const READER_OF_REPOSITORIES: &str = "b93aa761-3e63-49ed-ac28-beffa264f7ac";

fn id(rest: &str) -> String {
    format!("{GROUP}/{rest}")
}

/// Name, type, id, inputs, and the names of what it depends on.
struct Entry {
    name: &'static str,
    ty: &'static str,
    id: String,
    inputs: Json,
    needs: Vec<&'static str>,
    /// Whether it is there without the program.
    existing: bool,
}

struct Topology(Vec<Entry>);

impl Topology {
    /// A locked-down registry and an app that pulls from it, by system-assigned identity.
    fn working() -> Self {
        let mut topology = Self(Vec::new());
        let located = "westus";
        topology.add("net", "Microsoft.Network/virtualNetworks", "Microsoft.Network/virtualNetworks/net", json!({
            "location": located, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}), &[]);
        topology.add("apps", "Microsoft.Network/virtualNetworks/subnets", "Microsoft.Network/virtualNetworks/net/subnets/apps", json!({
            "properties": {"addressPrefix": "10.0.0.0/24",
                "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverfarms"}}]}}), &["net"]);
        topology.add(
            "ends",
            "Microsoft.Network/virtualNetworks/subnets",
            "Microsoft.Network/virtualNetworks/net/subnets/ends",
            json!({"properties": {"addressPrefix": "10.0.1.0/24"}}),
            &["net"],
        );
        topology.add(
            "zone",
            "Microsoft.Network/privateDnsZones",
            "Microsoft.Network/privateDnsZones/privatelink.azurecr.io",
            json!({"location": "global"}),
            &[],
        );
        topology.add("link", "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
            "Microsoft.Network/privateDnsZones/privatelink.azurecr.io/virtualNetworkLinks/link",
            json!({"properties": {"virtualNetwork": {"id": id("Microsoft.Network/virtualNetworks/net")}}}), &["zone", "net"]);
        topology.add("acr", "Microsoft.ContainerRegistry/registries", "Microsoft.ContainerRegistry/registries/Secure1", json!({
            "location": located, "sku": {"name": "Premium"},
            "properties": {"publicNetworkAccess": "Disabled", "networkRuleBypassAllowedForTasks": true}}), &[]);
        topology.add("end", "Microsoft.Network/privateEndpoints", "Microsoft.Network/privateEndpoints/end", json!({
            "location": located, "properties": {
                "subnet": {"id": id("Microsoft.Network/virtualNetworks/net/subnets/ends")},
                "privateLinkServiceConnections": [{"name": "c", "properties": {"groupIds": ["registry"],
                    "privateLinkServiceId": id("Microsoft.ContainerRegistry/registries/secure1")}}]}}), &["ends", "acr"]);
        topology.add("records", "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
            "Microsoft.Network/privateEndpoints/end/privateDnsZoneGroups/records", json!({"properties": {"privateDnsZoneConfigs": [
                {"name": "c", "properties": {"privateDnsZoneId": id("Microsoft.Network/privateDnsZones/privatelink.azurecr.io")}}]}}),
            &["end", "zone"]);
        topology.add("image", "Lazuli.Azure/imageBuilds", "Microsoft.ContainerRegistry/registries/Secure1/imageBuilds/web:v1",
            json!({"registryId": id("Microsoft.ContainerRegistry/registries/Secure1"), "image": "web:v1", "context": "."}), &["acr"]);
        topology.add(
            "plan",
            "Microsoft.Web/serverfarms",
            "Microsoft.Web/serverfarms/plan",
            json!({"location": located, "sku": {"name": "P1v3"}, "properties": {"reserved": true}}),
            &[],
        );
        topology.add("app", "Microsoft.Web/sites", "Microsoft.Web/sites/app", json!({
            "location": "West US", "identity": {"type": "SystemAssigned"}, "properties": {
                "serverFarmId": id("Microsoft.Web/serverFarms/plan"),
                "virtualNetworkSubnetId": id("Microsoft.Network/virtualNetworks/net/subnets/apps"),
                "outboundVnetRouting": {"imagePullTraffic": true},
                "siteConfig": {"acrUseManagedIdentityCreds": true, "linuxFxVersion": "DOCKER|secure1.azurecr.io/web:v1",
                    "appSettings": []}}}), &["plan", "apps", "image"]);
        topology.add("role", "Microsoft.Authorization/roleAssignments",
            &format!("Microsoft.ContainerRegistry/registries/Secure1/providers/Microsoft.Authorization/roleAssignments/{CLIENT}"),
            json!({"properties": {"roleDefinitionId": format!("/x/{ACR_PULL}")}}), &["acr", "app"]);
        topology
    }

    fn add(
        &mut self,
        name: &'static str,
        ty: &'static str,
        rest: &str,
        inputs: Json,
        needs: &[&'static str],
    ) {
        self.0.push(Entry {
            name,
            ty,
            id: id(rest),
            inputs,
            needs: needs.to_vec(),
            existing: false,
        });
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        self.0
            .iter_mut()
            .find(|entry| entry.name == name)
            .expect("the topology has it")
    }

    /// Puts a value at a dotted path of the inputs.
    fn set(mut self, name: &str, path: &str, value: Json) -> Self {
        let target = path
            .split('.')
            .fold(&mut self.entry(name).inputs, |json, key| &mut json[key]);
        *target = value;
        self
    }

    /// Puts a value at a pointed path, through lists.
    fn set_at(mut self, name: &str, path: &str, value: Json) -> Self {
        let pointer = format!("/{}", path.replace('.', "/"));
        let target = self.entry(name).inputs.pointer_mut(&pointer);
        *target.expect("the path is there") = value;
        self
    }

    /// Makes it one that exists without the program, which says nothing of it.
    fn existing(mut self, name: &str) -> Self {
        let entry = self.entry(name);
        (entry.existing, entry.inputs) = (true, json!({}));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|entry| entry.name != name);
        self
    }

    fn declared(&self) -> Vec<DeclaredNode> {
        let position = |name: &&str| self.0.iter().position(|entry| entry.name == *name);
        let declare = |entry: &Entry| DeclaredNode {
            desired: Declared {
                urn: Urn::new("dev", "p", "", entry.ty, entry.name),
                id: Some(entry.id.clone()),
                inputs: unknown(Value::from(entry.inputs.clone())),
                timeout: None,
            },
            location: SourceLocation {
                file: "main.rs".into(),
                line: 7,
            },
            depends_on: entry.needs.iter().filter_map(position).collect(),
            existing: entry.existing,
        };
        self.0.iter().map(declare).collect()
    }
}

/// The text `?` stands for a value not yet known.
fn unknown(value: Value) -> Value {
    match value {
        Value::String(text) if text == "?" => Value::Unknown(vec!["x".to_owned()].into()),
        Value::Map(members) => Value::Map(
            members
                .into_iter()
                .map(|(key, value)| (key, unknown(value)))
                .collect(),
        ),
        Value::List(items) => Value::List(items.into_iter().map(unknown).collect()),
        other => other,
    }
}

/// Code and resource of each finding; all of them have place and help.
fn check(topology: Topology, expected: &[(&str, &str)]) {
    let findings = crate::verify::verify(&topology.declared());
    let found: Vec<(&str, String)> = findings
        .iter()
        .map(|finding| {
            assert!(
                finding.help.is_some() && finding.location.is_some() && finding.source.is_some(),
                "{finding:?}"
            );
            (
                finding.code,
                finding
                    .urn
                    .as_ref()
                    .map(|urn| urn.address())
                    .unwrap_or_default(),
            )
        })
        .collect();
    let expected: Vec<(&str, String)> = expected
        .iter()
        .map(|(code, name)| (*code, (*name).to_owned()))
        .collect();
    assert_eq!(found, expected, "{findings:#?}");
}

const ROUTING: &str = "properties.outboundVnetRouting";
const FX: &str = "properties.siteConfig.linuxFxVersion";
