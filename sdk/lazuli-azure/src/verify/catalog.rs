//! Every rule by its code: what it asks for, how bad a breach is, and where
//! Azure's own documentation says so.
//!
//! Findings take severity and source from here, `--allow` looks codes up here,
//! and `docs/verify.md` lists the same rules with their tests.

use lazuli_core::Severity;

/// How bad a breach of a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Azure refuses it, or it can never work.
    Error,
    /// It is probably not what was meant.
    Warning,
    /// An error where the program declares everything that the rule speaks of,
    /// a warning where somebody else may have made the missing link.
    Proof,
}

/// A rule of `verify`, or a check of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its stable code, `LZ2003`.
    pub code: &'static str,
    /// What it asks for, in one sentence without a period.
    pub title: &'static str,
    /// How bad a breach is.
    pub weight: Weight,
    /// The address of the documentation that it comes from.
    pub source: &'static str,
}

/// The rule of a code, whatever its casing.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .find(|rule| rule.code.eq_ignore_ascii_case(code))
}

impl Rule {
    pub(super) fn severity(&self, is_certain: bool) -> Severity {
        match self.weight {
            Weight::Error => Severity::Error,
            Weight::Proof if is_certain => Severity::Error,
            Weight::Proof | Weight::Warning => Severity::Warning,
        }
    }
}

use Weight::{Error, Proof, Warning};

macro_rules! rules {
    ($($code:literal $weight:ident $source:ident $title:literal;)*) => {
        /// All rules, by code.
        pub const RULES: &[Rule] = &[$(Rule { code: $code, title: $title, weight: $weight, source: $source },)*];
    };
}

macro_rules! learn {
    ($($name:ident = $path:literal;)*) => {
        $(const $name: &str = concat!("https://learn.microsoft.com/azure/", $path);)*
    };
}

learn! {
    NAMES = "azure-resource-manager/management/resource-name-rules";
    TEMPLATES = "azure-resource-manager/templates/syntax";
    TAGS = "azure-resource-manager/management/tag-resources";
    LIMITS = "azure-resource-manager/management/azure-subscription-service-limits";
    NETWORK = "virtual-network/virtual-networks-faq";
    SUBNETS = "virtual-network/virtual-network-manage-subnet";
    PEERING = "virtual-network/virtual-network-peering-overview";
    ENDPOINTS = "private-link/private-endpoint-overview";
    ENDPOINT_DNS = "private-link/private-endpoint-dns";
    DNS = "dns/private-dns-overview";
    DNS_LINKS = "dns/private-dns-virtual-network-links";
    ACR_ENDPOINT = "container-registry/container-registry-private-endpoints";
    ACR_TIERS = "container-registry/container-registry-skus";
    ACR_FIREWALL = "container-registry/container-registry-access-selected-networks";
    ACR_AUTH = "container-registry/container-registry-authentication";
    ACR_ROLES = "container-registry/container-registry-rbac-built-in-roles-overview";
    ACR_ABAC = "container-registry/container-registry-rbac-abac-repository-permissions";
    ACR_ARM_TOKENS = "container-registry/container-registry-disable-authentication-as-arm";
    ACR_TASKS = "container-registry/manage-network-bypass-policy-for-tasks";
    ACR_BUILD = "container-registry/container-registry-tasks-overview";
    ACR_EXPORT = "container-registry/data-loss-prevention";
    INTEGRATION = "app-service/overview-vnet-integration";
    INTEGRATE = "app-service/configure-vnet-integration-enable";
    ROUTING = "app-service/configure-vnet-integration-routing";
    CONTAINER = "app-service/configure-custom-container";
    SETTINGS = "app-service/reference-app-settings";
    SITE_ENDPOINT = "app-service/overview-private-endpoint";
    PLANS = "app-service/overview-hosting-plans";
    IDENTITY = "app-service/overview-managed-identity";
    VAULT_REFERENCES = "app-service/app-service-key-vault-references";
    ENVIRONMENT = "app-service/environment/networking";
    FUNCTIONS = "azure-functions/functions-premium-plan";
    VAULT_ROLES = "key-vault/general/rbac-guide";
    VAULT_NETWORK = "key-vault/general/private-link-service";
    WORKSPACES = "azure-monitor/logs/data-retention-configure";
    ROLE_ASSIGNMENTS = "role-based-access-control/role-assignments";
}

