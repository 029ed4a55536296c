//! `graph` and `--timeline`, from the arguments to the file.

use serde_json::Value as Json;

use super::scripted::{self, Desk};

fn read(desk: &Desk, file: &str) -> String {
    std::fs::read_to_string(desk.folder.path().join(file)).unwrap()
}

#[tokio::test]
async fn a_graph_names_everything_and_touches_nothing() {
    let desk = Desk::new();
    let svg = desk.run(&["graph"]).await;
    svg.expect(
        0,
        &[
            "<svg",
            "group",
            "site",
            "on the test cloud",
            "Nothing of this is deployed yet.",
        ],
    );
    let mermaid = desk.run(&["graph", "--format", "mermaid"]).await;
    mermaid.expect(0, &["flowchart LR", "subgraph n0", "site"]);
    let dot = desk.run(&["graph", "--format", "dot"]).await;
    dot.expect(0, &["digraph", "subgraph cluster_n0"]);
    let again = desk.run(&["graph", "--format", "dot"]).await;
    assert_eq!(dot.stdout, again.stdout);

    let page = desk.run(&["graph", "-o", "page.html"]).await;
    page.expect(0, &["wrote page.html"]);
    assert!(page.stdout.is_empty());
    let page = read(&desk, "page.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("known after group: key"));
    assert!(!page.contains(scripted::SECRET));

    let json: Json = serde_json::from_str(&desk.run(&["graph", "--json"]).await.stdout).unwrap();
    assert_eq!(json["schema"], "lazuli.graph/1");
    assert_eq!(json["nodes"][1]["name"], "site");
    assert_eq!(json["nodes"][1]["parent"], 0);
    assert_eq!(json["nodes"][1]["fate"], "create");
    assert!(desk.cloud.names().is_empty());
    assert!(
        !desk
            .folder
            .path()
            .join(".lazuli/site/dev/state.json")
            .exists()
    );
}

#[tokio::test]
async fn a_graph_shows_what_would_change_and_what_is_deployed() {
    let desk = Desk::new();
    desk.run(&["graph", "--from-state"])
        .await
        .expect(1, &["nothing is deployed in the stack `dev`", "`site up`"]);
    desk.run(&["up", "--yes"]).await.expect(0, &[]);
    let changed = desk.run(&["graph", "--set", "image=v2"]).await;
    changed.expect(0, &[" fate-update\"", " fate-same\""]);
    let deployed = desk.run(&["graph", "--from-state"]).await;
    deployed.expect(0, &["as it is deployed", "site"]);
    assert!(!deployed.stdout.contains(" fate-"), "{}", deployed.stdout);
}

#[tokio::test]
async fn a_program_with_a_problem_is_drawn_and_still_exits_with_3() {
    let desk = Desk::new();
    let ran = desk.run(&["graph", "--set", "image=bad"]).await;
    ran.expect(3, &["error[T1]", "the image is bad"]);
    assert!(
        ran.stdout.contains("<svg") && ran.stdout.contains("wrong"),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("error[T1]"));
    // Nothing was declared: there is nothing to draw.
    let ran = desk
        .run(&["graph", "--set", "fail=yes", "-o", "none.svg"])
        .await;
    ran.expect(3, &["the topology says no"]);
    assert!(!desk.folder.path().join("none.svg").exists());
}

#[tokio::test]
async fn pictures_that_cannot_be_are_refused() {
    let desk = Desk::new();
    let table: &[(&[&str], u8, &str)] = &[
        (
            &["graph", "--format", "png"],
            2,
            "[possible values: svg, html, mermaid, dot]",
        ),
        (
            &["graph", "--format", "dot", "--json"],
            2,
            "leave one of them out",
        ),
        (
            &["graph", "-o", "no/such/folder/x.svg"],
            1,
            "cannot be written",
        ),
        (
            &["preview", "--timeline", "run.html"],
            2,
            "carries out no steps",
        ),
        (
            &["refresh", "--timeline", "run.html"],
            2,
            "carries out no steps",
        ),
        (
            &["up", "--yes", "--timeline", "no/such/folder/x.html"],
            2,
            "no/such/folder/x.html: it cannot be written",
        ),
    ];
    for (args, exit, part) in table {
        desk.run(args).await.expect(*exit, &[part]);
    }
    assert!(desk.cloud.names().is_empty());
}

#[tokio::test]
async fn a_timeline_is_written_whatever_the_run_came_to() {
    let desk = Desk::new();
    desk.cloud.refuse("site");
    let failed = desk
        .run(&["up", "--yes", "--timeline", "failed.html"])
        .await;
    failed.expect(1, &["wrote failed.html"]);
    let failed = read(&desk, "failed.html");
    assert!(
        failed.contains("failed: Taken:") && failed.contains("<dd>failed</dd>"),
        "{failed}"
    );

    let desk = Desk::new();
    let ran = desk.run(&["up", "--yes", "--timeline", "run.svg"]).await;
    ran.expect(0, &["2 created", "wrote run.svg"]);
    let chart = read(&desk, "run.svg");
    assert!(chart.contains("Critical path, 2 steps of"), "{chart}");
    desk.run(&["destroy", "--yes", "--timeline", "end.html"])
        .await
        .expect(0, &["wrote end.html"]);
    assert!(read(&desk, "end.html").contains("delete <b>group</b>"));
    // Nothing to do is nothing to draw, and said so.
    let desk = Desk::new();
    desk.run(&["up", "--timeline", "refused.html"])
        .await
        .expect(5, &["wrote refused.html"]);
    assert!(read(&desk, "refused.html").contains("Nothing was carried out."));
}
