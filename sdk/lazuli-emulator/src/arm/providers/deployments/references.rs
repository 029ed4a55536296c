//! Parameters whose value is a secret of a key vault: `{"reference": {"keyVault": {"id"}, "secretName"}}`.
//!
//! The vault must be open to templates, and the caller must have the right to deploy from it.

use serde_json::{Value, json};

use crate::arm::{Answer, Call, json, rbac};
use crate::vault::secrets;
use crate::views::vault_view;
use crate::world::Resource;

const HELP: &str = "Please see https://aka.ms/arm-keyvault for usage details.";

/// The given parameters with the values of their references.
///
/// # Errors
/// The vault or the secret is not there, or may not be used.
pub(super) fn resolve(call: &Call<'_>, given: &Value) -> Result<Value, Answer> {
    let mut resolved = given.clone();
    for (name, one) in resolved.as_object_mut().into_iter().flatten() {
        if one["reference"].is_object() {
            *one = json!({ "value": secret(call, name, &one["reference"])? });
        }
    }
    Ok(resolved)
}

fn secret(call: &Call<'_>, parameter: &str, reference: &Value) -> Result<Value, Answer> {
    let vault = vault(call, json::text(&reference["keyVault"]["id"]))?;
    let name = json::text(&reference["secretName"]);
    let found = match reference["secretVersion"].as_str() {
        Some(version) => secrets::version(&vault, name, version),
        None => secrets::newest(&vault, name),
    };
    let enabled = found.filter(|version| version["attributes"]["enabled"] != false);
    enabled.map(|version| version["value"].clone()).ok_or_else(|| {
        let message = format!(
            "The secret of KeyVault parameter '{parameter}' cannot be retrieved. Http status code: 'NotFound'. Error message: 'A secret with (name/id) {name} was not found in this key vault, or is disabled.'. {HELP}"
        );
        Answer::error(400, "KeyVaultParameterReferenceSecretRetrieveFailed", message)
    })
}

fn vault(call: &Call<'_>, id: &str) -> Result<Resource, Answer> {
    let found = call
        .world
        .get(id)
        .filter(|one| one.kind == vault_view::VAULT);
    let vault = found.ok_or_else(|| {
        let message = format!("The specified KeyVault '{id}' could not be found. {HELP}");
        Answer::error(400, "KeyVaultParameterReferenceNotFound", message)
    })?;
    let open = vault.body["properties"]["enabledForTemplateDeployment"] == true;
    let action = "Microsoft.KeyVault/vaults/deploy/action";
    if open && rbac::allowed(call.world, &call.caller.principal, action, &vault.id) {
        return Ok(vault);
    }
    let why = if open {
        format!(
            "the client '{}' has no permission to perform action '{action}' on it",
            call.caller.client
        )
    } else {
        "it is not enabled for template deployment (properties.enabledForTemplateDeployment)"
            .to_owned()
    };
    let message =
        format!("The specified KeyVault '{id}' cannot be used by this deployment: {why}. {HELP}");
    Err(Answer::error(
        403,
        "KeyVaultParameterReferenceAuthorizationFailed",
        message,
    ))
}
