//! Types of the article's alternatives, and references to what exists already.

use lazuli_core::Options;
use serde_json::json;

use super::{G, check, declared, group};
use crate::*;

const NET: &str = "/providers/Microsoft.Network/virtualNetworks/net";

#[test]
fn networks_have_rules_routes_peers_and_dns_servers() {
    let all = declared(|stack| {
        let group = group(stack);
        let rule = SecurityRule::builder()
            .name("web")
            .property("properties.priority", 100_i64)
            .build();
        let wall = NetworkSecurityGroup::builder(&group, "wall")
            .security_rules([rule])
            .build();
        let routes = RouteTable::builder(&group, "routes")
            .disable_bgp_route_propagation(true)
            .build();
        let network = VirtualNetwork::builder(&group, "net")
            .address_space(["10.0.0.0/16"])
            .dns_servers(["10.0.0.4"])
            .build();
        IntegrationSubnet::builder(&network, "apps")
            .address_prefix("10.0.0.0/24")
            .network_security_group(&wall)
            .route_table(&routes)
            .build();
        let hub = VirtualNetworkId::parse(
            "/subscriptions/hub/resourceGroups/h/providers/Microsoft.Network/virtualNetworks/hub",
        )?;
        VirtualNetworkPeering::builder(&network, "to-hub")
            .remote(hub)
            .allow_forwarded_traffic(true)
            .build();
        Ok(())
    });
    let network = "/providers/Microsoft.Network";
    check(
        &all,
        "wall",
        "Microsoft.Network/networkSecurityGroups",
        &format!("{network}/networkSecurityGroups/wall"),
        json!({"location": "westeurope", "properties": {"securityRules": [
            {"name": "web", "properties": {"priority": 100}}
        ]}}),
    );
    assert_eq!(
        all["net"].inputs["properties"]["dhcpOptions"],
        json!({"dnsServers": ["10.0.0.4"]})
    );
    let apps = &all["apps"].inputs["properties"];
    assert_eq!(
        apps["routeTable"]["id"],
        format!("{G}{network}/routeTables/routes")
    );
    check(
        &all,
        "to-hub",
        "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
        &format!("{NET}/virtualNetworkPeerings/to-hub"),
        json!({"properties": {"allowForwardedTraffic": true, "remoteVirtualNetwork": {
            "id": "/subscriptions/hub/resourceGroups/h/providers/Microsoft.Network/virtualNetworks/hub"
        }}}),
    );
}

#[test]
fn vaults_keep_secrets_that_settings_refer_to() {
    let all = declared(|stack| {
        let vault = KeyVault::builder(&group(stack), "Contoso")
            .tenant("00000000-0000-0000-0000-00000000000a")
            .sku(VaultSku::Standard)
            .build();
        let secret = VaultSecret::builder(&vault, "password")
            .value("hunter2")
            .build();
        stack.export("reference", secret.reference());
        Ok(())
    });
    let vaults = "/providers/Microsoft.KeyVault/vaults/Contoso";
    check(
        &all,
        "Contoso",
        "Microsoft.KeyVault/vaults",
        vaults,
        json!({"location": "westeurope", "properties": {
            "tenantId": "00000000-0000-0000-0000-00000000000a",
            "sku": {"family": "A", "name": "standard"}
        }}),
    );
    check(
        &all,
        "password",
        "Microsoft.KeyVault/vaults/secrets",
        &format!("{vaults}/secrets/password"),
        json!({"properties": {"value": "(secret)"}}),
    );
}

#[test]
fn registries_have_tokens_replicas_and_machines_to_build_on() {
    let all = declared(|stack| {
        let group = group(stack);
        let registry = Registry::builder(&group, "acr2021")
            .sku(RegistrySku::Premium)
            .build();
        let scope = RegistryScopeMap::builder(&registry, "pullers")
            .actions(["repositories/site/content/read"])
            .build();
        RegistryToken::builder(&registry, "puller")
            .scope_map(&scope)
            .build();
        RegistryReplication::builder(&registry, "northeurope")
            .location("northeurope")
            .build();
        AgentPool::builder(&registry, "builders").count(1).build();
        Ok(())
    });
    let acr = "/providers/Microsoft.ContainerRegistry/registries/acr2021";
    let ty = "Microsoft.ContainerRegistry/registries";
    for (name, kind, inputs) in [
        (
            "puller",
            "tokens",
            json!({"properties": {"scopeMapId": format!("{G}{acr}/scopeMaps/pullers")}}),
        ),
        (
            "northeurope",
            "replications",
            json!({"location": "northeurope"}),
        ),
        (
            "builders",
            "agentPools",
            json!({"location": "westeurope", "properties": {"count": 1}}),
        ),
    ] {
        let id = format!("{acr}/{kind}/{name}");
        check(&all, name, &format!("{ty}/{kind}"), &id, inputs);
    }
}

