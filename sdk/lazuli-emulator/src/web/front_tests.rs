use serde_json::{Value, json};

use super::super::fixture::*;
use super::*;

type Change = fn(&World);

async fn get(world: &World, url: &str) -> (u16, String) {
    let page = browse(world, url).await;
    (
        page.status,
        String::from_utf8_lossy(&page.body).into_owned(),
    )
}

fn use_tag(world: &World, tag: &str) {
    configure(
        world,
        "linuxFxVersion",
        format!("DOCKER|secureacr2021.azurecr.io/privatewebsite:{tag}"),
    );
}

#[tokio::test]
async fn the_page_comes_out_of_the_image() {
    let world = article();
    assert_eq!(
        get(&world, HOST).await,
        (200, "<h1>Hello Linux v1</h1>".into())
    );
    use_tag(&world, "lnx-v2");
    let page = browse(&world, HOST).await;
    assert_eq!(
        (page.status, page.body),
        (200, b"<h1>Hello Linux v2</h1>".to_vec())
    );
    assert!(
        page.headers
            .contains(&("content-type".into(), "text/html".into())),
        "{:?}",
        page.headers
    );
    let log = container_log(&world, &site_id());
    assert_eq!(
        log.iter()
            .filter(|line| line.contains("Attempting to pull image"))
            .count(),
        2,
        "{log:#?}"
    );
    assert_eq!(
        log.iter()
            .filter(|line| line.contains("Starting a new container"))
            .count(),
        1,
        "{log:#?}"
    );
}

