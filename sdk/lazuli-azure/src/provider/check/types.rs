//! Checks of single types.

use std::collections::BTreeSet;

use ipnet::IpNet;
use lazuli_arm::{ResourceId, Uuid};
use lazuli_core::Value;

use super::Findings;

const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";

/// Type, input path, and the type that the id there must have.
const REFERENCES: [(&str, &str, &str); 5] = [
    (
        "Microsoft.Network/privateEndpoints",
        "properties.subnet.id",
        SUBNET,
    ),
    (
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "properties.virtualNetwork.id",
        NETWORK,
    ),
    (
        "Microsoft.Web/sites",
        "properties.virtualNetworkSubnetId",
        SUBNET,
    ),
    (
        "Microsoft.Web/sites",
        "properties.serverFarmId",
        "Microsoft.Web/serverfarms",
    ),
    (
        "Microsoft.Web/sites",
        "properties.keyVaultReferenceIdentity",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
    ),
];

pub(super) fn check(findings: &mut Findings<'_>) {
    references(findings);
    match findings.ty() {
        ty if ty.eq_ignore_ascii_case(NETWORK) => {
            ranges(findings, "properties.addressSpace.addressPrefixes");
        }
        ty if ty.eq_ignore_ascii_case(SUBNET) => subnet(findings),
        ty if ty.eq_ignore_ascii_case("Microsoft.Web/sites") => site(findings),
        ty if ty.eq_ignore_ascii_case("Microsoft.Authorization/roleAssignments") => role(findings),
        _ => {}
    }
}

/// LZ1008 for ids inside of the inputs.
fn references(findings: &mut Findings<'_>) {
    for (ty, path, expected) in REFERENCES {
        let Some(id) = findings
            .text(path)
            .filter(|id| findings.is(ty) && !id.is_empty())
        else {
            continue;
        };
        // App Service takes the bare name of a plan, and this word for the system's own identity.
        let bare = !id.contains('/')
            && (path.ends_with("serverFarmId") || id.eq_ignore_ascii_case("SystemAssigned"));
        let found = ResourceId::parse(id).map(|id| id.resource_type());
        if !bare
            && !found
                .as_ref()
                .is_ok_and(|found| found.eq_ignore_ascii_case(expected))
        {
            let found = found.map_or_else(
                |_| "no resource id".to_owned(),
                |found| format!("the id of a {found}"),
            );
            findings.error(
                "LZ1008",
                format!("`{path}` is `{id}`, which is {found}"),
                format!("give the id of a {expected}"),
            );
        }
    }
}

/// LZ1005.
fn ranges(findings: &mut Findings<'_>, path: &str) -> Vec<IpNet> {
    let mut good = Vec::new();
    for text in findings.texts(path).collect::<Vec<_>>() {
        good.extend(range(findings, path, text));
    }
    good
}

fn range(findings: &mut Findings<'_>, path: &str, text: &str) -> Option<IpNet> {
    let Ok(range) = text.parse::<IpNet>() else {
        let message = format!("`{path}` holds `{text}`, which is not an address range");
        findings.error(
            "LZ1005",
            message,
            "write address and length of the mask, for example `10.0.0.0/16`",
        );
        return None;
    };
    let whole = range.trunc();
    if whole != range {
        let message = format!("`{path}` holds `{text}`, which has bits set behind its mask");
        findings.error("LZ1005", message, format!("write `{whole}`"));
        return None;
    }
    Some(range)
}

/// LZ1005 and LZ1006. Azure keeps 5 addresses of a subnet for itself.
fn subnet(findings: &mut Findings<'_>) {
    let mut all = ranges(findings, "properties.addressPrefixes");
    if let Some(text) = findings.text("properties.addressPrefix") {
        all.extend(range(findings, "properties.addressPrefix", text));
    }
    for range in all {
        let fits = match range {
            IpNet::V4(range) => (2..=29).contains(&range.prefix_len()),
            IpNet::V6(range) => range.prefix_len() == 64,
        };
        if !fits {
            let message =
                format!("the subnet's range `{range}` has a size that Azure does not take");
            findings.error(
                "LZ1006",
                message,
                "an IPv4 subnet is /29 at least, an IPv6 subnet exactly /64",
            );
        }
    }
}

fn site(findings: &mut Findings<'_>) {
    for member in ["linuxFxVersion", "windowsFxVersion"] {
        let path = format!("properties.siteConfig.{member}");
        let image = findings.text(&path).and_then(|text| text.split_once('|'));
        let Some((_, image)) = image.filter(|(kind, _)| kind.eq_ignore_ascii_case("DOCKER")) else {
            continue;
        };
        if let Some((scheme, rest)) = image.split_once("://") {
            let message = format!("`{path}` names the image with a scheme, `{scheme}://`");
            findings.error("LZ1007", message, format!("write `DOCKER|{rest}`"));
        } else if image.trim().is_empty() {
            findings.error(
                "LZ1007",
                format!("`{path}` names no image"),
                "write `DOCKER|host/repository:tag`",
            );
        }
    }
    pulling_identity(findings);
    settings(findings);
}

