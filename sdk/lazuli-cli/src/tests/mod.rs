//! The whole tool, driven without a process: arguments in, text and exit code out.

mod backend;
mod pictures;
mod scripted;
mod state;

use std::sync::Arc;

use serde_json::Value as Json;

use self::scripted::{Answers, Desk, Ran};

/// The program of these tests declares a group and a site in it; see [`scripted::topology`].
#[tokio::test]
async fn preview_up_change_destroy_tell_one_story() {
    let desk = Desk::new();
    desk.run(&["preview"]).await.expect(
        0,
        &[
            "+ group",
            "└─ + site",
            "key: (known after group: key)",
            "2 to create",
            "`site up`",
        ],
    );
    assert!(desk.cloud.names().is_empty());
    desk.run(&["stack"])
        .await
        .expect(0, &["nothing is deployed in the stack `dev`"]);

    let up = desk.run(&["up", "--yes"]).await;
    up.expect(
        0,
        &[
            "done    create group/site",
            "2 created",
            "host      site.test",
            "password  (secret)",
            "open site.test with site",
        ],
    );
    assert_eq!(desk.cloud.names(), ["group", "site"]);
    desk.run(&["up"])
        .await
        .expect(0, &["no changes: 2 unchanged"]);
    desk.run(&["up", "--expect-no-changes"])
        .await
        .expect(0, &["no changes"]);
    let listed = desk.run(&["stack"]).await;
    listed.expect(
        0,
        &[
            "group/site  test:site",
            "/id/site",
            "urn:lazuli:dev::site::group::test:site::site",
        ],
    );

    let changed = ["--set", "image=v2"];
    desk.run(&[&["preview"], &changed[..]].concat())
        .await
        .expect(0, &["~ image: \"v1\" → \"v2\"", "1 to update, 1 unchanged"]);
    desk.run(&[&["up", "--expect-no-changes"], &changed[..]].concat())
        .await
        .expect(4, &["nothing was touched"]);
    assert_eq!(desk.cloud.input("site", "image"), "v1");
    desk.run(&[&["up", "-y"], &changed[..]].concat())
        .await
        .expect(0, &["1 updated, 1 unchanged"]);
    assert_eq!(desk.cloud.input("site", "image"), "v2");

    desk.run(&["destroy", "--yes"])
        .await
        .expect(0, &["- site", "2 to delete", "2 deleted"]);
    assert!(desk.cloud.names().is_empty());
}

#[tokio::test]
async fn nothing_happens_without_approval() {
    let desk = Desk::new();
    desk.run(&["up"]).await.expect(
        5,
        &["it needs --yes", "`site up --yes`", "nothing was touched"],
    );
    desk.run_with(&["up"], Some(Answers::new(false)))
        .await
        .expect(5, &["was not approved", "asks again"]);
    assert!(desk.cloud.names().is_empty());
    let yes = Answers::new(true);
    desk.run_with(&["up"], Some(yes.clone()))
        .await
        .expect(0, &["2 created"]);
    assert_eq!(
        yes.asked(),
        ["Carry this out on the test cloud (2 to create)?"]
    );
    let json = desk
        .run_with(&["destroy", "--json"], Some(Answers::new(true)))
        .await;
    json.expect(5, &["\"kind\":\"not_approved\"", "--yes"]);
}

#[tokio::test]
async fn a_failed_step_says_where_why_and_what_is_recorded() {
    let desk = Desk::new();
    desk.cloud.refuse("site");
    let ran = desk.run(&["up", "--yes"]).await;
    ran.expect(
        1,
        &[
            "failed  create group/site (test:site)",
            "[Taken]",
            "error[Taken]",
            "src/tests/scripted.rs:",
        ],
    );
    ran.expect(
        1,
        &[
            "one step failed; recorded: 1 created",
            "`site up` goes on from there",
            "choose another name",
        ],
    );
    desk.run(&["stack"]).await.expect(0, &["test:group"]);
    let ran = desk.run(&["up", "--yes", "--json"]).await;
    ran.expect(1, &["\"type\":\"step_failed\"", "\"kind\":\"steps\""]);
}

