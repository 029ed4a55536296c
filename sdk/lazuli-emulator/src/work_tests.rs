//! How much work requests make in a large world. Counted, not timed: resources that are looked at.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::arm::entra::{Claims, issue};
use crate::arm::{self, Body, Incoming, rbac};
use crate::conditions::Conditions;
use crate::world::{self, Resource, World};

const GROUPS: usize = 100;
const IN_EACH: usize = 100;

/// 10,000 networks and 1,000 role assignments in 100 groups.
fn large() -> World {
    let world = world::tests::empty();
    rbac::seed(&world);
    for group in 0..GROUPS {
        let id = group_id(&world, group);
        put(&world, &id, "Microsoft.Resources/resourceGroups");
        for number in 0..IN_EACH {
            let id = format!("{id}/providers/Microsoft.Network/virtualNetworks/v{number}");
            put(&world, &id, "Microsoft.Network/virtualNetworks");
        }
        for number in 0..IN_EACH / 10 {
            let id = format!("{id}/providers/Microsoft.Authorization/roleAssignments/{number}");
            put(&world, &id, "Microsoft.Authorization/roleAssignments");
        }
    }
    world
}

fn group_id(world: &World, group: usize) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/g{group}",
        world.settings().subscription
    )
}

fn put(world: &World, id: &str, kind: &str) {
    let name = id.rsplit('/').next();
    world.put(Resource {
        id: id.into(),
        kind: kind.into(),
        body: json!({ "id": id, "name": name, "type": kind, "location": "westus",
            "properties": { "provisioningState": "Succeeded", "scope": id, "principalId": "nobody",
                "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } }),
        private: Value::Null,
    });
}

/// Status, length of the list if it is one, and how many resources were looked at.
fn send(world: &World, method: &str, path: &str, body: &Value) -> (u16, usize, usize) {
    let settings = world.settings();
    let claims = Claims {
        principal: settings.principal.clone(),
        client: settings.client.clone(),
        audience: "https://management.azure.com".into(),
    };
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", issue(world, &claims, 60));
    headers.insert("authorization", bearer.parse().expect("a header value"));
    let incoming = Incoming {
        method: Method::from_bytes(method.as_bytes()).expect("a method"),
        path: path.into(),
        query: "api-version=2024-05-01".into(),
        headers,
        body: if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        },
        base: "https://127.0.0.1".into(),
    };
    world.looked_at();
    let answer = arm::answer(world, &Conditions::default(), &incoming);
    let length = match &answer.body {
        Body::Json(body) => body["value"].as_array().map_or(0, Vec::len),
        _ => 0,
    };
    (answer.status.as_u16(), length, world.looked_at())
}

#[test]
fn requests_look_at_what_they_are_about() {
    let world = large();
    let group = group_id(&world, 50);
    let networks = format!("{group}/providers/Microsoft.Network/virtualNetworks");
    let network = json!({ "location": "westus", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } });
    let check = |method: &str, path: &str, body: &Value, status: u16, list: usize, work: usize| {
        let (got, length, looked_at) = send(&world, method, path, body);
        assert_eq!((got, length), (status, list), "{method} {path}");
        assert!(
            looked_at <= work,
            "{method} {path} looked at {looked_at} resources"
        );
    };
    // What every request costs: the key, the group, the assignments along the scope, the operations.
    check("GET", &format!("{networks}/v7"), &Value::Null, 200, 0, 40);
    check("PUT", &format!("{networks}/new"), &network, 201, 0, 60);
    check("PUT", &format!("{networks}/v7"), &network, 200, 0, 60);
    check(
        "DELETE",
        &format!("{networks}/v8"),
        &Value::Null,
        202,
        0,
        60,
    );
    check(
        "GET",
        &networks,
        &Value::Null,
        200,
        IN_EACH + 1,
        IN_EACH + 60,
    );
    check("GET", &group, &Value::Null, 200, 0, 40);
    let groups = group
        .rsplit_once('/')
        .map(|(above, _)| above)
        .expect("a parent");
    check("GET", groups, &Value::Null, 200, GROUPS, GROUPS + 60);
}
