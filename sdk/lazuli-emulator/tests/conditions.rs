//! Latency, faults and throttling over the wire; no test waits for the time it is about.

mod support;

use std::time::Duration;

use lazuli_emulator::{Clock, Faults, Latency, Options, VirtualClock};
use serde_json::{Value, json};
use support::{Azure, Reply, code};

const NETWORK: &str = "2024-05-01";
const DNS: &str = "2024-06-01";
const GROUPS: &str = "2024-11-01";
const WEB: &str = "2024-11-01";

fn vnet() -> Value {
    json!({ "location": "westcentralus", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } })
}

async fn slow(latency: Latency) -> (Azure, VirtualClock) {
    let clock = VirtualClock::new();
    let options = Options {
        latency,
        clock: Clock::Virtual(clock.clone()),
        ..Options::default()
    };
    (Azure::with(options).await, clock)
}

async fn with_faults(faults: &str) -> Azure {
    let options = Options {
        faults: Faults::parse(faults).expect("good faults"),
        ..Options::default()
    };
    Azure::with(options).await
}

/// An Azure with faults on a virtual clock, without latency.
async fn lagging(faults: &str) -> (Azure, VirtualClock) {
    let clock = VirtualClock::new();
    let options = Options {
        faults: Faults::parse(faults).expect("good faults"),
        clock: Clock::Virtual(clock.clone()),
        ..Options::default()
    };
    (Azure::with(options).await, clock)
}

fn network(group: &str, name: &str) -> String {
    format!("{group}/providers/Microsoft.Network/virtualNetworks/{name}")
}

fn secs(clock: &VirtualClock) -> f64 {
    clock.elapsed().as_secs_f64()
}

fn outcome(reply: &Reply) -> (u16, String) {
    (reply.status, code(&reply.body))
}

#[tokio::test]
async fn realistic_durations_pass_on_the_clock_and_not_on_the_wall() {
    let (azure, clock) = slow(Latency::Realistic).await;
    let group = azure.group("g").await;
    let before = secs(&clock);
    let plan = format!("{group}/providers/Microsoft.Web/serverfarms/p");
    let body = json!({ "location": "westcentralus", "sku": { "name": "B1" }, "properties": { "reserved": true } });
    azure.make(&plan, WEB, body).await;
    let blocked = secs(&clock) - before;
    assert!(
        (11.0..=13.5).contains(&blocked),
        "a plan blocks, here {blocked} s"
    );

    let zone =
        format!("{group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io");
    let before = secs(&clock);
    azure
        .make(&zone, DNS, json!({ "location": "global" }))
        .await;
    let took = secs(&clock) - before;
    assert!(
        (17.0..=64.0).contains(&took),
        "a zone takes a while, here {took} s"
    );
    azure.read(&zone, DNS).await;
}

#[tokio::test]
async fn a_resource_goes_through_its_states_as_time_passes() {
    let (azure, clock) = slow(Latency::Realistic).await;
    let group = azure.group("g").await;
    let id = network(&group, "v");
    let started = azure.send("PUT", &id, NETWORK, Some(vnet())).await;
    assert_eq!(started.status, 201);
    let state = |body: &Value| body["properties"]["provisioningState"].clone();
    for _ in 0..3 {
        assert_eq!(
            state(&azure.read(&id, NETWORK).await),
            "Updating",
            "reading ends nothing"
        );
    }
    clock.advance(Duration::from_secs(15));
    assert_eq!(state(&azure.read(&id, NETWORK).await), "Succeeded");
}

#[tokio::test]
async fn the_scale_is_the_scale_of_everything() {
    let took = |latency| async move {
        let (azure, clock) = slow(latency).await;
        azure.group("g").await;
        secs(&clock)
    };
    let (whole, tenth) = (
        took(Latency::Realistic).await,
        took(Latency::Scaled(0.1)).await,
    );
    assert!((tenth * 10.0 - whole).abs() < 0.05, "{whole} and {tenth}");
}