#[tokio::test]
async fn without_an_image_the_app_is_down_and_the_log_says_why() {
    let world = article();
    world.remove(&link_id());
    let (status, body) = get(&world, HOST).await;
    assert_eq!(status, 503);
    assert!(body.contains(":( Application Error"), "{body}");
    let log = container_log(&world, &site_id()).join("\n");
    for part in [
        "Attempting to pull image secureacr2021.azurecr.io/privatewebsite:lnx-v1 from VNET.",
        "UnexpectedFaliure",
        "Defaulting to local copy if present",
        "CAUSE - ",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
    get(&world, HOST).await;
    assert_eq!(
        container_log(&world, &site_id()).join("\n"),
        log,
        "looking again reports nothing new"
    );
}

#[tokio::test]
async fn the_last_good_image_serves_until_the_new_one_is_up() {
    let world = article();
    get(&world, HOST).await;
    use_tag(&world, "lnx-v9");
    assert_eq!(
        get(&world, HOST).await,
        (200, "<h1>Hello Linux v1</h1>".into())
    );
    let log = container_log(&world, &site_id()).join("\n");
    assert!(
        log.contains("CAUSE - tag lnx-v9 not found")
            && log.contains("The last good image keeps serving"),
        "{log}"
    );
    push_page(&world, "lnx-v9", "nine");
    assert_eq!(get(&world, HOST).await, (200, "nine".into()));
}

#[tokio::test]
async fn the_platform_answers_for_itself() {
    let cases: [(&str, &str, Change, u16); 11] = [
        (
            "unknown host",
            "https://nobody.azurewebsites.net/",
            |_| {},
            404,
        ),
        ("no address", "nonsense", |_| {}, 400),
        (
            "plain http to the public name",
            "http://secureacrweb2021.azurewebsites.net/a?b=c",
            |_| {},
            301,
        ),
        (
            "loopback name",
            "http://secureacrweb2021.azurewebsites.net.localhost:1/",
            |_| {},
            200,
        ),
        (
            "short loopback name",
            "http://secureacrweb2021.localhost:1/",
            |_| {},
            200,
        ),
        (
            "absent file",
            "https://secureacrweb2021.azurewebsites.net/absent.html",
            |_| {},
            404,
        ),
        (
            "stopped",
            HOST,
            |w| {
                change(w, &site_id(), |s| {
                    s.body["properties"]["state"] = "Stopped".into()
                })
            },
            403,
        ),
        (
            "disabled",
            HOST,
            |w| {
                change(w, &site_id(), |s| {
                    s.body["properties"]["state"] = "Disabled".into()
                })
            },
            403,
        ),
        (
            "restricted to somebody else",
            HOST,
            |w| {
                let rules = json!([{ "ipAddress": "198.51.100.0/24", "action": "Allow", "priority": 100, "name": "office" },
                    { "ipAddress": "Any", "action": "Deny", "priority": 2_147_483_647, "name": "Deny all" }]);
                configure(w, "ipSecurityRestrictions", rules);
            },
            403,
        ),
        (
            "the scm host asks who is there",
            "https://secureacrweb2021.scm.azurewebsites.net/api/logs/docker",
            |_| {},
            401,
        ),
        (
            "closed",
            HOST,
            |w| {
                change(w, &site_id(), |s| {
                    s.body["properties"]["publicNetworkAccess"] = "Disabled".into()
                })
            },
            403,
        ),
    ];
    for (name, url, prepare, expect) in cases {
        let world = article();
        prepare(&world);
        assert_eq!(browse(&world, url).await.status, expect, "{name}");
    }
    let page = browse(
        &article(),
        "http://secureacrweb2021.azurewebsites.net/a?b=c",
    )
    .await;
    assert!(
        page.headers.contains(&(
            "location".into(),
            "https://secureacrweb2021.azurewebsites.net/a?b=c".into()
        )),
        "{:?}",
        page.headers
    );
}

/// A slot has a host, a container and an identity of its own.
#[tokio::test]
async fn a_slot_serves_under_its_own_name() {
    const STAGING: &str = "https://secureacrweb2021-staging.azurewebsites.net/";
    let world = article();
    assert_eq!(get(&world, STAGING).await.0, 404);
    let site = world.get(&site_id()).expect("the site");
    let slot = format!("{}/slots/staging", site_id());
    let mut body = site.body.clone();
    body["properties"]["defaultHostName"] = Value::Null;
    body["identity"]["principalId"] = "bbbbbbbb-0000-0000-0000-000000000002".into();
    let mut private = site.private.clone();
    private["config"]["linuxFxVersion"] =
        "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v2".into();
    put(&world, &slot, body, private);
    assert_eq!(get(&world, STAGING).await.0, 503);
    let log = log_of(&world, "secureacrweb2021/staging").join("\n");
    assert!(
        log.contains("system-assigned identity of secureacrweb2021(staging)) has no AcrPull"),
        "{log}"
    );
    assert_eq!(get(&world, HOST).await.1, "<h1>Hello Linux v1</h1>");
    let mut role = world.get(&role_id()).expect("the role");
    role.id = role.id.replace("/pull", "/pull-staging");
    role.body["properties"]["principalId"] = "bbbbbbbb-0000-0000-0000-000000000002".into();
    world.put(role);
    assert_eq!(get(&world, STAGING).await.1, "<h1>Hello Linux v2</h1>");
    assert_eq!(get(&world, HOST).await.1, "<h1>Hello Linux v1</h1>");
}

#[tokio::test]
async fn paths_do_not_leave_the_web_root() {
    let world = article();
    for path in [
        "%2e%2e/%2e%2e/etc/nginx/conf.d/default.conf",
        "..%2f..%2fetc/nginx/conf.d/default.conf",
    ] {
        let (status, body) = get(&world, &format!("{HOST}{path}")).await;
        assert!(
            matches!(status, 400 | 404) && !body.contains("listen"),
            "{path}: {status} {body}"
        );
    }
}

#[tokio::test]
async fn a_public_image_needs_no_network() {
    let world = article();
    configure(
        &world,
        "linuxFxVersion",
        "DOCKER|mcr.microsoft.com/appsvc/staticsite:latest",
    );
    let (status, body) = get(&world, HOST).await;
    assert!(
        status == 200 && body.contains("Your app is up"),
        "{status} {body}"
    );
}

#[tokio::test]
async fn a_container_that_does_not_answer_never_takes_over() {
    let world = article();
    configure(&world, "linuxFxVersion", "DOCKER|hello-world");
    assert_eq!(get(&world, HOST).await.0, 503);
    use_tag(&world, "lnx-v1");
    assert_eq!(get(&world, HOST).await.0, 200);
    configure(&world, "linuxFxVersion", "DOCKER|hello-world");
    assert_eq!(
        get(&world, HOST).await,
        (200, "<h1>Hello Linux v1</h1>".into())
    );
    let log = container_log(&world, &site_id()).join("\n");
    for part in [
        "didn't respond to HTTP pings on port: 80",
        "because it failed during startup",
        "The last good image keeps serving",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
}

#[tokio::test]
async fn a_stopped_app_has_no_container_until_it_starts() {
    let world = article();
    let state = |state: &str| {
        change(&world, &site_id(), |site| {
            site.body["properties"]["state"] = state.into()
        });
        container_log(&world, &site_id())
    };
    get(&world, HOST).await;
    let stopped = state("Stopped");
    assert!(
        stopped
            .last()
            .is_some_and(|line| line.contains("the app is stopped")),
        "{stopped:#?}"
    );
    assert_eq!(state("Stopped"), stopped, "it stops once");
    let started = state("Running");
    let ready = |log: &[String]| {
        log.iter()
            .filter(|line| line.contains("ready to serve requests"))
            .count()
    };
    assert_eq!((ready(&stopped), ready(&started)), (1, 2));
    assert!(
        started.iter().all(|line| !line.contains("=true")),
        "values of settings are not shown"
    );
}

/// The article's last alternative: a registry that another app hosts, behind a private endpoint.
#[tokio::test]
async fn a_site_can_pull_from_a_registry_that_another_site_hosts() {
    let world = article();
    let host = id("Microsoft.Web/sites/secureacrwebregistry2021");
    put(
        &world,
        &host,
        json!({ "properties": { "serverFarmId": id("Microsoft.Web/serverfarms/secureacrplan") } }),
        json!({ "config": { "linuxFxVersion": "DOCKER|registry:2" } }),
    );
    let hosted = Site::get(&world, &host).expect("the hosting site");
    let answer = browse(
        &world,
        "https://secureacrwebregistry2021.azurewebsites.net/v2/",
    )
    .await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]));
    let image = crate::build::image::Image::pull(&content(&world), "privatewebsite", "lnx-v1")
        .expect("image");
    image
        .push(&hosted_store(&world, &hosted), "customwebsite", "lnx-v1")
        .expect("pushes");
    configure(&world, "acrUseManagedIdentityCreds", false);
    configure(
        &world,
        "linuxFxVersion",
        "DOCKER|secureacrwebregistry2021.azurewebsites.net/customwebsite:lnx-v1",
    );
    assert_eq!(
        get(&world, HOST).await,
        (200, "<h1>Hello Linux v1</h1>".into())
    );
    let deny = json!([{ "ipAddress": "198.51.100.0/24", "action": "Deny", "priority": 1, "name": "office" },
        { "ipAddress": "Any", "action": "Deny", "priority": 2_147_483_647, "name": "Deny all" }]);
    change(&world, &host, |site| {
        site.private["config"]["ipSecurityRestrictions"] = deny
    });
    let log = container_log(&world, &site_id()).join("\n");
    assert!(
        log.contains("CAUSE - the access restriction \"Deny all\" of web app secureacrwebregistry2021 denies subnet vnet-integration-subnet"),
        "{log}"
    );
    close_hosted(&world, &host);
    let log = container_log(&world, &site_id()).join("\n");
    assert!(
        log.contains("CAUSE - web app secureacrwebregistry2021 refuses public traffic"),
        "{log}"
    );
    name_hosted(&world);
    assert_eq!(
        get(&world, HOST).await,
        (200, "<h1>Hello Linux v1</h1>".into())
    );
}

