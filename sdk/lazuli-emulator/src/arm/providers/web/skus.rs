//! The pricing tiers of App Service plans: what each SKU is called, how large its workers are, and what
//! it can do. A table, because every answer about a plan is computed from it.
//!
//! Names and limits are those of the App Service documentation; worker sizes are as the service
//! reports them in `workerSize` and `workerSizeId`.

use serde_json::{Value, json};

use crate::arm::{Answer, json};
use crate::world::Resource;

/// One pricing tier.
pub(super) struct Tier {
    /// SKU names, smallest first.
    names: &'static [&'static str],
    pub(super) tier: &'static str,
    family: &'static str,
    /// Workers at most; 0 means that the platform scales by itself.
    pub(super) workers: u32,
    /// `workerSize` and `workerSizeId` of the SKUs, in the order of `names`.
    sizes: &'static [(&'static str, u32)],
}

const CLASSIC: &[(&str, u32)] = &[("Default", 0), ("Medium", 1), ("Large", 2)];
const DV2: &[(&str, u32)] = &[("D1", 3), ("D2", 4), ("D3", 5)];
const V3: &[(&str, u32)] = &[
    ("SmallV3", 6),
    ("SmallV3", 6),
    ("MediumV3", 7),
    ("LargeV3", 8),
];
const MV3: &[(&str, u32)] = &[("SmallMV3", 16), ("MediumMV3", 17), ("LargeMV3", 18)];

const TIERS: &[Tier] = &[
    tier(&["F1"], "Free", "F", 1, &[("Small", 0)]),
    tier(&["D1"], "Shared", "D", 1, CLASSIC),
    tier(&["Y1"], "Dynamic", "Y", 0, CLASSIC),
    tier(&["B1", "B2", "B3"], "Basic", "B", 3, CLASSIC),
    tier(&["S1", "S2", "S3"], "Standard", "S", 10, CLASSIC),
    tier(&["P1v2", "P2v2", "P3v2"], "PremiumV2", "Pv2", 30, DV2),
    tier(
        &["P0v3", "P1v3", "P2v3", "P3v3"],
        "PremiumV3",
        "Pv3",
        30,
        V3,
    ),
    tier(
        &["P1mv3", "P2mv3", "P3mv3", "P4mv3", "P5mv3"],
        "PremiumMV3",
        "Pmv3",
        30,
        MV3,
    ),
    tier(
        &["P0v4", "P1v4", "P2v4", "P3v4"],
        "PremiumV4",
        "Pv4",
        30,
        V3,
    ),
    tier(
        &["P1mv4", "P2mv4", "P3mv4", "P4mv4", "P5mv4"],
        "PremiumMV4",
        "Pmv4",
        30,
        MV3,
    ),
    tier(&["EP1", "EP2", "EP3"], "ElasticPremium", "EP", 20, DV2),
    tier(&["WS1", "WS2", "WS3"], "WorkflowStandard", "WS", 20, DV2),
];

const fn tier(
    names: &'static [&'static str],
    tier: &'static str,
    family: &'static str,
    workers: u32,
    sizes: &'static [(&'static str, u32)],
) -> Tier {
    Tier {
        names,
        tier,
        family,
        workers,
        sizes,
    }
}

impl Tier {
    /// Workers that many tenants share; such a plan has no capacity of its own.
    pub(super) fn is_shared(&self) -> bool {
        ["Free", "Shared"].contains(&self.tier)
    }

    /// Scales by demand within `maximumElasticWorkerCount`.
    pub(super) fn is_elastic(&self) -> bool {
        ["ElasticPremium", "WorkflowStandard"].contains(&self.tier)
    }

    pub(super) fn is_consumption(&self) -> bool {
        self.tier == "Dynamic"
    }

    /// `workerSize` and `workerSizeId` of a SKU of this tier.
    pub(super) fn size(&self, name: &str) -> (&'static str, u32) {
        let at = self.names.iter().position(|known| *known == name);
        let last = self.sizes.len().saturating_sub(1);
        let size = self.sizes.get(at.unwrap_or_default().min(last));
        size.copied().unwrap_or(("Default", 0))
    }
}

