//! The control plane over the wire: a started emulator, a real TLS client, no shortcut in between.

mod support;

use serde_json::{Value, json};
use support::{Azure, code};

const NETWORK: &str = "2024-05-01";
const DNS: &str = "2024-06-01";
const REGISTRY: &str = "2025-11-01";
const WEB: &str = "2024-11-01";

fn vnet() -> Value {
    json!({ "location": "westcentralus", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } })
}

fn delegated(prefix: &str) -> Value {
    let delegation =
        json!([{ "name": "0", "properties": { "serviceName": "Microsoft.Web/serverFarms" } }]);
    json!({ "properties": { "addressPrefix": prefix, "delegations": delegation } })
}

fn plain(prefix: &str) -> Value {
    json!({ "properties": { "addressPrefix": prefix } })
}

/// The topology that the whole product is about, without images.
struct Topology {
    azure: Azure,
    network: String,
    integration: String,
    endpoints: String,
    registry: String,
    zone: String,
    plan: String,
    site: String,
}

impl Topology {
    async fn deploy() -> Topology {
        let azure = Azure::start().await;
        let group = azure.group("secureacrsetup").await;
        let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/secureacr-vnet");
        let integration = format!("{network}/subnets/vnet-integration-subnet");
        let endpoints = format!("{network}/subnets/private-endpoint-subnet");
        let zone =
            format!("{group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io");
        let registry =
            format!("{group}/providers/Microsoft.ContainerRegistry/registries/secureacr2021");
        let plan = format!("{group}/providers/Microsoft.Web/serverfarms/secureacrplan");
        let site = format!("{group}/providers/Microsoft.Web/sites/secureacrweb2021");
        azure.make(&network, NETWORK, vnet()).await;
        azure
            .make(&integration, NETWORK, delegated("10.0.0.0/24"))
            .await;
        azure.make(&endpoints, NETWORK, plain("10.0.1.0/24")).await;
        azure
            .make(&zone, DNS, json!({ "location": "global" }))
            .await;
        let link = json!({ "location": "global", "properties": { "registrationEnabled": false, "virtualNetwork": { "id": network } } });
        azure
            .make(
                &format!("{zone}/virtualNetworkLinks/acr-zonelink"),
                DNS,
                link,
            )
            .await;
        azure.make(&registry, REGISTRY, json!({ "location": "westcentralus", "sku": { "name": "Premium" }, "properties": {} })).await;
        let plan_body = json!({ "location": "westcentralus", "sku": { "name": "P1V3" }, "properties": { "reserved": true } });
        azure.make(&plan, WEB, plan_body).await;
        let site_body = json!({ "location": "westcentralus", "identity": { "type": "SystemAssigned" }, "properties": {
            "serverFarmId": plan, "virtualNetworkSubnetId": integration, "httpsOnly": true,
            "siteConfig": { "linuxFxVersion": "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1", "acrUseManagedIdentityCreds": true,
                "appSettings": [{ "name": "WEBSITE_PULL_IMAGE_OVER_VNET", "value": "true" }] },
        } });
        azure.make(&site, WEB, site_body).await;
        Topology {
            azure,
            network,
            integration,
            endpoints,
            registry,
            zone,
            plan,
            site,
        }
    }

    fn group(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/secureacrsetup",
            self.azure.emulator.subscription()
        )
    }

    fn endpoint(&self) -> String {
        format!(
            "{}/providers/Microsoft.Network/privateEndpoints/secureacr-pe",
            self.group()
        )
    }

    fn endpoint_body(&self, subnet: &str) -> Value {
        json!({ "location": "westcentralus", "properties": { "subnet": { "id": subnet }, "privateLinkServiceConnections": [
            { "name": "secureacr-pc", "properties": { "privateLinkServiceId": self.registry, "groupIds": ["registry"] } },
        ] } })
    }

    async fn connect(&self) {
        self.azure
            .make(
                &self.endpoint(),
                NETWORK,
                self.endpoint_body(&self.endpoints),
            )
            .await;
        let config = json!({ "name": "privatelink.azurecr.io", "properties": { "privateDnsZoneId": self.zone } });
        let body = json!({ "properties": { "privateDnsZoneConfigs": [config] } });
        self.azure
            .make(
                &format!("{}/privateDnsZoneGroups/secureacr-zg", self.endpoint()),
                NETWORK,
                body,
            )
            .await;
    }
}

