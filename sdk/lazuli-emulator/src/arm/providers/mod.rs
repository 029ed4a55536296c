//! The resource types this Azure has, one module per provider family, and what they share.

pub(crate) mod authorization;
pub(crate) mod container_registry;
#[cfg(feature = "az")]
pub(crate) mod deployments;
pub(crate) mod groups;
pub(crate) mod identities;
pub(crate) mod interfaces;
pub(crate) mod key_vault;
#[cfg(not(feature = "az"))]
mod left_out;
pub(crate) mod locks;
pub(crate) mod network;
pub(crate) mod networking;
pub(crate) mod operational_insights;
pub(crate) mod private_connections;
pub(crate) mod private_dns;
pub(crate) mod private_endpoints;
pub(crate) mod record_sets;
pub(crate) mod resource_list;
pub(crate) mod resources;
pub(crate) mod role_assignments;
pub(crate) mod role_definitions;
pub(crate) mod storage;
pub(crate) mod subnets;
pub(crate) mod subscription;
pub(crate) mod tags;
mod tracked;
pub(crate) mod virtual_networks;
pub(crate) mod web;
pub(crate) mod zone_groups;

use std::sync::Arc;

use serde_json::Value;

use super::kind::{Kind, Namespace};
use crate::conditions::Conditions;
use crate::wire::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::ids::{self, Target};
use crate::world::{Control, Resource, World};

/// Every namespace of this Azure. A new one is a line here and a file of its own.
static NAMESPACES: &[&Namespace] = &[
    &resources::NAMESPACE,
    &networking::namespace::NAMESPACE,
    &container_registry::namespace::NAMESPACE,
    &identities::NAMESPACE,
    &authorization::NAMESPACE,
    &web::namespace::NAMESPACE,
    &key_vault::NAMESPACE,
    &storage::NAMESPACE,
    &operational_insights::NAMESPACE,
];

pub(crate) fn namespaces() -> impl Iterator<Item = &'static Namespace> {
    NAMESPACES.iter().copied()
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    let families = namespaces().flat_map(|namespace| namespace.kinds);
    families.copied().flatten()
}

/// The record of a type, in any casing.
pub(crate) fn find(kind: &str) -> Option<&'static Kind> {
    kinds().find(|known| known.name.eq_ignore_ascii_case(kind))
}

/// The namespace of a type, or the one of that name.
pub(crate) fn namespace_of(kind: &str) -> Option<&'static Namespace> {
    let name = kind.split('/').next().unwrap_or_default();
    namespaces().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// The namespace of a word that may stand below a group without `providers`.
pub(crate) fn of_short(word: &str) -> Option<&'static Namespace> {
    namespaces().find(|namespace| namespace.short.contains(&word))
}

/// A type in canonical casing; the unknown tail of an unknown type stays as it is.
fn canonical(kind: &str) -> String {
    if let Some(known) = find(kind) {
        return known.name.to_owned();
    }
    match kind.rsplit_once('/') {
        Some((parent, last)) => format!("{}/{last}", canonical(parent)),
        None => namespace_of(kind)
            .map_or(kind, |known| known.name)
            .to_owned(),
    }
}

/// The types of this Azure, as its world asks for them.
pub(crate) struct Table {
    /// What the requests meet that a type sends itself.
    conditions: Arc<Conditions>,
}

impl Table {
    pub(crate) fn new(conditions: Arc<Conditions>) -> Arc<Table> {
        Arc::new(Table { conditions })
    }

    /// For tests in which nothing takes time and nothing goes wrong.
    #[cfg(test)]
    pub(crate) fn calm() -> Arc<Table> {
        Table::new(Arc::default())
    }
}

impl Control for Table {
    fn canonical(&self, kind: &str) -> String {
        canonical(kind)
    }

    fn knows(&self, kind: &str) -> bool {
        find(kind).is_some()
    }

