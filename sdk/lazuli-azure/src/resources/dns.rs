//! Sugar of private DNS: the zones that hold an endpoint's records.

use lazuli_core::{Input, IntoInput, Output, Property, ToProperty};

use crate::generated::PrivateDnsZone;
use crate::ids::PrivateDnsZoneId;

/// A zone that a private endpoint keeps its records in.
#[derive(Debug, Clone)]
pub struct ZoneConfig {
    zone: Output<PrivateDnsZoneId>,
}

impl ZoneConfig {
    fn of(zone: Output<PrivateDnsZoneId>) -> Input<Self> {
        Input::Value(Self { zone })
    }
}

impl ToProperty for ZoneConfig {
    /// The entry is named after the zone: `privatelink-azurecr-io`.
    fn to_property(self) -> Property {
        let name = self.zone.map(|id| {
            let name = id.as_str().rsplit('/').next().unwrap_or_default();
            name.replace('.', "-")
        });
        let mut entry = Property::map();
        entry.set("name", Input::Output(name).into_property());
        entry.set(
            "properties.privateDnsZoneId",
            Input::Output(self.zone).into_property(),
        );
        entry
    }
}

#[diagnostic::do_not_recommend]
impl IntoInput<ZoneConfig> for &PrivateDnsZone {
    fn into_input(self) -> Input<ZoneConfig> {
        ZoneConfig::of(self.id())
    }
}

#[diagnostic::do_not_recommend]
impl IntoInput<ZoneConfig> for PrivateDnsZoneId {
    fn into_input(self) -> Input<ZoneConfig> {
        ZoneConfig::of(Output::of(self))
    }
}

#[diagnostic::do_not_recommend]
impl IntoInput<ZoneConfig> for Output<PrivateDnsZoneId> {
    fn into_input(self) -> Input<ZoneConfig> {
        ZoneConfig::of(self)
    }
}
