//! What the answers of a long-running operation mean. Pure: no I/O, no clock.
//!
//! ARM providers speak four dialects, all of them seen in real traffic:
//! 1. 200/201 with `Azure-AsyncOperation`: poll a status document, then read the resource;
//! 2. 202 with `{}` and both headers, whose polls answer 202 with a status document (private DNS);
//! 3. 202 with only `Location`: poll until it answers what a synchronous call would have (groups, registries);
//! 4. 200 after a long block, with a `provisioningState` that may still be running (App Service, Key Vault).

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::answer::Answer;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::method::Method;
use crate::operation::{OperationState, OperationToken, PollKind, PollUrl, provisioning_state};

const ASYNC_OPERATION: &str = "azure-asyncoperation";
const LOCATION: &str = "location";

/// The request whose answer is read.
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    /// The URL as it was sent.
    pub(crate) url: &'a Url,
    /// Where the resource itself is read.
    pub(crate) resource_url: &'a Url,
    pub(crate) resource_id: &'a str,
    pub(crate) api_version: &'a str,
}

/// What a successful answer to a write means.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// It is done; the body is the resource, the action's result, or `null`.
    Done(Value),
    /// It runs on; poll after the delay that the service asked for.
    Running {
        token: Box<OperationToken>,
        after: Option<Duration>,
    },
}

/// What a poll's answer means.
#[derive(Debug)]
pub(crate) enum Reading {
    Running {
        next: Option<PollUrl>,
        after: Option<Duration>,
        state: String,
    },
    Done(Value),
    Failed(ArmError),
    /// The state could not be read, which says nothing of the operation. `passing`: it may be readable later.
    Unreadable {
        error: ArmError,
        passing: bool,
    },
}

/// Reads the answer to a write that has a status of success.
pub(crate) fn accepted(sent: &Sent<'_>, answer: &Answer) -> Result<Accepted> {
    let link = |name| {
        answer
            .header(name)
            .map(|text| trusted(sent.url, text))
            .transpose()
    };
    let operation = link(ASYNC_OPERATION)?;
    // Without 202, `Location` is only HTTP's "the new resource is there".
    let location = if answer.status() == 202 {
        link(LOCATION)?
    } else {
        None
    };
    let body = match answer.json() {
        Err(_) if operation.is_some() || location.is_some() => Value::Null,
        parsed => parsed?,
    };
    let finished =
        answer.status() != 202 && OperationState::of_resource(&body) == OperationState::Succeeded;
    // An update that changed nothing carries the header although it is finished (seen in real traffic).
    let after = if finished && !body.is_null() {
        Some(Duration::ZERO)
    } else {
        answer.retry_after()
    };
    let running = |kind, poll_url: PollUrl, result_url| {
        let (kind, poll_url) = if is_self(sent, &poll_url) {
            (PollKind::Resource, PollUrl::new(sent.resource_url.as_str()))
        } else {
            (kind, poll_url)
        };
        let (resource_id, api_version) = (sent.resource_id.to_owned(), sent.api_version.to_owned());
        let token = OperationToken {
            kind,
            method: sent.method,
            poll_url,
            result_url,
            resource_id,
            api_version,
        };
        Ok(Accepted::Running {
            token: Box::new(token),
            after,
        })
    };
    match (operation, location) {
        (Some(url), location) => running(
            PollKind::AsyncOperation,
            url,
            location.filter(|_| sent.method == Method::Post),
        ),
        (None, Some(url)) => running(PollKind::Location, url, None),
        (None, None) => without_link(sent, answer.status(), body, running),
    }
}

fn without_link(
    sent: &Sent<'_>,
    status: u16,
    body: Value,
    running: impl Fn(PollKind, PollUrl, Option<PollUrl>) -> Result<Accepted>,
) -> Result<Accepted> {
    let poll_resource = || {
        running(
            PollKind::Resource,
            PollUrl::new(sent.resource_url.as_str()),
            None,
        )
    };
    match (sent.method, status) {
        (Method::Post | Method::Get, _) => Ok(Accepted::Done(body)),
        (_, 202) => poll_resource(),
        (Method::Delete, _) => Ok(Accepted::Done(Value::Null)),
        (Method::Put | Method::Patch, _) => match OperationState::of_resource(&body) {
            OperationState::Succeeded => Ok(Accepted::Done(body)),
            OperationState::Running => poll_resource(),
            state => Err(provisioning_failed(state, &body)),
        },
    }
}

/// Reads the answer to a poll.
pub(crate) fn read(token: &OperationToken, url: &Url, answer: &Answer) -> Reading {
    let name = if token.kind == PollKind::AsyncOperation {
        ASYNC_OPERATION
    } else {
        LOCATION
    };
    let next = match (
        token.kind,
        answer
            .header(name)
            .map(|text| trusted(url, text))
            .transpose(),
    ) {
        (PollKind::Resource, _) => None,
        (_, Ok(next)) => next,
        (_, Err(error)) if answer.is_success() => return Reading::Failed(error.in_operation()),
        (_, Err(_)) => None,
    };
    let reading = match token.kind {
        PollKind::AsyncOperation => read_status(answer),
        PollKind::Location => read_location(answer),
        PollKind::Resource => read_resource(token.method, answer),
    };
    match reading {
        Reading::Running { after, state, .. } => Reading::Running { next, after, state },
        other => other,
    }
}

fn still(answer: &Answer, state: &str) -> Reading {
    Reading::Running {
        next: None,
        after: answer.retry_after(),
        state: state.to_owned(),
    }
}