    fn dialect(&self, name: &str) -> Option<&'static Dialect> {
        let mut all = namespaces().flat_map(|namespace| namespace.dialects);
        all.find(|dialect| dialect.name == name).copied()
    }

    fn is_poll_word(&self, word: &str) -> bool {
        let mut all = namespaces().flat_map(|namespace| namespace.dialects);
        all.any(|dialect| {
            let addresses = [dialect.status, dialect.result];
            let mut words = addresses.iter().filter_map(|path| path.rsplit('/').next());
            words.any(|known| known.eq_ignore_ascii_case(word))
        })
    }

    fn view(&self, world: &World, kind: &str, body: &mut Value) {
        if let Some(view) = find(kind).and_then(|kind| kind.view) {
            view(world, body);
        }
    }

    fn settling(&self, world: &World, resource: &mut Resource) {
        if let Some(settling) = namespace_of(&resource.kind).and_then(|of| of.settling) {
            settling(world, resource);
        }
    }

    fn settled(&self, world: &World, resource: &Resource) {
        if let Some(settle) = find(&resource.kind).and_then(|kind| kind.settle) {
            settle(world, resource);
        }
    }

    fn removing(&self, world: &World, resource: &Resource) {
        if let Some(removing) = find(&resource.kind).and_then(|kind| kind.removing) {
            removing(world, resource);
        }
    }

    fn removed(&self, world: &World, resource: &Resource) {
        if let Some(removed) = find(&resource.kind).and_then(|kind| kind.removed) {
            removed(world, resource);
        }
    }

    fn run(&self, world: &World, id: &str) {
        if let Some(run) = kind_at(world, id).and_then(|kind| kind.run) {
            run(world, &self.conditions, id);
        }
    }

    fn status(&self, world: &World, id: &str) -> Option<Answer> {
        let status = kind_at(world, id)?.status?;
        Some(status(world, id))
    }
}

/// The type that an id is of, also when there is no such resource any more.
fn kind_at(world: &World, id: &str) -> Option<&'static Kind> {
    find(&Target::parse(&ids::segments(id)?, world)?.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_one_casing() {
        let check = |given: &str, expect: &str| assert_eq!(canonical(given), expect);
        check(
            "microsoft.network/VIRTUALNETWORKS/Subnets",
            "Microsoft.Network/virtualNetworks/subnets",
        );
        check("microsoft.web/serverFarms", "Microsoft.Web/serverfarms");
        check(
            "Microsoft.Network/virtualnetworks/odd",
            "Microsoft.Network/virtualNetworks/odd",
        );
        check("Microsoft.Odd/things", "Microsoft.Odd/things");
    }

    #[test]
    fn the_longest_beginning_counts_and_the_newest_version_is_first() {
        let check = |kind: &str, expect: &str| {
            let versions = namespace_of(kind).expect("known").versions_of(kind);
            assert_eq!(versions.first(), Some(&expect), "{kind}");
        };
        check("Microsoft.Network/virtualNetworks/subnets", "2025-09-01");
        check("Microsoft.Network/privateDnsZones/A", "2024-06-01");
        check("Microsoft.Authorization/locks", "2020-05-01");
        for (start, versions) in namespaces().flat_map(|namespace| namespace.versions) {
            assert!(versions.is_sorted_by(|left, right| left > right), "{start}");
        }
    }

    #[test]
    fn types_stand_in_their_namespace_and_dialects_have_names_of_their_own() {
        for namespace in namespaces() {
            for kind in namespace.kinds.iter().copied().flatten() {
                let prefix = format!("{}/", namespace.name);
                assert!(kind.name.starts_with(&prefix), "{}", kind.name);
            }
        }
        let dialects = namespaces().flat_map(|namespace| namespace.dialects);
        let mut names: Vec<_> = dialects.map(|dialect| dialect.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn no_type_is_listed_twice() {
        let mut names: Vec<_> = kinds().map(|kind| kind.name.to_ascii_lowercase()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
