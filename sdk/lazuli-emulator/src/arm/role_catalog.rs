//! The built-in roles of this Azure; names, ids and permissions as the built-in role reference lists them.

use super::roles::OWNER;

/// A built-in role.
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) actions: &'static [&'static str],
    pub(crate) not_actions: &'static [&'static str],
    pub(crate) data_actions: &'static [&'static str],
    pub(crate) not_data_actions: &'static [&'static str],
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
        not_data_actions: &[],
    }
}

/// The roles, in the order of the built-in role reference: general ones first, then by service.
pub(crate) const ROLES: &[Role] = &[
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

const VAULT_READS: &[&str] = &[
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
    "Microsoft.KeyVault/checkNameAvailability/read",
    "Microsoft.KeyVault/deletedVaults/read",
    "Microsoft.KeyVault/locations/*/read",
    "Microsoft.KeyVault/vaults/*/read",
    "Microsoft.KeyVault/operations/read",
];

/// A role over what a vault holds.
const fn vault(
    name: &'static str,
    id: &'static str,
    about: &'static str,
    data_actions: &'static [&'static str],
) -> Role {
    Role {
        data_actions,
        ..role(name, id, about, VAULT_READS)
    }
}

/// A role over content alone.
const fn data(
    name: &'static str,
    id: &'static str,
    about: &'static str,
    actions: &'static [&'static str],
    data_actions: &'static [&'static str],
) -> Role {
    Role {
        data_actions,
        ..role(name, id, about, actions)
    }
}

