//! Who may do what with a vault's secrets, and from where: firewall first, then policies or roles.
//!
//! The same judgement serves HTTP callers and app-setting references. Wordings are the service's.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::arm::{json, rbac};
use crate::world::{Resource, World};

/// Where a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// A public address.
    Public(IpAddr),
    /// A subnet (its id) with a service endpoint, by the vault's public address.
    Subnet(&'a str),
    /// An approved private endpoint of the vault; the firewall does not ask.
    PrivateEndpoint,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// Object id.
    pub(crate) object: String,
    /// Application (client) id.
    pub(crate) application: String,
}

/// What is asked of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    List,
    Set,
    Update,
    Delete,
    Recover,
    Purge,
    ListDeleted,
}

impl Operation {
    /// The word of access policies.
    pub(crate) fn permission(self) -> &'static str {
        match self {
            Operation::Get => "get",
            Operation::List | Operation::ListDeleted => "list",
            Operation::Set | Operation::Update => "set",
            Operation::Delete => "delete",
            Operation::Recover => "recover",
            Operation::Purge => "purge",
        }
    }

    /// The data action of roles.
    fn action(self) -> &'static str {
        match self {
            Operation::Get => "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            Operation::List | Operation::ListDeleted => {
                "Microsoft.KeyVault/vaults/secrets/readMetadata/action"
            }
            Operation::Set => "Microsoft.KeyVault/vaults/secrets/setSecret/action",
            Operation::Update => "Microsoft.KeyVault/vaults/secrets/update/action",
            Operation::Delete => "Microsoft.KeyVault/vaults/secrets/delete",
            Operation::Recover => "Microsoft.KeyVault/vaults/secrets/recover/action",
            Operation::Purge => "Microsoft.KeyVault/vaults/secrets/purge/action",
        }
    }
}

/// A refusal: the inner code of the service and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) inner: &'static str,
    pub(crate) message: String,
}

/// Whether `who` may do `what` with a secret (`None` for the list) from `origin`.
///
/// # Errors
/// What refused: the network rules, the access policies, or the roles.
pub(crate) fn decide(
    world: &World,
    vault: &Resource,
    who: &Principal,
    origin: Origin<'_>,
    what: Operation,
    secret: Option<&str>,
) -> Result<(), Denied> {
    check_network(world, vault, who, origin)?;
    if vault.body["properties"]["enableRbacAuthorization"] == true {
        return check_roles(world, vault, who, what, secret);
    }
    check_policies(world, vault, who, what)
}

fn described(world: &World, who: &Principal) -> String {
    format!(
        "appid={};oid={};iss=https://sts.windows.net/{}/",
        who.application,
        who.object,
        world.settings().tenant
    )
}

fn place(vault: &Resource) -> String {
    let location = json::text(&vault.body["location"]);
    format!("{};location={location}", vault.name())
}

fn check_network(
    world: &World,
    vault: &Resource,
    who: &Principal,
    origin: Origin<'_>,
) -> Result<(), Denied> {
    let properties = &vault.body["properties"];
    if origin == Origin::PrivateEndpoint {
        return Ok(());
    }
    if properties["publicNetworkAccess"] == "Disabled" {
        return Err(Denied {
            inner: "ForbiddenByConnection",
            message: format!(
                "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: {}\r\nVault: {}",
                described(world, who),
                place(vault)
            ),
        });
    }
    let rules = &properties["networkAcls"];
    if rules["defaultAction"] != "Deny" {
        return Ok(());
    }
    let (allowed, from) = match origin {
        Origin::Public(address) => (
            json::items(&rules["ipRules"]).any(|rule| covers(json::text(&rule["value"]), address)),
            address.to_string(),
        ),
        Origin::Subnet(id) => (
            json::items(&rules["virtualNetworkRules"])
                .any(|rule| json::same(json::text(&rule["id"]), id)),
            id.to_owned(),
        ),
        Origin::PrivateEndpoint => (true, String::new()),
    };
    if allowed {
        return Ok(());
    }
    Err(Denied {
        inner: "ForbiddenByFirewall",
        message: format!(
            "Client address is not authorized and caller is not a trusted service.\r\nClient address: {from}\r\nCaller: {}\r\nVault: {}",
            described(world, who),
            place(vault)
        ),
    })
}

fn covers(rule: &str, address: IpAddr) -> bool {
    let single = rule.parse::<IpAddr>().map(IpNet::from);
    single
        .or_else(|_| rule.parse::<IpNet>())
        .is_ok_and(|range| range.contains(&address))
}

