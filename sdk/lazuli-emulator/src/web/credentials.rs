//! The hops of signing in to a registry: identity and role, or user name and password.

use super::pull::{FailureKind, PullPath, Walk, fail, failure};
use super::site::PullSignIn;
use crate::data::reference::ImageReference;
use crate::data::{access, registry};
use crate::world::Resource;

impl PullPath<'_> {
    pub(super) fn credentials(
        &mut self,
        registry: &Resource,
        reference: &ImageReference,
    ) -> Walk<()> {
        match self.site.pull_sign_in() {
            PullSignIn::Identity => self.managed_identity(registry, reference),
            PullSignIn::Settings => self.password(registry, reference),
            PullSignIn::User { user, password } => {
                self.ask("credentials");
                self.sign_in(
                    registry,
                    reference,
                    &user,
                    &password,
                    "the main container's userName and passwordSecret",
                )
            }
            PullSignIn::Anonymous => {
                self.ask("credentials");
                self.anonymous(
                    registry,
                    "its main container signs in anonymously (authType Anonymous)",
                )
            }
        }
    }

    /// Without a user, a registry is read only when it is open to everybody.
    fn anonymous(&mut self, registry: &Resource, why: &str) -> Walk<()> {
        let name = registry::name_of(registry);
        if registry.body["properties"]["anonymousPullEnabled"] == true {
            self.holds(format!("registry {name} allows anonymous pull"));
            return Ok(());
        }
        fail(
            FailureKind::Unauthorized,
            format!(
                "{} has no credentials for registry {name}: {why}",
                self.site.name()
            ),
        )
    }

    fn sign_in(
        &mut self,
        registry: &Resource,
        reference: &ImageReference,
        user: &str,
        password: &str,
        what: &str,
    ) -> Walk<()> {
        let name = registry::name_of(registry);
        let holder =
            access::authenticate(self.world, registry, user, password).map_err(|cause| {
                failure(
                    FailureKind::Unauthorized,
                    format!("{what} are refused: {cause}"),
                )
            })?;
        // App Service documentation, custom containers.
        if self.site.is_windows() && holder.is_principal() {
            return fail(
                FailureKind::Unauthorized,
                format!(
                    "{what} are a service principal's, which App Service does not use for Windows containers"
                ),
            );
        }
        if !holder.may(self.world, registry, &reference.repository, "pull") {
            return fail(
                FailureKind::Unauthorized,
                format!("{holder} has no AcrPull on registry {name}"),
            );
        }
        self.holds(format!("{holder} of {name}"));
        Ok(())
    }

    fn managed_identity(&mut self, registry: &Resource, reference: &ImageReference) -> Walk<()> {
        let name = registry::name_of(registry);
        self.ask("identity");
        let identity = self
            .site
            .pull_identity()
            .map_err(|cause| failure(FailureKind::Unauthorized, cause))?;
        let policy =
            &registry.body["properties"]["policies"]["azureADAuthenticationAsArmPolicy"]["status"];
        if policy
            .as_str()
            .is_some_and(|status| status.eq_ignore_ascii_case("disabled"))
        {
            return fail(
                FailureKind::Unauthorized,
                format!(
                    "web apps show an ARM token, and registry {name} refuses those: its azureADAuthenticationAsArmPolicy is disabled"
                ),
            );
        }
        self.holds(format!(
            "{} of {} (principal {})",
            identity.what,
            self.site.name(),
            identity.principal_id
        ));
        self.ask("role");
        if !access::may(
            self.world,
            registry,
            &identity.principal_id,
            &reference.repository,
            "pull",
        ) {
            let role = if access::is_abac(registry) {
                "Container Registry Repository Reader"
            } else {
                "AcrPull"
            };
            return fail(
                FailureKind::Unauthorized,
                format!(
                    "principal {} ({} of {}) has no {role} on registry {name}",
                    identity.principal_id,
                    identity.what,
                    self.site.name()
                ),
            );
        }
        self.holds(format!(
            "principal {} may pull from {name}",
            identity.principal_id
        ));
        Ok(())
    }

    fn password(&mut self, registry: &Resource, reference: &ImageReference) -> Walk<()> {
        self.ask("credentials");
        let user = self
            .secret("DOCKER_REGISTRY_SERVER_USERNAME")?
            .filter(|user| !user.is_empty());
        let Some(user) = user else {
            return self.anonymous(registry, "acrUseManagedIdentityCreds is not true and DOCKER_REGISTRY_SERVER_USERNAME is not set");
        };
        let server = self
            .secret("DOCKER_REGISTRY_SERVER_URL")?
            .unwrap_or_default();
        let host = &reference.host;
        if !host_of(&server).eq_ignore_ascii_case(host) {
            return fail(
                FailureKind::Unauthorized,
                format!("DOCKER_REGISTRY_SERVER_URL is {server:?}, but the image is on {host}"),
            );
        }
        let password = self
            .secret("DOCKER_REGISTRY_SERVER_PASSWORD")?
            .unwrap_or_default();
        let what = "DOCKER_REGISTRY_SERVER_USERNAME and _PASSWORD";
        self.sign_in(registry, reference, &user, &password, what)
    }

    /// A registry setting, out of a Key Vault when it refers to one.
    fn secret(&self, name: &str) -> Walk<Option<String>> {
        self.site
            .resolved_setting(self.world, name)
            .map_err(|cause| failure(FailureKind::Unauthorized, cause))
    }
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
