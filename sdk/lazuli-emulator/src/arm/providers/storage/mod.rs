//! `Microsoft.Storage`: accounts and the services below them, without any content.
//!
//! Function apps and private endpoints need accounts to point at. Names, shapes and keys are those of
//! the service; what is *in* an account is not modelled, its data plane answers 501.

mod accounts;
mod services;

use serde_json::json;

use crate::arm::kind::{Kind, Namespace};
use crate::arm::lifecycle;
use crate::arm::{Answer, Call, errors, json};
use crate::world::{Resource, World};

pub(crate) const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";
const CONNECTION: &str = "Microsoft.Storage/storageAccounts/privateEndpointConnections";

const fn service(name: &'static str) -> Kind {
    Kind {
        put: Some(services::put),
        ..Kind::new(name)
    }
}

const fn item(name: &'static str) -> Kind {
    Kind {
        put: Some(services::put_item),
        patch: Some(services::put_item),
        delete: Some(services::delete_item),
        ..Kind::new(name)
    }
}

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[(
        "",
        &[
            "2026-04-01",
            "2025-08-01",
            "2025-06-01",
            "2025-01-01",
            "2024-01-01",
            "2023-05-01",
        ],
    )],
    dialects: &[&accounts::DIALECT],
    action: Some(namespace_action),
    ..Namespace::new("Microsoft.Storage", &[&KINDS])
};

const KINDS: [Kind; 11] = [
    Kind {
        put: Some(accounts::put),
        patch: Some(accounts::patch),
        delete: Some(lifecycle::delete),
        action: Some(accounts::action),
        view: Some(accounts::view),
        settle: Some(services::furnish),
        ..Kind::new(ACCOUNT)
    },
    service(services::BLOB),
    service(services::FILE),
    service(services::QUEUE),
    service(services::TABLE),
    item("Microsoft.Storage/storageAccounts/blobServices/containers"),
    item("Microsoft.Storage/storageAccounts/fileServices/shares"),
    item("Microsoft.Storage/storageAccounts/queueServices/queues"),
    item("Microsoft.Storage/storageAccounts/tableServices/tables"),
    Kind {
        delete: Some(services::delete_item),
        removed: Some(super::private_connections::disconnected),
        ..Kind::new(CONNECTION)
    },
    Kind {
        list: Some(accounts::private_link_resources),
        ..Kind::new("Microsoft.Storage/storageAccounts/privateLinkResources")
    },
];

/// `POST …/providers/Microsoft.Storage/checkNameAvailability`.
fn namespace_action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if !json::same(word, "checkNameAvailability") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of Microsoft.Storage"
        )));
    }
    let name = json::text(&call.object()?["name"]);
    Ok(Answer::ok(match check_name(name) {
        Err(message) => {
            json!({ "nameAvailable": false, "reason": "AccountNameInvalid", "message": message })
        }
        Ok(()) if by_name(call.world, name).is_some() => {
            json!({ "nameAvailable": false, "reason": "AlreadyExists", "message": taken(name) })
        }
        Ok(()) => json!({ "nameAvailable": true }),
    }))
}

fn by_name(world: &World, name: &str) -> Option<Resource> {
    world
        .of_kind(ACCOUNT)
        .into_iter()
        .find(|account| json::same(account.name(), name))
}

fn taken(name: &str) -> String {
    format!("The storage account named {name} is already taken.")
}

/// 3 to 24 small letters and digits.
fn check_name(name: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if (3..=24).contains(&name.len()) && name.chars().all(good) {
        return Ok(());
    }
    Err(format!(
        "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."
    ))
}
