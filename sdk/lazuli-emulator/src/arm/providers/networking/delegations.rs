//! Which services a subnet can be delegated to, and what each of them may do in it.
//!
//! The list is what `availableDelegations` of the real service answers (recorded); the services of
//! this world ask about it when a subnet names one.

use serde_json::{Value, json};

use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, ids, json};

pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        list: Some(list),
        ..Kind::new("Microsoft.Network/locations/availableDelegations")
    },
    Kind {
        list: Some(endpoint_services),
        ..Kind::new("Microsoft.Network/locations/virtualNetworkAvailableEndpointServices")
    },
];

const ACTION: &str = "Microsoft.Network/virtualNetworks/subnets/action";
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";
const PREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action";
const UNPREPARE: &str = "Microsoft.Network/virtualNetworks/subnets/unprepareNetworkPolicies/action";
const INTERFACES: &str = "Microsoft.Network/networkinterfaces/*";

const OWN: &[&str] = &[ACTION];
const JOINING: &[&str] = &[JOIN];
const POLICIES: &[&str] = &[JOIN, PREPARE, UNPREPARE];
const HOSTED: &[&str] = &[INTERFACES, JOIN];

const SERVICES: &[(&str, &[&str])] = &[
    ("Microsoft.Web/serverFarms", OWN),
    ("Microsoft.ContainerInstance/containerGroups", OWN),
    ("Microsoft.Netapp/volumes", HOSTED),
    ("Microsoft.HardwareSecurityModules/dedicatedHSMs", HOSTED),
    ("Microsoft.ServiceFabricMesh/networks", OWN),
    ("Microsoft.Logic/integrationServiceEnvironments", OWN),
    ("Microsoft.Batch/batchAccounts", OWN),
    ("Microsoft.Sql/managedInstances", POLICIES),
    ("Microsoft.Web/hostingEnvironments", OWN),
    ("Microsoft.BareMetal/CrayServers", HOSTED),
    ("Microsoft.Databricks/workspaces", POLICIES),
    ("Microsoft.BareMetal/AzureHostedService", HOSTED),
    ("Microsoft.BareMetal/AzureVMware", HOSTED),
    ("Microsoft.StreamAnalytics/streamingJobs", JOINING),
    ("Microsoft.DBforPostgreSQL/serversv2", JOINING),
    ("Microsoft.AzureCosmosDB/clusters", JOINING),
    ("Microsoft.MachineLearningServices/workspaces", JOINING),
    ("Microsoft.DBforPostgreSQL/singleServers", JOINING),
    ("Microsoft.DBforPostgreSQL/flexibleServers", JOINING),
    ("Microsoft.DBforMySQL/serversv2", JOINING),
    ("Microsoft.DBforMySQL/flexibleServers", JOINING),
    ("Microsoft.DBforMySQL/servers", JOINING),
    ("Microsoft.ApiManagement/service", &[JOIN, PREPARE]),
    ("Microsoft.Synapse/workspaces", JOINING),
    ("Microsoft.PowerPlatform/vnetaccesslinks", JOINING),
    ("Microsoft.Network/dnsResolvers", JOINING),
    ("Microsoft.Kusto/clusters", POLICIES),
    ("Microsoft.DelegatedNetwork/controller", JOINING),
    ("Microsoft.ContainerService/managedClusters", JOINING),
    ("Microsoft.PowerPlatform/enterprisePolicies", JOINING),
    (
        "Microsoft.StoragePool/diskPools",
        &["Microsoft.Network/virtualNetworks/read"],
    ),
    ("Microsoft.DocumentDB/cassandraClusters", JOINING),
    ("Microsoft.Apollo/npu", HOSTED),
    ("Microsoft.AVS/PrivateClouds", &[INTERFACES]),
    (
        "Microsoft.Orbital/orbitalGateways",
        &[
            "Microsoft.Network/publicIPAddresses/join/action",
            JOIN,
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/publicIPAddresses/read",
        ],
    ),
    ("Microsoft.Singularity/accounts/networks", HOSTED),
    ("Microsoft.Singularity/accounts/npu", HOSTED),
    ("Microsoft.LabServices/labplans", JOINING),
    ("Microsoft.Fidalgo/networkSettings", JOINING),
    ("Microsoft.DevCenter/networkConnection", JOINING),
    ("NGINX.NGINXPLUS/nginxDeployments", JOINING),
    ("Microsoft.CloudTest/pools", JOINING),
    ("Microsoft.CloudTest/hostedpools", JOINING),
    ("Microsoft.CloudTest/images", JOINING),
    ("Microsoft.Codespaces/plans", JOINING),
    ("PaloAltoNetworks.Cloudngfw/firewalls", JOINING),
    ("Qumulo.Storage/fileSystems", JOINING),
    ("Microsoft.App/testClients", JOINING),
    ("Microsoft.App/environments", JOINING),
    ("Microsoft.ServiceNetworking/trafficControllers", JOINING),
    ("GitHub.Network/networkSettings", JOINING),
    ("Microsoft.Network/networkWatchers", JOINING),
    ("Dell.Storage/fileSystems", JOINING),
    ("Microsoft.Netapp/scaleVolumes", JOINING),
    ("Oracle.Database/networkAttachments", HOSTED),
];

