//! `preview`: shows what `up` would do and touches nothing.

use lazuli_engine::Operation;

use super::run::run;
use super::{Session, Topology};
use crate::exit::Exit;

pub(crate) async fn preview(session: Session, topology: Topology) -> Exit {
    run(session, Operation::Preview, topology).await
}
