//! `Microsoft.Resources` as a whole: what ARM keeps itself.

#[cfg(feature = "az")]
use super::deployments;
#[cfg(not(feature = "az"))]
use super::left_out as deployments;
use super::{groups, tags};
use crate::arm::kind::Namespace;

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[(
        "",
        &[
            "2025-04-01",
            "2025-03-01",
            "2024-11-01",
            "2024-07-01",
            "2022-09-01",
            "2021-04-01",
        ],
    )],
    dialects: &[
        &groups::DIALECT,
        #[cfg(feature = "az")]
        &deployments::DIALECT,
    ],
    // The address of a deployment's operations leaves the provider out.
    short: &["deployments"],
    ..Namespace::new(
        "Microsoft.Resources",
        &[&groups::KINDS, &deployments::KINDS, &tags::KINDS],
    )
};
