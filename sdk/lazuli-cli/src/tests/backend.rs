//! Where the state is and what protects it, from arguments to text.

use std::sync::Arc;

use super::scripted::{Answers, Desk, PASSPHRASE, PIPED};

#[tokio::test]
async fn config_secrets_are_sealed_hidden_and_reach_the_program_as_secrets() {
    let desk = Desk::new();
    desk.run(&["config", "set", "--secret", "token"])
        .await
        .expect(0, &[]);
    desk.run(&["config", "set", "plain", "x"])
        .await
        .expect(0, &[]);
    let file = desk.folder.path().join("lazuli.dev.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("$sealed") && !text.contains(PIPED), "{text}");

    let listed = desk.run(&["config", "list"]).await;
    listed.expect(0, &["plain  x", "token  (secret)"]);
    desk.run(&["config", "get", "token"])
        .await
        .expect(2, &["is a secret", "config get token --show-secrets"]);
    let shown = desk
        .run(&["config", "get", "token", "--show-secrets"])
        .await;
    assert_eq!(shown.stdout, format!("{PIPED}\n"));
    let shown = desk
        .run(&["config", "list", "--show-secrets", "--json"])
        .await;
    let json: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(json["token"], PIPED);

    desk.run(&["up", "--yes"]).await.expect(0, &["2 created"]);
    assert_eq!(desk.cloud.input("site", "token"), PIPED);
    assert!(
        !desk
            .written()
            .replace(&shown.stdout, "")
            .contains(&format!("\"{PIPED}\""))
    );
    desk.run(&["up", "--yes", "--expect-no-changes"])
        .await
        .expect(0, &["no changes"]);

    // A value under another key, or in another stack, does not open.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("token =", "other =", 1)).unwrap();
    desk.run(&["preview"]).await.expect(
        2,
        &[
            "the secret `other` does not open",
            "config set --secret other",
        ],
    );
}

#[tokio::test]
async fn a_secret_is_never_an_argument() {
    let desk = Desk::new();
    desk.run(&["config", "set", "--secret", "token", "hunter2"])
        .await
        .expect(2, &["--secret"]);
    let silent = Answers::new(false);
    desk.run_with(&["config", "set", "--secret", "token"], Some(silent))
        .await
        .expect(2, &["the secret `token` has no value"]);
    let typed = Answers::new(true);
    desk.run_with(&["config", "set", "--secret", "token"], Some(typed.clone()))
        .await
        .expect(0, &[]);
    assert_eq!(typed.asked(), ["Value of `token`:"]);
    let shown = desk
        .run(&["config", "get", "token", "--show-secrets"])
        .await;
    assert_eq!(shown.stdout, format!("{PASSPHRASE}\n"));
}

#[tokio::test]
async fn a_passphrase_is_told_by_file_or_by_hand_and_a_wrong_one_changes_nothing() {
    let desk = Desk::new();
    let folder = desk.folder.path();
    std::fs::write(folder.join("right"), format!("{PASSPHRASE}\n")).unwrap();
    std::fs::write(folder.join("wrong"), "another passphrase").unwrap();
    let with = |file: &'static str| ["--passphrase-file", file];
    desk.run(&[&["up", "--yes"], &with("right")[..]].concat())
        .await
        .expect(0, &["2 created"]);
    desk.run(
        &[
            &["output", "password", "--show-secrets"],
            &with("wrong")[..],
        ]
        .concat(),
    )
    .await
    .expect(7, &["the passphrase is wrong", "nothing was changed"]);
    desk.run(&["stack"]).await.expect(
        7,
        &[
            "the passphrase of the stack `dev` is needed",
            "LAZULI_PASSPHRASE",
        ],
    );
    let typed = Answers::new(true);
    desk.run_with(&["stack"], Some(typed.clone()))
        .await
        .expect(0, &["group/site"]);
    assert_eq!(typed.asked(), ["Passphrase of the stack `dev`:"]);

    std::fs::write(folder.join("new"), "the next passphrase").unwrap();
    let rekey = [
        "state",
        "rekey",
        "passphrase",
        "--new-passphrase-file",
        "new",
    ];
    desk.run(&[&rekey[..], &with("right")[..]].concat())
        .await
        .expect(0, &["protected by the new passphrase now"]);
    desk.run(&[&["stack"], &with("right")[..]].concat())
        .await
        .expect(7, &["the passphrase is wrong"]);
    desk.run(&[&["stack"], &with("new")[..]].concat())
        .await
        .expect(0, &["group/site"]);
}

#[tokio::test]
async fn the_lock_is_shown_and_a_local_one_cannot_be_taken_away() {
    let desk = Arc::new(Desk::new());
    desk.run(&["state", "lock"])
        .await
        .expect(0, &["nobody holds the lock"]);
    let gate = desk.cloud.hold("group");
    let first = tokio::spawn({
        let desk = desk.clone();
        async move { desk.run(&["up", "--yes"]).await }
    });
    gate.reached().await;
    desk.run(&["state", "lock"]).await.expect(
        0,
        &[
            "held by ann@host",
            "running `up`",
            "as soon as that process ends",
        ],
    );
    desk.run(&["state", "unlock"])
        .await
        .expect(5, &["nobody can be asked", "state unlock --yes"]);
    desk.run(&["state", "unlock", "--yes"]).await.expect(
        7,
        &[
            "held by the operating system for ann@host",
            "end that process",
        ],
    );
    gate.open();
    first.await.unwrap().expect(0, &["2 created"]);
    desk.run(&["state", "unlock", "--yes"])
        .await
        .expect(0, &["nobody holds the lock"]);
}

#[tokio::test]
async fn a_lost_state_is_rebuilt_from_the_cloud() {
    let desk = Desk::new();
    desk.run(&["up", "--yes"]).await.expect(0, &["2 created"]);
    desk.run(&["state", "rebuild"])
        .await
        .expect(7, &["the stack has a state, with 2 resources", "--over"]);
    std::fs::remove_dir_all(desk.folder.path().join(".lazuli")).unwrap();
    let rebuilt = desk.run(&["state", "rebuild"]).await;
    rebuilt.expect(
        0,
        &[
            "import group",
            "/id/group is recorded",
            "/id/site is recorded",
            "2 imported",
        ],
    );
    desk.run(&["up", "--yes", "--expect-no-changes"])
        .await
        .expect(0, &["no changes: 2 unchanged"]);
    desk.run(&["output", "host"])
        .await
        .expect(0, &["site.test"]);
    desk.run(&["destroy", "--yes"])
        .await
        .expect(0, &["2 deleted"]);
    assert!(desk.cloud.names().is_empty());
}

#[tokio::test]
async fn the_projects_file_says_where_the_state_is() {
    let desk = Desk::new();
    let file = desk.folder.path().join("lazuli.toml");
    std::fs::write(&file, "state = \"states\"\n").unwrap();
    desk.run(&["up", "--yes"]).await.expect(0, &["2 created"]);
    assert!(
        desk.folder
            .path()
            .join("states/site/dev/state.json")
            .exists()
    );
    assert!(!desk.folder.path().join(".lazuli/site").exists());
    std::fs::write(&file, "state = \"azblob://account/container\"\n").unwrap();
    desk.run(&["stack"]).await.expect(
        2,
        &["this program has no way to azblob://account/container"],
    );
    std::fs::write(&file, "project = \"shop\"\n").unwrap();
    desk.run(&["stack"])
        .await
        .expect(0, &["nothing is deployed in the stack `dev`"]);
    std::fs::write(&file, "stat = 1\n").unwrap();
    desk.run(&["stack"])
        .await
        .expect(2, &["lazuli.toml: it has no setting `stat`"]);
}

#[tokio::test]
async fn a_rekey_covers_every_target_and_can_be_cut_off_and_repeated() {
    const OLD: &str = "the first passphrase";
    const NEW: &str = "the second passphrase";
    const SECRET: &[&str] = &["config", "get", "token", "--show-secrets"];
    const AZURE: &[&str] = &["stack", "--cloud", "azure"];
    let desk = Desk::new();
    let env = |passphrase: &'static str| [("LAZULI_PASSPHRASE", passphrase)];
    let at = |passphrase: &'static str, args: &'static [&'static str]| {
        let desk = &desk;
        async move { desk.run_env(args, &env(passphrase)).await }
    };
    at(OLD, &["config", "set", "--secret", "token"])
        .await
        .expect(0, &[]);
    at(OLD, &["up", "--yes"]).await.expect(0, &["2 created"]);
    at(OLD, &["up", "--yes", "--cloud", "azure"])
        .await
        .expect(0, &[]);
    let rekey = |passphrase: &'static str| {
        let desk = &desk;
        async move {
            let env = [
                ("LAZULI_PASSPHRASE", passphrase),
                ("LAZULI_NEW_PASSPHRASE", NEW),
            ];
            desk.run_env(&["state", "rekey", "passphrase"], &env).await
        }
    };

    // The other target's key is damaged: nothing loses its former way.
    let other = desk.folder.path().join(".lazuli/site/dev@azure/key");
    let good = std::fs::read(&other).unwrap();
    std::fs::write(&other, "{}").unwrap();
    rekey(OLD)
        .await
        .expect(7, &["dev@azure", "every key still opens in the former way"]);
    at(OLD, &["stack"]).await.expect(0, &["group/site"]);
    at(OLD, SECRET).await.expect(0, &[PIPED]);
    std::fs::write(&other, good).unwrap();

    rekey(OLD).await.expect(
        0,
        &["the state at 2 targets and of the config secrets are protected by the new passphrase"],
    );
    for args in [&["stack"][..], AZURE, SECRET] {
        at(NEW, args).await.expect(0, &[]);
        assert_ne!(at(OLD, args).await.exit, 0, "{args:?}");
    }
    rekey(NEW).await.expect(0, &["2 targets"]);
}

