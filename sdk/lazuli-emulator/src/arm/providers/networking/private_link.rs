//! What private endpoints can lead to: services, their group ids, the names behind each, and their zones.
//!
//! From the published table of private link resources and DNS zones, and recorded answers. Whether the
//! target of an endpoint must be in this world is said per service: registries, sites, vaults and link
//! services are looked up; the rest are taken by their id, and nobody answers behind them.

use crate::arm::{ids, json};

/// A service that offers private endpoints.
pub(crate) struct Service {
    pub(crate) kind: &'static str,
    groups: &'static [Group],
    naming: Naming,
    /// Whether this world holds every resource of the type.
    pub(crate) is_held: bool,
    /// What the endpoint says about a connection that approved itself, once it is made.
    pub(crate) approved: &'static str,
}

/// How a service names the connection objects below its resources.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// `{resource}.{32 digits}`
    ResourceAndDigits,
    /// `{resource}.{guid}`
    ResourceAndGuid,
    /// `{endpoint}-{guid}`
    EndpointDashGuid,
    /// `{endpoint}.{resourceGuid of the endpoint}`
    EndpointAndResourceGuid,
    /// The name of the connection in the endpoint.
    Connection,
}

/// A sub-resource: its id, member names with the public names behind them, and its private zone.
pub(crate) struct Group {
    pub(crate) id: &'static str,
    members: &'static [(&'static str, &'static [&'static str])],
    pub(crate) zone: &'static str,
}

/// One address of an endpoint, and the names it stands for.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) fqdns: Vec<String>,
}

const fn group(
    id: &'static str,
    members: &'static [(&'static str, &'static [&'static str])],
    zone: &'static str,
) -> Group {
    Group { id, members, zone }
}

const fn service(kind: &'static str, groups: &'static [Group]) -> Service {
    Service {
        kind,
        groups,
        naming: Naming::EndpointAndResourceGuid,
        is_held: false,
        approved: "Auto-Approved",
    }
}

/// A group with one member of its own name and one public name.
macro_rules! plain {
    ($id:literal, $host:literal, $domain:literal) => {
        group(
            $id,
            &[($id, &[concat!($host, ".", $domain)])],
            concat!("privatelink.", $domain),
        )
    };
}

