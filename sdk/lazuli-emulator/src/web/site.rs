//! A web app as the platform sees it at start: one view over the site, its configuration and settings.

use serde_json::Value;

use super::key_vault;
use crate::data::digest::Digest;
use crate::views::site_view;
use crate::world::{Resource, World};

/// A site, or a slot of one, with what it needs to start a container.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    app: Resource,
    /// The main one of its `sitecontainers`, when its stack is those.
    main: Option<Resource>,
}

/// How an app signs in at a container registry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PullSignIn {
    /// With its managed identity.
    Identity,
    /// With the user and the password of the settings `DOCKER_REGISTRY_SERVER_*`.
    Settings,
    /// With a user and a password of its own.
    User { user: String, password: String },
    /// Not at all.
    Anonymous,
}

/// The stack of an app with several containers.
const CONTAINERS: &str = "SITECONTAINERS";

/// How the app is named to the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) principal_id: String,
    /// `system-assigned identity` or `user-assigned identity {name}`.
    pub(crate) what: String,
}

impl Site {
    /// The site with this ARM id.
    pub(crate) fn get(world: &World, id: &str) -> Option<Self> {
        world.get(id).map(|app| Self::of(world, app))
    }

    fn of(world: &World, app: Resource) -> Self {
        let stack = app.private["config"]["linuxFxVersion"].as_str();
        let several = stack.is_some_and(|stack| stack.trim().eq_ignore_ascii_case(CONTAINERS));
        let is_main = |one: &Resource| {
            one.kind.ends_with("/sitecontainers") && one.body["properties"]["isMain"] == true
        };
        let main = if several {
            world.under(&app.id).into_iter().find(is_main)
        } else {
            None
        };
        Self { app, main }
    }

    /// The site that answers for a host name.
    pub(crate) fn by_host(world: &World, host: &str) -> Option<Self> {
        Self::all(world).into_iter().find(|site| site.answers(host))
    }

    /// The site whose scm host this is.
    pub(crate) fn by_scm_host(world: &World, host: &str) -> Option<Self> {
        let is_it = |site: &Self| site.scm_host().eq_ignore_ascii_case(host);
        Self::all(world).into_iter().find(is_it)
    }

