//! The way of an image, a secret and a call: what breaks it, and how certain that is.

use lazuli_core::Severity;
use serde_json::json;

use super::*;
use crate::resources::Role;
use crate::verify::{HopKind, HopState, Verdict, reachability};

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
        &[("LZ2006", "acr"), ("LZ2041", "acr")],
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
    let windows = windows
        .set("plan", "properties.reserved", json!(false))
        .set("plan", "properties.hyperV", json!(true));
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
    for role in [
        Role::StorageBlobDataOwner,
        Role::StorageQueueDataContributor,
    ] {
        let other = json!(format!("/x/{}", role.guid()));
        check(
            t().set("role", "properties.roleDefinitionId", other),
            &[("LZ2013", "app")],
        );
    }
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

/// The severity of the only finding.
fn severity(topology: Topology) -> Severity {
    let findings = crate::verify::verify(&topology.declared());
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings[0].severity
}

#[test]
fn a_missing_link_is_an_error_where_everything_around_it_is_declared() {
    let t = Topology::working;
    assert_eq!(severity(t().without("link")), Severity::Error);
    assert_eq!(severity(t().without("records")), Severity::Error);
    assert_eq!(severity(t().without("role")), Severity::Error);
    assert_eq!(
        severity(t().without("link").without("net")),
        Severity::Warning
    );
    assert_eq!(
        severity(t().without("records").without("zone")),
        Severity::Warning
    );
    let foreign = t().without("end").without("records");
    assert_eq!(severity(foreign.without("net")), Severity::Warning);
}

#[test]
fn a_tag_is_missed_for_certain_where_its_repository_is_built() {
    let t = Topology::working;
    let typo = t().set("app", FX, json!("DOCKER|secure1.azurecr.io/web:v9"));
    assert_eq!(severity(typo), Severity::Error);
    let other = t().set("app", FX, json!("DOCKER|secure1.azurecr.io/shop:v1"));
    assert_eq!(severity(other), Severity::Warning);
}

#[test]
fn findings_name_the_other_places() {
    let findings = crate::verify::verify(&Topology::working().without("link").declared());
    let related: Vec<String> = findings[0]
        .related
        .iter()
        .map(|one| one.urn.address())
        .collect();
    assert_eq!(related, ["acr", "net", "end"]);
}

#[test]
fn the_path_of_the_working_topology_holds_from_end_to_end() {
    let paths = reachability(&Topology::working().declared());
    let [path] = &paths[..] else {
        panic!("{paths:?}")
    };
    assert_eq!(path.verdict(), Verdict::Reaches, "{path}");
    let kinds: Vec<HopKind> = path.hops.iter().map(|hop| hop.kind).collect();
    use HopKind::{
        Content, Credentials, Dns, Endpoint, Firewall, Plan, Records, Role, Route, Subnet,
    };
    assert_eq!(
        kinds,
        [
            Plan,
            Subnet,
            Route,
            Dns,
            Records,
            Endpoint,
            Firewall,
            Credentials,
            Role,
            Content
        ]
    );
}

