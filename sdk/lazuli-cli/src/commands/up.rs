//! `up`: shows the plan, asks, and makes the cloud as the program declares it.

use lazuli_engine::Operation;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::exit::Exit;
use crate::run_args::RunArgs;

pub(crate) async fn up(session: Session, course: RunArgs, topology: Topology) -> Exit {
    run(session, Operation::Up, Job::of(course), topology).await
}
