//! `sites/sourcecontrols/web`: where an app's code would come from. It is recorded and answered; nothing
//! is fetched, because the emulator runs containers only.

use http::StatusCode;
use serde_json::{Value, json};

use super::naming::AppName;
use super::sites;
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors, json};
use crate::world::Resource;

pub(super) const KINDS: [Kind; 2] = [
    kind("Microsoft.Web/sites/sourcecontrols"),
    kind("Microsoft.Web/sites/slots/sourcecontrols"),
];

const fn kind(name: &'static str) -> Kind {
    Kind {
        put: Some(put),
        patch: Some(put),
        get: Some(get),
        delete: Some(delete),
        ..Kind::new(name)
    }
}

const FLAGS: [&str; 4] = [
    "isManualIntegration",
    "isGitHubAction",
    "deploymentRollbackEnabled",
    "isMercurial",
];

/// The app, for the one name that there is.
fn app(call: &Call<'_>) -> Result<Resource, Answer> {
    if json::same(call.target.name(), "web") {
        return sites::site_of(call);
    }
    Err(errors::not_modelled(&format!(
        "The source control '{}' of a site",
        call.target.name()
    )))
}

/// The first answer after a PUT says that the deployment is going on.
fn shown(app: &Resource, state: &str) -> Value {
    let name = AppName::of(app);
    let stored = &app.private["sourceControl"];
    let url = stored["repoUrl"]
        .as_str()
        .map_or_else(|| format!("https://{}", name.scm_host()), str::to_owned);
    let mut properties = json!({ "repoUrl": url, "branch": stored["branch"] });
    for flag in FLAGS {
        json::set(&mut properties, flag, stored[flag] == true);
    }
    json::set(&mut properties, "provisioningState", state);
    json::set(
        &mut properties,
        "gitHubActionConfiguration",
        stored["gitHubActionConfiguration"].clone(),
    );
    json!({
        "id": format!("{}/sourcecontrols/web", app.id), "name": name.site, "type": "Microsoft.Web/sites/sourcecontrols",
        "location": app.body["location"], "properties": properties,
    })
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::ok(shown(&app(call)?, "Succeeded")))
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let before = app(call)?;
    let given = json::properties(call.object()?)?;
    let new = before.private["sourceControl"].is_null();
    let manual = given["isManualIntegration"] == true;
    call.world.update(&before.id, |app| {
        json::overlay(&mut app.private["sourceControl"], &given);
        let kind = if manual { "ExternalGit" } else { "GitHub" };
        json::set(&mut app.private["config"], "scmType", kind);
    });
    let state = if new { "InProgress" } else { "Succeeded" };
    Ok(Answer::created(new, shown(&app(call)?, state)))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let before = app(call)?;
    call.world.update(&before.id, |app| {
        json::unset(&mut app.private, "sourceControl");
        json::set(&mut app.private["config"], "scmType", "None");
    });
    Ok(Answer::empty(StatusCode::OK))
}
