//! What a subscription answers about itself: locations, resource providers, its name.

use http::StatusCode;
use serde_json::{Value, json};

use super::{namespace_of, namespaces};
use crate::arm::{Answer, Call, errors, json, registration};
use crate::wire::locations;

pub(crate) fn subscription(call: &Call<'_>) -> Value {
    let settings = call.world.settings();
    json!({
        "id": format!("/subscriptions/{}", settings.subscription), "authorizationSource": "RoleBased", "managedByTenants": [],
        "subscriptionId": settings.subscription, "tenantId": settings.tenant, "displayName": "Lazuli Emulator", "state": "Enabled",
        "subscriptionPolicies": { "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off" },
    })
}

pub(crate) fn tenants(call: &Call<'_>) -> Answer {
    let tenant = &call.world.settings().tenant;
    Answer::list(vec![json!({
        "id": format!("/tenants/{tenant}"), "tenantId": tenant, "tenantCategory": "Home", "countryCode": "US",
        "displayName": "Lazuli Emulator", "domains": ["emulator.example"], "defaultDomain": "emulator.example", "tenantType": "AAD",
    })])
}

pub(crate) fn location_list(call: &Call<'_>) -> Answer {
    Answer::list(locations::entries(&call.world.settings().subscription))
}

/// Other namespaces that clients ask for; registered, with no types.
const EMPTY_NAMESPACES: &[&str] = &["Microsoft.Insights"];

fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = namespaces().map(|namespace| namespace.name).collect();
    names.extend(EMPTY_NAMESPACES);
    names.sort_unstable();
    names.dedup();
    names
}

pub(crate) fn providers(call: &Call<'_>) -> Answer {
    Answer::list(
        names()
            .iter()
            .map(|namespace| provider(call, namespace))
            .collect(),
    )
}

/// `GET …/providers/{ns}` and `POST …/providers/{ns}/register`.
pub(crate) fn one_provider(
    call: &Call<'_>,
    namespace: &str,
    verb: Option<&str>,
) -> Result<Answer, Answer> {
    let Some(namespace) = names()
        .into_iter()
        .find(|known| json::same(known, namespace))
    else {
        // Azure has hundreds more, and this emulator cannot distinguish them from names that do not exist.
        if namespace.to_ascii_lowercase().starts_with("microsoft.") {
            return Err(errors::not_modelled(&format!(
                "The resource provider '{namespace}'"
            )));
        }
        let message = format!("The resource namespace '{namespace}' is invalid.");
        return Err(Answer::error(404, "InvalidResourceNamespace", message));
    };
    match (call.method(), verb.map(str::to_ascii_lowercase).as_deref()) {
        ("GET", None) => Ok(Answer::ok(provider(call, namespace))),
        ("POST", Some("register")) => {
            let shown = registration::register(call, namespace);
            let mut provider = provider(call, namespace);
            json::set(&mut provider, "registrationState", shown);
            Ok(Answer::ok(provider))
        }
        ("POST", Some(verb)) => Err(errors::not_modelled(&format!(
            "The action '{verb}' of the provider {namespace}"
        ))),
        _ => Err(errors::method_not_allowed(&call.incoming.method, namespace)),
    }
}

fn provider(call: &Call<'_>, namespace: &str) -> Value {
    let places: Vec<String> = locations::location_names()
        .into_iter()
        .map(locations::display_name)
        .collect();
    let known = namespace_of(namespace).into_iter();
    let kinds = known.flat_map(|of| {
        let kinds = of.kinds.iter().copied().flatten();
        kinds.filter_map(|kind| Some((of.versions_of(kind.name), kind.name.split_once('/')?.1)))
    });
    let types: Vec<Value> = kinds
        .map(|(versions, kind)| {
            json!({
                "resourceType": kind, "locations": places, "apiVersions": versions, "defaultApiVersion": versions.first(),
                "capabilities": "CrossResourceGroupResourceMove, CrossSubscriptionResourceMove, SupportsTags, SupportsLocation",
            })
        })
        .collect();
    json!({
        "id": format!("/subscriptions/{}/providers/{namespace}", call.world.settings().subscription), "namespace": namespace,
        "resourceTypes": types, "registrationState": registration::state(call, namespace), "registrationPolicy": "RegistrationRequired",
    })
}

/// `DELETE` and the like on things that only can be read.
pub(crate) fn read_only(call: &Call<'_>, what: &str) -> Result<(), Answer> {
    if call.incoming.method == http::Method::GET {
        return Ok(());
    }
    let mut answer = errors::method_not_allowed(&call.incoming.method, what);
    answer.status = StatusCode::METHOD_NOT_ALLOWED;
    Err(answer)
}
