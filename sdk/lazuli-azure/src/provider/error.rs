//! What an error of the protocol means to the engine, and what helps.

use lazuli_arm::{ArmError, ArmErrorKind};
use lazuli_core::{ProviderError, ProviderErrorKind};

/// Type (empty: any), code, a part of the message (empty: any), and what helps.
/// Codes and messages are Azure's own, as seen in its answers.
const HELP: [(&str, &str, &str, &str); 9] = [
    (
        "Microsoft.ContainerRegistry/registries",
        "AlreadyInUse",
        "",
        "registry names are unique in all of Azure: choose another with `.name(..)`",
    ),
    (
        "Microsoft.Web/sites",
        "Conflict",
        "already exists",
        "web app names are unique in all of Azure: choose another with `.name(..)`",
    ),
    (
        "Microsoft.Web/serverfarms",
        "Conflict",
        "cannot be deleted because",
        "the plan still has web apps that this program does not know: delete or move them first",
    ),
    (
        "",
        "InUseSubnetCannotBeDeleted",
        "",
        "something outside of this program may use the subnet; a service association link outlives its web app by minutes, so run again",
    ),
    (
        "",
        "CannotChangeSubnetOnExistingPrivateEndpoint",
        "",
        "the subnet of a private endpoint is fixed: replace the endpoint",
    ),
    (
        "",
        "NetcfgSubnetRangesOverlap",
        "",
        "another subnet of the network has these addresses: choose a free range",
    ),
    (
        "",
        "SubnetMissingRequiredDelegation",
        "",
        "a web app still uses the subnet: disconnect it before the delegation is taken away",
    ),
    (
        "",
        "RoleAssignmentUpdateNotPermitted",
        "",
        "the identity was recreated: delete the old assignment, or declare the new one under another name",
    ),
    (
        "Microsoft.Authorization/roleAssignments",
        "AuthorizationFailed",
        "",
        "giving roles needs `Microsoft.Authorization/roleAssignments/write`: ask for Role Based Access Control Administrator on this scope",
    ),
];

/// The engine's view of a failure on a resource of that type.
pub(super) fn of(ty: &str, error: &ArmError) -> ProviderError {
    let kind = match error.kind() {
        _ if error.may_have_been_applied() => ProviderErrorKind::Unknown,
        ArmErrorKind::Unauthenticated => ProviderErrorKind::Credentials,
        _ => ProviderErrorKind::Refused,
    };
    with_kind(ty, error, kind)
}

/// The same, where the resource was seen to be there and broken.
pub(super) fn unhealthy(ty: &str, error: &ArmError) -> ProviderError {
    with_kind(ty, error, ProviderErrorKind::Unhealthy)
}

fn with_kind(ty: &str, error: &ArmError, kind: ProviderErrorKind) -> ProviderError {
    let mut result = ProviderError::new(kind, error.to_string());
    result.code = error.code().map(str::to_owned);
    result.help = help(ty, error).map(str::to_owned).or_else(|| error.hint());
    result
}

fn help(ty: &str, error: &ArmError) -> Option<&'static str> {
    let row = HELP.iter().find(|(of, code, text, _)| {
        (of.is_empty() || of.eq_ignore_ascii_case(ty))
            && codes(error).any(|mine| mine.eq_ignore_ascii_case(code))
            && error.to_string().contains(text)
    });
    row.map(|(.., help)| *help)
}

/// All codes of an error, outermost first.
pub(super) fn codes(error: &ArmError) -> impl Iterator<Item = &str> {
    error
        .code()
        .into_iter()
        .chain(error.details().iter().map(|detail| detail.code.as_str()))
}

/// Whether the cloud could not be asked at all, as opposed to answering with a failure.
pub(super) fn keeps_from_asking(error: &ArmError) -> bool {
    matches!(
        error.kind(),
        ArmErrorKind::Unauthenticated
            | ArmErrorKind::Forbidden
            | ArmErrorKind::Unreachable
            | ArmErrorKind::Tls
            | ArmErrorKind::Timeout
            | ArmErrorKind::Interrupted
            | ArmErrorKind::Throttled
            | ArmErrorKind::Server
    )
}

/// A failure behind a write that was done: the resource is not as it was.
pub(super) fn in_doubt(mut error: ProviderError) -> ProviderError {
    if error.kind == ProviderErrorKind::Refused {
        error.kind = ProviderErrorKind::Unknown;
    }
    error
}

/// A refusal of the provider's own: nothing was sent.
pub(super) fn refused(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Refused, message)
}
