//! Names that are unique in the world: is somebody else's resource called like ours?
//!
//! The only rule that asks the cloud. Called through
//! [`lazuli_core::Provider::verify_online`]; reads only, and what cannot be asked
//! (no right, no network) is no finding.

use lazuli_arm::{ArmClient, NoProgress, ResourceId};
use lazuli_core::{Declared, Diagnostic};
use serde_json::{Value as Json, json};

use super::graph::{Graph, Node};
use crate::generated::api_version;
use crate::provider::vault;

/// A kind of global name: the type, who is asked, at what version, and what a
/// question calls the type (ARM contract of `checkNameAvailability`).
struct Kind {
    ty: &'static str,
    action: &'static str,
    version: &'static str,
    asked: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        ty: "Microsoft.ContainerRegistry/registries",
        action: "providers/Microsoft.ContainerRegistry/checkNameAvailability",
        version: "2025-11-01",
        asked: "Microsoft.ContainerRegistry/registries",
    },
    Kind {
        ty: "Microsoft.Web/sites",
        action: "providers/Microsoft.Web/checknameavailability",
        version: "2024-11-01",
        asked: "Microsoft.Web/sites",
    },
    // Also the name of a deleted vault that can still be recovered is taken.
    Kind {
        ty: "Microsoft.KeyVault/vaults",
        action: "providers/Microsoft.KeyVault/checkNameAvailability",
        version: "2023-07-01",
        asked: "Microsoft.KeyVault/vaults",
    },
    Kind {
        ty: "Microsoft.Storage/storageAccounts",
        action: "providers/Microsoft.Storage/checkNameAvailability",
        version: "2023-05-01",
        asked: "Microsoft.Storage/storageAccounts",
    },
];

/// LZ2090: the declared names that others have.
pub(crate) async fn taken(arm: &ArmClient, declared: &[Declared]) -> Vec<Diagnostic> {
    let graph = Graph::new(declared);
    let mut findings = Vec::new();
    for kind in &KINDS {
        for node in graph.of_type(kind.ty) {
            if let Some(why) = is_taken(arm, kind, node).await {
                findings.push(finding(node, &why));
            }
        }
    }
    findings
}

/// Why the name cannot be had, in the cloud's words; none if it can, is ours
/// already, or nobody knows.
async fn is_taken(arm: &ArmClient, kind: &Kind, node: Node<'_>) -> Option<String> {
    let id = node.id()?;
    let version = api_version(kind.ty).unwrap_or(kind.version);
    if arm.get(&id, version).await.ok()?.is_some() || comes_back(arm, &id, node).await {
        return None;
    }
    let subscription = ResourceId::for_subscription(id.subscription()?).ok()?;
    let question = json!({"name": id.name(), "type": kind.asked});
    let answer = arm
        .post(
            &subscription,
            kind.action,
            kind.version,
            Some(&question),
            &NoProgress,
        )
        .await
        .ok()?;
    refusal(&answer)
}

/// Whether it is a vault of ours that was deleted: it has its name still, and its
/// creation brings it back.
async fn comes_back(arm: &ArmClient, id: &ResourceId, node: Node<'_>) -> bool {
    let location = node.text("location").filter(|_| node.is(vault::TYPE));
    let found = match location {
        Some(location) => vault::deleted(arm, id, location, KINDS[2].version).await,
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
