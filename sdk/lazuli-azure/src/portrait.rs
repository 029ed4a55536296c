//! What a picture of a topology shows of Azure: groups, networks and subnets as
//! boxes with what lies in them, and kinds by their common names.
//!
//! Called through [`lazuli_core::Provider::portray`]. Pure over the declarations.

use std::collections::HashMap;

use lazuli_arm::ResourceId;
use lazuli_core::{Declared, Look, Tone, Value};

use crate::resources::{Role, existing};

/// Type, common name, what it is for.
const KINDS: [(&str, &str, Tone); 33] = [
    (
        "Microsoft.Authorization/roleAssignments",
        "role assignment",
        Tone::Identity,
    ),
    (
        "Microsoft.ContainerRegistry/registries",
        "container registry",
        Tone::Storage,
    ),
    (
        "Microsoft.ContainerRegistry/registries/agentPools",
        "agent pool",
        Tone::Compute,
    ),
    (
        "Microsoft.ContainerRegistry/registries/replications",
        "replication",
        Tone::Storage,
    ),
    (
        "Microsoft.ContainerRegistry/registries/scopeMaps",
        "scope map",
        Tone::Identity,
    ),
    (
        "Microsoft.ContainerRegistry/registries/tokens",
        "token",
        Tone::Identity,
    ),
    ("Microsoft.KeyVault/vaults", "key vault", Tone::Storage),
    (
        "Microsoft.KeyVault/vaults/secrets",
        "secret",
        Tone::Identity,
    ),
    (
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "managed identity",
        Tone::Identity,
    ),
    (
        "Microsoft.Network/natGateways",
        "NAT gateway",
        Tone::Network,
    ),
    (
        "Microsoft.Network/networkSecurityGroups",
        "network security group",
        Tone::Network,
    ),
    (
        "Microsoft.Network/privateDnsZones",
        "private DNS zone",
        Tone::Names,
    ),
    (
        "Microsoft.Network/privateDnsZones/A",
        "A record",
        Tone::Names,
    ),
    (
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "network link",
        Tone::Names,
    ),
    (
        "Microsoft.Network/privateEndpoints",
        "private endpoint",
        Tone::Network,
    ),
    (
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "DNS zone group",
        Tone::Names,
    ),
    (
        "Microsoft.Network/publicIPAddresses",
        "public IP address",
        Tone::Network,
    ),
    (
        "Microsoft.Network/routeTables",
        "route table",
        Tone::Network,
    ),
    (
        "Microsoft.Network/virtualNetworks",
        "virtual network",
        Tone::Network,
    ),
    (
        "Microsoft.Network/virtualNetworks/subnets",
        "subnet",
        Tone::Network,
    ),
    (
        "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
        "peering",
        Tone::Network,
    ),
    (
        "Microsoft.Resources/resourceGroups",
        "resource group",
        Tone::Group,
    ),
    (
        "Microsoft.Storage/storageAccounts",
        "storage account",
        Tone::Storage,
    ),
    (
        "Microsoft.Web/serverfarms",
        "App Service plan",
        Tone::Compute,
    ),
    ("Microsoft.Web/sites", "web app", Tone::Compute),
    ("Microsoft.Web/sites/config", "configuration", Tone::Compute),
    ("Microsoft.Web/sites/slots", "slot", Tone::Compute),
    ("Lazuli.Azure/imageBuilds", "image build", Tone::Deed),
    ("Lazuli.Azure/imageImports", "image import", Tone::Deed),
    ("Lazuli.Azure/imagePushes", "image push", Tone::Deed),
    (
        "Lazuli.Azure/registryCredentials",
        "admin credentials",
        Tone::Identity,
    ),
    ("Lazuli.Azure/registryLocks", "lock-down", Tone::Deed),
    ("Lazuli.Azure/slotSwaps", "slot swap", Tone::Deed),
];

/// Types that are boxes even when nothing is in them.
const ROOMS: [&str; 3] = [
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/subnets",
];

/// What matters, whatever the type: a name for it, and the paths where it may stand.
const FACTS: [(&str, &[&str]); 17] = [
    (
        "range",
        &[
            "properties.addressPrefix",
            "properties.addressPrefixes",
            "properties.addressSpace.addressPrefixes",
        ],
    ),
    ("size", &["sku.name"]),
    ("location", &["location"]),
    (
        "image",
        &[
            "properties.siteConfig.linuxFxVersion",
            "properties.siteConfig.windowsFxVersion",
            "image",
        ],
    ),
    ("public access", &["properties.publicNetworkAccess"]),
    (
        "delegated to",
        &["properties.delegations.0.properties.serviceName"],
    ),
    (
        "service",
        &[
            "properties.privateLinkServiceConnections.0.properties.groupIds",
            "properties.manualPrivateLinkServiceConnections.0.properties.groupIds",
        ],
    ),
    ("identity", &["identity.type"]),
    (
        "pull over the network",
        &[
            "properties.outboundVnetRouting.imagePullTraffic",
            "properties.vnetImagePullEnabled",
        ],
    ),
    (
        "all traffic over the network",
        &["properties.outboundVnetRouting.allTraffic"],
    ),
    ("DNS servers", &["properties.dhcpOptions.dnsServers"]),
    ("admin user", &["properties.adminUserEnabled"]),
    ("roles decide", &["properties.enableRbacAuthorization"]),
    ("registration", &["properties.registrationEnabled"]),
    ("kind", &["kind"]),
    ("principal type", &["properties.principalType"]),
    ("from", &["source", "context"]),
];

