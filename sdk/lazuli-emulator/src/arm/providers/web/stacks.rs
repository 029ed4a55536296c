//! The runtimes that App Service offers, as `az webapp list-runtimes` and `az webapp create` ask for them.
//!
//! A short table of current runtimes, for clients that look a runtime up; the emulator runs containers
//! only, and says so when such an app starts.

use serde_json::{Value, json};

use crate::arm::providers::{Kind, locations};
use crate::arm::{Answer, Call};

pub(super) const KINDS: [Kind; 3] = [
    Kind {
        list: Some(web_stacks),
        ..Kind::new("Microsoft.Web/webAppStacks")
    },
    Kind {
        list: Some(function_stacks),
        ..Kind::new("Microsoft.Web/functionAppStacks")
    },
    Kind {
        list: Some(regions),
        ..Kind::new("Microsoft.Web/geoRegions")
    },
];

/// A runtime: its key, its name, and its Linux versions.
struct Stack {
    key: &'static str,
    name: &'static str,
    /// The name in `linuxFxVersion`.
    runtime: &'static str,
    versions: &'static [&'static str],
}

const WEB: &[Stack] = &[
    stack("dotnet", ".NET", "DOTNETCORE", &["9.0", "8.0"]),
    stack("node", "Node", "NODE", &["22-lts", "20-lts"]),
    stack("python", "Python", "PYTHON", &["3.13", "3.12", "3.11"]),
    stack("php", "PHP", "PHP", &["8.4", "8.3"]),
];
const FUNCTIONS: &[Stack] = &[
    stack(
        "dotnet-isolated",
        ".NET",
        "DOTNET-ISOLATED",
        &["9.0", "8.0"],
    ),
    stack("dotnet", ".NET (in-process)", "DOTNET", &["8.0"]),
    stack("node", "Node.js", "Node", &["22", "20"]),
    stack("python", "Python", "Python", &["3.12", "3.11"]),
    stack("custom", "Custom Handler", "", &["1.0"]),
];

const fn stack(
    key: &'static str,
    name: &'static str,
    runtime: &'static str,
    versions: &'static [&'static str],
) -> Stack {
    Stack {
        key,
        name,
        runtime,
        versions,
    }
}

/// Whether the caller asks for Linux, Windows, or both.
fn wants(call: &Call<'_>, system: &str) -> bool {
    call.incoming
        .query_value("stackOsType")
        .is_none_or(|wanted| {
            wanted.eq_ignore_ascii_case("all") || wanted.eq_ignore_ascii_case(system)
        })
}

fn listed(
    call: &Call<'_>,
    kind: &str,
    stacks: &[Stack],
    settings: fn(&Stack, &str) -> Value,
) -> Answer {
    let linux = wants(call, "linux");
    let rows = stacks.iter().filter(|_| linux).map(|stack| {
        let versions: Vec<Value> = stack
            .versions
            .iter()
            .map(|version| major(stack, version, settings))
            .collect();
        json!({
            "id": null, "name": stack.key, "type": format!("Microsoft.Web/{kind}?stackOsType=All"),
            "properties": { "displayText": stack.name, "value": stack.key, "preferredOs": "linux", "majorVersions": versions },
        })
    });
    super::listing(rows.collect())
}

fn major(stack: &Stack, version: &str, settings: fn(&Stack, &str) -> Value) -> Value {
    let number = version.split('-').next().unwrap_or(version);
    json!({
        "displayText": format!("{} {number}", stack.name), "value": number,
        "minorVersions": [{
            "displayText": format!("{} {number}", stack.name), "value": version,
            "stackSettings": { "linuxRuntimeSettings": settings(stack, version) },
        }],
    })
}

fn web_settings(stack: &Stack, version: &str) -> Value {
    json!({
        "runtimeVersion": format!("{}|{version}", stack.runtime), "remoteDebuggingSupported": false,
        "appInsightsSettings": { "isSupported": true }, "endOfLifeDate": null, "isDeprecated": false, "isHidden": false,
        "gitHubActionSettings": { "isSupported": true },
    })
}

fn function_settings(stack: &Stack, version: &str) -> Value {
    let runtime = match stack.runtime {
        "" => String::new(),
        runtime => format!("{runtime}|{version}"),
    };
    json!({
        "runtimeVersion": runtime, "isDefault": stack.versions.first() == Some(&version), "isDeprecated": false, "isHidden": false,
        "isPreview": false, "remoteDebuggingSupported": false, "appInsightsSettings": { "isSupported": true },
        "gitHubActionSettings": { "isSupported": true },
        "appSettingsDictionary": { "FUNCTIONS_WORKER_RUNTIME": stack.key },
        "siteConfigPropertiesDictionary": { "use32BitWorkerProcess": false, "linuxFxVersion": runtime },
        "supportedFunctionsExtensionVersions": ["~4"],
        "supportedFunctionsExtensionVersionsInfo": [{ "version": "~4", "isDeprecated": false, "isDefault": true }],
    })
}

fn web_stacks(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(listed(call, "webAppStacks", WEB, web_settings))
}

fn function_stacks(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(listed(
        call,
        "functionAppStacks",
        FUNCTIONS,
        function_settings,
    ))
}

/// The regions that have App Service: all of them.
fn regions(call: &Call<'_>) -> Result<Answer, Answer> {
    let rows = crate::arm::providers::location_names()
        .into_iter()
        .map(|name| {
            let display = locations::display_name(name);
            json!({
                "id": format!("{}/providers/Microsoft.Web/geoRegions/{display}", call.target.scope), "name": display,
                "type": "Microsoft.Web/geoRegions",
                "properties": { "name": display, "displayName": display, "orgDomain": "PUBLIC;FUNCTIONS;DYNAMIC;LINUX;LINUXDYNAMIC;ELASTICPREMIUM;XENON" },
            })
        });
    Ok(super::listing(rows.collect()))
}