#[tokio::test]
async fn programs_and_findings_that_stop_exit_with_3() {
    let desk = Desk::new();
    desk.run(&["preview", "--set", "fail=yes"])
        .await
        .expect(3, &["the topology says no", "nothing was touched"]);
    let ran = desk.run(&["up", "--yes", "--set", "image=bad"]).await;
    ran.expect(
        3,
        &[
            "error[T1]",
            "the image is bad",
            "take a good one",
            "the program has a problem",
        ],
    );
    assert_eq!(ran.stdout.matches("error[T1]").count(), 1, "{}", ran.stdout);
    assert!(desk.cloud.names().is_empty());
}

#[tokio::test]
async fn verify_judges_without_a_state_and_touches_nothing() {
    let desk = Desk::new();
    let good = desk.run(&["verify"]).await;
    good.expect(
        0,
        &[
            "verify site, stack dev, for the test cloud",
            "group/site runs its image: proved",
            "2 resources: no findings; 1 of 1 path proved",
        ],
    );
    assert!(desk.cloud.names().is_empty());
    assert!(!desk.folder.path().join(".lazuli").exists());
    let bad = ["verify", "--set", "image=bad"];
    desk.run(&bad).await.expect(
        3,
        &[
            "error[T1]",
            "the image is bad",
            "group/site runs its image: broken",
            "BROKEN  image",
            "fix: take a good one",
            "2 resources: 1 error; 0 of 1 path proved",
        ],
    );
    let allow = "T1=somebody looked at it";
    let allowed = desk.run(&[&bad[..], &["--allow", allow]].concat()).await;
    allowed.expect(0, &["(allowed: somebody looked at it)", "1 note"]);
    desk.run(&["verify", "--allow", "T1"])
        .await
        .expect(2, &["a code and a reason"]);
    desk.run(&["verify", "--allow", "T9=no such rule"])
        .await
        .expect(3, &["error[LZ0050]", "T9"]);
    desk.run(&["verify", "--set", "fail=yes"])
        .await
        .expect(3, &["the topology says no"]);
    let ran = desk.run(&[&bad[..], &["--json"]].concat()).await;
    ran.expect(3, &[]);
    assert!(!ran.stdout.contains(scripted::SECRET));
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["schema"], "lazuli.verify/1");
    assert_eq!(json["findings"][0]["code"], "T1");
    assert_eq!(json["paths"][0]["standing"], "broken");
    assert_eq!(json["paths"][0]["hops"][0]["code"], "T1");
    assert_eq!(json["resources"], 2);
}

#[tokio::test]
async fn outputs_are_bare_and_secrets_only_on_request() {
    let desk = Desk::new();
    desk.run(&["output", "host"])
        .await
        .expect(2, &["no output `host`", "`site up`"]);
    let up = desk.run(&["up", "--yes", "--json"]).await;
    assert!(
        !up.stdout.contains(scripted::SECRET) && up.stdout.contains(r#"{"secret":true}"#),
        "{}",
        up.stdout
    );

    assert_eq!(desk.run(&["output", "host"]).await.stdout, "site.test\n");
    assert_eq!(
        desk.run(&["output", "host", "--json"]).await.stdout,
        "\"site.test\"\n"
    );
    desk.run(&["output", "nope"])
        .await
        .expect(2, &["its outputs are: host, password"]);
    let secret = desk.run(&["output", "password"]).await;
    secret.expect(2, &["is a secret", "`site output password --show-secrets`"]);
    assert!(secret.stdout.is_empty() && !secret.stderr.contains(scripted::SECRET));
    assert_eq!(
        desk.run(&["output", "password", "--show-secrets"])
            .await
            .stdout,
        format!("{}\n", scripted::SECRET)
    );
    assert_eq!(
        desk.run(&["output"]).await.stdout,
        "host      site.test\npassword  (secret)\n"
    );
    let all: Json = serde_json::from_str(&desk.run(&["output", "--json"]).await.stdout).unwrap();
    assert_eq!(
        all,
        serde_json::json!({"host": "site.test", "password": {"secret": true}})
    );
}

#[tokio::test]
async fn a_preview_in_json_has_every_step_and_what_waits_for_what() {
    let desk = Desk::new();
    let ran = desk.run(&["preview", "--json"]).await;
    ran.expect(0, &[]);
    let lines: Vec<Json> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["started", "step", "step", "plan", "finished"]);
    assert_eq!(lines[1]["id"], "/id/group");
    assert_eq!(lines[2]["inputs"]["image"], "v1");
    assert_eq!(
        lines[2]["inputs"]["password"],
        serde_json::json!({"secret": true})
    );
    assert!(
        lines[2]["inputs"]["key"]["pending"][0]
            .as_str()
            .unwrap()
            .contains("key"),
        "{}",
        lines[2]
    );
    assert_eq!(lines[2]["pending"][0]["path"], "key");
    assert_eq!(lines[2]["after"][0], lines[1]["urn"]);
    assert_eq!(lines[3]["changes"], 2);
}

