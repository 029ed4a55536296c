//! The way of every app into a network: the subnet that it is integrated with.

use lazuli_arm::ResourceId;

use super::model::Known;
use super::{HopKind, Steps};
use crate::verify::subnets::{is_delegated, too_small};

/// The network that the app is integrated with.
pub(super) fn subnet(steps: &mut Steps<'_, '_>) -> Known<ResourceId> {
    let id = match steps.app.subnet() {
        Known::Is(id) => id,
        Known::Pending => {
            steps.open(HopKind::Subnet, "the app's subnet is known");
            return Known::Pending;
        }
        Known::Absent => {
            steps.not_applicable(HopKind::Subnet, "the app is in no network");
            return Known::Absent;
        }
    };
    let name = id.name().to_owned();
    let subnet = steps.model.subnet(&id);
    if let Some(subnet) = subnet {
        steps.on(subnet.node);
    }
    match subnet {
        None => steps.open(
            HopKind::Subnet,
            format!("somebody looks at `{name}`, which this program does not declare"),
        ),
        Some(subnet) if is_delegated(subnet) == Some(false) => {
            steps.reported_elsewhere(
                HopKind::Subnet,
                "LZ2003",
                subnet.node,
                format!("`{name}` is not delegated to App Service"),
            );
        }
        Some(subnet) if too_small(subnet).is_some() => {
            steps.reported_elsewhere(
                HopKind::Subnet,
                "LZ2004",
                subnet.node,
                format!("`{name}` is too small"),
            );
        }
        Some(_) => steps.holds(HopKind::Subnet, format!("integrated with `{name}`")),
    }
    id.parent().map_or(Known::Absent, Known::Is)
}
