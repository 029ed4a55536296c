use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use http::HeaderMap;
use serde_json::json;

use super::*;
use crate::arm::entra::{Claims, issue};
use crate::arm::rbac;
use crate::world;

struct Plane {
    world: World,
    turn: Arc<Turn>,
}

impl Plane {
    fn new() -> Plane {
        let world = world::tests::empty();
        rbac::seed(&world);
        let plane = Plane {
            world,
            turn: Arc::default(),
        };
        assert_eq!(plane.wait(plane.send("PUT", "")), 201);
        plane
    }

    /// Sends a request to group `g` from a thread of its own.
    fn send(&self, method: &str, below: &str) -> Receiver<u16> {
        let settings = self.world.settings();
        let claims = Claims {
            principal: settings.principal.clone(),
            client: settings.client.clone(),
            audience: "https://management.azure.com".into(),
        };
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", issue(&self.world, &claims, 60));
        headers.insert("authorization", bearer.parse().expect("a header value"));
        let incoming = Incoming {
            method: Method::from_bytes(method.as_bytes()).expect("a method"),
            path: format!(
                "/subscriptions/{}/resourceGroups/g{below}",
                settings.subscription
            ),
            query: "api-version=2024-05-01".into(),
            headers,
            body: json!({ "location": "westus" }).to_string().into_bytes(),
            base: "https://127.0.0.1".into(),
        };
        let (world, turn) = (self.world.clone(), Arc::clone(&self.turn));
        let (done, answered) = channel();
        thread::spawn(move || {
            let answer = turn.answer(&world, &Conditions::default(), &incoming);
            let _ = done.send(answer.status.as_u16());
        });
        answered
    }

    fn wait(&self, answered: Receiver<u16>) -> u16 {
        answered.recv().expect("answered")
    }
}

#[test]
fn reads_run_beside_a_read_that_does_not_end() {
    let plane = Plane::new();
    let _endless = plane.turn.hold_as_reader();
    assert_eq!(plane.wait(plane.send("GET", "")), 200);
    assert_eq!(plane.wait(plane.send("GET", "/resources")), 200);
}

#[test]
fn a_build_waits_for_nobody() {
    let plane = Plane::new();
    let _held = plane.turn.hold();
    // There is no such registry: that this is said at all proves that no turn was needed.
    let build = "/providers/Microsoft.ContainerRegistry/registries/r/scheduleRun";
    assert_eq!(plane.wait(plane.send("POST", build)), 404);
}

#[test]
fn writes_wait_for_each_other() {
    let plane = Plane::new();
    let held = plane.turn.hold();
    let waiting = plane.send("PUT", "");
    // A build sent later is answered, the write is not: it waits for its turn.
    let build = "/providers/Microsoft.ContainerRegistry/registries/r/scheduleRun";
    plane.wait(plane.send("POST", build));
    assert!(waiting.try_recv().is_err());
    drop(held);
    assert_eq!(plane.wait(waiting), 200);
}

#[test]
fn a_read_that_moves_an_operation_takes_a_turn() {
    let plane = Plane::new();
    assert_eq!(plane.wait(plane.send("DELETE", "")), 202);
    let held = plane.turn.hold_as_reader();
    let waiting = plane.send("GET", "");
    let build = "/providers/Microsoft.ContainerRegistry/registries/r/scheduleRun";
    plane.wait(plane.send("POST", build));
    assert!(
        waiting.try_recv().is_err(),
        "it would move the deletion along"
    );
    drop(held);
    assert_eq!(plane.wait(waiting), 200);
}
