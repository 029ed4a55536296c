//! Who signs in to a registry, and whether they may pull: identity and role, or
//! user name and password.

use lazuli_arm::ResourceId;
use lazuli_core::Value;

use super::model::Known;
use super::{HopKind, Steps, Violation};
use crate::resources::{NamedRole, Pulls};
use crate::verify::graph::Node;

const ABAC: &str = "properties.roleAssignmentMode";
const USER: &str = "DOCKER_REGISTRY_SERVER_USERNAME";

pub(super) fn walk<'a>(steps: &mut Steps<'_, 'a>, registry: Node<'a>, host: Option<&str>) {
    match steps.app.config_switch("acrUseManagedIdentityCreds") {
        None => {
            steps.open(
                HopKind::Credentials,
                "`acrUseManagedIdentityCreds` is known",
            );
        }
        Some(true) => by_identity(steps, registry),
        Some(false) => by_password(steps, registry, host),
    }
}

fn by_identity<'a>(steps: &mut Steps<'_, 'a>, registry: Node<'a>) {
    let tokens = "properties.policies.azureADAuthenticationAsArmPolicy.status";
    if registry.says(tokens, &["disabled"]) {
        let breach = Violation {
            code: "LZ2022",
            is_certain: true,
            at: registry,
            message: format!("the registry refuses the tokens with which the app {} signs in", steps.app.node.called()),
            fix: "enable `policies.azureADAuthenticationAsArmPolicy`: App Service has no other tokens".to_owned(),
            related: vec![(steps.app.node, "the app that signs in")],
        };
        steps.broken(HopKind::Credentials, breach);
    }
    let client = steps.app.config("acrUserManagedIdentityID");
    match owners(steps, &client, "LZ2019", "pulls") {
        Owners::None(breach) => steps.broken(HopKind::Credentials, *breach),
        Owners::Elsewhere => steps.open(
            HopKind::Credentials,
            "somebody looks at the identity, which this program does not declare",
        ),
        Owners::Pending => steps.open(HopKind::Credentials, "the app's identity is known"),
        Owners::Known(owners) => {
            let names: Vec<String> = owners.iter().map(Node::called).collect();
            if let Some(owner) = owners.first() {
                steps.on(*owner);
            }
            steps.holds(
                HopKind::Credentials,
                format!("the identity of {}", names.join(" or ")),
            );
            role(steps, registry, &owners);
        }
    }
}

/// Whose identity acts for the app.
pub(super) enum Owners<'a> {
    Known(Vec<Node<'a>>),
    /// DeclaredNode in another program.
    Elsewhere,
    /// Not known yet.
    Pending,
    None(Box<Violation<'a>>),
}

/// The system's own identity where `named` is absent, or the attached one that it names.
pub(super) fn owners<'a>(
    steps: &Steps<'_, 'a>,
    named: &Known<&'a Value>,
    code: &'static str,
    verb: &str,
) -> Owners<'a> {
    let site = steps.app.node;
    if site.is_unknown("identity.type") || matches!(site.value("identity"), Some(Value::Unknown(_)))
    {
        return Owners::Pending;
    }
    let ty = site
        .text("identity.type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let missing = |message: String, fix: &str| {
        Owners::None(Box::new(Violation {
            code,
            is_certain: true,
            at: site,
            message,
            fix: fix.to_owned(),
            related: Vec::new(),
        }))
    };
    let is_own = match named {
        Known::Is(name) => name
            .as_str()
            .is_none_or(|name| name.is_empty() || name.eq_ignore_ascii_case("SystemAssigned")),
        Known::Absent => true,
        Known::Pending => false,
    };
    if is_own {
        return match ty.contains("systemassigned") {
            true => Owners::Known(vec![site]),
            false => missing(
                format!("the app {verb} with its own identity, but has none"),
                "give it one: `.identity(Identity::System)`",
            ),
        };
    }
    if !ty.contains("userassigned") {
        return missing(
            format!("the app {verb} with a user-assigned identity, but none is attached"),
            "attach the identity to the app: `.identity(Identity::user([&identity]))`",
        );
    }
    attached(steps, named, missing, verb)
}

