//! The runtimes that App Service offers, as `az webapp list-runtimes` and `az webapp create` ask for them.
//!
//! A short table of current runtimes, for clients that look a runtime up; the emulator runs containers
//! only, and says so when such an app starts.

use serde_json::{Value, json};

use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, json};
use crate::wire::locations;

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

/// A runtime: its key, its name, the system the portal proposes, and its versions.
struct Stack {
    key: &'static str,
    name: &'static str,
    preferred: &'static str,
    versions: &'static [Version],
}

/// A version: what it is called, its value, and what the configuration of an app calls it on each system
/// (`linuxFxVersion`; `~22` of Node, `v8.0` of .NET). Empty where the system does not have it.
struct Version {
    text: &'static str,
    value: &'static str,
    linux: &'static str,
    windows: &'static str,
}

const fn stack(
    key: &'static str,
    name: &'static str,
    preferred: &'static str,
    versions: &'static [Version],
) -> Stack {
    Stack {
        key,
        name,
        preferred,
        versions,
    }
}

const fn version(
    text: &'static str,
    value: &'static str,
    linux: &'static str,
    windows: &'static str,
) -> Version {
    Version {
        text,
        value,
        linux,
        windows,
    }
}

const WEB: &[Stack] = &[
    stack(
        "dotnet",
        ".NET",
        "windows",
        &[
            version(".NET 10 (LTS)", "10", "DOTNETCORE|10.0", "v10.0"),
            version(".NET 9 (STS)", "9", "DOTNETCORE|9.0", "v9.0"),
            version(".NET 8 (LTS)", "8", "DOTNETCORE|8.0", "v8.0"),
        ],
    ),
    stack(
        "aspnet",
        "ASP.NET",
        "windows",
        &[
            version("ASP.NET V4.8", "v4.8", "", "v4.0"),
            version("ASP.NET V3.5", "v3.5", "", "v2.0"),
        ],
    ),
    stack(
        "node",
        "Node",
        "linux",
        &[
            version("Node 24 LTS", "24-lts", "NODE|24-lts", "~24"),
            version("Node 22 LTS", "22-lts", "NODE|22-lts", "~22"),
            version("Node 20 LTS", "20-lts", "NODE|20-lts", "~20"),
        ],
    ),
    stack(
        "python",
        "Python",
        "linux",
        &[
            version("Python 3.13", "3.13", "PYTHON|3.13", ""),
            version("Python 3.12", "3.12", "PYTHON|3.12", ""),
            version("Python 3.11", "3.11", "PYTHON|3.11", ""),
        ],
    ),
    stack(
        "php",
        "PHP",
        "linux",
        &[
            version("PHP 8.4", "8.4", "PHP|8.4", ""),
            version("PHP 8.3", "8.3", "PHP|8.3", ""),
        ],
    ),
];
const FUNCTIONS: &[Stack] = &[
    stack(
        "dotnet-isolated",
        ".NET",
        "windows",
        &[
            version(".NET 10 Isolated", "10", "DOTNET-ISOLATED|10.0", "v10.0"),
            version(".NET 9 Isolated", "9", "DOTNET-ISOLATED|9.0", "v9.0"),
            version(".NET 8 Isolated", "8", "DOTNET-ISOLATED|8.0", "v8.0"),
        ],
    ),
    stack(
        "dotnet",
        ".NET",
        "windows",
        &[version(".NET 8 In-process", "8", "DOTNET|8.0", "v8.0")],
    ),
    stack(
        "node",
        "Node.js",
        "windows",
        &[
            version("Node.js 24 LTS", "24", "Node|24", "~24"),
            version("Node.js 22 LTS", "22", "Node|22", "~22"),
            version("Node.js 20 LTS", "20", "Node|20", "~20"),
        ],
    ),
    stack(
        "python",
        "Python",
        "linux",
        &[
            version("Python 3.13", "3.13", "Python|3.13", ""),
            version("Python 3.12", "3.12", "Python|3.12", ""),
            version("Python 3.11", "3.11", "Python|3.11", ""),
        ],
    ),
    stack(
        "java",
        "Java",
        "windows",
        &[
            version("Java 21", "21.0", "Java|21", "21"),
            version("Java 17", "17.0", "Java|17", "17"),
            version("Java 11", "11.0", "Java|11", "11"),
        ],
    ),
    stack(
        "powershell",
        "PowerShell Core",
        "windows",
        &[version("PowerShell 7.4", "7.4", "PowerShell|7.4", "7.4")],
    ),
    stack(
        "custom",
        "Custom Handler",
        "windows",
        &[version("Custom Handler", "custom", "custom", "custom")],
    ),
];

/// Whether the caller asks for Linux, Windows, or both.
fn wants(call: &Call<'_>, system: &str) -> bool {
    call.incoming
        .query_value("stackOsType")
        .is_none_or(|wanted| {
            wanted.eq_ignore_ascii_case("all") || wanted.eq_ignore_ascii_case(system)
        })
}

/// The settings of one version on one system.
type Settings = fn(&Stack, &Version, bool) -> Value;

fn listed(call: &Call<'_>, kind: &str, stacks: &[Stack], settings: Settings) -> Vec<Value> {
    let systems = [wants(call, "linux"), wants(call, "windows")];
    let row = |stack: &Stack| {
        let versions: Vec<Value> = stack
            .versions
            .iter()
            .filter_map(|version| major(stack, version, systems, settings))
            .collect();
        (!versions.is_empty()).then(|| row(kind, stack.key, stack.name, stack.preferred, versions))
    };
    stacks.iter().filter_map(row).collect()
}

