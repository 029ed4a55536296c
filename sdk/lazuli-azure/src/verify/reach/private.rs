//! The private path: from a network, through names and records, to an endpoint.

use lazuli_arm::ResourceId;
use lazuli_core::Value;

use super::model::{Endpoint, Known, Link, Model};
use super::target::Target;
use super::{HopKind, Steps, Violation};
use crate::generated::types;
use crate::verify::graph::Node;

const SERVERS: &str = "properties.dhcpOptions.dnsServers";

/// How something answers to the public network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// To nobody.
    Closed,
    /// To everybody.
    Open,
    /// To some addresses.
    Rules,
    /// That is not known yet.
    Pending,
}

/// The exposure of a registry, an app or a vault. App Service is not among the
/// services that pass a closed one (registry documentation, trusted services).
pub(crate) fn exposure(node: Node<'_>, has_endpoint: bool) -> Exposure {
    let access = "properties.publicNetworkAccess";
    if node.is_unknown(access) {
        return Exposure::Pending;
    }
    if node.says(access, &["Disabled"]) {
        return Exposure::Closed;
    }
    if node.is(types::SITE) {
        // An app with an endpoint is closed unless it says otherwise.
        return match has_endpoint && !node.says(access, &["Enabled"]) {
            true => Exposure::Closed,
            false => Exposure::Open,
        };
    }
    rules(
        node,
        if node.is(types::REGISTRY) {
            "properties.networkRuleSet"
        } else {
            "properties.networkAcls"
        },
    )
}

fn rules(node: Node<'_>, set: &str) -> Exposure {
    let at = |member: &str| format!("{set}.{member}");
    if node.is_unknown(&at("defaultAction")) || matches!(node.value(set), Some(Value::Unknown(_))) {
        return Exposure::Pending;
    }
    if !node.says(&at("defaultAction"), &["Deny"]) {
        return Exposure::Open;
    }
    let lists = [at("ipRules"), at("virtualNetworkRules")];
    if lists.iter().any(|list| node.is_unknown(list)) {
        return Exposure::Rules;
    }
    let all = lists.iter().flat_map(|list| node.list(list));
    let mut values = all.map(|rule| rule.at("value").and_then(Value::as_str));
    let is_any = |value: Option<&str>| value == Some("0.0.0.0/0");
    match lists.iter().all(|list| node.list(list).is_empty()) {
        true => Exposure::Closed,
        false if values.any(is_any) => Exposure::Open,
        false => Exposure::Rules,
    }
}

/// The exposure once everything is deployed: a lock may come last.
pub(super) fn final_exposure(model: &Model<'_>, target: &Target<'_>) -> Exposure {
    match model.is_locked(&target.id) {
        true => Exposure::Closed,
        false => exposure(target.node, model.endpoints_to(&target.id).next().is_some()),
    }
}

/// Walks from a network to a target: names, records, endpoint, firewall.
pub(super) fn walk<'a>(
    steps: &mut Steps<'_, 'a>,
    target: &Target<'a>,
    network: &ResourceId,
    codes: &Codes,
) {
    let path = Path {
        target,
        network,
        codes,
        endpoints: steps.model.endpoints_to(&target.id).cloned().collect(),
        exposure: final_exposure(steps.model, target),
    };
    if path.endpoints.is_empty() {
        path.without_endpoint(steps);
        return;
    }
    let zones = path.zones(steps);
    if zones.linked.is_empty() {
        path.without_link(steps, zones.is_pending);
        return;
    }
    path.through_zone(steps, &zones.linked);
}

/// Which rules speak of which broken hop.
pub(super) struct Codes {
    pub(super) endpoint: &'static str,
    pub(super) link: &'static str,
    pub(super) records: &'static str,
}

struct Path<'w, 'a> {
    target: &'w Target<'a>,
    network: &'w ResourceId,
    codes: &'w Codes,
    endpoints: Vec<Endpoint<'a>>,
    exposure: Exposure,
}

/// The zones of the service that the network is linked to.
struct Zones<'a> {
    linked: Vec<Link<'a>>,
    /// A link whose network is not known may be one of them.
    is_pending: bool,
}