#[tokio::test]
async fn wrong_command_lines_say_what_is_right() {
    let desk = Desk::new();
    let missing = desk.folder.path().join("missing.pem");
    let missing = missing.to_str().unwrap();
    let table: &[(&[&str], &str)] = &[
        (&[], "Usage: site"),
        (&["deploy"], "unrecognized subcommand 'deploy'"),
        (&["preview", "--clod", "azure"], "--cloud"),
        (&["preview", "--cloud", "asure"], "use --cloud emulator"),
        (&["preview", "--set", "hunter2"], "KEY=VALUE"),
        (
            &["preview", "--set", "a:=hunter2"],
            "--set a: the value is no JSON",
        ),
        (&["up", "--parallel", "0"], "--parallel"),
        (&["up", "--stack", "../x"], "cannot be the name of a stack"),
        (&["up", "--ca-bundle", missing], "cannot be read"),
        (&["emulator", "get", "app"], "not an address of a page"),
        (
            &["emulator", "open", "--listen", "0.0.0.0:1"],
            "this machine only",
        ),
        (&["config", "get", "nope"], "`nope` is not set"),
        (&["config", "rm", "nope"], "`nope` is not set"),
        (&["config", "set", "a b", "x"], "cannot name a config value"),
        (&["config", "set", "n", "oops", "--typed"], "no JSON"),
    ];
    for (args, part) in table {
        let ran = desk.run(args).await;
        assert!(
            ran.exit == 2 && ran.stderr.contains(part),
            "{args:?}: {}\n{}",
            ran.exit,
            ran.stderr
        );
        assert!(ran.stdout.is_empty(), "{args:?}: {}", ran.stdout);
        assert!(
            !ran.stderr.contains(scripted::SECRET),
            "{args:?}: {}",
            ran.stderr
        );
    }
}

#[tokio::test]
async fn help_is_short_and_names_the_exit_codes() {
    let desk = Desk::new();
    let help = desk.run(&["--help"]).await;
    help.expect(
        0,
        &[
            "Start with `preview`",
            "Usage: site",
            "130  stopped by Ctrl-C",
            "preview",
            "emulator",
        ],
    );
    desk.run(&["config", "set", "-h"])
        .await
        .expect(0, &["--typed"]);
}

#[tokio::test]
async fn config_reaches_the_program_and_set_wins() {
    let desk = Desk::new();
    desk.run(&["config", "set", "image", "v7"])
        .await
        .expect(0, &[]);
    desk.run(&["config", "set", "count", "3", "--typed"])
        .await
        .expect(0, &[]);
    assert_eq!(desk.run(&["config", "get", "image"]).await.stdout, "v7\n");
    assert_eq!(
        desk.run(&["config", "list"]).await.stdout,
        "count  3\nimage  v7\n"
    );
    let list: Json =
        serde_json::from_str(&desk.run(&["config", "list", "--json"]).await.stdout).unwrap();
    assert_eq!(list, serde_json::json!({"count": 3, "image": "v7"}));
    desk.run(&["preview", "--details"]).await.expect(
        0,
        &["image: \"v7\"", "password: (secret)", "key: (known after"],
    );
    desk.run(&["preview", "--details", "--set", "image=v8"])
        .await
        .expect(0, &["image: \"v8\""]);
    desk.run(&["preview", "--details", "--stack", "prod"])
        .await
        .expect(0, &["image: \"v1\"", "stack prod"]);
    desk.run(&["config", "rm", "image"]).await.expect(0, &[]);
    assert_eq!(desk.run(&["config", "list"]).await.stdout, "count  3\n");

    std::fs::write(desk.folder.path().join("lazuli.dev.toml"), "a = 1\nb =\n").unwrap();
    desk.run(&["preview"])
        .await
        .expect(2, &["lazuli.dev.toml:2: ", "no valid TOML"]);
    desk.run(&["config", "list"])
        .await
        .expect(2, &["lazuli.dev.toml:2: "]);
}