/// Paths of the resource that something was asked of, or made for.
const BELONGS: [&str; 2] = ["registryId", "resourceId"];

pub(crate) fn portray(declared: &[Declared]) -> Vec<Look> {
    let by_id = declared.iter().enumerate().rev().filter_map(|(at, one)| {
        let id = one.desired.id.as_deref()?;
        Some((ResourceId::parse(id).ok()?, at))
    });
    let by_id: HashMap<ResourceId, usize> = by_id.collect();
    let looks = declared.iter().enumerate();
    let looks = looks.map(|(at, one)| look(one, within(at, one, &by_id)));
    looks.collect()
}

/// The type of what exists without the program is among its inputs.
fn ty(declared: &Declared) -> &str {
    let own = declared.desired.urn.ty();
    match own == existing::TYPE {
        true => text(declared, "type").unwrap_or(own),
        false => own,
    }
}

fn text<'a>(declared: &'a Declared, path: &str) -> Option<&'a str> {
    match declared.desired.inputs.at(path)? {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// The declared resource that one lies in: an endpoint in its subnet, what was
/// asked of a resource in that, and everything else in what is above its id.
fn within(at: usize, declared: &Declared, by_id: &HashMap<ResourceId, usize>) -> Option<usize> {
    let named = |path: &str| ResourceId::parse(text(declared, path)?).ok();
    let find = |id: ResourceId| by_id.get(&id).copied().filter(|found| *found != at);
    let is_endpoint = ty(declared).eq_ignore_ascii_case("Microsoft.Network/privateEndpoints");
    let subnet = is_endpoint.then(|| named("properties.subnet.id")).flatten();
    let belongs = BELONGS.into_iter().filter_map(named);
    if let Some(found) = subnet.into_iter().chain(belongs).find_map(find) {
        return Some(found);
    }
    let mut above = ResourceId::parse(declared.desired.id.as_deref()?)
        .ok()?
        .parent();
    while let Some(id) = above {
        above = id.parent();
        if let Some(found) = find(id) {
            return Some(found);
        }
    }
    None
}

fn look(declared: &Declared, within: Option<usize>) -> Look {
    let ty = ty(declared);
    let known = KINDS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(ty));
    let (mut kind, tone) = match known {
        Some((_, kind, tone)) => ((*kind).to_owned(), *tone),
        None => (words(ty), Tone::Plain),
    };
    let is_function = text(declared, "kind").is_some_and(|kind| kind.contains("functionapp"));
    if is_function && kind == "web app" {
        "function app".clone_into(&mut kind);
    }
    if ty.eq_ignore_ascii_case("Microsoft.Authorization/roleAssignments") {
        kind = role(declared).unwrap_or(kind);
    }
    let facts = FACTS.iter().filter_map(|(name, paths)| {
        let value = paths
            .iter()
            .find_map(|path| plain(declared.desired.inputs.at(path)?));
        Some(((*name).to_owned(), value?))
    });
    let facts: Vec<(String, String)> = facts.collect();
    let captions: &[&str] = match tone {
        Tone::Group => &["location"],
        _ => &["range", "size", "service"],
    };
    let caption = facts
        .iter()
        .find(|(name, _)| captions.contains(&name.as_str()));
    Look {
        kind,
        tone,
        caption: caption.map(|(_, value)| value.clone()).unwrap_or_default(),
        within,
        is_room: ROOMS.iter().any(|room| room.eq_ignore_ascii_case(ty)),
        facts,
    }
}

/// `role AcrPull`, where the role is one that has a name here.
fn role(declared: &Declared) -> Option<String> {
    let guid = text(declared, "properties.roleDefinitionId")?
        .rsplit('/')
        .next()?;
    let named = [
        Role::AcrPull,
        Role::AcrPush,
        Role::AcrDelete,
        Role::RepositoryReader,
        Role::RepositoryWriter,
        Role::KeyVaultSecretsUser,
        Role::StorageBlobDataReader,
        Role::StorageBlobDataContributor,
        Role::StorageBlobDataOwner,
        Role::StorageQueueDataContributor,
        Role::Reader,
        Role::Contributor,
    ];
    let role = named
        .iter()
        .find(|role| role.guid().eq_ignore_ascii_case(guid))?;
    Some(format!("role {role:?}"))
}

/// The last segment of a type in words: `Microsoft.X/flexibleServers` is a `flexible servers`.
fn words(ty: &str) -> String {
    let last = ty.rsplit(['/', ':', '.']).next().unwrap_or(ty);
    let mut words = String::new();
    let mut before = ' ';
    for letter in last.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(match before {
            ' ' => vec![letter],
            _ => letter.to_lowercase().collect(),
        });
        before = letter;
    }
    words
}

/// A value that is known and no secret, in a few words.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::List(list) if !list.is_empty() => {
            let items: Option<Vec<String>> = list.iter().map(plain).collect();
            Some(items?.join(", "))
        }
        _ => None,
    }
}
