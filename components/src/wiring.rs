//! What an app needs in order to run an image: how it signs in, what it waits
//! for, and what its request contains of that. Web apps, slots, function apps
//! and Windows containers are wired alike.

use lazuli::azure::{Block, SiteConfigBuilder};
use lazuli::core::{Property, ToProperty};
use lazuli::prelude::*;

use crate::image::PullableImage;
use crate::sign_in::{Login, SignIn};
use crate::switch::Switch;

/// The operating system of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Linux,
    Windows,
}

/// A site's configuration in the making.
type Config = SiteConfigBuilder<((Block,),)>;

/// What an app is declared with, and what is declared after it.
pub(crate) struct Wiring {
    properties: Vec<(&'static str, Property)>,
    /// Its dependencies.
    pub(crate) options: Options,
    system: bool,
    identities: Vec<UserAssignedIdentity>,
    /// The role that its own identity needs, which exists only after the app.
    late_role: Option<Registry>,
}

/// Where an app is declared, and what the program sets.
pub(crate) struct Site<'a> {
    /// The group, inside of the app's component.
    pub(crate) group: &'a ResourceGroup,
    pub(crate) component: &'a Component,
    pub(crate) name: &'a str,
    pub(crate) container: Container,
    pub(crate) api_version: Option<&'a str>,
    /// Settings and the like that are not about the image.
    pub(crate) config: Config,
}

impl PullableImage {
    /// Declares what has to exist before the app, and collects its properties.
    #[track_caller]
    pub(crate) fn wire(&self, site: Site<'_>) -> Wiring {
        let fx = output!("DOCKER|{}", &self.reference);
        let config = match site.container {
            Container::Linux => site.config.clone().linux_fx_version(fx),
            Container::Windows => site.config.clone().windows_fx_version(fx),
        };
        let mut wiring = Wiring {
            properties: Vec::new(),
            options: Options::new().depends_on(&self.waits),
            system: false,
            identities: Vec::new(),
            late_role: None,
        };
        let config = self.switch(&site, config, &mut wiring);
        let config = match &self.sign_in {
            SignIn::System => wiring.by_itself(self.registry.clone(), config),
            SignIn::Identity(given) => wiring.by_identity(&given.0, &given.1, config),
            SignIn::Password(login) => {
                let config = wiring.by_password(login, &site, config);
                self.server(config)
            }
            SignIn::Nobody => self.server(config.acr_use_managed_identity_creds(false)),
        };
        wiring.say("properties.siteConfig", config.build().to_property());
        wiring
    }

    fn switch(&self, site: &Site<'_>, config: Config, wiring: &mut Wiring) -> Config {
        if let Some(version) = site.api_version {
            wiring.say("apiVersion", text(version));
        }
        if !self.over_network {
            return config;
        }
        let switch = Switch::of(site.api_version);
        wiring.properties.extend(switch.property());
        match switch.setting() {
            Some(setting) => config.app_settings([setting]),
            None => config,
        }
    }

    /// The address that the credentials are for; App Service needs it.
    fn server(&self, config: Config) -> Config {
        config.app_settings([("DOCKER_REGISTRY_SERVER_URL", &self.server_url)])
    }
}

impl Wiring {
    fn wait_for(&mut self, role: &RoleAssignment) {
        self.options = std::mem::take(&mut self.options).depends_on(role);
    }

    fn say(&mut self, path: &'static str, property: Property) {
        self.properties.push((path, property));
    }

    /// The properties, with a further identity if the app needs one of its own.
    pub(crate) fn properties(
        &self,
        further: Option<&UserAssignedIdentity>,
    ) -> Vec<(&'static str, Property)> {
        let users: Vec<_> = self.identities.iter().chain(further).collect();
        let identity = match (self.system, users.is_empty()) {
            (true, true) => Identity::System,
            (true, false) => Identity::system_and_user(users),
            (false, false) => Identity::user(users),
            // No opinion: the app may have one for other reasons.
            (false, true) => return self.properties.clone(),
        };
        let mut properties = self.properties.clone();
        properties.push(("identity", identity.to_property()));
        properties
    }

    fn by_itself(&mut self, registry: Option<Registry>, config: Config) -> Config {
        self.system = true;
        self.late_role = registry;
        config.acr_use_managed_identity_creds(true)
    }

    fn by_identity(
        &mut self,
        identity: &UserAssignedIdentity,
        role: &RoleAssignment,
        config: Config,
    ) -> Config {
        self.wait_for(role);
        self.identities.push(identity.clone());
        config
            .acr_use_managed_identity_creds(true)
            .acr_user_managed_identity(identity.client_id())
    }

    #[track_caller]
    fn by_password(&mut self, login: &Login, site: &Site<'_>, config: Config) -> Config {
        let password = match &login.vault {
            Some(vault) => self.kept(vault, login, site),
            None => login.password.clone(),
        };
        config.acr_use_managed_identity_creds(false).app_settings([
            ("DOCKER_REGISTRY_SERVER_USERNAME", login.username.clone()),
            ("DOCKER_REGISTRY_SERVER_PASSWORD", password),
        ])
    }

    /// The password as a reference. What reads it is an identity that has its role
    /// before the app starts: the app's own would get it too late, and App Service
    /// looks again only after a day.
    #[track_caller]
    fn kept(&mut self, vault: &KeyVault, login: &Login, site: &Site<'_>) -> Output<String> {
        let vault = vault.inside(site.component);
        let secret = VaultSecret::builder(&vault, &format!("{}-pull", site.name))
            .value(&login.password)
            .build();
        let reader =
            UserAssignedIdentity::builder(site.group, &format!("{}-reader", site.name)).build();
        let role = RoleAssignment::builder(&vault, "read-secrets")
            .role(Role::KeyVaultSecretsUser)
            .principal(&reader)
            .build();
        self.wait_for(&role);
        self.identities.push(reader.clone());
        let id: Input<UserAssignedIdentityId> = (&reader).into_input();
        self.say("properties.keyVaultReferenceIdentity", id.into_property());
        secret.reference()
    }

    /// The role of an identity that came with the app.
    #[track_caller]
    pub(crate) fn role_of<A>(
        &self,
        app: &A,
        component: &Component,
        name: &str,
    ) -> Option<RoleAssignment>
    where
        A: AsResource,
        for<'a> &'a A: IntoPrincipal,
    {
        let registry = self.late_role.as_ref()?.inside(component);
        // An app that moves to another identity pulls by this role until it has.
        let role = RoleAssignment::builder(&registry, name)
            .role(Role::AcrPull)
            .principal(app)
            .options(Options::new().delete_after(app))
            .build();
        Some(role)
    }
}

fn text(text: &str) -> Property {
    Property::Value(lazuli::core::Value::from(text))
}
