//! The parts of `Microsoft.Network` around networks and endpoints: peerings, delegations, security
//! groups, route tables, the plain resources that subnets refer to, and private link services.

pub(crate) mod addresses;
pub(crate) mod children;
pub(crate) mod delegations;
pub(crate) mod link_services;
pub(super) mod namespace;
pub(crate) mod peerings;
pub(crate) mod plain;
pub(crate) mod private_link;
pub(crate) mod route_tables;
pub(crate) mod security_groups;

pub(crate) const SECURITY_GROUP: &str = "Microsoft.Network/networkSecurityGroups";
pub(crate) const ROUTE_TABLE: &str = "Microsoft.Network/routeTables";
pub(crate) const NAT_GATEWAY: &str = "Microsoft.Network/natGateways";
pub(crate) const PUBLIC_ADDRESS: &str = "Microsoft.Network/publicIPAddresses";
pub(crate) const APPLICATION_GROUP: &str = "Microsoft.Network/applicationSecurityGroups";
pub(crate) const LOAD_BALANCER: &str = "Microsoft.Network/loadBalancers";
pub(crate) const LINK_SERVICE: &str = "Microsoft.Network/privateLinkServices";