#[tokio::test]
async fn the_state_folder_keeps_itself_out_of_version_control() {
    let desk = Desk::new();
    desk.run(&["config", "set", "--secret", "token"])
        .await
        .expect(0, &[]);
    let file = desk.folder.path().join(".lazuli/.gitignore");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "*\n");
    std::fs::write(&file, "# ours\n").unwrap();
    desk.run(&["up", "--yes"]).await.expect(0, &["2 created"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "# ours\n");
    std::fs::remove_file(&file).unwrap();
    desk.run(&["stack"]).await.expect(0, &["group/site"]);
    assert!(
        file.exists(),
        "a folder of an earlier version gets one, too"
    );
}

#[tokio::test]
async fn empty_key_files_that_sealed_nothing_are_made_anew() {
    let desk = Desk::new();
    let folder = desk.folder.path().join(".lazuli/site");
    std::fs::create_dir_all(folder.join("dev")).unwrap();
    std::fs::write(folder.join("dev/key"), "").unwrap();
    std::fs::write(folder.join("config.key"), "").unwrap();
    desk.run(&["config", "set", "--secret", "token"])
        .await
        .expect(0, &[]);
    desk.run(&["up", "--yes"]).await.expect(0, &["2 created"]);
    // Both have sealed something by now.
    std::fs::write(folder.join("config.key"), "").unwrap();
    desk.run(&["config", "get", "token", "--show-secrets"])
        .await
        .expect(2, &["this is not a key", "restore the file"]);
    std::fs::write(folder.join("dev/key"), "").unwrap();
    desk.run(&["stack"]).await.expect(7, &["this is not a key"]);
}

#[tokio::test]
async fn a_stack_under_another_project_is_said_and_not_taken_for_none() {
    let desk = Desk::new();
    desk.run(&["up", "--yes"]).await.expect(0, &["2 created"]);
    let file = desk.folder.path().join("lazuli.toml");
    std::fs::write(&file, "project = \"renamed\"\n").unwrap();
    desk.run(&["destroy", "--yes"])
        .await
        .expect(2, &["the project `site` in", "project = \"site\""]);
    desk.run(&["preview"])
        .await
        .expect(0, &["note: the project `renamed` has no stack `dev`"]);
    assert_eq!(desk.cloud.names(), ["group", "site"]);
}
