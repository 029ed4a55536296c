"""Groups, resources by id, providers, tags, locks, deployments, identities, roles."""

from harness import GROUP, PLACE, ROOT, SCOPE, done, gone, holds, lacks, named, path, refused, tagged

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"


def groups(resources):
    of = resources.resource_groups
    group = {"location": PLACE, "tags": {"a": "1"}}
    path("groups create", lambda: of.create_or_update(GROUP, group), named(GROUP))
    path("groups get", lambda: of.get(GROUP), tagged(a="1"))
    path("groups exist", lambda: of.check_existence(GROUP), lambda it: it is True)
    path("groups exist, none", lambda: of.check_existence("nowhere"), lambda it: it is False)
    path("groups update", lambda: of.update(GROUP, {"tags": {"b": "2"}}), tagged(b="2"))
    path("groups list", lambda: of.list(), holds(GROUP))
    path("groups list, by tag", lambda: of.list(filter="tagName eq 'b' and tagValue eq '2'"), holds(GROUP))
    refused("groups get, none", lambda: of.get("nowhere"), 404, "ResourceGroupNotFound")
    refused("groups create, without a location", lambda: of.create_or_update("nowhere", {}), 400)
    path("providers get", lambda: resources.providers.get("Microsoft.Web"), lambda it: it.registration_state == "Registered")
    path("providers list", lambda: resources.providers.list(), lambda all: {"Microsoft.Web", "Microsoft.Network"} <= {one.namespace for one in all})
    path("providers register", lambda: resources.providers.register("Microsoft.Network"), lambda it: it.namespace == "Microsoft.Network")


def by_id(resources):
    of = resources.resources
    version = {"api_version": "2025-07-01"}
    asg = lambda name: f"{SCOPE}/providers/Microsoft.Network/applicationSecurityGroups/{name}"
    one = asg("generic")
    path("resources create by id", lambda: of.begin_create_or_update_by_id(one, {"location": PLACE}, **version), named("generic"))
    path("resources get by id", lambda: of.get_by_id(one, **version), named("generic"))
    path("resources update by id", lambda: of.begin_update_by_id(one, {"tags": {"x": "y"}}, **version), tagged(x="y"))
    path("resources exist by id", lambda: of.check_existence_by_id(one, **version), lambda it: it is True)
    path("resources list", lambda: of.list(), holds("generic"))
    path("resources list, of a type", lambda: of.list(filter="resourceType eq 'Microsoft.Web/sites'"), lambda all: all == [])
    path("resources list, by tag", lambda: of.list(filter="tagName eq 'x' and tagValue eq 'y'"), lambda all: [one.name for one in all] == ["generic"])
    path("resources list of a group", lambda: of.list_by_resource_group(GROUP), holds("generic"))
    parts = (GROUP, "Microsoft.Network", "", "applicationSecurityGroups", "generic")
    path("resources get by name", lambda: of.get(*parts, **version), named("generic"))
    path("resources delete by id", lambda: of.begin_delete_by_id(one, **version))
    gone("resources by id", lambda: of.get_by_id(one, **version))
    names = [f"page{number}" for number in range(5)]
    for name in names:
        path(f"resources create, {name}", lambda: of.begin_create_or_update_by_id(asg(name), {"location": PLACE}, **version), named(name))
    path("resources list, the first page", lambda: next(of.list(top=2).by_page()), lambda page: len(list(page)) == 2)
    path("resources list, page by page", lambda: of.list(top=2), holds(*names))
    for name in names:
        path(f"resources delete, {name}", lambda: of.begin_delete_by_id(asg(name), **version))


