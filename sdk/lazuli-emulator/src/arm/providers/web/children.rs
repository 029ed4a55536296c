//! The small resources below an app: host names, private endpoint connections, deployments, instances.

use http::StatusCode;
use serde_json::{Value, json};

use super::naming::AppName;
use super::sites;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::providers::{private_connections, private_endpoints};
use crate::arm::{Answer, Call, json};
use crate::world::Resource;

pub(super) const KINDS: [Kind; 28] = [
    host_kind("Microsoft.Web/sites/hostNameBindings"),
    host_kind("Microsoft.Web/sites/slots/hostNameBindings"),
    Kind {
        get: Some(link_resource),
        list: Some(link_resources),
        ..Kind::new("Microsoft.Web/sites/privateLinkResources")
    },
    Kind {
        put: Some(decide),
        list: Some(endpoint_connections),
        delete: Some(disconnect),
        removed: Some(private_connections::disconnected),
        ..Kind::new("Microsoft.Web/sites/privateEndpointConnections")
    },
    empty_kind("Microsoft.Web/sites/deployments"),
    empty_kind("Microsoft.Web/sites/slots/deployments"),
    empty_kind("Microsoft.Web/sites/functions"),
    empty_kind("Microsoft.Web/sites/slots/functions"),
    empty_kind("Microsoft.Web/sites/publicCertificates"),
    empty_kind("Microsoft.Web/sites/backups"),
    empty_kind("Microsoft.Web/sites/slots/backups"),
    empty_kind("Microsoft.Web/sites/snapshots"),
    empty_kind("Microsoft.Web/sites/slots/snapshots"),
    empty_kind("Microsoft.Web/sites/hybridConnectionRelays"),
    empty_kind("Microsoft.Web/sites/slots/hybridConnectionRelays"),
    empty_kind("Microsoft.Web/sites/siteextensions"),
    empty_kind("Microsoft.Web/sites/premieraddons"),
    empty_kind("Microsoft.Web/sites/domainOwnershipIdentifiers"),
    empty_kind("Microsoft.Web/sites/webjobs"),
    empty_kind("Microsoft.Web/sites/slots/webjobs"),
    empty_kind("Microsoft.Web/sites/continuouswebjobs"),
    empty_kind("Microsoft.Web/sites/slots/continuouswebjobs"),
    empty_kind("Microsoft.Web/sites/triggeredwebjobs"),
    empty_kind("Microsoft.Web/sites/slots/triggeredwebjobs"),
    Kind {
        list: Some(none_here),
        ..Kind::new("Microsoft.Web/certificates")
    },
    Kind {
        list: Some(none_here),
        ..Kind::new("Microsoft.Web/staticSites")
    },
    instance_kind("Microsoft.Web/sites/instances"),
    instance_kind("Microsoft.Web/sites/slots/instances"),
];

const fn host_kind(name: &'static str) -> Kind {
    Kind {
        get: Some(host_binding),
        list: Some(host_bindings),
        ..Kind::new(name)
    }
}

/// Lists that are always empty here: an app that runs a container has none of these.
const fn empty_kind(name: &'static str) -> Kind {
    Kind {
        list: Some(nothing),
        ..Kind::new(name)
    }
}

const fn instance_kind(name: &'static str) -> Kind {
    Kind {
        list: Some(instances),
        ..Kind::new(name)
    }
}

fn nothing(call: &Call<'_>) -> Result<Answer, Answer> {
    sites::site_of(call)?;
    Ok(super::listing(Vec::new()))
}

/// Certificates and static sites cannot be made here, so there are none.
fn none_here(_: &Call<'_>) -> Result<Answer, Answer> {
    Ok(super::listing(Vec::new()))
}

fn child(app: &Resource, kind: &str, name: &str, full: &str, properties: Value) -> Value {
    json!({
        "id": format!("{}/{kind}/{name}", app.id), "name": full, "type": format!("{}/{kind}", app.kind),
        "location": app.body["location"], "properties": properties,
    })
}

// Host names

/// Every app has the one binding that the platform gave it; others would need a domain.
fn binding_of(app: &Resource) -> Value {
    let name = AppName::of(app);
    let host = name.host();
    let full = format!("{}/{host}", name.resource());
    let properties = json!({ "siteName": name.shown(), "hostNameType": "Verified" });
    child(app, "hostNameBindings", &host, &full, properties)
}

fn host_bindings(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(super::listing(vec![binding_of(&sites::site_of(call)?)]))
}

fn host_binding(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    if json::same(call.target.name(), &AppName::of(&app).host()) {
        Ok(Answer::ok(binding_of(&app)))
    } else {
        Err(call.not_found())
    }
}

// Private endpoints

fn link_of(app: &Resource) -> Value {
    json!({
        "id": format!("{}/privateLinkResources/sites", app.id), "name": "sites", "type": "Microsoft.Web/sites/privateLinkResources",
        "properties": { "groupId": "sites", "requiredMembers": ["sites"], "requiredZoneNames": ["privatelink.azurewebsites.net"] },
    })
}

fn link_resources(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::list(vec![link_of(&sites::site_of(call)?)]))
}

fn link_resource(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    if json::same(call.target.name(), "sites") {
        Ok(Answer::ok(link_of(&app)))
    } else {
        Err(call.not_found())
    }
}

fn endpoint_connections(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let kind = call.target.member_kind(call.world).unwrap_or_default();
    let below = call.world.under(&app.id).into_iter();
    let rows = below.filter(|one| one.kind == kind).map(|one| one.body);
    Ok(super::listing(rows.collect()))
}

/// How an app's owner decides about an endpoint.
fn decide(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let given = json::properties(call.object()?)?;
    let state = &given["privateLinkServiceConnectionState"];
    let status = json::one_of(&state["status"], "status", &["Approved", "Rejected"])?;
    let Some(status) = status else {
        let message = "privateLinkServiceConnectionState.status is required.";
        return Err(Answer::web(400, "BadRequest", message));
    };
    let mut decided = state.clone();
    json::set(&mut decided, "status", status);
    let endpoint = existing
        .text("/properties/privateEndpoint/id")
        .unwrap_or_default();
    private_endpoints::reflect(call.world, endpoint, &decided);
    call.world.update(&existing.id, |connection| {
        json::set(
            &mut connection.body["properties"],
            "privateLinkServiceConnectionState",
            decided,
        );
    });
    Ok(Answer::ok(call.required()?.body))
}

fn disconnect(call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(connection) = call.existing() else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    lifecycle::remove(call.world, &connection.id);
    Ok(Answer::empty(StatusCode::OK))
}

// Instances

/// One worker per app, whatever the plan says: that is what runs here.
fn instances(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    if app.text("/properties/state") != Some("Running") {
        return Ok(super::listing(Vec::new()));
    }
    let name = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, app.id.as_bytes());
    let name = name.simple().to_string();
    let full = format!("{}/{name}", AppName::of(&app).resource());
    let properties =
        json!({ "state": "READY", "statusUrl": null, "detectorUrl": null, "consoleUrl": null });
    Ok(super::listing(vec![child(
        &app,
        "instances",
        &name,
        &full,
        properties,
    )]))
}