/// The canonical name of a SKU and its tier; names are compared without case.
pub(super) fn find(name: &str) -> Option<(&'static str, &'static Tier)> {
    TIERS.iter().find_map(|tier| {
        let known = tier.names.iter().find(|known| json::same(known, name))?;
        Some((*known, tier))
    })
}

/// The tier of a stored plan.
pub(super) fn of_plan(plan: &Resource) -> Option<&'static Tier> {
    find(plan.text("/sku/name").unwrap_or_default()).map(|(_, tier)| tier)
}

/// Whether a plan of this tier can join a virtual network: Basic and up, not Consumption.
pub(super) fn can_integrate(plan: &Resource) -> bool {
    of_plan(plan).is_some_and(|tier| !tier.is_shared() && !tier.is_consumption())
}

/// Whether a plan of this tier has deployment slots, and how many besides production.
pub(super) fn slots(plan: &Resource) -> usize {
    match of_plan(plan).map(|tier| tier.tier) {
        Some("Free" | "Shared" | "Basic") | None => 0,
        Some("Dynamic") => 1,
        Some("ElasticPremium" | "WorkflowStandard") => 3,
        Some("Standard") => 5,
        Some(_) => 20,
    }
}

/// The `sku` that a plan gets, given the one asked for and the one it has.
///
/// # Errors
/// A name that is none, or more workers than the tier has.
pub(super) fn choose(given: &Value, stored: &Value) -> Result<Value, Answer> {
    let name = given["name"].as_str().or(stored["name"].as_str());
    let name = name.unwrap_or("F1");
    let Some((name, tier)) = find(name) else {
        return Err(unknown(name));
    };
    let asked = given["capacity"].as_u64().or(stored["capacity"].as_u64());
    let capacity = match tier {
        _ if tier.is_shared() || tier.is_consumption() => 0,
        _ => asked.unwrap_or(1).max(1),
    };
    if capacity > u64::from(tier.workers) {
        let message = format!(
            "The number of workers {capacity} is above the maximum of {} for the {} tier.",
            tier.workers, tier.tier
        );
        return Err(Answer::web(400, "BadRequest", message));
    }
    Ok(
        json!({ "name": name, "tier": tier.tier, "size": name, "family": tier.family, "capacity": capacity }),
    )
}

fn unknown(name: &str) -> Answer {
    let names: Vec<&str> = TIERS.iter().flat_map(|tier| tier.names).copied().collect();
    let message = format!(
        "The parameter SKU has an invalid value: '{name}'. Known names: {}.",
        names.join(", ")
    );
    Answer::web(400, "BadRequest", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_are_read_without_case_and_written_as_azure_does() {
        let check = |given: Value, name: &str, tier: &str, family: &str, capacity: u64| {
            let sku = choose(&given, &Value::Null).expect("a known SKU");
            let expect = json!({ "name": name, "tier": tier, "size": name, "family": family, "capacity": capacity });
            assert_eq!(sku, expect, "{given}");
        };
        let p1v3 = json!({ "name": "P1V3", "tier": "PREMIUMV3", "capacity": 1 });
        check(p1v3, "P1v3", "PremiumV3", "Pv3", 1);
        check(json!({ "name": "b1" }), "B1", "Basic", "B", 1);
        check(
            json!({ "name": "D1", "capacity": 1 }),
            "D1",
            "Shared",
            "D",
            0,
        );
        for bad in [
            json!({ "name": "Z9" }),
            json!({ "name": "B1", "capacity": 4 }),
        ] {
            assert!(choose(&bad, &Value::Null).is_err(), "{bad}");
        }
    }

    #[test]
    fn worker_sizes_follow_the_sku() {
        for (name, size, id) in [
            ("S2", "Medium", 1),
            ("P1v2", "D1", 3),
            ("WS3", "D3", 5),
            ("P1v3", "SmallV3", 6),
            ("F1", "Small", 0),
            ("P5mv3", "LargeMV3", 18),
        ] {
            let (_, tier) = find(name).expect("a known SKU");
            assert_eq!(tier.size(name), (size, id), "{name}");
        }
    }
}
