//! `registries/runs`: the control plane's way to [`crate::build::tasks`].

use http::StatusCode;

use super::registries;
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors};
use crate::build::tasks;
use crate::wire::filter;

pub(super) const RUN: Kind = Kind {
    get: Some(one),
    list: Some(list),
    patch: Some(one),
    action: Some(action),
    ..Kind::new("Microsoft.ContainerRegistry/registries/runs")
};

/// Hands a request below a registry on to the builds; `path` is what follows the registry's id.
pub(super) fn build_action(
    call: &Call<'_>,
    registry: &str,
    path: &[&str],
) -> Result<Answer, Answer> {
    let filter = call.incoming.query_value("$filter").unwrap_or_default();
    let request = tasks::Action {
        registry,
        method: &call.incoming.method,
        path,
        body: &call.body,
        base_url: &call.incoming.base,
        caller: &call.caller.client,
        filter: &filter::terms(&filter),
    };
    let answer = tasks::action(call.world, &request).ok_or_else(|| {
        errors::not_modelled(&format!("The action '{}' of a registry", path.join("/")))
    })?;
    Ok(translated(answer))
}

/// Recorded: `scheduleRun` answers 200 although the run only starts; the Azure CLI takes no 202.
pub(super) fn translated(answer: tasks::Answer) -> Answer {
    let status = if answer.status == StatusCode::ACCEPTED {
        StatusCode::OK
    } else {
        answer.status
    };
    Answer::json(status, answer.body)
}

fn registry(call: &Call<'_>) -> String {
    let name = call
        .target
        .names
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    format!(
        "{}/providers/{}/{name}",
        call.target.scope,
        registries::KIND
    )
}

fn one(call: &Call<'_>) -> Result<Answer, Answer> {
    build_action(call, &registry(call), &["runs", call.target.name()])
}

/// `$top` cuts the list, newest first.
fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let filter = call.incoming.query_value("$filter").unwrap_or_default();
    if filter.contains('(') {
        return Err(errors::not_modelled(&format!(
            "The filter '{filter}' of runs"
        )));
    }
    let mut answer = build_action(call, &registry(call), &["runs"])?;
    let top = call
        .incoming
        .query_value("$top")
        .and_then(|top| top.parse::<usize>().ok());
    if let (Some(top), crate::wire::Body::Json(body)) = (top, &mut answer.body)
        && let Some(runs) = body["value"].as_array_mut()
    {
        runs.truncate(top);
    }
    Ok(answer)
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    build_action(call, &registry(call), &["runs", call.target.name(), word])
}