fn attached<'a>(
    steps: &Steps<'_, 'a>,
    named: &Known<&'a Value>,
    missing: impl Fn(String, &str) -> Owners<'a>,
    verb: &str,
) -> Owners<'a> {
    let site = steps.app.node;
    let Some(map) = site
        .value("identity.userAssignedIdentities")
        .and_then(Value::as_map)
    else {
        return Owners::Pending;
    };
    let ids: Vec<ResourceId> = map
        .keys()
        .filter_map(|id| ResourceId::parse(id).ok())
        .collect();
    let found = ids.iter().map(|id| steps.model.graph.find(id));
    let Some(found) = found
        .collect::<Option<Vec<Node<'a>>>>()
        .filter(|found| !found.is_empty())
    else {
        return Owners::Elsewhere;
    };
    // A setting that waits for an identity waits for the one that it names.
    let named = match named {
        Known::Is(id) => id.as_str().and_then(|id| ResourceId::parse(id).ok()),
        Known::Pending | Known::Absent => None,
    };
    match named {
        None => Owners::Known(waited_for(steps, found)),
        Some(id) => match found.iter().find(|node| node.id().as_ref() == Some(&id)) {
            Some(node) => Owners::Known(vec![*node]),
            None => missing(
                format!(
                    "the app {verb} with the identity `{}`, which is not attached to it",
                    id.name()
                ),
                "attach that identity to the app: `.identity(Identity::user([&identity]))`",
            ),
        },
    }
}

/// Of several attached identities, those whose client id the app waits for.
fn waited_for<'a>(steps: &Steps<'_, 'a>, attached: Vec<Node<'a>>) -> Vec<Node<'a>> {
    let path = "properties.siteConfig.acrUserManagedIdentityID";
    let Some(Value::Unknown(waits)) = steps.app.node.value(path) else {
        return attached;
    };
    let is_named = |node: &Node<'a>| {
        let place = node.called();
        waits
            .iter()
            .any(|wait| wait.split(':').next() == Some(place.as_str()))
    };
    let named: Vec<_> = attached.iter().copied().filter(is_named).collect();
    if named.is_empty() { attached } else { named }
}

/// LZ2013 and LZ2018.
fn role<'a>(steps: &mut Steps<'_, 'a>, registry: Node<'a>, owners: &[Node<'a>]) {
    if registry.is_unknown(ABAC) {
        steps.open(HopKind::Role, "`roleAssignmentMode` is known");
        return;
    }
    let by_repository = registry.says(ABAC, &["AbacRepositoryPermissions"]);
    let given = assignments(steps, registry, owners);
    let pulls = |given: &Given<'a>| may_pull(given.node, by_repository);
    // Each of several possible identities must be able to pull.
    let sure = |owner: &Node<'a>| {
        given
            .iter()
            .any(|given| given.to == Some(owner.at) && pulls(given) == Some(true))
    };
    if owners.iter().all(sure) {
        if let Some(given) = given.iter().find(|given| pulls(given) == Some(true)) {
            steps.on(given.node);
        }
        steps.holds(
            HopKind::Role,
            format!("a role on {} lets it pull", registry.called()),
        );
        return;
    }
    let maybe = |given: &Given<'a>| pulls(given) != Some(false);
    if given.iter().any(maybe) {
        steps.open(
            HopKind::Role,
            "the principal and the role of an assignment are known",
        );
        return;
    }
    let classic = |given: &&Given<'a>| {
        role_of(given.node).is_some_and(|role| ["AcrPull", "AcrPush"].contains(&role.name))
    };
    if let Some(given) = given.iter().find(classic).filter(|_| by_repository) {
        let breach = Violation {
            code: "LZ2018",
            is_certain: true,
            at: given.node,
            message: format!(
                "the registry {} assigns roles by repository, and ignores AcrPull and AcrPush",
                registry.called()
            ),
            fix: "give Container Registry Repository Reader instead: `Role::RepositoryReader`"
                .to_owned(),
            related: vec![
                (registry, "set to roles by repository here"),
                (steps.app.node, "the app that pulls"),
            ],
        };
        steps.broken(HopKind::Role, breach);
        return;
    }
    let fitting = if by_repository {
        "RepositoryReader"
    } else {
        "AcrPull"
    };
    let mut related = vec![(registry, "the registry")];
    let others = owners.iter().filter(|owner| owner.at != steps.app.node.at);
    related.extend(others.map(|owner| (*owner, "the identity that pulls")));
    let breach = Violation {
        code: "LZ2013",
        is_certain: true,
        at: steps.app.node,
        message: format!(
            "the identity that the app pulls with has no role on the registry {}",
            registry.called()
        ),
        fix: format!(
            "give it the role: `RoleAssignment::builder(&registry, ..).role(Role::{fitting}).principal(..)`"
        ),
        related,
    };
    steps.broken(HopKind::Role, breach);
}

/// A role assignment that covers a resource.
pub(super) struct Given<'a> {
    pub(super) node: Node<'a>,
    /// The position of whose identity it is given to; none for a literal principal.
    pub(super) to: Option<usize>,
}

