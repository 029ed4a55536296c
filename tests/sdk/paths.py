"""The management clients for Python, each along create, get, list, update, action and delete."""

import sys

from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.web import WebSiteManagementClient

from harness import SUBSCRIPTION, TENANT, client, path, refused, summary

GROUP = "python"
PLACE = "westcentralus"
ROOT = f"/subscriptions/{SUBSCRIPTION}"
SCOPE = f"{ROOT}/resourceGroups/{GROUP}"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"


def named(name):
    return lambda it: it.name == name


def holds(*names):
    return lambda all: {one.name for one in all} >= set(names)


def done(it):
    return (it.provisioning_state if hasattr(it, "provisioning_state") else it.properties.provisioning_state) == "Succeeded"


def groups(resources):
    group = {"location": PLACE, "tags": {"a": "1"}}
    path("groups create", lambda: resources.resource_groups.create_or_update(GROUP, group), named(GROUP))
    path("groups get", lambda: resources.resource_groups.get(GROUP), lambda it: it.tags == {"a": "1"})
    path("groups exist", lambda: resources.resource_groups.check_existence(GROUP), lambda it: it is True)
    path("groups update", lambda: resources.resource_groups.update(GROUP, {"tags": {"b": "2"}}), lambda it: it.tags == {"b": "2"})
    path("groups list", lambda: resources.resource_groups.list(), holds(GROUP))
    path("providers get", lambda: resources.providers.get("Microsoft.Web"), lambda it: it.registration_state == "Registered")
    path("providers list", lambda: resources.providers.list(), lambda all: len(all) > 5)
    refused("groups get, none", lambda: resources.resource_groups.get("nowhere"), 404, "ResourceGroupNotFound")


def generic(resources):
    identity = f"{SCOPE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/generic"
    body = {"location": PLACE}
    version = "2023-01-31"
    of = resources.resources
    path("resources create by id", lambda: of.begin_create_or_update_by_id(identity, version, body), named("generic"))
    path("resources get by id", lambda: of.get_by_id(identity, version), named("generic"))
    path("resources update by id", lambda: of.begin_update_by_id(identity, version, {"tags": {"x": "y"}}), lambda it: it.tags == {"x": "y"})
    path("resources list", lambda: of.list(), holds("generic"))
    path("resources list, filtered", lambda: of.list(filter="resourceType eq 'Microsoft.Web/sites'"), lambda all: all == [])
    path("resources list of a group", lambda: of.list_by_resource_group(GROUP), holds("generic"))
    path("resources exist by id", lambda: of.check_existence_by_id(identity, version), lambda it: it is True)
    path("resources delete by id", lambda: of.begin_delete_by_id(identity, version))
    scope = SCOPE
    tags = {"operation": "Merge", "properties": {"tags": {"c": "3"}}}
    path("tags update at scope", lambda: resources.tags.begin_update_at_scope(scope, tags), lambda it: it.properties.tags["c"] == "3")
    path("tags get at scope", lambda: resources.tags.get_at_scope(scope), lambda it: it.properties.tags["b"] == "2")


