//! Checks of Log Analytics workspaces.

use lazuli_core::Value;

use super::Findings;

/// LZ1017: days that a pricing plan keeps logs for (Azure Monitor, pricing plans).
pub(crate) fn workspace(findings: &mut Findings<'_>) {
    let sku = findings.text("properties.sku.name").unwrap_or("PerGB2018");
    let (least, most) = match sku.to_ascii_lowercase().as_str() {
        "free" => (7, 7),
        "standard" => (30, 30),
        "premium" => (365, 365),
        // Of plans that are not known here Azure says so itself.
        "pernode" | "pergb2018" | "standalone" | "capacityreservation" | "lacluster" => (30, 730),
        _ => return,
    };
    let path = "properties.retentionInDays";
    let days = match findings.known(path) {
        Some(Value::Number(days)) => days.as_i64(),
        _ => None,
    };
    if let Some(days) = days.filter(|days| !(least..=most).contains(days)) {
        let range = if least == most {
            format!("{least} days")
        } else {
            format!("{least} to {most} days")
        };
        findings.error(
            "LZ1017",
            format!("`{path}` is {days}, and a workspace of the plan {sku} keeps logs for {range}"),
            format!("keep them for {range}, or choose another plan"),
        );
    }
    let level = "properties.sku.capacityReservationLevel";
    let reserves = sku.eq_ignore_ascii_case("CapacityReservation");
    if reserves && findings.desired.inputs.at(level).is_none() {
        findings.error(
            "LZ1017",
            format!("`{level}` is missing: the plan {sku} pays for an amount a day in advance"),
            "add `.capacity_reservation(100)`, or choose the plan `PerGB2018`",
        );
    }
}
