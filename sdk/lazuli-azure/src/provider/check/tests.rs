//! Each rule, failing and passing.

use lazuli_core::{Declared, Urn, Value};
use serde_json::{Value as Json, json};

const GROUP: &str = "/subscriptions/s/resourceGroups/g";
const GUID: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const NET: &str = "Microsoft.Network/virtualNetworks";
const SITE: &str = "Microsoft.Web/sites";

/// Codes found on a resource of a type, with a name and inputs.
fn found(ty: &str, name: &str, inputs: Json) -> Vec<&'static str> {
    let id = match ty {
        "Microsoft.Resources/resourceGroups" => format!("/subscriptions/s/resourceGroups/{name}"),
        "Microsoft.Network/virtualNetworks/subnets" => {
            format!("{GROUP}/providers/{NET}/net/subnets/{name}")
        }
        "Lazuli.Azure/imageBuilds" => format!("{GROUP}/registry/imageBuilds/{name}"),
        ty => format!("{GROUP}/providers/{ty}/{name}"),
    };
    let urn = Urn::new("dev", "p", "", ty, "x");
    let desired = Declared {
        urn: urn.clone(),
        id: Some(id),
        inputs: Value::from(inputs),
        timeout: None,
    };
    let findings = super::check(&desired);
    for finding in &findings {
        assert!(
            finding.help.is_some() && finding.urn.as_ref() == Some(&urn),
            "{finding:?}"
        );
    }
    findings.into_iter().map(|finding| finding.code).collect()
}

#[test]
fn names() {
    let located = json!({"location": "westus"});
    let sku = json!({"location": "westus", "sku": {"name": "Basic"}});
    for (ty, name, inputs, good) in [
        (
            "Microsoft.Resources/resourceGroups",
            "grüße_(1)",
            &located,
            true,
        ),
        (
            "Microsoft.Resources/resourceGroups",
            "ends.",
            &located,
            false,
        ),
        (NET, "n", &located, false),
        (NET, "net_", &located, true),
        (NET, "net-", &located, false),
        (
            "Microsoft.ContainerRegistry/registries",
            "secureacr2021",
            &sku,
            true,
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            "secure-acr",
            &sku,
            false,
        ),
        ("Microsoft.ContainerRegistry/registries", "acr", &sku, false),
        (SITE, "web-1", &located, true),
        (SITE, "-web", &located, false),
        (
            "Microsoft.Network/privateDnsZones",
            "privatelink.azurecr.io",
            &json!({"location": "global"}),
            true,
        ),
        (
            "Microsoft.Network/privateDnsZones",
            "local",
            &json!({"location": "global"}),
            false,
        ),
    ] {
        let expected: &[&str] = if good { &[] } else { &["LZ1001"] };
        assert_eq!(found(ty, name, inputs.clone()), expected, "{name}");
    }
}

#[test]
fn required_members_and_locations() {
    for (ty, inputs, expected) in [
        (
            "Microsoft.Resources/resourceGroups",
            json!({}),
            vec!["LZ1002"],
        ),
        (
            "Microsoft.Resources/resourceGroups",
            json!({"location": " "}),
            vec!["LZ1003"],
        ),
        (
            "Microsoft.Resources/resourceGroups",
            json!({"location": "West US"}),
            vec!["LZ1004"],
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            json!({"location": "westus", "sku": {}}),
            vec!["LZ1002"],
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            json!({"location": "westus", "sku": {"name": "Basic"}}),
            vec![],
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            json!({"location": "westus", "sku": {"name": "Premium"}, "properties": {"networkRuleSet": {}}}),
            vec!["LZ1002"],
        ),
        ("Microsoft.X/y", json!({}), vec!["LZ1015"]),
        ("Microsoft.X/y", json!({"apiVersion": "2024-01-01"}), vec![]),
    ] {
        assert_eq!(
            found(ty, "secure1", inputs.clone()),
            expected,
            "{ty} {inputs}"
        );
    }
    let zone = json!({"location": "westus"});
    assert_eq!(
        found("Microsoft.Network/privateDnsZones", "a.b", zone),
        ["LZ1016"]
    );
    let tags: serde_json::Map<String, Json> =
        (0..51).map(|n| (n.to_string(), json!("x"))).collect();
    assert_eq!(
        found(NET, "net", json!({"location": "westus", "tags": tags})),
        ["LZ1013"]
    );
    assert_eq!(
        found(
            NET,
            "net",
            json!({"location": "westus", "tags": {"a/b": "x"}})
        ),
        ["LZ1013"]
    );
}

#[test]
fn address_ranges() {
    for (prefix, expected) in [
        ("10.0.0.0/24", vec![]),
        ("10.0.0.1/24", vec!["LZ1005"]),
        ("10.0.0.0", vec!["LZ1005"]),
        ("10.0.0.0/30", vec!["LZ1006"]),
        ("fd00::/64", vec![]),
        ("fd00::/65", vec!["LZ1006"]),
    ] {
        let inputs = json!({"properties": {"addressPrefix": prefix}});
        assert_eq!(
            found("Microsoft.Network/virtualNetworks/subnets", "a", inputs),
            expected,
            "{prefix}"
        );
    }
    let space = json!({"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16", "x"]}}});
    assert_eq!(found(NET, "net", space), ["LZ1005"]);
}

