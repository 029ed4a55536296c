//! Checks of web apps.

use std::collections::BTreeSet;

use lazuli_arm::Uuid;
use lazuli_core::Value;

use super::Findings;

/// LZ1007, LZ1010 and LZ1014.
pub(crate) fn site(findings: &mut Findings<'_>) {
    for member in ["linuxFxVersion", "windowsFxVersion"] {
        let path = format!("properties.siteConfig.{member}");
        let image = findings.text(&path).and_then(|text| text.split_once('|'));
        let Some((_, image)) = image.filter(|(kind, _)| kind.eq_ignore_ascii_case("DOCKER")) else {
            continue;
        };
        if let Some((scheme, rest)) = image.split_once("://") {
            let message = format!("`{path}` names the image with a scheme, `{scheme}://`");
            findings.error("LZ1007", message, format!("write `DOCKER|{rest}`"));
        } else if image.trim().is_empty() {
            findings.error(
                "LZ1007",
                format!("`{path}` names no image"),
                "write `DOCKER|host/repository:tag`",
            );
        }
    }
    pulling_identity(findings);
    settings(findings);
}

/// LZ1010.
fn pulling_identity(findings: &mut Findings<'_>) {
    let path = "properties.siteConfig.acrUserManagedIdentityID";
    let Some(identity) = findings.text(path).filter(|identity| !identity.is_empty()) else {
        return;
    };
    if Uuid::try_parse(identity).is_err() {
        let message = format!("`{path}` is `{identity}`, which is not a client id");
        findings.error("LZ1010", message, "give the identity's client id (a GUID), not its resource id; leave it out for the system's own identity");
    }
}

/// LZ1014.
fn settings(findings: &mut Findings<'_>) {
    let path = "properties.siteConfig.appSettings";
    let list = findings
        .desired
        .inputs
        .at(path)
        .and_then(Value::as_list)
        .unwrap_or_default();
    let mut names = BTreeSet::new();
    for entry in list {
        let Some(name) = entry.at("name").filter(|name| !name.contains_unknown()) else {
            continue;
        };
        match name.as_str().filter(|name| !name.is_empty()) {
            None => findings.error(
                "LZ1014",
                format!("`{path}` has a setting without a name"),
                "name it",
            ),
            Some(name) if !names.insert(name.to_ascii_uppercase()) => {
                let message = format!("the app setting `{name}` is there twice");
                findings.error(
                    "LZ1014",
                    message,
                    "names of app settings differ by more than case: keep one",
                );
            }
            Some(_) => {}
        }
    }
}