impl<'a> Path<'_, 'a> {
    fn zones(&self, steps: &Steps<'_, 'a>) -> Zones<'a> {
        let is_ours = |link: &&Link<'a>| self.target.is_zone(link.zone.name());
        let linked = steps.model.links_to(self.network).filter(is_ours);
        Zones {
            linked: linked.cloned().collect(),
            is_pending: steps.model.links_pending().any(|link| is_ours(&link)),
        }
    }

    fn own(&self, steps: &Steps<'_, 'a>) -> Option<Node<'a>> {
        steps.model.graph.find(self.network)
    }

    /// Whether DNS servers of one's own answer in the network; none where that is not known.
    fn has_servers(&self, steps: &Steps<'_, 'a>) -> bool {
        self.own(steps).is_some_and(|own| {
            let is_empty = own
                .value(SERVERS)
                .and_then(Value::as_list)
                .is_some_and(<[_]>::is_empty);
            own.value(SERVERS).is_some() && !is_empty
        })
    }

    fn name(&self) -> String {
        let host = self.target.host.clone();
        host.unwrap_or_else(|| format!("the name of {}", self.target.called()))
    }

    fn without_endpoint(&self, steps: &mut Steps<'_, 'a>) {
        if steps.model.has_pending_target() {
            let until = "it is known what each private endpoint leads to";
            steps.open(HopKind::Endpoint, until);
            return;
        }
        let detail = format!(
            "{} has its public address: no private endpoint leads there",
            self.name()
        );
        steps.holds(HopKind::Dns, detail);
        if self.exposure != Exposure::Closed {
            self.public(steps);
            return;
        }
        let (what, called, network) = (self.target.what, self.target.called(), self.network.name());
        let own = self.own(steps);
        let mut related = vec![(self.target.node, "closed to the public network here")];
        related.extend(own.map(|own| (own, "the app's network")));
        let breach = Violation {
            code: self.codes.endpoint,
            is_certain: own.is_some(),
            at: steps.app.node,
            message: format!(
                "the {what} {called} is closed to the public network, and has no private endpoint"
            ),
            fix: format!(
                "declare a private endpoint of the {what} in the network `{network}`, with the group id `{}`",
                self.target.group()
            ),
            related,
        };
        steps.broken(HopKind::Endpoint, breach);
    }

    fn without_link(&self, steps: &mut Steps<'_, 'a>, is_pending: bool) {
        if is_pending {
            steps.open(
                HopKind::Dns,
                "it is known which networks the zone is linked to",
            );
            return;
        }
        // DNS servers of one's own may know the zone by other ways.
        if self.has_servers(steps) {
            steps.open(HopKind::Dns, "the network's own DNS servers are asked");
            return;
        }
        if self.exposure != Exposure::Closed {
            let detail = format!(
                "{} has its public address: the network is linked to no zone {}",
                self.name(),
                self.target.zone()
            );
            steps.holds(HopKind::Dns, detail);
            self.public(steps);
            return;
        }
        let (what, zone, own) = (self.target.what, self.target.zone(), self.own(steps));
        let mut related = vec![(self.target.node, "closed to the public network here")];
        related.extend(own.map(|own| (own, "the network without the link")));
        related.extend(
            self.endpoints
                .first()
                .map(|endpoint| (endpoint.node, "the endpoint that is not found")),
        );
        let breach = Violation {
            code: self.codes.link,
            is_certain: own.is_some(),
            at: steps.app.node,
            message: format!(
                "the network `{}` is not linked to the private zone of {what} names, so the app finds the public address of {}",
                self.network.name(),
                self.target.called()
            ),
            fix: format!(
                "link the zone `{zone}` to the network: `VirtualNetworkLink::builder(&zone, ..)`, or a `PrivateDnsLink`"
            ),
            related,
        };
        steps.broken(HopKind::Dns, breach);
        steps.not_applicable(HopKind::Endpoint, "the name does not lead to it");
    }

    fn public(&self, steps: &mut Steps<'_, 'a>) {
        steps.not_applicable(HopKind::Endpoint, "not needed: the public address answers");
        public(steps, self.exposure);
    }

    fn through_zone(&self, steps: &mut Steps<'_, 'a>, linked: &[Link<'a>]) {
        let servers = self.has_servers(steps);
        steps.on(linked[0].node);
        match servers {
            true => steps.open(HopKind::Dns, "the network's own DNS servers are asked"),
            false => {
                let zone = linked[0].zone.name();
                let detail = format!(
                    "{} is looked up in {zone}, which the network `{}` is linked to",
                    self.name(),
                    self.network.name()
                );
                steps.holds(HopKind::Dns, detail);
            }
        }
        let keepers = self.records(steps, linked, servers);
        let Some(keepers) = keepers else {
            steps.not_applicable(HopKind::Endpoint, "no record leads to it");
            return;
        };
        self.endpoint(steps, &keepers);
        steps.on(self.target.node);
        match steps.is_broken() {
            true => steps.not_applicable(HopKind::Firewall, "not reached"),
            false => steps.holds(HopKind::Firewall, "a private endpoint is not subject to it"),
        }
    }

    /// The endpoints that the records lead to; none where there are no records.
    fn records(
        &self,
        steps: &mut Steps<'_, 'a>,
        linked: &[Link<'a>],
        servers: bool,
    ) -> Option<Vec<Endpoint<'a>>> {
        let is_linked = |zone: &ResourceId| linked.iter().any(|link| link.zone == *zone);
        let keeps = |endpoint: &&Endpoint<'a>| {
            let mut zones = endpoint.zones.iter();
            zones.any(|(_, zone)| zone.is().is_some_and(is_linked))
        };
        let keepers: Vec<_> = self.endpoints.iter().filter(keeps).cloned().collect();
        if let Some(keeper) = keepers.first() {
            let mut zones = keeper.zones.iter();
            if let Some((group, _)) = zones.find(|(_, zone)| zone.is().is_some_and(is_linked)) {
                steps.on(*group);
            }
            steps.holds(
                HopKind::Records,
                format!("{} keeps its records there", keeper.node.called()),
            );
            return Some(keepers);
        }
        let pending =
            |endpoint: &Endpoint<'a>| endpoint.zones.iter().any(|(_, zone)| zone.is_pending());
        if self.endpoints.iter().any(pending) {
            steps.open(
                HopKind::Records,
                "the zones of the endpoint's group are known",
            );
            return Some(self.endpoints.clone());
        }
        if self.has_record(steps, linked) {
            steps.open(
                HopKind::Records,
                "the address in the declared record can be compared with the endpoint's",
            );
            return Some(self.endpoints.clone());
        }
        let zone = steps.model.graph.find(&linked[0].zone);
        let endpoint = &self.endpoints[0];
        steps.on(endpoint.node);
        let mut related = vec![
            (linked[0].node, "the link to the zone"),
            (steps.app.node, "the app that asks"),
        ];
        related.extend(zone.map(|zone| (zone, "the zone without the records")));
        let breach = Violation {
            code: self.codes.records,
            is_certain: zone.is_some() && !servers,
            at: endpoint.node,
            message: format!(
                "the endpoint keeps no records in the zone that the network of the app {} is linked to, so {} has no address there",
                steps.app.node.called(),
                self.name()
            ),
            fix: "give the endpoint a DNS zone group with that zone: `PrivateDnsZoneGroup::builder(&endpoint, ..).zones([&zone])`".to_owned(),
            related,
        };
        steps.broken(HopKind::Records, breach);
        None
    }

    /// Records may also be declared one by one.
    fn has_record(&self, steps: &Steps<'_, 'a>, linked: &[Link<'a>]) -> bool {
        let graph = &steps.model.graph;
        let mut records = linked
            .iter()
            .flat_map(|link| graph.children(&link.zone, types::A_RECORD));
        records.any(|record| {
            let id = record.id();
            id.is_some_and(|id| id.name().eq_ignore_ascii_case(self.target.id.name()))
        })
    }

    /// One good endpoint is enough; else the first says what is wrong.
    fn endpoint(&self, steps: &mut Steps<'_, 'a>, keepers: &[Endpoint<'a>]) {
        let judged = keepers
            .iter()
            .map(|endpoint| (endpoint, self.judge(steps, endpoint)));
        let mut judged: Vec<_> = judged.collect();
        judged.sort_by_key(|(_, state)| *state);
        let Some((endpoint, state)) = judged.first() else {
            return;
        };
        let called = endpoint.node.called();
        steps.on(endpoint.node);
        match state {
            State::Good => {
                let detail = format!("{called} is connected to {}", self.target.called());
                steps.holds(HopKind::Endpoint, detail);
            }
            State::Pending => steps.open(
                HopKind::Endpoint,
                format!("target, group and network of {called} are known"),
            ),
            State::Unapproved => {
                let detail = format!("the connection of {called} waits for somebody's approval");
                steps.reported_elsewhere(HopKind::Endpoint, "LZ2063", endpoint.node, detail);
            }
            State::OtherGroup => {
                let detail = format!(
                    "{called} does not name the group id `{}`",
                    self.target.group()
                );
                steps.reported_elsewhere(HopKind::Endpoint, "LZ2034", endpoint.node, detail);
            }
            State::Elsewhere => self.elsewhere(steps, endpoint),
        }
    }

    fn judge(&self, steps: &Steps<'_, 'a>, endpoint: &Endpoint<'a>) -> State {
        let group = match &endpoint.groups {
            Known::Is(groups) => groups
                .iter()
                .any(|group| group.eq_ignore_ascii_case(self.target.group())),
            Known::Pending => return State::Pending,
            Known::Absent => false,
        };
        let approved = steps
            .model
            .graph
            .of_type(types::REGISTRY_CONNECTION)
            .next()
            .is_some();
        match endpoint.network() {
            _ if !group => State::OtherGroup,
            _ if endpoint.is_manual && !approved => State::Unapproved,
            Known::Is(network) if network == *self.network => State::Good,
            Known::Is(network) => self.peered(steps, &network),
            Known::Pending | Known::Absent => State::Pending,
        }
    }

    /// A peering connects when each side has declared it.
    fn peered(&self, steps: &Steps<'_, 'a>, other: &ResourceId) -> State {
        let model = steps.model;
        let pending = model.has_pending_peering();
        let is_here = |id: &ResourceId| model.graph.find(id).is_some();
        let here = model.has_peering(self.network, other);
        match (here, model.has_peering(other, self.network)) {
            (true, true) => State::Good,
            (true, false) | (false, true) if pending || !is_here(other) => State::Pending,
            _ if pending => State::Pending,
            _ => State::Elsewhere,
        }
    }

    fn elsewhere(&self, steps: &mut Steps<'_, 'a>, endpoint: &Endpoint<'a>) {
        let (what, called, network) = (self.target.what, self.target.called(), self.network.name());
        let other = endpoint.network();
        let other = other.is().and_then(|id| steps.model.graph.find(id));
        let own = self.own(steps);
        // A third network may lead on to it.
        let alone = steps.model.peerings.is_empty();
        let mut related = vec![(endpoint.node, "the endpoint in another network")];
        related.extend(own.map(|own| (own, "the app's network")));
        let breach = Violation {
            code: self.codes.endpoint,
            is_certain: own.is_some() && other.is_some() && alone,
            at: steps.app.node,
            message: format!(
                "no private endpoint of the {what} {called} is in the app's network `{network}`, or in one that it is peered with"
            ),
            fix: "put an endpoint there, or peer the networks in both directions".to_owned(),
            related,
        };
        steps.broken(HopKind::Endpoint, breach);
    }
}

/// What an endpoint is good for, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Good,
    Pending,
    Unapproved,
    OtherGroup,
    Elsewhere,
}

/// The firewall, as the public address meets it; a closed one is the caller's to judge.
pub(super) fn public(steps: &mut Steps<'_, '_>, exposure: Exposure) {
    match exposure {
        Exposure::Open => steps.holds(HopKind::Firewall, "the public address is open to the app"),
        Exposure::Rules => steps.open(HopKind::Firewall, "the app's outbound addresses are known"),
        Exposure::Pending => {
            steps.open(HopKind::Firewall, "it is known whether public access is on")
        }
        Exposure::Closed => steps.not_applicable(HopKind::Firewall, "closed to the public network"),
    }
}
