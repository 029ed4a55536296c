"""Key vaults, and storage accounts as declarations."""

import content
from harness import GROUP, PLACE, TENANT, gone, holds, named, path, principal, refused, tagged


def vaults(vault):
    of = vault.vaults
    body = {"location": PLACE, "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": False, "accessPolicies": []}}
    name = "pythonvault"
    check = {"name": name, "type": "Microsoft.KeyVault/vaults"}
    path("vaults check name", lambda: of.check_name_availability(check), lambda it: it.name_available is True)
    path("vaults create", lambda: of.begin_create_or_update(GROUP, name, body), named(name))
    path("vaults get", lambda: of.get(GROUP, name), lambda it: it.properties.vault_uri == f"https://{name}.vault.azure.net/")
    path("vaults list of a group", lambda: of.list_by_resource_group(GROUP), holds(name))
    path("vaults list all", lambda: of.list_by_subscription(), holds(name))
    path("vaults list as resources", lambda: of.list(), holds(name))
    path("vaults update", lambda: of.update(GROUP, name, {"tags": {"a": "b"}}), tagged(a="b"))
    policy = lambda *may: {"properties": {"accessPolicies": [{"tenantId": TENANT, "objectId": principal(), "permissions": {"secrets": list(may)}}]}}
    path("vaults add a policy", lambda: of.update_access_policy(GROUP, name, "add", policy("get")), lambda it: len(it.properties.access_policies) == 1)
    path("vaults replace a policy", lambda: of.update_access_policy(GROUP, name, "replace", policy("get", "list", "set", "delete", "recover", "purge")), lambda it: len(it.properties.access_policies[0].permissions.secrets) == 6)
    content.secrets(name)
    path("vaults remove a policy", lambda: of.update_access_policy(GROUP, name, "remove", policy("get", "list", "set", "delete", "recover", "purge")), lambda it: it is not None)
    secret = {"properties": {"value": "hush"}}
    path("vault secrets create", lambda: vault.secrets.create_or_update(GROUP, name, "other", secret), lambda it: it.properties.secret_uri)
    path("vault secrets get", lambda: vault.secrets.get(GROUP, name, "other"), lambda it: it.properties.value is None)
    path("vault secrets list", lambda: vault.secrets.list(GROUP, name), holds("other"))
    path("vaults private link resources", lambda: vault.private_link_resources.list_by_vault(GROUP, name), lambda it: [one.name for one in it.value] == ["vault"])
    path("vaults delete", lambda: of.delete(GROUP, name))
    gone("vaults", lambda: of.get(GROUP, name))
    path("vaults in the bin", lambda: of.get_deleted(name, PLACE), named(name))
    path("vaults in the bin, list", lambda: of.list_deleted(), holds(name))
    recover = {"location": PLACE, "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "createMode": "recover"}}
    path("vaults recover", lambda: of.begin_create_or_update(GROUP, name, recover), named(name))
    path("vaults delete again", lambda: of.delete(GROUP, name))
    path("vaults purge", lambda: of.begin_purge_deleted(name, PLACE))
    gone("vaults in the bin", lambda: of.get_deleted(name, PLACE))
    refused("vaults purge, none", lambda: of.begin_purge_deleted("nowhere", PLACE), 404)


def accounts(storage):
    of, boxes = storage.storage_accounts, storage.blob_containers
    name = "pythonstore"
    body = {"location": PLACE, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    path("accounts check name", lambda: of.check_name_availability({"name": name, "type": "Microsoft.Storage/storageAccounts"}), lambda it: it.name_available is True)
    path("accounts create", lambda: of.begin_create(GROUP, name, body), lambda it: it.primary_endpoints.blob == f"https://{name}.blob.core.windows.net/")
    path("accounts get", lambda: of.get_properties(GROUP, name), named(name))
    path("accounts list", lambda: of.list(), holds(name))
    path("accounts list of a group", lambda: of.list_by_resource_group(GROUP), holds(name))
    path("accounts update", lambda: of.update(GROUP, name, {"tags": {"a": "b"}}), tagged(a="b"))
    path("accounts keys", lambda: of.list_keys(GROUP, name), lambda it: len(it.keys_property if hasattr(it, "keys_property") else it.keys) == 2)
    path("accounts renew a key", lambda: of.regenerate_key(GROUP, name, {"keyName": "key1"}))
    path("containers create", lambda: boxes.create(GROUP, name, "box", {}), named("box"))
    path("containers get", lambda: boxes.get(GROUP, name, "box"), named("box"))
    path("containers list", lambda: boxes.list(GROUP, name), holds("box"))
    path("containers delete", lambda: boxes.delete(GROUP, name, "box"))
    path("accounts delete", lambda: of.delete(GROUP, name))
    gone("accounts", lambda: of.get_properties(GROUP, name))
