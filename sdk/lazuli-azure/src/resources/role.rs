//! Sugar of role assignments: roles by name, principals by their handles.

use lazuli_core::{Input, Output};

use crate::generated::{
    FunctionApp, PrincipalType, Registry, UserAssignedIdentity, WebApp, WebAppSlot,
};
use crate::ids::PrincipalId;
use crate::resources::Declaration;

/// Declares the built-in roles that have a name here, with what the rules ask of them.
macro_rules! roles {
    ($($(#[$meta:meta])* $name:ident = $guid:literal, pulls: $pulls:ident, reads_secrets: $reads:literal;)*) => {
        /// A built-in role, or any other.
        ///
        /// GUIDs are those of Azure's list of built-in roles, the same in every tenant
        /// and cloud.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Role {
            $($(#[$meta])* $name,)*
            /// A role by its GUID.
            Other(String),
        }

        impl Role {
            /// The GUID of the role's definition.
            pub fn guid(&self) -> &str {
                match self {
                    $(Self::$name => $guid,)*
                    Self::Other(guid) => guid,
                }
            }
        }

        /// Every role that has a name here.
        static NAMED: &[NamedRole] = &[$(NamedRole {
            name: stringify!($name),
            guid: $guid,
            pulls: Pulls::$pulls,
            reads_secrets: $reads,
        },)*];
    };
}

roles! {
    /// Pull images from a registry.
    AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d", pulls: Whole, reads_secrets: false;
    /// Pull and push images.
    AcrPush = "8311e382-0749-4cb8-b61a-304f252e45ec", pulls: Whole, reads_secrets: false;
    /// Delete images.
    AcrDelete = "c2f4ef07-c644-48eb-af81-4b1b4947fb11", pulls: Never, reads_secrets: false;
    /// Read single repositories, where the registry assigns roles by repository.
    RepositoryReader = "b93aa761-3e63-49ed-ac28-beffa264f7ac", pulls: ByRepository, reads_secrets: false;
    /// Read and write single repositories, where the registry assigns roles by repository.
    RepositoryWriter = "2a1e307c-b015-4ebd-883e-5b7698a07328", pulls: ByRepository, reads_secrets: false;
    /// Read secrets of a key vault.
    KeyVaultSecretsUser = "4633458b-17de-408a-b874-0445c86b69e6", pulls: Never, reads_secrets: true;
    /// Read blobs.
    StorageBlobDataReader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", pulls: Never, reads_secrets: false;
    /// Read and write blobs.
    StorageBlobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", pulls: Never, reads_secrets: false;
    /// Read, write and own blobs: what a function app needs of its storage.
    StorageBlobDataOwner = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", pulls: Never, reads_secrets: false;
    /// Read and write messages of queues.
    StorageQueueDataContributor = "974c5e8b-45b9-4653-ba55-5f855dd0fb88", pulls: Never, reads_secrets: false;
    /// See everything, change nothing.
    Reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7", pulls: Whole, reads_secrets: false;
    /// Change everything but access.
    Contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c", pulls: Whole, reads_secrets: false;
}

/// A role that has a name here, and what it lets its holder do.
#[derive(Debug)]
pub(crate) struct NamedRole {
    /// The variant of [`Role`].
    pub(crate) name: &'static str,
    guid: &'static str,
    /// Whether it lets pull images.
    pub(crate) pulls: Pulls,
    /// Whether it lets read secrets of key vaults.
    pub(crate) reads_secrets: bool,
}

/// Whether a role lets pull images from a registry (registry documentation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pulls {
    /// From all of a registry, unless the registry assigns roles by repository.
    Whole,
    /// From a registry that assigns roles by repository.
    ByRepository,
    /// From none.
    Never,
}

impl NamedRole {
    /// The role of a definition's id; none for one that has no name here.
    pub(crate) fn of_definition(id: &str) -> Option<&'static Self> {
        let guid = id.rsplit('/').next().unwrap_or_default();
        NAMED
            .iter()
            .find(|role| role.guid.eq_ignore_ascii_case(guid))
    }
}

/// Who a role is given to.
#[derive(Clone)]
pub struct Principal {
    id: Input<PrincipalId>,
    /// The id of the resource whose identity it is; known before the principal is.
    owner: Option<Output<String>>,
}

/// Conversion into the one who is given a role.
#[diagnostic::on_unimplemented(
    message = "a role cannot be given to `{Self}`",
    label = "this has no identity",
    note = "pass an app with a system identity (`&app`), a user-assigned identity (`&identity`), or a `PrincipalId`"
)]
pub trait IntoPrincipal {
    /// Converts.
    fn into_principal(self) -> Principal;
}

impl IntoPrincipal for Principal {
    fn into_principal(self) -> Principal {
        self
    }
}

macro_rules! owners {
    ($($name:ident),*) => {$(
        impl IntoPrincipal for &$name {
            fn into_principal(self) -> Principal {
                Principal {
                    id: Input::Output(self.principal_id()),
                    owner: Some(self.resource.id()),
                }
            }
        }
    )*};
}
owners!(
    WebApp,
    WebAppSlot,
    FunctionApp,
    UserAssignedIdentity,
    Registry
);

impl IntoPrincipal for PrincipalId {
    fn into_principal(self) -> Principal {
        Principal {
            id: Input::Value(self),
            owner: None,
        }
    }
}

impl IntoPrincipal for Output<PrincipalId> {
    fn into_principal(self) -> Principal {
        Principal {
            id: Input::Output(self),
            owner: None,
        }
    }
}

impl IntoPrincipal for &Output<PrincipalId> {
    fn into_principal(self) -> Principal {
        self.clone().into_principal()
    }
}

/// Sets role and principal, and the name: a GUID that follows from scope, role
/// and principal. The resource that owns the identity stands for the principal,
/// so the name is known before the identity exists.
pub(crate) fn assign(declaration: &mut Declaration, role: Role, principal: Principal) {
    let own = declaration.target().subscription();
    let scope = declaration.parent_id().cloned();
    let definition = scope.clone().unwrap_or_else(|| Output::of(own.clone()));
    let guid = role.guid().to_owned();
    let definition = definition.map(move |scope| definition_of(&scope, &own, &guid));
    let who = match principal.owner {
        Some(owner) => owner,
        None => {
            let id = principal.id.clone().into_output();
            id.map(|id| id.as_str().to_owned())
        }
    };
    if !declaration.is_renamed()
        && let Some(scope) = scope
    {
        let name = Output::all([scope, who, definition.clone()]).map(|parts| match &parts[..] {
            [scope, who, role] => lazuli_arm::role_assignment_name(scope, who, role).to_string(),
            _ => String::new(),
        });
        declaration.rename(name);
    }
    declaration.set::<String>("properties.roleDefinitionId", definition);
    declaration.set::<PrincipalId>("properties.principalId", principal.id);
    // Without it Azure looks the principal up, and may not find a new one for minutes.
    if !declaration.has("properties.principalType") {
        declaration.set("properties.principalType", PrincipalType::ServicePrincipal);
    }
}

/// The role's definition, seen from the subscription of the scope: a resource of
/// another subscription does not know the run's own.
fn definition_of(scope: &str, own: &str, guid: &str) -> String {
    let mut parts = scope.split('/').skip(1);
    let subscription = match (parts.next(), parts.next()) {
        (Some(word), Some(id)) if word.eq_ignore_ascii_case("subscriptions") => {
            format!("/subscriptions/{id}")
        }
        _ => own.to_owned(),
    };
    format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}")
}
