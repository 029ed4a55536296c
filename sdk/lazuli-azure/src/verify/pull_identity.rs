//! The identity's part of a pull: who signs in to the registry, and with what role.

use lazuli_arm::ResourceId;
use lazuli_core::{Diagnostic, Value};

use super::graph::Node;
use super::pull::{Pull, setting};
use crate::resources::Role;

const ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments";
const BY_IDENTITY: &str = "properties.siteConfig.acrUseManagedIdentityCreds";
const CLIENT: &str = "properties.siteConfig.acrUserManagedIdentityID";

pub(super) fn verify(pull: &Pull<'_, '_>, findings: &mut Vec<Diagnostic>) {
    let (site, registry) = (pull.site, pull.registry);
    if site.is_unknown(BY_IDENTITY) {
        return;
    }
    if !site.flag(BY_IDENTITY) {
        findings.extend(password(pull));
        return;
    }
    if registry.says(
        "properties.policies.azureADAuthenticationAsArmPolicy.status",
        &["disabled"],
    ) {
        findings.push(registry.error(
            "LZ2022",
            format!(
                "the registry refuses the tokens with which the app {} signs in",
                site.called()
            ),
            "enable `policies.azureADAuthenticationAsArmPolicy`: App Service has no other tokens",
        ));
    }
    match owners(pull) {
        Owners::None(finding) => findings.push(*finding),
        Owners::Elsewhere => {}
        Owners::Known(owners) => findings.extend(role(pull, &owners)),
    }
}

/// LZ2014.
fn password(pull: &Pull<'_, '_>) -> Option<Diagnostic> {
    let (site, registry) = (pull.site, pull.registry);
    let settings = site.value("properties.siteConfig.appSettings");
    if matches!(settings, Some(Value::Unknown(_)))
        || setting(site, "DOCKER_REGISTRY_SERVER_USERNAME").is_some()
        || registry.flag("properties.anonymousPullEnabled")
    {
        return None;
    }
    Some(site.error(
        "LZ2014",
        format!(
            "the app has no way to sign in to the registry {}",
            registry.called()
        ),
        "let it pull with its identity: `acrUseManagedIdentityCreds`, and the role AcrPull",
    ))
}

/// Whose identity pulls.
enum Owners<'a> {
    Known(Vec<Node<'a>>),
    /// Declared in another program.
    Elsewhere,
    None(Box<Diagnostic>),
}

/// LZ2019: the system's own identity, or the attached one that is named by its client id.
fn owners<'a>(pull: &Pull<'_, 'a>) -> Owners<'a> {
    let site = pull.site;
    let own = site
        .value(CLIENT)
        .is_none_or(|client| client.as_str() == Some(""));
    if site.is_unknown("identity.type") || matches!(site.value("identity"), Some(Value::Unknown(_)))
    {
        return Owners::Elsewhere;
    }
    let ty = site
        .text("identity.type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let missing = |message: &str, help: &str| {
        Owners::None(Box::new(site.error("LZ2019", message.to_owned(), help)))
    };
    if own {
        return match ty.contains("systemassigned") {
            true => Owners::Known(vec![site]),
            false => missing(
                "the app pulls with its own identity, but has none",
                "give it one: `identity` of the type SystemAssigned",
            ),
        };
    }
    if !ty.contains("userassigned") {
        let help = "attach the identity that pulls to the app";
        return missing(
            "the app pulls with a user-assigned identity, but none is attached",
            help,
        );
    }
    let attached = site
        .value("identity.userAssignedIdentities")
        .and_then(Value::as_map);
    let ids = attached.into_iter().flatten().map(|(id, _)| {
        ResourceId::parse(id)
            .ok()
            .and_then(|id| pull.graph.find(&id))
    });
    match ids.collect::<Option<Vec<_>>>() {
        Some(owners) if !owners.is_empty() => Owners::Known(owners),
        _ => Owners::Elsewhere,
    }
}

/// LZ2013 and LZ2018.
fn role(pull: &Pull<'_, '_>, owners: &[Node<'_>]) -> Option<Diagnostic> {
    let (site, registry) = (pull.site, pull.registry);
    let registry_id = registry.id()?;
    let covers =
        |scope: Option<ResourceId>| scope.is_none_or(|scope| registry_id.is_within(&scope));
    let given =
        |assignment: &Node<'_>| covers(assignment.parent()) && may_be_of(pull, *assignment, owners);
    let assignments: Vec<Node<'_>> = pull.graph.of_type(ASSIGNMENT).filter(given).collect();
    let by_repository = registry.says(
        "properties.roleAssignmentMode",
        &["AbacRepositoryPermissions"],
    );
    if assignments
        .iter()
        .any(|assignment| lets_pull(*assignment, by_repository))
    {
        return None;
    }
    let classic = |assignment: &Node<'_>| is_role(*assignment, &[Role::AcrPull, Role::AcrPush]);
    if let Some(assignment) = assignments
        .iter()
        .find(|assignment| by_repository && classic(assignment))
    {
        return Some(assignment.error(
            "LZ2018",
            format!(
                "the registry {} assigns roles by repository, and ignores AcrPull and AcrPush",
                registry.called()
            ),
            "give Container Registry Repository Reader instead: `Role::RepositoryReader`",
        ));
    }
    let fitting = if by_repository {
        "RepositoryReader"
    } else {
        "AcrPull"
    };
    Some(site.warning(
        "LZ2013",
        format!(
            "the identity that the app pulls with has no role on the registry {}",
            registry.called()
        ),
        format!("give it the role: `RoleAssignment::builder(&registry, ..).role(Role::{fitting})`"),
    ))
}

/// An assignment waits for whom it is given to; one to a literal principal may be for anybody.
fn may_be_of(pull: &Pull<'_, '_>, assignment: Node<'_>, owners: &[Node<'_>]) -> bool {
    let waits = |owner: &Node<'_>| {
        pull.graph
            .dependencies(assignment)
            .any(|node| node.at == owner.at)
    };
    let is_owner = |node: &Node<'_>| {
        node.is("Microsoft.Web/sites")
            || node.is("Microsoft.ManagedIdentity/userAssignedIdentities")
    };
    owners.iter().any(waits)
        || !pull
            .graph
            .dependencies(assignment)
            .any(|node| is_owner(&node))
}

/// Roles known not to pull do not; one that we do not know may.
fn lets_pull(assignment: Node<'_>, by_repository: bool) -> bool {
    let never = [
        Role::AcrDelete,
        Role::KeyVaultSecretsUser,
        Role::StorageBlobDataReader,
        Role::StorageBlobDataContributor,
    ];
    let ignored = [Role::AcrPull, Role::AcrPush];
    !is_role(assignment, &never) && (!by_repository || !is_role(assignment, &ignored))
}

fn is_role(assignment: Node<'_>, roles: &[Role]) -> bool {
    let role = assignment
        .text("properties.roleDefinitionId")
        .unwrap_or_default();
    let guid = role.rsplit('/').next().unwrap_or_default();
    roles
        .iter()
        .any(|role| role.guid().eq_ignore_ascii_case(guid))
}
