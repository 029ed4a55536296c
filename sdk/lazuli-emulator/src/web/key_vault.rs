//! Key Vault references in app settings: `@Microsoft.KeyVault(…)`, what became of them, and for whom.
//!
//! App Service resolves a reference with an identity of the app when the app starts. A reference that
//! fails stays in the environment as it was written, so a registry gets the text instead of the password;
//! the status says why (`config/configreferences/appsettings`).

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use super::site::{Identity, Site};
use super::view::{self, Resolution};
use crate::vault::access::{Origin, Principal};
use crate::vault::reference::{self, Unresolved};
use crate::world::{Resource, World};

/// A reference and what became of it. `Debug` would show the secret, so there is none.
pub(crate) struct Reference {
    text: String,
    identity: Result<Identity, String>,
    outcome: Result<String, Unresolved>,
}

/// Judges a setting's value; `None` when it is not a reference.
pub(crate) fn judge(world: &World, site: &Site, value: &str) -> Option<Reference> {
    if !reference::is_reference(value) {
        return None;
    }
    let identity = site.vault_identity();
    let outcome = resolve(world, site, value, &identity);
    Some(Reference {
        text: value.to_owned(),
        identity,
        outcome,
    })
}

impl Reference {
    /// The secret, or why there is none.
    pub(crate) fn value(&self) -> Result<&str, &Unresolved> {
        self.outcome.as_deref()
    }

    /// The properties of a row of `configreferences`. The secret is not among them.
    pub(crate) fn to_json(&self) -> Value {
        let named = reference::parse(&self.text).ok();
        let (vault, secret, version) = named.map_or_else(Default::default, |named| {
            (named.vault, named.secret, named.version)
        });
        let identity = match &self.identity {
            Ok(identity) if identity.what.starts_with("user") => "UserAssigned",
            _ => "SystemAssigned",
        };
        let (status, detail) = match &self.outcome {
            Ok(_) => ("Resolved", "Reference has been successfully resolved."),
            Err(why) => (why.status, why.detail.as_str()),
        };
        json!({
            "reference": self.text, "status": status, "vaultName": vault, "secretName": secret, "secretVersion": version,
            "identityType": { "type": identity }, "details": detail, "source": "KeyVault", "activeVersion": null,
        })
    }
}

/// Asks the vault, as the identity that reads references, from where the app stands.
fn resolve(
    world: &World,
    site: &Site,
    text: &str,
    identity: &Result<Identity, String>,
) -> Result<String, Unresolved> {
    let named = reference::parse(text)?;
    let who = identity.as_ref().map_err(|why| Unresolved {
        status: "MSINotEnabled",
        detail: why.clone(),
    })?;
    let who = Principal {
        object: who.principal_id.clone(),
        application: String::new(),
    };
    let vault = reference::vault_of(world, &named);
    let from = vault.map_or(Ok(internet(site)), |vault| origin(world, site, &vault))?;
    reference::resolve(world, text, Some(&who), from)
}

/// Where the vault sees the app: at its private endpoint, if the app's network finds one.
fn origin<'a>(world: &World, site: &'a Site, vault: &Resource) -> Result<Origin<'a>, Unresolved> {
    let Some(subnet) = site.subnet_id().filter(|_| !site.is_windows()) else {
        return Ok(internet(site));
    };
    let network = view::vnet_of_subnet(subnet).unwrap_or_default();
    let host = format!("{}.vault.azure.net", vault.name());
    let unreachable = |detail| Unresolved {
        status: "OtherReasons",
        detail,
    };
    match view::resolve(world, network, vault, &host) {
        Resolution::Public { .. } => Ok(if has_service_endpoint(world, subnet) {
            Origin::Subnet(subnet)
        } else {
            internet(site)
        }),
        Resolution::NoSuchName { why } => Err(unreachable(format!(
            "The name {host} does not resolve because {why}."
        ))),
        Resolution::Private { address, .. } => {
            let leads = |endpoint: &view::Endpoint| {
                endpoint.status == "Approved"
                    && endpoint.addresses.contains(&address)
                    && view::is_routed(world, network, &endpoint.vnet)
            };
            if view::endpoints_of(world, vault).iter().any(leads) {
                Ok(Origin::PrivateEndpoint)
            } else {
                Err(unreachable(format!(
                    "{host} resolves to {address}, where no approved private endpoint of the vault answers the app's network."
                )))
            }
        }
    }
}

fn has_service_endpoint(world: &World, subnet: &str) -> bool {
    let subnet = world.get(subnet);
    let list = subnet.and_then(|subnet| {
        let list = subnet.body["properties"]["serviceEndpoints"].as_array();
        list.cloned()
    });
    let mut list = list.into_iter().flatten();
    list.any(|one| one["service"] == "Microsoft.KeyVault")
}

/// The app's first address on the internet.
fn internet(site: &Site) -> Origin<'_> {
    let addresses = site.outbound_addresses();
    let first = addresses.iter().find_map(|text| text.parse().ok());
    Origin::Public(first.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;

    #[test]
    fn a_reference_says_what_became_of_it() {
        let world = article();
        let site = Site::get(&world, &site_id()).expect("the site");
        let status = |text: &str| judge(&world, &site, text).map(|one| one.to_json());
        assert_eq!(status("plain"), None);
        let found = status("@Microsoft.KeyVault(VaultName=kv1;SecretName=db)").expect("one");
        assert_eq!(found["status"], "VaultNotFound");
        assert_eq!(found["vaultName"], "kv1");
        let found = status("@Microsoft.KeyVault()").expect("one");
        assert_eq!(found["status"], "InvalidSyntax");
    }
}
