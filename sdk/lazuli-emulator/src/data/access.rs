//! Who may do what with a registry's content: its firewall, its admin user, its roles.
//!
//! Shared by the registry's HTTP face and by the judgement on a site's image pull, so that both give
//! the same answer.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use ring::hmac;
use serde_json::Value;

use super::registry::name_of;
use crate::arm::directory::{self, SignIn};
use crate::arm::rbac;
use crate::views::registry_view::{self, Refusal};
use crate::world::{Resource, World};

/// Somebody the registry knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The admin user: everything.
    Admin,
    /// An Entra principal: what its roles say.
    Principal(String),
    /// A token of the registry: what its scope map says.
    Token { name: String, actions: Vec<String> },
}

impl Holder {
    /// Whether it is somebody of the directory.
    pub(crate) fn is_principal(&self) -> bool {
        matches!(self, Self::Principal(_))
    }

    /// Whether the holder may `verb` (`pull`, `push`, `delete`, `metadata_read`, `catalog`).
    pub(crate) fn may(
        &self,
        world: &World,
        registry: &Resource,
        repository: &str,
        verb: &str,
    ) -> bool {
        match self {
            Self::Admin => true,
            Self::Principal(id) => may(world, registry, id, repository, verb),
            Self::Token { actions, .. } => {
                registry_view::allows(actions, repository, permission(verb))
            }
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => f.write_str("admin user"),
            Self::Principal(id) => write!(f, "principal {id}"),
            Self::Token { name, .. } => write!(f, "token {name}"),
        }
    }
}

/// The permission of a scope map behind a verb. Nothing in a scope map opens the catalog.
fn permission(verb: &str) -> &'static str {
    match verb {
        "pull" => "content/read",
        "push" => "content/write",
        "delete" => "content/delete",
        "metadata_read" => "metadata/read",
        "metadata_write" => "metadata/write",
        _ => "",
    }
}

/// Whether the firewall lets a public address in. Private endpoints are never asked.
pub(crate) fn admits(properties: &Value, address: IpAddr) -> bool {
    if properties["publicNetworkAccess"] == "Disabled" {
        return false;
    }
    let rules = &properties["networkRuleSet"];
    if rules["defaultAction"] != "Deny" {
        return true;
    }
    let values = rules["ipRules"].as_array().into_iter().flatten();
    values
        .filter_map(|rule| rule["value"].as_str())
        .any(|value| covers(value, address))
}

fn covers(rule: &str, address: IpAddr) -> bool {
    let single = rule.parse::<IpAddr>().map(IpNet::from);
    single
        .or_else(|_| rule.parse::<IpNet>())
        .is_ok_and(|network| network.contains(&address))
}

/// Whether the registry judges by repository permissions, which the Acr roles do not give.
pub(crate) fn is_abac(registry: &Resource) -> bool {
    registry.body["properties"]["roleAssignmentMode"] == "AbacRepositoryPermissions"
}

/// Whether a principal's roles allow `verb`. Conditions on repositories are not modelled.
pub(crate) fn may(
    world: &World,
    registry: &Resource,
    principal: &str,
    _repository: &str,
    verb: &str,
) -> bool {
    const REGISTRIES: &str = "Microsoft.ContainerRegistry/registries";
    if is_abac(registry) {
        let action = match verb {
            "pull" => "repositories/content/read",
            "push" => "repositories/content/write",
            "delete" => "repositories/content/delete",
            "metadata_write" => "repositories/metadata/write",
            "catalog" => "catalog/read",
            _ => "repositories/metadata/read",
        };
        return rbac::allowed_data(
            world,
            principal,
            &format!("{REGISTRIES}/{action}"),
            &registry.id,
        );
    }
    let action = match verb {
        "push" | "metadata_write" => "push/write",
        "delete" => "artifacts/delete",
        _ => "pull/read",
    };
    rbac::allowed(
        world,
        principal,
        &format!("{REGISTRIES}/{action}"),
        &registry.id,
    )
}

/// Checks a user name and a password: the admin user, or a service principal with its secret.
///
/// # Errors
/// Why they are refused; never the password.
pub(crate) fn authenticate(
    world: &World,
    registry: &Resource,
    user: &str,
    password: &str,
) -> Result<Holder, String> {
    match directory::sign_in(world, user, password) {
        SignIn::Principal { object, .. } => return Ok(Holder::Principal(object)),
        SignIn::UnknownClient => {}
        SignIn::ExpiredSecret => {
            return Err(format!("the secret of service principal {user} is expired"));
        }
        SignIn::WrongSecret | SignIn::NoPrincipal => {
            return Err(format!("the secret of service principal {user} is wrong"));
        }
    }
    let name = name_of(registry);
    if !user.eq_ignore_ascii_case(&name) {
        return token(world, registry, user, password);
    }
    if registry.body["properties"]["adminUserEnabled"] != true {
        return Err(format!("the admin user of registry {name} is not enabled"));
    }
    let passwords = registry.private["passwords"]
        .as_array()
        .into_iter()
        .flatten();
    let mut values =
        passwords.filter_map(|entry| entry.as_str().or_else(|| entry["value"].as_str()));
    if values.any(|value| same(password, value)) {
        Ok(Holder::Admin)
    } else {
        Err(format!(
            "the password of the admin user of registry {name} is wrong"
        ))
    }
}

fn token(world: &World, registry: &Resource, user: &str, password: &str) -> Result<Holder, String> {
    let name = user.to_owned();
    let registry_name = name_of(registry);
    match registry_view::sign_in(world, registry, user, password) {
        Ok(actions) => Ok(Holder::Token { name, actions }),
        Err(Refusal::Unknown) => Err(format!("registry {registry_name} knows no user {user}")),
        Err(Refusal::Disabled) => Err(format!(
            "the token {user} of registry {registry_name} is disabled"
        )),
        Err(Refusal::Password) => Err(format!(
            "the password of token {user} of registry {registry_name} is wrong or over"
        )),
    }
}

/// Compares through a keyed digest, so the time taken says nothing.
fn same(given: &str, expected: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(
        &key,
        given.as_bytes(),
        hmac::sign(&key, expected.as_bytes()).as_ref(),
    )
    .is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_firewall_admits_by_its_rules() {
        let rules = |action: &str, values: &[&str]| {
            let rules: Vec<Value> = values
                .iter()
                .map(|value| json!({ "action": "Allow", "value": value }))
                .collect();
            json!({ "publicNetworkAccess": "Enabled", "networkRuleSet": { "defaultAction": action, "ipRules": rules } })
        };
        let cases = [
            (json!({}), true),
            (json!({ "publicNetworkAccess": "Disabled" }), false),
            (rules("Allow", &[]), true),
            (rules("Deny", &[]), false),
            (rules("Deny", &["203.0.113.7"]), true),
            (rules("Deny", &["203.0.113.0/24"]), true),
            (rules("Deny", &["203.0.114.0/24", "nonsense"]), false),
        ];
        for (properties, expect) in cases {
            assert_eq!(
                admits(&properties, IpAddr::from([203, 0, 113, 7])),
                expect,
                "{properties}"
            );
        }
    }
}
