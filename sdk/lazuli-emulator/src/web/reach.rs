//! The hops between a site and a registry: name, endpoint, firewall, and the second name for layers.

use std::net::IpAddr;

use super::gate::{self, Origin, SiteHost};
use super::pull::{FailureKind, PullPath, Walk, fail, failure};
use super::site::{Site, last_segment};
use super::view::{self, Resolution};
use crate::data::{access, registry};
use crate::world::Resource;

impl PullPath<'_> {
    /// Name resolution and endpoint; true when the path is private.
    pub(super) fn reach(&mut self, owner: &Resource, host: &str) -> Walk<bool> {
        self.ask("name");
        let Some(vnet) = self.vnet.clone() else {
            self.holds(format!(
                "{host} resolves to its public address outside of any VNet"
            ));
            return Ok(false);
        };
        match view::resolve(self.world, &vnet, owner, host) {
            Resolution::Private { address, zone } => {
                self.holds(format!("{host} resolves to {address} through {zone}"));
                self.endpoint(owner, &vnet, host, &address)?;
                Ok(true)
            }
            Resolution::Public { why } => {
                self.holds(format!(
                    "the name {host} resolves to the public address because {why}"
                ));
                Ok(false)
            }
            Resolution::NoSuchName { why } => fail(
                FailureKind::Unreachable,
                format!("the name {host} does not resolve because {why}"),
            ),
        }
    }

    fn endpoint(&mut self, owner: &Resource, vnet: &str, host: &str, address: &str) -> Walk<()> {
        self.ask("endpoint");
        let target = last_segment(&owner.id);
        let endpoints = view::endpoints_of(self.world, owner);
        let holder = endpoints
            .iter()
            .find(|e| e.addresses.iter().any(|a| a == address));
        let Some(endpoint) = holder else {
            return fail(
                FailureKind::Unreachable,
                format!(
                    "{host} resolves to {address}, but no private endpoint of {target} has that address"
                ),
            );
        };
        if !view::is_routed(self.world, vnet, &endpoint.vnet) {
            return fail(
                FailureKind::Unreachable,
                format!(
                    "private endpoint {} is in {}, which {} is not peered with",
                    endpoint.name,
                    last_segment(&endpoint.vnet),
                    last_segment(vnet)
                ),
            );
        }
        if endpoint.status != "Approved" {
            return fail(
                FailureKind::Unreachable,
                format!(
                    "the connection of private endpoint {} to {target} is {}, not Approved",
                    endpoint.name, endpoint.status
                ),
            );
        }
        self.holds(format!(
            "{} ({address}) is connected to {target}",
            endpoint.name
        ));
        Ok(())
    }

    pub(super) fn firewall(&mut self, registry: &Resource, is_private: bool) -> Walk<()> {
        let how = self.how();
        self.ask("firewall");
        if is_private {
            self.holds("a private endpoint is not subject to it");
            return Ok(());
        }
        let addresses = self.site.outbound_addresses();
        let client = addresses.iter().map(|a| a.parse::<IpAddr>());
        let refused = client.zip(&addresses).find(|(parsed, _)| {
            !parsed
                .as_ref()
                .is_ok_and(|ip| access::admits(&registry.body["properties"], *ip))
        });
        let closed = registry.body["properties"]["publicNetworkAccess"] == "Disabled";
        if refused.is_none() && !closed {
            self.holds("the public address is open to the app");
            return Ok(());
        }
        let rule = if closed {
            "has public network access disabled"
        } else {
            "does not allow the app's outbound addresses"
        };
        let address = refused.map_or("its public address", |(_, address)| address.as_str());
        let name = registry::name_of(registry);
        fail(
            FailureKind::Denied,
            format!("registry {name} {rule}, and the pull comes from {address}: {how}"),
        )
    }

    /// Access restrictions of a web app that hosts a registry, for whoever comes by its public address.
    pub(super) fn gate(&mut self, host: &Site) -> Walk<()> {
        let how = self.how();
        let address = self
            .site
            .outbound_addresses()
            .first()
            .and_then(|address| address.parse().ok())
            .unwrap_or(self.world.settings().client_ip);
        let origin = match self.site.subnet_id().filter(|_| self.vnet.is_some()) {
            Some(subnet) => Origin::Subnet(subnet),
            None => Origin::Public(address),
        };
        gate::admits(self.world, host, SiteHost::Main, origin)
            .map_err(|cause| failure(FailureKind::Denied, format!("{cause}: {how}")))
    }

    /// What the hop before said of the path.
    fn how(&self) -> String {
        let before = self.hops.iter().rev().find(|hop| !hop.detail.is_empty());
        before.map(|hop| hop.detail.clone()).unwrap_or_default()
    }

    /// Layers come from a second name, which must lead to the endpoint as well.
    pub(super) fn layers(&mut self, registry: &Resource) -> Walk<()> {
        let location = registry.body["location"]
            .as_str()
            .unwrap_or_default()
            .replace(' ', "")
            .to_lowercase();
        let name = registry::name_of(registry);
        let login = registry.body["properties"]["loginServer"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        let suffix = login
            .split_once('.')
            .map_or("azurecr.io", |(_, suffix)| suffix);
        let host = format!("{name}.{location}.data.{suffix}");
        let is_private = self.reach(registry, &host)?;
        self.firewall(registry, is_private)
    }
}
