//! `Microsoft.Authorization/roleDefinitions`: the built-in roles that this Azure needs, and custom ones.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::groups::conditions;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Authorization/roleDefinitions";

pub(crate) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
#[cfg(test)]
pub(crate) const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/// A built-in role; names, ids and permissions as the built-in role reference lists them.
struct Role {
    name: &'static str,
    id: &'static str,
    about: &'static str,
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
    data_actions: &'static [&'static str],
}

const fn role(
    name: &'static str,
    id: &'static str,
    about: &'static str,
    actions: &'static [&'static str],
) -> Role {
    Role {
        name,
        id,
        about,
        actions,
        not_actions: &[],
        data_actions: &[],
    }
}

const ROLES: &[Role] = &[
    role(
        "Owner",
        OWNER,
        "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        &["*"],
    ),
    Role {
        not_actions: &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Purview/consents/write",
            "Microsoft.Purview/consents/delete",
        ],
        ..role(
            "Contributor",
            "b24988ac-6180-42a0-ab88-20f7382dd24c",
            "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.",
            &["*"],
        )
    },
    role(
        "Reader",
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "View all resources, but does not allow you to make any changes.",
        &["*/read"],
    ),
    role(
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "Lets you manage user access to Azure resources.",
        &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
    ),
    role(
        "Role Based Access Control Administrator",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        "Manage access to Azure resources by assigning roles using Azure RBAC.",
        &[
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ],
    ),
    role(
        "AcrPull",
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "acr pull",
        &["Microsoft.ContainerRegistry/registries/pull/read"],
    ),
    role(
        "AcrPush",
        "8311e382-0749-4cb8-b61a-304f252e45ec",
        "acr push",
        &[
            "Microsoft.ContainerRegistry/registries/pull/read",
            "Microsoft.ContainerRegistry/registries/push/write",
        ],
    ),
    role(
        "AcrDelete",
        "c2f4ef07-c644-48eb-af81-4b1b4947fb11",
        "acr delete",
        &["Microsoft.ContainerRegistry/registries/artifacts/delete"],
    ),
    role(
        "AcrImageSigner",
        "6cef56e8-d556-48e5-a04f-b8e64114680f",
        "acr image signer",
        &["Microsoft.ContainerRegistry/registries/sign/write"],
    ),
    Role {
        data_actions: &[
            "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
            "Microsoft.ContainerRegistry/registries/repositories/content/read",
        ],
        ..role(
            "Container Registry Repository Reader",
            "b93aa761-3e63-49ed-ac28-beffa264f7ac",
            "Allows for read access to Azure Container Registry repositories, but excluding catalog listing.",
            &[],
        )
    },
    Role {
        data_actions: &[
            "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
            "Microsoft.ContainerRegistry/registries/repositories/content/read",
            "Microsoft.ContainerRegistry/registries/repositories/metadata/write",
            "Microsoft.ContainerRegistry/registries/repositories/content/write",
        ],
        ..role(
            "Container Registry Repository Writer",
            "2a1e307c-b015-4ebd-883e-5b7698a07328",
            "Allows for read and write access to Azure Container Registry repositories, but excluding catalog listing.",
            &[],
        )
    },
    Role {
        data_actions: &[
            "Microsoft.ContainerRegistry/registries/repositories/metadata/*",
            "Microsoft.ContainerRegistry/registries/repositories/content/*",
        ],
        ..role(
            "Container Registry Repository Contributor",
            "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
            "Allows for read, write, and delete access to Azure Container Registry repositories, but excluding catalog listing.",
            &[],
        )
    },
    Role {
        data_actions: &["Microsoft.ContainerRegistry/registries/catalog/read"],
        ..role(
            "Container Registry Repository Catalog Lister",
            "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7",
            "Allows for listing all repositories in an Azure Container Registry.",
            &[],
        )
    },
    role(
        "Container Registry Tasks Contributor",
        "fb382eab-e894-4461-af04-94435c366c3f",
        "Provides permissions to configure, read, list, trigger, or cancel Container Registry Tasks, Task Runs, Task Logs, Quick Runs, Quick Builds, and Task Agent Pools.",
        &[
            "Microsoft.ContainerRegistry/registries/read",
            "Microsoft.ContainerRegistry/registries/runs/*",
            "Microsoft.ContainerRegistry/registries/tasks/*",
            "Microsoft.ContainerRegistry/registries/agentpools/*",
            "Microsoft.ContainerRegistry/registries/scheduleRun/action",
            "Microsoft.ContainerRegistry/registries/listBuildSourceUploadUrl/action",
        ],
    ),
    Role {
        data_actions: &[
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
        ..role(
            "Key Vault Secrets User",
            "4633458b-17de-408a-b874-0445c86b69e6",
            "Read secret contents.",
            &[],
        )
    },
    role(
        "Managed Identity Operator",
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Read and Assign User Assigned Identity",
        &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
    ),
    role(
        "Managed Identity Contributor",
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Create, Read, Update, and Delete User Assigned Identity",
        &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
    ),
    role(
        "Network Contributor",
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Lets you manage networks, but not access to them.",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Network/*",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
    ),
    role(
        "Private DNS Zone Contributor",
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Lets you manage private DNS zone resources, but not the virtual networks they are linked to.",
        &[
            "Microsoft.Network/privateDnsZones/*",
            "Microsoft.Network/privateDnsOperationResults/*",
            "Microsoft.Network/privateDnsOperationStatuses/*",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/join/action",
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
    ),
    role(
        "Website Contributor",
        "de139f84-1756-47ae-9be6-808fbbe84772",
        "Lets you manage websites (not web plans), but not access to them.",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Web/certificates/*",
            "Microsoft.Web/serverFarms/join/action",
            "Microsoft.Web/serverFarms/read",
            "Microsoft.Web/sites/*",
        ],
    ),
    role(
        "Web Plan Contributor",
        "2cc479cb-7b4d-49a8-b449-8c00fd0f0a4b",
        "Lets you manage the web plans for websites, but not access to them.",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Web/serverFarms/*",
        ],
    ),
];

fn built_in(role: &Role, subscription: &str) -> Value {
    let data = role.data_actions;
    json!({
        "properties": {
            "roleName": role.name, "type": "BuiltInRole", "description": role.about, "assignableScopes": ["/"],
            "permissions": [{ "actions": role.actions, "notActions": role.not_actions, "dataActions": data, "notDataActions": [] }],
            "createdOn": "2015-02-02T21:55:09.8806423Z", "updatedOn": "2021-11-11T20:13:47.8628684Z", "createdBy": null, "updatedBy": null,
        },
        "id": format!("/subscriptions/{subscription}/providers/{KIND}/{}", role.id), "type": KIND, "name": role.id,
    })
}

/// The definition an id ends in, built-in or custom.
pub(crate) fn find(world: &World, id: &str) -> Option<Value> {
    let name = id.rsplit('/').next()?;
    let known = ROLES.iter().find(|role| role.id.eq_ignore_ascii_case(name));
    known
        .map(|role| built_in(role, &world.settings().subscription))
        .or_else(|| {
            let custom = world
                .of_kind(KIND)
                .into_iter()
                .find(|role| role.name().eq_ignore_ascii_case(name));
            custom.map(|role| role.body)
        })
}

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let subscription = call.world.settings().subscription.clone();
    let custom = call.world.of_kind(KIND).into_iter().map(|role| role.body);
    let all = ROLES
        .iter()
        .map(|role| built_in(role, &subscription))
        .chain(custom);
    let filter = call.incoming.query_value("$filter").unwrap_or_default();
    let wanted = conditions(&filter);
    let fits = |role: &Value| {
        wanted.iter().all(|(field, value)| match field.as_str() {
            "rolename" => json::same(json::text(&role["properties"]["roleName"]), value),
            "type" => json::same(json::text(&role["properties"]["type"]), value),
            _ => true,
        })
    };
    Ok(Answer::list(all.filter(fits).collect()))
}

pub(crate) fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    find(call.world, call.target.name())
        .map(Answer::ok)
        .ok_or_else(|| missing(call.target.name()))
}

pub(crate) fn missing(name: &str) -> Answer {
    let message = format!("The specified role definition with ID '{name}' does not exist.");
    Answer::error(404, "RoleDefinitionDoesNotExist", message)
}

/// A custom role.
pub(crate) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    let name = call.target.name();
    if ROLES.iter().any(|role| role.id.eq_ignore_ascii_case(name)) {
        let message = format!("The role definition '{name}' is built in and cannot be changed.");
        return Err(Answer::error(
            403,
            "RoleDefinitionUpdateNotPermitted",
            message,
        ));
    }
    if json::text(&given["roleName"]).is_empty()
        || json::items(&given["assignableScopes"]).next().is_none()
    {
        let message =
            "The role definition must have a roleName and at least one of assignableScopes.";
        return Err(Answer::error(400, "InvalidRoleDefinition", message));
    }
    let permission = |one: &Value| {
        let list = |key: &str| one[key].as_array().cloned().unwrap_or_default();
        json!({
            "actions": list("actions"), "notActions": list("notActions"),
            "dataActions": list("dataActions"), "notDataActions": list("notDataActions"),
        })
    };
    let permissions: Vec<Value> = json::items(&given["permissions"]).map(permission).collect();
    let now = Timestamp::now().to_string();
    let subscription = &call.world.settings().subscription;
    let id = format!("/subscriptions/{subscription}/providers/{KIND}/{name}");
    let body = json!({
        "properties": {
            "roleName": given["roleName"], "type": "CustomRole", "description": given["description"],
            "assignableScopes": given["assignableScopes"], "permissions": permissions,
            "createdOn": now, "updatedOn": now, "createdBy": call.caller.principal, "updatedBy": call.caller.principal,
        },
        "id": id, "type": KIND, "name": name,
    });
    call.world.put(Resource {
        id,
        kind: KIND.into(),
        body: body.clone(),
        private: Value::Null,
    });
    let mut shown = body;
    json::set(&mut shown["properties"], "createdBy", Value::Null);
    Ok(Answer::json(StatusCode::CREATED, shown))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let found = call
        .world
        .of_kind(KIND)
        .into_iter()
        .find(|role| json::same(role.name(), call.target.name()));
    match found.and_then(|role| call.world.remove(&role.id)) {
        Some(role) => Ok(Answer::ok(role.body)),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}
