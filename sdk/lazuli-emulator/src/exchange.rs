//! One exchange of the control plane from its arrival to its answer, with the time it takes and the
//! faults that rules ask for.
//!
//! The work is done when the request arrives; what a realistic latency adds is the time until the
//! answer leaves. Nothing is locked while it waits.

use std::sync::Arc;

use http::Method;

use crate::arm::{self, lro};
use crate::cloud::Cloud;
use crate::conditions::{Conditions, Dropped, Subject, Verb, Work, not_found_yet};
use crate::request_log::RequestLog;
use crate::traffic::Exchange;
use crate::wire::{Answer, Body, Incoming, ids, json};
use crate::world::World;

/// What goes back over the wire.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered(Answer),
    /// The body ends before its announced length.
    Truncated(Answer),
    /// The connection ends without an answer.
    Dropped,
}

/// Carries out one request.
pub(crate) async fn exchange(
    cloud: &Cloud,
    log: Option<&RequestLog>,
    incoming: Incoming,
) -> Outcome {
    let (world, conditions) = (&cloud.world, cloud.conditions.as_ref());
    if let Some(then) = promised(conditions, &incoming) {
        conditions.clock.wait_until(then).await;
    }
    let arrived_ms = conditions.clock.now_ms();
    let subject = arriving(world, conditions, &incoming);
    let fate = conditions.judge(&subject);
    let incoming = Arc::new(incoming);
    if fate.dropped == Some(Dropped::BeforeTheWork) {
        note(cloud, &incoming, arrived_ms, None);
        return Outcome::Dropped;
    }
    let id = ids::normalise(&subject.path, world);
    let is_new = incoming.method == Method::PUT && !world.contains(&id);
    let refusal = fate.refusal.or_else(|| unseen(cloud, &subject, &id));
    let lingering = lingering(cloud, &subject, &id);
    let answer = match refusal {
        Some(refusal) => refused(world, &incoming, refusal),
        None => work(cloud, &incoming).await,
    };
    if let Some((ids, for_s)) = lingering.filter(|_| answer.status.is_success()) {
        for id in ids {
            conditions.gone(&id, for_s);
        }
    }
    let answer = afterwards(cloud, &incoming, &subject, is_new, answer);
    let verb = verb(&incoming, &subject, is_new, &answer);
    let work = Work {
        kind: &subject.kind,
        verb,
        sku: sku(&answer),
    };
    let answered_ms = conditions.answered_at_ms(arrived_ms, &work, &subject.identity);
    conditions.clock.wait_until(answered_ms).await;
    let answer = with_waits(cloud, &incoming, answer);
    note(cloud, &incoming, arrived_ms, Some(&answer));
    if let Some(log) = log {
        log.write(&incoming, &answer);
    }
    match fate.dropped {
        Some(_) => Outcome::Dropped,
        None if fate.truncated => Outcome::Truncated(answer),
        None => Outcome::Answered(answer),
    }
}

/// On a virtual clock a caller comes back when `Retry-After` says so, not before.
fn promised(conditions: &Conditions, incoming: &Incoming) -> Option<i64> {
    conditions
        .clock
        .is_virtual()
        .then(|| conditions.promised_ms(&incoming.path))
        .flatten()
}

/// The request as rules see it: a poll is about what its operation works on.
fn arriving(world: &World, conditions: &Conditions, incoming: &Incoming) -> Subject {
    let segments = ids::segments(&incoming.path).unwrap_or_default();
    let polled = lro::is_poll(world, &segments)
        .then(|| lro::asked_about(world, &segments))
        .flatten();
    let (method, path) = match polled {
        Some((target, _)) => ("POLL", target),
        None => (incoming.method.as_str(), format!("/{}", segments.join("/"))),
    };
    Subject::about(world, incoming, method, &path, |name| {
        conditions.arrive(name)
    })
}

async fn work(cloud: &Cloud, incoming: &Arc<Incoming>) -> Answer {
    let (cloud, incoming) = (cloud.clone(), Arc::clone(incoming));
    let work = move || {
        cloud
            .turn
            .answer(&cloud.world, &cloud.conditions, &incoming)
    };
    let answered = tokio::task::spawn_blocking(work);
    answered.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a handler failed");
        Answer::error(
            500,
            "InternalServerError",
            "The emulator failed on this request; its log says why.",
        )
    })
}

/// A page of a proxy has none of ARM's headers.
fn refused(world: &World, incoming: &Incoming, refusal: Answer) -> Answer {
    match refusal.body {
        Body::Text { .. } => refusal,
        _ => arm::with_standard_headers(world, incoming, None, refusal),
    }
}

