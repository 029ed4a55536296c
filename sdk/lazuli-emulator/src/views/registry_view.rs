//! A registry as the data plane sees it: its regions, its tokens and what their scope maps allow.
//!
//! The control plane writes these resources; this is how everybody else reads them.

use jiff::Timestamp;

use crate::wire::digest::Digest;
use crate::wire::ids::{location_key, name_of};
use crate::wire::json;
use crate::world::{Resource, World};
use serde_json::Value;

/// The type of registries.
pub(crate) const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
/// The type of replicas outside of the home region.
pub(crate) const REPLICATION: &str = "Microsoft.ContainerRegistry/registries/replications";
/// The type of scope maps.
pub(crate) const SCOPE_MAP: &str = "Microsoft.ContainerRegistry/registries/scopeMaps";
/// The type of tokens.
pub(crate) const TOKEN: &str = "Microsoft.ContainerRegistry/registries/tokens";

/// The replicas outside of the home region, by name.
pub(crate) fn replicas_of(world: &World, registry: &str) -> Vec<Resource> {
    let below = world.under(registry).into_iter();
    below.filter(|child| child.kind == REPLICATION).collect()
}

/// All regions of a registry, sorted, as `dataEndpointHostNames` and private link name them.
pub(crate) fn places(world: &World, registry: &str, home: &str) -> Vec<String> {
    let replicas = replicas_of(world, registry).into_iter();
    let mut places: Vec<String> = replicas
        .filter_map(|replica| replica.text("/location").map(location_key))
        .collect();
    places.push(location_key(home));
    places.sort();
    places.dedup();
    places
}

/// The system-defined maps, as the documentation of repository-scoped permissions lists them.
pub(crate) const SYSTEM_SCOPE_MAPS: [(&str, &str, &[&str]); 5] = [
    (
        "_repositories_admin",
        "Can perform all read, write and delete operations on the registry",
        &[
            "metadata/read",
            "metadata/write",
            "content/read",
            "content/write",
            "content/delete",
        ],
    ),
    (
        "_repositories_pull",
        "Can pull any repository of the registry",
        &["content/read"],
    ),
    (
        "_repositories_pull_metadata_read",
        "Can perform all read operations on the registry",
        &["content/read", "metadata/read"],
    ),
    (
        "_repositories_push",
        "Can push to any repository of the registry",
        &["content/read", "content/write"],
    ),
    (
        "_repositories_push_metadata_write",
        "Can perform all read and write operations on the registry",
        &[
            "metadata/read",
            "metadata/write",
            "content/read",
            "content/write",
        ],
    ),
];
/// What a scope map may allow on a repository.
pub(crate) const PERMISSIONS: [&str; 7] = [
    "content/read",
    "content/write",
    "content/delete",
    "metadata/read",
    "metadata/write",
    "deleted/read",
    "deleted/restore",
];

/// Repository pattern and permission of `repositories/a/b/content/read`. Actions on gateways are for
/// connected registries and give nothing here.
pub(crate) fn parse(action: &str) -> Option<(&str, &str)> {
    if let Some(gateway) = action.strip_prefix("gateway/") {
        return gateway.contains('/').then_some(("", ""));
    }
    let rest = action.strip_prefix("repositories/")?;
    let (head, verb) = rest.rsplit_once('/')?;
    let (name, area) = head.rsplit_once('/')?;
    let permission = &rest[rest.len() - area.len() - verb.len() - 1..];
    (!name.is_empty() && PERMISSIONS.contains(&permission)).then_some((name, permission))
}

/// Whether one of the actions gives `permission` on `repository`. A pattern may end in `*`, and then
/// holds for every repository that begins as it does.
pub(crate) fn allows(actions: &[String], repository: &str, permission: &str) -> bool {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => repository.starts_with(prefix),
        None => pattern == repository,
    };
    actions
        .iter()
        .filter_map(|action| parse(action))
        .any(|(pattern, given)| given == permission && !repository.is_empty() && fits(pattern))
}

/// The actions behind a scope map's id, whether stored or system-defined.
fn actions(world: &World, id: &str) -> Vec<String> {
    let name = name_of(id);
    if let Some((.., permissions)) = SYSTEM_SCOPE_MAPS
        .iter()
        .find(|(system, ..)| json::same(system, name))
    {
        return permissions
            .iter()
            .map(|permission| everywhere(permission))
            .collect();
    }
    let stored = world.get(id);
    let actions = stored
        .iter()
        .flat_map(|map| json::items(&map.body["properties"]["actions"]));
    actions
        .map(|action| json::text(action).to_owned())
        .collect()
}

/// A permission on every repository.
pub(crate) fn everywhere(permission: &str) -> String {
    format!("repositories/*/{permission}")
}

/// The tokens of a registry.
pub(crate) fn tokens_of(world: &World, registry: &str) -> Vec<Resource> {
    let below = world.under(registry).into_iter();
    below.filter(|child| child.kind == TOKEN).collect()
}

/// Why a token does not sign in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The registry has no token of this name.
    Unknown,
    Disabled,
    /// No password of it fits, or the one that does is over.
    Password,
}

/// Signs a token in and answers the actions of its scope map.
///
/// # Errors
/// See [`Refusal`].
pub(crate) fn sign_in(
    world: &World,
    registry: &Resource,
    name: &str,
    password: &str,
) -> Result<Vec<String>, Refusal> {
    let token = tokens_of(world, &registry.id)
        .into_iter()
        .find(|token| json::same(token.name(), name));
    let token = token.ok_or(Refusal::Unknown)?;
    if token.text("/properties/status") != Some("enabled") {
        return Err(Refusal::Disabled);
    }
    let digest = Digest::of(password.as_bytes());
    let now = world.now();
    let valid = |one: &Value| {
        let expiry = one["expiry"]
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok());
        expiry.is_none_or(|expiry| expiry > now)
            && token.private[json::text(&one["name"])].as_str() == Some(digest.as_str())
    };
    if !json::items(&token.body["properties"]["credentials"]["passwords"]).any(valid) {
        return Err(Refusal::Password);
    }
    Ok(actions(
        world,
        token.text("/properties/scopeMapId").unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_name_repositories_with_and_without_wildcards() {
        let check = |action: &str, repository: &str, permission: &str, expect: bool| {
            let actions = [action.to_owned()];
            assert_eq!(
                allows(&actions, repository, permission),
                expect,
                "{action} on {repository}"
            );
        };
        check("repositories/a/b/content/read", "a/b", "content/read", true);
        check("repositories/a/b/content/read", "a", "content/read", false);
        check(
            "repositories/a/b/content/read",
            "a/b",
            "content/write",
            false,
        );
        check(
            "repositories/team/*/content/read",
            "team/web",
            "content/read",
            true,
        );
        check(
            "repositories/team/*/content/read",
            "teamster",
            "content/read",
            false,
        );
        check(
            "repositories/*/metadata/read",
            "any/thing",
            "metadata/read",
            true,
        );
        check("repositories/*/content/read", "", "content/read", false);
        check(
            "repositories/a/content/everything",
            "a",
            "content/everything",
            false,
        );
        check("gateway/edge/config/read", "", "", false);
    }
}
