//! Long-running operations, each provider in its own dialect, as recorded from the real Azure.
//!
//! An operation is a record of the world, so it survives a restart. Without latency it advances when
//! somebody asks: the first poll answers that it is running, the next one ends it, and so does reading
//! the resource twice. What is never polled ends by itself after a few seconds, so that a forgotten
//! operation does not lock a virtual network forever. With latency it ends when its time has come.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, lifecycle, signed_url};
use crate::conditions::{OperationFate, Subject, Verb, Work};
use crate::wire::dialect::{Dialect, Token};
use crate::wire::ids::{group_id, location_key};
use crate::wire::{Answer, json};
use crate::world::{Resource, World};

const RUNNING: &str = "Lazuli/operations/running";
const ENDED: &str = "Lazuli/operations/ended";
/// After this many seconds an operation that nobody polls ends by itself.
const FORGOTTEN_AFTER_S: i64 = 4;
/// Ended operations can be asked about for this long.
const KEPT_S: i64 = 3600;

/// What the end of an operation does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Effect {
    /// The resource becomes `Succeeded`, with whatever its provider adds at that moment.
    Settle,
    /// The resource and everything below it goes away.
    Remove,
    /// The resource appears, or takes its new form, only now.
    Store(Box<Resource>),
    /// Nothing: the work was done at once.
    Nothing,
    /// The work of the resource's type is done, such as deploying a template.
    #[serde(rename = "Deploy")]
    Run,
    /// The operation fails; the resource stays as it was.
    Fail { code: String, message: String },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Operation {
    target: String,
    /// The name of its dialect.
    dialect: String,
    effect: Effect,
    verb: String,
    started_s: i64,
    asked: bool,
    error: Option<(String, String)>,
    /// When it ends by the clock; `None` when it ends by being asked.
    #[serde(default)]
    ends_at_ms: Option<i64>,
    /// An injected fault: how the operation fails at its end.
    #[serde(default)]
    doom: Option<(String, String)>,
    /// What the result address answers in the end, where it is not the resource.
    #[serde(default)]
    answer: Option<Value>,
}

/// The two poll addresses of an operation.
pub(crate) struct Addresses {
    pub(crate) status: String,
    pub(crate) result: String,
}

/// Starts an operation on `call`'s resource and answers where to ask about it.
pub(crate) fn start(call: &Call<'_>, dialect: &'static Dialect, effect: Effect) -> Addresses {
    start_on(call, &call.id(), dialect, effect)
}

/// Starts an operation on a resource other than the one the request names.
pub(crate) fn start_on(
    call: &Call<'_>,
    target: &str,
    dialect: &'static Dialect,
    effect: Effect,
) -> Addresses {
    begin(call, target, dialect, effect, None)
}

/// Starts an operation whose result address ends with a body of its own.
pub(crate) fn start_answering(
    call: &Call<'_>,
    target: &str,
    dialect: &'static Dialect,
    effect: Effect,
    answer: Value,
) -> Addresses {
    begin(call, target, dialect, effect, Some(answer))
}

fn begin(
    call: &Call<'_>,
    target: &str,
    dialect: &'static Dialect,
    effect: Effect,
    answer: Option<Value>,
) -> Addresses {
    let guid = call.world.uuid(target).to_string();
    let operation = Operation {
        target: target.to_owned(),
        dialect: dialect.name.to_owned(),
        verb: call.method().to_owned(),
        started_s: call.world.clock().now_s(),
        asked: false,
        error: None,
        ends_at_ms: None,
        doom: None,
        effect,
        answer,
    };
    let operation = under_conditions(call, operation);
    save(call.world, &guid, &operation, RUNNING);
    let addresses = addresses(call, dialect, &guid);
    Addresses {
        status: signed_url::sign(call.world, &addresses.status),
        result: signed_url::sign(call.world, &addresses.result),
    }
}

