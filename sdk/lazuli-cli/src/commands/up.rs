//! `up`: shows the plan, asks, and makes the cloud as the program declares it.

use lazuli_engine::Operation;

use super::run::run;
use super::{Session, Topology};
use crate::exit::Exit;

pub(crate) async fn up(session: Session, topology: Topology) -> Exit {
    run(session, Operation::Up, topology).await
}
