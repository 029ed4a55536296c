//! `privateDnsZones/{A,AAAA,CNAME,MX,PTR,SOA,SRV,TXT}`: synchronous, with etags.

use http::StatusCode;
use serde_json::{Value, json};

use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

macro_rules! record_kinds {
    ($($name:literal),*) => {
        [$(Kind { put: Some(put), patch: Some(patch), get: Some(get), delete: Some(delete), ..Kind::new(concat!("Microsoft.Network/privateDnsZones/", $name)) }),*,
        Kind { list: Some(list_all), ..Kind::new("Microsoft.Network/privateDnsZones/ALL") },
        Kind { list: Some(list_all), ..Kind::new("Microsoft.Network/privateDnsZones/recordsets") }]
    };
}

pub(crate) const KINDS: [Kind; 10] =
    record_kinds!("A", "AAAA", "CNAME", "MX", "PTR", "SOA", "SRV", "TXT");

/// The property that holds the records of a type.
const PROPERTIES: &[(&str, &str)] = &[
    ("A", "aRecords"),
    ("AAAA", "aaaaRecords"),
    ("CNAME", "cnameRecord"),
    ("MX", "mxRecords"),
    ("PTR", "ptrRecords"),
    ("SOA", "soaRecord"),
    ("SRV", "srvRecords"),
    ("TXT", "txtRecords"),
];

fn record_type(kind: &str) -> &str {
    ids::name_of(kind)
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    let existing = call.existing();
    check_conditions(call, existing.as_ref())?;
    check_records(call, &given)?;
    let kind = &call.target.kind;
    let mut properties = match (&existing, record_type(kind)) {
        // The SOA record keeps what the request leaves out.
        (Some(old), "SOA") => old.body["properties"].clone(),
        _ => json!({}),
    };
    json::overlay(&mut properties, &given);
    let resource = build(
        call.world,
        ids::parent(&call.id()),
        kind,
        call.target.name(),
        properties,
    );
    let answer = Answer::created(existing.is_none(), resource.body.clone());
    let etag = resource.text("/etag").unwrap_or_default().to_owned();
    call.world.put(resource);
    Ok(answer.with("etag", etag))
}

fn build(world: &World, zone: &str, kind: &str, name: &str, mut properties: Value) -> Resource {
    let id = format!("{zone}/{}/{name}", record_type(kind));
    let zone_name = ids::name_of(zone);
    let fqdn = if name == "@" {
        format!("{zone_name}.")
    } else {
        format!("{name}.{zone_name}.")
    };
    json::set(&mut properties, "fqdn", fqdn);
    json::set(&mut properties, "isAutoRegistered", false);
    if properties["ttl"].is_null() {
        json::set(&mut properties, "ttl", 3600);
    }
    if let Some((_, records)) = PROPERTIES
        .iter()
        .find(|(known, _)| *known == record_type(kind))
        .filter(|(_, records)| records.ends_with('s'))
        && properties[*records].is_null()
    {
        json::set(&mut properties, records, json!([]));
    }
    let body = json!({ "id": id, "name": name, "type": kind, "etag": world.uuid(&id).to_string(), "properties": properties });
    Resource {
        id,
        kind: kind.to_owned(),
        body,
        private: Value::Null,
    }
}

fn check_conditions(call: &Call<'_>, existing: Option<&Resource>) -> Result<(), Answer> {
    let etag = existing.and_then(|record| record.text("/etag"));
    let none_match = call
        .incoming
        .header("if-none-match")
        .is_some_and(|value| value.trim() == "*");
    let wanted = call
        .incoming
        .header("if-match")
        .filter(|value| !value.is_empty() && value.trim() != "*");
    let no_match = wanted.is_some_and(|value| Some(value.trim_matches('"')) != etag);
    if (none_match && existing.is_some()) || no_match {
        let message = format!(
            "The condition '{}' in the If-Match header was not satisfied. The current was '{}'.",
            wanted.unwrap_or("*"),
            etag.unwrap_or("none"),
        );
        return Err(Answer::json(
            StatusCode::PRECONDITION_FAILED,
            json!({ "code": "PreconditionFailed", "message": message }),
        ));
    }
    Ok(())
}

