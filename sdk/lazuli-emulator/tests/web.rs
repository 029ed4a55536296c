//! Web apps over the wire: kinds and plans, deployment slots, children, logs.

mod support;

use serde_json::{Value, json};
use support::{Azure, code};

const WEB: &str = "2024-11-01";

/// A group with a plan in it, and the prefix of everything below `Microsoft.Web`.
struct Bench {
    azure: Azure,
    web: String,
    plan: String,
}

impl Bench {
    async fn with_plan(sku: &str, properties: Value) -> Bench {
        let azure = Azure::start().await;
        let group = azure.group("rg").await;
        let web = format!("{group}/providers/Microsoft.Web");
        let plan = format!("{web}/serverfarms/plan1");
        let body = json!({ "location": "westcentralus", "sku": { "name": sku }, "properties": properties });
        azure.make(&plan, WEB, body).await;
        Bench { azure, web, plan }
    }

    fn site(&self, name: &str) -> String {
        format!("{}/sites/{name}", self.web)
    }

    async fn make_site(&self, name: &str, kind: &str, config: Value) -> Value {
        let body = json!({
            "location": "westcentralus", "kind": kind,
            "properties": { "serverFarmId": self.plan, "httpsOnly": false, "siteConfig": config },
        });
        let made = self
            .azure
            .send("PUT", &self.site(name), WEB, Some(body))
            .await;
        assert_eq!(made.status, 200, "{}", made.body);
        self.azure.read(&self.site(name), WEB).await
    }

    async fn post(&self, path: &str, body: Value) -> support::Reply {
        self.azure.send("POST", path, WEB, Some(body)).await
    }

    async fn settings(&self, app: &str) -> Value {
        let list = self
            .post(&format!("{app}/config/appsettings/list"), Value::Null)
            .await;
        assert_eq!(list.status, 200, "{}", list.body);
        list.body["properties"].clone()
    }
}

fn docker(image: &str) -> Value {
    json!({ "linuxFxVersion": format!("DOCKER|{image}") })
}

#[tokio::test]
async fn kinds_follow_plan_and_stack() {
    let linux = json!({ "reserved": true });
    let cases = [
        (
            "P1V3",
            linux.clone(),
            "app",
            docker("nginx"),
            "app,linux,container",
        ),
        (
            "EP1",
            linux,
            "functionapp,linux",
            docker("nginx"),
            "functionapp,linux,container",
        ),
        (
            "P1V3",
            json!({ "hyperV": true }),
            "app",
            json!({ "windowsFxVersion": "DOCKER|mcr.microsoft.com/azure-app-service/windows/parkingpage:latest" }),
            "app,container,windows",
        ),
        ("S1", json!({}), "functionapp", json!({}), "functionapp"),
    ];
    for (sku, plan, kind, config, expect) in cases {
        let place = Bench::with_plan(sku, plan.clone()).await;
        let site = place.make_site("lz1", kind, config).await;
        assert_eq!(site["kind"], expect);
        let properties = &site["properties"];
        assert_eq!(properties["reserved"], plan["reserved"] == true, "{expect}");
        assert_eq!(properties["hyperV"], plan["hyperV"] == true, "{expect}");
        let function = expect.starts_with("functionapp");
        assert_eq!(properties["containerSize"], if function { 1536 } else { 0 });
        assert_eq!(properties["clientAffinityEnabled"], !function, "{expect}");
    }
}

#[tokio::test]
async fn a_function_app_without_a_plan_gets_a_consumption_plan() {
    let place = Bench::with_plan("B1", json!({})).await;
    let body = json!({ "location": "westcentralus", "kind": "functionapp,linux", "properties": { "reserved": true } });
    let made = place
        .azure
        .send("PUT", &place.site("fn1"), WEB, Some(body.clone()))
        .await;
    assert_eq!(made.status, 200, "{}", made.body);
    let plan = made.body["properties"]["serverFarmId"]
        .as_str()
        .expect("a plan");
    assert!(plan.ends_with("/WestCentralUSLinuxDynamicPlan"), "{plan}");
    let plan = place.azure.read(plan, WEB).await;
    assert_eq!(plan["sku"]["tier"], "Dynamic");
    assert_eq!(plan["properties"]["reserved"], true);
    let mut web = body;
    web["kind"] = "app".into();
    let refused = place
        .azure
        .send("PUT", &place.site("web1"), WEB, Some(web))
        .await;
    assert_eq!(
        (refused.status, code(&refused.body)),
        (400, "BadRequest".into())
    );
}

