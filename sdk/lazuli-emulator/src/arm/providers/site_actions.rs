//! What a site does on POST: start, stop, restart, publishing profile, and the check of a name.

use http::StatusCode;
use serde_json::json;

use super::sites::{check_name, owner_of_name};
use crate::arm::{Answer, Body, Call, errors, json};
use crate::world::Resource;

pub(crate) fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if call.target.names.is_empty() {
        return namespace_action(call, word);
    }
    let site = call.required()?;
    match word.to_ascii_lowercase().as_str() {
        "publishxml" => Ok(publish_profile(&site)),
        "restart" => {
            call.world.update(&site.id, |site| {
                let restarts = site.private["restarts"].as_u64().unwrap_or_default() + 1;
                json::set(&mut site.private, "restarts", restarts);
            });
            Ok(Answer::empty(StatusCode::OK))
        }
        "start" => Ok(set_state(call, "Running")),
        "stop" => Ok(set_state(call, "Stopped")),
        other => Err(errors::not_modelled(&format!(
            "The action '{other}' of a site"
        ))),
    }
}

fn set_state(call: &Call<'_>, state: &str) -> Answer {
    call.world.update(&call.id(), |site| {
        json::set(&mut site.body["properties"], "state", state)
    });
    Answer::empty(StatusCode::OK)
}

/// `POST …/providers/Microsoft.Web/checknameavailability`
pub(crate) fn namespace_action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if !json::same(word, "checknameavailability") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of Microsoft.Web"
        )));
    }
    let name = json::text(&call.object()?["name"]);
    let (free, reason, message) = match (check_name(name), owner_of_name(call.world, name)) {
        (Err(_), _) => (
            false,
            "Invalid",
            "The name is not valid: 1 to 60 letters, digits and hyphens.".to_owned(),
        ),
        (_, Some(_)) => (
            false,
            "AlreadyExists",
            format!("Hostname '{name}' already exists. Please select a different name."),
        ),
        (_, None) => (true, "", String::new()),
    };
    Ok(Answer::ok(
        json!({ "nameAvailable": free, "reason": reason, "message": message }),
    ))
}

fn publish_profile(site: &Resource) -> Answer {
    let name = site.name();
    let password = json::text(&site.private["publishingPassword"]);
    let host = site.text("/properties/defaultHostName").unwrap_or_default();
    let scm = host.replacen('.', ".scm.", 1);
    let text = format!(
        "<publishData><publishProfile profileName=\"{name} - Web Deploy\" publishMethod=\"MSDeploy\" publishUrl=\"{scm}:443\" msdeploySite=\"{name}\" userName=\"${name}\" userPWD=\"{password}\" destinationAppUrl=\"http://{host}\" SQLServerDBConnectionString=\"\" mySQLDBConnectionString=\"\" hostingProviderForumLink=\"\" controlPanelLink=\"https://portal.azure.com\" webSystem=\"WebSites\"><databases /></publishProfile><publishProfile profileName=\"{name} - FTP\" publishMethod=\"FTP\" publishUrl=\"ftps://waws-prod-emu-001.ftp.azurewebsites.windows.net/site/wwwroot\" ftpPassiveMode=\"True\" userName=\"{name}\\${name}\" userPWD=\"{password}\" destinationAppUrl=\"http://{host}\" webSystem=\"WebSites\"><databases /></publishProfile></publishData>"
    );
    Answer {
        status: StatusCode::OK,
        headers: Vec::new(),
        body: Body::Text {
            content_type: "application/xml",
            text,
        },
    }
}
