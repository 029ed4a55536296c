//! A violation for every rule over the graph: none is without a test.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::resources::Role;
use crate::verify::RULES;

const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const PEERING: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
const ZONE: &str = "Microsoft.Network/privateDnsZones";
const LINK: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
const REPLICA: &str = "Microsoft.ContainerRegistry/registries/replications";
const SITE: &str = "Microsoft.Web/sites";
const PLAN: &str = "Microsoft.Web/serverfarms";
const CONFIG: &str = "Microsoft.Web/sites/config";
const VAULT: &str = "Microsoft.KeyVault/vaults";

const SETTINGS: &str = "properties.siteConfig.appSettings";
const BY_IDENTITY: &str = "properties.siteConfig.acrUseManagedIdentityCreds";
const SUBNET_OF: &str = "properties.virtualNetworkSubnetId";

fn t() -> Topology {
    Topology::working()
}

impl Topology {
    fn and(mut self, name: &'static str, ty: &'static str, rest: &str, inputs: Json) -> Self {
        self.add(name, ty, rest, inputs, &[]);
        self
    }

    fn settings(self, settings: &[(&str, &str)]) -> Self {
        let list: Vec<Json> = settings
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        self.set("app", SETTINGS, json!(list))
    }

    /// Pulls with user name and password, for these settings.
    fn by_password(self, settings: &[(&str, &str)]) -> Self {
        self.without("role")
            .set("app", BY_IDENTITY, json!(false))
            .settings(settings)
    }

    fn link(self, name: &'static str, zone: &str, more: Json) -> Self {
        let mut inputs = json!({"properties": {"virtualNetwork": {"id": id("Microsoft.Network/virtualNetworks/net")}}});
        inputs["properties"]
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.and(
            name,
            LINK,
            &format!("{ZONE}/{zone}/virtualNetworkLinks/{name}"),
            inputs,
        )
    }

    fn vault(self, properties: Json) -> Self {
        self.and(
            "vault",
            VAULT,
            "Microsoft.KeyVault/vaults/v1",
            json!({"location": "westus", "properties": properties}),
        )
        .settings(&[("PASSWORD", "@Microsoft.KeyVault(VaultName=v1;SecretName=s)")])
    }

    fn secret(self) -> Self {
        self.and(
            "secret",
            "Microsoft.KeyVault/vaults/secrets",
            "Microsoft.KeyVault/vaults/v1/secrets/s",
            json!({}),
        )
    }

    fn reader(mut self) -> Self {
        let role =
            "Microsoft.KeyVault/vaults/v1/providers/Microsoft.Authorization/roleAssignments/r";
        let inputs =
            json!({"properties": {"roleDefinitionId": "/x/4633458b-17de-408a-b874-0445c86b69e6"}});
        self.add(
            "reads",
            "Microsoft.Authorization/roleAssignments",
            role,
            inputs,
            &["vault", "app"],
        );
        self
    }
}

const ADMIN: [(&str, &str); 3] = [
    ("DOCKER_REGISTRY_SERVER_URL", "https://secure1.azurecr.io"),
    ("DOCKER_REGISTRY_SERVER_USERNAME", "secure1"),
    ("DOCKER_REGISTRY_SERVER_PASSWORD", "p"),
];