/// Gives an operation its duration, and the fault that a rule asks for.
fn under_conditions(call: &Call<'_>, mut operation: Operation) -> Operation {
    let conditions = call.conditions;
    if conditions.is_calm() {
        return operation;
    }
    let subject = Subject::under_way(call.world, conditions, call.incoming);
    let target = call.world.get(&operation.target);
    let state = target
        .as_ref()
        .and_then(|resource| resource.text("/properties/provisioningState"));
    let work = Work {
        kind: &call.target.kind,
        verb: match (call.method(), state) {
            ("DELETE", _) => Verb::Delete,
            ("POST", _) => Verb::Action,
            (_, None | Some("Creating")) => Verb::Create,
            _ => Verb::Update,
        },
        sku: json::text(&call.body["sku"]["name"]),
    };
    operation.ends_at_ms = conditions.ends_at_ms(&work, &subject.identity);
    match conditions.judge_operation(&subject) {
        None => {}
        Some(OperationFate::Failed { code, message }) => operation.doom = Some((code, message)),
        Some(OperationFate::Stuck { for_s }) => {
            let until = for_s.map(|s| conditions.clock.now_ms() + (s * 1000.0) as i64);
            operation.ends_at_ms = Some(until.unwrap_or(i64::MAX));
        }
    }
    operation
}

fn addresses(call: &Call<'_>, dialect: &Dialect, guid: &str) -> Addresses {
    let token = match dialect.token {
        Token::Plain => guid.to_owned(),
        Token::Encoded => URL_SAFE_NO_PAD.encode(guid),
        Token::AfterType => format!("{}-{guid}", last_type(call)),
    };
    let address = |path: &str| {
        let (base, version) = (&call.incoming.base, &call.api_version);
        let path = filled(call, path);
        format!("{base}{path}/{token}?api-version={version}")
    };
    Addresses {
        status: address(dialect.status),
        result: address(dialect.result),
    }
}

/// The path of a dialect with what it stands for.
fn filled(call: &Call<'_>, path: &str) -> String {
    let id = call.id();
    let subscription = call.target.scope.split('/').nth(2).unwrap_or_default();
    let stored = call.world.get(&id);
    let location = stored.and_then(|resource| resource.text("/location").map(location_key));
    path.replace("{resource}", &id)
        .replace("{subscription}", &format!("/subscriptions/{subscription}"))
        .replace("{group}", &group_id(&id).unwrap_or_default())
        .replace(
            "{location}",
            &location.unwrap_or_else(|| group_location(call)),
        )
}

/// The last word of the resource's type, in small letters.
fn last_type(call: &Call<'_>) -> String {
    let kind = &call.target.kind;
    kind.rsplit('/').next().unwrap_or_default().to_lowercase()
}

fn group_location(call: &Call<'_>) -> String {
    let group = group_id(&call.id()).and_then(|id| call.world.get(&id));
    group
        .and_then(|group| group.text("/location").map(location_key))
        .unwrap_or_else(|| "global".into())
}

/// Whether a path is an address of one of the dialects.
pub(crate) fn is_poll(world: &World, segments: &[String]) -> bool {
    let [.., word, _] = segments else {
        return false;
    };
    // Below a location they are polls; below anything else they are resources of their own.
    let location = segments.len().checked_sub(4).map(|at| &segments[at]);
    let listed = word.eq_ignore_ascii_case("operations")
        && !location.is_some_and(|part| part.eq_ignore_ascii_case("locations"));
    world.control().is_poll_word(word) && !listed
}

/// Answers a poll; unknown operations are 404.
pub(crate) fn poll(world: &World, segments: &[String], base: &str, path_and_query: &str) -> Answer {
    let [.., word, token] = segments else {
        return unknown("");
    };
    let Some(guid) = guid_of(token) else {
        return unknown(token);
    };
    let Some((mut operation, running)) = load(world, &guid) else {
        return unknown(token);
    };
    if !signed_url::is_genuine(world, path_and_query) {
        return signed_url::refusal();
    }
    let Some(dialect) = world.control().dialect(&operation.dialect) else {
        return unknown(token);
    };
    let here = format!("{base}{path_and_query}");
    let by_status = dialect.has_status() && !word.to_ascii_lowercase().ends_with("results");
    if running && !is_over(world, &operation) {
        operation.asked = true;
        save(world, &guid, &operation, RUNNING);
        return in_progress(dialect, by_status, &here);
    }
    if running {
        operation = end(world, &guid, operation);
    }
    if by_status {
        let of_type = world.control().status(world, &operation.target);
        of_type.unwrap_or_else(|| final_status(&operation))
    } else {
        final_result(world, dialect, &operation)
    }
}