/// What a request meets that names something nobody has heard of yet: 404, also for a child of it.
fn unseen(cloud: &Cloud, subject: &Subject, id: &str) -> Option<Answer> {
    let unseen = cloud.conditions.unseen(id)?;
    let is_itself = unseen.eq_ignore_ascii_case(id);
    if is_itself && !["GET", "HEAD"].contains(&subject.method.as_str()) {
        return None;
    }
    let resource = cloud.world.get(&unseen)?;
    Some(not_found_yet(&resource.kind, &resource.id))
}

/// What a deletion leaves behind for a while, when a rule says so: itself, and an app's hold on its subnet.
fn lingering(cloud: &Cloud, subject: &Subject, id: &str) -> Option<(Vec<String>, f64)> {
    if subject.method != "DELETE" || cloud.conditions.is_calm() {
        return None;
    }
    let world = &cloud.world;
    let for_s = cloud.conditions.lingers_s(subject)?;
    let owner = id
        .to_ascii_lowercase()
        .find("/networkconfig/")
        .map_or(id, |at| &id[..at]);
    let subnet = world.get(owner).and_then(|app| {
        app.text("/properties/virtualNetworkSubnetId")
            .map(str::to_owned)
    });
    let hold = subnet.map(|subnet| format!("{subnet}/serviceAssociationLinks/AppServiceLink"));
    let ids = world.get(id).map(|resource| resource.id).into_iter();
    Some((ids.chain(hold).collect(), for_s))
}

/// Notes what is new, and takes out of lists what they do not know yet.
fn afterwards(
    cloud: &Cloud,
    incoming: &Incoming,
    subject: &Subject,
    is_new: bool,
    mut answer: Answer,
) -> Answer {
    let conditions = &cloud.conditions;
    if conditions.is_calm() {
        return answer;
    }
    if is_new
        && answer.status.is_success()
        && let Some(from_ms) = conditions.born(subject, &subject.path)
    {
        arm::rbac::counts_from(&cloud.world, &subject.path, from_ms);
    }
    if incoming.method == Method::GET
        && let Body::Json(body) = &mut answer.body
        && let Some(items) = body.get_mut("value").and_then(|value| value.as_array_mut())
    {
        items.retain(|item| {
            item["id"]
                .as_str()
                .is_none_or(|id| !conditions.is_unlisted(id))
        });
    }
    answer
}

/// Refusals are as quick as reads.
fn verb(incoming: &Incoming, subject: &Subject, is_new: bool, answer: &Answer) -> Verb {
    let known = !subject.kind.is_empty() && answer.status.is_success();
    match incoming.method {
        Method::PUT if known && is_new => Verb::Create,
        Method::PUT | Method::PATCH if known => Verb::Update,
        Method::DELETE if known => Verb::Delete,
        Method::POST if known => Verb::Action,
        _ => Verb::Read,
    }
}

fn sku(answer: &Answer) -> &str {
    match &answer.body {
        Body::Json(body) => json::text(&body["sku"]["name"]),
        _ => "",
    }
}

/// Handlers say `retry-after: 0`. With latency that becomes what the dialect says; on a virtual clock
/// the wait is promised to the clock instead, and nobody has to sit it out.
fn with_waits(cloud: &Cloud, incoming: &Incoming, mut answer: Answer) -> Answer {
    let conditions = &cloud.conditions;
    let operations: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| ["azure-asyncoperation", "location"].contains(name))
        .filter_map(|(_, url)| path_of(url))
        .collect();
    let Some(wait) = answer
        .headers
        .iter_mut()
        .find(|(name, _)| *name == "retry-after")
    else {
        return answer;
    };
    if wait.1 == "0" && conditions.latency.is_on() {
        let of_operation = operations.iter().find_map(|path| {
            let segments = ids::segments(path)?;
            lro::asked_about(&cloud.world, &segments).map(|(_, wait_s)| wait_s)
        });
        wait.1 = conditions.scaled_s(of_operation.unwrap_or(10)).to_string();
    }
    let wait_s: u64 = wait.1.parse().unwrap_or_default();
    if conditions.clock.is_virtual() && wait_s > 0 {
        wait.1 = "0".to_owned();
        let own = operations.is_empty().then_some(&incoming.path);
        for path in operations.iter().chain(own) {
            conditions.promise(path, wait_s);
        }
    }
    answer
}

fn path_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok().map(|url| url.path().to_owned())
}

fn note(cloud: &Cloud, incoming: &Incoming, at_ms: i64, answer: Option<&Answer>) {
    let code = answer.and_then(|answer| match &answer.body {
        Body::Json(body) => [&body["error"]["code"], &body["Code"], &body["error"]]
            .into_iter()
            .find_map(|code| code.as_str())
            .map(str::to_owned),
        _ => None,
    });
    cloud.traffic.note(Exchange {
        at_ms,
        method: incoming.method.to_string(),
        path: incoming.path.clone(),
        status: answer.map(|answer| answer.status.as_u16()),
        code,
    });
}