fn network() -> Vec<(&'static str, &'static str, Topology)> {
    let other_plan = |t: Topology| {
        let plan = json!({"location": "westus", "sku": {"name": "P1v3"}, "properties": {"reserved": true}});
        t.and("plan2", PLAN, "Microsoft.Web/serverfarms/plan2", plan).and("app2", SITE, "Microsoft.Web/sites/app2", json!({
            "location": "westus", "properties": {"serverFarmId": id("Microsoft.Web/serverFarms/plan2"),
                "virtualNetworkSubnetId": id("Microsoft.Network/virtualNetworks/net/subnets/apps")}}))
    };
    let peering = json!({"properties": {"remoteVirtualNetwork": {"id": id("Microsoft.Network/virtualNetworks/hub")}}});
    let hub = json!({"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.128.0/17"]}}});
    let inline = json!([{"name": "old", "properties": {"addressPrefix": "10.0.9.0/24"}}]);
    vec![
        (
            "LZ2001",
            "ends",
            t().set("ends", "properties.addressPrefix", json!("10.1.0.0/24")),
        ),
        (
            "LZ2002",
            "ends",
            t().set("ends", "properties.addressPrefix", json!("10.0.0.128/25")),
        ),
        (
            "LZ2003",
            "apps",
            t().set("apps", "properties.delegations", json!([])),
        ),
        (
            "LZ2004",
            "apps",
            t().set("apps", "properties.addressPrefix", json!("10.0.0.0/29")),
        ),
        (
            "LZ2005",
            "app",
            t().set(
                "end",
                "properties.subnet.id",
                json!(id("Microsoft.Network/virtualNetworks/net/subnets/apps")),
            ),
        ),
        (
            "LZ2021",
            "app",
            t().set("plan", "location", json!("eastus")),
        ),
        (
            "LZ2028",
            "net",
            t().set("net", "properties.subnets", inline),
        ),
        (
            "LZ2029",
            "apps",
            other_plan(t().set("apps", "properties.addressPrefix", json!("10.0.0.0/27"))),
        ),
        (
            "LZ2030",
            "apps",
            t().set("apps", "properties.addressPrefix", json!("fd00::/64"))
                .set(
                    "net",
                    "properties.addressSpace.addressPrefixes",
                    json!(["10.0.0.0/16", "fd00::/48"]),
                ),
        ),
        (
            "LZ2031",
            "apps",
            t().set(
                "apps",
                "properties.serviceEndpointPolicies",
                json!([{"id": "/x"}]),
            ),
        ),
        (
            "LZ2037",
            "peer",
            t().and("hub", NETWORK, "Microsoft.Network/virtualNetworks/hub", hub)
                .and(
                    "peer",
                    PEERING,
                    "Microsoft.Network/virtualNetworks/net/virtualNetworkPeerings/peer",
                    peering,
                ),
        ),
    ]
}

fn endpoints() -> Vec<(&'static str, &'static str, Topology)> {
    let groups = "properties.privateLinkServiceConnections.0.properties.groupIds";
    let delegated =
        json!([{"name": "d", "properties": {"serviceName": "Microsoft.App/environments"}}]);
    let small = (0..3).fold(
        t().set("ends", "properties.addressPrefix", json!("10.0.1.0/29")),
        |t, at| {
            let name = ["r0", "r1", "r2"][at];
            t.and(
                name,
                REPLICA,
                &format!("Microsoft.ContainerRegistry/registries/Secure1/replications/{name}"),
                json!({"location": "eastus"}),
            )
        },
    );
    let many = (0..200).fold(t(), |t, at| {
        let name: &'static str = Box::leak(format!("e{at}").into_boxed_str());
        t.and(
            name,
            ENDPOINT,
            &format!("Microsoft.Network/privateEndpoints/{name}"),
            json!({"location": "westus", "properties": {
            "subnet": {"id": id("Microsoft.Network/virtualNetworks/elsewhere/subnets/ends")},
            "privateLinkServiceConnections": [{"name": "c", "properties": {"groupIds": ["registry"],
                "privateLinkServiceId": id("Microsoft.ContainerRegistry/registries/secure1")}}]}}),
        )
    });
    let mut manual = t();
    let properties = manual.entry("end").inputs["properties"]
        .as_object_mut()
        .unwrap();
    let connections = properties.remove("privateLinkServiceConnections").unwrap();
    properties.insert(
        "manualPrivateLinkServiceConnections".to_owned(),
        connections,
    );
    vec![
        (
            "LZ2025",
            "end",
            t().set("end", "properties.privateLinkServiceConnections", json!([])),
        ),
        (
            "LZ2006",
            "acr",
            t().set("acr", "sku.name", json!("Standard")),
        ),
        (
            "LZ2032",
            "end",
            t().set("ends", "properties.delegations", delegated),
        ),
        ("LZ2034", "end", t().set_at("end", groups, json!(["sites"]))),
        (
            "LZ2034",
            "end",
            t().set_at("end", groups, json!(["registry", "registry"])),
        ),
        ("LZ2035", "ends", small),
        ("LZ2036", "acr", many),
        ("LZ2063", "end", manual),
    ]
}

