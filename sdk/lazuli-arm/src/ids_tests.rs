//! What an id is made of, and what is not an id.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const VNET: &str =
    "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net";

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn parts_of_an_id() {
    // text, type, subscription, group, parent
    let cases = [
        (
            "/subscriptions/s1",
            "Microsoft.Resources/subscriptions",
            Some("s1"),
            None,
            None,
        ),
        (
            "/subscriptions/s1/resourcegroups/rg",
            "Microsoft.Resources/resourceGroups",
            Some("s1"),
            Some("rg"),
            Some("/subscriptions/s1"),
        ),
        (
            VNET,
            "Microsoft.Network/virtualNetworks",
            Some("s1"),
            Some("rg"),
            Some("/subscriptions/s1/resourceGroups/rg"),
        ),
        (
            &format!("{VNET}/subnets/a"),
            "Microsoft.Network/virtualNetworks/subnets",
            Some("s1"),
            Some("rg"),
            Some(VNET),
        ),
        (
            &format!("{VNET}/subnets/a/providers/Microsoft.Authorization/roleAssignments/g"),
            "Microsoft.Authorization/roleAssignments",
            Some("s1"),
            Some("rg"),
            Some(&*format!("{VNET}/subnets/a")),
        ),
        (
            "/subscriptions/s1/providers/Microsoft.KeyVault/locations/westus/deletedVaults/v",
            "Microsoft.KeyVault/locations/deletedVaults",
            Some("s1"),
            None,
            Some("/subscriptions/s1/providers/Microsoft.KeyVault/locations/westus"),
        ),
        (
            "/providers/Microsoft.Management/managementGroups/m",
            "Microsoft.Management/managementGroups",
            None,
            None,
            None,
        ),
        // A virtual network that is called `providers` is still a virtual network.
        (
            "/subscriptions/s1/resourceGroups/providers/providers/Microsoft.Network/virtualNetworks/providers",
            "Microsoft.Network/virtualNetworks",
            Some("s1"),
            Some("providers"),
            Some("/subscriptions/s1/resourceGroups/providers"),
        ),
    ];
    for (text, kind, subscription, group, parent) in cases {
        let id = id(text);
        assert_eq!(id.resource_type(), kind, "{text}");
        assert_eq!(
            id.provider_namespace(),
            kind.split('/').next().unwrap(),
            "{text}"
        );
        assert_eq!(id.subscription(), subscription, "{text}");
        assert_eq!(id.resource_group(), group, "{text}");
        assert_eq!(
            id.parent().as_ref().map(ResourceId::as_str),
            parent,
            "{text}"
        );
        assert_eq!(id.name(), text.rsplit('/').next().unwrap(), "{text}");
        assert_eq!(id.to_string(), text);
    }
}