/// Where Microsoft says what its documentation does not.
const ARTICLE: &str = "https://azure.github.io/AppService/2021/07/03/Linux-container-from-ACR-with-private-endpoint.html";

rules! {
    "LZ1001" Error NAMES "a name has the length and characters of its type";
    "LZ1002" Error TEMPLATES "what Azure requires is there";
    "LZ1003" Error TEMPLATES "a location is not blank";
    "LZ1004" Warning TEMPLATES "a location is written as one word in lower case";
    "LZ1005" Error NETWORK "an address range is a CIDR block with zeros behind its mask";
    "LZ1006" Error NETWORK "a subnet is no smaller than /29, or exactly /64";
    "LZ1007" Error CONTAINER "an image reference has no scheme";
    "LZ1008" Error TEMPLATES "an id names a resource of the right type";
    "LZ1009" Error ROLE_ASSIGNMENTS "a role assignment names a principal and a role by GUID";
    "LZ1010" Error CONTAINER "the pulling identity is named by its client id";
    "LZ1011" Error ACR_BUILD "an image is `repository:tag`";
    "LZ1012" Error ACR_BUILD "a build context is a folder below the program's";
    "LZ1013" Error TAGS "at most 50 tags, keys to 512 and values to 256 characters";
    "LZ1014" Error SETTINGS "an app setting has a name, and has it once";
    "LZ1015" Error TEMPLATES "a type without a builder names its version";
    "LZ1016" Error DNS "private DNS zones and their links are `global`";
    "LZ1017" Error WORKSPACES "a workspace keeps logs for as long as its plan does";
    "LZ2001" Error SUBNETS "a subnet lies inside its network";
    "LZ2002" Error SUBNETS "subnets of a network do not overlap";
    "LZ2003" Error INTEGRATION "an integration subnet is delegated to App Service";
    "LZ2004" Error INTEGRATION "an integration subnet is /28 or larger";
    "LZ2005" Error INTEGRATION "an integration subnet holds no private endpoints";
    "LZ2006" Error ACR_ENDPOINT "a registry with a private endpoint is Premium";
    "LZ2007" Error INTEGRATION "the plan's tier allows VNet integration";
    "LZ2008" Proof ROUTING "an app that pulls from a closed registry pulls over the network";
    "LZ2009" Proof INTEGRATION "an app that pulls over the network is integrated into one";
    "LZ2010" Proof ACR_ENDPOINT "the app's network leads to a private endpoint of what is closed";
    "LZ2011" Proof ENDPOINT_DNS "the app's network is linked to the service's private DNS zone";
    "LZ2012" Proof ENDPOINT_DNS "the endpoint keeps its records in the linked zone";
    "LZ2013" Proof ACR_ROLES "the pulling identity has a role on the registry that pulls";
    "LZ2014" Error ACR_AUTH "an app has some way to sign in to the registry";
    "LZ2015" Proof CONTAINER "the tag is built by the program";
    "LZ2016" Warning CONTAINER "the app comes after the build of its image";
    "LZ2017" Error ROUTING "pulling over the network is switched on in one way only";
    "LZ2018" Error ACR_ABAC "the role fits how the registry assigns roles";
    "LZ2019" Error IDENTITY "the pulling identity is attached to the app";
    "LZ2020" Error DNS_LINKS "a network is linked to one zone of a name";
    "LZ2021" Error INTEGRATE "app and plan, and what joins a network, are in one region";
    "LZ2022" Error ACR_ARM_TOKENS "the registry takes the tokens that App Service has";
    "LZ2023" Error ACR_TASKS "a closed registry lets its own builds in";
    "LZ2024" Error ARTICLE "a Windows container is not pulled over the network";
    "LZ2025" Error ENDPOINTS "a private endpoint has exactly one connection";
    "LZ2026" Error SETTINGS "app settings and configuration have one writer";
    "LZ2027" Error INTEGRATE "an app's integration is declared in one place";
    "LZ2028" Error SUBNETS "the subnets of a network are declared in one place";
    "LZ2029" Warning INTEGRATION "a subnet that several plans share is /26 or larger";
    "LZ2030" Error INTEGRATION "an integration subnet has an IPv4 range";
    "LZ2031" Error INTEGRATION "an integration subnet has no service endpoint policies";
    "LZ2032" Error ENDPOINTS "the subnet of a private endpoint is not delegated";
    "LZ2033" Warning PLANS "a plan's size is one that App Service has";
    "LZ2034" Error ENDPOINTS "a private endpoint names the one group id of its target";
    "LZ2035" Error ACR_ENDPOINT "a subnet has addresses for its private endpoints";
    "LZ2036" Error ACR_TIERS "a registry has at most 200 private endpoints";
    "LZ2037" Error PEERING "peered networks do not overlap";
    "LZ2038" Error DNS_LINKS "a network registers its machines in one zone";
    "LZ2039" Error LIMITS "a zone has at most 1000 links, 100 of them with registration";
    "LZ2040" Error ENDPOINT_DNS "a zone group names the private zone of the endpoint's service";
    "LZ2041" Error ACR_TIERS "the registry's tier has the features that are used";
    "LZ2042" Error ACR_FIREWALL "a registry has at most 200 address rules, each an IPv4 range";
    "LZ2043" Error ACR_EXPORT "exports are switched off only where public access is";
    "LZ2044" Warning ACR_FIREWALL "address rules have an effect";
    "LZ2045" Error CONTAINER "a plan runs the operating system of its apps' images";
    "LZ2046" Warning FUNCTIONS "elastic and consumption plans run functions";
    "LZ2047" Error ENVIRONMENT "isolated plans, and only those, are in an App Service Environment";
    "LZ2048" Error PLANS "`alwaysOn` is off on free and shared plans";
    "LZ2049" Error CONTAINER "an image is written as `DOCKER|host/repository:tag`, for one operating system";
    "LZ2050" Warning CONTAINER "an app that pulls with an identity has no registry password";
    "LZ2051" Error CONTAINER "registry credentials are for the registry of the image, and complete";
    "LZ2052" Error ACR_AUTH "the admin user that an app signs in with is enabled";
    "LZ2053" Error VAULT_REFERENCES "a Key Vault reference has one of the two forms";
    "LZ2054" Error VAULT_REFERENCES "the identity that reads secrets is attached to the app";
    "LZ2055" Proof VAULT_ROLES "the identity that reads secrets may do so";
    "LZ2056" Proof VAULT_NETWORK "an app reaches the vault of its references";
    "LZ2057" Warning VAULT_REFERENCES "the secret of a reference is declared";
    "LZ2058" Error VAULT_REFERENCES "a Windows container does not read secrets over the network";
    "LZ2059" Error ENVIRONMENT "an app in an App Service Environment has no integration of its own";
    "LZ2060" Error ENVIRONMENT "an app in an App Service Environment pulls over the network";
    "LZ2061" Error SITE_ENDPOINT "an App Service Environment allows the private endpoints of its apps";
    "LZ2062" Error SETTINGS "the container's port and start limit are in their ranges";
    "LZ2063" Warning ENDPOINTS "the connection of a private endpoint is approved";
    "LZ2064" Warning CONTAINER "only Azure registries are pulled from with an identity";
    "LZ2065" Warning SITE_ENDPOINT "an app reaches the closed app that its settings name";
    "LZ2066" Warning ACR_FIREWALL "a switch has a value that Azure knows";
    "LZ2067" Error CONTAINER "a Windows container does not sign in as a service principal";
    "LZ2068" Warning ARTICLE "an App Service Environment of version 2 pulls nothing that its own DNS servers resolve";
    "LZ2090" Error NAMES "a global name is free";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_found_whatever_their_case() {
        assert!(RULES.is_sorted_by(|a, b| a.code < b.code));
        assert_eq!(rule("lz2011").map(|rule| rule.code), Some("LZ2011"));
        assert_eq!(rule("LZ9999"), None);
    }

    #[test]
    fn a_proof_is_as_bad_as_it_is_certain() {
        let severity = |certain| rule("LZ2011").map(|rule| rule.severity(certain));
        assert_eq!(severity(true), Some(Severity::Error));
        assert_eq!(severity(false), Some(Severity::Warning));
    }
}
