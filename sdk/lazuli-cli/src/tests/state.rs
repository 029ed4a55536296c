//! `state`: looked at and edited from the command line.

use serde_json::Value as Json;

use super::scripted::{self, Answers, Desk};

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn what_is_recorded_is_shown_without_secrets() {
    let desk = Desk::new();
    desk.run(&["state", "list"])
        .await
        .expect(0, &["the state holds no resource"]);
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    assert_eq!(
        desk.run(&["state", "list"]).await.stdout,
        "group  test:group\ngroup/site  test:site\n"
    );
    let shown = desk.run(&["state", "show", "group/site"]).await;
    shown.expect(
        0,
        &["id: /id/site", "\"image\": \"v1\"", "\"secret\": true"],
    );
    let json = desk.run(&["state", "show", "group/site", "--json"]).await;
    assert_eq!(
        parsed(&json.stdout)["inputs"]["password"],
        serde_json::json!({"secret": true})
    );
    for ran in [shown, json] {
        assert!(!ran.stdout.contains(scripted::SECRET), "{}", ran.stdout);
    }
    desk.run(&["state", "show", "nope"])
        .await
        .expect(2, &["no resource at nope", "`state list`"]);
    let listed = parsed(&desk.run(&["state", "list", "--json"]).await.stdout);
    assert_eq!(listed["resources"][1]["place"], "group/site");
}

#[tokio::test]
async fn a_taint_is_asked_for_listed_and_obeyed() {
    let desk = Desk::new();
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    desk.run(&["state", "taint", "group/site"])
        .await
        .expect(5, &["it needs --yes"]);
    desk.run_with(&["state", "taint", "group/site"], Some(Answers::new(false)))
        .await
        .expect(5, &["nothing was written"]);
    let yes = Answers::new(true);
    desk.run_with(&["state", "taint", "group/site"], Some(yes.clone()))
        .await
        .expect(0, &["taint group/site", "done"]);
    assert_eq!(yes.asked(), ["Have the next `up` replace this resource?"]);
    desk.run(&["state", "ls"])
        .await
        .expect(0, &["group/site  test:site  tainted"]);
    desk.run(&["preview"]).await.expect(0, &["it is tainted"]);
    desk.run(&["state", "untaint", "group/site", "--yes"])
        .await
        .expect(0, &["done"]);
    desk.run(&["state", "untaint", "group/site"])
        .await
        .expect(0, &["nothing to do"]);
    desk.run(&["up"])
        .await
        .expect(0, &["no changes: 2 unchanged"]);
}

#[tokio::test]
async fn what_is_removed_or_moved_by_hand_is_not_touched_in_the_cloud() {
    let desk = Desk::new();
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    desk.run(&["state", "rm", "group", "--yes"])
        .await
        .expect(2, &["group/site depends on it", "--dependents"]);
    let moved = desk
        .run(&["state", "mv", "group", "team", "--yes", "--json"])
        .await;
    let moved = parsed(&moved.stdout);
    assert_eq!(
        moved["resources"][0]["to"],
        "urn:lazuli:dev::site::::test:group::team"
    );
    desk.run(&["state", "ls"])
        .await
        .expect(0, &["team/site  test:site"]);
    let gone = desk
        .run(&["state", "rm", "team", "--dependents", "--yes"])
        .await;
    gone.expect(0, &["remove team/site  /id/site", "remove team  /id/group"]);
    assert_eq!(desk.cloud.names(), ["group", "site"]);
    desk.run(&["state", "ls"])
        .await
        .expect(0, &["the state holds no resource"]);
}

#[tokio::test]
async fn the_journal_tells_the_story_of_the_last_run() {
    let desk = Desk::new();
    desk.run(&["state", "log"])
        .await
        .expect(0, &["the journal is empty", "nothing is in flight"]);
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    let told = desk.run(&["state", "log"]).await;
    told.expect(
        0,
        &[
            "the one that led to the current state",
            "create group  /id/group",
            "create group/site",
            "the resource is recorded",
            "outputs: ",
            "nothing is in flight",
        ],
    );
    let json = parsed(&desk.run(&["state", "log", "--json"]).await.stdout);
    assert_eq!(json["schema"], "lazuli.state_log/1");
    assert_eq!(json["open"], serde_json::json!([]));
    let first = &json["entries"][0];
    assert_eq!(
        (&first["op"], &first["outcome"]),
        (&"create".into(), &"is".into())
    );
    assert!(
        first["started_at"].as_str().unwrap().ends_with('Z'),
        "{first}"
    );
    assert!(!json.to_string().contains(scripted::SECRET));
}

#[tokio::test]
async fn an_edit_during_a_run_says_who_runs_and_what_helps() {
    let desk = std::sync::Arc::new(Desk::new());
    let gate = desk.cloud.hold("site");
    let first = tokio::spawn({
        let desk = desk.clone();
        async move { desk.run(&["up", "--yes"]).await }
    });
    gate.reached().await;
    let refused = desk.run(&["state", "taint", "group", "--yes"]).await;
    refused.expect(
        6,
        &["locked by ann@host", "ending that process frees the lock"],
    );
    assert!(
        !refused.stderr.contains("state unlock"),
        "{}",
        refused.stderr
    );
    desk.run(&["state", "log"])
        .await
        .expect(0, &["still open", "one operation is still open"]);
    gate.open();
    first.await.unwrap().expect(0, &["2 created"]);
}

#[tokio::test]
async fn a_damaged_line_of_the_history_is_said() {
    let desk = Desk::new();
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    let file = desk.folder.path().join(".lazuli/site/dev/history.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"at\"", "\"aX\"", 1)).unwrap();
    desk.run(&["history"])
        .await
        .expect(0, &["line 1 of the history is damaged", "up  succeeded"]);
}
