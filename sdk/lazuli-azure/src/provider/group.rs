//! Resource groups: deleting one deletes everything in it, so it is only done
//! when nothing is left in it.

use async_trait::async_trait;
use lazuli_core::{
    Declared, Observed, Progress, ProviderError, ProviderErrorKind, Recorded, Value,
};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::call::Call;
use super::connection::Connection;
use super::lifecycle::Lifecycle;
use super::{error, request};
use crate::generated::{api_version, types};

/// How many strangers a message names.
const NAMED: usize = 8;

/// The lifecycle of resource groups.
pub(crate) struct Group;

#[async_trait]
impl Lifecycle for Group {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        create(&on.on_desired(desired, progress)?, &desired.inputs).await
    }

    async fn delete(
        &self,
        on: &Connection,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        delete(&on.on_existing(existing, progress)?).await
    }
}

/// Creates the group; it is there when Azure can read it, for until then
/// everything in it would be refused.
async fn create(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
    let body = request::body(inputs)?;
    let put = call.arm.put(&call.id, &call.version, &body, &call.reporter);
    call.reporter
        .watch(put)
        .await?
        .map_err(|error| call.explain(&error))?;
    // The client gives what it has just written a second look before it counts as absent.
    match call.get_settled().await.map_err(error::in_doubt)? {
        Some(answer) => Ok(request::created(
            call.ty(),
            call.id.as_str(),
            answer,
            inputs,
        )),
        None => {
            let message = format!(
                "{}: the group was created, but Azure cannot read it yet",
                call.id
            );
            Err(ProviderError::new(ProviderErrorKind::Unknown, message).help("run again"))
        }
    }
}

/// Deletes the group unless something is left in it that this stack does not
/// own. Everything of the stack was deleted before, by order of dependency.
async fn delete(call: &Call<'_>) -> Result<(), ProviderError> {
    let started = Instant::now();
    loop {
        let strangers = strangers(call).await?;
        if strangers.is_empty() {
            return call.delete(&[]).await;
        }
        let lagging = strangers.iter().all(is_hidden_child);
        if !lagging || started.elapsed() + call.pace.max > call.pace.patience / 10 {
            return Err(refusal(call, &strangers));
        }
        call.reporter
            .status("waiting for the network interfaces of deleted endpoints to go");
        tokio::time::sleep(call.pace.max).await;
    }
}

/// What is in the group. Azure's list lags behind deletions, so that each entry
/// of a type that we can read counts only when it is really there.
async fn strangers(call: &Call<'_>) -> Result<Vec<Json>, ProviderError> {
    let path = format!("{}/resources", call.id);
    let listed = match call.arm.list(&path, &call.version).await {
        Ok(listed) => listed,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(call.explain(&error)),
    };
    let mut present = Vec::new();
    for resource in listed {
        if is_present(call, &resource).await? {
            present.push(resource);
        }
    }
    Ok(present)
}

async fn is_present(call: &Call<'_>, resource: &Json) -> Result<bool, ProviderError> {
    let id = lazuli_arm::ResourceId::parse(text(resource, "id"));
    let (Ok(id), Some(version)) = (id, api_version(text(resource, "type"))) else {
        return Ok(true);
    };
    match call.arm.get(&id, version).await {
        Ok(found) => Ok(found.is_some()),
        // What may not be read is there.
        Err(error) if error.status() == Some(403) => Ok(true),
        Err(error) => Err(call.explain(&error)),
    }
}

/// The network interface of a private endpoint goes a little after the endpoint.
fn is_hidden_child(resource: &Json) -> bool {
    types::NETWORK_INTERFACE == text(resource, "type") && text(resource, "name").contains(".nic.")
}

fn refusal(call: &Call<'_>, strangers: &[Json]) -> ProviderError {
    let named = strangers.iter().take(NAMED);
    let mut names: Vec<String> = named
        .map(|stranger| format!("{} ({})", text(stranger, "name"), text(stranger, "type")))
        .collect();
    if strangers.len() > NAMED {
        names.push(format!("{} more", strangers.len() - NAMED));
    }
    let message = format!(
        "the resource group {} is not deleted: it still holds what this stack does not own: {}",
        call.id.name(),
        names.join(", ")
    );
    error::refused(message)
        .code("ResourceGroupNotEmpty")
        .help("delete or move these resources first; deleting the group would delete them too")
}

fn text<'a>(resource: &'a Json, key: &str) -> &'a str {
    resource.get(key).and_then(Json::as_str).unwrap_or_default()
}
