//! Deployments of templates over the wire.
#![cfg(feature = "az")]

mod support;

use serde_json::{Value, json};
use support::{Azure, code};

const VERSION: &str = "2022-09-01";
const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

fn template(parts: Value) -> Value {
    let mut template = json!({ "$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [] });
    for (name, value) in parts.as_object().into_iter().flatten() {
        template[name] = value.clone();
    }
    template
}

fn request(template: Value, parameters: Value, mode: &str) -> Value {
    json!({ "properties": { "mode": mode, "template": template, "parameters": parameters } })
}

fn account(name: &str) -> Value {
    json!({ "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": name, "location": "[resourceGroup().location]",
        "kind": "StorageV2", "sku": { "name": "Standard_LRS" } })
}

fn network() -> Value {
    json!({ "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "net", "location": "[resourceGroup().location]",
        "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] }, "copy": [
            { "name": "subnets", "count": 2, "input": { "name": "[format('sub{0}', copyIndex('subnets'))]",
                "properties": { "addressPrefix": "[concat('10.0.', copyIndex('subnets'), '.0/24')]" } } }] } })
}

struct Deployment {
    azure: Azure,
    group: String,
    id: String,
}

impl Deployment {
    async fn start() -> Deployment {
        let azure = Azure::start().await;
        let group = azure.group("templates").await;
        let id = format!("{group}/providers/Microsoft.Resources/deployments/main");
        Deployment { azure, group, id }
    }

    /// Deploys, waits, and answers the deployment's properties.
    async fn deploy(&self, body: Value) -> Value {
        let started = self.azure.send("PUT", &self.id, VERSION, Some(body)).await;
        assert!([200, 201].contains(&started.status), "{}", started.body);
        assert_eq!(started.body["properties"]["provisioningState"], "Accepted");
        let end = self.azure.finish(&started).await;
        let read = self.azure.read(&self.id, VERSION).await;
        assert_eq!(end["status"], read["properties"]["provisioningState"]);
        read["properties"].clone()
    }

