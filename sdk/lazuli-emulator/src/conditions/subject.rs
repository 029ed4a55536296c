//! A request as the rules of this room see it: what it is about, and which one of its like it is.

use http::Method;

use super::Conditions;
use super::draw::Identity;
use crate::wire::Incoming;
use crate::wire::ids::{self, Target, TypeNames};
use crate::world::World;

/// A request as rules see it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) identity: Identity,
    /// `GET`, `PUT`, ... or `POLL` for asking about an operation.
    pub(crate) method: String,
    /// Decoded path in lower case; of a poll, the id of what the operation works on.
    pub(crate) path: String,
    /// Resource type, empty when the path names none.
    pub(crate) kind: String,
    /// Who is asked, in lower case: a registry, a vault, an app. Empty for the control plane.
    pub(crate) host: String,
    /// Region as ARM compares it, empty when unknown.
    pub(crate) region: String,
}

impl Subject {
    /// A request of the control plane about `path`. `count` says which of its like it is, by name.
    pub(crate) fn about(
        world: &World,
        incoming: &Incoming,
        method: &str,
        path: &str,
        count: impl FnOnce(String) -> Identity,
    ) -> Subject {
        let segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
        Subject {
            kind: kind_of(&segments, world),
            region: region_of(world, incoming, path),
            identity: count(format!("{method} {path}").to_lowercase()),
            method: method.to_owned(),
            path: path.to_ascii_lowercase(),
            host: String::new(),
        }
    }

    /// The request that is being answered: it was counted when it arrived.
    pub(crate) fn under_way(
        world: &World,
        conditions: &Conditions,
        incoming: &Incoming,
    ) -> Subject {
        let segments = ids::segments(&incoming.path).unwrap_or_default();
        let path = format!("/{}", segments.join("/"));
        Subject::about(world, incoming, incoming.method.as_str(), &path, |name| {
            conditions.under_way(&name)
        })
    }

    /// A request to another host than the control plane's: it is counted.
    pub(crate) fn elsewhere(
        conditions: &Conditions,
        host: &str,
        method: &Method,
        path: &str,
    ) -> Subject {
        let (host, path) = (host.to_ascii_lowercase(), path.to_ascii_lowercase());
        let name = format!("{method} {host}{path}").to_lowercase();
        Subject {
            identity: conditions.arrive(name),
            method: method.as_str().to_owned(),
            path,
            host,
            kind: String::new(),
            region: String::new(),
        }
    }

    /// The type that a path is about, empty when it names none.
    pub(crate) fn kind_of_path(segments: &[String], types: &impl TypeNames) -> String {
        kind_of(segments, types)
    }

    pub(super) fn namespace(&self) -> &str {
        self.kind.split('/').next().unwrap_or_default()
    }
}

fn kind_of(segments: &[String], types: &impl TypeNames) -> String {
    if let Some(target) = Target::parse(segments, types) {
        let collection = target.names.is_empty();
        return match target.member_kind(types) {
            Some(member) if collection => member,
            _ => target.kind,
        };
    }
    match segments {
        [word, _, groups, _, ..]
            if word.eq_ignore_ascii_case("subscriptions")
                && groups.eq_ignore_ascii_case("resourceGroups") =>
        {
            ids::GROUP.to_owned()
        }
        _ => String::new(),
    }
}

/// The region of the resource, else the one that the request asks for, else the group's.
fn region_of(world: &World, incoming: &Incoming, path: &str) -> String {
    let stored = |id: &str| {
        let resource = world.get(id)?;
        resource.text("/location").map(ids::location_key)
    };
    let asked = || {
        let body: serde_json::Value = serde_json::from_slice(&incoming.body).ok()?;
        body["location"].as_str().map(ids::location_key)
    };
    stored(path)
        .or_else(asked)
        .or_else(|| stored(&ids::group_id(path)?))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    #[test]
    fn the_kind_a_path_is_about() {
        let world = world::tests::empty();
        let check = |path: &str, expect: &str| {
            let segments = ids::segments(path).expect("UTF-8");
            assert_eq!(kind_of(&segments, &world), expect, "{path}");
        };
        let group = "/subscriptions/s/resourcegroups/g";
        check(group, "Microsoft.Resources/resourceGroups");
        let vnet = format!("{group}/providers/microsoft.network/virtualnetworks");
        check(&vnet, "Microsoft.Network/virtualNetworks");
        check(&format!("{vnet}/v"), "Microsoft.Network/virtualNetworks");
        check(
            &format!("{vnet}/v/subnets"),
            "Microsoft.Network/virtualNetworks",
        );
        check(
            &format!("{vnet}/v/subnets/a"),
            "Microsoft.Network/virtualNetworks/subnets",
        );
        check("/subscriptions/s", "");
        check("/common/oauth2/token", "");
    }
}