/// Whether the operation ends now that somebody asks.
fn is_over(world: &World, operation: &Operation) -> bool {
    match operation.ends_at_ms {
        Some(end) => end <= world.clock().now_ms(),
        None => operation.asked,
    }
}

/// What a poll address asks about: the id of the resource, and the seconds to wait between polls as
/// the dialect has it.
pub(crate) fn asked_about(world: &World, segments: &[String]) -> Option<(String, u64)> {
    let (operation, _) = load(world, &guid_of(segments.last()?)?)?;
    let wait_s = world.control().dialect(&operation.dialect)?.wait_s;
    Some((operation.target, wait_s))
}

fn in_progress(dialect: &Dialect, by_status: bool, here: &str) -> Answer {
    let (status, word) = dialect.running;
    let answer = if by_status {
        Answer::json(status, json!({ "status": word }))
    } else {
        Answer::empty(StatusCode::ACCEPTED)
    };
    let header = if by_status {
        "azure-asyncoperation"
    } else {
        "location"
    };
    answer.with(header, here).with("retry-after", "0")
}

fn final_status(operation: &Operation) -> Answer {
    match &operation.error {
        None => Answer::ok(json!({ "status": "Succeeded" })),
        Some((code, message)) => Answer::ok(
            json!({ "status": "Failed", "error": { "code": code, "message": message, "details": [] } }),
        ),
    }
}

fn final_result(world: &World, dialect: &Dialect, operation: &Operation) -> Answer {
    if let Some((code, message)) = &operation.error {
        return Answer::error(409, code, message);
    }
    if dialect.post_ends_in_status && operation.verb == "POST" {
        return Answer::ok(json!({ "status": "Succeeded" }));
    }
    if let Some(body) = &operation.answer {
        return Answer::ok(body.clone());
    }
    match world.get(&operation.target) {
        Some(resource) if operation.verb != "DELETE" => {
            Answer::ok(lifecycle::present(world, &resource))
        }
        _ => Answer::empty(dialect.gone),
    }
}

fn unknown(token: &str) -> Answer {
    Answer::error(
        404,
        "OperationNotFound",
        format!("The operation '{token}' was not found."),
    )
}

fn guid_of(token: &str) -> Option<String> {
    // `registries-{guid}`, `replications-{guid}` and so on.
    let plain = match token.split_once('-') {
        Some((word, guid)) if word.chars().all(|c| c.is_ascii_lowercase()) && guid.len() == 36 => {
            guid
        }
        _ => token,
    };
    if Uuid::parse_str(plain).is_ok() {
        return Some(plain.to_ascii_lowercase());
    }
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    Uuid::parse_str(&decoded).is_ok().then_some(decoded)
}

/// Carries out the effect and files the operation as ended.
fn end(world: &World, guid: &str, mut operation: Operation) -> Operation {
    if let Some((code, message)) = operation.doom.take() {
        fail(world, &operation);
        operation.effect = Effect::Fail { code, message };
    }
    match operation.effect.clone() {
        Effect::Settle => lifecycle::settle(world, &operation.target),
        Effect::Remove => lifecycle::remove(world, &operation.target),
        Effect::Store(resource) => {
            world.put(*resource);
            lifecycle::settle(world, &operation.target);
        }
        Effect::Nothing => {}
        Effect::Run => world.control().run(world, &operation.target),
        Effect::Fail { code, message } => operation.error = Some((code, message)),
    }
    operation.effect = Effect::Nothing;
    save(world, guid, &operation, ENDED);
    operation
}

/// A failed write or deletion leaves its resource behind as `Failed`.
fn fail(world: &World, operation: &Operation) {
    if matches!(operation.effect, Effect::Settle | Effect::Remove) {
        world.update(&operation.target, |resource| {
            if let Some(state) = resource.body.pointer_mut("/properties/provisioningState") {
                *state = "Failed".into();
            }
        });
    }
}

