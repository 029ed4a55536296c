//! What pictures show of the working topology, and of broken ones.

use lazuli_core::{DeclaredNode, NodeStyle, Proof, Status};

use super::*;

fn display(topology: &Topology) -> (Vec<DeclaredNode>, Vec<NodeStyle>) {
    let declared = topology.declared();
    let looks = crate::display::display(&declared);
    (declared, looks)
}

fn way(topology: &Topology) -> Proof {
    let mut ways = crate::verify::proofs(&topology.declared());
    assert_eq!(ways.len(), 1, "{ways:?}");
    ways.remove(0)
}

#[test]
fn each_resource_lies_where_it_is_in_the_cloud_and_has_a_common_name() {
    let (declared, looks) = display(&Topology::working());
    let name = |at: usize| declared[at].desired.urn.name();
    let lines = looks.iter().enumerate().map(|(at, look)| {
        let within = look.within.map_or("-", name);
        let mark = if look.is_room { " (box)" } else { "" };
        format!("{}: {}{mark} in {within}", name(at), look.kind)
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "net: virtual network (box) in -",
            "apps: subnet (box) in net",
            "ends: subnet (box) in net",
            "zone: private DNS zone in -",
            "link: network link in zone",
            "acr: container registry in -",
            "end: private endpoint in ends",
            "records: DNS zone group in end",
            "image: image build in acr",
            "plan: App Service plan in -",
            "app: web app in -",
            "role: role AcrPull in acr",
        ]
    );
    assert_eq!(looks[1].caption, "10.0.0.0/24");
    assert_eq!(looks[5].caption, "Premium");
    let facts = &looks[1].facts;
    assert!(
        facts.contains(&("range".into(), "10.0.0.0/24".into())),
        "{facts:?}"
    );
}

#[test]
fn the_way_to_the_image_leads_through_subnet_zone_and_endpoint() {
    let way = way(&Topology::working());
    let passed = way.steps.iter().filter(|step| step.is_passed);
    let passed: Vec<_> = passed
        .filter_map(|step| step.on.as_ref())
        .map(|urn| urn.name())
        .collect();
    assert_eq!(passed, ["apps", "link", "end"]);
    assert_eq!(way.target.as_ref().map(|urn| urn.name()), Some("acr"));
    assert_eq!(way.status(), Status::Holds, "{way:#?}");
    let on = |question: &str| {
        let step = way.steps.iter().find(|step| step.question == question);
        step.and_then(|step| step.on.as_ref()).map(|urn| urn.name())
    };
    assert_eq!(on("plan"), Some("plan"));
    assert_eq!(on("records"), Some("records"));
    assert_eq!(on("role"), Some("role"));
    assert_eq!(on("content"), Some("image"));
}

#[test]
fn a_broken_way_still_says_where_it_was_to_lead() {
    let way = way(&Topology::working().without("link"));
    let broken = way.steps.iter().filter(|step| step.status.is_bad());
    let broken: Vec<_> = broken.map(|step| step.code).collect();
    assert_eq!(broken, [Some("LZ2011")], "{way:#?}");
    assert_eq!(
        way.target.map(|urn| urn.name().to_owned()),
        Some("acr".to_owned())
    );
}

#[test]
fn facts_hold_no_secret_and_nothing_unknown() {
    let mut declared = Topology::working().declared();
    let inputs = serde_json::json!({"location": "westus", "sku": {"name": "?"}});
    let Value::Map(mut inputs) = unknown(Value::from(inputs)) else {
        unreachable!("an object is a map");
    };
    inputs.insert("kind".to_owned(), Value::from("hunter2").into_secret());
    declared[0].desired.inputs = Value::Map(inputs);
    let looks = crate::display::display(&declared);
    assert_eq!(
        looks[0].facts,
        [("location".to_owned(), "westus".to_owned())]
    );
}

#[test]
fn types_without_a_name_here_are_told_in_words() {
    let mut topology = Topology(Vec::new());
    topology.add(
        "db",
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "Microsoft.DBforPostgreSQL/flexibleServers/db",
        json!({}),
        &[],
    );
    let (_, looks) = display(&topology);
    assert_eq!(looks[0].kind, "flexible servers");
}
