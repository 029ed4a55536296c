//! The switch that makes App Service pull images over the network, which has had
//! three forms. A site gets the one of the API version that it is written with,
//! and never two: a property wins over the setting, silently.

use lazuli::core::{Property, Value};

/// The switch, by generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// The app setting `WEBSITE_PULL_IMAGE_OVER_VNET`.
    Setting,
    /// The site's property `vnetImagePullEnabled` (since 2022-03-01).
    Property,
    /// A part of `outboundVnetRouting` (since 2024-11-01, which has no other).
    Routing,
}

impl Switch {
    /// The one that a version has; `None` is the version that types are pinned to.
    pub(crate) fn of(api_version: Option<&str>) -> Self {
        // Versions are dates, and compare as texts.
        match api_version {
            Some(version) if version < "2022-03-01" => Self::Setting,
            Some(version) if version < "2024-11-01" => Self::Property,
            _ => Self::Routing,
        }
    }

    /// The property of the site that is set to true; the setting is none.
    pub(crate) fn property(self) -> Option<(&'static str, Property)> {
        let path = match self {
            Self::Setting => return None,
            Self::Property => "properties.vnetImagePullEnabled",
            Self::Routing => "properties.outboundVnetRouting.imagePullTraffic",
        };
        Some((path, Property::Value(Value::from(true))))
    }

    /// The app setting.
    pub(crate) fn setting(self) -> Option<(&'static str, &'static str)> {
        (self == Self::Setting).then_some(("WEBSITE_PULL_IMAGE_OVER_VNET", "true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_exactly_one_switch() {
        for (version, expected) in [
            (Some("2021-02-01"), Switch::Setting),
            (Some("2022-02-28"), Switch::Setting),
            (Some("2022-03-01"), Switch::Property),
            (Some("2024-04-01"), Switch::Property),
            (Some("2024-11-01"), Switch::Routing),
            (None, Switch::Routing),
        ] {
            let switch = Switch::of(version);
            assert_eq!(switch, expected, "{version:?}");
            let ways = [switch.property().is_some(), switch.setting().is_some()];
            assert_eq!(ways.into_iter().filter(|way| *way).count(), 1);
        }
    }
}