/// LZ1010.
fn pulling_identity(findings: &mut Findings<'_>) {
    let path = "properties.siteConfig.acrUserManagedIdentityID";
    let Some(identity) = findings.text(path).filter(|identity| !identity.is_empty()) else {
        return;
    };
    if Uuid::try_parse(identity).is_err() {
        let message = format!("`{path}` is `{identity}`, which is not a client id");
        findings.error("LZ1010", message, "give the identity's client id (a GUID), not its resource id; leave it out for the system's own identity");
    }
}

/// LZ1014.
fn settings(findings: &mut Findings<'_>) {
    let path = "properties.siteConfig.appSettings";
    let list = findings
        .desired
        .inputs
        .at(path)
        .and_then(Value::as_list)
        .unwrap_or_default();
    let mut names = BTreeSet::new();
    for entry in list {
        let Some(name) = entry.at("name").filter(|name| !name.contains_unknown()) else {
            continue;
        };
        match name.as_str().filter(|name| !name.is_empty()) {
            None => findings.error(
                "LZ1014",
                format!("`{path}` has a setting without a name"),
                "name it",
            ),
            Some(name) if !names.insert(name.to_ascii_uppercase()) => {
                let message = format!("the app setting `{name}` is there twice");
                findings.error(
                    "LZ1014",
                    message,
                    "names of app settings differ by more than case: keep one",
                );
            }
            Some(_) => {}
        }
    }
}

/// LZ1009.
fn role(findings: &mut Findings<'_>) {
    if let Some(principal) = findings.text("properties.principalId")
        && Uuid::try_parse(principal).is_err()
    {
        let message =
            format!("`properties.principalId` is `{principal}`, which is not an object id");
        findings.error("LZ1009", message, "give the object id of the identity's principal (a GUID), not its resource id nor its client id");
    }
    if let Some(role) = findings.text("properties.roleDefinitionId")
        && !is_role(role)
    {
        let message =
            format!("`properties.roleDefinitionId` is `{role}`, which is not the id of a role");
        findings.error(
            "LZ1009",
            message,
            "give `/subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{guid}`",
        );
    }
    if let Some(name) = findings
        .desired
        .id
        .as_deref()
        .and_then(|id| id.rsplit('/').next())
        && Uuid::try_parse(name).is_err()
    {
        let message = format!("`{name}` cannot be the name of a role assignment");
        findings.error("LZ1009", message, "Azure wants a GUID: leave the name out, and one that follows from scope, role and principal is taken");
    }
    let kinds = [
        "User",
        "Group",
        "ServicePrincipal",
        "ForeignGroup",
        "Device",
    ];
    if let Some(kind) = findings.text("properties.principalType")
        && !kinds.iter().any(|known| known.eq_ignore_ascii_case(kind))
    {
        let message = format!("`properties.principalType` is `{kind}`");
        findings.error(
            "LZ1009",
            message,
            format!("write one of {}", kinds.join(", ")),
        );
    }
}

fn is_role(id: &str) -> bool {
    let ty = "Microsoft.Authorization/roleDefinitions";
    ResourceId::parse(id).is_ok_and(|id| {
        id.resource_type().eq_ignore_ascii_case(ty) && Uuid::try_parse(id.name()).is_ok()
    })
}

/// LZ1002, LZ1008, LZ1011 and LZ1012: an image build is no resource of ARM.
pub(super) fn image_build(findings: &mut Findings<'_>) {
    for member in ["registryId", "image", "context"] {
        if findings.desired.inputs.at(member).is_none() {
            findings.error(
                "LZ1002",
                format!("`{member}` is missing: an image cannot be built without it"),
                format!("set `{member}`"),
            );
        }
    }
    if let Some(id) = findings.text("registryId") {
        let registry = "Microsoft.ContainerRegistry/registries";
        if !ResourceId::parse(id).is_ok_and(|id| id.resource_type().eq_ignore_ascii_case(registry))
        {
            findings.error(
                "LZ1008",
                format!("`registryId` is `{id}`, which is no registry"),
                format!("give the id of a {registry}"),
            );
        }
    }
    if let Some(image) = findings.text("image").filter(|image| !is_image(image)) {
        let message = format!("`{image}` is not an image name");
        findings.error(
            "LZ1011",
            message,
            "write `repository:tag`: a repository in lower case, without host, and a tag",
        );
    }
    if let Some(Value::String(context)) = findings.known("context") {
        let path = std::path::Path::new(context);
        let leaves = path.components().any(|part| {
            !matches!(
                part,
                std::path::Component::Normal(_) | std::path::Component::CurDir
            )
        });
        if context.trim().is_empty() || leaves {
            let message =
                format!("the build context `{context}` is not a folder below the program's");
            findings.error(
                "LZ1012",
                message,
                "name a folder relative to the program's, without `..`",
            );
        }
    }
}

/// `repository:tag` (OCI distribution specification).
fn is_image(image: &str) -> bool {
    let Some((repository, tag)) = image.rsplit_once(':') else {
        return false;
    };
    let part = |part: &str| {
        let edge = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        !part.is_empty()
            && part.starts_with(edge)
            && part.ends_with(edge)
            && part
                .chars()
                .all(|letter| edge(letter) || "._-".contains(letter))
    };
    let tag_letter = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    repository.len() <= 255
        && repository.split('/').all(part)
        && (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.chars().all(tag_letter)
}
