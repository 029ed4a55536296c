"""Registries: the resource, everything below it, tasks and runs."""

from harness import GROUP, PLACE, done, gone, holds, named, path, refused, tagged

NAME = "pythonregistry"
AT = (GROUP, NAME)


def registries(registry):
    of = registry.registries
    body = {"location": PLACE, "sku": {"name": "Premium"}, "properties": {"adminUserEnabled": True}}
    check = {"name": NAME, "type": "Microsoft.ContainerRegistry/registries"}
    path("registries check name", lambda: of.check_name_availability(check), lambda it: it.name_available is True)
    path("registries create", lambda: of.begin_create(*AT, body), done)
    path("registries check name, taken", lambda: of.check_name_availability(check), lambda it: it.name_available is False)
    path("registries get", lambda: of.get(*AT), lambda it: it.login_server == "pythonregistry.azurecr.io")
    path("registries list", lambda: of.list(), holds(NAME))
    path("registries list of a group", lambda: of.list_by_resource_group(GROUP), holds(NAME))
    path("registries update", lambda: of.begin_update(*AT, {"tags": {"a": "b"}}), tagged(a="b"))
    path("registries credentials", lambda: of.list_credentials(*AT), lambda it: len(it.passwords) == 2)
    path("registries renew a password", lambda: of.regenerate_credential(*AT, {"name": "password"}), lambda it: len(it.passwords) == 2)
    path("registries usages", lambda: of.list_usages(*AT), lambda it: {one.name for one in it.value} >= {"Size", "Webhooks"})
    path("registries private link resources", lambda: of.list_private_link_resources(*AT), lambda all: [one.name for one in all] == ["registry"])
    refused("registries get, none", lambda: of.get(GROUP, "nowhere1"), 404, "ResourceNotFound")
    refused("registries create, too short a name", lambda: of.begin_create(GROUP, "abc", body), 400)
    source = {"source": {"registryUri": "mcr.microsoft.com", "sourceImage": "appsvc/staticsite:latest"}, "targetTags": ["staticsite:v1"]}
    path("registries import", lambda: of.begin_import_image(*AT, source))
    refused("registries import, again", lambda: of.begin_import_image(*AT, source), 409)


def below(registry):
    hooks = registry.webhooks
    hook = {"location": PLACE, "properties": {"serviceUri": "https://example.org/hook", "actions": ["push"]}}
    path("webhooks create", lambda: hooks.begin_create(*AT, "pushed", hook), done)
    path("webhooks get", lambda: hooks.get(*AT, "pushed"), named("pushed"))
    path("webhooks list", lambda: hooks.list(*AT), holds("pushed"))
    path("webhooks update", lambda: hooks.begin_update(*AT, "pushed", {"properties": {"status": "disabled"}}), lambda it: it.status == "disabled")
    path("webhooks address", lambda: hooks.get_callback_config(*AT, "pushed"), lambda it: it.service_uri == "https://example.org/hook")
    path("webhooks ping", lambda: hooks.ping(*AT, "pushed"), lambda it: it.id)
    path("webhooks events", lambda: hooks.list_events(*AT, "pushed"), lambda all: len(all) == 1)
    path("webhooks delete", lambda: hooks.begin_delete(*AT, "pushed"))
    gone("webhooks", lambda: hooks.get(*AT, "pushed"))
    copies = registry.replications
    path("replications create", lambda: copies.begin_create(*AT, "eastus", {"location": "eastus"}), done)
    path("replications get", lambda: copies.get(*AT, "eastus"), named("eastus"))
    path("replications list", lambda: copies.list(*AT), holds("eastus", PLACE))
    path("replications update", lambda: copies.begin_update(*AT, "eastus", {"tags": {"a": "b"}}), tagged(a="b"))
    path("replications delete", lambda: copies.begin_delete(*AT, "eastus"))
    maps, tokens = registry.scope_maps, registry.tokens
    scope = lambda *actions: {"properties": {"actions": list(actions)}}
    read, write = "repositories/staticsite/content/read", "repositories/staticsite/content/write"
    refused("scope maps create, too short a name", lambda: maps.begin_create(*AT, "read", scope(read)), 400)
    path("scope maps create", lambda: maps.begin_create(*AT, "readers", scope(read)), lambda it: it.actions == [read])
    path("scope maps get", lambda: maps.get(*AT, "readers"), named("readers"))
    path("scope maps list", lambda: maps.list(*AT), holds("readers", "_repositories_pull"))
    path("scope maps update", lambda: maps.begin_update(*AT, "readers", scope(read, write)), lambda it: it.actions == [read, write])
    map_id = maps.get(*AT, "readers").id
    path("tokens create", lambda: tokens.begin_create(*AT, "python", {"properties": {"scopeMapId": map_id, "status": "enabled"}}), done)
    path("tokens get", lambda: tokens.get(*AT, "python"), lambda it: it.scope_map_id == map_id)
    path("tokens list", lambda: tokens.list(*AT), holds("python"))
    ask = {"tokenId": tokens.get(*AT, "python").id, "name": "password1"}
    made = path("tokens password", lambda: registry.registries.begin_generate_credentials(*AT, ask), lambda it: it.username == "python" and it.passwords[0].value)
    path("tokens update", lambda: tokens.begin_update(*AT, "python", {"properties": {"status": "enabled"}}), done)
    refused("scope maps delete, in use", lambda: maps.begin_delete(*AT, "readers"), 409)
    caches, sets = registry.cache_rules, registry.credential_sets
    rule = {"properties": {"sourceRepository": "docker.io/library/nginx", "targetRepository": "nginx"}}
    path("cache rules create", lambda: caches.begin_create(*AT, "nginx", rule), done)
    path("cache rules get", lambda: caches.get(*AT, "nginx"), named("nginx"))
    path("cache rules list", lambda: caches.list(*AT), holds("nginx"))
    path("cache rules delete", lambda: caches.begin_delete(*AT, "nginx"))
    login = {"identity": {"type": "SystemAssigned"}, "properties": {"loginServer": "docker.io", "authCredentials": [
        {"name": "Credential1", "usernameSecretIdentifier": "https://v.vault.azure.net/secrets/u", "passwordSecretIdentifier": "https://v.vault.azure.net/secrets/p"}]}}
    path("credential sets create", lambda: sets.begin_create(*AT, "dockerhub", login), done)
    path("credential sets list", lambda: sets.list(*AT), holds("dockerhub"))
    path("credential sets delete", lambda: sets.begin_delete(*AT, "dockerhub"))
    return made and made.passwords[0].value


