//! `virtualNetworks/virtualNetworkPeerings`: one half of a connection between two networks.
//!
//! Each side is written on its own. A half alone is `Initiated`; with its counterpart both are
//! `Connected`; a half whose counterpart goes away is `Disconnected` and has to be made again.
//! Peering routes addresses. It shares no private zones: the resolver of a network asks the zones
//! linked to that network only.

use ipnet::Ipv4Net;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::providers::network::{self, overlap, range};
use crate::arm::providers::virtual_networks;
use crate::arm::{Answer, Call, ids, json, rbac};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
pub(crate) const KINDS: [Kind; 1] = [Kind {
    put: Some(put),
    delete: Some(delete),
    view: Some(view),
    settle: Some(settle),
    removed: Some(removed),
    ..Kind::new(KIND)
}];

/// Flags and what they are when the request leaves them out.
const FLAGS: [(&str, bool); 6] = [
    ("allowVirtualNetworkAccess", true),
    ("allowForwardedTraffic", false),
    ("allowGatewayTransit", false),
    ("useRemoteGateways", false),
    ("doNotVerifyRemoteGateways", false),
    ("peerCompleteVnets", true),
];

/// The peerings of a network, by name.
pub(crate) fn of(world: &World, network: &str) -> Vec<Resource> {
    let children = world.under(network).into_iter();
    children.filter(|child| child.kind == KIND).collect()
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let properties = json::properties(call.object()?)?;
    let network = ids::parent(&call.id()).to_owned();
    let peering = build(call, &call.id(), &properties)?;
    Ok(network::write(call, Some(&network), peering))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(network::delete(call, Some(ids::parent(&call.id()))))
}

/// The peering that properties make, after the checks that need both networks.
fn build(call: &Call<'_>, id: &str, given: &Value) -> Result<Resource, Answer> {
    let network = ids::parent(id);
    let remote_id = json::text(&given["remoteVirtualNetwork"]["id"]);
    let existing = call.world.get(id);
    check_remote_kept(existing.as_ref(), id, remote_id)?;
    let remote = network::referenced(call.world, remote_id, virtual_networks::KIND, id)?;
    rbac::check_linked(
        call,
        "Microsoft.Network/virtualNetworks/peer/action",
        &remote.id,
    )?;
    check_single(call.world, id, remote_id)?;
    check_apart(call.world, id, network, &remote)?;
    check_gateways(id, &remote, given)?;
    check_counterpart(call.world, id, network, remote_id)?;
    let space = remote.body["properties"]["addressSpace"].clone();
    let sync = existing.is_none()
        || call
            .incoming
            .query_value("syncRemoteAddressSpace")
            .is_some();
    let synced = existing
        .as_ref()
        .filter(|_| !sync)
        .and_then(|old| old.at("/properties/remoteAddressSpace").cloned())
        .unwrap_or_else(|| space.clone());
    let mut properties = json!({
        "provisioningState": "Updating", "resourceGuid": pair_guid(network, remote_id),
        "peeringState": state_of(existing.as_ref()), "peeringSyncLevel": "RemoteNotInSync",
        "remoteVirtualNetwork": { "id": remote_id },
    });
    for (flag, default) in FLAGS {
        json::set(
            &mut properties,
            flag,
            given[flag].as_bool().unwrap_or(default),
        );
    }
    json::set(&mut properties, "remoteAddressSpace", synced);
    json::set(&mut properties, "remoteVirtualNetworkAddressSpace", space);
    let encryption = &remote.body["properties"]["encryption"];
    if encryption.is_object() {
        json::set(
            &mut properties,
            "remoteVirtualNetworkEncryption",
            encryption.clone(),
        );
    }
    json::set(&mut properties, "routeServiceVips", json!({}));
    Ok(network::child(id, KIND, properties))
}

fn state_of(existing: Option<&Resource>) -> &str {
    existing
        .and_then(|old| old.text("/properties/peeringState"))
        .unwrap_or("Initiated")
}