#[tokio::test]
async fn slots_are_made_swapped_and_removed() {
    let place = Bench::with_plan("S1", json!({ "reserved": true })).await;
    let site = place.site("lz1");
    place.make_site("lz1", "app", docker("nginx")).await;
    let staging = format!("{site}/slots/staging");
    let body =
        json!({ "location": "westcentralus", "properties": { "siteConfig": docker("httpd") } });
    let slot = place.azure.send("PUT", &staging, WEB, Some(body)).await;
    assert_eq!(slot.status, 200, "{}", slot.body);
    assert_eq!(slot.body["name"], "lz1/staging");
    assert_eq!(
        slot.body["properties"]["defaultHostName"],
        "lz1-staging.azurewebsites.net"
    );
    for (app, settings) in [
        (&site, json!({ "A": "site", "S": "site" })),
        (&staging, json!({ "A": "slot", "S": "slot" })),
    ] {
        let path = format!("{app}/config/appsettings");
        let written = json!({ "properties": settings });
        place.azure.make(&path, WEB, written).await;
    }
    let sticky = json!({ "properties": { "appSettingNames": ["S"] } });
    let names = format!("{site}/config/slotConfigNames");
    place.azure.make(&names, WEB, sticky).await;

    let page = |host: &'static str| place.azure.emulator.browse(host);
    const SITE: &str = "https://lz1.azurewebsites.net/";
    const SLOT: &str = "https://lz1-staging.azurewebsites.net/";
    let (nginx, httpd) = (page(SITE).await, page(SLOT).await);
    assert_eq!((nginx.status, httpd.status), (200, 200));
    assert_ne!(nginx.body, httpd.body);

    let swap = json!({ "targetSlot": "production", "preserveVnet": true });
    let swapped = place.post(&format!("{staging}/slotsswap"), swap).await;
    assert_eq!(swapped.status, 202, "{}", swapped.body);
    let location = swapped.header("location").expect("an operation");
    assert!(
        location.contains("/slots/staging/operationresults/"),
        "{location}"
    );
    assert_eq!(page(SITE).await.body, httpd.body);
    assert_eq!(page(SLOT).await.body, nginx.body);
    assert_eq!(
        place.settings(&site).await,
        json!({ "A": "slot", "S": "site" })
    );
    assert_eq!(
        place.settings(&staging).await,
        json!({ "A": "site", "S": "slot" })
    );
    let after = place.azure.read(&site, WEB).await;
    assert_eq!(
        after["properties"]["slotSwapStatus"]["destinationSlotName"],
        "Production"
    );

    let list = place.azure.read(&format!("{site}/slots"), WEB).await;
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1));
    place.azure.send("DELETE", &staging, WEB, None).await;
    assert_eq!(place.azure.get(&staging, WEB).await.status, 404);
    assert_eq!(page(SLOT).await.status, 404);
}

#[tokio::test]
async fn slots_have_limits_and_a_site() {
    let place = Bench::with_plan("B1", json!({ "reserved": true })).await;
    let body = json!({ "location": "westcentralus", "properties": {} });
    let slot = |site: &str| format!("{}/slots/staging", place.site(site));
    let orphan = place
        .azure
        .send("PUT", &slot("nobody"), WEB, Some(body.clone()))
        .await;
    assert_eq!(
        (orphan.status, code(&orphan.body)),
        (404, "ParentResourceNotFound".into())
    );
    place.make_site("lz1", "app", docker("nginx")).await;
    let basic = place.azure.send("PUT", &slot("lz1"), WEB, Some(body)).await;
    assert_eq!((basic.status, code(&basic.body)), (409, "Conflict".into()));
}

