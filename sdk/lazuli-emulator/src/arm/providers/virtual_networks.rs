//! `Microsoft.Network/virtualNetworks`: the network itself; subnets may come inside its body.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::network::{self, range};
use super::networking::peerings;
use super::subnets;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Network/virtualNetworks";
pub(crate) const KINDS: [Kind; 1] = [Kind {
    put: Some(put),
    patch: Some(network::patch_tags),
    delete: Some(delete),
    view: Some(view),
    settle: Some(settle),
    ..Kind::new(KIND)
}];

/// From this version on a PUT without `subnets` keeps the subnets; before, it deleted them.
const KEEPS_SUBNETS_SINCE: &str = "2023-01-01";

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let properties = json::properties(body)?;
    let space = address_space(&call.id(), &properties)?;
    check_encryption(call, &properties)?;
    let inline = inline_subnets(call, &properties)?;
    let peered = peerings::inline(call, &properties, KEEPS_SUBNETS_SINCE)?;
    peerings::check_space(call, &space)?;
    let resource = build(call, existing.as_ref(), &location, properties);
    check_subnets_fit(call, &space, inline.as_deref())?;
    let changes = inline
        .as_ref()
        .is_some_and(|wanted| children_change(call, wanted));
    let answer = network::write_with(call, Some(&call.id()), resource, changes);
    let accepted = call
        .world
        .get(&call.id())
        .is_some_and(|stored| stored.text("/properties/provisioningState").is_some());
    if let Some(inline) = inline.filter(|_| accepted) {
        store_subnets(call, inline);
    }
    if accepted && let Some(peered) = peered {
        peerings::store(call, peered);
    }
    Ok(refreshed(call, answer))
}

/// The answer shows the subnets that came with the network.
fn refreshed(call: &Call<'_>, mut answer: Answer) -> Answer {
    if let (Some(stored), crate::arm::Body::Json(body)) = (call.existing(), &mut answer.body) {
        *body = lifecycle::present(call.world, &stored);
    }
    answer
}

fn build(
    call: &Call<'_>,
    existing: Option<&Resource>,
    location: &str,
    properties: Value,
) -> Resource {
    let guid = existing.and_then(|old| old.text("/properties/resourceGuid").map(str::to_owned));
    let mut all = json!({
        "provisioningState": "Updating",
        "resourceGuid": guid.unwrap_or_else(|| call.uuid().to_string()),
    });
    for (name, value) in properties.as_object().into_iter().flatten() {
        let left_out = [
            "subnets",
            "virtualNetworkPeerings",
            "enableVmProtection",
            "provisioningState",
            "resourceGuid",
        ];
        if !value.is_null() && !left_out.contains(&name.as_str()) {
            json::set(&mut all, name, value.clone());
        }
    }
    if all["encryption"].is_object() && all["encryption"]["enforcement"].is_null() {
        json::set(&mut all["encryption"], "enforcement", "AllowUnencrypted");
    }
    if all["dhcpOptions"].is_object() && all["dhcpOptions"]["dnsServers"].is_null() {
        json::set(&mut all["dhcpOptions"], "dnsServers", json!([]));
    }
    if all["privateEndpointVNetPolicies"].is_null() {
        json::set(&mut all, "privateEndpointVNetPolicies", "Disabled");
    }
    if all["enableDdosProtection"].is_null() {
        json::set(&mut all, "enableDdosProtection", false);
    }
    let mut body = json!({ "name": call.target.name(), "id": call.id(), "etag": "", "type": KIND, "location": location });
    if let Some(tags) = call.tags() {
        json::set(&mut body, "tags", tags);
    }
    json::set(&mut body, "properties", all);
    Resource {
        id: call.id(),
        kind: KIND.into(),
        body,
        private: Value::Null,
    }
}

fn address_space(network: &str, properties: &Value) -> Result<Vec<Ipv4Net>, Answer> {
    let given: Vec<&str> = json::items(&properties["addressSpace"]["addressPrefixes"])
        .filter_map(Value::as_str)
        .collect();
    if given.is_empty() {
        let message = "The virtual network must have at least one address prefix in addressSpace.addressPrefixes.";
        return Err(Answer::network(400, "InvalidRequestFormat", message));
    }
    // IPv6 prefixes are accepted and not looked at: nothing of this model lives in them.
    let ranges = given
        .iter()
        .filter(|text| !text.contains(':'))
        .map(|text| range(text).ok_or_else(|| bad_prefix(text, network)));
    ranges.collect()
}

/// A prefix that is not a range, or has bits set below its length.
pub(crate) fn bad_prefix(text: &str, resource: &str) -> Answer {
    let (code, message) = match text.parse::<Ipv4Net>() {
        Ok(net) => (
            "InvalidCIDRNotation",
            format!(
                "The address prefix {text} in resource {resource} has an invalid CIDR notation. For the given prefix length, the address prefix should be {}.",
                net.trunc(),
            ),
        ),
        Err(_) => (
            "InvalidAddressPrefixFormat",
            format!(
                "Address prefix {text} of resource {resource} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24."
            ),
        ),
    };
    Answer::network(400, code, message)
}

