//! The way of a secret: an app setting that refers to Key Vault.
//!
//! `@Microsoft.KeyVault(SecretUri=https://name.vault.azure.net/secrets/x)` or
//! `@Microsoft.KeyVault(VaultName=name;SecretName=x)`; a reference that cannot be
//! read stays in the environment as it is (App Service documentation).

use lazuli_core::Value;

use super::app::App;
use super::credentials::{Given, Owners, assignments, owners, role_of};
use super::model::{Known, Model};
use super::private::{self, Codes, Exposure, final_exposure, public};
use super::subnet::subnet;
use super::target::Target;
use super::{Destination, HopKind, Steps, Violation, Walk};
use crate::generated::types;
use crate::verify::graph::Node;

const CODES: Codes = Codes {
    endpoint: "LZ2056",
    link: "LZ2056",
    records: "LZ2056",
};

/// A reference to a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) vault: String,
    pub(crate) secret: String,
    /// The vault's host, where the reference names it.
    pub(crate) host: Option<String>,
}

/// Whether a setting is meant as a reference, well-formed or not.
pub(crate) fn is_reference(value: &str) -> bool {
    value.trim_start().starts_with("@Microsoft.KeyVault(")
}

impl Reference {
    /// Reads either form.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let inner = value
            .trim()
            .strip_prefix("@Microsoft.KeyVault(")?
            .strip_suffix(')')?;
        let part = |key: &str| {
            inner.split(';').find_map(|part| {
                let (name, value) = part.split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case(key)
                    .then(|| value.trim().to_owned())
            })
        };
        if let Some(uri) = part("SecretUri") {
            let (host, path) = uri.strip_prefix("https://")?.split_once('/')?;
            let secret = path.strip_prefix("secrets/")?.split('/').next()?;
            let vault = host.split('.').next()?;
            let whole = !secret.is_empty() && !vault.is_empty();
            return whole.then(|| Self {
                vault: vault.to_owned(),
                secret: secret.to_owned(),
                host: Some(host.to_owned()),
            });
        }
        let (vault, secret) = (part("VaultName")?, part("SecretName")?);
        (!vault.is_empty() && !secret.is_empty()).then_some(Self {
            vault,
            secret,
            host: None,
        })
    }
}

pub(super) fn walks<'a>(model: &Model<'a>, app: &App<'a>) -> Vec<Walk> {
    let references = app.texts().filter(|(_, value)| is_reference(value));
    let references = references.filter_map(|(name, value)| Some((name, Reference::parse(value)?)));
    references
        .map(|(name, reference)| walk(model, app, name, reference))
        .collect()
}

fn walk<'a>(model: &Model<'a>, app: &App<'a>, setting: &str, reference: Reference) -> Walk {
    let mut steps = Steps::new(model, app);
    match model.graph.named(types::KEY_VAULT, &reference.vault) {
        None => steps.open(
            HopKind::Firewall,
            "somebody looks at the vault, which this program does not declare",
        ),
        Some(vault) => {
            steps.towards(vault);
            way(&mut steps, vault, &reference);
            allowed(&mut steps, vault);
            content(&mut steps, vault, &reference);
        }
    }
    steps.end(Destination::Read {
        setting: setting.to_owned(),
        vault: reference.vault,
        secret: reference.secret,
    })
}

fn way<'a>(steps: &mut Steps<'_, 'a>, vault: Node<'a>, reference: &Reference) {
    let Some(target) = Target::vault(vault, reference.host.as_deref()) else {
        return;
    };
    let exposure = final_exposure(steps.model, &target);
    if steps.app.is_windows() && exposure == Exposure::Closed {
        steps.broken(HopKind::Route, Violation {
            code: "LZ2058",
            is_certain: true,
            at: steps.app.node,
            message: format!("a Windows container reads no secrets over a network, and the vault {} is closed to the public one", target.called()),
            fix: "use a Linux container, or open the vault to the app's outbound addresses".to_owned(),
            related: vec![(vault, "closed to the public network here")],
        });
        return;
    }
    match subnet(steps) {
        Known::Is(network) => private::walk(steps, &target, &network, &CODES),
        Known::Pending => {}
        Known::Absent if exposure == Exposure::Closed => steps.broken(
            HopKind::Route,
            Violation {
                code: "LZ2056",
                is_certain: true,
                at: steps.app.node,
                message: format!(
                    "the vault {} is closed to the public network, and the app is in no other",
                    target.called()
                ),
                fix: "integrate the app into the network of the vault's private endpoint"
                    .to_owned(),
                related: vec![(vault, "closed to the public network here")],
            },
        ),
        Known::Absent => public(steps, exposure),
    }
}

