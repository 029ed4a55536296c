//! The networks as a picture: who sits in which subnet, and what names mean in there.

use serde_json::Value;

use super::markup::{Markup, el};
use super::{badge, nothing, titled};
use crate::arm::{ids, json};
use crate::web::site::Site;
use crate::world::{Resource, World};

const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
const LINK: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";

pub(super) fn section(world: &World) -> [Markup; 1] {
    let networks = world.of_kind(NETWORK);
    let section = titled("Networks", networks.len());
    if networks.is_empty() {
        return [section.child(nothing("There are no virtual networks."))];
    }
    let sites = Site::all(world);
    [section.children(
        networks
            .iter()
            .map(|network| picture(world, &sites, network)),
    )]
}

fn picture(world: &World, sites: &[Site], network: &Resource) -> Markup {
    let subnets = world.of_kind_under("Microsoft.Network/virtualNetworks/subnets", &network.id);
    let boxes = subnets
        .iter()
        .map(|subnet| self::subnet(world, sites, subnet));
    let links = world.of_kind(LINK);
    let linked = links.iter().filter(|link| {
        let target = link
            .text("/properties/virtualNetwork/id")
            .unwrap_or_default();
        json::same(target, &network.id)
    });
    let zones: Vec<Markup> = linked.map(|link| zone(world, link)).collect();
    let ranges = strings(&network.body["properties"]["addressSpace"]["addressPrefixes"]);
    let names = if zones.is_empty() {
        el("p", "nothing")
            .text("No private DNS zone is linked: names mean what they mean on the internet.")
    } else {
        el("div", "zones").children(zones)
    };
    el("div", "vnet")
        .child(
            el("div", "vnet-name")
                .child(el("b", "").text(network.name()))
                .child(el("span", "dim").text(&ranges.join(", "))),
        )
        .child(el("div", "subnets").children(boxes))
        .child(names)
}

fn subnet(world: &World, sites: &[Site], subnet: &Resource) -> Markup {
    let properties = &subnet.body["properties"];
    let mut ranges = strings(&properties["addressPrefixes"]);
    ranges.extend(properties["addressPrefix"].as_str().map(str::to_owned));
    let delegations = json::items(&properties["delegations"])
        .map(|one| json::text(&one["properties"]["serviceName"]).to_owned())
        .collect::<Vec<_>>();
    let endpoints = world.of_kind(ENDPOINT);
    let here = endpoints.iter().filter(|endpoint| {
        let place = endpoint.text("/properties/subnet/id").unwrap_or_default();
        json::same(place, &subnet.id)
    });
    let apps = sites.iter().filter(|site| {
        site.subnet_id()
            .is_some_and(|place| json::same(place, &subnet.id))
    });
    let apps = apps.map(|site| {
        el("div", "chip app")
            .child(el("b", "").text(&site.name()))
            .child(el("span", "dim").text("app leaves from here"))
    });
    let title = el("div", "subnet-name")
        .child(el("b", "").text(subnet.name()))
        .child(el("span", "dim").text(&ranges.join(", ")));
    let title = if delegations.is_empty() {
        title
    } else {
        title.child(el("span", "tag").text(&delegations.join(", ")))
    };
    el("div", "subnet")
        .child(title)
        .children(apps)
        .children(here.map(|endpoint| chip(world, endpoint)))
}

fn chip(world: &World, endpoint: &Resource) -> Markup {
    let properties = &endpoint.body["properties"];
    let connections = [
        &properties["privateLinkServiceConnections"],
        &properties["manualPrivateLinkServiceConnections"],
    ];
    let connection = connections.into_iter().flat_map(json::items).next();
    let connection = connection.map_or(&Value::Null, |one| &one["properties"]);
    let target = json::text(&connection["privateLinkServiceId"]);
    let status = json::text(&connection["privateLinkServiceConnectionState"]["status"]);
    el("div", "chip endpoint")
        .child(el("b", "").text(endpoint.name()))
        .child(el("span", "dim").text(&addresses(world, properties).join(", ")))
        .child(el("span", "").text(&format!("→ {}", ids::name_of(target))))
        .child(badge(status))
}

fn addresses(world: &World, endpoint: &Value) -> Vec<String> {
    let interfaces = json::items(&endpoint["networkInterfaces"])
        .filter_map(|one| world.get(json::text(&one["id"])));
    interfaces
        .flat_map(|nic| {
            json::items(&nic.body["properties"]["ipConfigurations"])
                .map(|one| json::text(&one["properties"]["privateIPAddress"]).to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

fn zone(world: &World, link: &Resource) -> Markup {
    let zone = ids::parent(&link.id);
    let records = world.of_kind_under("Microsoft.Network/privateDnsZones/A", zone);
    let rows = records.iter().map(|record| {
        let addresses = json::items(&record.body["properties"]["aRecords"])
            .map(|one| json::text(&one["ipv4Address"]).to_owned())
            .collect::<Vec<_>>();
        el("div", "record")
            .child(el("code", "").text(record.name()))
            .text(" → ")
            .child(el("code", "").text(&addresses.join(", ")))
    });
    let zone = el("div", "zone").child(
        el("div", "")
            .child(el("b", "").text(ids::name_of(zone)))
            .child(el("span", "dim").text(&format!("linked by {}", link.name()))),
    );
    if records.is_empty() {
        zone.child(el("p", "nothing").text("no A records"))
    } else {
        zone.children(rows)
    }
}

fn strings(value: &Value) -> Vec<String> {
    json::items(value)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