#[tokio::test]
async fn a_storm_of_429_ends_and_says_how_long_to_wait() {
    let azure = with_faults(
        "[[fault]]\nkind = 'throttled'\ntype = 'Microsoft.Network/virtualNetworks'\nmethod = 'PUT'\nnth = 1\ntimes = 2\nretry_after_s = 7",
    )
    .await;
    let group = azure.group("g").await;
    let id = network(&group, "v");
    for _ in 0..2 {
        let refused = azure.send("PUT", &id, NETWORK, Some(vnet())).await;
        assert_eq!(outcome(&refused), (429, "RetryableError".into()));
        assert_eq!(
            refused.body["error"]["details"][0]["code"],
            "TooManyRequests"
        );
        assert_eq!(refused.header("retry-after"), Some("7"));
        assert!(refused.header("x-ms-request-id").is_some());
    }
    assert_eq!(
        azure.send("PUT", &id, NETWORK, Some(vnet())).await.status,
        201
    );
}

#[tokio::test]
async fn connections_drop_before_or_after_the_effect() {
    let azure = with_faults(
        "[[fault]]\nkind = 'dropped_before'\nmethod = 'PUT'\npath = '*/before'\nnth = 1\n\
         [[fault]]\nkind = 'dropped_after'\nmethod = 'PUT'\npath = '*/after'\nnth = 1",
    )
    .await;
    let group = azure.group("g").await;
    for (name, expect) in [("before", 404), ("after", 200)] {
        let id = network(&group, name);
        let url = format!(
            "{}{id}?api-version={NETWORK}",
            azure.emulator.endpoint().as_str().trim_end_matches('/')
        );
        let request = azure.http.put(url).bearer_auth(&azure.bearer).json(&vnet());
        request.send().await.expect_err("no answer");
        assert_eq!(azure.get(&id, NETWORK).await.status, expect, "{name}");
    }
}

#[tokio::test]
async fn bodies_end_early_and_proxies_answer_in_html() {
    let azure = with_faults(
        "[[fault]]\nkind = 'truncated_body'\nmethod = 'GET'\npath = '*/resourcegroups/g'\n\
         [[fault]]\nkind = 'html_page'\npath = '*/resourcegroups/h'\nstatus = 200",
    )
    .await;
    let group = azure.group("g").await;
    let url = |id: &str| {
        let base = azure.emulator.endpoint();
        format!(
            "{}{id}?api-version={GROUPS}",
            base.as_str().trim_end_matches('/')
        )
    };
    let read = azure.http.get(url(&group)).bearer_auth(&azure.bearer);
    let answer = read.send().await.expect("headers come");
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect_err("the body does not");
    let other = group.replace("/g", "/h");
    let read = azure.http.get(url(&other)).bearer_auth(&azure.bearer);
    let answer = read.send().await.expect("answered");
    assert_eq!(answer.headers()["content-type"], "text/html");
    assert!(answer.text().await.expect("text").starts_with("<html>"));
}

/// A client of hosts with real names, on a new connection for each request.
fn through(azure: &Azure) -> reqwest::Client {
    let port = azure.emulator.endpoint().port().expect("a port");
    let proxy = reqwest::Proxy::https(format!("http://127.0.0.1:{port}")).expect("an address");
    let authority = azure.emulator.ca_pem();
    reqwest::Client::builder()
        .proxy(proxy)
        .tls_certs_only([reqwest::Certificate::from_pem(authority.as_bytes()).expect("PEM")])
        .pool_max_idle_per_host(0)
        .build()
        .expect("a client")
}

