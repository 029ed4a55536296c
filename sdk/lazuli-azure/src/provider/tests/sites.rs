//! Web apps: one resource to the program, several places to Azure.

use std::path::Path;

use lazuli_core::{Provider, ProviderErrorKind, Value};
use serde_json::{Value as Json, json};

use crate::provider::testing::*;

const TYPE: &str = "Microsoft.Web/sites";

fn site() -> String {
    format!("{GROUP}/providers/{TYPE}/web")
}

fn web() -> String {
    format!("{}/config/web", site())
}

fn settings() -> String {
    format!("{}/config/appsettings", site())
}

fn list() -> String {
    line("POST", &format!("{}/list", settings()), Json::Null)
}

/// What App Service answers to the GET of a site: next to nothing of its configuration.
fn shown() -> Json {
    json!({"location": "West US", "kind": "app,linux,container", "tags": {"policy": "on"},
        "identity": {"type": "SystemAssigned", "principalId": "p"},
        "properties": {"httpsOnly": false, "serverFarmId": "/plan", "defaultHostName": "web.azurewebsites.net",
            "siteConfig": {"linuxFxVersion": "", "appSettings": null}}})
}

fn web_config(image: &str) -> Answer {
    ok(
        json!({"name": "web", "properties": {"linuxFxVersion": image, "machineKey": "hunter2", "alwaysOn": true}}),
    )
}

fn inputs(image: &str, app_settings: &[(&str, &str)]) -> Json {
    let list: Vec<Json> = app_settings
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!({"location": "westus", "properties": {"serverFarmId": "/plan",
        "siteConfig": {"linuxFxVersion": image, "appSettings": list}}})
}

/// Updates from one declaration to another, and asserts the conversation.
async fn update(before: Json, after: Json, answers: Vec<Answer>, expected: &[String]) -> Value {
    let azure = FakeArm::start(answers).await;
    let provider = azure.provider(Path::new(".")).await;
    let known = existing(TYPE, &site(), before, json!({}));
    let updated = provider
        .update(&known, &desired(TYPE, &site(), after), &Journal::default())
        .await
        .unwrap();
    azure.assert_asked(expected);
    updated.outputs
}

#[tokio::test]
async fn a_site_is_created_in_one_put_and_read_from_all_its_places() {
    let mut declared = inputs("DOCKER|r/a:1", &[("PORT", "80")]);
    declared["properties"]["publicNetworkAccess"] = json!("Enabled");
    let dictionary = ok(json!({"properties": {"PORT": "80", "THEIRS": "hunter2"}}));
    let azure = FakeArm::start([
        ok(shown()),
        ok(shown()),
        web_config("DOCKER|r/a:1"),
        dictionary,
    ])
    .await;
    let provider = azure.provider(Path::new(".")).await;
    let created = provider
        .create(
            &desired(TYPE, &site(), declared.clone()),
            &Journal::default(),
        )
        .await
        .unwrap();
    // Public access is said twice, because Azure wants it so.
    declared["properties"]["siteConfig"]["publicNetworkAccess"] = json!("Enabled");
    azure.assert_asked(&[
        line("PUT", &site(), declared),
        get(&site()),
        get(&web()),
        list(),
    ]);
    let config = |path: &str| {
        created
            .outputs
            .at(&format!("properties.siteConfig.{path}"))
            .cloned()
    };
    assert_eq!(config("linuxFxVersion"), Some(Value::from("DOCKER|r/a:1")));
    assert_eq!(
        config("appSettings"),
        Some(Value::from(json!([{"name": "PORT", "value": "80"}])))
    );
    assert_eq!(config("machineKey"), None);
    assert!(
        !created
            .outputs
            .to_json(lazuli_core::value::Reveal::Yes)
            .to_string()
            .contains("hunter2")
    );
}

#[tokio::test]
async fn what_is_as_declared_is_not_written() {
    let same = inputs("DOCKER|r/a:1", &[("PORT", "80")]);
    let dictionary = || ok(json!({"properties": {"PORT": "80", "THEIRS": "1"}}));
    let answers = vec![
        ok(shown()),
        web_config("DOCKER|r/a:1"),
        dictionary(),
        ok(shown()),
        web_config("DOCKER|r/a:1"),
        dictionary(),
    ];
    let expected = [
        get(&site()),
        get(&web()),
        list(),
        get(&site()),
        get(&web()),
        list(),
    ];
    update(same.clone(), same, answers, &expected).await;
}

#[tokio::test]
async fn a_new_image_is_a_patch_of_the_configuration() {
    let (before, after) = (inputs("DOCKER|r/a:1", &[]), inputs("DOCKER|r/a:2", &[]));
    let dictionary = ok(json!({"properties": {"THEIRS": "1"}}));
    let answers = vec![
        ok(shown()),
        web_config("DOCKER|r/a:1"),
        web_config("DOCKER|r/a:2"),
        dictionary,
        ok(shown()),
        web_config("DOCKER|r/a:2"),
    ];
    let patch = json!({"properties": {"linuxFxVersion": "DOCKER|r/a:2"}});
    let expected = [
        get(&site()),
        get(&web()),
        line("PATCH", &web(), patch),
        list(),
        get(&site()),
        get(&web()),
    ];
    let outputs = update(before, after, answers, &expected).await;
    assert_eq!(
        outputs.at("properties.siteConfig.linuxFxVersion"),
        Some(&Value::from("DOCKER|r/a:2"))
    );
}

