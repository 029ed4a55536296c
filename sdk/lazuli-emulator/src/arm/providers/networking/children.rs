//! Children that clients write inside their parent's body or on their own: rules and routes.
//!
//! They are stored as resources of their own, as subnets are, and put into the parent's body when ARM
//! answers. A PUT of the parent makes them exactly the list it gives.

use serde_json::Value;

use crate::arm::lifecycle;
use crate::arm::providers::{self, network};
use crate::arm::{Answer, Call, ids, json, lro};
use crate::world::{Resource, World};

/// A kind of children.
pub(crate) struct Children {
    /// The property of the parent and the word in ids.
    pub(crate) word: &'static str,
    pub(crate) kind: &'static str,
    /// The properties of a child, from those given.
    pub(crate) build: fn(world: &World, id: &str, given: &Value) -> Result<Value, Answer>,
    /// What must hold between a child and its siblings.
    pub(crate) check: fn(child: &Resource, siblings: &[Resource]) -> Result<(), Answer>,
}

impl Children {
    /// The children of a parent, by name.
    pub(crate) fn of(&self, world: &World, parent: &str) -> Vec<Resource> {
        let below = world.under(parent).into_iter();
        below.filter(|child| child.kind == self.kind).collect()
    }

    /// PUT of one child.
    ///
    /// # Errors
    /// What `build` and `check` refuse.
    pub(crate) fn put(&self, call: &Call<'_>) -> Result<Answer, Answer> {
        let given = json::properties(call.object()?)?;
        let (id, parent) = (call.id(), ids::parent(&call.id()).to_owned());
        let child = self.make(call.world, &id, &given)?;
        let siblings = self.of(call.world, &parent).into_iter();
        let siblings: Vec<Resource> = siblings.filter(|one| !json::same(&one.id, &id)).collect();
        (self.check)(&child, &siblings)?;
        Ok(network::write(call, Some(&parent), child))
    }

    /// DELETE of one child.
    pub(crate) fn delete(&self, call: &Call<'_>) -> Answer {
        network::delete(call, Some(ids::parent(&call.id())))
    }

    /// The children a parent's body speaks of; none when it does not.
    ///
    /// # Errors
    /// What `build` and `check` refuse.
    pub(crate) fn inline(&self, call: &Call<'_>, given: &Value) -> Result<Vec<Resource>, Answer> {
        let mut made: Vec<Resource> = Vec::new();
        for one in json::items(&given[self.word]) {
            let id = format!("{}/{}/{}", call.id(), self.word, json::text(&one["name"]));
            let child = self.make(call.world, &id, &json::properties(one)?)?;
            (self.check)(&child, &made)?;
            made.push(child);
        }
        Ok(made)
    }

    fn make(&self, world: &World, id: &str, given: &Value) -> Result<Resource, Answer> {
        let properties = (self.build)(world, id, given)?;
        Ok(network::child(id, self.kind, properties))
    }

    /// Makes the children of the call's resource exactly these; called before the parent is written,
    /// which fails when another write is under way.
    pub(crate) fn store(&self, call: &Call<'_>, wanted: Vec<Resource>) {
        if lro::busy(call.world, &call.id()) {
            return;
        }
        for old in self.of(call.world, &call.id()) {
            if !wanted.iter().any(|new| json::same(&new.id, &old.id)) {
                lifecycle::remove(call.world, &old.id);
            }
        }
        for mut child in wanted {
            network::touch(call.world, &mut child.body);
            network::mark(&mut child.body, "Succeeded");
            call.world.put(child);
        }
    }

    /// Puts the children into the parent's body.
    pub(crate) fn view(&self, world: &World, body: &mut Value) {
        let children = self.of(world, json::text(&body["id"])).into_iter();
        let shown: Vec<Value> = children.map(|child| child.body).collect();
        json::set(&mut body["properties"], self.word, shown);
    }
}

/// Subnets that refer to a resource through `property`.
pub(crate) fn subnets_with(world: &World, property: &str, id: &str) -> Vec<String> {
    let pointer = format!("/properties/{property}/id");
    let subnets = world.of_kind(providers::subnets::KIND).into_iter();
    subnets
        .filter(|subnet| subnet.text(&pointer).is_some_and(|it| json::same(it, id)))
        .map(|subnet| subnet.id)
        .collect()
}