fn dns() -> Vec<(&'static str, &'static str, Topology)> {
    let wrong = id("Microsoft.Network/privateDnsZones/privatelink.acr.io");
    let register = json!({"registrationEnabled": true});
    let registering =
        t().link("one", "a.internal", register.clone())
            .link("two", "b.internal", register);
    let crowded = (0..1001).fold(t(), |t, at| {
        let name: &'static str = Box::leak(format!("l{at}").into_boxed_str());
        let network = id(&format!("Microsoft.Network/virtualNetworks/n{at}"));
        t.and(
            name,
            LINK,
            &format!("{ZONE}/crowded.internal/virtualNetworkLinks/{name}"),
            json!({"properties": {"virtualNetwork": {"id": network}}}),
        )
    });
    vec![
        (
            "LZ2020",
            "again",
            t().link("again", "privatelink.azurecr.io", json!({})),
        ),
        ("LZ2038", "two", registering),
        ("LZ2039", "l0", crowded),
        (
            "LZ2040",
            "records",
            t().set(
                "records",
                "properties.privateDnsZoneConfigs",
                json!([{"name": "c", "properties": {"privateDnsZoneId": wrong}}]),
            ),
        ),
    ]
}

fn registries() -> Vec<(&'static str, &'static str, Topology)> {
    let open = || t().set("acr", "properties.publicNetworkAccess", json!("Enabled"));
    let rule = |value: &str| json!({"action": "Allow", "value": value});
    let deny = |rules: Vec<Json>| {
        open().set(
            "acr",
            "properties.networkRuleSet",
            json!({"defaultAction": "Deny", "ipRules": rules}),
        )
    };
    let export = "properties.policies.exportPolicy.status";
    vec![
        (
            "LZ2022",
            "acr",
            t().set(
                "acr",
                "properties.policies.azureADAuthenticationAsArmPolicy.status",
                json!("disabled"),
            ),
        ),
        (
            "LZ2023",
            "image",
            t().set(
                "acr",
                "properties.networkRuleBypassAllowedForTasks",
                json!(false),
            ),
        ),
        (
            "LZ2041",
            "acr",
            t().set("acr", "sku.name", json!("Standard")),
        ),
        (
            "LZ2041",
            "acr",
            t().set("acr", "sku.name", json!("Basic")).set(
                "acr",
                "properties.anonymousPullEnabled",
                json!(true),
            ),
        ),
        ("LZ2042", "acr", deny(vec![rule("203.0.113.0/24"); 201])),
        ("LZ2042", "acr", deny(vec![rule("my-office")])),
        (
            "LZ2043",
            "acr",
            open().set("acr", export, json!("disabled")),
        ),
        (
            "LZ2044",
            "acr",
            t().set(
                "acr",
                "properties.networkRuleSet",
                json!({"ipRules": [rule("203.0.113.7")]}),
            ),
        ),
        (
            "LZ2066",
            "acr",
            t().set("acr", "properties.roleAssignmentMode", json!("Abac")),
        ),
    ]
}