/// Ends what was not polled in time, and what the clock ends.
pub(crate) fn end_due(world: &World) {
    for (guid, operation) in running(world) {
        if is_due(world, operation.ends_at_ms, operation.started_s) {
            end(world, &guid, operation);
        }
    }
}

fn is_due(world: &World, ends_at_ms: Option<i64>, started_s: i64) -> bool {
    let clock = world.clock();
    match ends_at_ms {
        Some(end) => end <= clock.now_ms(),
        None => clock.now_s() - started_s >= FORGOTTEN_AFTER_S,
    }
}

/// Whether a request that reads `id` would move an operation: one is due, or works on `id`.
pub(crate) fn would_move(world: &World, id: &str) -> bool {
    world.any_of_kind(RUNNING, |record| {
        let number = |pointer: &str| record.at(pointer).and_then(Value::as_i64);
        let started_s = number("/started_s").unwrap_or_default();
        record
            .text("/target")
            .is_some_and(|target| target.eq_ignore_ascii_case(id))
            || is_due(world, number("/ends_at_ms"), started_s)
    })
}

/// Forgets operations that ended long ago; called when a world is opened.
pub(crate) fn sweep(world: &World) {
    let now = world.clock().now_s();
    for record in world.of_kind(ENDED) {
        if now - record.body["started_s"].as_i64().unwrap_or_default() > KEPT_S {
            world.remove(&record.id);
        }
    }
}

/// Reading a resource counts as asking about its operations: clients may poll `provisioningState`.
pub(crate) fn asked_by_reading(world: &World, id: &str) {
    for (guid, mut operation) in running(world) {
        if !operation.target.eq_ignore_ascii_case(id) {
            continue;
        }
        if is_over(world, &operation) {
            end(world, &guid, operation);
        } else if !operation.asked {
            operation.asked = true;
            save(world, &guid, &operation, RUNNING);
        }
    }
}

/// Ends every operation on `id` itself at once; the answer is why one of them failed.
#[cfg(feature = "az")]
pub(crate) fn finish(world: &World, id: &str) -> Option<(String, String)> {
    let own: Vec<_> = running(world)
        .filter(|(_, operation)| operation.target.eq_ignore_ascii_case(id))
        .collect();
    own.into_iter().fold(None, |failed, (guid, operation)| {
        end(world, &guid, operation).error.or(failed)
    })
}

/// Whether an operation that changes `id`, or something below it, is under way.
pub(crate) fn busy(world: &World, id: &str) -> bool {
    let (id, below) = (
        id.to_ascii_lowercase(),
        format!("{}/", id.to_ascii_lowercase()),
    );
    running(world).any(|(_, operation)| {
        let target = operation.target.to_ascii_lowercase();
        let changes = !matches!(operation.effect, Effect::Nothing | Effect::Fail { .. });
        changes && (target == id || target.starts_with(&below))
    })
}

/// Ends every operation on `id` and below it; for deletions that must not be overtaken.
pub(crate) fn end_all_below(world: &World, id: &str) {
    let below = format!("{}/", id.to_ascii_lowercase());
    for (guid, operation) in running(world) {
        let target = operation.target.to_ascii_lowercase();
        if target.starts_with(&below) {
            end(world, &guid, operation);
        }
    }
}

fn running(world: &World) -> impl Iterator<Item = (String, Operation)> {
    let records = world.of_kind(RUNNING);
    records.into_iter().filter_map(|record| {
        let operation = serde_json::from_value(record.body.clone()).ok()?;
        Some((record.name().to_owned(), operation))
    })
}

fn record_id(guid: &str) -> String {
    format!("/lazuli/operations/{guid}")
}

fn load(world: &World, guid: &str) -> Option<(Operation, bool)> {
    let record = world.get(&record_id(guid))?;
    let running = record.kind == RUNNING;
    Some((serde_json::from_value(record.body).ok()?, running))
}

fn save(world: &World, guid: &str, operation: &Operation, kind: &str) {
    let body = serde_json::to_value(operation).unwrap_or(Value::Null);
    world.put(Resource {
        id: record_id(guid),
        kind: kind.into(),
        body,
        private: Value::Null,
    });
}
