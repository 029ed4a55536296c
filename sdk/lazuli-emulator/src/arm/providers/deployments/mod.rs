//! `Microsoft.Resources/deployments`: templates deployed to a resource group or to the subscription.
//!
//! A PUT checks and plans the template at once; the resources are made when the operation ends (its
//! second poll, or by itself after some seconds), each through the ordinary PUT of its provider. So a
//! deployment can be cancelled before, and everything a provider refuses fails it.

mod prepare;
mod references;
mod run;
mod show;
mod what_if;

use http::StatusCode;
use serde_json::{Value, json};

use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::lro::{self, Effect};
use crate::arm::{Answer, Call, errors, json, template};
use crate::wire::dialect::Dialect;
use crate::wire::filter;
use crate::world::{Resource, World};
use prepare::Prepared;

pub(crate) use prepare::without_secrets;
use run::run;

pub(crate) const KIND: &str = "Microsoft.Resources/deployments";
const OPERATION: &str = "Microsoft.Resources/deployments/operations";
/// 200 or 201 with `Azure-AsyncOperation` below the deployment.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "Deployment",
    status: "{resource}/operationStatuses",
    result: "{resource}/operationresults",
    running: (StatusCode::OK, "Running"),
    gone: StatusCode::NO_CONTENT,
    ..Dialect::USUAL
};

/// Verbs other than PUT: 202 with `Location`.
static DIALECT_OF_OTHERS: Dialect = Dialect {
    status: "{subscription}/operationStatuses",
    result: "{subscription}/operationresults",
    ..DIALECT
};

pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        list: Some(list),
        delete: Some(delete),
        action: Some(action),
        run: Some(run),
        status: Some(status),
        read: Some(read),
        ..Kind::new(KIND)
    },
    Kind {
        get: Some(get_operation),
        list: Some(list_operations),
        ..Kind::new(OPERATION)
    },
];

fn state(record: &Resource) -> &str {
    record
        .text("/properties/provisioningState")
        .unwrap_or_default()
}

fn is_active(record: &Resource) -> bool {
    ["Accepted", "Running"].contains(&state(record))
}

/// Templates come with comments and unquoted names; their reader is the lenient one of the service.
fn read(body: &str) -> Option<Value> {
    template::text::read(body)
        .ok()
        .map(|document| document.value)
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    check_name(call.target.name())?;
    let existing = call.existing();
    if existing.as_ref().is_some_and(is_active) {
        let message = format!(
            "Unable to edit or replace deployment '{}': previous deployment from '{}' is still active. Please see https://aka.ms/arm-deploy for usage details.",
            call.target.name(),
            existing
                .as_ref()
                .and_then(|old| old.text("/properties/timestamp"))
                .unwrap_or_default(),
        );
        return Err(Answer::error(409, "DeploymentActive", message));
    }
    let prepared = Prepared::of_call(call)?;
    let (body, private) = (show::accepted(call, &prepared), prepared.record(call));
    lifecycle::store(call, body.clone(), private);
    let addresses = lro::start(call, &DIALECT, Effect::Run);
    Ok(Answer::created(existing.is_none(), body)
        .with("azure-asyncoperation", addresses.status)
        .with("retry-after", "0"))
}

/// 1 to 64 letters, digits, `-`, `_`, `.` and parentheses.
fn check_name(name: &str) -> Result<(), Answer> {
    let good = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    if name.chars().count() <= 64 && name.chars().all(good) && !name.ends_with('.') {
        return Ok(());
    }
    let message = format!(
        "The provided deployment name '{name}' is not valid: up to 64 letters, digits, '-', '_', '.', '(' and ')', not ending in a period."
    );
    Err(Answer::error(400, "InvalidDeploymentName", message))
}

/// Those of the scope itself, not of the groups below.
fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let scope = format!("{}/providers/{KIND}/", call.target.scope).to_ascii_lowercase();
    let filter = call.incoming.query_value("$filter").unwrap_or_default();
    let wanted = filter::terms(&filter);
    if !filter.is_empty() && wanted.iter().any(|(field, _)| field != "provisioningstate") {
        let message = format!("Invalid $filter '{filter}' specified in the query string.");
        return Err(Answer::error(400, "InvalidFilterInQueryString", message));
    }
    let top = call
        .incoming
        .query_value("$top")
        .and_then(|text| text.parse().ok());
    let fits = |one: &Resource| {
        one.id.to_ascii_lowercase().starts_with(&scope)
            && wanted
                .iter()
                .all(|(_, value)| json::same(state(one), value))
    };
    let mut all: Vec<Resource> = call.world.of_kind(KIND).into_iter().filter(fits).collect();
    all.sort_by(|left, right| {
        right
            .text("/properties/timestamp")
            .cmp(&left.text("/properties/timestamp"))
    });
    let shown = all
        .into_iter()
        .take(top.unwrap_or(usize::MAX))
        .map(|one| one.body);
    Ok(Answer::list(shown.collect()))
}