fn apps() -> Vec<(&'static str, &'static str, Topology)> {
    let windows = || {
        t().set("app", FX, json!(null)).set(
            "app",
            "properties.siteConfig.windowsFxVersion",
            json!("DOCKER|secure1.azurecr.io/web:v1"),
        )
    };
    let isolated = || t().set("plan", "sku.name", json!("I1v2"));
    let environment = "Microsoft.Web/hostingEnvironments/ase";
    let config = |name: &'static str, properties: Json| {
        t().and(
            "own",
            CONFIG,
            &format!("Microsoft.Web/sites/app/config/{name}"),
            json!({"properties": properties}),
        )
    };
    let subnet = id("Microsoft.Network/virtualNetworks/net/subnets/apps");
    vec![
        ("LZ2007", "plan", t().set("plan", "sku.name", json!("F1"))),
        ("LZ2017", "app", t().set("app", "properties.vnetImagePullEnabled", json!(true))),
        ("LZ2024", "app", windows()),
        ("LZ2026", "own", config("appsettings", json!({"A": "1"}))),
        ("LZ2026", "own", config("web", json!({"linuxFxVersion": "DOCKER|secure1.azurecr.io/web:v1"}))),
        ("LZ2027", "own", t().and("own", "Microsoft.Web/sites/networkConfig", "Microsoft.Web/sites/app/networkConfig/virtualNetwork",
            json!({"properties": {"subnetResourceId": subnet}}))),
        ("LZ2033", "plan", t().set("plan", "sku.name", json!("P1v33"))),
        ("LZ2045", "plan", t().set("plan", "properties.reserved", json!(false))),
        ("LZ2045", "plan", windows().set("plan", "properties.reserved", json!(true))),
        ("LZ2046", "plan", t().set("plan", "sku.name", json!("EP1"))),
        ("LZ2047", "plan", isolated()),
        ("LZ2047", "plan", t().set("plan", "properties.hostingEnvironmentProfile.id", json!(id(environment)))),
        ("LZ2048", "app", t().set("plan", "sku.name", json!("F1")).set("app", "properties.siteConfig.alwaysOn", json!(true))),
        ("LZ2049", "app", t().set("app", FX, json!("secure1.azurecr.io/web:v1"))),
        ("LZ2049", "app", t().set("app", "properties.siteConfig.windowsFxVersion", json!("DOCKER|secure1.azurecr.io/web:v1"))),
        ("LZ2050", "app", t().settings(&ADMIN)),
        ("LZ2059", "app", isolated().set("plan", "properties.hostingEnvironmentProfile.id", json!(id(environment)))),
        ("LZ2060", "app", isolated().set("app", ROUTING, json!({"imagePullTraffic": false}))),
        ("LZ2061", "append", isolated()
            .and("ase", "Microsoft.Web/hostingEnvironments", environment, json!({"properties": {}}))
            .set("plan", "properties.hostingEnvironmentProfile.id", json!(id(environment)))
            .and("append", ENDPOINT, "Microsoft.Network/privateEndpoints/append", json!({"location": "westus", "properties": {
                "subnet": {"id": id("Microsoft.Network/virtualNetworks/net/subnets/ends")},
                "privateLinkServiceConnections": [{"name": "c", "properties": {"groupIds": ["sites"], "privateLinkServiceId": id("Microsoft.Web/sites/app")}}]}}))),
        ("LZ2062", "app", t().settings(&[("WEBSITES_PORT", "http")])),
        ("LZ2067", "app", windows().by_password(&[
            ("DOCKER_REGISTRY_SERVER_URL", "https://secure1.azurecr.io"),
            ("DOCKER_REGISTRY_SERVER_USERNAME", CLIENT),
            ("DOCKER_REGISTRY_SERVER_PASSWORD", "p"),
        ])),
        ("LZ2068", "app", t().set("plan", "sku.name", json!("I1"))
            .set("plan", "properties.hostingEnvironmentProfile.id", json!(id(environment)))
            .and("ase", "Microsoft.Web/hostingEnvironments", environment,
                json!({"properties": {"virtualNetwork": {"id": id("Microsoft.Network/virtualNetworks/net/subnets/ends")}}}))
            .set("net", "properties.dhcpOptions.dnsServers", json!(["10.0.0.4"]))),
        ("LZ2062", "app", t().settings(&[("WEBSITES_CONTAINER_START_TIME_LIMIT", "3600")])),
    ]
}

fn pulls() -> Vec<(&'static str, &'static str, Topology)> {
    let reader = format!("/x/{ACR_PULL}");
    let mut early = t();
    early.entry("app").needs = vec!["plan", "apps", "acr"];
    let elsewhere = [
        ("DOCKER_REGISTRY_SERVER_URL", "https://other.azurecr.io"),
        ADMIN[1],
        ADMIN[2],
    ];
    let hosted = t().set("app", FX, json!("DOCKER|web-registry.azurewebsites.net/site:v1")).and("reg", SITE, "Microsoft.Web/sites/web-registry",
        json!({"location": "westus", "properties": {"serverFarmId": id("Microsoft.Web/serverFarms/plan")}}));
    let closed = |t: Topology| {
        t.and(
            "api",
            SITE,
            "Microsoft.Web/sites/api",
            json!({"location": "westus", "properties": {
        "publicNetworkAccess": "Disabled", "serverFarmId": id("Microsoft.Web/serverFarms/plan")}}),
        )
    };
    vec![
        ("LZ2008", "app", t().set("app", ROUTING, json!({}))),
        ("LZ2009", "app", t().set("app", SUBNET_OF, json!(null))),
        ("LZ2010", "app", t().without("end").without("records")),
        ("LZ2011", "app", t().without("link")),
        ("LZ2012", "end", t().without("records")),
        ("LZ2013", "app", t().without("role")),
        ("LZ2014", "app", t().set("app", BY_IDENTITY, json!(false))),
        (
            "LZ2015",
            "app",
            t().set("app", FX, json!("DOCKER|secure1.azurecr.io/web:v2")),
        ),
        ("LZ2016", "app", early),
        (
            "LZ2018",
            "role",
            t().set(
                "acr",
                "properties.roleAssignmentMode",
                json!("AbacRepositoryPermissions"),
            )
            .set("role", "properties.roleDefinitionId", json!(reader)),
        ),
        ("LZ2019", "app", t().set("app", "identity", json!(null))),
        ("LZ2051", "app", t().by_password(&elsewhere)),
        ("LZ2051", "app", t().by_password(&ADMIN[1..])),
        ("LZ2052", "app", t().by_password(&ADMIN)),
        ("LZ2064", "app", hosted),
        (
            "LZ2065",
            "app",
            closed(t().settings(&[("API", "https://api.azurewebsites.net/v1")])),
        ),
    ]
}

