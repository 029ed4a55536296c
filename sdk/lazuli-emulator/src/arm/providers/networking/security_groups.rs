//! `Microsoft.Network/networkSecurityGroups`, their rules, and the rules every group has.
//!
//! Groups are kept, checked and shown. They filter nothing here: private endpoints and integrated sites
//! reach each other by routes, names and approvals.

use serde_json::{Value, json};

use super::SECURITY_GROUP;
use super::children::{Children, subnets_with};
use crate::arm::kind::Kind;
use crate::arm::providers::network;
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

const RULE: &str = "Microsoft.Network/networkSecurityGroups/securityRules";
const DEFAULT_RULE: &str = "Microsoft.Network/networkSecurityGroups/defaultSecurityRules";

pub(crate) const KINDS: [Kind; 3] = [
    Kind {
        put: Some(put),
        patch: Some(network::patch_tags),
        delete: Some(delete),
        view: Some(view),
        ..Kind::new(SECURITY_GROUP)
    },
    Kind {
        put: Some(put_rule),
        delete: Some(delete_rule),
        ..Kind::new(RULE)
    },
    Kind {
        get: Some(get_default),
        list: Some(list_defaults),
        ..Kind::new(DEFAULT_RULE)
    },
];

const RULES: Children = Children {
    word: "securityRules",
    kind: RULE,
    build: rule,
    check: check_priority,
};

/// Name, description, access, priority, direction, source and destination.
type DefaultRule = (
    &'static str,
    &'static str,
    &'static str,
    u32,
    &'static str,
    &'static str,
    &'static str,
);

const DEFAULTS: [DefaultRule; 6] = [
    (
        "AllowVnetInBound",
        "Allow inbound traffic from all VMs in VNET",
        "Allow",
        65000,
        "Inbound",
        "VirtualNetwork",
        "VirtualNetwork",
    ),
    (
        "AllowAzureLoadBalancerInBound",
        "Allow inbound traffic from azure load balancer",
        "Allow",
        65001,
        "Inbound",
        "AzureLoadBalancer",
        "*",
    ),
    (
        "DenyAllInBound",
        "Deny all inbound traffic",
        "Deny",
        65500,
        "Inbound",
        "*",
        "*",
    ),
    (
        "AllowVnetOutBound",
        "Allow outbound traffic from all VMs to all VMs in VNET",
        "Allow",
        65000,
        "Outbound",
        "VirtualNetwork",
        "VirtualNetwork",
    ),
    (
        "AllowInternetOutBound",
        "Allow outbound traffic from all VMs to Internet",
        "Allow",
        65001,
        "Outbound",
        "*",
        "Internet",
    ),
    (
        "DenyAllOutBound",
        "Deny all outbound traffic",
        "Deny",
        65500,
        "Outbound",
        "*",
        "*",
    ),
];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let given = json::properties(call.object()?)?;
    let rules = RULES.inline(call, &given)?;
    let mut properties = json!({
        "provisioningState": "Updating", "resourceGuid": network::resource_guid(call, existing.as_ref()),
    });
    if given["flushConnection"].is_boolean() {
        json::set(
            &mut properties,
            "flushConnection",
            given["flushConnection"].clone(),
        );
    }
    let names: Vec<Value> = rules
        .iter()
        .map(|rule| rule.body["properties"].clone())
        .collect();
    json::set(&mut properties, "securityRules", names);
    let resource = network::tracked(call, &location, properties);
    RULES.store(call, rules);
    Ok(network::write(call, Some(&call.id()), resource))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let id = call.id();
    let mut users = subnets_with(call.world, "networkSecurityGroup", &id);
    users.extend(interfaces_with(call.world, &id));
    if users.is_empty() {
        return Ok(network::delete(call, Some(&id)));
    }
    let message = format!(
        "Network security group {id} cannot be deleted because it is in use by the following resources: {}. In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.",
        users.join(", "),
    );
    Err(Answer::network(
        400,
        "InUseNetworkSecurityGroupCannotBeDeleted",
        message,
    ))
}

fn interfaces_with(world: &World, id: &str) -> Vec<String> {
    let nics = world
        .of_kind("Microsoft.Network/networkInterfaces")
        .into_iter();
    let uses = |nic: &Resource| {
        nic.text("/properties/networkSecurityGroup/id")
            .is_some_and(|it| json::same(it, id))
    };
    nics.filter(uses).map(|nic| nic.id).collect()
}

fn put_rule(call: &Call<'_>) -> Result<Answer, Answer> {
    RULES.put(call)
}

fn delete_rule(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(RULES.delete(call))
}

