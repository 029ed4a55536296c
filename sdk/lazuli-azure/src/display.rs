//! What a picture of a topology shows of Azure: groups, networks and subnets as
//! boxes with what lies in them, and kinds by their common names.
//!
//! Called through [`lazuli_core::Provider::display`]. Pure over the declarations.

use std::collections::HashMap;

use lazuli_arm::ResourceId;
use lazuli_core::{Category, DeclaredNode, NodeStyle, Value};

use crate::resources::{Role, existing};

/// Type, common name, what it is for.
const KINDS: [(&str, &str, Category); 33] = [
    (
        "Microsoft.Authorization/roleAssignments",
        "role assignment",
        Category::Identity,
    ),
    (
        "Microsoft.ContainerRegistry/registries",
        "container registry",
        Category::Storage,
    ),
    (
        "Microsoft.ContainerRegistry/registries/agentPools",
        "agent pool",
        Category::Compute,
    ),
    (
        "Microsoft.ContainerRegistry/registries/replications",
        "replication",
        Category::Storage,
    ),
    (
        "Microsoft.ContainerRegistry/registries/scopeMaps",
        "scope map",
        Category::Identity,
    ),
    (
        "Microsoft.ContainerRegistry/registries/tokens",
        "token",
        Category::Identity,
    ),
    ("Microsoft.KeyVault/vaults", "key vault", Category::Storage),
    (
        "Microsoft.KeyVault/vaults/secrets",
        "secret",
        Category::Identity,
    ),
    (
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "managed identity",
        Category::Identity,
    ),
    (
        "Microsoft.Network/natGateways",
        "NAT gateway",
        Category::Network,
    ),
    (
        "Microsoft.Network/networkSecurityGroups",
        "network security group",
        Category::Network,
    ),
    (
        "Microsoft.Network/privateDnsZones",
        "private DNS zone",
        Category::Names,
    ),
    (
        "Microsoft.Network/privateDnsZones/A",
        "A record",
        Category::Names,
    ),
    (
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "network link",
        Category::Names,
    ),
    (
        "Microsoft.Network/privateEndpoints",
        "private endpoint",
        Category::Network,
    ),
    (
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "DNS zone group",
        Category::Names,
    ),
    (
        "Microsoft.Network/publicIPAddresses",
        "public IP address",
        Category::Network,
    ),
    (
        "Microsoft.Network/routeTables",
        "route table",
        Category::Network,
    ),
    (
        "Microsoft.Network/virtualNetworks",
        "virtual network",
        Category::Network,
    ),
    (
        "Microsoft.Network/virtualNetworks/subnets",
        "subnet",
        Category::Network,
    ),
    (
        "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
        "peering",
        Category::Network,
    ),
    (
        "Microsoft.Resources/resourceGroups",
        "resource group",
        Category::Group,
    ),
    (
        "Microsoft.Storage/storageAccounts",
        "storage account",
        Category::Storage,
    ),
    (
        "Microsoft.Web/serverfarms",
        "App Service plan",
        Category::Compute,
    ),
    ("Microsoft.Web/sites", "web app", Category::Compute),
    (
        "Microsoft.Web/sites/config",
        "configuration",
        Category::Compute,
    ),
    ("Microsoft.Web/sites/slots", "slot", Category::Compute),
    ("Lazuli.Azure/imageBuilds", "image build", Category::Action),
    (
        "Lazuli.Azure/imageImports",
        "image import",
        Category::Action,
    ),
    ("Lazuli.Azure/imagePushes", "image push", Category::Action),
    (
        "Lazuli.Azure/registryCredentials",
        "admin credentials",
        Category::Identity,
    ),
    ("Lazuli.Azure/registryLocks", "lock-down", Category::Action),
    ("Lazuli.Azure/slotSwaps", "slot swap", Category::Action),
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

pub(crate) fn display(declared: &[DeclaredNode]) -> Vec<NodeStyle> {
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
fn ty(declared: &DeclaredNode) -> &str {
    let own = declared.desired.urn.ty();
    match own == existing::TYPE {
        true => text(declared, "type").unwrap_or(own),
        false => own,
    }
}

fn text<'a>(declared: &'a DeclaredNode, path: &str) -> Option<&'a str> {
    match declared.desired.inputs.at(path)? {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// The declared resource that one lies in: an endpoint in its subnet, what was
/// asked of a resource in that, and everything else in what is above its id.
fn within(at: usize, declared: &DeclaredNode, by_id: &HashMap<ResourceId, usize>) -> Option<usize> {
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

fn look(declared: &DeclaredNode, within: Option<usize>) -> NodeStyle {
    let ty = ty(declared);
    let known = KINDS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(ty));
    let (mut kind, category) = match known {
        Some((_, kind, category)) => ((*kind).to_owned(), *category),
        None => (words(ty), Category::Plain),
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
    let captions: &[&str] = match category {
        Category::Group => &["location"],
        _ => &["range", "size", "service"],
    };
    let caption = facts
        .iter()
        .find(|(name, _)| captions.contains(&name.as_str()));
    NodeStyle {
        kind,
        category,
        caption: caption.map(|(_, value)| value.clone()).unwrap_or_default(),
        within,
        is_room: ROOMS.iter().any(|room| room.eq_ignore_ascii_case(ty)),
        facts,
    }
}

/// `role AcrPull`, where the role is one that has a name here.
fn role(declared: &DeclaredNode) -> Option<String> {
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
