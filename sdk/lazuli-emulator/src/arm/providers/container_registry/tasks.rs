//! `registries/tasks`: builds that are described once and run often. Triggers are kept and shown, but nothing
//! fires them here: a run starts with `scheduleRun` or a task run.

use serde_json::{Value, json};

use super::child::{self, Child};
use crate::arm::kind::Kind;
use crate::arm::providers::identities;
use crate::arm::{Answer, Call, errors, json};

pub(super) const TASK: Kind = Kind {
    put: Some(write),
    patch: Some(write),
    delete: Some(child::delete_at_once),
    action: Some(action),
    ..Kind::new("Microsoft.ContainerRegistry/registries/tasks")
};
const STEPS: [&str; 3] = ["Docker", "EncodedTask", "FileTask"];
/// What is never shown again: tokens of source repositories, values of secret arguments, passwords.
const SECRETS: [&str; 5] = [
    "contextAccessToken",
    "token",
    "refreshToken",
    "password",
    "userName",
];

fn write(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let given = json::properties(body)?;
    child::check_name(call.target.name(), (5, 50), "-_")?;
    let existing = match call.method() {
        "PATCH" => Some(call.required()?),
        _ => call.existing(),
    };
    let mut properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => json!({
            "creationDate": call.now().to_string(), "status": "Enabled", "agentConfiguration": { "cpu": 2 },
            "timeout": 3600, "isSystemTask": false,
        }),
    };
    let mut public = given.clone();
    hide(&mut public);
    json::overlay(&mut properties, &public);
    check(&properties)?;
    let stored = existing
        .as_ref()
        .map_or(Value::Null, |old| old.body["identity"].clone());
    let mut made = Child::of(properties).at(call, existing.as_ref())?;
    made.identity = identities::merge(call, &body["identity"], &stored)?;
    Ok(child::write_at_once(call, existing.as_ref(), made))
}

fn check(properties: &Value) -> Result<(), Answer> {
    let step = &properties["step"];
    json::one_of(&step["type"], "step.type", &STEPS)?
        .filter(|_| properties["isSystemTask"] != true)
        .ok_or_else(|| child::invalid("A task must have a step with a type."))?;
    json::one_of(
        &properties["platform"]["os"],
        "platform.os",
        &["Linux", "Windows"],
    )?
    .ok_or_else(|| child::invalid("A task must name its platform.os."))?;
    json::one_of(&properties["status"], "status", &["Enabled", "Disabled"])?;
    let (needed, kind) = match json::text(&step["type"]) {
        "Docker" => ("dockerFilePath", "Docker"),
        "FileTask" => ("taskFilePath", "FileTask"),
        _ => ("encodedTaskContent", "EncodedTask"),
    };
    if step[needed].as_str().is_none_or(str::is_empty) {
        return Err(child::invalid(format!(
            "A step of type {kind} must name its {needed}."
        )));
    }
    Ok(())
}

/// Takes what is secret out of a request, at any depth.
fn hide(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for key in SECRETS {
                object.shift_remove(key);
            }
            if object.get("isSecret") == Some(&Value::Bool(true)) {
                object.shift_remove("value");
            }
            object.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let task = call.required()?;
    if json::same(word, "listDetails") {
        return Ok(Answer::ok(task.body));
    }
    Err(errors::not_modelled(&format!(
        "The action '{word}' of a task"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_at_any_depth() {
        let mut given = json!({
            "step": { "contextAccessToken": "s3cret", "contextPath": "x", "arguments": [
                { "name": "a", "value": "s3cret", "isSecret": true }, { "name": "b", "value": "open" }] },
            "trigger": { "sourceTriggers": [{ "sourceRepository": { "sourceControlAuthProperties": { "token": "s3cret" } } }] },
            "credentials": { "customRegistries": { "x": { "password": { "value": "s3cret" } } } },
        });
        hide(&mut given);
        let shown = given.to_string();
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(
            shown.contains("open") && shown.contains("contextPath"),
            "{shown}"
        );
    }
}
