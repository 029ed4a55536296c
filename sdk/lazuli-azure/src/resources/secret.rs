//! Sugar of key vaults: secrets, and how app settings refer to them.

use lazuli_core::{Input, Output, Property, Value};

use crate::generated::VaultSecret;
use crate::resources::Declaration;

/// Azure wants the one family that there is to be named (schema).
pub(crate) fn family(declaration: &mut Declaration) {
    declaration.put("properties.sku.family", Property::Value(Value::from("A")));
}

/// Sets the value, as a secret whatever it was before.
pub(crate) fn keep(declaration: &mut Declaration, value: Input<String>) {
    let value = Input::Output(value.into_output().as_secret());
    declaration.put("properties.value", value.into_property());
}

impl VaultSecret {
    /// The secret's address without a version, so that it stands for the newest:
    /// `https://contoso.vault.azure.net/secrets/password`.
    pub fn uri(&self) -> Output<String> {
        let suffix = self.resource.target().vault_host_suffix();
        self.resource.id().map(move |id| {
            let parts: Vec<&str> = id.rsplit('/').collect();
            let at = |at: usize| parts.get(at).copied().unwrap_or_default();
            format!(
                "https://{}.{suffix}/secrets/{}",
                at(2).to_lowercase(),
                at(0)
            )
        })
    }

    /// An app setting's value that App Service replaces by the secret
    /// (key vault references): `@Microsoft.KeyVault(SecretUri=..)`.
    pub fn reference(&self) -> Output<String> {
        self.uri()
            .map(|uri| format!("@Microsoft.KeyVault(SecretUri={uri})"))
    }
}
