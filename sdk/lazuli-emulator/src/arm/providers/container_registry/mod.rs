//! `Microsoft.ContainerRegistry`: the registry as a resource, and everything that is configured below it.
//!
//! What is *in* a registry belongs to [`crate::data`], and what a build does to [`crate::build`].

pub(crate) mod actions;
mod agent_pools;
mod artifact_cache;
mod child;
mod connections;
mod import;
pub(super) mod namespace;
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