/// Both halves of a pair show the same identifier.
fn pair_guid(one: &str, other: &str) -> String {
    let mut pair = [one.to_ascii_lowercase(), other.to_ascii_lowercase()];
    pair.sort();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, pair.join(" ").as_bytes()).to_string()
}

fn refuse(code: &str, message: String) -> Result<(), Answer> {
    Err(Answer::network(400, code, message))
}

fn check_remote_kept(existing: Option<&Resource>, id: &str, remote: &str) -> Result<(), Answer> {
    let old = existing.and_then(|old| old.text("/properties/remoteVirtualNetwork/id"));
    if old.is_none_or(|old| json::same(old, remote)) {
        return Ok(());
    }
    let message = format!(
        "Cannot change the remote virtual network of the existing peering {id}. Delete the peering and create it again."
    );
    refuse("ChangingRemoteVirtualNetworkNotAllowed", message)
}

fn check_single(world: &World, id: &str, remote: &str) -> Result<(), Answer> {
    let twin = of(world, ids::parent(id)).into_iter().find(|other| {
        !json::same(&other.id, id) && remote_of(other).is_some_and(|it| json::same(it, remote))
    });
    let Some(twin) = twin else { return Ok(()) };
    let message = format!(
        "Peering {} already references remote virtual network {remote}. Cannot add another peering {id} referencing the same remote virtual network.",
        twin.id,
    );
    refuse("AnotherPeeringAlreadyReferencesRemoteVnet", message)
}

fn check_apart(world: &World, id: &str, network: &str, remote: &Resource) -> Result<(), Answer> {
    let Some(local) = world.get(network) else {
        return Ok(());
    };
    let pair = ranges(&local)
        .into_iter()
        .flat_map(|mine| ranges(remote).into_iter().map(move |theirs| (mine, theirs)))
        .find(|(mine, theirs)| overlap(*mine, *theirs));
    match pair {
        None => Ok(()),
        Some((mine, theirs)) => refuse(
            "VnetAddressSpacesOverlap",
            overlapping(id, network, &remote.id, mine, theirs),
        ),
    }
}

fn overlapping(id: &str, one: &str, other: &str, mine: Ipv4Net, theirs: Ipv4Net) -> String {
    format!(
        "Cannot create or update peering {id}. Virtual networks {one} and {other} cannot be peered because their address spaces overlap. Overlapping address prefixes: {mine}, {theirs}"
    )
}

/// A network that is peered may grow, but not into the ranges of its peers.
pub(crate) fn check_space(call: &Call<'_>, space: &[Ipv4Net]) -> Result<(), Answer> {
    for peering in of(call.world, &call.id()) {
        let Some(remote) = remote_of(&peering).and_then(|id| call.world.get(id)) else {
            continue;
        };
        for theirs in ranges(&remote) {
            if let Some(mine) = space.iter().find(|mine| overlap(**mine, theirs)) {
                let message = format!(
                    "Address space of the virtual network {} overlaps with the address space of already peered virtual network {}. Overlapping address prefixes: {mine}, {theirs}.",
                    call.id(),
                    remote.id,
                );
                return refuse("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet", message);
            }
        }
    }
    Ok(())
}

/// No network of this Azure has a gateway, so none can be used by a peer.
fn check_gateways(id: &str, remote: &Resource, given: &Value) -> Result<(), Answer> {
    if given["useRemoteGateways"] != true {
        return Ok(());
    }
    let message = format!(
        "Peering {id} cannot have UseRemoteGateways flag set to true because remote virtual network {} referenced by the peering does not have any gateways.",
        remote.id,
    );
    refuse("RemoteVnetHasNoGateways", message)
}

fn check_counterpart(world: &World, id: &str, network: &str, remote: &str) -> Result<(), Answer> {
    match counterpart(world, network, remote) {
        Some(other) if state_of(Some(&other)) == "Disconnected" => {
            let message = format!(
                "Cannot create or update peering {id} because remote peering {} referencing parent virtual network {network} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.",
                other.id,
            );
            refuse("RemotePeeringIsDisconnected", message)
        }
        _ => Ok(()),
    }
}

