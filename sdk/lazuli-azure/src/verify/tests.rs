//! One working topology, and a change to it for each rule.

use lazuli_core::{Declared, Desired, Severity, SourcePlace, Urn, Value};
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
            json!({"location": located, "sku": {"name": "P1v3"}}),
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

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|entry| entry.name != name);
        self
    }

    fn declared(&self) -> Vec<Declared> {
        let position = |name: &&str| self.0.iter().position(|entry| entry.name == *name);
        let declare = |entry: &Entry| Declared {
            desired: Desired {
                urn: Urn::new("dev", "p", "", entry.ty, entry.name),
                id: Some(entry.id.clone()),
                inputs: unknown(Value::from(entry.inputs.clone())),
                timeout: None,
            },
            place: SourcePlace {
                file: "main.rs".to_owned(),
                line: 7,
            },
            depends_on: entry.needs.iter().filter_map(position).collect(),
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
    let findings = super::verify(&topology.declared());
    let found: Vec<(&str, String)> = findings
        .iter()
        .map(|finding| {
            assert!(
                finding.help.is_some() && finding.place.is_some(),
                "{finding:?}"
            );
            (
                finding.code,
                finding
                    .urn
                    .as_ref()
                    .map(|urn| urn.place())
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

#[test]
fn the_working_topology_has_no_findings() {
    check(Topology::working(), &[]);
}

#[test]
fn networks() {
    let t = Topology::working;
    check(
        t().set("ends", "properties.addressPrefix", json!("10.1.0.0/24")),
        &[("LZ2001", "ends")],
    );
    check(
        t().set("ends", "properties.addressPrefix", json!("10.0.0.128/25")),
        &[("LZ2002", "ends")],
    );
    check(
        t().set("apps", "properties.delegations", json!([])),
        &[("LZ2003", "apps")],
    );
    check(t().set("apps", "properties.delegations", json!("?")), &[]);
    check(
        t().set("apps", "properties.addressPrefix", json!("10.0.0.0/29")),
        &[("LZ2004", "apps")],
    );
    let apps = id("Microsoft.Network/virtualNetworks/net/subnets/APPS");
    check(
        t().set("end", "properties.subnet.id", json!(apps)),
        &[("LZ2005", "app")],
    );
    check(
        t().set("acr", "sku.name", json!("Standard")),
        &[("LZ2006", "acr")],
    );
    check(
        t().set("plan", "sku.name", json!("f1")),
        &[("LZ2007", "plan")],
    );
    check(
        t().set("plan", "location", json!("eastus")),
        &[("LZ2021", "app")],
    );
    check(
        t().set("net", "location", json!("eastus")),
        &[("LZ2021", "end"), ("LZ2021", "app")],
    );
    let mut twice = t();
    let link = "Microsoft.Network/privateDnsZones/privatelink.azurecr.io/virtualNetworkLinks/other";
    let inputs = json!({"properties": {"virtualNetwork": {"id": id("Microsoft.Network/virtualNetworks/NET")}}});
    twice.add(
        "other",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        link,
        inputs,
        &["net"],
    );
    check(twice, &[("LZ2020", "other")]);
}

#[test]
fn the_switch() {
    let t = Topology::working;
    let setting = json!([{"name": "website_pull_image_over_vnet", "value": "true"}]);
    check(t().set("app", ROUTING, json!({})), &[("LZ2008", "app")]);
    check(
        t().set("app", ROUTING, json!({"applicationTraffic": true})),
        &[("LZ2008", "app")],
    );
    check(t().set("app", ROUTING, json!({"allTraffic": true})), &[]);
    check(
        t().set("app", ROUTING, json!({"imagePullTraffic": "?"})),
        &[],
    );
    check(
        t().set("app", ROUTING, json!({})).set(
            "app",
            "properties.siteConfig.appSettings",
            setting.clone(),
        ),
        &[],
    );
    check(
        t().set("app", "properties.siteConfig.appSettings", setting),
        &[("LZ2017", "app")],
    );
    check(
        t().set("app", "properties.vnetImagePullEnabled", json!(true)),
        &[("LZ2017", "app")],
    );
    let windows = t().set("app", FX, json!(null)).set(
        "app",
        "properties.siteConfig.windowsFxVersion",
        json!("DOCKER|secure1.azurecr.io/web:v1"),
    );
    check(windows, &[("LZ2024", "app")]);
}

#[test]
fn the_way_through_the_network() {
    let t = Topology::working;
    check(
        t().set("app", "properties.virtualNetworkSubnetId", json!(null)),
        &[("LZ2009", "app")],
    );
    check(
        t().set("app", "properties.virtualNetworkSubnetId", json!("?")),
        &[],
    );
    check(t().without("end").without("records"), &[("LZ2010", "app")]);
    let elsewhere = id("Microsoft.Network/virtualNetworks/other/subnets/ends");
    check(
        t().set("end", "properties.subnet.id", json!(elsewhere)),
        &[("LZ2010", "app")],
    );
    check(t().without("link"), &[("LZ2011", "app")]);
    check(
        t().without("link").set(
            "net",
            "properties.dhcpOptions.dnsServers",
            json!(["10.0.0.4"]),
        ),
        &[],
    );
    check(t().without("records"), &[("LZ2012", "end")]);
    let other = id("Microsoft.Network/privateDnsZones/privatelink.azurecr.us");
    let configs = json!([{"name": "c", "properties": {"privateDnsZoneId": other}}]);
    check(
        t().set("records", "properties.privateDnsZoneConfigs", configs),
        &[("LZ2012", "end")],
    );
    // An open registry needs none of it.
    let open = t().set("acr", "properties.publicNetworkAccess", json!("Enabled"));
    check(
        open.without("link")
            .without("records")
            .without("end")
            .set("app", ROUTING, json!({})),
        &[],
    );
}

#[test]
fn the_identity() {
    let t = Topology::working;
    let client = "properties.siteConfig.acrUserManagedIdentityID";
    let mode = "properties.roleAssignmentMode";
    check(t().without("role"), &[("LZ2013", "app")]);
    check(
        t().set(
            "role",
            "properties.roleDefinitionId",
            json!("/x/c2f4ef07-c644-48eb-af81-4b1b4947fb11"),
        ),
        &[("LZ2013", "app")],
    );
    check(
        t().set("acr", mode, json!("AbacRepositoryPermissions")),
        &[("LZ2018", "role")],
    );
    let reader = json!(format!("/x/{READER_OF_REPOSITORIES}"));
    let fits = t()
        .set("acr", mode, json!("AbacRepositoryPermissions"))
        .set("role", "properties.roleDefinitionId", reader);
    check(fits, &[]);
    check(
        t().set("app", "identity", json!(null)),
        &[("LZ2019", "app")],
    );
    check(t().set("app", client, json!(CLIENT)), &[("LZ2019", "app")]);
    let policy = "properties.policies.azureADAuthenticationAsArmPolicy.status";
    check(
        t().set("acr", policy, json!("disabled")),
        &[("LZ2022", "acr")],
    );
    let by_password = t().set(
        "app",
        "properties.siteConfig.acrUseManagedIdentityCreds",
        json!(false),
    );
    check(by_password, &[("LZ2014", "app")]);
    let user = json!([{"name": "DOCKER_REGISTRY_SERVER_USERNAME", "value": "?"}]);
    let by_password = t().set(
        "app",
        "properties.siteConfig.acrUseManagedIdentityCreds",
        json!(false),
    );
    check(
        by_password.set("app", "properties.siteConfig.appSettings", user),
        &[],
    );
}

#[test]
fn a_role_given_to_another_identity_does_not_count() {
    let mut t = Topology::working();
    let other = "Microsoft.ManagedIdentity/userAssignedIdentities";
    t.add(
        "other",
        other,
        &format!("{other}/other"),
        json!({"location": "westus"}),
        &[],
    );
    t.entry("role").needs = vec!["acr", "other"];
    check(t, &[("LZ2013", "app")]);
    let mut t = Topology::working();
    t.add(
        "mine",
        other,
        &format!("{other}/mine"),
        json!({"location": "westus"}),
        &[],
    );
    t.entry("role").needs = vec!["acr", "mine"];
    let attached = json!({"type": "UserAssigned", "userAssignedIdentities": {id(&format!("{other}/mine")): {}}});
    check(
        t.set("app", "identity", attached).set(
            "app",
            "properties.siteConfig.acrUserManagedIdentityID",
            json!("?"),
        ),
        &[],
    );
}

#[test]
fn the_image() {
    let t = Topology::working;
    check(
        t().set("app", FX, json!("DOCKER|secure1.azurecr.io/web:v2")),
        &[("LZ2015", "app")],
    );
    let mut early = t();
    early.entry("app").needs = vec!["plan", "apps", "acr"];
    check(early, &[("LZ2016", "app")]);
    check(
        t().set(
            "acr",
            "properties.networkRuleBypassAllowedForTasks",
            json!(false),
        ),
        &[("LZ2023", "image")],
    );
    // An image that is not known yet is followed by what the app waits for.
    check(
        t().set("app", FX, json!("?"))
            .set("app", ROUTING, json!({})),
        &[("LZ2008", "app")],
    );
    check(
        t().set("app", FX, json!("DOCKER|docker.io/nginx:1"))
            .without("role")
            .without("link"),
        &[],
    );
}

#[test]
fn only_the_tag_and_the_order_of_builds_are_warnings() {
    for (topology, severity) in [
        (
            Topology::working().set("app", FX, json!("DOCKER|secure1.azurecr.io/web:v2")),
            Severity::Warning,
        ),
        (Topology::working().without("role"), Severity::Warning),
        (Topology::working().without("link"), Severity::Warning),
    ] {
        let findings = super::verify(&topology.declared());
        assert!(
            findings.iter().all(|finding| finding.severity == severity),
            "{findings:?}"
        );
    }
}