/// The services that take firewall rules for subnets, by the name a subnet gives them.
const ENDPOINT_SERVICES: &[&str] = &[
    "Microsoft.Storage",
    "Microsoft.Sql",
    "Microsoft.AzureActiveDirectory",
    "Microsoft.AzureCosmosDB",
    "Microsoft.Web",
    "Microsoft.KeyVault",
    "Microsoft.EventHub",
    "Microsoft.ServiceBus",
    "Microsoft.ContainerRegistry",
    "Microsoft.CognitiveServices",
    "Microsoft.Storage.Global",
];

/// What a service may do in a subnet delegated to it; `None` for one that Azure does not know.
pub(crate) fn actions(service: &str) -> Option<&'static [&'static str]> {
    let known = SERVICES.iter().find(|(name, _)| json::same(name, service));
    known.map(|(_, actions)| *actions)
}

/// The names that a refusal lists.
pub(crate) fn names() -> String {
    let names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The canonical name of a service that takes endpoints from subnets.
pub(crate) fn endpoint_service(name: &str) -> Option<&'static str> {
    let mut known = ENDPOINT_SERVICES.iter();
    known.find(|known| json::same(known, name)).copied()
}

fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    // The provider writes `resourceGroup` here, in the singular (recorded).
    let scope = call
        .target
        .scope
        .replacen("/resourceGroups/", "/resourceGroup/", 1);
    let one = |(service, actions): &(&str, &[&str])| {
        let name = service.replace('/', ".");
        json!({
            "name": name, "id": format!("{scope}/providers/Microsoft.Network/availableDelegations/{name}"),
            "type": "Microsoft.Network/availableDelegations", "serviceName": service, "actions": actions,
        })
    };
    Ok(Answer::list(SERVICES.iter().map(one).collect()))
}

fn endpoint_services(call: &Call<'_>) -> Result<Answer, Answer> {
    let subscription = format!("/subscriptions/{}", call.world.settings().subscription);
    let one = |name: &&str| {
        json!({
            "name": name, "type": "Microsoft.Network/virtualNetworkEndpointServices",
            "id": format!("{subscription}/providers/Microsoft.Network/virtualNetworkEndpointServices/{name}"),
        })
    };
    Ok(Answer::list(ENDPOINT_SERVICES.iter().map(one).collect()))
}

/// `serviceEndpoints` of a subnet as Azure reads them back: with state and regions.
///
/// # Errors
/// A service that takes no endpoints.
pub(crate) fn service_endpoints(
    subnet: &str,
    given: &Value,
    location: &str,
) -> Result<Vec<Value>, Answer> {
    let one = |endpoint: &Value| {
        let wanted = json::text(&endpoint["service"]);
        let Some(service) = endpoint_service(wanted) else {
            let message = format!(
                "Subnet {} specifies an invalid service endpoint '{wanted}'. Valid service endpoints are: {}.",
                ids::name_of(subnet),
                ENDPOINT_SERVICES.join(", "),
            );
            return Err(Answer::network(
                400,
                "SubnetWithInvalidServiceName",
                message,
            ));
        };
        let locations = match endpoint["locations"].as_array() {
            Some(given) if !given.is_empty() => given.clone(),
            _ if service == "Microsoft.Storage" && !location.is_empty() => vec![location.into()],
            _ => vec!["*".into()],
        };
        Ok(json!({ "provisioningState": "Succeeded", "service": service, "locations": locations }))
    };
    json::items(given).map(one).collect()
}
