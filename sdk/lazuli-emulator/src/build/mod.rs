//! Building images: what `az acr build` and the registry's runs do, from Dockerfile to manifest.
//!
//! `tasks` is the ARM face (`scheduleRun`, `runs`, logs), `runs` the record of runs, `run` carries one run out
//! where `agent` says; `dockerfile` parses, `context` unpacks the source, `assemble` executes instructions, `image` writes layers, `base_images` holds what can
//! stand after `FROM`.

mod agent;
mod archive;
pub(crate) mod assemble;
pub(crate) mod base_images;
pub(crate) mod context;
pub(crate) mod dockerfile;
pub(crate) mod ignore;
pub(crate) mod image;
pub(crate) mod log;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod tasks;
mod under_way;