    /// The site that a person means: by ARM id, by name, or a slot as `site/slot`.
    pub(crate) fn named(world: &World, text: &str) -> Option<Self> {
        let is_it = |site: &Self| {
            let arm = site.name().replace('(', "/").replace(')', "");
            [site.id(), &site.name(), &arm]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(text))
        };
        Self::all(world).into_iter().find(is_it)
    }

    /// All sites and slots, by name.
    pub(crate) fn all(world: &World) -> Vec<Self> {
        let mut sites: Vec<Self> = {
            let apps = site_view::all(world).into_iter();
            apps.map(|app| Self::of(world, app)).collect()
        };
        sites.sort_by_key(Self::name);
        sites
    }

    fn answers(&self, host: &str) -> bool {
        let same = |name: &str| name.eq_ignore_ascii_case(host);
        let named = self.properties()["hostNames"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        same(&self.host()) || named.into_iter().any(same)
    }

    pub(crate) fn id(&self) -> &str {
        &self.app.id
    }

    /// `site`, or `site(slot)` as the platform writes it.
    pub(crate) fn name(&self) -> String {
        match self.slot() {
            Some((site, slot)) => format!("{site}({slot})"),
            None => last_segment(&self.app.id).to_owned(),
        }
    }

    /// Site and slot, when this is a slot.
    fn slot(&self) -> Option<(&str, &str)> {
        let mut parts = self.app.id.rsplit('/');
        let (slot, word, site) = (parts.next()?, parts.next()?, parts.next()?);
        word.eq_ignore_ascii_case("slots").then_some((site, slot))
    }

    /// The user that publishes, with its `$`.
    pub(crate) fn publishing_user(&self) -> String {
        match self.slot() {
            Some((site, slot)) => format!("${site}__{slot}"),
            None => format!("${}", last_segment(&self.app.id)),
        }
    }

    /// The host of deployment and logs.
    pub(crate) fn scm_host(&self) -> String {
        self.host().replacen('.', ".scm.", 1)
    }

    /// The public host name.
    pub(crate) fn host(&self) -> String {
        let given = self.properties()["defaultHostName"]
            .as_str()
            .filter(|host| !host.is_empty());
        let made = || match self.slot() {
            Some((site, slot)) => format!("{site}-{slot}.azurewebsites.net"),
            None => format!("{}.azurewebsites.net", last_segment(&self.app.id)),
        };
        given.map_or_else(made, str::to_owned).to_lowercase()
    }

    pub(crate) fn properties(&self) -> &Value {
        &self.app.body["properties"]
    }

    pub(crate) fn private(&self) -> &Value {
        &self.app.private
    }

    /// Stopped by its owner, or disabled.
    pub(crate) fn is_stopped(&self) -> bool {
        let stopped = |state: &str| {
            state.eq_ignore_ascii_case("stopped") || state.eq_ignore_ascii_case("disabled")
        };
        self.properties()["state"].as_str().is_some_and(stopped)
    }

    /// Whether it runs a Windows container.
    pub(crate) fn is_windows(&self) -> bool {
        self.properties()["hyperV"] == true || self.properties()["isXenon"] == true
    }

    /// The image to run, as it is written.
    ///
    /// # Errors
    /// Why there is none that the emulator can start.
    pub(crate) fn image(&self) -> Result<&str, String> {
        let property = if self.is_windows() {
            "windowsFxVersion"
        } else {
            "linuxFxVersion"
        };
        let stack = self.config(property).as_str().unwrap_or_default().trim();
        match stack.split_once('|') {
            Some((kind, image)) if kind.eq_ignore_ascii_case("DOCKER") => Ok(image),
            _ if stack.is_empty() => Err(format!(
                "{} names no image: {property} is empty",
                self.name()
            )),
            _ if stack.eq_ignore_ascii_case(CONTAINERS) => self
                .main
                .as_ref()
                .and_then(|main| main.text("/properties/image"))
                .ok_or_else(|| {
                    format!(
                        "{} names no image: none of its sitecontainers is the main one",
                        self.name()
                    )
                }),
            _ => Err(format!(
                "{property} is {stack:?}; the emulator starts only DOCKER|host/repository:tag and the main one of SITECONTAINERS"
            )),
        }
    }

    /// How the app signs in where its image is.
    pub(crate) fn pull_sign_in(&self) -> PullSignIn {
        let Some(main) = &self.main else {
            return if self.config("acrUseManagedIdentityCreds") == true {
                PullSignIn::Identity
            } else {
                PullSignIn::Settings
            };
        };
        match main.text("/properties/authType") {
            Some("SystemIdentity" | "UserAssigned") => PullSignIn::Identity,
            Some("UserCredentials") => {
                let secret = main.private["passwordSecret"].as_str().unwrap_or_default();
                // The secret may be the name of an app setting that holds it.
                let password = self.setting(secret).unwrap_or(secret);
                PullSignIn::User {
                    user: main
                        .text("/properties/userName")
                        .unwrap_or_default()
                        .to_owned(),
                    password: password.to_owned(),
                }
            }
            _ => PullSignIn::Anonymous,
        }
    }

    pub(crate) fn is_https_only(&self) -> bool {
        self.properties()["httpsOnly"] == true
    }

    /// A property of `config/web`.
    pub(crate) fn config(&self, key: &str) -> &Value {
        &self.app.private["config"][key]
    }

    /// An app setting; names are compared without case, as the platform does on Linux for its own.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        let settings = self.app.private["appSettings"].as_object()?;
        let (_, value) = settings
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        value.as_str()
    }

    /// An app setting as the container gets it: a Key Vault reference is resolved.
    ///
    /// # Errors
    /// Why the reference has no value.
    pub(crate) fn resolved_setting(
        &self,
        world: &World,
        name: &str,
    ) -> Result<Option<String>, String> {
        let Some(value) = self.setting(name) else {
            return Ok(None);
        };
        let Some(reference) = key_vault::judge(world, self, value) else {
            return Ok(Some(value.to_owned()));
        };
        match reference.value() {
            Ok(secret) => Ok(Some(secret.to_owned())),
            Err(why) => Err(format!(
                "the app setting {name} is a Key Vault reference with the status {}: {}",
                why.status, why.detail
            )),
        }
    }

    pub(crate) fn subnet_id(&self) -> Option<&str> {
        self.properties()["virtualNetworkSubnetId"]
            .as_str()
            .filter(|id| !id.is_empty())
    }

    /// Addresses that a registry on the internet sees.
    pub(crate) fn outbound_addresses(&self) -> Vec<String> {
        let list = self.properties()["outboundIpAddresses"]
            .as_str()
            .unwrap_or_default();
        list.split(',')
            .map(str::trim)
            .filter(|a| !a.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The identity that pulls images.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn pull_identity(&self) -> Result<Identity, String> {
        let wanted = match &self.main {
            Some(main) if main.text("/properties/authType") == Some("UserAssigned") => main
                .text("/properties/userManagedIdentityClientId")
                .unwrap_or("(no userManagedIdentityClientId)"),
            Some(_) => "",
            None => self
                .config("acrUserManagedIdentityID")
                .as_str()
                .unwrap_or_default(),
        };
        if wanted.is_empty() {
            self.system_identity()
        } else {
            self.user_identity(wanted)
        }
    }

    /// The identity that reads Key Vaults: `keyVaultReferenceIdentity` is a resource id.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn vault_identity(&self) -> Result<Identity, String> {
        let wanted = self.properties()["keyVaultReferenceIdentity"]
            .as_str()
            .filter(|id| !id.is_empty() && !id.eq_ignore_ascii_case("SystemAssigned"));
        let missing = |what: &str| {
            format!(
                "{what}; assign the identity to {}, or correct keyVaultReferenceIdentity",
                self.name()
            )
        };
        let Some(wanted) = wanted else {
            return self.system_identity().map_err(|_| {
                missing("Key Vault references are read with the system-assigned identity, and there is none")
            });
        };
        let attached = self.app.body["identity"]["userAssignedIdentities"].as_object();
        let found = attached
            .into_iter()
            .flatten()
            .find(|(id, _)| id.eq_ignore_ascii_case(wanted));
        let found = found.and_then(|(id, entry)| {
            Some(Identity {
                principal_id: entry["principalId"].as_str()?.to_owned(),
                what: format!("user-assigned identity {}", last_segment(id)),
            })
        });
        found.ok_or_else(|| {
            missing(&format!(
                "keyVaultReferenceIdentity names {wanted}, which is not attached"
            ))
        })
    }

    fn system_identity(&self) -> Result<Identity, String> {
        let identity = &self.app.body["identity"];
        let kind = identity["type"].as_str().unwrap_or_default();
        let principal = identity["principalId"]
            .as_str()
            .filter(|_| kind.contains("SystemAssigned"));
        let what = "system-assigned identity".to_owned();
        principal.map(|id| Identity { principal_id: id.to_owned(), what }).ok_or_else(|| {
            format!("acrUseManagedIdentityCreds is true, but {} has no system-assigned identity and names no acrUserManagedIdentityID", self.name())
        })
    }

    fn user_identity(&self, client_id: &str) -> Result<Identity, String> {
        if client_id.contains('/') {
            return Err(format!(
                "acrUserManagedIdentityID holds the resource id {client_id}; it must be the identity's client id"
            ));
        }
        let attached = self.app.body["identity"]["userAssignedIdentities"].as_object();
        let mut attached = attached.into_iter().flatten();
        let has_id = |entry: &Value| {
            entry["clientId"]
                .as_str()
                .is_some_and(|id| id.eq_ignore_ascii_case(client_id))
        };
        let found = attached.find(|(_, entry)| has_id(entry));
        let named = found.and_then(|(id, entry)| {
            let what = format!("user-assigned identity {}", last_segment(id));
            Some(Identity {
                principal_id: entry["principalId"].as_str()?.to_owned(),
                what,
            })
        });
        named.ok_or_else(|| {
            format!("acrUserManagedIdentityID is {client_id}, but no identity with that client id is assigned to {}", self.name())
        })
    }

    /// Changes whenever a setting changes that restarts the container.
    pub(crate) fn configuration_stamp(&self) -> String {
        let properties = self.properties();
        let parts = serde_json::json!([
            self.app.private["config"],
            self.app.private["appSettings"],
            self.app.private["restarts"],
            self.app.body["identity"],
            properties["virtualNetworkSubnetId"],
            properties["vnetImagePullEnabled"],
            properties["outboundVnetRouting"],
            properties["serverFarmId"],
            properties["state"],
            self.main.as_ref().map(|main| &main.body["properties"]),
        ]);
        Digest::of(parts.to_string().as_bytes()).to_string()
    }
}

/// The name at the end of an ARM id.
pub(crate) fn last_segment(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