/// The record goes; what it deployed stays.
fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(existing) = call.existing() else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    if is_active(&existing) {
        let message = format!(
            "Unable to delete deployment '{}': it is still active. Cancel it first.",
            call.target.name()
        );
        return Err(Answer::error(409, "DeploymentActive", message));
    }
    let addresses = lro::start(call, &DIALECT_OF_OTHERS, Effect::Remove);
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    match word.to_ascii_lowercase().as_str() {
        "validate" => {
            let prepared = Prepared::of_call(call)?;
            check_kinds(call.world, &prepared)?;
            Ok(Answer::ok(show::validated(call, &prepared)))
        }
        "whatif" => what_if(call),
        "cancel" => cancel(call),
        "exporttemplate" => {
            let found = call.required().map_err(|_| not_found(call))?;
            Ok(Answer::ok(
                json!({ "template": show::exported(&found.private["template"]) }),
            ))
        }
        _ => Err(errors::not_modelled(&format!(
            "The action '{word}' of deployments"
        ))),
    }
}

/// Nothing is called valid that this emulator could not make.
fn check_kinds(world: &World, prepared: &Prepared) -> Result<(), Answer> {
    let mut planned = prepared.plan.resources.iter();
    match planned.find(|one| !one.existing && !world.control().knows(&one.kind)) {
        Some(one) => Err(errors::not_modelled(&format!(
            "The resource type '{}'",
            one.kind
        ))),
        None => Ok(()),
    }
}

fn not_found(call: &Call<'_>) -> Answer {
    let message = format!("Deployment '{}' could not be found.", call.target.name());
    Answer::error(404, "DeploymentNotFound", message)
}

fn what_if(call: &Call<'_>) -> Result<Answer, Answer> {
    let prepared = Prepared::of_call(call)?;
    let answer = what_if::predict(call, &prepared);
    let addresses = lro::start_answering(
        call,
        &call.id(),
        &DIALECT_OF_OTHERS,
        Effect::Nothing,
        answer,
    );
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

fn cancel(call: &Call<'_>) -> Result<Answer, Answer> {
    let found = call.required().map_err(|_| not_found(call))?;
    if !is_active(&found) {
        let message = format!(
            "The deployment '{}' cannot be cancelled: it is in the terminal state '{}'.",
            call.target.name(),
            state(&found)
        );
        return Err(Answer::error(409, "DeploymentCannotBeCancelled", message));
    }
    call.world.update(&call.id(), |record| {
        show::ended(call.world, record, "Canceled")
    });
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// What the address of the operation answers once the deployment ended.
fn status(world: &World, id: &str) -> Answer {
    let Some(record) = world.get(id) else {
        return Answer::error(
            404,
            "DeploymentNotFound",
            format!("Deployment {id} could not be found."),
        );
    };
    let mut body = json!({ "status": state(&record) });
    if let Some(error) = record.at("/properties/error") {
        json::set(&mut body, "error", error.clone());
    }
    Answer::ok(body)
}

fn deployment_of(call: &Call<'_>) -> Result<Resource, Answer> {
    let id = call.target.parent_id().unwrap_or_else(|| call.id());
    call.world.get(&id).ok_or_else(|| call.not_found())
}

fn list_operations(call: &Call<'_>) -> Result<Answer, Answer> {
    let record = deployment_of(call)?;
    Ok(Answer::list(
        json::items(&record.private["operations"])
            .cloned()
            .collect(),
    ))
}

fn get_operation(call: &Call<'_>) -> Result<Answer, Answer> {
    let record = deployment_of(call)?;
    let found = json::items(&record.private["operations"])
        .find(|one| json::same(json::text(&one["operationId"]), call.target.name()))
        .cloned();
    found.map(Answer::ok).ok_or_else(|| {
        let message = format!(
            "The deployment operation '{}' could not be found.",
            call.target.name()
        );
        Answer::error(404, "DeploymentOperationNotFound", message)
    })
}

/// The body of a stored record, for those that build on it.
fn properties(record: &mut Resource) -> &mut Value {
    &mut record.body["properties"]
}