fn check_encryption(call: &Call<'_>, properties: &Value) -> Result<(), Answer> {
    let encryption = &properties["encryption"];
    // Switched off it needs no policy: one is filled in.
    if encryption.is_null()
        || encryption["enabled"] == false
        || encryption["enforcement"].is_string()
    {
        return Ok(());
    }
    let message = format!(
        "Cannot encrypt VirtualNetwork {} unless both encryption intent (Enabled true or false) and enforcement policy (AllowUnencrypted or DropUnencrypted) are specified.",
        call.id(),
    );
    Err(Answer::network(
        400,
        "MustSpecifyBothEncryptionIntentAndEnforcementPolicy",
        message,
    ))
}

/// The subnets the request speaks of: `None` keeps what is there.
fn inline_subnets(call: &Call<'_>, properties: &Value) -> Result<Option<Vec<Resource>>, Answer> {
    let Some(given) = properties["subnets"].as_array() else {
        let keeps = call.api_version.as_str() >= KEEPS_SUBNETS_SINCE;
        return Ok(if keeps { None } else { Some(Vec::new()) });
    };
    let network = call.id();
    let build = |subnet: &Value| {
        let name = json::text(&subnet["name"]);
        subnets::check_name(name)?;
        subnets::build(
            call.world,
            &format!("{network}/subnets/{name}"),
            &json::properties(subnet)?,
        )
    };
    given
        .iter()
        .map(build)
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

fn check_subnets_fit(
    call: &Call<'_>,
    space: &[Ipv4Net],
    inline: Option<&[Resource]>,
) -> Result<(), Answer> {
    let kept = subnets::of(call.world, &call.id());
    let wanted = inline.unwrap_or(&kept);
    for (index, subnet) in wanted.iter().enumerate() {
        subnets::check_inside(space, subnet, call.target.name())?;
        let others = wanted
            .iter()
            .enumerate()
            .filter(|(other, _)| *other < index)
            .map(|(_, other)| other);
        subnets::check_overlap(subnet, others)?;
    }
    for gone in kept
        .iter()
        .filter(|old| !wanted.iter().any(|new| json::same(&new.id, &old.id)))
    {
        subnets::check_unused(call, gone)?;
    }
    for subnet in wanted {
        subnets::check_range_kept(call, subnet)?;
        subnets::check_delegation_kept(call.world, subnet)?;
    }
    Ok(())
}

/// Whether the subnets of the request are others than those there.
fn children_change(call: &Call<'_>, wanted: &[Resource]) -> bool {
    let kept = subnets::of(call.world, &call.id());
    let same = |new: &Resource| {
        let old = kept.iter().find(|old| json::same(&old.id, &new.id));
        old.is_some_and(|old| !network::differs(&old.body, &new.body))
    };
    kept.len() != wanted.len() || !wanted.iter().all(same)
}

fn store_subnets(call: &Call<'_>, wanted: Vec<Resource>) {
    for old in subnets::of(call.world, &call.id()) {
        if !wanted.iter().any(|new| json::same(&new.id, &old.id)) {
            lifecycle::remove(call.world, &old.id);
        }
    }
    let network = call
        .existing()
        .map(|network| network.body)
        .unwrap_or_default();
    let etag = json::text(&network["etag"]).to_owned();
    for mut subnet in wanted {
        network::touch(call.world, &mut subnet.body);
        network::mark(
            &mut subnet.body,
            json::text(&network["properties"]["provisioningState"]),
        );
        json::set(&mut subnet.body, "etag", etag.clone());
        call.world.put(subnet);
    }
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    for subnet in subnets::of(call.world, &call.id()) {
        subnets::check_unused(call, &subnet)?;
    }
    Ok(network::delete(call, Some(&call.id())))
}

/// Subnets that came with the network are done when it is, and carry its etag.
fn settle(world: &World, network: &Resource) {
    for subnet in subnets::of(world, &network.id) {
        let state = subnet.text("/properties/provisioningState");
        if state == Some("Updating") {
            world.update(&subnet.id, |subnet| {
                network::mark(&mut subnet.body, "Succeeded");
                json::set(&mut subnet.body, "etag", network.body["etag"].clone());
            });
        }
    }
}

fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let state = body["properties"]["provisioningState"].clone();
    let shown = subnets::of(world, &id).into_iter().map(|subnet| {
        let mut shown = lifecycle::present(world, &subnet);
        // Subnets that are part of a running write of the network show its state.
        if state != "Succeeded" {
            network::mark(&mut shown, json::text(&state));
        }
        shown
    });
    let shown: Vec<Value> = shown.collect();
    json::set(&mut body["properties"], "subnets", shown);
    let peered = peerings::of(world, &id).into_iter();
    let peered: Vec<Value> = peered.map(|one| lifecycle::present(world, &one)).collect();
    json::set(&mut body["properties"], "virtualNetworkPeerings", peered);
}