fn check_records(call: &Call<'_>, given: &Value) -> Result<(), Answer> {
    let bad = |message: String| {
        Err(Answer::json(
            StatusCode::BAD_REQUEST,
            json!({ "code": "BadRequest", "message": message }),
        ))
    };
    let kind = record_type(&call.target.kind);
    for record in json::items(&given["aRecords"]).filter(|_| kind == "A") {
        let address = json::text(&record["ipv4Address"]);
        if address.parse::<std::net::Ipv4Addr>().is_err() {
            return bad(format!(
                "The value '{address}' of an A record is not a valid IPv4 address."
            ));
        }
    }
    for (known, property) in PROPERTIES {
        if *known != kind && !given[*property].is_null() {
            return bad(format!(
                "A record set of type '{kind}' cannot hold '{property}'."
            ));
        }
    }
    if kind == "SOA" && call.target.name() != "@" {
        return bad("The SOA record set is named '@'.".to_owned());
    }
    Ok(())
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing().ok_or_else(|| missing(call))?;
    check_conditions(call, Some(&existing))?;
    let mut properties = existing.body["properties"].clone();
    json::merge_patch(&mut properties, &call.body["properties"]);
    check_records(call, &properties)?;
    let resource = build(
        call.world,
        ids::parent(&call.id()),
        &call.target.kind,
        call.target.name(),
        properties,
    );
    call.world.put(resource.clone());
    Ok(Answer::ok(resource.body))
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    let record = call.existing().ok_or_else(|| missing(call))?;
    let etag = record.text("/etag").unwrap_or_default().to_owned();
    Ok(Answer::ok(record.body).with("etag", etag))
}

/// Private DNS answers a missing record without the `error` around it.
fn missing(call: &Call<'_>) -> Answer {
    let message = format!(
        "The resource record '{}' does not exist in resource group '{}' of subscription '{}'.",
        call.target.name(),
        call.target.group().unwrap_or_default(),
        call.world.settings().subscription,
    );
    Answer::json(
        StatusCode::NOT_FOUND,
        json!({ "code": "NotFound", "message": message }),
    )
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(existing) = call.existing() else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    check_conditions(call, Some(&existing))?;
    if record_type(&existing.kind) == "SOA" {
        return Err(Answer::json(
            StatusCode::BAD_REQUEST,
            json!({ "code": "BadRequest", "message": "The SOA record set cannot be deleted." }),
        ));
    }
    call.world.remove(&existing.id);
    Ok(Answer::empty(StatusCode::OK))
}

fn list_all(call: &Call<'_>) -> Result<Answer, Answer> {
    let records = call
        .world
        .under(&call.id())
        .into_iter()
        .filter(|child| child.kind != super::private_dns::LINK);
    Ok(Answer::list(records.map(|record| record.body).collect()))
}

/// The SOA record every zone has from the start.
pub(crate) fn ensure_soa(world: &World, zone: &Resource) {
    if world.contains(&format!("{}/SOA/@", zone.id)) {
        return;
    }
    let properties = json!({ "ttl": 3600, "soaRecord": {
        "email": "azureprivatedns-host.microsoft.com", "expireTime": 2_419_200, "host": "azureprivatedns.net", "minimumTtl": 10,
        "refreshTime": 3600, "retryTime": 300, "serialNumber": 1,
    } });
    world.put(build(
        world,
        &zone.id,
        "Microsoft.Network/privateDnsZones/SOA",
        "@",
        properties,
    ));
}

const ADDRESS: &str = "Microsoft.Network/privateDnsZones/A";

/// Writes a zone group's record: `recordSetName` and `ipAddresses`. What stood there is replaced, as the
/// last endpoint of a name wins.
pub(crate) fn add_addresses(world: &World, zone: &str, record: &Value, ttl_s: u32) {
    let addresses = json::items(&record["ipAddresses"]);
    let addresses: Vec<Value> = addresses.map(|ip| json!({ "ipv4Address": ip })).collect();
    let properties = json!({ "ttl": ttl_s, "aRecords": addresses });
    let name = json::text(&record["recordSetName"]);
    world.put(build(world, zone, ADDRESS, name, properties));
}

/// Takes a zone group's addresses out of a record, and the record away with its last address.
pub(crate) fn take_addresses(world: &World, zone: &str, record: &Value) {
    let id = format!("{zone}/A/{}", json::text(&record["recordSetName"]));
    let own: Vec<&Value> = json::items(&record["ipAddresses"]).collect();
    let left = world.update(&id, |stored| {
        let list = stored.body["properties"]["aRecords"].as_array_mut();
        let Some(list) = list else { return 0 };
        list.retain(|one| !own.contains(&&one["ipv4Address"]));
        list.len()
    });
    if left == Some(0) {
        world.remove(&id);
    }
}
