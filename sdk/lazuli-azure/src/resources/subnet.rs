//! Sugar of subnets: delegations, and what the special kinds promise.

use lazuli_core::{Property, Value};

use crate::generated::{Policies, SubnetBuilder, types};
use crate::resources::Declaration;

/// A service that a subnet is handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delegation {
    /// App Service, for web apps that reach into the network.
    WebServerFarms,
    /// Container Apps environments.
    AppEnvironments,
    /// Container groups.
    ContainerGroups,
    /// Another service, by its name in requests.
    Other(String),
}

impl Delegation {
    /// The service's name in requests.
    pub fn service_name(&self) -> &str {
        match self {
            Self::WebServerFarms => types::SERVICE_PLAN_DELEGATION.as_str(),
            Self::AppEnvironments => types::APP_ENVIRONMENT_DELEGATION.as_str(),
            Self::ContainerGroups => types::CONTAINER_GROUP_DELEGATION.as_str(),
            Self::Other(name) => name,
        }
    }

    /// The list of one that a subnet may have (ARM contract); Azure wants it named.
    fn to_list(&self) -> Property {
        let mut delegation = Property::map();
        delegation.set("name", Property::Value(Value::from("delegation")));
        let service = Value::from(self.service_name());
        delegation.set("properties.serviceName", Property::Value(service));
        Property::List(vec![delegation])
    }
}

impl<AddressPrefix> SubnetBuilder<((Declaration,), AddressPrefix)> {
    /// Hands the subnet to a service.
    pub fn delegation(self, to: Delegation) -> Self {
        self.property("properties.delegations", to.to_list())
    }
}

/// What the name `IntegrationSubnet` promises.
pub(crate) fn delegate_to_web(declaration: &mut Declaration) {
    declaration.put(
        "properties.delegations",
        Delegation::WebServerFarms.to_list(),
    );
}

/// What the name `EndpointSubnet` promises.
pub(crate) fn disable_policies(declaration: &mut Declaration) {
    declaration.set(
        "properties.privateEndpointNetworkPolicies",
        Policies::Disabled,
    );
}