/// `{name}` and `{location}` in host names are those of the target.
const SERVICES: &[Service] = &[
    Service {
        naming: Naming::ResourceAndDigits,
        is_held: true,
        ..service(
            "Microsoft.ContainerRegistry/registries",
            &[group(
                "registry",
                &[
                    (
                        "registry_data_{location}",
                        &["{name}.{location}.data.azurecr.io"],
                    ),
                    ("registry", &["{name}.azurecr.io"]),
                ],
                "privatelink.azurecr.io",
            )],
        )
    },
    Service {
        naming: Naming::EndpointDashGuid,
        is_held: true,
        ..service(
            "Microsoft.Web/sites",
            &[group(
                "sites",
                &[(
                    "sites",
                    &["{name}.azurewebsites.net", "{name}.scm.azurewebsites.net"],
                )],
                "privatelink.azurewebsites.net",
            )],
        )
    },
    Service {
        naming: Naming::Connection,
        is_held: true,
        approved: "",
        ..service(
            "Microsoft.KeyVault/vaults",
            &[group(
                "vault",
                &[("default", &["{name}.vault.azure.net"])],
                "privatelink.vaultcore.azure.net",
            )],
        )
    },
    Service {
        is_held: true,
        approved: "Auto Approved",
        ..service(super::LINK_SERVICE, &[])
    },
    Service {
        naming: Naming::ResourceAndGuid,
        ..service(
            "Microsoft.Storage/storageAccounts",
            &[
                plain!("blob", "{name}", "blob.core.windows.net"),
                plain!(
                    "blob_secondary",
                    "{name}-secondary",
                    "blob.core.windows.net"
                ),
                plain!("table", "{name}", "table.core.windows.net"),
                plain!(
                    "table_secondary",
                    "{name}-secondary",
                    "table.core.windows.net"
                ),
                plain!("queue", "{name}", "queue.core.windows.net"),
                plain!(
                    "queue_secondary",
                    "{name}-secondary",
                    "queue.core.windows.net"
                ),
                plain!("file", "{name}", "file.core.windows.net"),
                group(
                    "web",
                    &[("web", &["{name}.z13.web.core.windows.net"])],
                    "privatelink.web.core.windows.net",
                ),
                group(
                    "web_secondary",
                    &[(
                        "web_secondary",
                        &["{name}-secondary.z13.web.core.windows.net"],
                    )],
                    "privatelink.web.core.windows.net",
                ),
                plain!("dfs", "{name}", "dfs.core.windows.net"),
                plain!("dfs_secondary", "{name}-secondary", "dfs.core.windows.net"),
            ],
        )
    },
    Service {
        naming: Naming::EndpointDashGuid,
        ..service(
            "Microsoft.Sql/servers",
            &[plain!("sqlServer", "{name}", "database.windows.net")],
        )
    },
    service(
        "Microsoft.DocumentDB/databaseAccounts",
        &[
            group(
                "Sql",
                &[
                    ("{name}", &["{name}.documents.azure.com"]),
                    (
                        "{name}-{location}",
                        &["{name}-{location}.documents.azure.com"],
                    ),
                ],
                "privatelink.documents.azure.com",
            ),
            group(
                "MongoDB",
                &[
                    ("{name}", &["{name}.mongo.cosmos.azure.com"]),
                    (
                        "{name}-{location}",
                        &["{name}-{location}.mongo.cosmos.azure.com"],
                    ),
                ],
                "privatelink.mongo.cosmos.azure.com",
            ),
            plain!("Cassandra", "{name}", "cassandra.cosmos.azure.com"),
            plain!("Gremlin", "{name}", "gremlin.cosmos.azure.com"),
            plain!("Table", "{name}", "table.cosmos.azure.com"),
        ],
    ),
    service(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        &[plain!(
            "postgresqlServer",
            "{name}",
            "postgres.database.azure.com"
        )],
    ),
    service(
        "Microsoft.DBforMySQL/flexibleServers",
        &[plain!("mysqlServer", "{name}", "mysql.database.azure.com")],
    ),
    service(
        "Microsoft.DBforMariaDB/servers",
        &[plain!(
            "mariadbServer",
            "{name}",
            "mariadb.database.azure.com"
        )],
    ),
    service(
        "Microsoft.ServiceBus/namespaces",
        &[plain!("namespace", "{name}", "servicebus.windows.net")],
    ),
    service(
        "Microsoft.EventHub/namespaces",
        &[plain!("namespace", "{name}", "servicebus.windows.net")],
    ),
    service(
        "Microsoft.Relay/namespaces",
        &[plain!("namespace", "{name}", "servicebus.windows.net")],
    ),
    service(
        "Microsoft.EventGrid/topics",
        &[plain!(
            "topic",
            "{name}.{location}-1",
            "eventgrid.azure.net"
        )],
    ),
    service(
        "Microsoft.EventGrid/domains",
        &[plain!(
            "domain",
            "{name}.{location}-1",
            "eventgrid.azure.net"
        )],
    ),
    service(
        "Microsoft.Cache/Redis",
        &[plain!("redisCache", "{name}", "redis.cache.windows.net")],
    ),
    service(
        "Microsoft.Search/searchServices",
        &[plain!("searchService", "{name}", "search.windows.net")],
    ),
    service(
        "Microsoft.CognitiveServices/accounts",
        &[plain!("account", "{name}", "cognitiveservices.azure.com")],
    ),
    service(
        "Microsoft.AppConfiguration/configurationStores",
        &[plain!("configurationStores", "{name}", "azconfig.io")],
    ),
    service(
        "Microsoft.SignalRService/SignalR",
        &[plain!("signalr", "{name}", "service.signalr.net")],
    ),
    service(
        "Microsoft.SignalRService/WebPubSub",
        &[plain!("webpubsub", "{name}", "webpubsub.azure.com")],
    ),
    service(
        "Microsoft.Devices/IotHubs",
        &[plain!("iotHub", "{name}", "azure-devices.net")],
    ),
    service(
        "Microsoft.Batch/batchAccounts",
        &[plain!(
            "batchAccount",
            "{name}.{location}",
            "batch.azure.com"
        )],
    ),
];

/// Zones whose name is not `privatelink.` before the public suffix.
const ODD_ZONES: &[(&str, &str)] = &[
    ("privatelink.vaultcore.azure.net", "vault.azure.net"),
    (
        "privatelink.web.core.windows.net",
        "z13.web.core.windows.net",
    ),
];

/// The service of a resource type.
pub(crate) fn find(kind: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|known| json::same(known.kind, kind))
}

impl Service {
    pub(crate) fn naming(&self) -> Naming {
        self.naming
    }

