//! What happens to stored resources of every type: shown, stored, settled, removed.
//!
//! What a type adds is asked of the world's [`Control`](crate::world::Control).

use http::StatusCode;
use serde_json::Value;

use super::{Answer, Call};
use crate::world::{Resource, World};

/// The body that GET answers.
pub(crate) fn present(world: &World, resource: &Resource) -> Value {
    let mut body = resource.body.clone();
    world.control().view(world, &resource.kind, &mut body);
    body
}

/// An answer with the resource as GET shows it.
pub(crate) fn shown(world: &World, resource: &Resource) -> Answer {
    Answer::ok(present(world, resource))
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

/// Ends a create or update: `Succeeded`, and what the provider adds.
pub(crate) fn settle(world: &World, id: &str) {
    world.update(id, |resource| {
        if let Some(state) = resource.body.pointer_mut("/properties/provisioningState") {
            *state = "Succeeded".into();
        }
        world.control().settling(world, resource);
    });
    if let Some(resource) = world.get(id) {
        world.control().settled(world, &resource);
    }
}

/// Removes a resource, what lies below it (deepest first), and what its provider removes with it.
pub(crate) fn remove(world: &World, id: &str) {
    if let Some(resource) = world.get(id) {
        world.control().removing(world, &resource);
    }
    let mut gone = world.under(id);
    gone.reverse();
    gone.extend(world.get(id));
    for resource in gone {
        if let Some(resource) = world.remove(&resource.id) {
            world.control().removed(world, &resource);
        }
    }
}

/// DELETE that is done when the answer leaves: 200, or 204 when there was nothing.
pub(crate) fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    remove(call.world, &call.id());
    Ok(Answer::empty(StatusCode::OK))
}