#[test]
fn refused_texts_say_why() {
    let cases = [
        ("subscriptions/s1", "must begin with `/`"),
        ("", "must begin with `/`"),
        ("/", "empty segment"),
        ("/subscriptions/", "empty segment"),
        ("/subscriptions/s1/", "empty segment"),
        ("/subscriptions//resourceGroups/rg", "empty segment"),
        (
            "/subscriptions/s1/resourceGroups",
            "`resourceGroups` has no partner",
        ),
        ("/tenants/t", "not `/tenants/`"),
        (
            "/subscriptions/s1/resourceGroups/rg/virtualNetworks/n",
            "expected `providers/{namespace}`",
        ),
        (
            "/subscriptions/s1/providers/Microsoft.Web",
            "followed by a type and a name",
        ),
        (
            "/subscriptions/s1/providers/Web/sites/a",
            "must be a namespace",
        ),
        ("/subscriptions/s1/resourceGroups/a?b", "'?'"),
        ("/subscriptions/s1/resourceGroups/a%2Fb", "'%'"),
        ("/subscriptions/s1/resourceGroups/..", "cannot be names"),
        ("/subscriptions/s1/resourceGroups/a\nb", "'\\n'"),
    ];
    for (text, expected) in cases {
        let error = ResourceId::parse(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn constructors_build_and_refuse() {
    let subnet = ResourceId::in_group(
        "s1",
        "rg",
        "Microsoft.Network/virtualNetworks/subnets",
        &["net", "a"],
    );
    assert_eq!(subnet.unwrap().as_str(), format!("{VNET}/subnets/a"));
    assert_eq!(
        id(VNET).child("subnets", "a").unwrap().as_str(),
        format!("{VNET}/subnets/a")
    );
    let assignment = id(VNET).role_assignment("g").unwrap();
    assert_eq!(assignment.parent(), Some(id(VNET)));
    assert!(ResourceId::for_group("s1", "a/b").is_err());
    assert!(id(VNET).child("subnets", "a/b/c").is_err());
    assert!(
        id(VNET)
            .resource("Microsoft.Authorization/roleAssignments", &[])
            .is_err()
    );
    assert!(
        ResourceId::in_group(
            "s1",
            "rg",
            "Microsoft.Network/virtualNetworks",
            &["a/subnets/b"]
        )
        .is_err()
    );
}

#[test]
fn containment_follows_segments_not_prefixes() {
    let group = id("/subscriptions/s1/resourceGroups/rg");
    assert!(id(VNET).is_within(&group));
    assert!(id(&VNET.to_uppercase().replace("/PROVIDERS/", "/providers/")).is_within(&group));
    assert!(!id("/subscriptions/s1/resourceGroups/rg2").is_within(&group));
    assert!(!group.is_within(&id(VNET)));
}

#[test]
fn serde_is_the_text_and_validates() {
    let id = id(VNET);
    assert_eq!(serde_json::to_value(&id).unwrap(), serde_json::json!(VNET));
    assert_eq!(
        serde_json::from_value::<ResourceId>(serde_json::json!(VNET)).unwrap(),
        id
    );
    assert!(serde_json::from_value::<ResourceId>(serde_json::json!("nonsense")).is_err());
}

proptest! {
    #[test]
    fn whatever_is_built_reads_back(
        subscription in "[a-zA-Z0-9-]{1,36}",
        group in "[a-zA-Z0-9_.()-]{0,20}[a-zA-Z0-9_]",
        names in proptest::collection::vec("[a-zA-Z0-9 ._@-]{0,20}[a-z]", 1..4),
    ) {
        let types = ["virtualNetworks", "subnets", "things"][..names.len()].join("/");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let full = format!("Microsoft.Network/{types}");
        let id = ResourceId::in_group(&subscription, &group, &full, &names).unwrap();
        let read = ResourceId::parse(id.as_str()).unwrap();
        prop_assert_eq!(read.as_str(), id.as_str());
        prop_assert_eq!(read.resource_type(), full);
        prop_assert_eq!(read.resource_group(), Some(group.as_str()));
        prop_assert_eq!(read.name(), names[names.len() - 1]);
        let mut ancestor = read.parent();
        let mut depth = 0;
        while let Some(up) = ancestor {
            prop_assert!(read.is_within(&up));
            ancestor = up.parent();
            depth += 1;
        }
        prop_assert_eq!(depth, names.len() + 1);
    }

    #[test]
    fn case_never_matters(group in "[a-zA-Z0-9]{1,12}") {
        let lower = ResourceId::for_group("s", &group.to_lowercase()).unwrap();
        let upper = ResourceId::for_group("S", &group.to_uppercase()).unwrap();
        prop_assert_eq!(&lower, &upper);
        prop_assert_eq!(lower.cmp(&upper), Ordering::Equal);
        prop_assert_eq!(HashSet::from([lower, upper]).len(), 1);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        if let Ok(id) = ResourceId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
            let _ = (id.resource_type(), id.parent(), id.subscription(), id.resource_group());
        }
    }
}