#[tokio::test]
async fn a_cloud_that_cannot_be_reached_exits_with_8() {
    let desk = Desk::new();
    let ran = desk
        .run(&["preview", "--cloud", "https://127.0.0.1:1"])
        .await;
    ran.expect(8, &["https://127.0.0.1:1 does not answer", "start it"]);
    let json = desk
        .run(&["preview", "--json", "--cloud", "https://127.0.0.1:1"])
        .await;
    let line: Json = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (json.exit, line["kind"].as_str(), line["exit_code"].as_u64()),
        (8, Some("cloud"), Some(8))
    );
    let env = desk
        .run_env(&["preview"], &[("LAZULI_CLOUD", "https://127.0.0.1:1")])
        .await;
    assert_eq!(env.exit, 8);
}

#[tokio::test]
async fn an_unreadable_state_exits_with_7() {
    let desk = Desk::new();
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    let file = desk.folder.path().join(".lazuli/site/dev/state.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("site.test", "evil.test")).unwrap();
    for command in ["preview", "up", "output", "stack"] {
        desk.run(&[command])
            .await
            .expect(7, &["state.json", "checksum", "history"]);
    }
}

#[tokio::test]
async fn the_lock_and_ctrl_c() {
    let desk = Arc::new(Desk::new());
    let gate = desk.cloud.hold("group");
    let first = tokio::spawn({
        let desk = desk.clone();
        async move { desk.run(&["up", "--yes"]).await }
    });
    gate.reached().await;
    desk.run(&["up", "--yes"]).await.expect(
        6,
        &["the stack is locked by ann@host", "wait until it is done"],
    );
    desk.interrupt().await;
    desk.cloud
        .until_stopping(|| desk.written().contains("stopping: "))
        .await;
    gate.open();
    let ran: Ran = first.await.unwrap();
    ran.expect(
        130,
        &[
            "stopping: no new steps start",
            "the run was stopped; recorded: 1 created",
            "`site up` goes on",
        ],
    );
    assert_eq!(desk.cloud.names(), ["group"]);
    desk.run(&["up", "--yes"])
        .await
        .expect(0, &["1 created, 1 unchanged"]);
}

#[tokio::test]
async fn the_emulator_is_looked_into() {
    let desk = Desk::new();
    assert_eq!(
        desk.run(&["emulator", "get", "https://site.test/"])
            .await
            .stdout,
        "<h1>hello</h1>"
    );
    let json: Json = serde_json::from_str(
        &desk
            .run(&["emulator", "get", "https://site.test", "--json"])
            .await
            .stdout,
    )
    .unwrap();
    assert_eq!(
        (json["status"].as_u64(), json["body"].as_str()),
        (Some(200), Some("<h1>hello</h1>"))
    );
    desk.run(&["emulator", "get", "https://down.test"])
        .await
        .expect(1, &["unavailable", "status 503"]);
    assert_eq!(
        desk.run(&["emulator", "log", "site"]).await.stdout,
        "pulling\nstarted\n"
    );
    desk.run(&["emulator", "log", "nope"])
        .await
        .expect(1, &["no site `nope`"]);
    desk.interrupt().await;
    desk.run(&["emulator", "open", "--listen", "127.0.0.1:8443"])
        .await
        .expect(0, &["on 127.0.0.1:8443", "until Ctrl-C"]);
}