#[tokio::test]
async fn registries_and_apps_have_their_own_faults() {
    let azure = with_faults(
        "[[fault]]\nkind = 'throttled'\nhost = '*.azurecr.io'\npath = '/v2/'\nnth = 1\nretry_after_s = 3\n\
         [[fault]]\nkind = 'dropped_before'\nhost = 'troubled.azurecr.io'\npath = '/v2/_catalog'\nnth = 1\n\
         [[fault]]\nkind = 'server_error'\nhost = '*.azurewebsites.net'\nstatus = 503\n\
         [[fault]]\nkind = 'truncated_body'\nhost = '*.azurecr.io'\npath = '/v2/_catalog'\nnth = 2",
    )
    .await;
    let group = azure.group("g").await;
    let id = format!("{group}/providers/Microsoft.ContainerRegistry/registries/troubled");
    let registry = json!({ "location": "westcentralus", "sku": { "name": "Premium" }, "properties": { "adminUserEnabled": true } });
    azure.make(&id, "2025-11-01", registry).await;
    let path = format!("{id}/listCredentials");
    let listed = azure.send("POST", &path, "2025-11-01", None).await;
    let password = listed.body["passwords"][0]["value"].as_str();
    let http = through(&azure);
    let get = |path: &str| {
        let request = http.get(format!("https://troubled.azurecr.io{path}"));
        request.basic_auth("troubled", password).send()
    };
    let refused = get("/v2/").await.expect("answered");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "3");
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!(body["errors"][0]["code"], "TOOMANYREQUESTS");
    assert_eq!(get("/v2/").await.expect("answered").status(), 200);
    get("/v2/_catalog").await.expect_err("no answer");
    let cut = get("/v2/_catalog").await.expect("headers come");
    cut.bytes().await.expect_err("the body does not");
    let whole: Value = get("/v2/_catalog")
        .await
        .expect("answered")
        .json()
        .await
        .expect("JSON");
    assert_eq!(whole["repositories"], json!([]));
    let page = http.get("https://nobody.azurewebsites.net/").send();
    assert_eq!(page.await.expect("answered").status(), 503);
    // The control plane has none of these.
    assert_eq!(azure.get(&id, "2025-11-01").await.status, 200);
}

#[tokio::test]
async fn operations_fail_with_a_result_or_never_end() {
    let azure = with_faults(
        "[[fault]]\nkind = 'failed_operation'\nmethod = 'PUT'\npath = '*/broken'\ncode = 'InternalServerError'\nmessage = 'An error occurred.'\n\
         [[fault]]\nkind = 'stuck_operation'\nmethod = 'PUT'\npath = '*/stuck'",
    )
    .await;
    let group = azure.group("g").await;
    let broken = network(&group, "broken");
    let started = azure.send("PUT", &broken, NETWORK, Some(vnet())).await;
    assert_eq!(started.status, 201, "the request itself is accepted");
    let end = azure.finish(&started).await;
    assert_eq!(
        (&end["status"], &end["error"]["code"]),
        (&json!("Failed"), &json!("InternalServerError"))
    );
    let state = azure.read(&broken, NETWORK).await["properties"]["provisioningState"].clone();
    assert_eq!(state, "Failed");

    let stuck = network(&group, "stuck");
    let started = azure.send("PUT", &stuck, NETWORK, Some(vnet())).await;
    let url = started
        .header("azure-asyncoperation")
        .expect("an operation");
    for _ in 0..10 {
        assert_eq!(azure.follow(url).await.body["status"], "InProgress");
    }
}

#[tokio::test]
async fn what_is_new_is_not_known_everywhere() {
    let (azure, clock) = lagging(
        "[[fault]]\nkind = 'not_found_yet'\ntype = 'Microsoft.Resources/resourceGroups'\nfor_s = 5\n\
         [[fault]]\nkind = 'list_lag'\ntype = 'Microsoft.Resources/resourceGroups'\nfor_s = 20",
    )
    .await;
    let group = format!(
        "/subscriptions/{}/resourceGroups/g",
        azure.emulator.subscription()
    );
    let place = json!({ "location": "westcentralus" });
    assert_eq!(
        azure
            .send("PUT", &group, GROUPS, Some(place.clone()))
            .await
            .status,
        201
    );
    let missing = (404, "ResourceGroupNotFound".to_owned());
    assert_eq!(outcome(&azure.get(&group, GROUPS).await), missing);
    let child = network(&group, "v");
    assert_eq!(
        outcome(&azure.send("PUT", &child, NETWORK, Some(vnet())).await),
        missing
    );
    assert_eq!(
        azure.send("PUT", &group, GROUPS, Some(place)).await.status,
        200,
        "writes find it"
    );
    clock.advance(Duration::from_secs(6));
    assert_eq!(azure.get(&group, GROUPS).await.status, 200);
    let all = format!(
        "/subscriptions/{}/resourceGroups",
        azure.emulator.subscription()
    );
    let listed = |body: Value| body["value"].as_array().map(Vec::len);
    assert_eq!(listed(azure.read(&all, GROUPS).await), Some(0));
    clock.advance(Duration::from_secs(20));
    assert_eq!(listed(azure.read(&all, GROUPS).await), Some(1));
}