def networks(network):
    net = {"location": PLACE, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    of = network.virtual_networks
    path("virtual networks create", lambda: of.begin_create_or_update(GROUP, "net", net), done)
    path("virtual networks get", lambda: of.get(GROUP, "net"), named("net"))
    path("virtual networks list", lambda: of.list(GROUP), holds("net"))
    path("virtual networks list all", lambda: of.list_all(), holds("net"))
    path("virtual networks tags", lambda: of.update_tags(GROUP, "net", {"tags": {"a": "b"}}), lambda it: it.tags == {"a": "b"})
    path("virtual networks check address", lambda: of.check_ip_address_availability(GROUP, "net", "10.0.0.9"), lambda it: it is not None)
    apps = {"properties": {"addressPrefix": "10.0.0.0/24", "delegations": [{"name": "0", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]}}
    ends = {"properties": {"addressPrefix": "10.0.1.0/24", "privateEndpointNetworkPolicies": "Disabled"}}
    path("subnets create", lambda: network.subnets.begin_create_or_update(GROUP, "net", "apps", apps), done)
    path("subnets create, another", lambda: network.subnets.begin_create_or_update(GROUP, "net", "ends", ends), done)
    path("subnets get", lambda: network.subnets.get(GROUP, "net", "apps"), lambda it: it.delegations[0].service_name == "Microsoft.Web/serverFarms")
    path("subnets list", lambda: network.subnets.list(GROUP, "net"), holds("apps", "ends"))
    wrong = {"properties": {"addressPrefix": "10.0.1.0/25"}}
    refused("subnets create, overlapping", lambda: network.subnets.begin_create_or_update(GROUP, "net", "c", wrong), 400, "NetcfgSubnetRangesOverlap")
    rules = {"location": PLACE, "properties": {"securityRules": []}}
    groups_of = network.network_security_groups
    path("security groups create", lambda: groups_of.begin_create_or_update(GROUP, "nsg", rules), lambda it: len(it.default_security_rules) == 6)
    rule = {"properties": {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100, "sourceAddressPrefix": "*",
                           "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443"}}
    path("security rules create", lambda: network.security_rules.begin_create_or_update(GROUP, "nsg", "https", rule), named("https"))
    path("security rules list", lambda: network.security_rules.list(GROUP, "nsg"), holds("https"))
    path("security groups delete", lambda: groups_of.begin_delete(GROUP, "nsg"))


def registries(registry):
    of = registry.registries
    body = {"location": PLACE, "sku": {"name": "Premium"}, "properties": {"adminUserEnabled": True}}
    check = {"name": "pythonregistry", "type": "Microsoft.ContainerRegistry/registries"}
    path("registries check name", lambda: of.check_name_availability(check), lambda it: it.name_available is True)
    path("registries create", lambda: of.begin_create(GROUP, "pythonregistry", body), done)
    path("registries get", lambda: of.get(GROUP, "pythonregistry"), lambda it: it.login_server == "pythonregistry.azurecr.io")
    path("registries list", lambda: of.list(), holds("pythonregistry"))
    path("registries list of a group", lambda: of.list_by_resource_group(GROUP), holds("pythonregistry"))
    path("registries update", lambda: of.begin_update(GROUP, "pythonregistry", {"tags": {"a": "b"}}), lambda it: it.tags == {"a": "b"})
    path("registries credentials", lambda: of.list_credentials(GROUP, "pythonregistry"), lambda it: len(it.passwords) == 2)
    renew = {"name": "password"}
    path("registries renew a password", lambda: of.regenerate_credential(GROUP, "pythonregistry", renew), lambda it: len(it.passwords) == 2)
    path("registries usages", lambda: of.list_usages(GROUP, "pythonregistry"), lambda it: len(it.value) > 0)
    hook = {"location": PLACE, "properties": {"serviceUri": "https://example.org/hook", "actions": ["push"]}}
    path("webhooks create", lambda: registry.webhooks.begin_create(GROUP, "pythonregistry", "pushed", hook), named("pushed"))
    path("webhooks list", lambda: registry.webhooks.list(GROUP, "pythonregistry"), holds("pushed"))
    path("webhooks ping", lambda: registry.webhooks.ping(GROUP, "pythonregistry", "pushed"), lambda it: it.id)
    path("webhooks delete", lambda: registry.webhooks.begin_delete(GROUP, "pythonregistry", "pushed"))
    copy = {"location": "eastus"}
    path("replications create", lambda: registry.replications.begin_create(GROUP, "pythonregistry", "eastus", copy), done)
    path("replications list", lambda: registry.replications.list(GROUP, "pythonregistry"), holds("eastus"))
    path("replications delete", lambda: registry.replications.begin_delete(GROUP, "pythonregistry", "eastus"))
    source = {"source": {"registryUri": "mcr.microsoft.com", "sourceImage": "appsvc/staticsite:latest"}, "targetTags": ["staticsite:v1"]}
    path("registries import", lambda: of.begin_import_image(GROUP, "pythonregistry", source))
    scope = {"properties": {"actions": ["repositories/staticsite/content/read"]}}
    path("scope maps create", lambda: registry.scope_maps.begin_create(GROUP, "pythonregistry", "read", scope), named("read"))
    path("scope maps list", lambda: registry.scope_maps.list(GROUP, "pythonregistry"), holds("read"))
    path("scope maps delete", lambda: registry.scope_maps.begin_delete(GROUP, "pythonregistry", "read"))


def identities(msi):
    of = msi.user_assigned_identities
    path("identities create", lambda: of.create_or_update(GROUP, "who", {"location": PLACE}), lambda it: it.principal_id)
    path("identities get", lambda: of.get(GROUP, "who"), named("who"))
    path("identities list", lambda: of.list_by_resource_group(GROUP), holds("who"))
    path("identities list all", lambda: of.list_by_subscription(), holds("who"))
    path("identities update", lambda: of.update(GROUP, "who", {"tags": {"a": "b"}}), lambda it: it.tags == {"a": "b"})
    federated = {"issuer": "https://example.org", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}
    keys = msi.federated_identity_credentials
    path("federated credentials create", lambda: keys.create_or_update(GROUP, "who", "ci", federated), named("ci"))
    path("federated credentials list", lambda: keys.list(GROUP, "who"), holds("ci"))
    path("federated credentials delete", lambda: keys.delete(GROUP, "who", "ci"))
    return of.get(GROUP, "who")


def roles(authorization, principal):
    scope = f"{SCOPE}/providers/Microsoft.ContainerRegistry/registries/pythonregistry"
    name = "aaaaaaaa-0000-0000-0000-000000000001"
    body = {"role_definition_id": f"{ROOT}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}",
            "principal_id": principal, "principal_type": "ServicePrincipal"}
    of = authorization.role_assignments
    definitions = authorization.role_definitions
    path("role definitions list", lambda: definitions.list(scope, filter="roleName eq 'AcrPull'"), lambda all: [one.name for one in all] == [ACR_PULL])
    path("role definitions get", lambda: definitions.get(scope, ACR_PULL), lambda it: it.role_name == "AcrPull")
    path("role assignments create", lambda: of.create(scope, name, body), named(name))
    path("role assignments get", lambda: of.get(scope, name), lambda it: it.principal_id == principal)
    path("role assignments list", lambda: of.list_for_scope(scope, filter=f"principalId eq '{principal}'"), holds(name))
    path("role assignments list of a group", lambda: of.list_for_resource_group(GROUP), holds(name))
    path("role assignments list all", lambda: of.list_for_subscription(), lambda all: len(all) >= 1)
    path("role assignments delete", lambda: of.delete(scope, name))
    path("permissions list", lambda: authorization.permissions.list_for_resource_group(GROUP), lambda all: all[0].actions == ["*"])


def endpoints(network, dns):
    target = f"{SCOPE}/providers/Microsoft.ContainerRegistry/registries/pythonregistry"
    subnet = f"{SCOPE}/providers/Microsoft.Network/virtualNetworks/net/subnets/ends"
    body = {"location": PLACE, "properties": {"subnet": {"id": subnet}, "privateLinkServiceConnections": [
        {"name": "one", "properties": {"privateLinkServiceId": target, "groupIds": ["registry"]}}]}}
    zone = "privatelink.azurecr.io"
    path("zones create", lambda: dns.private_zones.begin_create_or_update(GROUP, zone, {"location": "global"}), done)
    path("zones get", lambda: dns.private_zones.get(GROUP, zone), named(zone))
    path("zones list", lambda: dns.private_zones.list_by_resource_group(GROUP), holds(zone))
    link = {"location": "global", "properties": {"registrationEnabled": False, "virtualNetwork": {"id": subnet.split("/subnets")[0]}}}
    path("links create", lambda: dns.virtual_network_links.begin_create_or_update(GROUP, zone, "link", link), done)
    path("links list", lambda: dns.virtual_network_links.list(GROUP, zone), holds("link"))
    path("endpoints create", lambda: network.private_endpoints.begin_create_or_update(GROUP, "end", body), done)
    path("endpoints get", lambda: network.private_endpoints.get(GROUP, "end"), named("end"))
    path("endpoints list", lambda: network.private_endpoints.list(GROUP), holds("end"))
    zone_id = f"{SCOPE}/providers/Microsoft.Network/privateDnsZones/{zone}"
    zones = {"properties": {"privateDnsZoneConfigs": [{"name": "a", "properties": {"privateDnsZoneId": zone_id}}]}}
    path("zone groups create", lambda: network.private_dns_zone_groups.begin_create_or_update(GROUP, "end", "zg", zones), done)
    path("zone groups list", lambda: network.private_dns_zone_groups.list("end", GROUP), holds("zg"))
    path("record sets list", lambda: dns.record_sets.list(GROUP, zone), holds("pythonregistry"))
    record = {"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.0.0.4"}]}}
    path("record sets create", lambda: dns.record_sets.create_or_update(GROUP, zone, "A", "mine", record), named("mine"))
    path("record sets get", lambda: dns.record_sets.get(GROUP, zone, "A", "mine"), lambda it: it.ttl == 60)
    path("record sets delete", lambda: dns.record_sets.delete(GROUP, zone, "A", "mine"))
    path("interfaces list", lambda: network.network_interfaces.list(GROUP), lambda all: len(all) == 1)
    path("zone groups delete", lambda: network.private_dns_zone_groups.begin_delete(GROUP, "end", "zg"))
    path("endpoints delete", lambda: network.private_endpoints.begin_delete(GROUP, "end"))
    path("links delete", lambda: dns.virtual_network_links.begin_delete(GROUP, zone, "link"))
    path("zones delete", lambda: dns.private_zones.begin_delete(GROUP, zone))