/// Dialects 1 and 2: the status document decides, whatever the HTTP status of success is.
fn read_status(answer: &Answer) -> Reading {
    if !answer.is_success() {
        return unreadable(answer);
    }
    let body = match answer.json() {
        Ok(body) => body,
        Err(error) => {
            return Reading::Unreadable {
                error,
                passing: true,
            };
        }
    };
    let status = body
        .get("status")
        .and_then(Value::as_str)
        .or_else(|| provisioning_state(&body));
    match (status, answer.status()) {
        (None, 202) => still(answer, "Accepted"),
        (None, _) => Reading::Done(body),
        (Some(text), _) => match OperationState::of(text) {
            OperationState::Running => still(answer, text),
            OperationState::Succeeded => Reading::Done(body),
            OperationState::Failed => Reading::Failed(ArmError::from_operation(false, &body)),
            OperationState::Cancelled => Reading::Failed(ArmError::from_operation(true, &body)),
        },
    }
}

/// Dialect 3: 202 while it runs, then what a synchronous call would have answered, errors included.
fn read_location(answer: &Answer) -> Reading {
    match answer.status() {
        202 => still(answer, "Accepted"),
        200..=299 => match answer.json() {
            Ok(body) => read_result(answer, body),
            Err(error) => Reading::Unreadable {
                error,
                passing: false,
            },
        },
        300..=399 | 401 | 403 | 404 | 408 | 429 | 500.. => unreadable(answer),
        _ => Reading::Failed(ArmError::from_answer(answer).in_operation()),
    }
}

/// A final answer, unless it is a status document: some providers leave one at the location (seen in real traffic:
/// registry imports, vault purges, what-if). Only unmistakable states count, for results may have a `status` too.
fn read_result(answer: &Answer, body: Value) -> Reading {
    let is_resource = body.get("type").is_some();
    let status = body
        .get("status")
        .and_then(Value::as_str)
        .filter(|_| !is_resource);
    let Some(text) = status else {
        return Reading::Done(body);
    };
    match OperationState::of(text) {
        OperationState::Failed => Reading::Failed(ArmError::from_operation(false, &body)),
        OperationState::Cancelled => Reading::Failed(ArmError::from_operation(true, &body)),
        OperationState::Running
            if ["inprogress", "running", "accepted"]
                .contains(&text.to_ascii_lowercase().as_str()) =>
        {
            still(answer, text)
        }
        _ => Reading::Done(body),
    }
}

/// Dialect 4: the resource reports its own state; a deletion is done when it is gone.
fn read_resource(method: Method, answer: &Answer) -> Reading {
    if !answer.is_success() {
        let error = ArmError::from_answer(answer);
        return match (error.is_not_found(), method) {
            (true, Method::Delete) => Reading::Done(Value::Null),
            // Behind a 202 a new resource may be invisible until it is finished (ARM contract, old form).
            (true, _) => still(answer, "NotVisibleYet"),
            (false, _) => unreadable(answer),
        };
    }
    let body = match answer.json() {
        Ok(body) => body,
        Err(error) => {
            return Reading::Unreadable {
                error,
                passing: true,
            };
        }
    };
    let shown = provisioning_state(&body).unwrap_or("Deleting").to_owned();
    match OperationState::of_resource(&body) {
        OperationState::Succeeded if method == Method::Delete => still(answer, &shown),
        OperationState::Succeeded => Reading::Done(body),
        OperationState::Running => still(answer, &shown),
        state => Reading::Failed(provisioning_failed(state, &body)),
    }
}

/// A failure to read the state: the contract says that it is not one of the operation.
fn unreadable(answer: &Answer) -> Reading {
    let passing = matches!(answer.status(), 404 | 408 | 429 | 500..);
    Reading::Unreadable {
        error: ArmError::from_answer(answer),
        passing,
    }
}

fn provisioning_failed(state: OperationState, body: &Value) -> ArmError {
    let properties = body.get("properties");
    let reason = ["error", "provisioningError", "errors"]
        .iter()
        .find_map(|key| properties?.get(key))
        .filter(|r| !r.is_null());
    let shown = provisioning_state(body).unwrap_or_default();
    let unexplained = json!({
        "code": format!("ProvisioningState{shown}"),
        "message": format!("the resource's provisioningState is `{shown}`, and it gives no reason"),
    });
    ArmError::from_operation(
        state == OperationState::Cancelled,
        reason.unwrap_or(&unexplained),
    )
}

/// Whether the link leads back to the request itself; then the resource's state is what there is to poll.
fn is_self(sent: &Sent<'_>, link: &PollUrl) -> bool {
    Url::parse(link.expose()).is_ok_and(|url| url.path().eq_ignore_ascii_case(sent.url.path()))
}

/// Makes a link absolute and refuses one to another origin: the caller's token would go there.
///
/// `https://host:443` is the same origin as `https://host` (seen in real traffic).
pub(crate) fn trusted(here: &Url, link: &str) -> Result<PollUrl> {
    let refused = |reason: String| ArmError::new(ArmErrorKind::ForeignUrl, reason);
    let url = here
        .join(link)
        .map_err(|error| refused(format!("the answer's link is not a URL: {error}")))?;
    if url.origin() != here.origin() || !url.username().is_empty() || url.password().is_some() {
        let (there, here) = (
            url.origin().ascii_serialization(),
            here.origin().ascii_serialization(),
        );
        return Err(refused(format!(
            "the answer points to {there}, but tokens for {here} are not sent elsewhere"
        )));
    }
    let absolute = link.starts_with("https://") || link.starts_with("http://");
    Ok(if absolute {
        PollUrl::new(link)
    } else {
        PollUrl::new(url.as_str())
    })
}

#[cfg(test)]
#[path = "lro_tests.rs"]
mod tests;