#[tokio::test]
async fn settings_of_others_survive_and_our_retired_ones_do_not() {
    let before = inputs("x", &[("KEPT", "1"), ("RETIRED", "1")]);
    let after = inputs("x", &[("KEPT", "2"), ("ADDED", "1")]);
    let old = ok(json!({"properties": {"THEIRS": "1", "KEPT": "1", "RETIRED": "1"}}));
    let new = || ok(json!({"properties": {"THEIRS": "1", "KEPT": "2", "ADDED": "1"}}));
    let answers = vec![
        ok(shown()),
        web_config("x"),
        old,
        new(),
        ok(shown()),
        web_config("x"),
        new(),
    ];
    let written = json!({"properties": {"THEIRS": "1", "KEPT": "2", "ADDED": "1"}});
    let expected = [
        get(&site()),
        get(&web()),
        list(),
        line("PUT", &settings(), written),
        get(&site()),
        get(&web()),
        list(),
    ];
    let outputs = update(before, after, answers, &expected).await;
    let list = json!([{"name": "ADDED", "value": "1"}, {"name": "KEPT", "value": "2"}]);
    assert_eq!(
        outputs.at("properties.siteConfig.appSettings"),
        Some(&Value::from(list))
    );
}

#[tokio::test]
async fn a_change_of_the_site_carries_over_what_others_have_set() {
    let before = json!({"location": "westus", "properties": {"serverFarmId": "/plan"}});
    let after =
        json!({"location": "westus", "properties": {"serverFarmId": "/PLAN", "httpsOnly": true}});
    let written = json!({"location": "westus", "kind": "app,linux,container", "tags": {"policy": "on"},
        "identity": {"type": "SystemAssigned"}, "properties": {"httpsOnly": true, "serverFarmId": "/PLAN"}});
    let answers = vec![
        ok(shown()),
        ok(shown()),
        ok(shown()),
        ok(shown()),
        web_config("x"),
    ];
    let expected = [
        get(&site()),
        line("PUT", &site(), written),
        get(&site()),
        get(&site()),
        get(&web()),
    ];
    update(before, after, answers, &expected).await;
}

#[tokio::test]
async fn what_is_refused_after_a_first_write_leaves_the_outcome_open() {
    let before = inputs("x", &[]);
    let mut after = inputs("y", &[]);
    let refused = || refusal(400, "BadConfig", "no");
    let provider_error = async |after: Json, answers: Vec<Answer>| {
        let azure = FakeArm::start(answers).await;
        let known = existing(TYPE, &site(), before.clone(), json!({}));
        let wanted = desired(TYPE, &site(), after);
        let provider = azure.provider(Path::new(".")).await;
        provider
            .update(&known, &wanted, &Journal::default())
            .await
            .unwrap_err()
    };
    let error = provider_error(after.clone(), vec![ok(shown()), web_config("x"), refused()]).await;
    assert_eq!(error.kind, ProviderErrorKind::Refused);
    after["properties"]["httpsOnly"] = json!(true);
    let answers = vec![
        ok(shown()),
        ok(shown()),
        ok(shown()),
        web_config("x"),
        refused(),
    ];
    let error = provider_error(after, answers).await;
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ProviderErrorKind::Unknown, Some("BadConfig"))
    );
}

#[tokio::test]
async fn secret_settings_stay_secret_and_so_do_those_that_somebody_changed() {
    let dictionary = ok(json!({"properties": {"KEY": "hunter2", "OPEN": "somebody's"}}));
    let azure = FakeArm::start([ok(shown()), web_config("x"), dictionary]).await;
    let mut known = existing(TYPE, &site(), json!({}), json!({}));
    let entry = |name: &str, value: Value| {
        Value::Map(
            [
                ("name".to_owned(), Value::from(name)),
                ("value".to_owned(), value),
            ]
            .into(),
        )
    };
    let list = Value::List(vec![
        entry("KEY", Value::from("hunter2").into_secret()),
        entry("OPEN", Value::from("1")),
    ]);
    let wrap = |key: &str, value: Value| Value::Map([(key.to_owned(), value)].into());
    known.inputs = wrap("properties", wrap("siteConfig", wrap("appSettings", list)));
    let read = azure
        .provider(Path::new("."))
        .await
        .read(&known)
        .await
        .unwrap()
        .unwrap();
    let shown = format!("{:?}", read.outputs);
    assert!(
        !shown.contains("hunter2") && !shown.contains("somebody"),
        "{shown}"
    );
    let key = read
        .outputs
        .at("properties.siteConfig.appSettings.0.value")
        .and_then(Value::as_str);
    assert_eq!(key, Some("hunter2"));
}

#[tokio::test]
async fn a_site_leaves_its_network_and_spares_its_plan() {
    let azure = FakeArm::start([ok(Json::Null), ok(Json::Null), ok(Json::Null)]).await;
    let provider = azure.provider(Path::new(".")).await;
    let connected = json!({"properties": {"virtualNetworkSubnetId": "/subnet"}});
    for outputs in [
        connected,
        json!({"properties": {"virtualNetworkSubnetId": null}}),
    ] {
        provider
            .delete(
                &existing(TYPE, &site(), json!({}), outputs),
                &Journal::default(),
            )
            .await
            .unwrap();
    }
    let delete = line(
        "DELETE",
        &format!("{}?deleteEmptyServerFarm=false", site()),
        Json::Null,
    );
    let leave = line(
        "DELETE",
        &format!("{}/networkConfig/virtualNetwork", site()),
        Json::Null,
    );
    azure.assert_asked(&[leave, delete.clone(), delete]);
}
