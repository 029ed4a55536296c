//! What a program imports: `use lazuli::prelude::*;`.
//!
//! Exactly what a program or a component types: the stack and its values, the kinds of
//! Azure with their enums and nested objects, the ids that setters take, and the traits
//! whose methods or implementations are a user's. Builders come out of `Kind::builder`
//! and need no import; what is written by derives and providers is in
//! [`azure`](crate::azure) and [`core`](crate::core).

pub use std::process::ExitCode;

// Kinds of Azure, their enums and nested objects.
pub use lazuli_azure::{
    AgentPool, ClientCertMode, DefaultAction, DomainNameLabelScope, ElasticPlan, ElasticSku,
    EndpointBilling, EndpointSubnet, FtpsState, FunctionApp, IntegrationSubnet, IpAction, IpMode,
    IpRule, IpVersion, KeyVault, LinkServicePolicies, LinuxPlan, LinuxSku, NetworkAction,
    NetworkRules, NetworkSecurityGroup, NextHop, OutboundRouting, PlanSku, Policies, PrincipalType,
    PrivateDnsZone, PrivateDnsZoneGroup, PrivateEndpoint, PublicAccess, RedundancyMode, Registry,
    RegistryReplication, RegistryScopeMap, RegistrySku, RegistryToken, ReplicationZoneRedundancy,
    ResourceGroup, RoleAssignment, RoleAssignmentMode, Route, RouteTable,
    RouteTableDisablePeeringRoute, RuleBypass, ScmType, SecurityAccess, SecurityDirection,
    SecurityProtocol, SecurityRule, ServicePlan, SharingScope, SiteConfig, SiteConfigLoadBalancing,
    SiteConfigManagedPipelineMode, StorageAccess, StorageAccount, StorageAccountAccessTier,
    StorageAccountAllowedCopyScope, StorageAccountDnsEndpointType,
    StorageAccountLargeFileSharesState, StorageAccountMinimumTlsVersion, StorageKind, StorageSku,
    Subnet, TlsVersion, TokenStatus, UserAssignedIdentity, UserAssignedIdentityIsolationScope,
    VaultAccess, VaultIpRule, VaultNetworkAction, VaultNetworkBypass, VaultNetworkRules,
    VaultSecret, VaultSku, VirtualNetwork, VirtualNetworkLink, VirtualNetworkLinkResolutionPolicy,
    VirtualNetworkPeering, VirtualNetworkPrivateEndpointVNetPolicies, WebApp, WebAppSlot,
    WindowsContainerPlan, WindowsContainerSku, Workspace, WorkspaceAccess, WorkspaceSku,
    ZoneRedundancy,
};
// Kinds and values that no schema knows of.
pub use lazuli_azure::{
    ArmResource, Delegation, Identity, ImageBuild, ImageImport, ImagePush, ImageSource, Os,
    Principal, PrivateLink, RegistryCredentials, RegistryLock, Role, SlotSwap, TokenCredentials,
    ZoneConfig,
};
// Ids of resources that the program does not declare.
pub use lazuli_azure::{
    AgentPoolId, AnyResourceId, ClientId, ElasticPlanId, EndpointSubnetId, FunctionAppId,
    IntegrationSubnetId, KeyVaultId, LinuxPlanId, NatGatewayId, NetworkSecurityGroupId,
    PrincipalId, PrivateDnsZoneId, PrivateEndpointId, RegistryId, ResourceGroupId, RouteTableId,
    ServicePlanId, StorageAccountId, SubnetId, UserAssignedIdentityId, VirtualNetworkId, WebAppId,
    WindowsContainerPlanId, WorkspaceId,
};
// Traits of handles and arguments, for components.
pub use lazuli_azure::{AzureResource, IntoArgument, IntoPrincipal};
pub use lazuli_core::{
    Alias, AsResource, Component, Config, Error, Input, IntoInput, IntoList, IntoMap, List, Map,
    Options, Output, Result, Stack, Timeouts, bail, list,
};
pub use lazuli_macros::{Component, output};
