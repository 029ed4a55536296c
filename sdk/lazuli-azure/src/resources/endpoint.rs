//! Sugar of private endpoints: which service they lead to, and the zone it has.

use lazuli_core::{Input, Property, Scope, Value};

use crate::ids::AnyResourceId;
use crate::resources::Declaration;
use crate::resources::target::Target;

/// A service that a private endpoint can lead to.
///
/// Group ids and zone names are those of Azure Private Link's documentation;
/// zone names differ between clouds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateLink {
    /// A container registry.
    Registry,
    /// A web app.
    Sites,
    /// A key vault.
    Vault,
    /// Blobs of a storage account.
    Blob,
    /// Files of a storage account.
    File,
    /// Queues of a storage account.
    Queue,
    /// Tables of a storage account.
    Table,
    /// The data lake endpoint of a storage account.
    DataLake,
    /// Another service.
    Other {
        /// Its group id.
        group: String,
        /// Its private DNS zone.
        zone: String,
    },
}

impl PrivateLink {
    /// The group id in requests.
    pub fn group_id(&self) -> &str {
        match self {
            Self::Registry => "registry",
            Self::Sites => "sites",
            Self::Vault => "vault",
            Self::Blob => "blob",
            Self::File => "file",
            Self::Queue => "queue",
            Self::Table => "table",
            Self::DataLake => "dfs",
            Self::Other { group, .. } => group,
        }
    }

    /// The name of the private DNS zone in the cloud of this run, for example
    /// `privatelink.azurecr.io`.
    pub fn zone_name(&self, scope: &Scope) -> String {
        let target = Target::of(scope);
        let suffix = match self {
            Self::Registry => target.registry_suffix(),
            Self::Sites => target.websites_suffix(),
            Self::Vault => target.vault_suffix().to_owned(),
            Self::Blob | Self::File | Self::Queue | Self::Table | Self::DataLake => {
                format!("{}.{}", self.group_id(), target.storage_suffix())
            }
            Self::Other { zone, .. } => return zone.clone(),
        };
        format!("privatelink.{suffix}")
    }
}

/// The one connection that an endpoint to App Service, a registry and the like
/// has. It is named after the endpoint.
pub(crate) fn connect(
    declaration: &mut Declaration,
    target: Input<AnyResourceId>,
    service: PrivateLink,
) {
    let mut connection = Property::map();
    let name = Input::Output(declaration.azure_name());
    connection.set("name", name.into_property());
    connection.set("properties.privateLinkServiceId", target.into_property());
    let groups = Value::List(vec![Value::from(service.group_id())]);
    connection.set("properties.groupIds", Property::Value(groups));
    declaration.put(
        "properties.privateLinkServiceConnections",
        Property::List(vec![connection]),
    );
}