fn secrets() -> Vec<(&'static str, &'static str, Topology)> {
    let by_role = json!({"enableRbacAuthorization": true});
    let closed = json!({"enableRbacAuthorization": true, "publicNetworkAccess": "Disabled"});
    let windows = t().set("app", FX, json!(null)).set(
        "app",
        "properties.siteConfig.windowsFxVersion",
        json!("DOCKER|secure1.azurecr.io/web:v1"),
    );
    vec![
        (
            "LZ2053",
            "app",
            t().settings(&[("PASSWORD", "@Microsoft.KeyVault(VaultName=v1)")]),
        ),
        (
            "LZ2054",
            "app",
            t().vault(by_role.clone())
                .secret()
                .reader()
                .set("app", "identity", json!(null)),
        ),
        ("LZ2055", "app", t().vault(by_role.clone()).secret()),
        (
            "LZ2055",
            "app",
            t().vault(by_role.clone()).secret().reader().set(
                "reads",
                "properties.roleDefinitionId",
                json!(format!("/x/{}", Role::StorageBlobDataOwner.guid())),
            ),
        ),
        (
            "LZ2055",
            "app",
            t().vault(json!({"accessPolicies": []})).secret(),
        ),
        ("LZ2056", "app", t().vault(closed.clone()).secret().reader()),
        ("LZ2057", "app", t().vault(by_role).reader()),
        ("LZ2058", "app", windows.vault(closed).secret().reader()),
    ]
}

fn violations() -> Vec<(&'static str, &'static str, Topology)> {
    [
        network(),
        endpoints(),
        dns(),
        registries(),
        apps(),
        pulls(),
        secrets(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_violation_is_found_where_it_is() {
    for (code, name, topology) in violations() {
        let findings = crate::verify::verify(&topology.declared());
        let found: Vec<_> = findings
            .iter()
            .map(|one| (one.code, one.urn.as_ref().unwrap().address()))
            .collect();
        assert!(
            found.contains(&(code, name.to_owned())),
            "{code} at {name}: {found:?}"
        );
        assert!(
            findings
                .iter()
                .all(|one| one.source.is_some() && one.help.is_some() && one.location.is_some()),
            "{findings:#?}"
        );
    }
}

/// LZ1xxx are checks of one resource, with tests of their own; LZ2090 asks the cloud.
#[test]
fn every_rule_has_a_violation() {
    let tested: BTreeSet<&str> = violations().iter().map(|(code, ..)| *code).collect();
    let rules: BTreeSet<&str> = RULES
        .iter()
        .map(|rule| rule.code)
        .filter(|code| *code > "LZ2000" && *code != "LZ2090")
        .collect();
    assert_eq!(tested, rules);
}

#[test]
fn vaults_that_are_reached_have_no_findings() {
    let roles = json!({"enableRbacAuthorization": true});
    check(t().vault(roles).secret().reader(), &[]);
    let policies =
        json!({"accessPolicies": [{"objectId": "?", "permissions": {"secrets": ["Get"]}}]});
    check(t().vault(policies).secret(), &[]);
    // A vault of another program is not ours to judge.
    check(
        t().settings(&[(
            "PASSWORD",
            "@Microsoft.KeyVault(VaultName=other;SecretName=s)",
        )]),
        &[],
    );
}

#[test]
fn an_admin_user_that_is_enabled_may_pull() {
    check(
        t().by_password(&ADMIN)
            .set("acr", "properties.adminUserEnabled", json!(true)),
        &[],
    );
    check(
        t().by_password(&ADMIN)
            .set("acr", "properties.adminUserEnabled", json!("?")),
        &[],
    );
    check(
        t().without("role")
            .set("app", BY_IDENTITY, json!(false))
            .set("acr", "properties.anonymousPullEnabled", json!(true)),
        &[],
    );
}

#[test]
fn subnets_inside_of_their_network_are_judged_too() {
    let inline = json!([{"name": "apps", "properties": {"addressPrefix": "10.0.0.0/29"}}]);
    let t = t()
        .without("apps")
        .without("ends")
        .set("net", "properties.subnets", inline);
    check(t, &[("LZ2003", "net"), ("LZ2004", "net")]);
}
