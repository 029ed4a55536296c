//! Typed resource ids: a virtual network does not fit where a subnet belongs.
//!
//! A setter that wants a [`SubnetId`] takes the handle of a subnet, an output of
//! the id, or an id that was read with [`SubnetId::parse`]. A handle of another
//! kind does not compile.

use lazuli_arm::ResourceId;
use lazuli_core::{Error, FromValue, Property, Result, ToProperty, Value};

/// An id that this crate made itself, from a parent's id and names.
pub(crate) trait TrustedId {
    /// Takes the text as it is.
    fn trusted(text: String) -> Self;
}

/// Declares ids that are no more than a checked text.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $ty:literal;)*) => {$(
        $(#[$meta])*
        #[doc = ""]
        #[doc = concat!("The id of a `", $ty, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the id of a resource that is not declared in this program.
            ///
            /// # Errors
            /// The text is not an ARM id, or names a resource of another type.
            #[track_caller]
            pub fn parse(text: &str) -> Result<Self> {
                checked(text, $ty).map(Self)
            }
        }

        text!($name);
    )*};
}

/// Conversions of a wrapped text.
macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TrustedId for $name {
            fn trusted(text: String) -> Self {
                Self(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ToProperty for $name {
            fn to_property(self) -> Property {
                Property::Value(Value::from(self.0))
            }
        }

        impl FromValue for $name {
            fn from_value(value: &Value) -> Result<Self, String> {
                String::from_value(value).map(Self)
            }
        }
    };
}

ids! {
    /// Names a resource group.
    ResourceGroupId = "Microsoft.Resources/resourceGroups";
    /// Names a virtual network.
    VirtualNetworkId = "Microsoft.Network/virtualNetworks";
    /// Names a subnet.
    SubnetId = "Microsoft.Network/virtualNetworks/subnets";
    /// Names a subnet that is delegated to App Service.
    IntegrationSubnetId = "Microsoft.Network/virtualNetworks/subnets";
    /// Names a subnet that private endpoints can be placed in.
    EndpointSubnetId = "Microsoft.Network/virtualNetworks/subnets";
    /// Names a private DNS zone.
    PrivateDnsZoneId = "Microsoft.Network/privateDnsZones";
    /// Names the link between a private DNS zone and a virtual network.
    VirtualNetworkLinkId = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
    /// Names a private endpoint.
    PrivateEndpointId = "Microsoft.Network/privateEndpoints";
    /// Names the DNS zone group of a private endpoint.
    PrivateDnsZoneGroupId = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
    /// Names a container registry.
    RegistryId = "Microsoft.ContainerRegistry/registries";
    /// Names a scope map of a registry.
    RegistryScopeMapId = "Microsoft.ContainerRegistry/registries/scopeMaps";
    /// Names a token of a registry.
    RegistryTokenId = "Microsoft.ContainerRegistry/registries/tokens";
    /// Names a replication of a registry.
    RegistryReplicationId = "Microsoft.ContainerRegistry/registries/replications";
    /// Names an agent pool of a registry.
    AgentPoolId = "Microsoft.ContainerRegistry/registries/agentPools";
    /// Names a key vault.
    KeyVaultId = "Microsoft.KeyVault/vaults";
    /// Names a secret of a key vault.
    VaultSecretId = "Microsoft.KeyVault/vaults/secrets";
    /// Names a storage account.
    StorageAccountId = "Microsoft.Storage/storageAccounts";
    /// Names a peering of a virtual network.
    VirtualNetworkPeeringId = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
    /// Names an App Service plan.
    ServicePlanId = "Microsoft.Web/serverfarms";
    /// Names an App Service plan for Linux.
    LinuxPlanId = "Microsoft.Web/serverfarms";
    /// Names an App Service plan for Windows containers.
    WindowsContainerPlanId = "Microsoft.Web/serverfarms";
    /// Names an Elastic Premium plan.
    ElasticPlanId = "Microsoft.Web/serverfarms";
    /// Names a function app.
    FunctionAppId = "Microsoft.Web/sites";
    /// Names a deployment slot of a web app.
    WebAppSlotId = "Microsoft.Web/sites/slots";
    /// Names a web app.
    WebAppId = "Microsoft.Web/sites";
    /// Names a role assignment.
    RoleAssignmentId = "Microsoft.Authorization/roleAssignments";
    /// Names a user-assigned identity.
    UserAssignedIdentityId = "Microsoft.ManagedIdentity/userAssignedIdentities";
    /// Names a network security group.
    NetworkSecurityGroupId = "Microsoft.Network/networkSecurityGroups";
    /// Names a route table.
    RouteTableId = "Microsoft.Network/routeTables";
    /// Names a NAT gateway.
    NatGatewayId = "Microsoft.Network/natGateways";
}

/// The id of any resource, where the type does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyResourceId(String);
text!(AnyResourceId);

impl AnyResourceId {
    /// Reads the id of a resource that is not declared in this program.
    ///
    /// # Errors
    /// The text is not an ARM id.
    #[track_caller]
    pub fn parse(text: &str) -> Result<Self> {
        ResourceId::parse(text).map_err(malformed)?;
        Ok(Self(text.to_owned()))
    }
}

/// The object id of an identity in Entra ID: who a role is given to. Not a
/// resource id, and not a client id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(String);
text!(PrincipalId);

/// The application (client) id of an identity: what an app asks tokens with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(String);
text!(ClientId);

/// GUIDs of Entra ID.
macro_rules! guids {
    ($($name:ident: $what:literal),*) => {$(
        impl $name {
            /// Reads a GUID.
            ///
            /// # Errors
            /// The text is not a GUID (a resource id, for example).
            #[track_caller]
            pub fn parse(text: &str) -> Result<Self> {
                match lazuli_arm::Uuid::try_parse(text) {
                    Ok(guid) => Ok(Self(guid.to_string())),
                    Err(_) => Err(Error::with_help(
                        format!("`{text}` is not a GUID"),
                        concat!("give the ", $what),
                    )),
                }
            }
        }
    )*};
}
guids!(
    PrincipalId: "object id of the identity, not its resource id nor its client id",
    ClientId: "client (application) id of the identity, not its resource id nor its object id"
);

#[track_caller]
fn checked(text: &str, ty: &str) -> Result<String> {
    let id = ResourceId::parse(text).map_err(malformed)?;
    let found = id.resource_type();
    if found.eq_ignore_ascii_case(ty) {
        return Ok(text.to_owned());
    }
    Err(Error::with_help(
        format!("`{text}` is the id of a {found}, not of a {ty}"),
        format!("give the id of a {ty}"),
    ))
}

#[track_caller]
fn malformed(error: lazuli_arm::IdError) -> Error {
    Error::with_help(
        error.to_string(),
        "copy the resource id from the portal's JSON view, or from `az resource show --query id`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";

    #[test]
    fn an_id_of_another_type_is_refused() {
        assert_eq!(VirtualNetworkId::parse(NETWORK).unwrap().as_str(), NETWORK);
        let error = SubnetId::parse(NETWORK).unwrap_err();
        assert_eq!(
            error.message(),
            format!(
                "`{NETWORK}` is the id of a Microsoft.Network/virtualNetworks, not of a \
                 Microsoft.Network/virtualNetworks/subnets"
            )
        );
        assert!(AnyResourceId::parse("virtualNetworks/v").is_err());
    }

    #[test]
    fn a_client_id_is_a_guid() {
        assert!(ClientId::parse(NETWORK).is_err());
        let guid = ClientId::parse("7F951DDA-4ed3-4680-a7ca-43fe172d538d").unwrap();
        assert_eq!(guid.as_str(), "7f951dda-4ed3-4680-a7ca-43fe172d538d");
    }
}
