//! What kind of app this is, and which values it starts with because of that.
//!
//! The kind follows from what the caller says (`functionapp`), from the plan (Linux, Windows
//! containers, tier) and from the stack (`DOCKER|…`). The defaults are a table of rules, not of
//! answers: each rule names the traits it holds for.

use serde_json::{Value, json};

use super::skus;
use crate::arm::json;
use crate::world::Resource;

/// What runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum App {
    Web,
    Function,
    /// A Logic App on a Workflow plan: a function app with a kind of its own.
    Workflow,
}

/// Everything that defaults depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    pub(super) app: App,
    pub(super) linux: bool,
    /// A Windows container.
    pub(super) hyper_v: bool,
    pub(super) elastic: bool,
    /// A plan of another tier that was set to scale by itself.
    scales_itself: bool,
    premium: bool,
}

const WEB_LOGS: &[&str] = &[
    "AppServiceAppLogs",
    "AppServiceAuditLogs",
    "AppServiceConsoleLogs",
    "AppServiceHTTPLogs",
    "AppServiceIPSecAuditLogs",
    "AppServicePlatformLogs",
    "ScanLogs",
];
/// Only Premium tiers scan and audit files.
const PREMIUM_LOGS: &[&str] = &[
    "AppServiceFileAuditLogs",
    "AppServiceAntivirusScanAuditLogs",
];
/// The stacks in `linuxFxVersion` that name containers.
const CONTAINERS: [&str; 4] = ["DOCKER|", "COMPOSE|", "KUBE|", "SITECONTAINERS"];

impl Traits {
    /// `kind` is what the caller asks for, or what the app was before.
    pub(super) fn of(kind: Option<&str>, plan: &Resource) -> Traits {
        let is_true = |pointer: &str| plan.at(pointer) == Some(&Value::Bool(true));
        let tier = skus::of_plan(plan);
        Traits {
            app: App::of(kind),
            linux: is_true("/properties/reserved"),
            hyper_v: is_true("/properties/hyperV"),
            elastic: tier.is_some_and(skus::Tier::is_elastic),
            scales_itself: is_true("/properties/elasticScaleEnabled"),
            premium: tier.is_some_and(|tier| tier.tier.starts_with("Premium")),
        }
    }

    /// The canonical kind, given the configuration.
    pub(super) fn kind(&self, config: &Value) -> String {
        let base = match self.app {
            App::Web => "app",
            App::Function => "functionapp",
            App::Workflow => "functionapp,workflowapp",
        };
        if self.linux && is_container(config) {
            format!("{base},linux,container")
        } else if self.linux {
            format!("{base},linux")
        } else if self.hyper_v {
            format!("{base},container,windows")
        } else {
            base.to_owned()
        }
    }

    /// Properties of a new app that differ from the common defaults.
    pub(super) fn properties(&self) -> Value {
        match self.app {
            App::Web => json!({}),
            _ => json!({ "clientAffinityEnabled": false, "containerSize": 1536 }),
        }
    }

    pub(super) fn log_categories(&self) -> String {
        let mut categories: Vec<&str> = match self.app {
            App::Workflow => vec!["WorkflowRuntime", "FunctionAppLogs"],
            App::Function => vec!["FunctionAppLogs"],
            App::Web => WEB_LOGS.to_vec(),
        };
        if self.app == App::Web && self.premium {
            categories.extend(PREMIUM_LOGS);
        }
        if self.app == App::Web {
            categories.push("AppServiceAuthenticationLogs");
        }
        categories.join(",")
    }

    /// Values of `config/web` of a new app that differ from the common defaults.
    pub(super) fn config(&self) -> Value {
        let mut config = json!({});
        let mut set = |name: &str, value: Value| json::set(&mut config, name, value);
        if self.app != App::Web {
            set("functionAppScaleLimit", json!(0));
            set("elasticWebAppScaleLimit", Value::Null);
        }
        let elastic = match self.app {
            App::Web => self.scales_itself,
            App::Function | App::Workflow => self.elastic,
        };
        if elastic {
            set("preWarmedInstanceCount", json!(1));
            set("minimumElasticInstanceCount", json!(1));
        }
        if self.app == App::Workflow {
            set("functionsRuntimeScaleMonitoringEnabled", json!(true));
        }
        if self.app == App::Web && !self.linux && !self.hyper_v {
            set("phpVersion", json!("5.6"));
        }
        config
    }

    /// App settings that the platform gives a new app which names none of that name.
    pub(super) fn app_settings(&self) -> &'static [(&'static str, &'static str)] {
        match self.app {
            App::Web if !self.linux && !self.hyper_v => {
                &[("WEBSITE_NODE_DEFAULT_VERSION", "6.9.1")]
            }
            _ => &[],
        }
    }
}

impl App {
    pub(super) fn of(kind: Option<&str>) -> App {
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.contains("workflowapp") {
            App::Workflow
        } else if kind.contains("functionapp") {
            App::Function
        } else {
            App::Web
        }
    }
}

/// Whether the Linux stack of a configuration is a container's.
fn is_container(config: &Value) -> bool {
    let stack = json::text(&config["linuxFxVersion"]).to_ascii_uppercase();
    CONTAINERS.iter().any(|prefix| stack.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(sku: &str, linux: bool, hyper_v: bool) -> Resource {
        Resource {
            id: "/plan".into(),
            kind: "Microsoft.Web/serverfarms".into(),
            body: json!({ "sku": { "name": sku }, "properties": { "reserved": linux, "hyperV": hyper_v } }),
            private: Value::Null,
        }
    }

    #[test]
    fn kinds_follow_platform_and_stack() {
        let check = |wanted: Option<&str>,
                     sku: &str,
                     linux: bool,
                     hyper_v: bool,
                     stack: &str,
                     expect: &str| {
            let traits = Traits::of(wanted, &plan(sku, linux, hyper_v));
            assert_eq!(traits.kind(&json!({ "linuxFxVersion": stack })), expect);
        };
        check(
            None,
            "B1",
            true,
            false,
            "DOCKER|nginx",
            "app,linux,container",
        );
        check(Some("app"), "B1", true, false, "NODE|20-lts", "app,linux");
        check(Some("app"), "B1", true, false, " ", "app,linux");
        let function = Some("functionapp,linux");
        check(
            function,
            "EP1",
            true,
            false,
            "DOCKER|x",
            "functionapp,linux,container",
        );
        check(None, "P1v3", false, true, "", "app,container,windows");
        check(None, "S1", false, false, "", "app");
    }

    #[test]
    fn defaults_follow_the_traits() {
        let of =
            |kind: &str, sku: &str, linux: bool| Traits::of(Some(kind), &plan(sku, linux, false));
        assert_eq!(of("app", "S1", false).config()["phpVersion"], "5.6");
        assert_eq!(of("app", "S1", true).config()["phpVersion"], Value::Null);
        let elastic = of("functionapp", "EP1", true);
        assert_eq!(elastic.config()["minimumElasticInstanceCount"], 1);
        assert_eq!(elastic.properties()["containerSize"], 1536);
        assert_eq!(elastic.log_categories(), "FunctionAppLogs");
        assert!(
            of("app", "P1v3", true)
                .log_categories()
                .contains("AntivirusScan")
        );
        assert!(
            !of("app", "S1", true)
                .log_categories()
                .contains("AntivirusScan")
        );
    }
}
