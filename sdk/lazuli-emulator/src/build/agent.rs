//! Where a build runs, and whether it reaches the registry from there.
//!
//! Shared agents stand outside of every network and firewall rule. Since June 2025 they do not pass a closed
//! registry unless it says so (`networkRuleBypassAllowedForTasks`). The agents of a dedicated pool stand in
//! the pool's subnet, when it has one, and see names as that network does.

use std::net::{IpAddr, Ipv4Addr};

use crate::data::{access, registry};
use crate::web::view::{self, Resolution};
use crate::world::{Resource, World};

/// Shared agents come from the internet, from an address of a documentation range.
const AGENT_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 20));

/// The pool that a request names; `None` for the shared agents.
///
/// # Errors
/// The name of a pool that the registry does not have.
pub(super) fn pool(
    world: &World,
    registry: &Resource,
    name: Option<&str>,
) -> Result<Option<Resource>, String> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    match world.get(&format!("{}/agentPools/{name}", registry.id)) {
        Some(pool) => Ok(Some(pool)),
        None => Err(name.to_owned()),
    }
}

/// Whether an agent gets to the registry.
///
/// # Errors
/// The line of the run's log that says why not.
pub(super) fn reach(
    world: &World,
    registry: &Resource,
    pool: Option<&Resource>,
) -> Result<(), String> {
    let properties = &registry.body["properties"];
    let subnet = pool.and_then(|pool| pool.text("/properties/virtualNetworkSubnetResourceId"));
    if let Some(vnet) = subnet.and_then(view::vnet_of_subnet) {
        return reach_from(world, registry, vnet);
    }
    let bypass = properties["networkRuleBypassAllowedForTasks"] == true;
    if bypass || access::admits(properties, AGENT_ADDRESS) {
        return Ok(());
    }
    let advice = "build before the registry is closed, name an agent pool in its network, or set \
         networkRuleBypassAllowedForTasks to true";
    Err(denied(registry, advice))
}

fn reach_from(world: &World, registry: &Resource, vnet: &str) -> Result<(), String> {
    let host = registry::login_server(registry);
    match view::resolve(world, vnet, registry, &host) {
        Resolution::Private { address, .. } => {
            let endpoints = view::endpoints_of(world, registry);
            let open = endpoints.iter().any(|endpoint| {
                endpoint.addresses.contains(&address)
                    && endpoint.status == "Approved"
                    && view::is_routed(world, vnet, &endpoint.vnet)
            });
            if open {
                return Ok(());
            }
            Err(format!(
                "failed to login, ran out of retries: failed to set docker credentials: Error response from daemon: \
                 Get \"https://{host}/v2/\": dial tcp {address}:443: i/o timeout"
            ))
        }
        Resolution::NoSuchName { why } => Err(format!(
            "failed to login, ran out of retries: failed to set docker credentials: Error response from daemon: \
             Get \"https://{host}/v2/\": dial tcp: lookup {host}: no such host ({why})"
        )),
        Resolution::Public { why } => {
            if access::admits(&registry.body["properties"], AGENT_ADDRESS) {
                return Ok(());
            }
            let advice = format!("the pool's network sees the public address because {why}");
            Err(denied(registry, &advice))
        }
    }
}

fn denied(registry: &Resource, advice: &str) -> String {
    format!(
        "failed to login, ran out of retries: failed to set docker credentials: Error response from daemon: \
         Get \"https://{}/v2/\": denied: {} ({advice})",
        registry::login_server(registry),
        registry::denied_message(&AGENT_ADDRESS.to_string()),
    )
}
