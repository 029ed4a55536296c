//! The regions of this Azure.

use serde_json::{Value, json};

use super::ids::location_key;

/// Name and display name, as `GET /subscriptions/{s}/locations` lists them.
const LOCATIONS: &[(&str, &str)] = &[
    ("australiacentral", "Australia Central"),
    ("australiaeast", "Australia East"),
    ("australiasoutheast", "Australia Southeast"),
    ("brazilsouth", "Brazil South"),
    ("canadacentral", "Canada Central"),
    ("canadaeast", "Canada East"),
    ("centralindia", "Central India"),
    ("centralus", "Central US"),
    ("centraluseuap", "Central US EUAP"),
    ("eastasia", "East Asia"),
    ("eastus", "East US"),
    ("eastus2", "East US 2"),
    ("eastus2euap", "East US 2 EUAP"),
    ("francecentral", "France Central"),
    ("germanywestcentral", "Germany West Central"),
    ("israelcentral", "Israel Central"),
    ("italynorth", "Italy North"),
    ("japaneast", "Japan East"),
    ("japanwest", "Japan West"),
    ("koreacentral", "Korea Central"),
    ("mexicocentral", "Mexico Central"),
    ("northcentralus", "North Central US"),
    ("northeurope", "North Europe"),
    ("norwayeast", "Norway East"),
    ("polandcentral", "Poland Central"),
    ("qatarcentral", "Qatar Central"),
    ("southafricanorth", "South Africa North"),
    ("southcentralus", "South Central US"),
    ("southindia", "South India"),
    ("southeastasia", "Southeast Asia"),
    ("spaincentral", "Spain Central"),
    ("swedencentral", "Sweden Central"),
    ("switzerlandnorth", "Switzerland North"),
    ("uaenorth", "UAE North"),
    ("uksouth", "UK South"),
    ("ukwest", "UK West"),
    ("westcentralus", "West Central US"),
    ("westeurope", "West Europe"),
    ("westindia", "West India"),
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("westus3", "West US 3"),
];

/// The name of a location given as name or display name.
pub(crate) fn location_name(given: &str) -> Result<String, ()> {
    let key = location_key(given);
    LOCATIONS
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(name, _)| (*name).to_owned())
        .ok_or(())
}

/// The display name, which App Service answers.
pub(crate) fn display_name(given: &str) -> String {
    let key = location_key(given);
    LOCATIONS
        .iter()
        .find(|(name, _)| *name == key)
        .map_or(given, |(_, display)| *display)
        .to_owned()
}

pub(crate) fn location_names() -> Vec<&'static str> {
    LOCATIONS.iter().map(|(name, _)| *name).collect()
}

/// `West US 2` and `westus2` are the same place.
pub(crate) fn same_location(left: &str, right: &str) -> bool {
    location_key(left) == location_key(right)
}

/// The entries of the location list of a subscription.
pub(crate) fn entries(subscription: &str) -> Vec<Value> {
    let entry = |(name, display): &(&str, &str)| {
        json!({
            "id": format!("/subscriptions/{subscription}/locations/{name}"), "name": name, "type": "Region",
            "displayName": display, "regionalDisplayName": display,
            "metadata": { "regionType": "Physical", "regionCategory": "Recommended" },
        })
    };
    LOCATIONS.iter().map(entry).collect()
}
