//! `preview`: shows what `up` would do and touches nothing.

use lazuli_engine::Operation;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::course::Course;
use crate::exit::Exit;

pub(crate) async fn preview(session: Session, course: Course, topology: Topology) -> Exit {
    run(session, Operation::Preview, Job::of(course), topology).await
}