fn check_roles(
    world: &World,
    vault: &Resource,
    who: &Principal,
    what: Operation,
    secret: Option<&str>,
) -> Result<(), Denied> {
    let scope = match secret {
        Some(name) => format!("{}/secrets/{name}", vault.id),
        None => vault.id.clone(),
    };
    if rbac::allowed_data(world, &who.object, what.action(), &scope) {
        return Ok(());
    }
    Err(Denied {
        inner: "ForbiddenByRbac",
        message: format!(
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: {}\r\nAction: '{}'\r\nResource: '{}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: {}\r\n",
            described(world, who),
            what.action(),
            scope.to_ascii_lowercase(),
            place(vault)
        ),
    })
}

fn check_policies(
    world: &World,
    vault: &Resource,
    who: &Principal,
    what: Operation,
) -> Result<(), Denied> {
    let word = what.permission();
    let granted = json::items(&vault.body["properties"]["accessPolicies"])
        .filter(|entry| json::same(json::text(&entry["objectId"]), &who.object))
        .filter(|entry| {
            let application = json::text(&entry["applicationId"]);
            application.is_empty() || json::same(application, &who.application)
        })
        .any(|entry| {
            json::items(&entry["permissions"]["secrets"]).any(|given| {
                let given = json::text(given);
                // `all` leaves out purge: the permission reference says so.
                json::same(given, word) || (json::same(given, "all") && word != "purge")
            })
        });
    if granted {
        return Ok(());
    }
    Err(Denied {
        inner: "AccessDenied",
        message: format!(
            "The user, group or application '{}' does not have secrets {word} permission on key vault '{}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287",
            described(world, who),
            place(vault)
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::world;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

    fn judge(properties: Value, origin: Origin<'_>, what: Operation) -> Result<(), &'static str> {
        let world = world::tests::empty();
        let mut vault = crate::vault::secrets::tests::vault();
        vault.body["properties"] = properties;
        let who = Principal {
            object: "me".into(),
            application: "app".into(),
        };
        decide(&world, &vault, &who, origin, what, Some("db")).map_err(|denied| denied.inner)
    }

    #[test]
    fn policies_name_object_application_and_permission() {
        let with = |entry: Value| json!({ "accessPolicies": [entry] });
        let check = |entry: Value, what: Operation, expect: Result<(), &'static str>| {
            assert_eq!(
                judge(with(entry.clone()), Origin::Public(HERE), what),
                expect,
                "{entry} {what:?}"
            );
        };
        let get = json!({ "objectId": "ME", "permissions": { "secrets": ["Get"] } });
        check(get.clone(), Operation::Get, Ok(()));
        check(get, Operation::Set, Err("AccessDenied"));
        let all = json!({ "objectId": "me", "permissions": { "secrets": ["all"] } });
        check(all.clone(), Operation::Delete, Ok(()));
        check(all, Operation::Purge, Err("AccessDenied"));
        let other = json!({ "objectId": "me", "applicationId": "x", "permissions": { "secrets": ["get"] } });
        check(other, Operation::Get, Err("AccessDenied"));
    }

    #[test]
    fn the_network_is_asked_before_the_policies() {
        let policies = json!([{ "objectId": "me", "permissions": { "secrets": ["get"] } }]);
        let check = |network: Value, origin: Origin<'_>, expect: Result<(), &'static str>| {
            let mut properties = network;
            json::set(&mut properties, "accessPolicies", policies.clone());
            assert_eq!(
                judge(properties.clone(), origin, Operation::Get),
                expect,
                "{properties} {origin:?}"
            );
        };
        let closed = json!({ "publicNetworkAccess": "Disabled" });
        check(
            closed.clone(),
            Origin::Public(HERE),
            Err("ForbiddenByConnection"),
        );
        check(closed, Origin::PrivateEndpoint, Ok(()));
        let acls = |ip: &str| json!({ "networkAcls": { "defaultAction": "Deny", "ipRules": [{ "value": ip }], "virtualNetworkRules": [{ "id": "/s/n" }] } });
        check(acls("203.0.113.0/24"), Origin::Public(HERE), Ok(()));
        check(
            acls("198.51.100.1/32"),
            Origin::Public(HERE),
            Err("ForbiddenByFirewall"),
        );
        check(acls("198.51.100.1/32"), Origin::Subnet("/S/N"), Ok(()));
        check(
            acls("198.51.100.1/32"),
            Origin::Subnet("/s/other"),
            Err("ForbiddenByFirewall"),
        );
    }
}