#[tokio::test]
async fn what_is_gone_can_stand_in_the_way_for_a_while() {
    let (azure, clock) = lagging("[[fault]]\nkind = 'lingering'\nfor_s = 60").await;
    let group = azure.group("rg").await;
    let vnet_id = network(&group, "v");
    azure.make(&vnet_id, NETWORK, vnet()).await;
    let delegation =
        json!({ "name": "d", "properties": { "serviceName": "Microsoft.Web/serverFarms" } });
    let subnet = format!("{vnet_id}/subnets/apps");
    let properties = json!({ "addressPrefix": "10.0.0.0/24", "delegations": [delegation] });
    azure
        .make(&subnet, NETWORK, json!({ "properties": properties }))
        .await;

    let zone = format!("{group}/providers/Microsoft.Network/privateDnsZones/example.com");
    azure
        .make(&zone, DNS, json!({ "location": "global" }))
        .await;
    let link = format!("{zone}/virtualNetworkLinks/l");
    let linked = json!({ "registrationEnabled": false, "virtualNetwork": { "id": vnet_id } });
    let linked = json!({ "location": "global", "properties": linked });
    azure.make(&link, DNS, linked).await;
    azure.delete(&link, DNS).await;
    assert_eq!(azure.get(&link, DNS).await.status, 404);
    let refused = azure.send("DELETE", &zone, DNS, None).await;
    assert_eq!(outcome(&refused), (409, "CannotDeleteResource".to_owned()));

    let web = format!("{group}/providers/Microsoft.Web");
    let plan = format!("{web}/serverfarms/p");
    let sized = json!({ "location": "westcentralus", "sku": { "name": "B1" } });
    azure.make(&plan, WEB, sized).await;
    let site = format!("{web}/sites/lingering");
    let properties = json!({ "serverFarmId": plan, "virtualNetworkSubnetId": subnet });
    azure
        .make(
            &site,
            WEB,
            json!({ "location": "westcentralus", "properties": properties }),
        )
        .await;
    azure.delete(&site, WEB).await;
    let refused = azure.send("DELETE", &subnet, NETWORK, None).await;
    assert_eq!(
        outcome(&refused),
        (400, "InUseSubnetCannotBeDeleted".to_owned())
    );

    clock.advance(Duration::from_secs(61));
    azure.delete(&zone, DNS).await;
    azure.delete(&subnet, NETWORK).await;
}

#[tokio::test]
async fn a_region_goes_out_and_comes_back() {
    let (azure, clock) =
        lagging("[[fault]]\nkind = 'outage'\nregion = 'westus'\nfrom_s = 10\nuntil_s = 20").await;
    let group = |name: &str| {
        format!(
            "/subscriptions/{}/resourceGroups/{name}",
            azure.emulator.subscription()
        )
    };
    let put = |name: &'static str, place: &'static str| {
        let (azure, id) = (&azure, group(name));
        async move {
            azure
                .send("PUT", &id, GROUPS, Some(json!({ "location": place })))
                .await
                .status
        }
    };
    assert_eq!(put("a", "westus").await, 201);
    clock.advance(Duration::from_secs(12));
    assert_eq!(put("b", "westus").await, 503);
    assert_eq!(put("c", "eastus").await, 201);
    assert_eq!(azure.get(&group("a"), GROUPS).await.status, 503);
    clock.advance(Duration::from_secs(10));
    assert_eq!(put("b", "westus").await, 201);
}

