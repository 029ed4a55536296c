//! The resource types this Azure has, one module per provider family, and what they share.

pub(crate) mod container_registry;
pub(crate) mod deployments;
pub(crate) mod groups;
pub(crate) mod identities;
pub(crate) mod interfaces;
pub(crate) mod key_vault;
pub(crate) mod locks;
pub(crate) mod network;
pub(crate) mod networking;
pub(crate) mod private_connections;
pub(crate) mod private_dns;
pub(crate) mod private_endpoints;
pub(crate) mod record_sets;
pub(crate) mod resource_list;
pub(crate) mod role_assignments;
pub(crate) mod role_catalog;
pub(crate) mod role_definitions;
pub(crate) mod storage;
pub(crate) mod subnets;
pub(crate) mod subscription;
pub(crate) mod tags;
pub(crate) mod versions;
pub(crate) mod virtual_networks;
pub(crate) mod web;
pub(crate) mod zone_groups;

use std::sync::Arc;

use serde_json::Value;

use super::{Answer, Call};
use crate::conditions::Conditions;
use crate::world::{Control, Resource, World};

pub(crate) use container_registry::{actions as registry_actions, registries};
pub(crate) use web::sites;

/// A handler either answers or refuses; both are answers.
pub(crate) type Handler = fn(&Call<'_>) -> Result<Answer, Answer>;
type Action = fn(&Call<'_>, &str) -> Result<Answer, Answer>;

/// A resource type: what it can do and how it looks. `None` means ARM answers that itself.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) put: Option<Handler>,
    pub(crate) patch: Option<Handler>,
    pub(crate) get: Option<Handler>,
    pub(crate) list: Option<Handler>,
    pub(crate) delete: Option<Handler>,
    pub(crate) action: Option<Action>,
    /// What GET adds to the stored body.
    pub(crate) view: Option<fn(&World, &mut Value)>,
    /// What the end of a create or update does, besides `Succeeded`.
    pub(crate) settle: Option<fn(&World, &Resource)>,
    /// What goes away with the resource, besides what lies below it.
    pub(crate) removed: Option<fn(&World, &Resource)>,
}

impl Kind {
    pub(crate) const fn new(name: &'static str) -> Kind {
        Kind {
            name,
            put: None,
            patch: None,
            get: None,
            list: None,
            delete: None,
            action: None,
            view: None,
            settle: None,
            removed: None,
        }
    }
}

/// All types, in the order the families stand in the documentation.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    let families: &[&[Kind]] = &[
        &groups::KINDS,
        &virtual_networks::KINDS,
        &subnets::KINDS,
        &networking::peerings::KINDS,
        &networking::addresses::KINDS,
        &networking::delegations::KINDS,
        &networking::security_groups::KINDS,
        &networking::route_tables::KINDS,
        &networking::plain::KINDS,
        &networking::link_services::KINDS,
        &interfaces::KINDS,
        &private_endpoints::KINDS,
        &zone_groups::KINDS,
        &private_dns::KINDS,
        &record_sets::KINDS,
        &container_registry::KINDS,
        &identities::KINDS,
        &role_assignments::KINDS,
        &key_vault::KINDS,
        &storage::KINDS,
        &deployments::KINDS,
        &locks::KINDS,
        &tags::KINDS,
    ];
    families.iter().chain(&web::FAMILIES).copied().flatten()
}

const NAMESPACES: &[&str] = &[
    "Microsoft.Resources",
    "Microsoft.Network",
    "Microsoft.ContainerRegistry",
    "Microsoft.ManagedIdentity",
    "Microsoft.Authorization",
    "Microsoft.Web",
    "Microsoft.KeyVault",
    "Microsoft.Storage",
];

pub(crate) fn find(kind: &str) -> Option<&'static Kind> {
    kinds().find(|known| known.name.eq_ignore_ascii_case(kind))
}

/// A type in canonical casing; the unknown tail of an unknown type stays as it is.
pub(crate) fn canonical(kind: &str) -> String {
    if let Some(known) = find(kind) {
        return known.name.to_owned();
    }
    match kind.rsplit_once('/') {
        Some((parent, last)) => format!("{}/{last}", canonical(parent)),
        None => NAMESPACES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(kind))
            .map_or(kind, |known| *known)
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

    fn deploy(&self, world: &World, id: &str) {
        deployments::run(world, &self.conditions, id);
    }
}

/// The body that GET answers.
pub(crate) fn present(world: &World, resource: &Resource) -> Value {
    let mut body = resource.body.clone();
    if let Some(view) = find(&resource.kind).and_then(|kind| kind.view) {
        view(world, &mut body);
    }
    body
}

/// Ends a create or update: `Succeeded`, and what the provider adds.
pub(crate) fn settle(world: &World, id: &str) {
    world.update(id, |resource| {
        if let Some(state) = resource.body.pointer_mut("/properties/provisioningState") {
            *state = "Succeeded".into();
        }
        if resource.kind.starts_with("Microsoft.Network/")
            && !resource.kind.contains("privateDnsZones")
        {
            network::touch(&mut resource.body);
        }
    });
    let Some(resource) = world.get(id) else {
        return;
    };
    if let Some(settle) = find(&resource.kind).and_then(|kind| kind.settle) {
        settle(world, &resource);
    }
}

/// Removes a resource, what lies below it (deepest first), and what its provider removes with it.
pub(crate) fn remove(world: &World, id: &str) {
    let mut gone = world.under(id);
    gone.reverse();
    gone.extend(world.get(id));
    for resource in gone {
        let Some(resource) = world.remove(&resource.id) else {
            continue;
        };
        if let Some(removed) = find(&resource.kind).and_then(|kind| kind.removed) {
            removed(world, &resource);
        }
    }
}

/// Stores what a PUT made.
pub(crate) fn store(call: &Call<'_>, body: Value, private: Value) -> Resource {
    let resource = Resource {
        id: call.id(),
        kind: call.target.kind.clone(),
        body,
        private,
    };
    call.world.put(resource.clone());
    resource
}

/// An answer with the resource as GET shows it.
pub(crate) fn shown(world: &World, resource: &Resource) -> Answer {
    Answer::ok(present(world, resource))
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
    fn no_type_is_listed_twice() {
        let mut names: Vec<_> = kinds().map(|kind| kind.name.to_ascii_lowercase()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