/// Assignments on the scope or above that are given to one of the owners, or to
/// somebody who may be one of them.
pub(super) fn assignments<'a>(
    steps: &Steps<'_, 'a>,
    scope: Node<'a>,
    owners: &[Node<'a>],
) -> Vec<Given<'a>> {
    let Some(id) = scope.id() else {
        return Vec::new();
    };
    let model = steps.model;
    let covers = |given: &Given<'a>| given.node.parent().is_none_or(|above| id.is_within(&above));
    let to_owners = owners.iter().flat_map(|owner| {
        let to = Some(owner.at);
        model
            .grants_to(owner.at)
            .map(move |node| Given { node, to })
    });
    // A literal principal may be anybody.
    let to_anybody = model
        .grants_to_anybody()
        .map(|node| Given { node, to: None });
    to_owners.chain(to_anybody).filter(covers).collect()
}

/// Whether a role pulls; none for one that is not known here.
fn may_pull(assignment: Node<'_>, by_repository: bool) -> Option<bool> {
    Some(match role_of(assignment)?.pulls {
        Pulls::Whole => !by_repository,
        Pulls::ByRepository => by_repository,
        Pulls::Never => false,
    })
}

/// The role that an assignment gives; none for one that is not known here.
pub(super) fn role_of(assignment: Node<'_>) -> Option<&'static NamedRole> {
    NamedRole::of_definition(assignment.text("properties.roleDefinitionId")?)
}

/// LZ2014, LZ2051 and LZ2052.
fn by_password<'a>(steps: &mut Steps<'_, 'a>, registry: Node<'a>, host: Option<&str>) {
    let user = steps.app.setting(USER);
    let user = match (&user, user.text()) {
        (Known::Pending, _) => {
            steps.open(HopKind::Credentials, format!("`{USER}` is known"));
            return;
        }
        (_, Some(user)) => user,
        (_, None) => {
            anonymous(steps, registry);
            return;
        }
    };
    if let Some(message) = incomplete(steps, host) {
        let breach = Violation {
            code: "LZ2051",
            is_certain: true,
            at: steps.app.node,
            message,
            fix: "set `DOCKER_REGISTRY_SERVER_URL`, `_USERNAME` and `_PASSWORD` of the registry that the image is in, or pull with an identity".to_owned(),
            related: vec![(registry, "the registry of the image")],
        };
        steps.broken(HopKind::Credentials, breach);
        return;
    }
    let name = registry
        .id()
        .map(|id| id.name().to_owned())
        .unwrap_or_default();
    if !user.eq_ignore_ascii_case(&name) {
        steps.open(
            HopKind::Credentials,
            "somebody looks at the service principal that signs in",
        );
        return;
    }
    match registry.switch("properties.adminUserEnabled") {
        Some(true) => steps.open(
            HopKind::Credentials,
            "the password can be compared with the admin user's",
        ),
        None => steps.open(HopKind::Credentials, "`adminUserEnabled` is known"),
        Some(false) => {
            let breach = Violation {
                code: "LZ2052",
                is_certain: true,
                at: steps.app.node,
                message: format!("the app signs in as the admin user of the registry {}, which is not enabled", registry.called()),
                fix: "enable it: `.admin_user_enabled(true)`; or pull with an identity, without a password".to_owned(),
                related: vec![(registry, "the admin user is off here")],
            };
            steps.broken(HopKind::Credentials, breach);
        }
    }
}

fn anonymous<'a>(steps: &mut Steps<'_, 'a>, registry: Node<'a>) {
    match registry.switch("properties.anonymousPullEnabled") {
        Some(true) => steps.holds(HopKind::Credentials, "the registry lets everybody pull"),
        None => steps.open(HopKind::Credentials, "`anonymousPullEnabled` is known"),
        Some(false) => {
            let breach = Violation {
                code: "LZ2014",
                is_certain: true,
                at: steps.app.node,
                message: format!("the app has no way to sign in to the registry {}", registry.called()),
                fix: "let it pull with its identity: `acrUseManagedIdentityCreds`, and the role AcrPull".to_owned(),
                related: vec![(registry, "the registry of the image")],
            };
            steps.broken(HopKind::Credentials, breach);
        }
    }
}

/// What is wrong with address and password, as far as that is known.
fn incomplete(steps: &Steps<'_, '_>, host: Option<&str>) -> Option<String> {
    let url = steps.app.setting("DOCKER_REGISTRY_SERVER_URL");
    let password = steps.app.setting("DOCKER_REGISTRY_SERVER_PASSWORD");
    let server = url.text().map(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    });
    match (server, host) {
        (None, _) if !url.is_pending() => {
            Some("the app has a registry user, but no `DOCKER_REGISTRY_SERVER_URL`".to_owned())
        }
        (Some(server), Some(host)) if !server.eq_ignore_ascii_case(host) => Some(format!(
            "the app's registry credentials are for `{server}`, but its image is on `{host}`"
        )),
        _ if password == Known::Absent => {
            Some("the app has a registry user, but no `DOCKER_REGISTRY_SERVER_PASSWORD`".to_owned())
        }
        _ => None,
    }
}
