use std::fs;

use serde_json::json;

use super::*;
use crate::arm::providers::Table;

/// Settings with the documented defaults, for unit tests of every module.
pub(crate) fn settings() -> Settings {
    Settings {
        tenant: "11111111-1111-1111-1111-111111111111".into(),
        subscription: "22222222-2222-2222-2222-222222222222".into(),
        client: "33333333-3333-3333-3333-333333333333".into(),
        secret: "mock-secret".into(),
        principal: "44444444-4444-4444-4444-444444444444".into(),
        base_url: Url::parse("https://127.0.0.1:8443").expect("a valid address"),
        client_ip: IpAddr::from([203, 0, 113, 7]),
    }
}

/// An empty world in memory.
pub(crate) fn empty() -> World {
    at(Clock::System)
}

/// An empty world in memory with a clock of its own.
pub(crate) fn at(clock: Clock) -> World {
    World::open(None, settings(), Origin::new(clock, None), Table::calm())
        .expect("a world in memory opens")
}

fn thing(id: &str) -> Resource {
    Resource {
        id: id.into(),
        kind: "Test/things".into(),
        body: json!({"id": id}),
        private: json!({"secret": 1}),
    }
}

fn open(dir: &Path) -> Result<World, WorldError> {
    World::open(Some(dir), settings(), Origin::default(), Table::calm())
}

#[test]
fn ids_and_kinds_are_case_insensitive_and_keep_the_last_casing() {
    let world = empty();
    world.put(thing("/Subscriptions/S/A"));
    world.put(thing("/subscriptions/s/a"));
    assert_eq!(
        world.get("/SUBSCRIPTIONS/S/A").map(|r| r.id),
        Some("/subscriptions/s/a".into())
    );
    assert_eq!(world.of_kind("TEST/Things").len(), 1);
}

#[test]
fn under_means_children_only() {
    let world = empty();
    for id in [
        "/s/net",
        "/s/net/subnets/a",
        "/s/net/subnets/a/x/y",
        "/s/net-2",
        "/s/net-2/subnets/b",
        "/s/net0",
    ] {
        world.put(thing(id));
    }
    let ids: Vec<String> = world.under("/S/NET").into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["/s/net/subnets/a", "/s/net/subnets/a/x/y"]);
}

#[test]
fn update_is_seen_and_reindexes_the_kind() {
    let world = empty();
    world.put(thing("/s/a"));
    assert_eq!(
        world.update("/S/A", |r| {
            r.kind = "Test/others".into();
            7
        }),
        Some(7)
    );
    assert_eq!(world.update("/s/none", |_| ()), None);
    assert!(world.of_kind("Test/things").is_empty());
    assert_eq!(world.of_kind("Test/others").len(), 1);
}

#[test]
fn a_world_survives_reopening() {
    let dir = tempfile::tempdir().expect("tempdir");
    let world = open(dir.path()).expect("open");
    world.put(thing("/s/a"));
    world.put(thing("/s/b"));
    world.update("/s/b", |r| r.body = json!({"n": 2}));
    world.remove("/s/a");
    drop(world);
    let world = open(dir.path()).expect("reopen");
    assert!(!world.contains("/s/a"));
    let b = world.get("/s/b").expect("b");
    assert_eq!((b.body, b.private), (json!({"n": 2}), json!({"secret": 1})));
    drop(world);
    let lines = fs::read_to_string(dir.path().join("world.jsonl"))
        .expect("read")
        .lines()
        .count();
    assert_eq!(lines, 2, "header and one resource after compaction");
}

#[test]
fn a_torn_last_line_is_dropped_and_damage_elsewhere_is_named() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("world.jsonl");
    let good = serde_json::to_string(&json!({"put": thing("/s/a")})).expect("json");
    let header = "{\"lazuli_emulator_world\":1}";
    let check = |text: String, expect: Result<usize, &str>| {
        fs::write(&path, text).expect("write");
        match (open(dir.path()), expect) {
            (Ok(world), Ok(count)) => assert_eq!(world.of_kind("Test/things").len(), count),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (Ok(_), Err(part)) => panic!("opened, expected an error with {part:?}"),
            (Err(error), Ok(_)) => panic!("{error}"),
        }
    };
    check(format!("{header}\n{good}\n{{\"put\":{{\"id\""), Ok(1));
    check(format!("{header}\n{good}"), Ok(1));
    check(
        format!("{header}\n{{\"put\"\n{good}\n"),
        Err("world.jsonl line 2 is damaged"),
    );
    check(
        "{\"lazuli_emulator_world\":2}\n".into(),
        Err("line 1 says format 2"),
    );
    check("not json\n".into(), Err("line 1 is damaged"));
    check(String::new(), Ok(0));
}

#[test]
fn one_process_at_a_time() {
    let dir = tempfile::tempdir().expect("tempdir");
    let world = open(dir.path()).expect("open");
    let error = open(dir.path())
        .err()
        .expect("the second open is refused")
        .to_string();
    assert!(
        error.contains("in use") && error.contains(&dir.path().display().to_string()),
        "{error}"
    );
    drop(world);
    open(dir.path()).expect("free again");
}

#[test]
fn debug_shows_no_private_part() {
    let shown = format!("{:?} {:?}", thing("/s/a"), settings());
    assert!(!shown.contains("secret"), "{shown}");
}
