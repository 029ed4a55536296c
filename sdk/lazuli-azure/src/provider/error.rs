//! What an error of the protocol means to the engine, and what helps.

use lazuli_arm::{ArmError, ArmErrorKind, ResourceType};
use lazuli_core::{ProviderError, ProviderErrorKind};

use crate::generated::record;
use crate::record::Help;

/// What helps whatever the type; records have what helps with single types. Codes
/// and messages are Azure's own, as seen in its answers.
const HELP: [Help; 5] = [
    any(
        "InUseSubnetCannotBeDeleted",
        "something outside of this program may use the subnet; a service association link outlives its web app by minutes, so run again",
    ),
    any(
        "CannotChangeSubnetOnExistingPrivateEndpoint",
        "the subnet of a private endpoint is fixed: replace the endpoint",
    ),
    any(
        "NetcfgSubnetRangesOverlap",
        "another subnet of the network has these addresses: choose a free range",
    ),
    any(
        "SubnetMissingRequiredDelegation",
        "a web app still uses the subnet: disconnect it before the delegation is taken away",
    ),
    any(
        "RoleAssignmentUpdateNotPermitted",
        "the identity was recreated: delete the old assignment, or declare the new one under another name",
    ),
];

const fn any(code: &'static str, help: &'static str) -> Help {
    Help {
        code,
        text: "",
        help,
    }
}

/// The engine's view of a failure on a resource of that type.
pub(super) fn of<'a>(ty: impl Into<ResourceType<'a>>, error: &ArmError) -> ProviderError {
    let kind = match error.kind() {
        _ if error.may_have_been_applied() => ProviderErrorKind::Unknown,
        ArmErrorKind::Unauthenticated => ProviderErrorKind::Credentials,
        _ => ProviderErrorKind::Refused,
    };
    with_kind(ty.into(), error, kind)
}

/// The same, where the resource was seen to be there and broken.
pub(super) fn unhealthy(ty: ResourceType<'_>, error: &ArmError) -> ProviderError {
    with_kind(ty, error, ProviderErrorKind::Unhealthy)
}

fn with_kind(ty: ResourceType<'_>, error: &ArmError, kind: ProviderErrorKind) -> ProviderError {
    let mut result = ProviderError::new(kind, error.to_string());
    result.code = error.code().map(str::to_owned);
    result.help = help(ty, error).map(str::to_owned).or_else(|| error.hint());
    result
}

fn help(ty: ResourceType<'_>, error: &ArmError) -> Option<&'static str> {
    let of_type = record(ty).map_or(&[][..], |record| record.help);
    let mut known = of_type.iter().chain(&HELP);
    let fits = |known: &&Help| {
        codes(error).any(|code| code.eq_ignore_ascii_case(known.code))
            && error.to_string().contains(known.text)
    };
    known.find(fits).map(|known| known.help)
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
