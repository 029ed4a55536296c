//! Facts about the target of a run that make outputs known early.

use lazuli_core::Scope;

/// What is used where a run has no target, as in unit tests against mocks.
const NO_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// The target of a run, read from the environment's `target` facts:
/// `subscription`, `cloud`, `suffix.acrLoginServer`, `suffix.websites`.
pub(crate) struct Target<'a> {
    scope: &'a Scope,
}

impl<'a> Target<'a> {
    pub(crate) fn of(scope: &'a Scope) -> Self {
        Self { scope }
    }

    fn fact(&self, key: &str) -> Option<&'a str> {
        let facts = &self.scope.environment().target;
        facts.get(key).map(String::as_str)
    }

    /// `/subscriptions/{id}`.
    pub(crate) fn subscription(&self) -> String {
        let id = self.fact("subscription").unwrap_or(NO_SUBSCRIPTION);
        format!("/subscriptions/{id}")
    }

    /// The suffix of registries' host names, for example `azurecr.io`.
    pub(crate) fn registry_suffix(&self) -> String {
        self.fact("suffix.acrLoginServer")
            .unwrap_or("azurecr.io")
            .to_owned()
    }

    /// The suffix of web apps' host names, for example `azurewebsites.net`.
    pub(crate) fn websites_suffix(&self) -> String {
        self.fact("suffix.websites")
            .unwrap_or("azurewebsites.net")
            .to_owned()
    }

    /// The suffix of key vaults' private zones (cloud facts of Private Link).
    pub(crate) fn vault_suffix(&self) -> &'static str {
        match self.cloud() {
            "usgov" => "vaultcore.usgovcloudapi.net",
            "china" => "vaultcore.azure.cn",
            _ => "vaultcore.azure.net",
        }
    }

    /// The suffix of key vaults' host names.
    pub(crate) fn vault_host_suffix(&self) -> &'static str {
        match self.cloud() {
            "usgov" => "vault.usgovcloudapi.net",
            "china" => "vault.azure.cn",
            _ => "vault.azure.net",
        }
    }

    /// The suffix of storage accounts' host names.
    pub(crate) fn storage_suffix(&self) -> &'static str {
        match self.cloud() {
            "usgov" => "core.usgovcloudapi.net",
            "china" => "core.chinacloudapi.cn",
            _ => "core.windows.net",
        }
    }

    /// `public`, `usgov`, `china`, `emulator` or `custom`.
    fn cloud(&self) -> &'a str {
        self.fact("cloud").unwrap_or("public")
    }
}