fn close_hosted(world: &World, host: &str) {
    let vnet = id("Microsoft.Network/virtualNetworks/secureacr-vnet");
    let nic = id("Microsoft.Network/networkInterfaces/securewebregistry-pe.nic.1");
    put(
        world,
        &nic,
        json!({ "properties": { "ipConfigurations": [{ "properties": { "privateIPAddress": "10.0.1.6" } }] } }),
        Value::Null,
    );
    let connection = json!({ "properties": { "privateLinkServiceId": host, "privateLinkServiceConnectionState": { "status": "Approved" } } });
    let endpoint = json!({ "properties": { "subnet": { "id": format!("{vnet}/subnets/private-endpoint-subnet") },
        "privateLinkServiceConnections": [connection], "networkInterfaces": [{ "id": nic }] } });
    put(
        world,
        &id("Microsoft.Network/privateEndpoints/securewebregistry-pe"),
        endpoint,
        Value::Null,
    );
}

fn name_hosted(world: &World) {
    let zone = id("Microsoft.Network/privateDnsZones/privatelink.azurewebsites.net");
    let vnet = id("Microsoft.Network/virtualNetworks/secureacr-vnet");
    put(
        world,
        &format!("{zone}/virtualNetworkLinks/websites-zonelink"),
        json!({ "properties": { "virtualNetwork": { "id": vnet } } }),
        Value::Null,
    );
    let record = json!({ "properties": { "aRecords": [{ "ipv4Address": "10.0.1.6" }] } });
    put(
        world,
        &format!("{zone}/A/secureacrwebregistry2021"),
        record,
        Value::Null,
    );
}

#[tokio::test]
async fn a_browser_on_this_machine_needs_no_dns() {
    let world = article();
    let own: OwnPage = Arc::new(|_, port| {
        Box::pin(async move { Response::new(Body::from(format!("the page of port {port}"))) })
    });
    let front = serve(world, SocketAddr::from(([127, 0, 0, 1], 0)), own)
        .await
        .expect("listens");
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let base = format!("http://{}", front.address);
    let list = client
        .get(&base)
        .send()
        .await
        .expect("list")
        .text()
        .await
        .expect("text");
    assert_eq!(list, format!("the page of port {}", front.address.port()));
    let site = client
        .get(&base)
        .header("host", "secureacrweb2021.localhost:80")
        .send()
        .await
        .expect("site");
    assert_eq!(site.text().await.expect("text"), "<h1>Hello Linux v1</h1>");
}