#[tokio::test]
async fn a_slot_that_says_nothing_copies_its_site() {
    let place = Bench::with_plan("S1", json!({ "reserved": true })).await;
    let site = place.site("lz1");
    place.make_site("lz1", "app", docker("nginx")).await;
    let settings = json!({ "properties": { "A": "1" } });
    let path = format!("{site}/config/appsettings");
    place.azure.make(&path, WEB, settings).await;
    let copy = format!("{site}/slots/copy");
    let body = json!({ "location": "westcentralus", "properties": {} });
    let made = place.azure.send("PUT", &copy, WEB, Some(body)).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(place.settings(&copy).await, json!({ "A": "1" }));
    let config = place.azure.read(&format!("{copy}/config/web"), WEB).await;
    assert_eq!(config["properties"]["linuxFxVersion"], "DOCKER|nginx");
    let user = &config["properties"]["publishingUsername"];
    assert_eq!(user, "$lz1__copy");
}

#[tokio::test]
async fn settings_are_read_by_post_only_and_parts_answer() {
    let place = Bench::with_plan("B1", json!({ "reserved": true })).await;
    place.make_site("lz1", "app", docker("nginx")).await;
    let site = place.site("lz1");
    let cases = [
        ("GET", "config/appsettings", 405),
        ("POST", "config/appsettings/list", 200),
        ("GET", "config/logs", 200),
        ("GET", "config/backup", 405),
        ("POST", "config/backup/list", 404),
        ("POST", "config/authsettings/list", 200),
        ("GET", "config/authsettingsV2", 200),
        ("POST", "config/publishingcredentials/list", 200),
        ("GET", "config/configreferences/appsettings", 200),
        ("GET", "hostNameBindings", 200),
        ("GET", "hostNameBindings/lz1.azurewebsites.net", 200),
        ("GET", "hostNameBindings/www.example.com", 404),
        ("GET", "basicPublishingCredentialsPolicies/scm", 200),
        ("GET", "sourcecontrols/web", 200),
        ("GET", "virtualNetworkConnections", 200),
        ("GET", "deployments", 200),
        ("GET", "instances", 200),
        ("GET", "slots", 200),
        ("GET", "config/odd", 501),
        ("POST", "migrate", 501),
        ("GET", "sitecontainers", 200),
    ];
    for child in [
        "slots",
        "config",
        "hostNameBindings",
        "privateEndpointConnections",
    ] {
        let path = format!("{}/{child}", place.site("nobody"));
        assert_eq!(place.azure.get(&path, WEB).await.status, 404, "{child}");
    }
    for (method, path, expect) in cases {
        let body = (method == "POST").then_some(Value::Null);
        let reply = place
            .azure
            .send(method, &format!("{site}/{path}"), WEB, body)
            .await;
        assert_eq!(reply.status, expect, "{method} {path}: {}", reply.body);
    }
}

#[tokio::test]
async fn one_of_several_containers_is_main() {
    let place = Bench::with_plan("S1", json!({ "reserved": true })).await;
    let stack = json!({ "linuxFxVersion": "SITECONTAINERS" });
    let site = place.make_site("lz1", "app", stack.clone()).await;
    assert_eq!(site["kind"], "app,linux,container");
    let container = |app: &str, name: &str| format!("{app}/sitecontainers/{name}");
    let main = container(&place.site("lz1"), "main");
    let body = |image: &str| json!({ "properties": { "image": image, "isMain": true, "passwordSecret": "hidden" } });
    for (path, body, expect) in [
        (
            main.clone(),
            json!({ "properties": { "isMain": true } }),
            400,
        ),
        (main.clone(), body("nginx"), 201),
        (main.clone(), body("nginx"), 200),
        (container(&place.site("lz1"), "other"), body("httpd"), 400),
    ] {
        let reply = place.azure.send("PUT", &path, WEB, Some(body)).await;
        assert_eq!(reply.status, expect, "{path} {}", reply.body);
        assert!(
            !reply.body.to_string().contains("hidden"),
            "a secret is not answered"
        );
    }
    let before = place
        .azure
        .emulator
        .browse("https://lz1.azurewebsites.net/")
        .await;
    assert_eq!(before.status, 200);

    let slot = format!("{}/slots/staging", place.site("lz1"));
    let made = json!({ "location": "westcentralus", "properties": { "siteConfig": stack } });
    place.azure.make(&slot, WEB, made).await;
    place
        .azure
        .make(&container(&slot, "main"), WEB, body("httpd"))
        .await;
    let swap = json!({ "targetSlot": "production" });
    let swapped = place.post(&format!("{slot}/slotsswap"), swap).await;
    assert_eq!(swapped.status, 202, "{}", swapped.body);
    let moved = place.azure.read(&main, WEB).await;
    assert_eq!(moved["properties"]["image"], "httpd");
    assert_eq!(moved["name"], "lz1/main");
    let after = place
        .azure
        .emulator
        .browse("https://lz1.azurewebsites.net/")
        .await;
    assert_ne!(after.body, before.body);
    assert_eq!(
        place.azure.send("DELETE", &main, WEB, None).await.status,
        200
    );
    assert_eq!(
        place.azure.send("DELETE", &main, WEB, None).await.status,
        204
    );
}

