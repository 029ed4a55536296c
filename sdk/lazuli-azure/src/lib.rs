//! Typed Azure resources, and the provider that deploys them.
//!
//! [`generated`] holds the builders and handles that follow from the services'
//! schemas; [`resources`] holds what is written by hand: what every handle
//! wraps, and the sugar that a schema cannot know of. [`ids`] keeps the id of a
//! network from being used where a subnet belongs. [`image`] builds container
//! images. [`provider`] turns declared inputs into requests, and [`verify`] finds
//! topologies that could never work before anything is deployed; `display` says how
//! pictures show them. [`mod@record`] is what is known of a type, in one place for each.

mod display;
pub mod generated;
pub mod ids;
pub mod image;
pub mod provider;
pub mod record;
pub mod resources;
pub mod verify;

pub use generated::*;
pub use ids::{
    AgentPoolId, AnyResourceId, ClientId, ElasticPlanId, EndpointSubnetId, FunctionAppId,
    IntegrationSubnetId, KeyVaultId, LinuxPlanId, NatGatewayId, NetworkSecurityGroupId,
    PrincipalId, PrivateDnsZoneId, PrivateEndpointId, RegistryId, ResourceGroupId, RouteTableId,
    ServicePlanId, StorageAccountId, SubnetId, UserAssignedIdentityId, VirtualNetworkId, WebAppId,
    WindowsContainerPlanId, WorkspaceId,
};
pub use image::{
    ImageBuild, ImageBuildBuilder, ImageImport, ImageImportBuilder, ImagePush, ImagePushBuilder,
    ImageSource,
};
pub use resources::{
    AnyProperty, ArmResource, ArmResourceBuilder, AzureResource, Block, Declaration, DeclaredIn,
    Delegation, Identity, IntoArgument, IntoPrincipal, Lookup, Os, PROVIDER, ParentRef, Principal,
    PrivateLink, RegistryCredentials, RegistryLock, Resource, Role, SlotSwap, TokenCredentials,
    ZoneConfig,
};
