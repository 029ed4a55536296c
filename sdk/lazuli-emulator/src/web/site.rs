//! A web app as the platform sees it at start: one view over the site, its configuration and settings.

use serde_json::Value;

use crate::data::digest::Digest;
use crate::world::{Resource, World};

pub(crate) const SITES: &str = "Microsoft.Web/sites";

/// A site with what it needs to start a container.
#[derive(Clone, Debug)]
pub(crate) struct Site(Resource);

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
        world.get(id).map(Self)
    }

    /// The site that answers for a host name.
    pub(crate) fn by_host(world: &World, host: &str) -> Option<Self> {
        Self::all(world).into_iter().find(|site| site.answers(host))
    }

    /// All sites, by name.
    pub(crate) fn all(world: &World) -> Vec<Self> {
        let mut sites: Vec<Self> = world.of_kind(SITES).into_iter().map(Self).collect();
        sites.sort_by(|a, b| a.name().cmp(b.name()));
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
        &self.0.id
    }

    pub(crate) fn name(&self) -> &str {
        last_segment(&self.0.id)
    }

    /// The public host name.
    pub(crate) fn host(&self) -> String {
        let given = self.properties()["defaultHostName"]
            .as_str()
            .filter(|host| !host.is_empty());
        given
            .map_or_else(
                || format!("{}.azurewebsites.net", self.name()),
                str::to_owned,
            )
            .to_lowercase()
    }

    pub(crate) fn properties(&self) -> &Value {
        &self.0.body["properties"]
    }

    pub(crate) fn private(&self) -> &Value {
        &self.0.private
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.properties()["state"]
            .as_str()
            .is_some_and(|state| state.eq_ignore_ascii_case("stopped"))
    }

    pub(crate) fn is_https_only(&self) -> bool {
        self.properties()["httpsOnly"] == true
    }

    /// A property of `config/web`.
    pub(crate) fn config(&self, key: &str) -> &Value {
        &self.0.private["config"][key]
    }

    /// An app setting; names are compared without case, as the platform does on Linux for its own.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        let settings = self.0.private["appSettings"].as_object()?;
        let (_, value) = settings
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        value.as_str()
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
        let wanted = self
            .config("acrUserManagedIdentityID")
            .as_str()
            .unwrap_or_default();
        if wanted.is_empty() {
            self.system_identity()
        } else {
            self.user_identity(wanted)
        }
    }

    fn system_identity(&self) -> Result<Identity, String> {
        let identity = &self.0.body["identity"];
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
        let attached = self.0.body["identity"]["userAssignedIdentities"].as_object();
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
            self.0.private["config"],
            self.0.private["appSettings"],
            self.0.private["restarts"],
            self.config("linuxFxVersion"),
            self.0.body["identity"],
            properties["virtualNetworkSubnetId"],
            properties["vnetImagePullEnabled"],
            properties["outboundVnetRouting"],
            properties["serverFarmId"],
            properties["state"],
        ]);
        Digest::of(parts.to_string().as_bytes()).to_string()
    }
}

/// The name at the end of an ARM id.
pub(crate) fn last_segment(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
