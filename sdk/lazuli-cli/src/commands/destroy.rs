//! `destroy`: shows what is going to be deleted, asks, and deletes it. The
//! program does not run.

use lazuli_engine::Operation;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::exit::Exit;
use crate::run_args::RunArgs;

pub(crate) async fn destroy(session: Session, course: RunArgs, topology: Topology) -> Exit {
    run(session, Operation::Destroy, Job::of(course), topology).await
}
