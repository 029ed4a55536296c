//! Names that are unique in the world: is somebody else's resource called like ours?
//!
//! The only rule that asks the cloud. Called through
//! [`lazuli_core::Provider::verify_online`] with what is to be created: what the
//! state has is ours, and costs no request. Reads only; what cannot be asked (no
//! right, no network) is a note.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::StreamExt as _;
use lazuli_arm::{ArmClient, ArmError, NoProgress, ResourceId};
use lazuli_core::{DeclaredNode, Diagnostic, Severity};
use serde_json::{Value as Json, json};

use super::graph::{Graph, Node};
use crate::generated::{RECORDS, api_version, record, types};
use crate::provider::vault;
use crate::record::UniqueName;

/// Questions that are on their way at once.
const AT_ONCE: usize = 8;
/// How long an answer may take: a preview does not wait for a cloud that is not there.
const PATIENCE: Duration = Duration::from_secs(10);

/// LZ2090: the names that others have, among those of resources that are to be created.
pub(crate) async fn taken(arm: &ArmClient, created: &[DeclaredNode]) -> Vec<Diagnostic> {
    let graph = Graph::new(created);
    // Boxed one by one: a stream of closures over borrowed nodes is not `Send` to the compiler.
    let mut questions: Vec<BoxFuture<'_, (Node<'_>, Answer)>> = Vec::new();
    for record in RECORDS {
        if let Some(who) = &record.unique {
            let named = graph.of_type(record.ty);
            questions.extend(named.map(|node| ask(arm, who, node).boxed()));
        }
    }
    let answers = futures::stream::iter(questions).buffered(AT_ONCE);
    let answers: Vec<_> = answers.collect().await;
    let mut findings = Vec::new();
    let mut unasked = Vec::new();
    for (node, answer) in answers {
        match answer {
            Ok(why) => findings.extend(why.map(|why| finding(node, &why))),
            Err(reason) => unasked.push((node, reason)),
        }
    }
    findings.extend(note(&unasked));
    findings
}

/// Why a name cannot be had, or why nobody knows.
type Answer = Result<Option<String>, Unasked>;

async fn ask<'a>(arm: &ArmClient, who: &UniqueName, node: Node<'a>) -> (Node<'a>, Answer) {
    let answer = tokio::time::timeout(PATIENCE, why_taken(arm, who, node)).await;
    (node, answer.unwrap_or(Err(Unasked::Late)))
}

/// Why a name could not be asked about.
enum Unasked {
    Refused(ArmError),
    Late,
}

/// Why the name cannot be had, in the cloud's words; none if it can, or is ours already.
async fn why_taken(arm: &ArmClient, who: &UniqueName, node: Node<'_>) -> Answer {
    let id = node.id();
    let subscription = id.as_ref().and_then(|id| id.subscription());
    let (Some(id), Some(subscription)) = (&id, subscription) else {
        return Ok(None);
    };
    let Ok(subscription) = ResourceId::for_subscription(subscription) else {
        return Ok(None);
    };
    let ty = node.ty();
    let asked = record(ty).map_or(ty, |record| record.ty);
    let question = json!({"name": id.name(), "type": asked.as_str()});
    let answer = arm
        .post(
            &subscription,
            who.action,
            who.version,
            Some(&question),
            &NoProgress,
        )
        .await
        .map_err(Unasked::Refused)?;
    let Some(why) = refusal(&answer) else {
        return Ok(None);
    };
    let version = api_version(ty).unwrap_or(who.version);
    let own = arm.get(id, version).await.map_err(Unasked::Refused)?;
    let is_ours = own.is_some() || comes_back(arm, who, id, node).await;
    Ok((!is_ours).then_some(why))
}

/// One note on all names that could not be asked about.
fn note(unasked: &[(Node<'_>, Unasked)]) -> Option<Diagnostic> {
    let (node, reason) = unasked.first()?;
    let (why, next) = match reason {
        Unasked::Refused(error) => (error.to_string(), error.hint()),
        Unasked::Late => (
            format!("no answer within {} seconds", PATIENCE.as_secs()),
            None,
        ),
    };
    let name = |node: &Node<'_>| node.id().map(|id| format!("`{}`", id.name()));
    let names: Vec<String> = unasked.iter().filter_map(|(node, _)| name(node)).collect();
    let message = format!(
        "nobody could say whether these global names are free: {} ({why})",
        names.join(", ")
    );
    let help = next.unwrap_or_else(|| {
        "sign in, or let whoever deploys read `checkNameAvailability`; a taken name fails its own step at worst".to_owned()
    });
    let mut note = node.finding("LZ2090", message, help);
    note.severity = Severity::Note;
    Some(note)
}

/// Whether it is a vault of ours that was deleted: it has its name still, and its
/// creation brings it back.
async fn comes_back(arm: &ArmClient, who: &UniqueName, id: &ResourceId, node: Node<'_>) -> bool {
    let location = node.text("location").filter(|_| node.is(types::KEY_VAULT));
    let found = match location {
        Some(location) => vault::deleted(arm, id, location, who.version).await,
        None => return false,
    };
    let of = found.map(|found| found["properties"]["vaultId"].clone());
    of.is_ok_and(|of| {
        of.as_str()
            .is_some_and(|of| of.eq_ignore_ascii_case(id.as_str()))
    })
}

fn refusal(answer: &Json) -> Option<String> {
    // An invalid name is the check's to find (LZ1001), with a better reason.
    let is_invalid = answer["reason"] == "Invalid" || answer["reason"] == "AccountNameInvalid";
    let refused = answer["nameAvailable"] == false && !is_invalid;
    let said = answer["message"].as_str().unwrap_or_default();
    refused.then(|| said.to_owned())
}

fn finding(node: Node<'_>, why: &str) -> Diagnostic {
    let name = node.id().map(|id| id.name().to_owned()).unwrap_or_default();
    let why = match why {
        "" => String::new(),
        said => format!(": {said}"),
    };
    node.finding(
        "LZ2090",
        format!("the name `{name}` is taken, by somebody else or by a resource of another group{why}"),
        "choose another: `.name(..)` gives another name in Azure than in the program; a deleted vault keeps its name until it is purged",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_somebody_has_is_refused() {
        for (answer, expected) in [
            (json!({"nameAvailable": true}), None),
            (
                json!({"nameAvailable": true, "reason": "", "message": ""}),
                None,
            ),
            (
                json!({"nameAvailable": false, "reason": "AlreadyExists", "message": "in use"}),
                Some("in use"),
            ),
            (
                json!({"nameAvailable": false, "reason": "Invalid", "message": "bad"}),
                None,
            ),
            (json!({}), None),
        ] {
            assert_eq!(refusal(&answer).as_deref(), expected, "{answer}");
        }
    }
}