fn row(kind: &str, key: &str, name: &str, preferred: &str, versions: Vec<Value>) -> Value {
    json!({
        "id": null, "name": key, "type": format!("Microsoft.Web/{kind}?stackOsType=All"),
        "properties": { "displayText": name, "value": key, "preferredOs": preferred, "majorVersions": versions },
    })
}

/// A version with its settings on each system that has it and is asked for.
fn major(
    stack: &Stack,
    version: &Version,
    [linux, windows]: [bool; 2],
    settings: Settings,
) -> Option<Value> {
    let mut of_systems = json!({});
    if linux && !version.linux.is_empty() {
        let linux = settings(stack, version, true);
        json::set(&mut of_systems, "linuxRuntimeSettings", linux);
    }
    if windows && !version.windows.is_empty() {
        let windows = settings(stack, version, false);
        json::set(&mut of_systems, "windowsRuntimeSettings", windows);
    }
    let any = of_systems.as_object().is_some_and(|all| !all.is_empty());
    let number = version.value.trim_end_matches("-lts");
    any.then(|| {
        json!({
            "displayText": version.text, "value": number,
            "minorVersions": [{ "displayText": version.text, "value": version.value, "stackSettings": of_systems }],
        })
    })
}

fn common(version: &Version, linux: bool) -> Value {
    json!({
        "runtimeVersion": if linux { version.linux } else { version.windows }, "remoteDebuggingSupported": false,
        "appInsightsSettings": { "isSupported": true }, "isDeprecated": false, "isHidden": false, "isPreview": false,
        "gitHubActionSettings": { "isSupported": true, "supportedVersion": version.value },
    })
}

fn web_settings(_: &Stack, version: &Version, linux: bool) -> Value {
    common(version, linux)
}

fn function_settings(stack: &Stack, version: &Version, linux: bool) -> Value {
    let mut app_settings = json!({ "FUNCTIONS_WORKER_RUNTIME": stack.key });
    let mut config = json!({ "use32BitWorkerProcess": !linux });
    match stack.key {
        _ if linux => json::set(&mut config, "linuxFxVersion", version.linux),
        "node" => json::set(
            &mut app_settings,
            "WEBSITE_NODE_DEFAULT_VERSION",
            version.windows,
        ),
        "java" => json::set(&mut config, "javaVersion", version.windows),
        "powershell" => json::set(&mut config, "powerShellVersion", version.windows),
        "dotnet" | "dotnet-isolated" => {
            json::set(&mut config, "netFrameworkVersion", version.windows);
        }
        _ => {}
    }
    // The newest but one: the default is never the version that came last.
    let default = stack.versions.get(1).or(stack.versions.first());
    let is_default = default.is_some_and(|default| default.value == version.value);
    let more = json!({
        "isDefault": is_default, "appSettingsDictionary": app_settings, "siteConfigPropertiesDictionary": config,
        "supportedFunctionsExtensionVersions": ["~4"],
        "supportedFunctionsExtensionVersionsInfo": [{ "version": "~4", "isDeprecated": false, "isDefault": true }],
    });
    let mut all = common(version, linux);
    json::overlay(&mut all, &more);
    all
}

/// Java runs in containers, which are a stack of their own: on Linux each brings its Java, on Windows any
/// Java goes with any container.
fn java_containers(call: &Call<'_>) -> Value {
    let one = |text: &str, value: &str, linux: Value, windows: Value| {
        let mut settings = json!({});
        if wants(call, "linux") {
            json::set(&mut settings, "linuxContainerSettings", linux);
        }
        if wants(call, "windows") {
            json::set(&mut settings, "windowsContainerSettings", windows);
        }
        json!({
            "displayText": text, "value": value,
            "minorVersions": [{ "displayText": text, "value": value, "stackSettings": settings }],
        })
    };
    let flags = json!({ "isDeprecated": false, "isHidden": false });
    let with = |mut value: Value| {
        json::overlay(&mut value, &flags);
        value
    };
    let tomcat = |version: &str| {
        let on = |java: &str| format!("TOMCAT|{version}-java{java}");
        one(
            &format!("Apache Tomcat {version}"),
            &format!("tomcat{version}"),
            with(
                json!({ "java21Runtime": on("21"), "java17Runtime": on("17"), "java11Runtime": on("11") }),
            ),
            with(json!({ "javaContainer": "TOMCAT", "javaContainerVersion": version })),
        )
    };
    let versions = vec![
        one(
            "Java SE (Embedded Web Server)",
            "javase",
            with(json!({
                "java21Runtime": "JAVA|21-java21", "java17Runtime": "JAVA|17-java17", "java11Runtime": "JAVA|11-java11",
                "java8Runtime": "JAVA|8-jre8",
            })),
            with(json!({ "javaContainer": "JAVA", "javaContainerVersion": "SE" })),
        ),
        tomcat("11.0"),
        tomcat("10.1"),
        tomcat("9.0"),
    ];
    row(
        "webAppStacks",
        "javacontainers",
        "Java Containers",
        "linux",
        versions,
    )
}

fn web_stacks(call: &Call<'_>) -> Result<Answer, Answer> {
    let mut rows = listed(call, "webAppStacks", WEB, web_settings);
    rows.push(java_containers(call));
    Ok(super::listing(rows))
}

fn function_stacks(call: &Call<'_>) -> Result<Answer, Answer> {
    let rows = listed(call, "functionAppStacks", FUNCTIONS, function_settings);
    Ok(super::listing(rows))
}

/// The regions that have App Service: all of them.
fn regions(call: &Call<'_>) -> Result<Answer, Answer> {
    let rows = locations::location_names()
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
