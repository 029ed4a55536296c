//! Rules that find topologies which could never work, before anything is deployed.
//!
//! Called through [`lazuli_core::Provider::verify`] with everything that the
//! program declares. A rule speaks only of what the program itself says: values
//! that are not known yet and resources of other programs are passed over.
//!
//! What Azure itself would refuse is an error. The links of the pull path
//! (LZ2008 to LZ2013) are warnings: the deployment succeeds without them, and
//! somebody else may make them (a policy that adds zone groups, another stack's
//! role assignment). See `docs/adr/0007-pull-path-findings-are-warnings.md`.
//!
//! | code   | rule | source |
//! |--------|------|--------|
//! | LZ2001 | a subnet lies inside its network | `NetcfgInvalidSubnet` |
//! | LZ2002 | subnets of a network do not overlap | `NetcfgSubnetRangesOverlap` |
//! | LZ2003 | an integration subnet is delegated to App Service | VNet integration, docs |
//! | LZ2004 | an integration subnet is /28 or larger | VNet integration, docs |
//! | LZ2005 | an integration subnet holds no private endpoints | VNet integration, docs |
//! | LZ2006 | a registry with a private endpoint is Premium | registry tiers, docs |
//! | LZ2007 | the plan's tier allows VNet integration | App Service tiers, docs |
//! | LZ2008 | (warning) an app that pulls from a closed registry pulls over the network | App Service, docs |
//! | LZ2009 | (warning) ... and is integrated into a network | App Service, docs |
//! | LZ2010 | (warning) ... that has a private endpoint of the registry | Private Link, docs |
//! | LZ2011 | (warning) ... and is linked to the registry's private DNS zone | Private Link, docs |
//! | LZ2012 | (warning) ... in which the endpoint keeps its records | Private Link, docs |
//! | LZ2013 | (warning) the pulling identity has a role on the registry | registry roles, docs |
//! | LZ2014 | an app has some way to sign in to the registry | App Service, docs |
//! | LZ2015 | the tag is built by the program (warning) | this crate |
//! | LZ2016 | the app comes after the build of its image (warning) | this crate |
//! | LZ2017 | pulling over the network is switched on in one way only | App Service, docs |
//! | LZ2018 | the role fits how the registry assigns roles | registry ABAC, docs |
//! | LZ2019 | the pulling identity is attached to the app | App Service, docs |
//! | LZ2020 | a zone is linked to a network once | Azure DNS, docs |
//! | LZ2021 | app and plan, and what joins a network, are in one region | App Service, Private Link, docs |
//! | LZ2022 | the registry takes the tokens that App Service has | registry, docs |
//! | LZ2023 | a closed registry lets its own builds in | ACR Tasks, docs |
//! | LZ2024 | a Windows container is not pulled over the network | App Service, docs |

mod graph;
mod network;
mod pull;
mod pull_identity;
mod pull_network;

use lazuli_core::{Declared, Diagnostic};

use graph::Graph;

/// All findings on what a program declares, in the order of the declarations.
pub(crate) fn verify(declared: &[Declared]) -> Vec<Diagnostic> {
    let graph = Graph::new(declared);
    let mut findings = Vec::new();
    network::verify(&graph, &mut findings);
    pull::verify(&graph, &mut findings);
    let position = |finding: &Diagnostic| {
        let urn = finding.urn.as_ref();
        declared
            .iter()
            .position(|declared| Some(&declared.desired.urn) == urn)
    };
    findings.sort_by_cached_key(|finding| (position(finding), finding.code));
    findings
}

#[cfg(test)]
mod tests;