#[tokio::test]
async fn the_last_site_takes_its_plan_unless_told_otherwise() {
    for (query, expect) in [
        (WEB.to_owned(), 404),
        (format!("{WEB}&deleteEmptyServerFarm=false"), 200),
    ] {
        let place = Bench::with_plan("B1", json!({ "reserved": true })).await;
        place.make_site("lz1", "app", docker("nginx")).await;
        let gone = place
            .azure
            .send("DELETE", &place.site("lz1"), &query, None)
            .await;
        assert_eq!(gone.status, 200, "{}", gone.body);
        let plan = place.azure.get(&place.plan, WEB).await;
        assert_eq!(plan.status, expect, "{query}");
    }
}

#[tokio::test]
async fn the_container_log_is_an_action_of_the_site() {
    let place = Bench::with_plan("B1", json!({ "reserved": true })).await;
    place.make_site("lz1", "app", docker("nginx:latest")).await;
    let path = format!("{}/containerlogs", place.site("lz1"));
    let reply = place.azure.send_text("POST", &path, WEB, "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(
        reply.header("content-type"),
        Some("application/octet-stream")
    );
    let log = place.azure.emulator.container_log("lz1").join("\n");
    assert!(
        log.contains("Pulling image: docker.io/library/nginx:latest"),
        "{log}"
    );
}

#[tokio::test]
async fn the_configuration_says_which_logs_are_on() {
    let place = Bench::with_plan("B1", json!({})).await;
    place.make_site("lz1", "app", json!({})).await;
    let site = place.site("lz1");
    let flags = async || {
        let config =
            place.azure.read(&format!("{site}/config/web"), WEB).await["properties"].clone();
        [
            "httpLoggingEnabled",
            "detailedErrorLoggingEnabled",
            "requestTracingEnabled",
        ]
        .map(|flag| config[flag] == true)
    };
    assert_eq!(flags().await, [false; 3]);
    let logs = json!({ "properties": {
        "httpLogs": { "fileSystem": { "enabled": true, "retentionInMb": 50 } }, "detailedErrorMessages": { "enabled": true },
    } });
    let path = format!("{site}/config/logs");
    let put = place.azure.send("PUT", &path, WEB, Some(logs)).await;
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(flags().await, [true, true, false]);
}

#[tokio::test]
async fn an_app_on_a_plan_that_scales_by_itself_has_one_instance_ready() {
    let place = Bench::with_plan("P1v2", json!({ "elasticScaleEnabled": true })).await;
    let made = place.make_site("lz1", "app", json!({})).await;
    assert_eq!(
        made["properties"]["siteConfig"]["minimumElasticInstanceCount"],
        1
    );
    let other = Bench::with_plan("P1v2", json!({})).await;
    let made = other.make_site("lz1", "app", json!({})).await;
    assert_eq!(
        made["properties"]["siteConfig"]["minimumElasticInstanceCount"],
        0
    );
}

