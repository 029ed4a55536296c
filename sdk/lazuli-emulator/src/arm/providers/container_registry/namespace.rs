//! `Microsoft.ContainerRegistry` as a whole.

use super::{
    actions, agent_pools, artifact_cache, child, connections, registries, replications, runs,
    scope_maps, task_runs, tasks, tokens, webhooks,
};
use crate::arm::kind::{Kind, Namespace};

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[(
        "",
        &[
            "2025-11-01",
            "2025-04-01",
            "2023-07-01",
            "2022-12-01",
            "2021-09-01",
        ],
    )],
    dialects: &[&child::DIALECT],
    action: Some(actions::namespace_action),
    ..Namespace::new("Microsoft.ContainerRegistry", &[&KINDS])
};

const KINDS: [Kind; 15] = [
    registries::REGISTRY,
    connections::CONNECTION,
    replications::REPLICATION,
    scope_maps::SCOPE_MAP,
    tokens::TOKEN,
    webhooks::WEBHOOK,
    artifact_cache::CACHE_RULE,
    artifact_cache::CREDENTIAL_SET,
    agent_pools::AGENT_POOL,
    tasks::TASK,
    task_runs::TASK_RUN,
    runs::RUN,
    actions::LINK_RESOURCE,
    actions::USAGE,
    actions::OPERATION,
];