fn rule(_: &World, id: &str, given: &Value) -> Result<Value, Answer> {
    let name = ids::name_of(id);
    let required = |property: &str, allowed: &[&'static str]| {
        json::one_of(&given[property], property, allowed)?.ok_or_else(|| {
            let message = format!("Required security rule parameters are missing for security rule with Id: {id}. Security rule must specify {property}.");
            Answer::network(400, "SecurityRuleParametersMissing", message)
        })
    };
    let direction = required("direction", &["Inbound", "Outbound"])?;
    let access = required("access", &["Allow", "Deny"])?;
    let protocol = required("protocol", &["*", "Tcp", "Udp", "Icmp", "Esp", "Ah"])?;
    let priority = given["priority"].as_i64().unwrap_or_default();
    if !(100..=4096).contains(&priority) {
        let message = format!(
            "Security rule {name} has invalid Priority. Value provided: {priority} Allowed range 100-4096."
        );
        return Err(Answer::network(400, "SecurityRuleInvalidPriority", message));
    }
    let mut properties = json!({ "provisioningState": "Updating" });
    for (property, value) in given.as_object().into_iter().flatten() {
        if !value.is_null() && property != "provisioningState" {
            json::set(&mut properties, property, value.clone());
        }
    }
    for (property, value) in [
        ("direction", direction),
        ("access", access),
        ("protocol", protocol),
    ] {
        json::set(&mut properties, property, value);
    }
    for list in [
        "sourcePortRanges",
        "destinationPortRanges",
        "sourceAddressPrefixes",
        "destinationAddressPrefixes",
    ] {
        if properties[list].is_null() {
            json::set(&mut properties, list, json!([]));
        }
    }
    Ok(properties)
}

/// One rule per priority and direction.
fn check_priority(rule: &Resource, siblings: &[Resource]) -> Result<(), Answer> {
    let place = |one: &Resource| {
        let properties = &one.body["properties"];
        (
            properties["priority"].clone(),
            properties["direction"].clone(),
        )
    };
    let Some(twin) = siblings.iter().find(|other| place(other) == place(rule)) else {
        return Ok(());
    };
    let message = format!(
        "Security rule {} conflicts with rule {}. Rules cannot have the same Priority and Direction.",
        rule.name(),
        twin.name(),
    );
    Err(Answer::network(400, "SecurityRuleConflict", message))
}

fn default_rule(group: &str, rule: &DefaultRule) -> Value {
    let (name, about, access, priority, direction, source, destination) = *rule;
    let properties = json!({
        "provisioningState": "Succeeded", "description": about, "protocol": "*", "sourcePortRange": "*",
        "destinationPortRange": "*", "sourceAddressPrefix": source, "destinationAddressPrefix": destination,
        "access": access, "priority": priority, "direction": direction, "sourcePortRanges": [],
        "destinationPortRanges": [], "sourceAddressPrefixes": [], "destinationAddressPrefixes": [],
    });
    network::inline_child(
        group,
        "defaultSecurityRules",
        DEFAULT_RULE,
        name,
        properties,
    )
}

fn defaults(group: &Value) -> Vec<Value> {
    let id = json::text(&group["id"]);
    let shown = DEFAULTS.iter().map(|rule| {
        let mut shown = default_rule(id, rule);
        json::set(&mut shown, "etag", group["etag"].clone());
        shown
    });
    shown.collect()
}

fn get_default(call: &Call<'_>) -> Result<Answer, Answer> {
    let group = call
        .world
        .get(ids::parent(&call.id()))
        .ok_or_else(|| call.not_found())?;
    let mut all = defaults(&group.body).into_iter();
    all.find(|rule| json::same(json::text(&rule["name"]), call.target.name()))
        .map(Answer::ok)
        .ok_or_else(|| call.not_found())
}

fn list_defaults(call: &Call<'_>) -> Result<Answer, Answer> {
    let group = call.world.get(&call.id()).ok_or_else(|| call.not_found())?;
    Ok(Answer::list(defaults(&group.body)))
}

fn view(world: &World, body: &mut Value) {
    RULES.view(world, body);
    let shown = defaults(body);
    let id = json::text(&body["id"]).to_owned();
    let subnets = subnets_with(world, "networkSecurityGroup", &id);
    let nics = interfaces_with(world, &id);
    let properties = &mut body["properties"];
    json::set(properties, "defaultSecurityRules", shown);
    for (word, users) in [("subnets", subnets), ("networkInterfaces", nics)] {
        if !users.is_empty() {
            json::set(properties, word, network::references(users));
        }
    }
}
