//! `Microsoft.Web` as a whole.

use super::{
    actions, children, config, containers, host_keys, network, plans, publishing, sites, slots,
    source_controls, stacks,
};
use crate::arm::kind::Namespace;

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[(
        "",
        &[
            "2025-03-01",
            "2024-11-01",
            "2024-04-01",
            "2023-12-01",
            "2022-09-01",
            "2022-03-01",
        ],
    )],
    dialects: &[&slots::DIALECT],
    action: Some(actions::namespace_action),
    missing_parent: None,
    ..Namespace::new(
        "Microsoft.Web",
        &[
            &plans::KINDS,
            &sites::KINDS,
            &config::KINDS,
            &network::KINDS,
            &children::KINDS,
            &containers::KINDS,
            &source_controls::KINDS,
            &stacks::KINDS,
            &publishing::KINDS,
            &host_keys::KINDS,
        ],
    )
};