def tags(resources):
    of = resources.tags
    merge = {"operation": "Merge", "properties": {"tags": {"c": "3"}}}
    take = {"operation": "Delete", "properties": {"tags": {"c": "3"}}}
    path("tags update at scope", lambda: of.begin_update_at_scope(SCOPE, merge), lambda it: it.properties.tags == {"b": "2", "c": "3"})
    path("tags get at scope", lambda: of.get_at_scope(SCOPE), lambda it: it.properties.tags["c"] == "3")
    path("tags take away", lambda: of.begin_update_at_scope(SCOPE, take), lambda it: it.properties.tags == {"b": "2"})
    path("tags replace", lambda: of.begin_create_or_update_at_scope(SCOPE, {"properties": {"tags": {"d": "4"}}}), lambda it: it.properties.tags == {"d": "4"})
    path("tags delete at scope", lambda: of.begin_delete_at_scope(SCOPE))
    path("tags, gone", lambda: of.get_at_scope(SCOPE), lambda it: not it.properties.tags)
    path("tag names create", lambda: of.create_or_update("team"), lambda it: it.tag_name == "team")
    path("tag values create", lambda: of.create_or_update_value("team", "blue"), lambda it: it.tag_value == "blue")
    path("tag names list", lambda: of.list(), lambda all: any(one.tag_name == "team" for one in all))
    path("tag values delete", lambda: of.delete_value("team", "blue"))
    path("tag names delete", lambda: of.delete("team"))


def identities(msi):
    of = msi.user_assigned_identities
    path("identities create", lambda: of.create_or_update(GROUP, "who", {"location": PLACE}), lambda it: it.principal_id and it.client_id)
    path("identities get", lambda: of.get(GROUP, "who"), named("who"))
    path("identities list", lambda: of.list_by_resource_group(GROUP), holds("who"))
    path("identities list all", lambda: of.list_by_subscription(), holds("who"))
    path("identities update", lambda: of.update(GROUP, "who", {"tags": {"a": "b"}}), tagged(a="b"))
    federated = {"properties": {"issuer": "https://example.org", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}}
    keys = msi.federated_identity_credentials
    path("federated credentials create", lambda: keys.create_or_update(GROUP, "who", "cicd", federated), named("cicd"))
    path("federated credentials get", lambda: keys.get(GROUP, "who", "cicd"), lambda it: it.subject == "s")
    path("federated credentials list", lambda: keys.list(GROUP, "who"), holds("cicd"))
    path("federated credentials delete", lambda: keys.delete(GROUP, "who", "cicd"))
    gone("federated credentials", lambda: keys.get(GROUP, "who", "cicd"))
    return of.get(GROUP, "who")


