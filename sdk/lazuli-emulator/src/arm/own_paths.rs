//! What ARM answers itself below a subscription: its locations, providers, groups, resources and tags.

use super::providers::{self, groups, locks, resource_list, subscription, tags};
use super::router::{dispatch, no_such_path, verb};
use super::{Call, lro, rbac};
use crate::wire::Answer;
use crate::wire::errors::not_modelled;
use crate::wire::ids::Target;

/// `words` are the lower-cased segments behind `subscriptions`.
pub(super) fn in_subscription(
    mut call: Call<'_>,
    segments: &[String],
    words: &[&str],
) -> Result<Answer, Answer> {
    let subscription_id = format!("/subscriptions/{}", segments[1]);
    let read = |action: &str| rbac::check(&call, action, &subscription_id);
    match words {
        [_] => {
            subscription::read_only(&call, "subscriptions")?;
            Ok(Answer::ok(subscription::subscription(&call)))
        }
        [_, "locations"] => {
            subscription::read_only(&call, "locations").map(|()| subscription::location_list(&call))
        }
        [_, "providers"] => {
            subscription::read_only(&call, "providers").map(|()| subscription::providers(&call))
        }
        [_, "providers", namespace] => subscription::one_provider(&call, namespace, None),
        [
            _,
            "providers",
            namespace,
            verb @ ("register" | "unregister"),
        ] => subscription::one_provider(&call, namespace, Some(verb)),
        [_, "resources"] => {
            subscription::read_only(&call, "resources")?;
            read("Microsoft.Resources/subscriptions/resources/read")?;
            resource_list::resources(&call, &subscription_id)
        }
        [_, "tagnames", ..] => {
            let verb = verb(&call.incoming.method);
            rbac::check(
                &call,
                &format!("Microsoft.Resources/subscriptions/tagNames/{verb}"),
                &subscription_id,
            )?;
            tags::names(&call, &subscription_id, &segments[3..])
        }
        [_, "resourcegroups"] => {
            subscription::read_only(&call, "resourceGroups")?;
            read("Microsoft.Resources/subscriptions/resourceGroups/read")?;
            resource_list::groups(&call)
        }
        [_, "resourcegroups", _] => group(call, segments),
        [_, "resourcegroups", _, "resources"] => {
            let id = format!("{subscription_id}/resourceGroups/{}", segments[3]);
            groups::required(call.world, &id, &segments[3])?;
            subscription::read_only(&call, "resources")?;
            rbac::check(
                &call,
                "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
                &id,
            )?;
            resource_list::resources(&call, &id)
        }
        [_, "resourcegroups", _, short, ..] if providers::of_short(short).is_some() => {
            let mut long = segments.to_vec();
            let namespace = providers::of_short(short).map_or("", |namespace| namespace.name);
            long.splice(4..4, ["providers", namespace].map(str::to_owned));
            call.target = Target::parse(&long, call.world).ok_or_else(|| no_such_path(segments))?;
            dispatch(&call)
        }
        [_, rest @ ..] if rest.contains(&"providers") => {
            call.target =
                Target::parse(segments, call.world).ok_or_else(|| no_such_path(segments))?;
            dispatch(&call)
        }
        _ => Err(not_modelled(&format!(
            "The operation at '/{}'",
            segments.join("/")
        ))),
    }
}

fn group(mut call: Call<'_>, segments: &[String]) -> Result<Answer, Answer> {
    let name = &segments[3];
    let id = format!("/subscriptions/{}/resourceGroups/{name}", segments[1]);
    let verb = verb(&call.incoming.method);
    // Extension and operation addresses are built from the target, so the group is one too.
    call.target = Target {
        scope: id.clone(),
        kind: groups::KIND.into(),
        names: vec![name.clone()],
        word: None,
    };
    rbac::check(
        &call,
        &format!("Microsoft.Resources/subscriptions/resourceGroups/{verb}"),
        &id,
    )?;
    match call.method() {
        "DELETE" => locks::guard(call.world, &id, locks::Verb::Delete)?,
        "PUT" | "PATCH" => locks::guard(call.world, &id, locks::Verb::Write)?,
        _ => {}
    }
    lro::asked_by_reading(call.world, &id);
    groups::answer(&call, &id, name)
}
