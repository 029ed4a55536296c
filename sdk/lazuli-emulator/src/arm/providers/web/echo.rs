//! What the answer to a site's PUT says differently from the next GET, as recorded from the service.
//!
//! Clients that take the answer for the truth fail on the real Azure, so they must fail here.

use serde_json::Value;

use super::config::open_door;
use super::traits::App;
use crate::arm::json;

/// What the answer to a PUT says differently from the next GET, as recorded.
pub(super) fn alter(shown: &mut Value, location: &str) {
    json::set(shown, "location", location);
    let app = App::of(shown["kind"].as_str());
    let properties = &mut shown["properties"];
    json::set(properties, "privateEndpointConnections", Value::Null);
    json::set(properties, "inFlightFeatures", Value::Null);
    let config = &mut properties["siteConfig"];
    json::set(config, "linuxFxVersion", "");
    json::set(config, "ipSecurityRestrictions", open_door());
    json::set(config, "scmIpSecurityRestrictions", open_door());
    limits(config, app);
}

/// The first answer knows little: not what the plan adds, nor what a slot takes over from its site.
pub(super) fn alter_new(shown: &mut Value, app: App, given: &Value) {
    let properties = &mut shown["properties"];
    if given["virtualNetworkSubnetId"].is_null() {
        json::set(properties, "virtualNetworkSubnetId", Value::Null);
        json::set(
            properties,
            "vnetRouteAllEnabled",
            given["vnetRouteAllEnabled"] == true,
        );
    }
    let config = &mut properties["siteConfig"];
    json::set(config, "alwaysOn", false);
    json::set(config, "http20Enabled", false);
    json::set(config, "minimumElasticInstanceCount", 0);
    limits(config, app);
}

/// A PUT shows the limit of the other kind of app.
fn limits(config: &mut Value, app: App) {
    let (hidden, shown) = match app {
        App::Web => ("functionAppScaleLimit", "elasticWebAppScaleLimit"),
        _ => ("elasticWebAppScaleLimit", "functionAppScaleLimit"),
    };
    json::set(config, hidden, Value::Null);
    json::set(config, shown, 0);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_stack_is_hidden_and_limits_change_places() {
        let config =
            json!({ "linuxFxVersion": "DOCKER|x", "alwaysOn": true, "functionAppScaleLimit": 0 });
        let site = json!({ "kind": "app,linux,container", "properties": { "siteConfig": config, "vnetRouteAllEnabled": true } });
        let mut update = site.clone();
        alter(&mut update, "westus");
        let shown = &update["properties"]["siteConfig"];
        assert_eq!(
            (&shown["linuxFxVersion"], &shown["alwaysOn"]),
            (&json!(""), &json!(true))
        );
        assert_eq!(shown["functionAppScaleLimit"], Value::Null);
        assert_eq!(shown["elasticWebAppScaleLimit"], 0);
        let mut new = site;
        alter_new(&mut new, App::Function, &json!({}));
        let shown = &new["properties"];
        assert_eq!(shown["siteConfig"]["alwaysOn"], false);
        assert_eq!(shown["siteConfig"]["functionAppScaleLimit"], 0);
        assert_eq!(shown["vnetRouteAllEnabled"], false);
    }
}