fn remote_of(peering: &Resource) -> Option<&str> {
    peering.text("/properties/remoteVirtualNetwork/id")
}

fn counterpart(world: &World, network: &str, remote: &str) -> Option<Resource> {
    of(world, remote)
        .into_iter()
        .find(|other| remote_of(other).is_some_and(|back| json::same(back, network)))
}

fn ranges(network: &Resource) -> Vec<Ipv4Net> {
    json::items(&network.body["properties"]["addressSpace"]["addressPrefixes"])
        .filter_map(|text| range(text.as_str()?))
        .collect()
}

/// The peerings a network's body speaks of: `None` keeps what is there.
pub(crate) fn inline(
    call: &Call<'_>,
    given: &Value,
    keeps_since: &str,
) -> Result<Option<Vec<Resource>>, Answer> {
    let Some(list) = given["virtualNetworkPeerings"].as_array() else {
        let keeps = call.api_version.as_str() >= keeps_since;
        return Ok((!keeps).then(Vec::new));
    };
    let build = |one: &Value| {
        let id = format!(
            "{}/virtualNetworkPeerings/{}",
            call.id(),
            json::text(&one["name"])
        );
        build(call, &id, &json::properties(one)?)
    };
    list.iter()
        .map(build)
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// Makes the peerings of a network exactly these.
pub(crate) fn store(call: &Call<'_>, wanted: Vec<Resource>) {
    for old in of(call.world, &call.id()) {
        if !wanted.iter().any(|new| json::same(&new.id, &old.id)) {
            lifecycle::remove(call.world, &old.id);
        }
    }
    for mut peering in wanted {
        network::touch(call.world, &mut peering.body);
        network::mark(&mut peering.body, "Succeeded");
        call.world.put(peering.clone());
        settle(call.world, &peering);
    }
}

/// With its counterpart there, a half makes both `Connected`.
fn settle(world: &World, peering: &Resource) {
    let remote = remote_of(peering).unwrap_or_default();
    let other = counterpart(world, ids::parent(&peering.id), remote);
    let state = if other.is_some() {
        "Connected"
    } else {
        "Initiated"
    };
    for id in other.iter().map(|one| &one.id).chain([&peering.id]) {
        set_state(world, id, state);
    }
}

fn removed(world: &World, peering: &Resource) {
    let remote = remote_of(peering).unwrap_or_default();
    if let Some(other) = counterpart(world, ids::parent(&peering.id), remote) {
        set_state(world, &other.id, "Disconnected");
    }
}

fn set_state(world: &World, id: &str, state: &str) {
    world.update(id, |peering| {
        json::set(&mut peering.body["properties"], "peeringState", state);
    });
}

/// The other network's address space as it is now, and whether both sides know of it.
fn view(world: &World, body: &mut Value) {
    let network = ids::parent(json::text(&body["id"])).to_owned();
    let remote = json::text(&body["properties"]["remoteVirtualNetwork"]["id"]).to_owned();
    let Some(now) = world.get(&remote) else {
        return;
    };
    let space = |of: &Value| of["properties"]["addressSpace"]["addressPrefixes"].clone();
    let here = world.get(&network).map(|local| space(&local.body));
    let known = |half: &Value| half["properties"]["remoteAddressSpace"]["addressPrefixes"].clone();
    let local = known(body) == space(&now.body);
    let level = counterpart(world, &network, &remote)
        .map(|other| (local, Some(known(&other.body)) == here));
    let level = match level {
        Some((true, true)) => "FullyInSync",
        Some((false, true)) => "LocalNotInSync",
        Some((false, false)) => "LocalAndRemoteNotInSync",
        Some((true, false)) | None => "RemoteNotInSync",
    };
    let current = now.body["properties"]["addressSpace"].clone();
    let properties = &mut body["properties"];
    json::set(properties, "remoteVirtualNetworkAddressSpace", current);
    json::set(properties, "peeringSyncLevel", level);
}
