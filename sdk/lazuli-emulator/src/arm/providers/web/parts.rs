//! The smaller parts of an app's configuration: logs, sign-in, backup, push. Each is a document with
//! defaults that PUT lays its wishes on; those with secrets are read with `POST …/list`.

use http::StatusCode;
use serde_json::{Value, json};

use super::config::{envelope, only_by_list};
use super::sites;
use crate::arm::{Answer, Call, errors, json};
use crate::world::Resource;

/// How a part is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Get,
    List,
    Both,
}

struct Part {
    name: &'static str,
    read: Read,
    defaults: &'static str,
}

const PARTS: [Part; 4] = [
    Part {
        name: "logs",
        read: Read::Get,
        defaults: include_str!("defaults/logs.json"),
    },
    Part {
        name: "authsettings",
        read: Read::List,
        defaults: include_str!("defaults/auth_settings.json"),
    },
    Part {
        name: "authsettingsv2",
        read: Read::Both,
        defaults: include_str!("defaults/auth_settings_v2.json"),
    },
    Part {
        name: "pushsettings",
        read: Read::List,
        defaults: r#"{"isPushEnabled": false, "tagWhitelistJson": null, "tagsRequiringAuth": null, "dynamicTagsJson": null}"#,
    },
];

fn find(part: &str) -> Result<&'static Part, Answer> {
    let found = PARTS.iter().find(|known| known.name == part);
    found.ok_or_else(|| errors::not_modelled(&format!("The site configuration '{part}'")))
}

/// Where a part is kept in the private part of an app.
fn key(part: &str) -> String {
    format!("config:{part}")
}

fn current(app: &Resource, part: &Part) -> Value {
    let mut all: Value = serde_json::from_str(part.defaults).unwrap_or_else(|_| json!({}));
    json::overlay(&mut all, &app.private[key(part.name).as_str()]);
    all
}

fn shown(app: &Resource, part: &Part) -> Answer {
    Answer::ok(envelope(app, part.name, part.name, current(app, part)))
}

pub(super) fn get(call: &Call<'_>, app: &Resource, name: &str) -> Result<Answer, Answer> {
    if name == "backup" {
        return Err(only_by_list(call, name));
    }
    let part = find(name)?;
    match part.read {
        Read::List => Err(only_by_list(call, name)),
        Read::Get | Read::Both => Ok(shown(app, part)),
    }
}

pub(super) fn list(app: &Resource, name: &str) -> Result<Answer, Answer> {
    if name == "backup" {
        let message = format!("Backup configuration not found for site '{}'", app.name());
        return Err(Answer::web(404, "NotFound", message));
    }
    let part = find(name)?;
    match part.read {
        Read::Get => Err(Answer::web(
            405,
            "MethodNotAllowed",
            format!("The '{name}' of a site is read with GET."),
        )),
        Read::List | Read::Both => Ok(shown(app, part)),
    }
}

pub(super) fn put(
    call: &Call<'_>,
    app: &Resource,
    name: &str,
    given: &Value,
) -> Result<Answer, Answer> {
    let part = find(name)?;
    let mut all = current(app, part);
    json::overlay(&mut all, given);
    let flags = (part.name == "logs").then(|| logging_flags(&all));
    call.world.update(&app.id, |app| {
        json::set(&mut app.private, &key(name), all);
        if let Some(flags) = flags {
            json::overlay(&mut app.private["config"], &flags);
        }
    });
    let app = sites::site_of(call)?;
    Ok(shown(&app, part).with("etag", sites::new_etag(call)))
}

/// What `config/web` says about the logs that are on.
fn logging_flags(logs: &Value) -> Value {
    let is_on = |pointer: &str| logs.pointer(pointer) == Some(&Value::Bool(true));
    let files = is_on("/httpLogs/fileSystem/enabled");
    let mut flags = json!({
        "httpLoggingEnabled": files || is_on("/httpLogs/azureBlobStorage/enabled"),
        "detailedErrorLoggingEnabled": is_on("/detailedErrorMessages/enabled"),
        "requestTracingEnabled": is_on("/failedRequestsTracing/enabled"),
    });
    if let Some(limit) = logs
        .pointer("/httpLogs/fileSystem/retentionInMb")
        .filter(|_| files)
    {
        json::set(&mut flags, "logsDirectorySizeLimit", limit.clone());
    }
    flags
}

pub(super) fn delete(call: &Call<'_>, app: &Resource, name: &str) -> Result<Answer, Answer> {
    if name == "backup" {
        return Ok(Answer::empty(StatusCode::OK));
    }
    let part = find(name)?;
    call.world.update(&app.id, |app| {
        json::unset(&mut app.private, &key(part.name));
    });
    Ok(Answer::empty(StatusCode::OK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_documents() {
        for part in &PARTS {
            let defaults: Value = serde_json::from_str(part.defaults).expect(part.name);
            assert!(defaults.is_object(), "{}", part.name);
        }
    }
}