#[test]
fn a_path_prints_a_line_for_each_hop_and_marks_the_broken_one() {
    let paths = reachability(&Topology::working().without("link").declared());
    let text = paths[0].to_string();
    assert!(
        text.starts_with("app pulls secure1.azurecr.io/web:v1: broken\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1 + paths[0].hops.len());
    let broken: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("BROKEN"))
        .collect();
    assert!(
        matches!(broken[..], [line] if line.contains("dns") && line.contains("[LZ2011] at main.rs:7")),
        "{text}"
    );
    let json = serde_json::to_value(&paths[0]).unwrap();
    assert_eq!(json["verdict"], "broken");
    assert_eq!(
        json["goal"],
        json!({"kind": "pull", "reference": "secure1.azurecr.io/web:v1"})
    );
    assert_eq!(json["hops"][3]["kind"], "dns");
    assert_eq!(json["hops"][3]["code"], "LZ2011");
    assert_eq!(json["hops"][3]["at"]["line"], 7);
}

#[test]
fn what_is_pending_leaves_a_hop_open_and_breaks_nothing() {
    let t = Topology::working;
    let pending = [
        (t().set("app", ROUTING, json!("?")), HopKind::Route),
        (
            t().set("app", "properties.virtualNetworkSubnetId", json!("?")),
            HopKind::Subnet,
        ),
        (
            t().set("link", "properties.virtualNetwork.id", json!("?")),
            HopKind::Dns,
        ),
        (
            t().set("records", "properties.privateDnsZoneConfigs", json!("?")),
            HopKind::Records,
        ),
        (
            t().set("end", "properties.subnet.id", json!("?")),
            HopKind::Endpoint,
        ),
        (t().set("app", "identity", json!("?")), HopKind::Credentials),
        (
            t().set("role", "properties.roleDefinitionId", json!("?")),
            HopKind::Role,
        ),
        (t().set("image", "image", json!("?")), HopKind::Content),
    ];
    for (topology, kind) in pending {
        let paths = reachability(&topology.declared());
        let path = &paths[0];
        assert_eq!(path.verdict(), Verdict::Open, "{path}");
        assert_eq!(
            path.hop(kind).map(|hop| hop.state),
            Some(HopState::Open),
            "{path}"
        );
        let text = path.to_string();
        assert!(text.contains("cannot be judged until"), "{text}");
        check(topology, &[]);
    }
}

#[test]
fn a_linked_zone_without_records_breaks_an_open_registry_too() {
    let open = Topology::working().set("acr", "properties.publicNetworkAccess", json!("Enabled"));
    check(open.without("records"), &[("LZ2012", "end")]);
}

#[test]
fn an_endpoint_of_a_peered_network_will_do() {
    let other = id("Microsoft.Network/virtualNetworks/hub");
    let peer = |mut topology: Topology, name: &'static str, from: &str, to: &str| {
        let ty = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
        let rest =
            format!("Microsoft.Network/virtualNetworks/{from}/virtualNetworkPeerings/{name}");
        let to = id(&format!("Microsoft.Network/virtualNetworks/{to}"));
        topology.add(
            name,
            ty,
            &rest,
            json!({"properties": {"remoteVirtualNetwork": {"id": to}}}),
            &[],
        );
        topology
    };
    let mut hub = Topology::working().set(
        "end",
        "properties.subnet.id",
        json!(format!("{other}/subnets/ends")),
    );
    hub.add(
        "hub",
        "Microsoft.Network/virtualNetworks",
        "Microsoft.Network/virtualNetworks/hub",
        json!({"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}),
        &[],
    );
    let one_way = peer(hub, "there", "net", "hub");
    check(peer(one_way, "back", "hub", "net"), &[]);
    let mut alone = Topology::working().set(
        "end",
        "properties.subnet.id",
        json!(format!("{other}/subnets/ends")),
    );
    alone.add(
        "hub",
        "Microsoft.Network/virtualNetworks",
        "Microsoft.Network/virtualNetworks/hub",
        json!({"location": "westus"}),
        &[],
    );
    check(peer(alone, "there", "net", "hub"), &[("LZ2010", "app")]);
}

#[test]
fn configuration_that_is_declared_by_itself_counts() {
    let mut t = Topology::working()
        .set(
            "app",
            "properties.siteConfig.acrUseManagedIdentityCreds",
            json!(null),
        )
        .set("app", ROUTING, json!(null));
    check(
        Topology(std::mem::take(&mut t.0)),
        &[("LZ2008", "app"), ("LZ2014", "app")],
    );
    let mut t = Topology::working().set("app", ROUTING, json!(null));
    let map = t.entry("app").inputs["properties"]["siteConfig"]
        .as_object_mut()
        .unwrap();
    map.remove("acrUseManagedIdentityCreds");
    map.remove("appSettings");
    let config = "Microsoft.Web/sites/config";
    t.add(
        "web",
        config,
        "Microsoft.Web/sites/app/config/web",
        json!({"properties": {"acrUseManagedIdentityCreds": true}}),
        &["app"],
    );
    t.add(
        "set",
        config,
        "Microsoft.Web/sites/app/config/appsettings",
        json!({"properties": {"WEBSITE_PULL_IMAGE_OVER_VNET": "1"}}),
        &["app"],
    );
    check(t, &[]);
}

#[test]
fn a_registry_that_runs_as_an_app_is_reached_like_one() {
    let zone = "Microsoft.Network/privateDnsZones/privatelink.azurewebsites.net";
    let mut t = Topology::working()
        .set(
            "app",
            FX,
            json!("DOCKER|web-registry.azurewebsites.net/site:v1"),
        )
        .set(
            "app",
            "properties.siteConfig.acrUseManagedIdentityCreds",
            json!(false),
        );
    t.add("reg", "Microsoft.Web/sites", "Microsoft.Web/sites/web-registry", json!({"location": "westus", "properties": {
        "serverFarmId": id("Microsoft.Web/serverFarms/plan"), "siteConfig": {"linuxFxVersion": "DOCKER|registry:2"}}}), &["plan"]);
    t.add("regend", "Microsoft.Network/privateEndpoints", "Microsoft.Network/privateEndpoints/regend", json!({
        "location": "westus", "properties": {"subnet": {"id": id("Microsoft.Network/virtualNetworks/net/subnets/ends")},
        "privateLinkServiceConnections": [{"name": "c", "properties": {"groupIds": ["sites"],
            "privateLinkServiceId": id("Microsoft.Web/sites/web-registry")}}]}}), &["ends", "reg"]);
    let copy = || {
        Topology(
            t.0.iter()
                .map(|entry| Entry {
                    name: entry.name,
                    ty: entry.ty,
                    id: entry.id.clone(),
                    inputs: entry.inputs.clone(),
                    needs: entry.needs.clone(),
                    existing: entry.existing,
                })
                .collect(),
        )
    };
    check(copy(), &[("LZ2011", "app")]);
    let mut linked = copy();
    linked.add(
        "sites",
        "Microsoft.Network/privateDnsZones",
        zone,
        json!({"location": "global"}),
        &[],
    );
    linked.add("siteslink", "Microsoft.Network/privateDnsZones/virtualNetworkLinks", &format!("{zone}/virtualNetworkLinks/l"),
        json!({"properties": {"virtualNetwork": {"id": id("Microsoft.Network/virtualNetworks/net")}}}), &["sites", "net"]);
    linked.add("regrecords", "Microsoft.Network/privateEndpoints/privateDnsZoneGroups", "Microsoft.Network/privateEndpoints/regend/privateDnsZoneGroups/r",
        json!({"properties": {"privateDnsZoneConfigs": [{"name": "c", "properties": {"privateDnsZoneId": id(zone)}}]}}), &["regend", "sites"]);
    check(linked, &[]);
}

#[test]
fn a_secret_is_never_shown() {
    let secret = "@Microsoft.KeyVault(hunter2";
    let settings = json!([{"name": "A", "value": secret}, {"name": "DOCKER_REGISTRY_SERVER_USERNAME", "value": "hunter2"},
        {"name": "DOCKER_REGISTRY_SERVER_URL", "value": "https://hunter2.example.com"},
        {"name": "DOCKER_REGISTRY_SERVER_PASSWORD", "value": "hunter2"}, {"name": "WEBSITES_PORT", "value": "hunter2"}]);
    let mut declared = Topology::working()
        .set(
            "app",
            "properties.siteConfig.acrUseManagedIdentityCreds",
            json!(false),
        )
        .set("app", "properties.siteConfig.appSettings", settings)
        .declared();
    let hidden = |value: &mut Value| {
        let Value::Map(site) = value else {
            panic!("a map")
        };
        let Some(Value::Map(properties)) = site.get_mut("properties") else {
            panic!("properties")
        };
        let Some(Value::Map(config)) = properties.get_mut("siteConfig") else {
            panic!("config")
        };
        let Some(Value::List(settings)) = config.get_mut("appSettings") else {
            panic!("settings")
        };
        for setting in settings {
            let Value::Map(setting) = setting else {
                panic!("a setting")
            };
            let value = setting.remove("value").unwrap().into_secret();
            setting.insert("value".to_owned(), value);
        }
    };
    for one in declared
        .iter_mut()
        .filter(|one| one.desired.urn.name() == "app")
    {
        hidden(&mut one.desired.inputs);
    }
    let shown = format!(
        "{:?}{:?}",
        crate::verify::verify(&declared),
        reachability(&declared)
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_exists_already_is_neither_judged_nor_certain() {
    let t = Topology::working;
    for name in [
        "net", "apps", "ends", "zone", "link", "acr", "end", "plan", "role",
    ] {
        let findings = crate::verify::verify(&t().existing(name).declared());
        let errors = findings
            .iter()
            .filter(|one| one.severity == Severity::Error);
        let at = |one: &lazuli_core::Diagnostic| one.urn.as_ref().map(|urn| urn.address());
        // A link, an endpoint or a role that stands in the program in name only
        // leaves the others without it.
        assert!(
            findings.iter().all(|one| at(one).as_deref() != Some(name)),
            "{findings:#?}"
        );
        if !["link", "end", "role"].contains(&name) {
            assert_eq!(errors.count(), 0, "{name}: {findings:#?}");
        }
    }
    assert_eq!(
        severity(t().without("link").existing("net")),
        Severity::Warning
    );
    check(t().without("role").existing("acr"), &[]);
}

#[test]
fn a_registry_that_is_locked_last_is_closed_for_its_apps() {
    let mut t = Topology::working()
        .set("acr", "properties.publicNetworkAccess", json!("Enabled"))
        .set(
            "acr",
            "properties.networkRuleBypassAllowedForTasks",
            json!(false),
        )
        .without("link");
    let acr = id("Microsoft.ContainerRegistry/registries/secure1");
    let inputs =
        json!({"resourceId": acr, "patch": {"properties": {"publicNetworkAccess": "Disabled"}}});
    let rest = "Microsoft.ContainerRegistry/registries/secure1/registryLocks/lock";
    t.add("lock", "Lazuli.Azure/registryLocks", rest, inputs, &["acr"]);
    check(t, &[("LZ2011", "app")]);
}

#[test]
fn imports_and_pushes_bring_images_as_builds_do() {
    let brought = |ty: &'static str, inputs: Json, image: &str| {
        let mut topology = Topology::working().without("image");
        let rest = "Microsoft.ContainerRegistry/registries/Secure1/brought/one";
        topology.add("image", ty, rest, inputs, &["acr"]);
        let fx = format!("DOCKER|secure1.azurecr.io/{image}");
        topology.set("app", FX, json!(fx))
    };
    let registry = id("Microsoft.ContainerRegistry/registries/Secure1");
    let import = json!({"registryId": registry, "image": "web:v1"});
    let push = json!({"host": "secure1.azurecr.io", "image": "web:v1"});
    let later = json!({"host": "?", "image": "web:v1"});
    let other = json!({"host": "other.azurecr.io", "image": "web:v1"});
    let (imports, pushes) = ("Lazuli.Azure/imageImports", "Lazuli.Azure/imagePushes");
    for (ty, inputs, image, expected) in [
        (imports, import.clone(), "web:v1", &[][..]),
        (imports, import, "web:v2", &[("LZ2015", "app")]),
        (pushes, push.clone(), "web:v1", &[]),
        (pushes, push, "web:v2", &[("LZ2015", "app")]),
        (pushes, later, "web:v1", &[]),
        (pushes, other, "web:v1", &[("LZ2015", "app")]),
    ] {
        check(brought(ty, inputs, image), expected);
    }
}
