//! `registries/agentPools`: dedicated machines for builds, which may stand in a subnet. What they can
//! reach from there is judged in [`crate::build::agent`].

use serde_json::{Value, json};

use super::child::{self, Child};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors, ids, json};

pub(super) const AGENT_POOL: Kind = Kind {
    put: Some(put),
    patch: Some(patch),
    delete: Some(child::delete),
    action: Some(action),
    ..Kind::new("Microsoft.ContainerRegistry/registries/agentPools")
};
/// The sizes of the documentation; S1 has 2 CPUs and 3 GB.
const TIERS: [&str; 4] = ["S1", "S2", "S3", "I6"];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    child::check_name(call.target.name(), (3, 20), "-")?;
    child::check_premium(&child::registry(call)?, "A dedicated agent pool")?;
    let existing = call.existing();
    let mut properties = json!({ "count": 1, "tier": "S1", "os": "Linux" });
    if let Some(tier) = json::one_of(&given["tier"], "tier", &TIERS)? {
        json::set(&mut properties, "tier", tier);
    }
    if let Some("Windows") = json::one_of(&given["os"], "os", &["Linux", "Windows"])? {
        return Err(errors::not_modelled("An agent pool of Windows machines"));
    }
    set_count(&mut properties, &given)?;
    set_subnet(call, &mut properties, &given)?;
    let made = Child::of(properties).at(call, existing.as_ref())?;
    Ok(child::write(call, existing.as_ref(), made))
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let mut properties = existing.body["properties"].clone();
    set_count(&mut properties, &json::properties(call.object()?)?)?;
    let made = Child::of(properties).at(call, Some(&existing))?;
    Ok(child::write(call, Some(&existing), made))
}

fn set_count(properties: &mut Value, given: &Value) -> Result<(), Answer> {
    match &given["count"] {
        Value::Null => Ok(()),
        count if count.as_u64().is_some() => {
            json::set(properties, "count", count.clone());
            Ok(())
        }
        other => Err(child::invalid(format!(
            "The count {other} of an agent pool is not a number."
        ))),
    }
}

fn set_subnet(call: &Call<'_>, properties: &mut Value, given: &Value) -> Result<(), Answer> {
    let Some(subnet) = given["virtualNetworkSubnetResourceId"]
        .as_str()
        .filter(|id| !id.is_empty())
    else {
        return Ok(());
    };
    if !call.world.contains(subnet) {
        let message = format!("The subnet '{subnet}' of the agent pool was not found.");
        return Err(Answer::error(404, "SubnetNotFound", message));
    }
    json::set(
        properties,
        "virtualNetworkSubnetResourceId",
        ids::normalise(subnet, call.world),
    );
    Ok(())
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    call.required()?;
    if json::same(word, "listQueueStatus") {
        // Runs start at once, so nothing ever waits.
        return Ok(Answer::ok(json!({ "count": 0 })));
    }
    Err(errors::not_modelled(&format!(
        "The action '{word}' of an agent pool"
    )))
}