#[test]
fn an_import_names_its_source_and_is_known_before_it_is_done() {
    let all = declared(|stack| {
        let registry = Registry::builder(&group(stack), "acr2021")
            .sku(RegistrySku::Premium)
            .build();
        let source = ImageSource::public("docker.io/library/nginx:latest")?;
        let source = source.login("ada", "hunter2");
        ImageImport::builder(&registry, "team/site:v1", source).build();
        Ok(())
    });
    let import = &all["team.site:v1"];
    let acr = format!("{G}/providers/Microsoft.ContainerRegistry/registries/acr2021");
    assert_eq!(import.id, Some(format!("{acr}/imageImports/team/site:v1")));
    assert_eq!(
        import.inputs["body"],
        json!({"mode": "Force", "targetTags": ["team/site:v1"], "source": {
            "registryUri": "docker.io", "sourceImage": "library/nginx:latest",
            "credentials": {"username": "ada", "password": "(secret)"}
        }})
    );
    for wrong in ["nginx", "library/nginx", "mcr.microsoft.com/"] {
        assert!(ImageSource::public(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_exists_is_found_by_name_or_id_and_hands_down_its_place() {
    let all = declared(|stack| {
        let hub = VirtualNetworkId::parse(
            "/subscriptions/hub/resourceGroups/h/providers/Microsoft.Network/virtualNetworks/v",
        )?;
        let network = VirtualNetwork::existing(stack, hub);
        Subnet::builder(&network, "mine")
            .address_prefix("10.9.0.0/24")
            .build();
        PrivateDnsZone::builder(&network.group(), "internal.example").build();
        let group = ResourceGroup::existing(stack, "theirs");
        let registry = Registry::existing(&group, "acr2021");
        let known = PrincipalId::parse("7f951dda-4ed3-4680-a7ca-43fe172d538d")?;
        RoleAssignment::builder(&registry, "pull")
            .role(Role::AcrPull)
            .principal(known)
            .options(Options::new())
            .build();
        stack.export("host", registry.login_server());

        Ok(())
    });
    let hub = "/subscriptions/hub/resourceGroups/h";
    let theirs = "/subscriptions/s1/resourceGroups/theirs";
    for (name, id) in [
        (
            "v",
            format!("{hub}{}", "/providers/Microsoft.Network/virtualNetworks/v"),
        ),
        (
            "mine",
            format!("{hub}/providers/Microsoft.Network/virtualNetworks/v/subnets/mine"),
        ),
        (
            "internal.example",
            format!("{hub}/providers/Microsoft.Network/privateDnsZones/internal.example"),
        ),
        ("theirs", theirs.to_owned()),
        (
            "acr2021",
            format!("{theirs}/providers/Microsoft.ContainerRegistry/registries/acr2021"),
        ),
    ] {
        assert_eq!(all[name].id.as_deref(), Some(id.as_str()), "{name}");
    }
    for name in ["v", "theirs", "acr2021"] {
        assert_eq!(all[name].ty, existing_type(), "{name}");
    }
    let role = all["pull"].inputs["properties"]["roleDefinitionId"].as_str();
    assert!(role.unwrap().starts_with("/subscriptions/s1/"), "{role:?}");
}

fn existing_type() -> &'static str {
    crate::resources::existing::TYPE
}

#[test]
fn a_role_on_another_subscriptions_resource_is_named_from_there() {
    let all = declared(|stack| {
        let registry = Registry::existing(
            stack,
            RegistryId::parse(
                "/subscriptions/hub/resourceGroups/h/providers/Microsoft.ContainerRegistry/registries/r",
            )?,
        );
        let user = UserAssignedIdentity::builder(&group(stack), "puller").build();
        RoleAssignment::builder(&registry, "pull")
            .role(Role::AcrPull)
            .principal(&user)
            .build();
        Ok(())
    });
    let role = all["pull"].inputs["properties"]["roleDefinitionId"].as_str();
    let guid = Role::AcrPull.guid().to_owned();
    assert_eq!(
        role,
        Some(
            format!("/subscriptions/hub/providers/Microsoft.Authorization/roleDefinitions/{guid}")
                .as_str()
        )
    );
}

#[test]
fn a_workspace_follows_from_its_record() {
    let all = declared(|stack| {
        Workspace::builder(&group(stack), "shop-logs")
            .sku(WorkspaceSku::PerGB2018)
            .retention_in_days(90)
            .daily_quota_gb(2.5)
            .build();
        Ok(())
    });
    let ty = "Microsoft.OperationalInsights/workspaces";
    check(
        &all,
        "shop-logs",
        ty,
        &format!("/providers/{ty}/shop-logs"),
        json!({"location": "westeurope", "properties": {
            "sku": {"name": "PerGB2018"}, "retentionInDays": 90, "workspaceCapping": {"dailyQuotaGb": 2.5},
        }}),
    );
    let record = record(ty).unwrap();
    assert_eq!(record.display.unwrap().called, "Log Analytics workspace");
    assert!(
        record
            .stable
            .iter()
            .any(|(path, _)| *path == "properties.customerId")
    );
    assert!(record.equality.case.contains(&"properties.sku.name"));
}
