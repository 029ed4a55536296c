//! `up`: shows the plan, asks, and makes the cloud as the program declares it.

use lazuli_engine::Operation;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::course::Course;
use crate::exit::Exit;

pub(crate) async fn up(session: Session, course: Course, topology: Topology) -> Exit {
    run(session, Operation::Up, Job::of(course), topology).await
}