#[test]
fn web_apps() {
    let subnet = format!("{GROUP}/providers/{NET}/net/subnets/a");
    for (site, expected) in [
        (
            json!({"siteConfig": {"linuxFxVersion": "DOCKER|acr.azurecr.io/a:1"}}),
            vec![],
        ),
        (
            json!({"siteConfig": {"linuxFxVersion": "DOCKER|https://acr.azurecr.io/a:1"}}),
            vec!["LZ1007"],
        ),
        (
            json!({"siteConfig": {"linuxFxVersion": "NODE|20-lts"}}),
            vec![],
        ),
        (
            json!({"siteConfig": {"acrUserManagedIdentityID": GUID}}),
            vec![],
        ),
        (
            json!({"siteConfig": {"acrUserManagedIdentityID": subnet}}),
            vec!["LZ1010"],
        ),
        (
            json!({"virtualNetworkSubnetId": subnet, "serverFarmId": "plan"}),
            vec![],
        ),
        (json!({"virtualNetworkSubnetId": GROUP}), vec!["LZ1008"]),
        (
            json!({"siteConfig": {"appSettings": [{"name": "A", "value": "1"}, {"name": "a", "value": "2"}]}}),
            vec!["LZ1014"],
        ),
        (
            json!({"siteConfig": {"appSettings": [{"value": "1"}, {"name": ""}]}}),
            vec!["LZ1014"],
        ),
    ] {
        let inputs = json!({"location": "westus", "properties": site});
        assert_eq!(found(SITE, "web", inputs.clone()), expected, "{inputs}");
    }
}

#[test]
fn role_assignments() {
    let role = format!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{GUID}");
    let ty = "Microsoft.Authorization/roleAssignments";
    for (name, principal, definition, expected) in [
        (GUID, GUID, role.as_str(), vec![]),
        ("mine", GUID, &role, vec!["LZ1009"]),
        (GUID, GROUP, &role, vec!["LZ1009"]),
        (GUID, GUID, "AcrPull", vec!["LZ1009"]),
    ] {
        let inputs =
            json!({"properties": {"principalId": principal, "roleDefinitionId": definition}});
        assert_eq!(
            found(ty, name, inputs),
            expected,
            "{name} {principal} {definition}"
        );
    }
}

#[test]
fn image_builds() {
    let registry = format!("{GROUP}/providers/Microsoft.ContainerRegistry/registries/r");
    for (image, context, registry, expected) in [
        ("privatewebsite:lnx-v1", "source", registry.as_str(), vec![]),
        ("team/site:v1", "./source", &registry, vec![]),
        ("privatewebsite", "source", &registry, vec!["LZ1011"]),
        ("Private:1", "source", &registry, vec!["LZ1011"]),
        ("a:1", "../source", &registry, vec!["LZ1012"]),
        ("a:1", "/source", &registry, vec!["LZ1012"]),
        ("a:1", "source", GROUP, vec!["LZ1008"]),
    ] {
        let inputs = json!({"registryId": registry, "image": image, "context": context});
        assert_eq!(
            found("Lazuli.Azure/imageBuilds", image, inputs.clone()),
            expected,
            "{inputs}"
        );
    }
}

#[test]
fn unknown_values_are_skipped() {
    let unknown = || Value::Unknown(vec!["other".to_owned()].into());
    let Value::Map(mut properties) = Value::map() else {
        unreachable!()
    };
    for key in ["principalId", "roleDefinitionId"] {
        properties.insert(key.to_owned(), unknown());
    }
    let inputs = Value::Map([("properties".to_owned(), Value::Map(properties))].into());
    let urn = Urn::new(
        "dev",
        "p",
        "",
        "Microsoft.Authorization/roleAssignments",
        "x",
    );
    assert_eq!(
        super::check(&Declared {
            urn,
            id: None,
            inputs,
            timeout: None
        }),
        []
    );
}

#[test]
fn a_workspace_keeps_logs_for_as_long_as_its_plan_does() {
    let of = |sku: Json, days: i64| {
        let ty = "Microsoft.OperationalInsights/workspaces";
        let inputs =
            json!({"location": "westus", "properties": {"sku": sku, "retentionInDays": days}});
        found(ty, "shop-logs", inputs)
    };
    for (sku, days, is_good) in [
        (json!(null), 30, true),
        (json!(null), 7, false),
        (json!({"name": "pergb2018"}), 730, true),
        (json!({"name": "PerGB2018"}), 731, false),
        (json!({"name": "Free"}), 7, true),
        (json!({"name": "Free"}), 30, false),
        (json!({"name": "SomethingNew"}), 1, true),
        (json!({"name": "CapacityReservation"}), 30, false),
        (
            json!({"name": "CapacityReservation", "capacityReservationLevel": 100}),
            30,
            true,
        ),
    ] {
        let expected: &[&str] = if is_good { &[] } else { &["LZ1017"] };
        assert_eq!(of(sku.clone(), days), expected, "{sku} {days}");
    }
    let located = json!({"location": "westus"});
    let name = |name: &str| {
        found(
            "Microsoft.OperationalInsights/workspaces",
            name,
            located.clone(),
        )
    };
    assert_eq!(name("abc"), ["LZ1001"]);
    assert_eq!(name("-logs"), ["LZ1001"]);
}