def without_token(registry):
    path("tokens delete", lambda: registry.tokens.begin_delete(*AT, "python"))
    gone("tokens", lambda: registry.tokens.get(*AT, "python"))
    path("scope maps delete", lambda: registry.scope_maps.begin_delete(*AT, "readers"))
    gone("scope maps", lambda: registry.scope_maps.get(*AT, "readers"))


def builds(tasks):
    """Agent pools, tasks, and runs that there are none of yet."""
    path("upload address", lambda: tasks.registries.get_build_source_upload_url(*AT), lambda it: it.upload_url and it.relative_path)
    pools = tasks.agent_pools
    path("agent pools create", lambda: pools.begin_create(*AT, "pool", {"location": PLACE, "properties": {"count": 1, "tier": "S1", "os": "Linux"}}), done)
    path("agent pools get", lambda: pools.get(*AT, "pool"), named("pool"))
    path("agent pools list", lambda: pools.list(*AT), holds("pool"))
    path("agent pools update", lambda: pools.begin_update(*AT, "pool", {"properties": {"count": 2}}), lambda it: it.count == 2)
    path("agent pools queue", lambda: pools.get_queue_status(*AT, "pool"), lambda it: it.count == 0)
    path("agent pools delete", lambda: pools.begin_delete(*AT, "pool"))
    of = tasks.tasks
    task = {"location": PLACE, "properties": {"status": "Enabled", "platform": {"os": "Linux", "architecture": "amd64"}, "agentConfiguration": {"cpu": 2},
            "step": {"type": "Docker", "contextPath": "https://example.org/source.git", "dockerFilePath": "Dockerfile", "imageNames": ["page:v1"], "isPushEnabled": True}}}
    path("tasks create", lambda: of.create(*AT, "build1", task), done)
    path("tasks get", lambda: of.get(*AT, "build1"), named("build1"))
    path("tasks details", lambda: of.get_details(*AT, "build1"), lambda it: it.step.type == "Docker")
    path("tasks list", lambda: of.list(*AT), holds("build1"))
    path("tasks update", lambda: of.update(*AT, "build1", {"properties": {"status": "Disabled"}}), lambda it: it.status == "Disabled")
    path("tasks delete", lambda: of.delete(*AT, "build1"))
    gone("tasks", lambda: of.get(*AT, "build1"))
    path("runs list", lambda: tasks.runs.list(*AT), lambda all: all == [])
    refused("runs get, none", lambda: tasks.runs.get(*AT, "cs1"), 404)
