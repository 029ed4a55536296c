//! Which properties of an app a version of the API shows.
//!
//! App Service answers nearly everything in every version, declared or not. The wishes about the network
//! are the exception: `outboundVnetRouting` took the place of four flags. Answers recorded with 2022-03-01
//! and 2023-01-01 have the flags and not their heir; those of 2025-05-01 have it the other way round.

use serde_json::Value;

use super::body::ROUTING;
use crate::arm::json;

/// The first version with `outboundVnetRouting`, by the published types.
const ROUTING_SINCE: &str = "2024-11-01";

/// Takes out of an app's body what `version` does not show.
pub(super) fn shape(version: &str, mut body: Value) -> Value {
    let properties = &mut body["properties"];
    if version.get(..10).unwrap_or(version) < ROUTING_SINCE {
        json::unset(properties, "outboundVnetRouting");
    } else {
        for (flag, _) in ROUTING {
            json::unset(properties, flag);
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wish_about_traffic_stands_in_one_place() {
        let check = |version: &str, expect: Value| {
            let body = json!({ "properties": {
                "state": "Running", "vnetImagePullEnabled": true, "outboundVnetRouting": { "imagePullTraffic": true },
            } });
            assert_eq!(shape(version, body)["properties"], expect, "{version}");
        };
        let old = json!({ "state": "Running", "vnetImagePullEnabled": true });
        let new =
            json!({ "state": "Running", "outboundVnetRouting": { "imagePullTraffic": true } });
        check("2023-12-01", old.clone());
        check("2024-04-01", old);
        check("2024-11-01", new.clone());
        check("2025-05-01", new);
    }
}
