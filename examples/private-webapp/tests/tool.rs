//! The program as its user runs it: one process a command.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

struct User {
    folder: tempfile::TempDir,
}

impl User {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_private-webapp"));
        command
            .args(args)
            .arg("--state-dir")
            .arg(self.folder.path());
        command
            .env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_PKG_NAME", "private-webapp");
        for name in ["LAZULI_STACK", "LAZULI_CLOUD", "HTTPS_PROXY", "https_proxy"] {
            command.env_remove(name);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn try_run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn run(&self, args: &[&str]) -> String {
        let output = self.try_run(args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{args:?}\n{}\n{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }
}

#[test]
fn verify_proves_the_pull_and_leaves_nothing_behind() {
    let user = User::new();
    let shown = user.run(&["verify"]);
    for word in [
        "secureacrweb2021 pulls secureacr2021.azurecr.io/privatewebsite:lnx-v1: proved",
        "ok      dns",
        "no findings; 1 of 1 path proved",
    ] {
        assert!(shown.contains(word), "{word} is not in\n{shown}");
    }
    let left: Vec<_> = std::fs::read_dir(user.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_readme_tells_the_truth() {
    let user = User::new();
    let up = user.run(&["up", "--yes"]);
    for word in [
        "https://secureacrweb2021.azurewebsites.net",
        "secureacr2021.azurecr.io",
        "sha256:",
        "emulator get",
    ] {
        assert!(up.contains(word), "{word} is not in\n{up}");
    }
    let url = user.run(&["output", "url"]);
    assert_eq!(url, "https://secureacrweb2021.azurewebsites.net\n");
    let page = user.run(&["emulator", "get", url.trim()]);
    assert!(
        page.contains("Hello Linux v1 from private Azure Container Registry"),
        "{page}"
    );

    user.run(&["up", "--yes", "--expect-no-changes"]);

    let preview = user.run(&["preview", "--set", "image_tag=lnx-v2"]);
    assert!(preview.contains("1 to update"), "{preview}");
    user.run(&["up", "--yes", "--set", "image_tag=lnx-v2"]);
    let page = user.run(&["emulator", "get", url.trim()]);
    assert!(
        page.contains("Hello Linux v2 from private Azure Container Registry"),
        "{page}"
    );

    let unexpected = user.try_run(&["up", "--yes", "--expect-no-changes"]);
    assert_eq!(
        unexpected.status.code(),
        Some(4),
        "without --set the tag is v1 again"
    );
    let unknown = user.try_run(&["preview", "--set", "image_tag=lnx-v9"]);
    let message = String::from_utf8_lossy(&unknown.stderr).into_owned()
        + &String::from_utf8_lossy(&unknown.stdout);
    assert_eq!(unknown.status.code(), Some(3));
    assert!(
        message.contains("lnx-v9") && message.contains("main.rs"),
        "{message}"
    );

    user.run(&["destroy", "--yes"]);
    let gone = user.try_run(&["emulator", "get", url.trim()]);
    assert!(!String::from_utf8_lossy(&gone.stdout).contains("Hello Linux"));
    assert_eq!(user.run(&["stack"]).matches("Microsoft.").count(), 0);
}

#[test]
fn the_json_preview_lists_every_step_with_its_id() {
    let user = User::new();
    let text = user.run(&["preview", "--json"]);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps: Vec<_> = lines.iter().filter(|line| line["type"] == "step").collect();
    assert_eq!(steps.len(), 14);
    assert!(
        steps.iter().all(|step| step["id"]
            .as_str()
            .is_some_and(|id| id.starts_with("/subscriptions/"))),
        "{text}"
    );
    let in_program = |step: &&&serde_json::Value| step["place"].to_string().contains("src/main.rs");
    assert_eq!(steps.iter().filter(in_program).count(), 14, "{text}");
    let pending: Vec<_> = steps
        .iter()
        .flat_map(|step| step["pending"].as_array().cloned().unwrap_or_default())
        .collect();
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert!(
        pending[0].to_string().contains("identity.principalId"),
        "{pending:?}"
    );
    assert!(
        text.contains("secureacrweb2021.azurewebsites.net")
            && text.contains("secureacr2021.azurecr.io")
    );
}

/// Where the picture of the README is kept. After a change of the program or of how
/// it is drawn: `cargo run -p private-webapp -- graph -o docs/private-webapp.svg`.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/private-webapp.svg");

#[test]
fn the_graph_names_every_resource_and_the_picture_of_it_is_up_to_date() {
    let user = User::new();
    let preview = user.run(&["preview", "--json"]);
    let steps = preview
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let urns = steps.filter(|line| line["type"] == "step");
    let names: Vec<String> = urns
        .map(|step| {
            let urn = step["urn"].as_str().unwrap();
            urn.rsplit("::").next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(names.len(), 14);
    let drawn = user.run(&["graph"]);
    let text = user.run(&["graph", "--format", "mermaid"]);
    for name in &names {
        assert!(
            drawn.contains(&format!("<title>{name}, ")),
            "{name}\n{drawn}"
        );
        assert!(text.contains(name.as_str()), "{name}\n{text}");
    }
    // From the app through subnet, zone and endpoint to the registry.
    assert_eq!(
        drawn.matches("class=\"line way holds\" data-way").count(),
        4
    );
    let kept = std::fs::read_to_string(PICTURE).unwrap();
    assert!(
        drawn == kept,
        "docs/private-webapp.svg is outdated: `cargo run -p private-webapp -- graph -o docs/private-webapp.svg`"
    );
}

#[test]
fn the_graph_of_the_article_as_text() {
    let user = User::new();
    insta::assert_snapshot!("mermaid", user.run(&["graph", "--format", "mermaid"]));
    insta::assert_snapshot!("dot", user.run(&["graph", "--format", "dot"]));
}

fn journal_lines(folder: &Path) -> usize {
    let stack = folder.join("private-webapp").join("dev");
    let Ok(entries) = std::fs::read_dir(stack) else {
        return 0;
    };
    let journals = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("journal-"));
    journals
        .map(|entry| std::fs::read_to_string(entry.path()).map_or(0, |text| text.lines().count()))
        .sum()
}

/// The real thing: the process is killed, and the embedded Azure inside of it.
#[test]
fn killed_with_the_journal_at_various_lengths_the_next_up_finishes() {
    for lines in [2, 5, 9, 14, 20, 26] {
        let user = User::new();
        let mut child = user
            .command(&["up", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while journal_lines(user.folder.path()) < lines
            && child.try_wait().unwrap().is_none()
            && began.elapsed() < Duration::from_secs(60)
        {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        user.run(&["up", "--yes"]);
        let page = user.run(&[
            "emulator",
            "get",
            "https://secureacrweb2021.azurewebsites.net/",
        ]);
        assert!(
            page.contains("Hello Linux v1"),
            "killed at {lines} lines: {page}"
        );
        user.run(&["up", "--yes", "--expect-no-changes"]);
        user.run(&["destroy", "--yes"]);
    }
}
