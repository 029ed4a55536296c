//! Who may knock at an app: public access and access restrictions, for the app and for its scm host.
//!
//! A private endpoint is subject to neither. Rules are asked in the order of their priority, the first
//! that fits decides (App Service documentation).

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::site::Site;
use super::view;
use crate::world::World;

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// A public address.
    Public(IpAddr),
    /// A subnet (its id), by the app's public address.
    Subnet(&'a str),
}

/// Which of the app's two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteHost {
    Main,
    Scm,
}

/// Whether a request may come in.
///
/// # Errors
/// What keeps it out, for logs; browsers get a page without reasons.
pub(crate) fn admits(
    world: &World,
    site: &Site,
    host: SiteHost,
    origin: Origin<'_>,
) -> Result<(), String> {
    if is_closed_to_public(world, site) {
        return Err(format!("web app {} refuses public traffic", site.name()));
    }
    match first_fitting(site, host, origin) {
        Some(rule) if rule["action"] == "Deny" => Err(format!(
            "the access restriction {} of web app {} denies {}",
            rule["name"],
            site.name(),
            described(origin)
        )),
        Some(_) => Ok(()),
        None if denies_by_default(site, host) => Err(format!(
            "no access restriction of web app {} allows {}",
            site.name(),
            described(origin)
        )),
        None => Ok(()),
    }
}

fn described(origin: Origin<'_>) -> String {
    match origin {
        Origin::Public(address) => address.to_string(),
        Origin::Subnet(id) => format!("subnet {}", super::site::last_segment(id)),
    }
}

/// Whether the internet is kept out: switched off, or a private endpoint took over.
pub(crate) fn is_closed_to_public(world: &World, site: &Site) -> bool {
    let properties = site.properties();
    let access = properties["publicNetworkAccess"]
        .as_str()
        .or(site.config("publicNetworkAccess").as_str());
    match access {
        Some(access) if access.eq_ignore_ascii_case("disabled") => true,
        Some(access) if access.eq_ignore_ascii_case("enabled") => false,
        _ => world
            .get(site.id())
            .is_some_and(|owner| !view::endpoints_of(world, &owner).is_empty()),
    }
}

/// The scm host has a list of its own, or shares the app's.
fn list(site: &Site, host: SiteHost) -> (&'static str, &'static str) {
    let shared = site.config("scmIpSecurityRestrictionsUseMain") == true;
    match host {
        SiteHost::Scm if !shared => (
            "scmIpSecurityRestrictions",
            "scmIpSecurityRestrictionsDefaultAction",
        ),
        _ => (
            "ipSecurityRestrictions",
            "ipSecurityRestrictionsDefaultAction",
        ),
    }
}

fn denies_by_default(site: &Site, host: SiteHost) -> bool {
    site.config(list(site, host).1) == "Deny"
}

fn first_fitting(site: &Site, host: SiteHost, origin: Origin<'_>) -> Option<Value> {
    let rules = site.config(list(site, host).0).as_array()?;
    let mut rules: Vec<&Value> = rules.iter().collect();
    rules.sort_by_key(|rule| rule["priority"].as_u64().unwrap_or(u64::MAX));
    // The platform's own last rule is not asked when the app says what the default is.
    let own_default = site.config(list(site, host).1).is_string();
    let mut fitting = rules.into_iter().filter(|rule| fits(rule, origin));
    fitting
        .find(|rule| !(own_default && rule["ipAddress"] == "Any"))
        .cloned()
}

/// Service tags are lists of Azure's own addresses, which no caller here has.
fn fits(rule: &Value, origin: Origin<'_>) -> bool {
    if rule["ipAddress"] == "Any" {
        return true;
    }
    match origin {
        Origin::Subnet(id) => rule["vnetSubnetResourceId"]
            .as_str()
            .is_some_and(|wanted| wanted.eq_ignore_ascii_case(id)),
        Origin::Public(address) => rule["ipAddress"]
            .as_str()
            .filter(|_| rule["tag"] != "ServiceTag")
            .into_iter()
            .flat_map(|list| list.split(','))
            .any(|one| covers(one.trim(), address)),
    }
}

fn covers(range: &str, address: IpAddr) -> bool {
    let single = range.parse::<IpAddr>().map(IpNet::from);
    single
        .or_else(|_| range.parse::<IpNet>())
        .is_ok_and(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::*;
    use super::*;

    const SUBNET: &str = "/v/subnets/a";

    #[test]
    fn the_first_fitting_rule_decides() {
        let caller = Origin::Public(IpAddr::from([203, 0, 113, 7]));
        let rule = |address: &str, action: &str, priority: u64| json!({ "ipAddress": address, "action": action, "priority": priority, "name": "r" });
        let subnet = json!({ "vnetSubnetResourceId": SUBNET, "action": "Allow", "priority": 10, "name": "s" });
        let last = rule("Any", "Deny", 2_147_483_647);
        let cases = [
            (json!([rule("Any", "Allow", 1)]), None, caller, true),
            (json!([]), None, caller, true),
            (json!([]), Some("Deny"), caller, false),
            (
                json!([rule("203.0.113.0/24", "Allow", 5), last]),
                None,
                caller,
                true,
            ),
            (
                json!([rule("198.51.100.0/24, 203.0.113.7/32", "Allow", 5), last]),
                None,
                caller,
                true,
            ),
            (
                json!([rule("198.51.100.0/24", "Allow", 5), last]),
                None,
                caller,
                false,
            ),
            (
                json!([
                    last,
                    rule("203.0.113.7", "Deny", 3),
                    rule("203.0.113.0/24", "Allow", 5)
                ]),
                None,
                caller,
                false,
            ),
            (json!([subnet, last]), None, caller, false),
            (json!([subnet, last]), None, Origin::Subnet(SUBNET), true),
            (
                json!([rule("198.51.100.0/24", "Deny", 5), last]),
                Some("Allow"),
                caller,
                true,
            ),
        ];
        for (rules, default, origin, expect) in cases {
            let world = article();
            configure(&world, "ipSecurityRestrictions", rules.clone());
            configure(
                &world,
                "ipSecurityRestrictionsDefaultAction",
                json!(default),
            );
            let site = Site::get(&world, &site_id()).expect("the site");
            let found = admits(&world, &site, SiteHost::Main, origin);
            assert_eq!(found.is_ok(), expect, "{rules} {default:?} {origin:?}");
            assert_eq!(
                admits(&world, &site, SiteHost::Scm, origin),
                Ok(()),
                "scm has its own list"
            );
        }
    }
}