#[tokio::test]
async fn a_function_app_keeps_the_keys_of_its_callers() {
    let place = Bench::with_plan("B1", json!({})).await;
    place.make_site("fn1", "functionapp", json!({})).await;
    place.make_site("web1", "app", json!({})).await;
    let list = format!("{}/host/default/listKeys", place.site("fn1"));
    let keys = place.post(&list, Value::Null).await.body;
    assert_eq!(place.post(&list, Value::Null).await.body, keys);
    assert!(keys["masterKey"].as_str().is_some_and(|key| key.len() > 40));
    let mine = format!("{}/host/default/functionKeys/mine", place.site("fn1"));
    let given = json!({ "properties": { "name": "mine", "value": "v1" } });
    for expect in [201, 200] {
        let put = place
            .azure
            .send("PUT", &mine, WEB, Some(given.clone()))
            .await;
        assert_eq!(put.status, expect, "{}", put.body);
    }
    assert_eq!(
        place.post(&list, Value::Null).await.body["functionKeys"]["mine"],
        "v1"
    );
    place.azure.delete(&mine, WEB).await;
    assert_eq!(place.post(&list, Value::Null).await.body, keys);
    let none = format!("{}/host/default/listKeys", place.site("web1"));
    assert_eq!(place.post(&none, Value::Null).await.status, 404);
}

#[tokio::test]
async fn the_publishing_user_belongs_to_the_caller() {
    let azure = Azure::start().await;
    let path = "/providers/Microsoft.Web/publishingUsers/web";
    let name = async || azure.read(path, WEB).await["properties"]["publishingUserName"].clone();
    assert_eq!(name().await, Value::Null);
    let user = json!({ "properties": { "publishingUserName": "someone", "publishingPassword": "Secret-12345" } });
    let put = azure.send("PUT", path, WEB, Some(user)).await;
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(put.body["properties"]["publishingPassword"], Value::Null);
    assert_eq!(name().await, "someone");
}

#[tokio::test]
async fn runtimes_are_told_for_each_system() {
    let azure = Azure::start().await;
    let names = async |system: &str| -> Vec<String> {
        let query = format!("{WEB}&stackOsType={system}");
        let listed = azure
            .read("/providers/Microsoft.Web/webAppStacks", &query)
            .await;
        let rows = listed["value"].as_array().expect("rows").clone();
        rows.iter()
            .filter_map(|row| row["name"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(
        names("Windows").await,
        ["dotnet", "aspnet", "node", "javacontainers"]
    );
    assert_eq!(
        names("Linux").await,
        ["dotnet", "node", "python", "php", "javacontainers"]
    );
    let all = azure
        .read("/providers/Microsoft.Web/webAppStacks", WEB)
        .await;
    let node =
        &all["value"][2]["properties"]["majorVersions"][1]["minorVersions"][0]["stackSettings"];
    assert_eq!(node["windowsRuntimeSettings"]["runtimeVersion"], "~22");
    assert_eq!(
        node["linuxRuntimeSettings"]["runtimeVersion"],
        "NODE|22-lts"
    );
}

#[tokio::test]
async fn a_mount_says_how_it_is_and_by_which_protocol() {
    let place = Bench::with_plan("B1", json!({ "reserved": true })).await;
    place.make_site("lz1", "app", docker("nginx")).await;
    let path = format!("{}/config/azurestorageaccounts", place.site("lz1"));
    let mount = |kind: &str| json!({ "type": kind, "accountName": "a", "shareName": "s", "accessKey": "k", "mountPath": "/m" });
    let mounts =
        json!({ "properties": { "files": mount("AzureFiles"), "blobs": mount("AzureBlob") } });
    let put = place.azure.send("PUT", &path, WEB, Some(mounts)).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let kept = place.post(&format!("{path}/list"), Value::Null).await.body["properties"].clone();
    for (name, protocol) in [("files", "Smb"), ("blobs", "Http")] {
        assert_eq!(
            (&kept[name]["state"], &kept[name]["protocol"]),
            (&json!("Ok"), &json!(protocol))
        );
    }
}