    /// Whether endpoints to this service say which part of it they want.
    pub(crate) fn has_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// The valid group ids, for refusals.
    pub(crate) fn group_ids(&self) -> String {
        let ids: Vec<&str> = self.groups.iter().map(|group| group.id).collect();
        ids.join(", ")
    }

    /// The canonical group of an id; endpoints to a slot of a site say `sites-SLOT`.
    pub(crate) fn group(&self, id: &str) -> Option<(String, &'static Group)> {
        let slot = id.split_once('-').filter(|(site, _)| *site == "sites");
        let known = slot.map_or(id, |(site, _)| site);
        let group = self
            .groups
            .iter()
            .find(|group| json::same(group.id, known))?;
        let name = slot.map_or_else(|| group.id.to_owned(), |_| id.to_owned());
        Some((name, group))
    }
}

/// The addresses an endpoint to `target` needs, with their names.
pub(crate) fn members(group: &Group, group_id: &str, target: &str, location: &str) -> Vec<Member> {
    let slot = group_id.strip_prefix("sites-");
    let name = ids::name_of(target).to_lowercase();
    let name = slot.map_or_else(|| name.clone(), |slot| format!("{name}-{slot}"));
    let location = ids::location_key(location);
    let fill = |text: &str| {
        text.replace("{name}", &name)
            .replace("{location}", &location)
    };
    let member = |(member, fqdns): &(&str, &[&str])| Member {
        name: if slot.is_some() {
            group_id.to_owned()
        } else {
            fill(member)
        },
        fqdns: fqdns.iter().map(|fqdn| fill(fqdn)).collect(),
    };
    group.members.iter().map(member).collect()
}

/// The record that stands for a public name in a private zone; `None` when the zone is for others.
pub(crate) fn label<'a>(zone: &str, fqdn: &'a str) -> Option<&'a str> {
    let zone = zone.to_ascii_lowercase();
    let odd = ODD_ZONES.iter().find(|(known, _)| *known == zone);
    let is_known = odd.is_some()
        || SERVICES
            .iter()
            .flat_map(|one| one.groups)
            .any(|group| group.zone == zone);
    let suffix = match odd {
        Some((_, suffix)) => suffix,
        None => zone.strip_prefix("privatelink.").filter(|_| is_known)?,
    };
    fqdn.strip_suffix(suffix)?.strip_suffix('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_names_and_zones() {
        let check = |kind: &str, id: &str, expect: &[(&str, &str, &str)]| {
            let (name, group) = find(kind).and_then(|one| one.group(id)).expect("a group");
            let target = "/subscriptions/s/resourceGroups/g/providers/x/y/Thing";
            let all = members(group, &name, target, "West Europe");
            let shown: Vec<_> = all
                .iter()
                .flat_map(|member| {
                    member
                        .fqdns
                        .iter()
                        .map(move |fqdn| (member.name.as_str(), fqdn.as_str()))
                })
                .map(|(member, fqdn)| (member, fqdn, label(group.zone, fqdn).unwrap_or_default()))
                .collect();
            assert_eq!(shown, expect);
        };
        check(
            "microsoft.containerregistry/registries",
            "REGISTRY",
            &[
                (
                    "registry_data_westeurope",
                    "thing.westeurope.data.azurecr.io",
                    "thing.westeurope.data",
                ),
                ("registry", "thing.azurecr.io", "thing"),
            ],
        );
        check(
            "Microsoft.KeyVault/vaults",
            "vault",
            &[("default", "thing.vault.azure.net", "thing")],
        );
        check(
            "Microsoft.Web/sites",
            "sites-stage",
            &[
                (
                    "sites-stage",
                    "thing-stage.azurewebsites.net",
                    "thing-stage",
                ),
                (
                    "sites-stage",
                    "thing-stage.scm.azurewebsites.net",
                    "thing-stage.scm",
                ),
            ],
        );
        check(
            "Microsoft.Storage/storageAccounts",
            "blob",
            &[("blob", "thing.blob.core.windows.net", "thing")],
        );
    }

    #[test]
    fn zones_are_for_their_service_only() {
        for (zone, fqdn) in [
            ("www.example.com", "thing.blob.core.windows.net"),
            ("privatelink.azurecr.io", "thing.blob.core.windows.net"),
            ("privatelink.example.com", "thing.example.com"),
        ] {
            assert_eq!(label(zone, fqdn), None, "{zone} {fqdn}");
        }
    }
}