    async fn refused(&self, body: Value) -> String {
        let answer = self
            .azure
            .send(
                "POST",
                &format!("{}/validate", self.id),
                VERSION,
                Some(body),
            )
            .await;
        assert_eq!(
            (answer.status, code(&answer.body).as_str()),
            (400, "InvalidTemplate"),
            "{}",
            answer.body
        );
        answer.body["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

#[tokio::test]
async fn resources_are_made_in_order_and_outputs_speak_of_them() {
    let it = Deployment::start().await;
    let lock = json!({ "type": "Microsoft.Authorization/locks", "apiVersion": "2016-09-01", "name": "keep",
        "scope": "[resourceId('Microsoft.Storage/storageAccounts', variables('name'))]", "dependsOn": ["[variables('name')]"],
        "properties": { "level": "[if(equals(length(reference(variables('name')).primaryEndpoints.blob), 0), 'ReadOnly', 'CanNotDelete')]" } });
    let body = request(
        template(json!({
            "parameters": { "secret": { "type": "securestring" }, "prefix": { "type": "string", "defaultValue": "store", "minLength": 3 } },
            "variables": { "name": "[concat(parameters('prefix'), uniqueString(resourceGroup().id))]" },
            "resources": [lock, account("[variables('name')]"), network()],
            "outputs": {
                "Blob": { "type": "string", "value": "[reference(variables('name')).primaryEndpoints.blob]" },
                "Subnets": { "type": "int", "value": "[length(reference('net').subnets)]" },
                "Hidden": { "type": "securestring", "value": "[parameters('secret')]" },
            },
        })),
        json!({ "secret": { "value": "do-not-show" } }),
        "Incremental",
    );
    let done = it.deploy(body).await;
    assert_eq!(done["provisioningState"], "Succeeded", "{done}");
    assert_eq!(
        done["outputs"]["subnets"],
        json!({ "type": "Int", "value": 2 })
    );
    assert_eq!(done["outputs"]["hidden"], json!({ "type": "SecureString" }));
    let blob = done["outputs"]["blob"]["value"]
        .as_str()
        .unwrap_or_default();
    assert!(
        blob.starts_with("https://store") && blob.ends_with(".blob.core.windows.net/"),
        "{blob}"
    );
    assert_eq!(done["outputResources"].as_array().map(Vec::len), Some(3));
    assert_eq!(done["providers"][0]["namespace"], "Microsoft.Authorization");
    assert!(!done.to_string().contains("do-not-show"));
    let operations = it
        .azure
        .read(&format!("{}/operations", it.id), VERSION)
        .await;
    let made: Vec<&str> = operations["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["properties"]["targetResource"]["resourceType"].as_str())
        .collect();
    assert_eq!(
        made,
        [
            "Microsoft.Storage/storageAccounts",
            "Microsoft.Authorization/locks",
            "Microsoft.Network/virtualNetworks"
        ]
    );
    let short = format!("{}/deployments/main/operations", it.group);
    assert_eq!(it.azure.read(&short, VERSION).await, operations);
    let one = operations["value"][0]["id"].as_str().expect("an id");
    assert_eq!(
        it.azure.read(one, VERSION).await["properties"]["provisioningState"],
        "Succeeded"
    );
}

#[tokio::test]
async fn a_refused_resource_fails_the_deployment_and_what_waits_for_it() {
    let it = Deployment::start().await;
    let mut waiting = account("storeb");
    waiting["dependsOn"] = json!(["BAD_NAME"]);
    let done = it
        .deploy(request(
            template(json!({ "resources": [account("BAD_NAME"), waiting, account("storec")] })),
            json!({}),
            "Incremental",
        ))
        .await;
    assert_eq!(done["provisioningState"], "Failed");
    assert_eq!(done["error"]["code"], "DeploymentFailed");
    assert_eq!(done["error"]["details"][0]["code"], "AccountNameInvalid");
    let path = |name: &str| {
        format!(
            "{}/providers/Microsoft.Storage/storageAccounts/{name}",
            it.group
        )
    };
    assert_eq!(it.azure.get(&path("storeb"), VERSION).await.status, 404);
    assert_eq!(it.azure.get(&path("storec"), VERSION).await.status, 200);
    let unknown =
        json!({ "type": "Microsoft.Odd/things", "apiVersion": "2020-01-01", "name": "x" });
    let done = it
        .deploy(request(
            template(json!({ "resources": [unknown] })),
            json!({}),
            "Incremental",
        ))
        .await;
    assert_eq!(done["error"]["details"][0]["code"], "NotModelledByEmulator");
}

#[tokio::test]
async fn what_if_says_what_a_deployment_would_change() {
    let it = Deployment::start().await;
    let two = template(json!({ "resources": [account("storea"), account("storeb")] }));
    it.deploy(request(two, json!({}), "Incremental")).await;
    let mut changed = account("storea");
    changed["sku"]["name"] = json!("Standard_GRS");
    let next = template(json!({ "resources": [changed, account("storec")] }));
    for (mode, rest) in [("Incremental", "Ignore"), ("Complete", "Delete")] {
        let started = it
            .azure
            .send(
                "POST",
                &format!("{}/whatIf", it.id),
                VERSION,
                Some(request(next.clone(), json!({}), mode)),
            )
            .await;
        assert_eq!(started.status, 202);
        let answer = it.azure.finish(&started).await;
        let found: Vec<(&str, &str)> = answer["properties"]["changes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                (
                    one["resourceId"]
                        .as_str()
                        .unwrap_or_default()
                        .rsplit('/')
                        .next()
                        .unwrap_or_default(),
                    one["changeType"].as_str().unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [("storea", "Modify"), ("storeb", rest), ("storec", "Create")]
        );
        let delta = json!([{ "path": "sku.name", "propertyChangeType": "Modify", "before": "Standard_LRS", "after": "Standard_GRS" }]);
        assert_eq!(answer["properties"]["changes"][0]["delta"], delta);
    }
    it.deploy(request(next, json!({}), "Complete")).await;
    let left = it
        .azure
        .read(&format!("{}/resources", it.group), "2021-04-01")
        .await;
    let names: Vec<&str> = left["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["storea", "storec"]);
}

#[tokio::test]
async fn templates_with_mistakes_are_refused_before_anything_is_made() {
    let it = Deployment::start().await;
    let check = async |parts: Value, given: Value, word: &str| {
        let message = it
            .refused(request(template(parts), given, "Incremental"))
            .await;
        assert!(message.contains(word), "{message}");
    };
    check(
        json!({ "parameters": { "p": { "type": "string" } } }),
        json!({}),
        "'p'",
    )
    .await;
    check(
        json!({ "resources": [{ "type": "A.B/c", "apiVersion": "1", "name": "[shout('a')]" }] }),
        json!({}),
        "'shout' is not valid",
    )
    .await;
    check(json!({ "resources": [{ "type": "A.B/c", "apiVersion": "1", "name": "[reference('a')]" }] }), json!({}), "'reference' is not expected").await;
    check(json!({ "variables": {}, "resources": [{ "type": "A.B/c", "apiVersion": "1", "name": "[variables('v')]" }] }), json!({}), "'v' is not found").await;
    check(
        json!({ "resources": Value::Null }),
        json!({}),
        "Required property 'resources'",
    )
    .await;
    let text = "{\"properties\": {\"mode\": \"Incremental\", template:{\n  \"$schema\": \"s\", \"contentVersion\": \"1\", // note\n  \"resources\": [],\n  \"parameters\": {\n    \"p\": { \"type\": \"string\" } } }}}";
    let answer = it
        .azure
        .send_text("POST", &format!("{}/validate", it.id), VERSION, text)
        .await;
    let info = &answer.body["error"]["additionalInfo"][0]["info"];
    assert_eq!(
        info,
        &json!({ "lineNumber": 5, "linePosition": 10, "path": "properties.template.parameters.p" }),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_subscription_takes_groups_and_deployments_into_them() {
    let it = Deployment::start().await;
    let inner = template(json!({
        "parameters": { "name": { "type": "string" } },
        "resources": [account("[parameters('name')]")],
        "outputs": { "place": { "type": "string", "value": "[resourceGroup().name]" } },
    }));
    let nested = json!({ "type": "Microsoft.Resources/deployments", "apiVersion": VERSION, "name": "inside", "resourceGroup": "made", "dependsOn": ["made"],
        "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" }, "template": inner,
            "parameters": { "name": { "value": "[parameters('account')]" } } } });
    let group = json!({ "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2021-04-01", "name": "made", "location": "[deployment().location]" });
    let mut body = request(
        template(json!({
            "parameters": { "account": { "type": "string" } }, "resources": [nested, group],
            "outputs": { "place": { "type": "string", "value": "[reference('inside').outputs.place.value]" } },
        })),
        json!({ "account": { "value": "storenested" } }),
        "Incremental",
    );
    let subscription = format!("/subscriptions/{}", it.azure.emulator.subscription());
    let id = format!("{subscription}/providers/Microsoft.Resources/deployments/top");
    let homeless = it.azure.send("PUT", &id, VERSION, Some(body.clone())).await;
    assert_eq!(code(&homeless.body), "LocationRequired");
    body["location"] = json!("westus");
    let started = it.azure.send("PUT", &id, VERSION, Some(body)).await;
    assert_eq!(started.status, 201, "{}", started.body);
    it.azure.finish(&started).await;
    let done = it.azure.read(&id, VERSION).await;
    assert_eq!(
        done["properties"]["outputs"]["place"]["value"], "made",
        "{done}"
    );
    let made = format!(
        "{subscription}/resourceGroups/made/providers/Microsoft.Storage/storageAccounts/storenested"
    );
    assert_eq!(it.azure.read(&made, VERSION).await["location"], "westus");
    let list = it
        .azure
        .read(
            &format!("{subscription}/providers/Microsoft.Resources/deployments/"),
            VERSION,
        )
        .await;
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_deployment_can_be_cancelled_and_its_record_deleted() {
    let it = Deployment::start().await;
    let body = request(
        template(json!({ "resources": [account("storea")] })),
        json!({}),
        "Incremental",
    );
    it.azure
        .send("PUT", &it.id, VERSION, Some(body.clone()))
        .await;
    let again = it.azure.send("PUT", &it.id, VERSION, Some(body)).await;
    assert_eq!(
        (again.status, code(&again.body).as_str()),
        (409, "DeploymentActive")
    );
    let cancel = format!("{}/cancel", it.id);
    assert_eq!(
        it.azure.send("POST", &cancel, VERSION, None).await.status,
        204
    );
    for _ in 0..3 {
        let read = it.azure.read(&it.id, VERSION).await;
        assert_eq!(read["properties"]["provisioningState"], "Canceled");
    }
    let account = format!(
        "{}/providers/Microsoft.Storage/storageAccounts/storea",
        it.group
    );
    assert_eq!(it.azure.get(&account, VERSION).await.status, 404);
    let late = it.azure.send("POST", &cancel, VERSION, None).await;
    assert_eq!(late.status, 409);
    let template = it
        .azure
        .send("POST", &format!("{}/exportTemplate", it.id), VERSION, None)
        .await;
    assert_eq!(template.body["template"]["contentVersion"], "1.0.0.0");
    it.azure.delete(&it.id, VERSION).await;
    assert_eq!(it.azure.get(&it.id, VERSION).await.status, 404);
}
