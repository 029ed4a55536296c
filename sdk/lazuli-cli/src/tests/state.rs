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
