//! The next step, for the failures that have a well-known one.

use crate::error::{ArmError, ArmErrorKind};

/// Error code (or a part of the message, for Entra's numbered errors) and what helps.
const BY_CODE: [(&str, &str); 17] = [
    (
        "AuthorizationFailed",
        "ask for a role on this scope that allows the action, such as Contributor (for role assignments: Role Based Access Control Administrator); a new assignment takes up to 10 minutes to count",
    ),
    (
        "LinkedAuthorizationFailed",
        "the identity also needs rights on the linked resource, for a subnet `Microsoft.Network/virtualNetworks/subnets/join/action` (Network Contributor)",
    ),
    (
        "InvalidAuthenticationToken",
        "the token was refused: check that AZURE_TENANT_ID is the tenant of this subscription and that the cloud is the right one",
    ),
    (
        "InvalidAuthenticationTokenTenant",
        "the token is of another tenant than the subscription: set AZURE_TENANT_ID, or sign in with `az login --tenant`",
    ),
    (
        "ExpiredAuthenticationToken",
        "the token has expired: check the clock of this machine, and sign in again",
    ),
    (
        "SubscriptionNotFound",
        "check AZURE_SUBSCRIPTION_ID, and that the identity may see that subscription",
    ),
    (
        "InvalidSubscriptionId",
        "AZURE_SUBSCRIPTION_ID must be the subscription's GUID, not its name",
    ),
    (
        "MissingSubscriptionRegistration",
        "the identity may not register providers: let an owner run `az provider register` for this namespace",
    ),
    (
        "ScopeLocked",
        "a management lock protects the resource or its group: remove the lock first",
    ),
    (
        "RequestDisallowedByPolicy",
        "an Azure Policy of the organisation forbids this: the details name the policy assignment",
    ),
    (
        "RoleAssignmentUpdateNotPermitted",
        "an assignment of this name exists for another principal: use another name",
    ),
    (
        "PrincipalNotFound",
        "send `principalType` with the assignment; a new identity takes a while to reach every replica",
    ),
    (
        "InUseSubnetCannotBeDeleted",
        "disconnect what uses the subnet; a service association link can outlive its web app by minutes",
    ),
    ("CannotDeleteResource", "delete the nested resources first"),
    (
        "NoRegisteredProviderFound",
        "check the API version and the location against those the provider offers",
    ),
    (
        "InvalidApiVersionParameter",
        "check the API version against those the provider offers",
    ),
    (
        "SkuNotAvailable",
        "choose another size or location, or ask for quota",
    ),
];

const BY_TEXT: [(&str, &str); 7] = [
    (
        "AADSTS7000215",
        "check AZURE_CLIENT_SECRET: it must be the secret's value, not its id",
    ),
    (
        "AADSTS7000222",
        "the client secret has expired: create a new one and set AZURE_CLIENT_SECRET",
    ),
    (
        "AADSTS700016",
        "check AZURE_CLIENT_ID and AZURE_TENANT_ID: the tenant does not know this application",
    ),
    (
        "AADSTS90002",
        "check AZURE_TENANT_ID: there is no such tenant",
    ),
    (
        "AADSTS900023",
        "check AZURE_TENANT_ID: it is neither a GUID nor a domain",
    ),
    (
        "AADSTS70021",
        "the federated credential of the application does not match this issuer, subject or audience",
    ),
    (
        "az login",
        "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    ),
];

impl ArmError {
    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let by_code = BY_CODE.iter().find(|(code, _)| self.has_code(code));
        let by_text = || BY_TEXT.iter().find(|(text, _)| self.says(text));
        match by_code.or_else(by_text) {
            Some((_, hint)) => Some((*hint).to_owned()),
            None => by_kind(self.kind()).map(str::to_owned),
        }
    }
}

fn by_kind(kind: ArmErrorKind) -> Option<&'static str> {
    Some(match kind {
        ArmErrorKind::Unreachable => {
            "is the endpoint up, and reachable from here (address, port, proxy, firewall)?"
        }
        ArmErrorKind::Tls => {
            "the certificate's authority is not trusted here: pass it with --ca-bundle"
        }
        ArmErrorKind::Unauthenticated => {
            "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
        }
        ArmErrorKind::Timeout | ArmErrorKind::Interrupted => {
            "run again: the present state is read before anything is repeated"
        }
        ArmErrorKind::Throttled => "run again later, or with less parallelism",
        ArmErrorKind::BadAnswer => {
            "something between here and Azure (a proxy, a firewall) may have answered: check the endpoint"
        }
        ArmErrorKind::ForeignUrl => {
            "the endpoint sends clients elsewhere: check that it is the resource manager of the cloud that is meant"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    #[test]
    fn well_known_failures_have_a_next_step() {
        let cases = [
            (
                ArmErrorKind::Unauthenticated,
                "AADSTS7000215: Invalid client secret provided.",
                "AZURE_CLIENT_SECRET",
            ),
            (
                ArmErrorKind::Unreachable,
                "connection refused",
                "is the endpoint up",
            ),
            (
                ArmErrorKind::Tls,
                "invalid peer certificate: UnknownIssuer",
                "--ca-bundle",
            ),
            (ArmErrorKind::Timeout, "no answer", "run again"),
        ];
        for (kind, message, expected) in cases {
            let hint = ArmError::new(kind, message)
                .about(Method::Put, "/x")
                .hint()
                .unwrap_or_default();
            assert!(hint.contains(expected), "{message}: {hint}");
        }
        let error = serde_json::json!({"code": "AuthorizationFailed", "message": "m"});
        assert!(
            ArmError::from_operation(false, &error)
                .hint()
                .unwrap_or_default()
                .contains("role")
        );
        assert_eq!(ArmError::new(ArmErrorKind::Rejected, "x").hint(), None);
    }
}