#[tokio::test]
async fn one_seed_one_story_whatever_the_order() {
    let story = |names: &'static [&'static str], seed| async move {
        let faults = "[[fault]]\nkind = 'server_error'\nmethod = 'PUT'\nprobability = 0.5";
        let options = Options {
            faults: Faults::parse(faults).expect("good faults"),
            seed: Some(seed),
            ..Options::default()
        };
        let azure = Azure::with(options).await;
        let mut story = Vec::new();
        for name in names {
            let id = format!(
                "/subscriptions/{}/resourceGroups/{name}",
                azure.emulator.subscription()
            );
            let body = Some(json!({ "location": "westus" }));
            story.push((*name, azure.send("PUT", &id, GROUPS, body).await.status));
        }
        story.sort();
        story
    };
    let there = story(&["a", "b", "c", "d", "e", "f", "g", "h"], 3).await;
    let back = story(&["h", "g", "f", "e", "d", "c", "b", "a"], 3).await;
    assert_eq!(there, back);
    let statuses: Vec<u16> = there.iter().map(|(_, status)| *status).collect();
    assert!(
        statuses.contains(&500) && statuses.contains(&201),
        "{statuses:?}"
    );
    assert_ne!(
        there,
        story(&["a", "b", "c", "d", "e", "f", "g", "h"], 4).await
    );
}

#[tokio::test]
async fn an_empty_bucket_refuses_until_it_has_filled() {
    let clock = VirtualClock::new();
    let options = Options {
        throttling: true,
        clock: Clock::Virtual(clock.clone()),
        ..Options::default()
    };
    let azure = Azure::with(options).await;
    let path = format!("/subscriptions/{}", azure.emulator.subscription());
    let header = "x-ms-ratelimit-remaining-subscription-reads";
    assert_eq!(azure.get(&path, GROUPS).await.header(header), Some("249"));
    for _ in 0..249 {
        assert_eq!(azure.get(&path, GROUPS).await.status, 200);
    }
    let refused = azure.get(&path, GROUPS).await;
    assert_eq!(
        outcome(&refused),
        (429, "SubscriptionRequestsThrottled".into())
    );
    assert!(refused.header("retry-after").is_some());
    // Coming back is what lets the promised time pass on a virtual clock.
    assert_eq!(azure.get(&path, GROUPS).await.status, 200);
    assert!(clock.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn providers_are_registered_first_where_that_is_asked_for() {
    let options = Options {
        require_registration: true,
        ..Options::default()
    };
    let azure = Azure::with(options).await;
    let group = azure.group("g").await;
    let id = network(&group, "v");
    let refused = azure.send("PUT", &id, NETWORK, Some(vnet())).await;
    assert_eq!(
        outcome(&refused),
        (409, "MissingSubscriptionRegistration".into())
    );
    assert_eq!(
        refused.body["error"]["details"][0]["target"],
        "Microsoft.Network"
    );
    let provider = format!(
        "/subscriptions/{}/providers/Microsoft.Network",
        azure.emulator.subscription()
    );
    assert_eq!(
        azure.read(&provider, GROUPS).await["registrationState"],
        "NotRegistered"
    );
    let started = azure
        .send("POST", &format!("{provider}/register"), GROUPS, None)
        .await;
    assert_eq!(started.body["registrationState"], "Registering");
    assert_eq!(
        azure.read(&provider, GROUPS).await["registrationState"],
        "Registered"
    );
    assert_eq!(
        azure.send("PUT", &id, NETWORK, Some(vnet())).await.status,
        201
    );
}

#[tokio::test]
async fn poll_addresses_are_long_and_come_back_byte_for_byte() {
    let azure = Azure::start().await;
    let group = azure.group("g").await;
    let started = azure
        .send("PUT", &network(&group, "v"), NETWORK, Some(vnet()))
        .await;
    let url = started
        .header("azure-asyncoperation")
        .expect("an operation");
    assert!(url.len() > 3_000, "{}", url.len());
    let tampered = url.replacen("&t=", "&t=0", 1);
    assert_eq!(azure.follow(&tampered).await.status, 403);
    let unsigned = url.split("&t=").next().expect("a head");
    assert_eq!(azure.follow(unsigned).await.status, 403);
    assert_eq!(azure.follow(url).await.status, 200);
}

#[test]
fn the_fault_file_of_the_documentation_is_a_good_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/emulator.md");
    let text = std::fs::read_to_string(path).expect("the documentation");
    let sample = text.split("```toml").nth(1).expect("a sample");
    let sample = sample.split("```").next().expect("its end");
    assert_ne!(
        Faults::parse(sample).expect("good faults"),
        Faults::default()
    );
}
