//! `destroy`: shows what is going to be deleted, asks, and deletes it. The
//! program does not run.

use lazuli_engine::Operation;

use super::run::run;
use super::{Session, Topology};
use crate::exit::Exit;

pub(crate) async fn destroy(session: Session, topology: Topology) -> Exit {
    run(session, Operation::Destroy, topology).await
}
