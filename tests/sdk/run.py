"""Azure's clients for Python, each along create, get, list, update, action and delete."""

import sys

from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.web import WebSiteManagementClient

import content
import general
import network
import registry
import sites
import stores
from harness import GROUP, client, gone, path, summary


def main():
    resources, networks = client(ResourceManagementClient), client(NetworkManagementClient)
    registries, msi = client(ContainerRegistryManagementClient), client(ManagedServiceIdentityClient)
    web = client(WebSiteManagementClient)
    general.groups(resources)
    general.by_id(resources)
    general.tags(resources)
    who = general.identities(msi)
    network.networks(networks)
    network.around(networks)
    registry.registries(registries)
    registry.below(registries)
    registry.builds(client(ContainerRegistryTasksMgmtClient))
    content.images(registries)
    registry.without_token(registries)
    general.roles(client(AuthorizationManagementClient), who.principal_id)
    network.endpoints(networks, client(PrivateDnsManagementClient), registries)
    sites.plans(web)
    sites.apps(web)
    sites.integration(web)
    sites.slots(web)
    sites.away(web)
    stores.vaults(client(KeyVaultManagementClient))
    stores.accounts(client(StorageManagementClient))
    general.deployments(client(DeploymentsMgmtClient), client(ManagementLockClient), msi)
    path("registries delete", lambda: registries.registries.begin_delete(GROUP, registry.NAME))
    gone("registries", lambda: registries.registries.get(GROUP, registry.NAME))
    path("identities delete", lambda: msi.user_assigned_identities.delete(GROUP, "who"))
    gone("identities", lambda: msi.user_assigned_identities.get(GROUP, "who"))
    path("virtual networks delete, with their subnets", lambda: networks.virtual_networks.begin_delete(GROUP, "net"))
    path("groups delete", lambda: resources.resource_groups.begin_delete(GROUP))
    path("groups gone", lambda: resources.resource_groups.check_existence(GROUP), lambda it: it is False)
    return summary()


if __name__ == "__main__":
    sys.exit(main())
