//! `refresh`: reads every resource of the state, shows what is not as recorded,
//! asks, and writes down what is really there. The program does not run and the
//! cloud is not changed.

use lazuli_engine::Operation;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::exit::Exit;
use crate::run_args::RunArgs;

pub(crate) async fn refresh(session: Session, course: RunArgs, topology: Topology) -> Exit {
    run(session, Operation::Refresh, Job::of(course), topology).await
}
