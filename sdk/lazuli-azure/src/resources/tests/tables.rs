//! One table for each service: the id and the request of every type.

use serde_json::{Value as Json, json};

use super::{G, check, declared, group};
use crate::*;

#[test]
fn groups_and_identities() {
    let all = declared(|stack| {
        let group = ResourceGroup::builder(stack, "shop")
            .location("westeurope")
            .tags([("team", "web")])
            .build();
        UserAssignedIdentity::builder(&group, "puller").build();
        Ok(())
    });
    check(
        &all,
        "shop",
        "Microsoft.Resources/resourceGroups",
        "",
        json!({"location": "westeurope", "tags": {"team": "web"}}),
    );
    check(
        &all,
        "puller",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller",
        json!({"location": "westeurope"}),
    );
}

#[test]
fn networks_and_the_kinds_of_subnets() {
    let all = declared(|stack| {
        let network = VirtualNetwork::builder(&group(stack), "net")
            .address_space(["10.0.0.0/16"])
            .build();
        Subnet::builder(&network, "plain")
            .address_prefix("10.0.2.0/24")
            .private_endpoint_network_policies(Policies::Enabled)
            .build();
        IntegrationSubnet::builder(&network, "apps")
            .address_prefix("10.0.0.0/24")
            .build();
        EndpointSubnet::builder(&network, "endpoints")
            .address_prefix("10.0.1.0/24")
            .build();
        Ok(())
    });
    let net = "/providers/Microsoft.Network/virtualNetworks/net";
    let subnet = |name: &str, inputs: Json| {
        let ty = "Microsoft.Network/virtualNetworks/subnets";
        check(&all, name, ty, &format!("{net}/subnets/{name}"), inputs);
    };
    check(
        &all,
        "net",
        "Microsoft.Network/virtualNetworks",
        net,
        json!({
            "location": "westeurope",
            "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
        }),
    );
    subnet(
        "plain",
        json!({"properties": {
            "addressPrefix": "10.0.2.0/24",
            "privateEndpointNetworkPolicies": "Enabled"
        }}),
    );
    subnet(
        "apps",
        json!({"properties": {
            "addressPrefix": "10.0.0.0/24",
            "delegations": [
                {"name": "delegation", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
            ]
        }}),
    );
    subnet(
        "endpoints",
        json!({"properties": {
            "addressPrefix": "10.0.1.0/24",
            "privateEndpointNetworkPolicies": "Disabled"
        }}),
    );
}

#[test]
fn private_names_and_endpoints() {
    let all = declared(|stack| {
        let group = group(stack);
        let network = VirtualNetwork::builder(&group, "net")
            .address_space(["10.0.0.0/16"])
            .build();
        let subnet = Subnet::builder(&network, "endpoints")
            .address_prefix("10.0.1.0/24")
            .build();
        let zone = PrivateDnsZone::builder(&group, "privatelink.azurecr.io").build();
        VirtualNetworkLink::builder(&zone, "link")
            .virtual_network(&network)
            .registration_enabled(false)
            .build();
        let registry = Registry::builder(&group, "Acr2021")
            .sku(RegistrySku::Premium)
            .public_network_access(PublicAccess::Disabled)
            .network_rule_bypass_allowed_for_tasks(true)
            .build();
        let endpoint = PrivateEndpoint::builder(&group, "pe")
            .subnet(&subnet)
            .target(&registry)
            .group(PrivateLink::Registry)
            .build();
        PrivateDnsZoneGroup::builder(&endpoint, "zg")
            .zones([&zone])
            .build();
        Ok(())
    });
    let zone = "/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io";
    let net = "/providers/Microsoft.Network/virtualNetworks/net";
    let acr = "/providers/Microsoft.ContainerRegistry/registries/Acr2021";
    let endpoint = "/providers/Microsoft.Network/privateEndpoints/pe";
    check(
        &all,
        "privatelink.azurecr.io",
        "Microsoft.Network/privateDnsZones",
        zone,
        json!({"location": "global"}),
    );
    check(
        &all,
        "link",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        &format!("{zone}/virtualNetworkLinks/link"),
        json!({"location": "global", "properties": {
            "registrationEnabled": false,
            "virtualNetwork": {"id": format!("{G}{net}")}
        }}),
    );
    check(
        &all,
        "Acr2021",
        "Microsoft.ContainerRegistry/registries",
        acr,
        json!({"location": "westeurope", "sku": {"name": "Premium"}, "properties": {
            "publicNetworkAccess": "Disabled",
            "networkRuleBypassAllowedForTasks": true
        }}),
    );
    check(
        &all,
        "pe",
        "Microsoft.Network/privateEndpoints",
        endpoint,
        json!({"location": "westeurope", "properties": {
            "subnet": {"id": format!("{G}{net}/subnets/endpoints")},
            "privateLinkServiceConnections": [{"name": "pe", "properties": {
                "privateLinkServiceId": format!("{G}{acr}"),
                "groupIds": ["registry"]
            }}]
        }}),
    );
    check(
        &all,
        "zg",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        &format!("{endpoint}/privateDnsZoneGroups/zg"),
        json!({"properties": {"privateDnsZoneConfigs": [{
            "name": "privatelink-azurecr-io",
            "properties": {"privateDnsZoneId": format!("{G}{zone}")}
        }]}}),
    );
}

#[test]
fn plans_of_each_system() {
    let all = declared(|stack| {
        let group = group(stack);
        LinuxPlan::builder(&group, "sugar")
            .sku(LinuxSku::P1V3)
            .build();
        for (name, os) in [
            ("linux", Os::Linux),
            ("windows", Os::Windows),
            ("containers", Os::WindowsContainer),
        ] {
            ServicePlan::builder(&group, name)
                .os(os)
                .sku(PlanSku::P1V3)
                .build();
        }
        Ok(())
    });
    let linux = json!({"location": "westeurope", "kind": "linux", "sku": {"name": "P1v3"},
        "properties": {"reserved": true}});
    let windows = json!({"location": "westeurope", "sku": {"name": "P1v3"},
        "properties": {"reserved": false}});
    let containers = json!({"location": "westeurope", "sku": {"name": "P1v3"},
        "properties": {"reserved": false, "hyperV": true}});
    for (name, inputs) in [
        ("sugar", linux.clone()),
        ("linux", linux),
        ("windows", windows),
        ("containers", containers),
    ] {
        let id = format!("/providers/Microsoft.Web/serverfarms/{name}");
        check(&all, name, "Microsoft.Web/serverfarms", &id, inputs);
    }
}

#[test]
fn web_apps_and_their_roles() {
    let all = declared(|stack| {
        let group = group(stack);
        let registry = Registry::builder(&group, "acr2021")
            .sku(RegistrySku::Basic)
            .build();
        let plan = LinuxPlan::builder(&group, "plan").sku(LinuxSku::B1).build();
        let user = UserAssignedIdentity::builder(&group, "puller").build();
        let app = WebApp::builder(&group, "app")
            .plan(&plan)
            .https_only(true)
            .identity(Identity::system_and_user([&user]))
            .outbound_vnet_routing(OutboundRouting::builder().image_pull_traffic(true).build())
            .site_config(
                SiteConfig::builder()
                    .linux_fx_version(
                        registry
                            .login_server()
                            .map(|host| format!("DOCKER|{host}/site:v1")),
                    )
                    .app_settings([("B", "2"), ("A", "1")])
                    .property("healthCheckPath", "/up")
                    .build(),
            )
            .build();
        RoleAssignment::builder(&registry, "app-pulls")
            .role(Role::AcrPull)
            .principal(&app)
            .build();
        RoleAssignment::builder(&registry, "user-pulls")
            .role(Role::AcrPull)
            .principal(&user)
            .build();
        Ok(())
    });
    let app = "/providers/Microsoft.Web/sites/app";
    let acr = "/providers/Microsoft.ContainerRegistry/registries/acr2021";
    let user = format!("{G}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller");
    check(
        &all,
        "app",
        "Microsoft.Web/sites",
        app,
        json!({"location": "westeurope",
        "identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {(user.clone()): {}}},
        "properties": {
            "serverFarmId": format!("{G}/providers/Microsoft.Web/serverfarms/plan"),
            "httpsOnly": true,
            "outboundVnetRouting": {"imagePullTraffic": true},
            "siteConfig": {
                "linuxFxVersion": "DOCKER|acr2021.azurecr.io/site:v1",
                "appSettings": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                "healthCheckPath": "/up"
            }
        }}),
    );
    let definition = "/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/\
                      7f951dda-4ed3-4680-a7ca-43fe172d538d";
    for (name, owner, waits) in [
        ("app-pulls", format!("{G}{app}"), "identity.principalId"),
        ("user-pulls", user, "properties.principalId"),
    ] {
        let guid = lazuli_arm::role_assignment_name(&format!("{G}{acr}"), &owner, definition);
        check(
            &all,
            name,
            "Microsoft.Authorization/roleAssignments",
            &format!("{acr}/providers/Microsoft.Authorization/roleAssignments/{guid}"),
            json!({"properties": {
                "roleDefinitionId": definition,
                "principalId": format!("(known after {waits})"),
                "principalType": "ServicePrincipal"
            }}),
        );
    }
}

#[test]
fn untyped_resources_know_children_from_extensions() {
    let all = declared(|stack| {
        let group = group(stack);
        let topic = ArmResource::builder(&group, "Microsoft.EventGrid/topics@2025-02-15", "topic")
            .location(group.location())
            .property("properties.publicNetworkAccess", "Disabled")
            .build();
        ArmResource::builder(
            &topic,
            "Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15",
            "child",
        )
        .build();
        ArmResource::builder(&topic, "Microsoft.Authorization/locks@2020-05-01", "lock")
            .property("properties.level", "CanNotDelete")
            .build();
        ArmResource::builder(&group, "Microsoft.EventGrid/domains", "unversioned").build();
        Ok(())
    });
    let topic = "/providers/Microsoft.EventGrid/topics/topic";
    check(
        &all,
        "topic",
        "Microsoft.EventGrid/topics",
        topic,
        json!({"apiVersion": "2025-02-15", "location": "westeurope",
            "properties": {"publicNetworkAccess": "Disabled"}}),
    );
    let child = format!("{G}{topic}/eventSubscriptions/child");
    assert_eq!(all["child"].id, Some(child));
    let lock = format!("{G}{topic}/providers/Microsoft.Authorization/locks/lock");
    assert_eq!(all["lock"].id, Some(lock));
    let failure = all["unversioned"].failure.clone().unwrap_or_default();
    assert!(
        failure.contains("`Microsoft.EventGrid/domains` has no version"),
        "{failure}"
    );
}