def sites(web):
    plan = {"location": PLACE, "kind": "linux", "sku": {"name": "P1v3"}, "properties": {"reserved": True}}
    farm = f"{SCOPE}/providers/Microsoft.Web/serverfarms/plan"
    site = {"location": PLACE, "kind": "app,linux,container", "properties": {
        "serverFarmId": farm, "siteConfig": {"linuxFxVersion": "DOCKER|mcr.microsoft.com/appsvc/staticsite:latest"}}}
    name = "pythonsite"
    of = web.web_apps
    path("plans create", lambda: web.app_service_plans.begin_create_or_update(GROUP, "plan", plan), done)
    path("plans get", lambda: web.app_service_plans.get(GROUP, "plan"), lambda it: it.sku.name == "P1v3")
    path("plans list", lambda: web.app_service_plans.list_by_resource_group(GROUP), holds("plan"))
    path("sites create", lambda: of.begin_create_or_update(GROUP, name, site), lambda it: it.default_host_name == "pythonsite.azurewebsites.net")
    path("sites get", lambda: of.get(GROUP, name), lambda it: it.state == "Running")
    path("sites list", lambda: of.list_by_resource_group(GROUP), holds(name))
    path("sites list all", lambda: of.list(), holds(name))
    path("sites update", lambda: of.update(GROUP, name, {"properties": {"httpsOnly": True}}), lambda it: it.https_only is True)
    path("sites get config", lambda: of.get_configuration(GROUP, name), lambda it: it.linux_fx_version.startswith("DOCKER|"))
    always = {"properties": {"alwaysOn": True}}
    path("sites update config", lambda: of.update_configuration(GROUP, name, always), lambda it: it.always_on is True)
    settings = {"properties": {"A": "1"}}
    path("sites settings", lambda: of.update_application_settings(GROUP, name, settings), lambda it: dict(it.properties) == {"A": "1"})
    path("sites list settings", lambda: of.list_application_settings(GROUP, name), lambda it: dict(it.properties) == {"A": "1"})
    path("sites configurations", lambda: of.list_configurations(GROUP, name), lambda all: len(all) == 1)
    path("sites publishing credentials", lambda: of.begin_list_publishing_credentials(GROUP, name), lambda it: it.publishing_user_name)
    subnet = f"{SCOPE}/providers/Microsoft.Network/virtualNetworks/net/subnets/apps"
    swift = {"properties": {"subnetResourceId": subnet, "swiftSupported": True}}
    path("sites integration", lambda: of.create_or_update_swift_virtual_network_connection_with_check(GROUP, name, swift), lambda it: it.subnet_resource_id)
    path("sites integration, gone", lambda: of.delete_swift_virtual_network(GROUP, name))
    path("sites restart", lambda: of.restart(GROUP, name))
    path("sites stop", lambda: of.stop(GROUP, name))
    path("sites start", lambda: of.start(GROUP, name))
    path("slots create", lambda: of.begin_create_or_update_slot(GROUP, name, "staging", site), lambda it: it.name.endswith("staging"))
    path("slots list", lambda: of.list_slots(GROUP, name), lambda all: len(all) == 1)
    swap = {"targetSlot": "staging", "preserveVnet": True}
    path("slots swap", lambda: of.begin_swap_slot_with_production(GROUP, name, swap))
    path("slots delete", lambda: of.delete_slot(GROUP, name, "staging"))
    path("host names", lambda: of.list_host_name_bindings(GROUP, name), lambda all: len(all) == 1)
    check = {"name": name, "type": "Microsoft.Web/sites"}
    path("sites check name", lambda: web.check_name_availability(check), lambda it: it.name_available is False)
    path("sites delete", lambda: of.delete(GROUP, name))
    path("plans delete", lambda: web.app_service_plans.delete(GROUP, "plan"))