#[tokio::test]
async fn an_endpoint_gets_two_addresses_and_its_zone_group_two_records() {
    let topology = Topology::deploy().await;
    let azure = &topology.azure;
    azure
        .make(
            &topology.endpoint(),
            NETWORK,
            topology.endpoint_body(&topology.endpoints),
        )
        .await;
    let endpoint = azure.read(&topology.endpoint(), NETWORK).await;
    let names = endpoint["properties"]["customDnsConfigs"].clone();
    assert_eq!(
        names,
        json!([
            { "fqdn": "secureacr2021.westcentralus.data.azurecr.io", "ipAddresses": ["10.0.1.4"] },
            { "fqdn": "secureacr2021.azurecr.io", "ipAddresses": ["10.0.1.5"] },
        ])
    );
    let registry = azure.read(&topology.registry, REGISTRY).await;
    let connection = &registry["properties"]["privateEndpointConnections"][0]["properties"];
    assert_eq!(
        connection["privateLinkServiceConnectionState"]["status"],
        "Approved"
    );

    topology.connect().await;
    let record = azure
        .read(&format!("{}/A/secureacr2021", topology.zone), DNS)
        .await;
    assert_eq!(
        record["properties"]["aRecords"],
        json!([{ "ipv4Address": "10.0.1.5" }])
    );
    assert_eq!(
        azure.read(&topology.endpoint(), NETWORK).await["properties"]["customDnsConfigs"],
        json!([])
    );

    azure
        .delete(
            &format!("{}/privateDnsZoneGroups/secureacr-zg", topology.endpoint()),
            NETWORK,
        )
        .await;
    assert_eq!(
        azure
            .get(&format!("{}/A/secureacr2021", topology.zone), DNS)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_is_in_use_cannot_be_deleted() {
    let topology = Topology::deploy().await;
    topology.connect().await;
    let azure = &topology.azure;
    for (id, version, status, expect) in [
        (
            &topology.integration,
            NETWORK,
            400,
            "InUseSubnetCannotBeDeleted",
        ),
        (
            &topology.endpoints,
            NETWORK,
            400,
            "InUseSubnetCannotBeDeleted",
        ),
        (
            &topology.network,
            NETWORK,
            400,
            "InUseSubnetCannotBeDeleted",
        ),
        (&topology.zone, DNS, 409, "CannotDeleteResource"),
        (&topology.plan, WEB, 409, "Conflict"),
    ] {
        let answer = azure.send("DELETE", id, version, None).await;
        assert_eq!(
            (answer.status, code(&answer.body)),
            (status, expect.to_owned()),
            "{id}"
        );
    }
    let swift = format!("{}/networkConfig/virtualNetwork", topology.site);
    assert_eq!(azure.send("DELETE", &swift, WEB, None).await.status, 200);
    azure.delete(&topology.integration, NETWORK).await;
    assert_eq!(azure.get(&topology.integration, NETWORK).await.status, 404);
}

#[tokio::test]
async fn wrong_topologies_are_refused_with_azures_codes() {
    let topology = Topology::deploy().await;
    let azure = &topology.azure;
    let group = topology.group();
    let subnet = |name: &str| format!("{}/subnets/{name}", topology.network);
    let basic = format!("{group}/providers/Microsoft.ContainerRegistry/registries/basicacr");
    azure
        .make(
            &basic,
            REGISTRY,
            json!({ "location": "westcentralus", "sku": { "name": "Basic" } }),
        )
        .await;
    let mut to_basic = topology.endpoint_body(&topology.endpoints);
    to_basic["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceId"] =
        json!(basic);
    let site = |subnet: &str| json!({ "location": "westcentralus", "properties": { "serverFarmId": topology.plan, "virtualNetworkSubnetId": subnet } });
    let sites = format!("{group}/providers/Microsoft.Web/sites");
    let cases = [
        (
            subnet("overlap"),
            NETWORK,
            plain("10.0.1.128/25"),
            400,
            "NetcfgSubnetRangesOverlap",
        ),
        (
            subnet("outside"),
            NETWORK,
            plain("10.9.0.0/24"),
            400,
            "NetcfgInvalidSubnet",
        ),
        (
            topology.integration.clone(),
            NETWORK,
            plain("10.0.0.0/24"),
            400,
            "SubnetMissingRequiredDelegation",
        ),
        (
            topology.endpoint(),
            NETWORK,
            topology.endpoint_body(&topology.integration),
            400,
            "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated",
        ),
        (
            topology.endpoint(),
            NETWORK,
            topology.endpoint_body(&subnet("none")),
            400,
            "InvalidResourceReference",
        ),
        (
            topology.endpoint(),
            NETWORK,
            to_basic,
            400,
            "PrivateEndpointConnectionNotSupportedForSku",
        ),
        (
            format!("{sites}/undelegated"),
            WEB,
            site(&topology.endpoints),
            400,
            "BadRequest",
        ),
        (
            format!("{sites}/nowhere"),
            WEB,
            site(&subnet("none")),
            404,
            "NotFound",
        ),
        (
            format!("{group}/providers/Microsoft.ContainerRegistry/registries/a-b"),
            REGISTRY,
            json!({ "location": "westus", "sku": { "name": "Basic" } }),
            400,
            "InvalidResourceName",
        ),
        (
            format!("{basic}x"),
            REGISTRY,
            json!({ "location": "atlantis", "sku": { "name": "Basic" } }),
            400,
            "LocationNotAvailableForResourceType",
        ),
        (
            format!(
                "{}/subnets/a",
                topology.network.replace("secureacr-vnet", "gone")
            ),
            NETWORK,
            plain("10.0.7.0/24"),
            404,
            "ParentResourceNotFound",
        ),
        (
            topology.network.replace("secureacrsetup", "gone"),
            NETWORK,
            vnet(),
            404,
            "ResourceGroupNotFound",
        ),
        (
            format!("{group}/providers/Microsoft.Compute/virtualMachines/vm"),
            WEB,
            json!({}),
            501,
            "NotModelledByEmulator",
        ),
    ];
    for (id, version, body, status, expect) in cases {
        let answer = azure.send("PUT", &id, version, Some(body)).await;
        assert_eq!(
            (answer.status, code(&answer.body)),
            (status, expect.to_owned()),
            "{id}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_second_write_on_a_busy_network_fails_later() {
    let azure = Azure::start().await;
    let group = azure.group("g").await;
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/v");
    azure.make(&network, NETWORK, vnet()).await;
    let (a, b) = (
        format!("{network}/subnets/a"),
        format!("{network}/subnets/b"),
    );
    let first = azure
        .send("PUT", &a, NETWORK, Some(plain("10.0.0.0/24")))
        .await;
    let second = azure
        .send("PUT", &b, NETWORK, Some(plain("10.0.1.0/24")))
        .await;
    assert_eq!((first.status, second.status), (201, 201));
    let failed = azure.finish(&second).await;
    assert_eq!(
        (failed["status"].as_str(), code(&failed)),
        (Some("Failed"), "AnotherOperationInProgress".to_owned())
    );
    assert_eq!(azure.finish(&first).await["status"], "Succeeded");
    assert_eq!(
        azure.get(&b, NETWORK).await.status,
        404,
        "the refused subnet was never made"
    );
    azure.make(&b, NETWORK, plain("10.0.1.0/24")).await;
}

#[tokio::test]
async fn every_provider_speaks_its_own_dialect() {
    let topology = Topology::deploy().await;
    let azure = &topology.azure;
    let network = azure
        .send(
            "PUT",
            &topology.network,
            NETWORK,
            Some(json!({ "location": "westcentralus", "tags": { "a": "b" },
        "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16", "10.9.0.0/16"] } } })),
        )
        .await;
    assert_eq!(network.status, 200);
    assert!(
        network.header("azure-asyncoperation").is_some() && network.header("location").is_none()
    );
    assert_eq!(network.body["properties"]["provisioningState"], "Updating");
    assert_eq!(
        network.body["properties"]["subnets"]
            .as_array()
            .map(Vec::len),
        Some(2),
        "a PUT without subnets keeps them"
    );
    azure.finish(&network).await;

    let zone = azure
        .send(
            "PUT",
            &format!("{}x", topology.zone),
            DNS,
            Some(json!({ "location": "global" })),
        )
        .await;
    assert_eq!((zone.status, &zone.body), (202, &json!({})));
    assert!(zone.header("azure-asyncoperation").is_some() && zone.header("location").is_some());
    assert_eq!(
        azure.get(&format!("{}x", topology.zone), DNS).await.status,
        404,
        "invisible until it is done"
    );
    let running = azure
        .follow(zone.header("azure-asyncoperation").unwrap_or_default())
        .await;
    assert!(running.status == 202 || running.body["status"] == "Succeeded");

    let registry = azure
        .send(
            "PATCH",
            &topology.registry,
            REGISTRY,
            Some(json!({ "properties": { "publicNetworkAccess": "Disabled" } })),
        )
        .await;
    assert_eq!(
        (registry.status, registry.header("azure-asyncoperation")),
        (200, None)
    );
    assert_eq!(
        registry.body["properties"]["publicNetworkAccess"],
        "Disabled"
    );

    let gone = azure
        .send("DELETE", &topology.group(), "2024-11-01", None)
        .await;
    assert_eq!(
        (gone.status, gone.header("azure-asyncoperation")),
        (202, None)
    );
    azure.finish(&gone).await;
    assert!(
        azure.emulator.is_empty(),
        "{:?}",
        azure.emulator.resources()
    );
}

#[tokio::test]
async fn a_site_and_its_config_are_two_views_of_one_thing() {
    let topology = Topology::deploy().await;
    let azure = &topology.azure;
    let site = azure.read(&topology.site, WEB).await;
    assert_eq!(site["kind"], "app,linux,container");
    assert_eq!(
        site["properties"]["siteConfig"]["linuxFxVersion"],
        "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1"
    );
    assert_eq!(site["properties"]["siteConfig"]["appSettings"], Value::Null);
    let config = format!("{}/config/web", topology.site);
    let odd = config.replace(
        "/sites/secureacrweb2021/config/web",
        "//sites/secureacrweb2021%2Fconfig%2Fweb",
    );
    let change =
        json!({ "properties": { "linuxFxVersion": "DOCKER|nginx", "minTlsVersion": null } });
    assert_eq!(azure.send("PUT", &odd, WEB, Some(change)).await.status, 200);
    assert_eq!(
        azure.read(&topology.site, WEB).await["properties"]["siteConfig"]["linuxFxVersion"],
        "DOCKER|nginx"
    );
    assert_eq!(
        azure.read(&config, WEB).await["properties"]["minTlsVersion"],
        "1.2",
        "null is not a value"
    );

    let settings = format!("{}/config/appsettings", topology.site);
    let listed = azure
        .send("POST", &format!("{settings}/list"), WEB, None)
        .await;
    assert_eq!(
        listed.body["properties"],
        json!({ "WEBSITE_PULL_IMAGE_OVER_VNET": "true" })
    );
    azure
        .send(
            "PUT",
            &settings,
            WEB,
            Some(json!({ "properties": { "A": "1" } })),
        )
        .await;
    let listed = azure
        .send("POST", &format!("{settings}/list"), WEB, None)
        .await;
    assert_eq!(
        listed.body["properties"],
        json!({ "A": "1" }),
        "a PUT replaces all settings"
    );
    assert_ne!(
        azure.get(&settings, WEB).await.status,
        200,
        "settings are never read with GET"
    );

    let principal = site["identity"]["principalId"].clone();
    let echoed = azure.send("PUT", &topology.site, WEB, Some(site)).await;
    assert_eq!(
        echoed.body["identity"]["principalId"], principal,
        "an echo of GET changes nothing"
    );
    assert_eq!(
        echoed.body["properties"]["siteConfig"]["linuxFxVersion"], "",
        "PUT does not return the whole configuration"
    );
}

#[tokio::test]
async fn the_last_site_takes_its_plan_along_unless_told_not_to() {
    for (query, left) in [("", 404), ("&deleteEmptyServerFarm=false", 200)] {
        let topology = Topology::deploy().await;
        let version = format!("{WEB}{query}");
        assert_eq!(
            topology
                .azure
                .send("DELETE", &topology.site, &version, None)
                .await
                .status,
            200
        );
        assert_eq!(
            topology.azure.get(&topology.plan, WEB).await.status,
            left,
            "{query}"
        );
    }
}

#[tokio::test]
async fn roles_are_assigned_once_and_to_somebody_known() {
    let topology = Topology::deploy().await;
    let azure = &topology.azure;
    let filter = "2022-05-01-preview&$filter=roleName eq 'AcrPull'";
    let found = azure
        .get(
            &format!(
                "{}/providers/Microsoft.Authorization/roleDefinitions",
                topology.registry
            ),
            filter,
        )
        .await;
    assert_eq!(found.body["value"].as_array().map(Vec::len), Some(1));
    let role = found.body["value"][0]["id"].clone();
    let principal = azure.read(&topology.site, WEB).await["identity"]["principalId"].clone();
    let assignment = |last: u32| {
        format!(
            "{}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-{last:012}",
            topology.registry
        )
    };
    let body = |principal: &Value| json!({ "properties": { "roleDefinitionId": role, "principalId": principal } });
    let stranger = json!("99999999-9999-9999-9999-999999999999");
    for (name, who, status, expect) in [
        (1, &stranger, 400, "PrincipalNotFound"),
        (1, &principal, 201, ""),
        (1, &principal, 201, ""),
        (2, &principal, 409, "RoleAssignmentExists"),
    ] {
        let answer = azure
            .send("PUT", &assignment(name), "2022-04-01", Some(body(who)))
            .await;
        assert_eq!(
            (answer.status, code(&answer.body)),
            (status, expect.to_owned())
        );
    }
    let mut late = body(&stranger);
    late["properties"]["principalType"] = json!("ServicePrincipal");
    let answer = azure
        .send("PUT", &assignment(1), "2022-04-01", Some(late))
        .await;
    assert_eq!(code(&answer.body), "RoleAssignmentUpdateNotPermitted");
    let deleted = azure
        .send("DELETE", &assignment(1), "2022-04-01", None)
        .await;
    assert_eq!(
        (deleted.status, &deleted.body["properties"]["principalId"]),
        (200, &principal)
    );
    assert_eq!(
        code(&azure.get(&assignment(1), "2022-04-01").await.body),
        "RoleAssignmentNotFound"
    );
}

#[tokio::test]
async fn names_are_taken_across_groups() {
    let topology = Topology::deploy().await;
    let azure = &topology.azure;
    let other = azure.group("other").await;
    let registry =
        format!("{other}/providers/Microsoft.ContainerRegistry/registries/SecureAcr2021");
    let answer = azure
        .send(
            "PUT",
            &registry,
            REGISTRY,
            Some(json!({ "location": "westus", "sku": { "name": "Basic" } })),
        )
        .await;
    assert_eq!(
        (answer.status, code(&answer.body)),
        (409, "AlreadyInUse".to_owned())
    );
    let check = format!(
        "/subscriptions/{}/providers/Microsoft.Web/checknameavailability",
        azure.emulator.subscription()
    );
    let answer = azure
        .send(
            "POST",
            &check,
            WEB,
            Some(json!({ "name": "secureacrweb2021", "type": "Site" })),
        )
        .await;
    assert_eq!(
        (answer.status, &answer.body["nameAvailable"]),
        (200, &json!(false))
    );
}
