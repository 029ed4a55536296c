//! What an app does on POST: start, stop, restart, publishing, logs, the exchange of slots; and the
//! check of a name.

use http::StatusCode;
use serde_json::json;

use super::sites::{check_name, owner_of_name};
use super::{publishing, slots};
use crate::arm::{Answer, Body, Call, errors, json};
use crate::web::front;

pub(super) fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let app = call.required()?;
    match word.to_ascii_lowercase().as_str() {
        "publishxml" => Ok(publishing::profile(&app)),
        "restart" => Ok(restart(call, &app.id)),
        "start" => Ok(set_state(call, "Running")),
        "stop" => Ok(set_state(call, "Stopped")),
        "newpassword" => {
            call.world.update(&app.id, |app| {
                let password = call.uuid().simple().to_string();
                json::set(&mut app.private, "publishingPassword", password);
            });
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        "containerlogs" => Ok(container_log(call)),
        "slotsswap" => slots::swap(call, &app),
        "slotsdiffs" => slots::differences(call, &app),
        "applyslotconfig" => slots::apply_config(call, &app),
        "resetslotconfig" => Ok(slots::reset_config(call, &app)),
        "sync" => Ok(Answer::empty(StatusCode::OK)),
        "syncfunctiontriggers" => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        other => Err(errors::not_modelled(&format!(
            "The action '{other}' of a site"
        ))),
    }
}

/// The container starts anew when somebody looks next.
pub(super) fn restart(call: &Call<'_>, id: &str) -> Answer {
    call.world.update(id, |app| {
        let restarts = app.private["restarts"].as_u64().unwrap_or_default() + 1;
        json::set(&mut app.private, "restarts", restarts);
    });
    Answer::empty(StatusCode::OK)
}

fn set_state(call: &Call<'_>, state: &str) -> Answer {
    call.world.update(&call.id(), |app| {
        json::set(&mut app.body["properties"], "state", state)
    });
    Answer::empty(StatusCode::OK)
}

/// The last lines of the container's log; nothing at all before the first start.
fn container_log(call: &Call<'_>) -> Answer {
    let lines = front::container_log(call.world, &call.id());
    if lines.is_empty() {
        return Answer::empty(StatusCode::NO_CONTENT);
    }
    Answer {
        status: StatusCode::OK,
        headers: Vec::new(),
        body: Body::Text {
            content_type: "application/octet-stream",
            text: lines.join("\n") + "\n",
        },
    }
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