def roles(authorization, principal):
    scope = f"{SCOPE}/providers/Microsoft.ContainerRegistry/registries/pythonregistry"
    name = "aaaaaaaa-0000-0000-0000-000000000001"
    of, definitions = authorization.role_assignments, authorization.role_definitions
    role = f"{ROOT}/providers/Microsoft.Authorization/roleDefinitions/"
    body = {"role_definition_id": role + ACR_PULL, "principal_id": principal, "principal_type": "ServicePrincipal"}
    path("role definitions list", lambda: definitions.list(scope, filter="roleName eq 'AcrPull'"), lambda all: [one.name for one in all] == [ACR_PULL])
    path("role definitions get", lambda: definitions.get(scope, ACR_PULL), lambda it: it.role_name == "AcrPull")
    path("role definitions get by id", lambda: definitions.get_by_id(role + ACR_PULL), lambda it: it.role_name == "AcrPull")
    path("role assignments create", lambda: of.create(scope, name, body), named(name))
    path("role assignments create again", lambda: of.create(scope, name, body), named(name))
    refused("role assignments create, the same by another name", lambda: of.create(scope, name[:-1] + "2", body), 409, "RoleAssignmentExists")
    path("role assignments get", lambda: of.get(scope, name), lambda it: it.principal_id == principal)
    path("role assignments get by id", lambda: of.get_by_id(f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"), named(name))
    path("role assignments list", lambda: of.list_for_scope(scope, filter=f"principalId eq '{principal}'"), holds(name))
    path("role assignments list of a group", lambda: of.list_for_resource_group(GROUP), holds(name))
    path("role assignments list all", lambda: of.list_for_subscription(), holds(name))
    path("role assignments delete", lambda: of.delete(scope, name), named(name))
    gone("role assignments", lambda: of.get(scope, name))
    path("permissions list", lambda: authorization.permissions.list_for_resource_group(GROUP), lambda all: all[0].actions == ["*"])
    own = "aaaaaaaa-0000-0000-0000-00000000000a"
    custom = {"role_name": "Reads groups", "type": "CustomRole", "assignable_scopes": [ROOT],
              "permissions": [{"actions": ["Microsoft.Resources/subscriptions/resourceGroups/read"], "not_actions": []}]}
    path("role definitions create", lambda: definitions.create_or_update(ROOT, own, custom), lambda it: it.role_name == "Reads groups")
    path("role definitions list, custom", lambda: definitions.list(ROOT, filter="type eq 'CustomRole'"), lambda all: [one.name for one in all] == [own])
    path("role definitions delete", lambda: definitions.delete(ROOT, own))
    gone("role definitions", lambda: definitions.get(ROOT, own))


def deployments(deploy, locks, msi):
    template = {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
                "parameters": {"name": {"type": "string", "defaultValue": "declared"}},
                "resources": [{"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31",
                               "name": "[parameters('name')]", "location": PLACE}]}
    body = {"properties": {"mode": "Incremental", "template": template}}
    broken = {"properties": {"mode": "Incremental", "template": template | {"resources": [{"type": "Microsoft.Nowhere/things", "name": "x"}]}}}
    of = deploy.deployments
    path("deployments validate", lambda: of.begin_validate(GROUP, "first", body), lambda it: it.error is None)
    path("deployments what-if", lambda: of.begin_what_if(GROUP, "first", body), lambda it: [one.change_type for one in it.changes if one.resource_id.endswith("/declared")] == ["Create"])
    path("deployments create", lambda: of.begin_create_or_update(GROUP, "first", body), done)
    path("deployments get", lambda: of.get(GROUP, "first"), named("first"))
    path("deployments exist", lambda: of.check_existence(GROUP, "first"), lambda it: it is True)
    path("deployments list", lambda: of.list_by_resource_group(GROUP), holds("first"))
    path("deployments operations", lambda: deploy.deployment_operations.list(GROUP, "first"), lambda all: any("declared" in str(one.properties.target_resource) for one in all))
    path("deployments export", lambda: of.export_template(GROUP, "first"), lambda it: it.template["resources"][0]["name"] == "[parameters('name')]")
    path("deployments what-if, again", lambda: of.begin_what_if(GROUP, "first", body), lambda it: "Create" not in [one.change_type for one in it.changes])
    refused("deployments create, broken", lambda: of.begin_create_or_update(GROUP, "second", broken), 400, "InvalidTemplate")
    path("deployments delete", lambda: of.begin_delete(GROUP, "first"))
    gone("deployments", lambda: of.get(GROUP, "first"))
    held = locks.management_locks
    path("locks create", lambda: held.create_or_update_at_resource_group_level(GROUP, "keep", {"level": "CanNotDelete"}), named("keep"))
    path("locks get", lambda: held.get_at_resource_group_level(GROUP, "keep"), lambda it: it.level == "CanNotDelete")
    path("locks list", lambda: held.list_at_resource_group_level(GROUP), holds("keep"))
    path("locks list all", lambda: held.list_at_subscription_level(), holds("keep"))
    refused("locks in the way", lambda: msi.user_assigned_identities.delete(GROUP, "declared"), 409, "ScopeLocked")
    path("locks delete", lambda: held.delete_at_resource_group_level(GROUP, "keep"))
    path("locks, gone", lambda: held.list_at_resource_group_level(GROUP), lacks("keep"))
    path("the declared one goes", lambda: msi.user_assigned_identities.delete(GROUP, "declared"))