/// Roles over the services beside the ones above; kept apart for their number.
pub(crate) const MORE_ROLES: &[Role] = &[
    vault(
        "Key Vault Administrator",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "Perform all data plane operations on a key vault and all objects in it, including certificates, keys, and secrets. Cannot manage key vault resources or manage role assignments.",
        &["Microsoft.KeyVault/vaults/*"],
    ),
    Role {
        not_actions: &[
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
            "Microsoft.KeyVault/hsmPools/*",
            "Microsoft.KeyVault/managedHsms/*",
        ],
        ..role(
            "Key Vault Contributor",
            "f25e0fa2-a7c8-4377-a976-54943a77a395",
            "Lets you manage key vaults, but not access to them.",
            &[
                "Microsoft.Authorization/*/read",
                "Microsoft.Insights/alertRules/*",
                "Microsoft.KeyVault/*",
                "Microsoft.Resources/deployments/*",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                "Microsoft.Support/*",
            ],
        )
    },
    vault(
        "Key Vault Secrets Officer",
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        "Perform any action on the secrets of a key vault, except manage permissions.",
        &["Microsoft.KeyVault/vaults/secrets/*"],
    ),
    vault(
        "Key Vault Reader",
        "21090545-7ca7-4776-b22c-e363652d74d2",
        "Read metadata of key vaults and its certificates, keys, and secrets.",
        &[
            "Microsoft.KeyVault/vaults/*/read",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
    ),
    vault(
        "Key Vault Certificates Officer",
        "a4417e6f-fecd-4de8-b567-7b0420556985",
        "Perform any action on the certificates of a key vault, except manage permissions.",
        &[
            "Microsoft.KeyVault/vaults/certificatecas/*",
            "Microsoft.KeyVault/vaults/certificates/*",
            "Microsoft.KeyVault/vaults/certificatecontacts/write",
        ],
    ),
    vault(
        "Key Vault Crypto Officer",
        "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
        "Perform any action on the keys of a key vault, except manage permissions.",
        &[
            "Microsoft.KeyVault/vaults/keys/*",
            "Microsoft.KeyVault/vaults/keyrotationpolicies/*",
        ],
    ),
    data(
        "Storage Blob Data Owner",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "Allows for full access to Azure Storage blob containers and data, including assigning POSIX access control.",
        &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/*",
            "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
        ],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
    ),
    data(
        "Storage Blob Data Contributor",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Allows for read, write and delete access to Azure Storage blob containers and data",
        &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            "Microsoft.Storage/storageAccounts/blobServices/containers/write",
            "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
        ],
        &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
        ],
    ),
    data(
        "Storage Blob Data Reader",
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "Allows for read access to Azure Storage blob containers and data",
        &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
        ],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
    role(
        "Storage Account Contributor",
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Lets you manage storage accounts, including accessing storage account keys which provide full access to storage account data.",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Insights/diagnosticSettings/*",
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Storage/storageAccounts/*",
            "Microsoft.Support/*",
        ],
    ),
    role(
        "Monitoring Reader",
        "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        "Can read all monitoring data.",
        &[
            "*/read",
            "Microsoft.OperationalInsights/workspaces/search/action",
            "Microsoft.Support/*",
        ],
    ),
    data(
        "Monitoring Metrics Publisher",
        "3913510d-42f4-4e42-8a64-420c390055eb",
        "Enables publishing metrics against Azure resources",
        &[
            "Microsoft.Insights/Register/Action",
            "Microsoft.Support/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
        &[
            "Microsoft.Insights/Metrics/Write",
            "Microsoft.Insights/Telemetry/Write",
        ],
    ),
    role(
        "Virtual Machine Contributor",
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "Lets you manage virtual machines, but not access to them, and not the virtual network or storage account they're connected to.",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Compute/availabilitySets/*",
            "Microsoft.Compute/locations/*",
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Compute/virtualMachineScaleSets/*",
            "Microsoft.Compute/disks/write",
            "Microsoft.Compute/disks/read",
            "Microsoft.Compute/disks/delete",
            "Microsoft.Network/locations/*",
            "Microsoft.Network/networkInterfaces/*",
            "Microsoft.Network/networkSecurityGroups/join/action",
            "Microsoft.Network/networkSecurityGroups/read",
            "Microsoft.Network/publicIPAddresses/join/action",
            "Microsoft.Network/publicIPAddresses/read",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
        ],
    ),
    role(
        "DNS Zone Contributor",
        "befefa01-2a29-4197-83a8-272ff33ce314",
        "Lets you manage DNS zones and record sets in Azure DNS, but does not let you control who has access to them.",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Network/dnsZones/*",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
        ],
    ),
    data(
        "App Configuration Data Reader",
        "516239f1-63e1-4d78-a4de-a74fb236a071",
        "Allows read access to App Configuration data.",
        &[],
        &["Microsoft.AppConfiguration/configurationStores/*/read"],
    ),
    role(
        "Tag Contributor",
        "4a9ae827-6dc8-4573-8ac7-8239d42aa03f",
        "Lets you manage tags on entities, without providing access to the entities themselves.",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
            "Microsoft.Resources/subscriptions/resources/read",
            "Microsoft.Resources/tags/*",
            "Microsoft.Support/*",
        ],
    ),
    role(
        "Container Registry Contributor and Data Access Configuration Administrator",
        "3bc748fc-213d-45c1-8d91-9da5725539b9",
        "Provides permissions to create, list, and update container registries and registry configuration properties.",
        &[
            "Microsoft.ContainerRegistry/registries/write",
            "Microsoft.ContainerRegistry/registries/read",
            "Microsoft.ContainerRegistry/registries/delete",
            "Microsoft.ContainerRegistry/registries/operationStatuses/read",
            "Microsoft.ContainerRegistry/registries/listCredentials/action",
            "Microsoft.ContainerRegistry/registries/regenerateCredential/action",
            "Microsoft.ContainerRegistry/registries/generateCredentials/action",
            "Microsoft.ContainerRegistry/registries/listUsages/read",
            "Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action",
            "Microsoft.ContainerRegistry/registries/privateEndpointConnections/*",
            "Microsoft.ContainerRegistry/registries/replications/*",
            "Microsoft.ContainerRegistry/registries/tokens/*",
            "Microsoft.ContainerRegistry/registries/scopeMaps/*",
            "Microsoft.ContainerRegistry/locations/*/read",
            "Microsoft.ContainerRegistry/checkNameAvailability/read",
        ],
    ),
];
