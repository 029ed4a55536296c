//! `import PLACE=ID`: an `up` about one declared resource, which takes the one
//! that exists under that id instead of creating its own.

use lazuli_engine::Operation;

use super::run::{Job, run};
use super::{Session, Topology};
use crate::CliError;
use crate::exit::Exit;
use crate::run_args::RunArgs;

pub(crate) async fn import(session: Session, what: &str, topology: Topology) -> Exit {
    let Some((place, id)) = what
        .split_once('=')
        .filter(|(place, id)| !place.is_empty() && !id.is_empty())
    else {
        let error = CliError::usage(format!("{what:?} does not say what is imported"))
            .help("write import PLACE=ID, for example import group/network=/subscriptions/.../virtualNetworks/hub");
        return session.report(&error);
    };
    let job = Job {
        course: RunArgs::importing(place),
        imports: [(place.to_owned(), id.to_owned())].into(),
    };
    run(session, Operation::Up, job, topology).await
}
