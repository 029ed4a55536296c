//! What happens to the content of a registry, and the webhooks that it is recorded for.

use serde_json::{Value, json};

use crate::wire::json;
use crate::world::{Resource, World};

/// The type of webhooks.
pub(crate) const WEBHOOK: &str = "Microsoft.ContainerRegistry/registries/webhooks";
/// The service keeps the events of a day; here the last ones are enough.
const KEPT_EVENTS: usize = 100;

/// Something that happened to the content of a registry.
pub(crate) struct Happening<'a> {
    /// `push` or `delete`.
    pub(crate) action: &'static str,
    pub(crate) repository: &'a str,
    /// Empty when the event is not about a tag.
    pub(crate) tag: &'a str,
    pub(crate) digest: &'a str,
    pub(crate) media_type: &'a str,
    pub(crate) size: usize,
}

/// Records an event for each webhook of a registry that listens to it.
pub(crate) fn notify(world: &World, registry: &Resource, happening: &Happening<'_>) {
    let below = world.under(&registry.id).into_iter();
    let webhooks = below.filter(|child| child.kind == WEBHOOK && wants(child, happening));
    for webhook in webhooks {
        let mut target = json!({
            "mediaType": happening.media_type, "size": happening.size, "digest": happening.digest,
            "length": happening.size, "repository": happening.repository,
        });
        if !happening.tag.is_empty() {
            json::set(&mut target, "tag", happening.tag);
        }
        let host = registry.body["properties"]["loginServer"].clone();
        let content =
            json!({ "action": happening.action, "target": target, "request": { "host": host } });
        record(world, &webhook, event(world, &webhook, content));
    }
}

/// An empty scope is every repository; `repo:tag` one tag, `repo` all its tags, `repo:*` as well, and a
/// trailing star in the repository stands for any ending.
fn wants(webhook: &Resource, happening: &Happening<'_>) -> bool {
    let properties = &webhook.body["properties"];
    let listens = json::items(&properties["actions"]).any(|action| action == happening.action);
    let scope = json::text(&properties["scope"]);
    let (repository, tag) = scope.split_once(':').unwrap_or((scope, "*"));
    let fits = |pattern: &str, text: &str| match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix),
        None => pattern == text,
    };
    properties["status"] == "enabled"
        && listens
        && (scope.is_empty()
            || (fits(repository, happening.repository) && fits(tag, happening.tag)))
}

/// An event of a webhook, not delivered.
pub(crate) fn event(world: &World, webhook: &Resource, mut content: Value) -> Value {
    let id = world.uuid(&webhook.id).to_string();
    json::set(&mut content, "id", id.clone());
    json::set(&mut content, "timestamp", world.now().to_string());
    json!({
        "id": id,
        "eventRequestMessage": {
            "content": content, "headers": { "Content-Type": "application/json; charset=utf-8" }, "method": "POST",
            "requestUri": webhook.private["serviceUri"], "version": "1.1",
        },
        "eventResponseMessage": {
            "content": "", "headers": {}, "reasonPhrase": "Not delivered: the emulator reaches no address outside of itself",
            "statusCode": "0", "version": "1.1",
        },
    })
}

/// Adds an event to those of a webhook.
pub(crate) fn record(world: &World, webhook: &Resource, event: Value) {
    world.update(&webhook.id, |webhook| {
        let mut events: Vec<Value> = json::items(&webhook.private["events"]).cloned().collect();
        events.insert(0, event);
        events.truncate(KEPT_EVENTS);
        json::set(&mut webhook.private, "events", events);
    });
}
