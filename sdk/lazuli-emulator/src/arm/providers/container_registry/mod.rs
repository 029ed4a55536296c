//! `Microsoft.ContainerRegistry`: the registry as a resource, and everything that is configured below it.
//!
//! What is *in* a registry belongs to [`crate::data`], and what a build does to [`crate::build`].

pub(crate) mod actions;
mod agent_pools;
mod artifact_cache;
mod child;
mod connections;
mod import;
pub(crate) mod registries;
mod registry_body;
pub(crate) mod replications;
mod runs;
pub(crate) mod scope_maps;
mod task_runs;
mod tasks;
pub(crate) mod tokens;
mod versions;
pub(crate) mod webhooks;

use super::Kind;

/// All types of the namespace.
pub(crate) const KINDS: [Kind; 15] = [
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
