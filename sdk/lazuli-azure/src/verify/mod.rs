//! Rules that find topologies which could never work, before anything is deployed.
//!
//! Called through [`lazuli_core::Schema::verify`] with everything that the
//! program declares. The declarations are read once, into a model
//! (`reach::model`); rules look at that. A rule speaks only of what the program
//! itself says: values that are not known yet break nothing.
//!
//! [`reachability`] is the core: the way of each app to its image, its secrets
//! and other apps, hop by hop. Its broken hops are findings (LZ2008 to LZ2015 and
//! others), as bad as they are certain: see
//! `docs/adr/0008-certain-findings-are-errors.md`. [`catalog`] has all rules, and
//! `docs/verify.md` their tests.

pub mod catalog;
mod dns;
mod endpoints;
pub(crate) mod graph;
pub(crate) mod names;
mod network;
mod plans;
mod pull;
pub mod reach;
mod registry;
pub(crate) mod site;
pub(crate) mod subnets;
mod writers;

use std::collections::HashMap;

use lazuli_core::{DeclaredNode, Diagnostic, Urn};

pub use catalog::{RULES, Rule, Weight, rule};
pub(crate) use reach::proofs;
pub use reach::{Destination, Hop, HopKind, HopState, ReachPath, Spot, Verdict, reachability};

use reach::model::Model;

/// All findings on what a program declares, in the order of the declarations.
pub(crate) fn verify(declared: &[DeclaredNode]) -> Vec<Diagnostic> {
    let model = Model::new(declared);
    let mut findings = Vec::new();
    for rules in [
        network::verify,
        subnets::verify,
        endpoints::verify,
        dns::verify,
        registry::verify,
        plans::verify,
        site::verify,
        pull::verify,
        writers::verify,
    ] {
        rules(&model, &mut findings);
    }
    let declared = declared.iter().enumerate();
    let position: HashMap<&Urn, usize> = declared.map(|(at, one)| (&one.desired.urn, at)).collect();
    findings.sort_by_cached_key(|finding| {
        let urn = finding.urn.as_ref();
        (urn.and_then(|urn| position.get(urn)).copied(), finding.code)
    });
    findings
}

#[cfg(test)]
mod tests;