/// LZ2054 and LZ2055.
fn allowed<'a>(steps: &mut Steps<'_, 'a>, vault: Node<'a>) {
    let named = super::model::walk(
        &steps.app.node.declared.desired.inputs,
        "properties.keyVaultReferenceIdentity",
    );
    match owners(steps, &named, "LZ2054", "reads secrets") {
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
            match vault.switch("properties.enableRbacAuthorization") {
                Some(true) => role(steps, vault, &owners),
                Some(false) => policy(steps, vault),
                None => steps.open(HopKind::Role, "`enableRbacAuthorization` is known"),
            }
        }
    }
}

fn role<'a>(steps: &mut Steps<'_, 'a>, vault: Node<'a>, owners: &[Node<'a>]) {
    let given = assignments(steps, vault, owners);
    // None for a role that is not known here.
    let reads = |given: &Given<'a>| role_of(given.node).map(|role| role.reads_secrets);
    if let Some(given) = given
        .iter()
        .find(|given| given.to.is_some() && reads(given) == Some(true))
    {
        steps.on(given.node);
        steps.holds(
            HopKind::Role,
            format!("a role on {} lets it read", vault.called()),
        );
    } else if given.iter().any(|given| reads(given) != Some(false)) {
        steps.open(
            HopKind::Role,
            "the principal and the role of an assignment are known",
        );
    } else {
        let fix = "give it the role: `RoleAssignment::builder(&vault, ..).role(Role::KeyVaultSecretsUser).principal(..)`";
        denied(steps, vault, fix);
    }
}

/// Access policies name principals, which are known later: one that reads secrets may be the app's.
fn policy<'a>(steps: &mut Steps<'_, 'a>, vault: Node<'a>) {
    let path = "properties.accessPolicies";
    let reads = |policy: &Value| {
        let secrets = policy.at("permissions.secrets").and_then(Value::as_list);
        let words = secrets.unwrap_or_default().iter().filter_map(Value::as_str);
        words
            .into_iter()
            .any(|word| word.eq_ignore_ascii_case("get") || word.eq_ignore_ascii_case("all"))
    };
    if matches!(vault.value(path), Some(Value::Unknown(_))) || vault.list(path).iter().any(reads) {
        steps.open(
            HopKind::Role,
            "the principals of the vault's access policies are known",
        );
        return;
    }
    denied(
        steps,
        vault,
        "add an access policy with the secret permission `get`, or use roles: `enableRbacAuthorization`",
    );
}

fn denied<'a>(steps: &mut Steps<'_, 'a>, vault: Node<'a>, fix: &str) {
    let breach = Violation {
        code: "LZ2055",
        is_certain: true,
        at: steps.app.node,
        message: format!(
            "the identity that the app reads secrets with may not read those of the vault {}",
            vault.called()
        ),
        fix: fix.to_owned(),
        related: vec![(vault, "the vault")],
    };
    steps.broken(HopKind::Role, breach);
}

/// LZ2057.
fn content<'a>(steps: &mut Steps<'_, 'a>, vault: Node<'a>, reference: &Reference) {
    let inside = vault.id();
    let inside = inside.iter();
    let mut secrets =
        inside.flat_map(|vault| steps.model.graph.children(vault, types::VAULT_SECRET));
    let found = secrets.find(|secret| {
        let id = secret.id();
        id.is_some_and(|id| id.name().eq_ignore_ascii_case(&reference.secret))
    });
    if let Some(secret) = found {
        steps.on(secret);
        steps.holds(
            HopKind::Content,
            format!("the secret `{}` is declared", reference.secret),
        );
        return;
    }
    let breach = Violation {
        code: "LZ2057",
        is_certain: false,
        at: steps.app.node,
        message: format!("a setting refers to the secret `{}` of the vault {}, which this program does not declare", reference.secret, vault.called()),
        fix: "declare the secret, or make sure that something else sets it: without it the app gets the reference itself".to_owned(),
        related: vec![(vault, "the vault")],
    };
    steps.broken(HopKind::Content, breach);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_reference_are_read() {
        for (text, expected) in [
            (
                "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)",
                Some(("v", "s")),
            ),
            (
                "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s/0123)",
                Some(("v", "s")),
            ),
            (
                "@Microsoft.KeyVault(VaultName=v;SecretName=s)",
                Some(("v", "s")),
            ),
            (
                "@Microsoft.KeyVault(VaultName=v;SecretName=s;SecretVersion=1)",
                Some(("v", "s")),
            ),
            ("@Microsoft.KeyVault(VaultName=v)", None),
            (
                "@Microsoft.KeyVault(SecretUri=http://v.vault.azure.net/secrets/s)",
                None,
            ),
            (
                "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/keys/s)",
                None,
            ),
            (
                "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s",
                None,
            ),
        ] {
            let found = Reference::parse(text);
            let found = found
                .as_ref()
                .map(|found| (found.vault.as_str(), found.secret.as_str()));
            assert_eq!(found, expected, "{text}");
            assert!(is_reference(text));
        }
    }
}
