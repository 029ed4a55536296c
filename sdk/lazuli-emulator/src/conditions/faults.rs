//! Injected faults: which rule hits a request, and what is answered then.
//!
//! Pure: what comes out depends on the rules, the seed, the request's identity and the time since the
//! start alone. `exchange` carries it out.

use http::StatusCode;
use serde_json::json;

use super::draw::{Identity, draw};
use super::fault_file::{FaultKind, Often, Rule};
use super::subject::Subject;
use super::throttle::throttled;
use crate::wire::{Answer, Body, errors, ids};

/// What is to happen to a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fate {
    /// Answered instead of the work.
    pub(crate) refusal: Option<Answer>,
    pub(crate) dropped: Option<Dropped>,
    pub(crate) truncated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    BeforeTheWork,
    AfterTheWork,
}

/// What is to happen to an operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OperationFate {
    /// Never ends, or not for this many seconds.
    Stuck {
        for_s: Option<f64>,
    },
    Failed {
        code: String,
        message: String,
    },
}

/// Decides what happens to a request; the first rule that hits wins in each respect.
pub(crate) fn judge(rules: &[Rule], seed: u64, subject: &Subject, running_s: f64) -> Fate {
    let mut fate = Fate::default();
    for rule in rules {
        if !hits(rule, seed, subject, running_s) {
            continue;
        }
        match rule.kind {
            FaultKind::DroppedBefore => {
                fate.dropped.get_or_insert(Dropped::BeforeTheWork);
            }
            FaultKind::DroppedAfter => {
                fate.dropped.get_or_insert(Dropped::AfterTheWork);
            }
            FaultKind::TruncatedBody => fate.truncated = true,
            _ => {
                if let Some(refusal) = refusal(rule, subject) {
                    fate.refusal.get_or_insert(refusal);
                }
            }
        }
    }
    fate
}

/// Decides what happens to the operation that a request starts.
pub(crate) fn judge_operation(
    rules: &[Rule],
    seed: u64,
    subject: &Subject,
    running_s: f64,
) -> Option<OperationFate> {
    let mut hit = rules
        .iter()
        .filter(|rule| {
            matches!(
                rule.kind,
                FaultKind::StuckOperation | FaultKind::FailedOperation
            )
        })
        .filter(|rule| hits(rule, seed, subject, running_s));
    let rule = hit.next()?;
    Some(match rule.kind {
        FaultKind::StuckOperation => OperationFate::Stuck { for_s: rule.for_s },
        _ => OperationFate::Failed {
            code: rule
                .code
                .clone()
                .unwrap_or_else(|| "InternalServerError".into()),
            message: rule
                .message
                .clone()
                .unwrap_or_else(|| "An error occurred.".into()),
        },
    })
}

/// For how many seconds a lag of this kind holds for something new; `None` when no rule speaks of it.
pub(crate) fn lag(
    rules: &[Rule],
    seed: u64,
    kind: FaultKind,
    subject: &Subject,
    running_s: f64,
) -> Option<f64> {
    let of_kind = rules.iter().filter(|rule| rule.kind == kind);
    let hit = of_kind.filter(|rule| hits(rule, seed, subject, running_s));
    hit.filter_map(|rule| rule.for_s).reduce(f64::max)
}

fn hits(rule: &Rule, seed: u64, subject: &Subject, running_s: f64) -> bool {
    fits(rule, subject)
        && (rule.window_s.0..rule.window_s.1).contains(&running_s)
        && is_drawn(rule, seed, &subject.identity)
}

fn fits(rule: &Rule, subject: &Subject) -> bool {
    let same = |wanted: &Option<String>, is: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(is))
    };
    let host = match &rule.host {
        None => subject.host.is_empty(),
        Some(pattern) => !subject.host.is_empty() && matches(pattern, &subject.host),
    };
    host && same(&rule.provider, subject.namespace())
        && same(&rule.resource_type, &subject.kind)
        && same(&rule.region, &subject.region)
        && (rule.methods.is_empty() || rule.methods.contains(&subject.method))
        && rule
            .path
            .as_ref()
            .is_none_or(|pattern| matches(pattern, &subject.path))
}

/// A storm: a hit stands for itself and the `times - 1` requests of the same identity after it.
fn is_drawn(rule: &Rule, seed: u64, who: &Identity) -> bool {
    let first = who.count.saturating_sub(rule.times - 1).max(1);
    let mut candidates = first..=who.count.max(1);
    match &rule.often {
        Often::Always => true,
        Often::Nth(nth) => candidates.any(|count| nth.contains(&count)),
        Often::Probability(probability) => candidates.any(|count| {
            draw(seed, &format!("rule {}", rule.number), &who.name, count) < *probability
        }),
    }
}

/// `*` stands for any text; both sides are in lower case.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

fn refusal(rule: &Rule, subject: &Subject) -> Option<Answer> {
    let said = |fallback: &str| rule.message.clone().unwrap_or_else(|| fallback.to_owned());
    let code = |fallback: &str| rule.code.clone().unwrap_or_else(|| fallback.to_owned());
    match rule.kind {
        FaultKind::Throttled => Some(throttled(
            &subject.kind,
            rule.retry_after_s,
            rule.code.as_deref(),
        )),
        FaultKind::ServerError => Some(Answer::error(
            rule.status,
            &code(usual_code(rule.status)),
            said("The server encountered an error. Please try again."),
        )),
        FaultKind::Outage => Some(Answer::error(
            rule.status,
            &code("ServiceUnavailable"),
            said(&format!(
                "The service is unavailable in the region '{}'. Please try again later.",
                subject.region
            )),
        )),
        FaultKind::HtmlPage => Some(html_page(rule.status)),
        _ => None,
    }
}

/// Codes that clients see with these statuses.
fn usual_code(status: u16) -> &'static str {
    match status {
        502 => "BadGateway",
        503 => "ServerUnavailable",
        504 => "GatewayTimeout",
        _ => "InternalServerError",
    }
}

/// What a corporate proxy or a load balancer says: HTML, whatever the client accepts.
fn html_page(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let text = format!(
        "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr><center>proxy</center></body></html>"
    );
    Answer {
        status,
        headers: Vec::new(),
        body: Body::Text {
            content_type: "text/html",
            text,
        },
    }
}

/// ARM's 404 for something that is not visible yet.
pub(crate) fn not_found_yet(kind: &str, id: &str) -> Answer {
    let name = id.rsplit('/').next().unwrap_or_default();
    let group = ids::group_of(id).unwrap_or_default();
    if kind == ids::GROUP {
        return errors::group_not_found(name);
    }
    Answer::json(
        StatusCode::NOT_FOUND,
        json!({ "error": {
            "code": "ResourceNotFound",
            "message": format!("The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"),
        } }),
    )
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
