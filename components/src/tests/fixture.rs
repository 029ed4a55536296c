//! The network that most programs of these tests begin with.

use lazuli::prelude::*;

/// A group with a network and a subnet for apps in it.
pub(super) struct Network {
    pub(super) group: ResourceGroup,
    pub(super) network: VirtualNetwork,
    pub(super) integration: IntegrationSubnet,
}

impl Network {
    pub(super) fn of(stack: &Stack, group: &str) -> Self {
        let group = ResourceGroup::builder(stack, group)
            .location("westeurope")
            .build();
        let network = VirtualNetwork::builder(&group, "net")
            .address_space(["10.0.0.0/16"])
            .build();
        let integration = IntegrationSubnet::builder(&network, "apps")
            .address_prefix("10.0.0.0/24")
            .build();
        Self {
            group,
            network,
            integration,
        }
    }

    /// A subnet for endpoints.
    pub(super) fn endpoints(&self) -> EndpointSubnet {
        EndpointSubnet::builder(&self.network, "endpoints")
            .address_prefix("10.0.1.0/24")
            .build()
    }

    /// The zone of registries, linked to the network.
    pub(super) fn dns(&self) -> crate::PrivateDnsLink {
        crate::PrivateDnsLink::builder(&self.network, "dns")
            .service(PrivateLink::Registry)
            .build()
    }
}