def vaults(vault):
    of = vault.vaults
    body = {"location": PLACE, "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
    name = "pythonvault"
    check = {"name": name, "type": "Microsoft.KeyVault/vaults"}
    path("vaults check name", lambda: of.check_name_availability(check), lambda it: it.name_available is True)
    path("vaults create", lambda: of.begin_create_or_update(GROUP, name, body), named(name))
    path("vaults get", lambda: of.get(GROUP, name), lambda it: it.properties.vault_uri == f"https://{name}.vault.azure.net/")
    path("vaults list", lambda: of.list_by_resource_group(GROUP), holds(name))
    path("vaults list all", lambda: of.list(), holds(name))
    path("vaults update", lambda: of.update(GROUP, name, {"tags": {"a": "b"}}), lambda it: it.tags == {"a": "b"})
    policies = {"properties": {"accessPolicies": [{"tenantId": TENANT, "objectId": "44444444-4444-4444-4444-444444444444", "permissions": {"secrets": ["get"]}}]}}
    path("vaults add a policy", lambda: of.update_access_policy(GROUP, name, "add", policies), lambda it: len(it.properties.access_policies) == 1)
    secret = {"properties": {"value": "hush"}}
    path("secrets create", lambda: vault.secrets.create_or_update(GROUP, name, "word", secret), lambda it: it.properties.secret_uri)
    path("secrets list", lambda: vault.secrets.list(GROUP, name), holds("word"))
    path("vaults delete", lambda: of.delete(GROUP, name))
    path("vaults deleted, get", lambda: of.get_deleted(name, PLACE), named(name))
    path("vaults deleted, list", lambda: of.list_deleted(), holds(name))
    path("vaults purge", lambda: of.begin_purge_deleted(name, PLACE))


def deployments():
    try:
        from azure.mgmt.resource.deployments import DeploymentsMgmtClient
        from azure.mgmt.resource.locks import ManagementLockClient
    except ImportError as error:
        print(f"  skipped deployments and locks: {error}")
        return
    template = {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
                "resources": [{"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "declared", "location": PLACE}]}
    body = {"properties": {"mode": "Incremental", "template": template}}
    of = client(DeploymentsMgmtClient).deployments
    path("deployments validate", lambda: of.begin_validate(GROUP, "first", body))
    path("deployments what-if", lambda: of.begin_what_if(GROUP, "first", body), lambda it: any(one.change_type == "Create" for one in it.changes))
    path("deployments create", lambda: of.begin_create_or_update(GROUP, "first", body), done)
    path("deployments get", lambda: of.get(GROUP, "first"), named("first"))
    path("deployments list", lambda: of.list_by_resource_group(GROUP), holds("first"))
    path("deployments export", lambda: of.export_template(GROUP, "first"), lambda it: it.template)
    path("deployments delete", lambda: of.begin_delete(GROUP, "first"))
    locks = client(ManagementLockClient).management_locks
    lock = {"properties": {"level": "CanNotDelete"}}
    path("locks create", lambda: locks.create_or_update_at_resource_group_level(GROUP, "keep", lock), named("keep"))
    path("locks list", lambda: locks.list_at_resource_group_level(GROUP), holds("keep"))
    msi = client(ManagedServiceIdentityClient).user_assigned_identities
    refused("locks in the way", lambda: msi.delete(GROUP, "declared"), 409, "ScopeLocked")
    path("locks delete", lambda: locks.delete_at_resource_group_level(GROUP, "keep"))


def main():
    resources, network = client(ResourceManagementClient), client(NetworkManagementClient)
    registry, msi = client(ContainerRegistryManagementClient), client(ManagedServiceIdentityClient)
    groups(resources)
    generic(resources)
    networks(network)
    registries(registry)
    who = identities(msi)
    roles(client(AuthorizationManagementClient), who.principal_id)
    endpoints(network, client(PrivateDnsManagementClient))
    sites(client(WebSiteManagementClient))
    vaults(client(KeyVaultManagementClient))
    deployments()
    path("registries delete", lambda: registry.registries.begin_delete(GROUP, "pythonregistry"))
    path("identities delete", lambda: msi.user_assigned_identities.delete(GROUP, "who"))
    path("subnets delete", lambda: network.subnets.begin_delete(GROUP, "net", "ends"))
    path("virtual networks delete", lambda: network.virtual_networks.begin_delete(GROUP, "net"))
    path("groups delete", lambda: resources.resource_groups.begin_delete(GROUP))
    path("groups gone", lambda: resources.resource_groups.check_existence(GROUP), lambda it: it is False)
    return summary()


if __name__ == "__main__":
    sys.exit(main())
