//! Everything that is known of an ARM type stands in its record: no other place spells its name.

use super::{assert_tidy, tree};

/// Where the records are.
const RECORDS: &str = "sdk/lazuli-codegen/types/";

/// Code that can name a type by `types::SITE` or `WebApp::TYPE`. Tests spell types as Azure does,
/// and the embedded Azure knows them by itself (ADR 0003).
const USERS: &[&str] = &[
    "sdk/lazuli-azure/src/",
    "sdk/lazuli/src/",
    "components/src/",
];

fn may_spell(path: &str) -> bool {
    let is_test = ["/tests/", "/tests.rs", "_tests.rs", "/testing.rs"]
        .iter()
        .any(|part| path.contains(part));
    path.contains("/generated/") || is_test && !path.starts_with("sdk/lazuli/")
}

/// The types that records are of, in lower case.
fn types() -> Vec<String> {
    let files = tree::files(&[".toml"]);
    let records = files.iter().filter(|file| file.path.starts_with(RECORDS));
    let types = records.map(|file| {
        let below = file.path.trim_start_matches(RECORDS);
        below.trim_end_matches(".toml").to_lowercase()
    });
    types.collect()
}

/// Quoted texts that are a type, or one with a version.
fn spelled(path: &str, text: &str, types: &[String]) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let quoted = lines.flat_map(|(number, line)| {
        let texts = line.split('"').skip(1).step_by(2);
        texts.map(move |text| (number, text.split('@').next().unwrap_or(text)))
    });
    let found = quoted.filter(|(_, text)| types.contains(&text.to_lowercase()));
    found
        .map(|(number, text)| {
            format!(
                "{path}:{}: \"{text}\": name the type by its constant, and write what is known of it into {RECORDS}{text}.toml",
                number + 1
            )
        })
        .collect()
}

#[test]
fn a_type_is_spelled_in_its_record_alone() {
    let types = types();
    assert!(types.len() > 40, "{types:?}");
    let files = tree::files(&[".rs"]);
    let users = files.iter().filter(|file| {
        USERS.iter().any(|user| file.path.starts_with(user)) && !may_spell(&file.path)
    });
    let all: Vec<_> = users
        .flat_map(|file| spelled(&file.path, &file.text, &types))
        .collect();
    assert_tidy("types of ARM", &all);
}

#[test]
fn a_type_that_is_spelled_is_found() {
    let types = ["microsoft.web/sites".to_owned()];
    let found = |text: &str| spelled("a.rs", text, &types).len();
    for bad in [
        r#"if ty == "Microsoft.Web/sites" {"#,
        r#"const SITE: &str = "microsoft.web/SITES@2024-01-01";"#,
    ] {
        assert_eq!(found(bad), 1, "{bad}");
    }
    for good in [
        r#"/// `"Microsoft.Web/sites"`"#,
        r#"let text = "the right Microsoft.Web/sites/write";"#,
        "#[cfg(test)]\nmod tests { const SITE: &str = \"Microsoft.Web/sites\"; }",
    ] {
        assert_eq!(found(good), 0, "{good}");
    }
}
