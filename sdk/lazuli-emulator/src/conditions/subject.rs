//! A request as the rules of this room see it: what it is about, and which one of its like it is.

use http::Method;

use crate::arm::ids::{self, Target};
use crate::arm::{Incoming, lro, providers::groups};
use crate::world::World;

use super::draw::Identity;

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
    /// A request that arrives: it is counted.
    pub(crate) fn arriving(world: &World, incoming: &Incoming) -> Subject {
        Subject::of(world, incoming, |name| world.conditions().arrive(name))
    }

    /// A request that was counted when it arrived.
    pub(crate) fn under_way(world: &World, incoming: &Incoming) -> Subject {
        Subject::of(world, incoming, |name| world.conditions().under_way(&name))
    }

    fn of(world: &World, incoming: &Incoming, count: impl FnOnce(String) -> Identity) -> Subject {
        let segments = ids::segments(&incoming.path).unwrap_or_default();
        let polled = lro::is_poll(&segments)
            .then(|| lro::asked_about(world, &segments))
            .flatten();
        let method = match polled {
            Some(_) => "POLL".to_owned(),
            None => incoming.method.as_str().to_owned(),
        };
        let path = match polled {
            Some((target, _)) => target,
            None => format!("/{}", segments.join("/")),
        };
        let segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
        Subject {
            kind: kind_of(&segments),
            region: region_of(world, incoming, &path),
            identity: count(format!("{method} {path}").to_lowercase()),
            method,
            path: path.to_ascii_lowercase(),
            host: String::new(),
        }
    }

    /// A request to another host than the control plane's: it is counted.
    pub(crate) fn elsewhere(world: &World, host: &str, method: &Method, path: &str) -> Subject {
        let (host, path) = (host.to_ascii_lowercase(), path.to_ascii_lowercase());
        let name = format!("{method} {host}{path}").to_lowercase();
        Subject {
            identity: world.conditions().arrive(name),
            method: method.as_str().to_owned(),
            path,
            host,
            kind: String::new(),
            region: String::new(),
        }
    }

    /// The type that a path is about, empty when it names none.
    pub(crate) fn kind_of_path(segments: &[String]) -> String {
        kind_of(segments)
    }

    pub(super) fn namespace(&self) -> &str {
        self.kind.split('/').next().unwrap_or_default()
    }
}

fn kind_of(segments: &[String]) -> String {
    if let Some(target) = Target::parse(segments) {
        let collection = target.names.is_empty();
        return match target.member_kind() {
            Some(member) if collection => member,
            _ => target.kind,
        };
    }
    match segments {
        [word, _, groups, _, ..]
            if word.eq_ignore_ascii_case("subscriptions")
                && groups.eq_ignore_ascii_case("resourceGroups") =>
        {
            groups::KIND.to_owned()
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

    #[test]
    fn the_kind_a_path_is_about() {
        let check = |path: &str, expect: &str| {
            let segments = ids::segments(path).expect("UTF-8");
            assert_eq!(kind_of(&segments), expect, "{path}");
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
