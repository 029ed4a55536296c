//! `preview`: shows what `up` would do and touches nothing.

use lazuli_engine::Operation;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::exit::Exit;
use crate::run_args::RunArgs;

pub(crate) async fn preview(session: Session, course: RunArgs, topology: Topology) -> Exit {
    run(session, Operation::Preview, Job::of(course), topology).await
}
