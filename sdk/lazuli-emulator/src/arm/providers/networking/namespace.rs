//! `Microsoft.Network` as a whole.

use super::{
    addresses, delegations, link_services, peerings, plain, route_tables, security_groups,
};
use crate::arm::Call;
use crate::arm::kind::{Namespace, gone_already, missing_parent};
use crate::arm::providers::{
    interfaces, network, private_dns, private_endpoints, record_sets, subnets, virtual_networks,
    zone_groups,
};
use crate::wire::Answer;
use crate::wire::errors::{parent_not_found, resource_not_found};
use crate::world::{Resource, World};

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[
        (
            "",
            &[
                "2025-09-01",
                "2025-07-01",
                "2025-05-01",
                "2025-01-01",
                "2024-05-01",
                "2023-09-01",
                "2022-01-01",
            ],
        ),
        (
            "privateDnsZones",
            &["2024-06-01", "2020-06-01", "2020-01-01", "2018-09-01"],
        ),
    ],
    dialects: &[&network::DIALECT, &private_dns::DIALECT],
    missing,
    missing_parent: Some(no_parent),
    settling: Some(new_etag),
    ..Namespace::new(
        "Microsoft.Network",
        &[
            &virtual_networks::KINDS,
            &subnets::KINDS,
            &peerings::KINDS,
            &addresses::KINDS,
            &delegations::KINDS,
            &security_groups::KINDS,
            &route_tables::KINDS,
            &plain::KINDS,
            &link_services::KINDS,
            &interfaces::KINDS,
            &private_endpoints::KINDS,
            &zone_groups::KINDS,
            &private_dns::KINDS,
            &record_sets::KINDS,
        ],
    )
};

fn is_dns(kind: &str) -> bool {
    kind.contains("privateDnsZones")
}

/// Private DNS is a provider of its own that shares the namespace only.
fn new_etag(world: &World, resource: &mut Resource) {
    if !is_dns(&resource.kind) {
        network::touch(world, &mut resource.body);
    }
}

/// A missing child is worded differently from a missing resource.
fn missing(call: &Call<'_>) -> Answer {
    if call.target.names.len() > 1 && !is_dns(&call.target.kind) {
        let message = format!("Resource {} not found.", call.id());
        return Answer::network(404, "NotFound", message);
    }
    call.not_found()
}

/// Only writes speak of the parent below a virtual network; reads and deletions do not find it.
fn no_parent(call: &Call<'_>, verb: &str, parent: &str) -> Answer {
    let kind = &call.target.kind;
    if verb == "delete" && kind == private_dns::LINK {
        return gone_already();
    }
    if !kind.starts_with("Microsoft.Network/virtualNetworks") {
        return missing_parent(call, verb, parent);
    }
    if verb == "write" {
        return parent_not_found(verb, kind, parent);
    }
    let above = kind.rsplit_once('/').map_or("", |(above, _)| above);
    let names = &call.target.names[..call.target.names.len() - 1];
    resource_not_found(above, names, call.target.group())
}
