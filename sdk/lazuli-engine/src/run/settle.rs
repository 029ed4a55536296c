//! Before anything is planned: what an interrupted run had in flight is settled
//! by resuming and reading.

use super::Run;
use crate::error::EngineError;
use crate::event::{Event, Failure};
use crate::execute::{self, Reading};
use crate::op::Op;
use crate::state::{Entry, InFlight, Outcome, Resource};

impl Run<'_> {
    /// Before anything is planned: what an interrupted run had in flight.
    pub(super) async fn settle_in_flight(&mut self) -> Result<(), EngineError> {
        let state = self.run_state.state();
        let settled = execute::settle_in_flight(state, &self.settings.providers).await;
        let mut failures = Vec::new();
        for (operation, in_flight, reading) in settled {
            match reading {
                Ok(reading) => {
                    let (outcome, found) = self.outcome(&in_flight, reading);
                    self.run_state.append(Entry::Ended { operation, outcome });
                    let (urn, op) = (in_flight.resource.urn.clone(), in_flight.op);
                    self.frontend.event(&Event::Settled {
                        urn,
                        op,
                        found: found.to_owned(),
                    });
                }
                Err(error) => failures.push(Failure {
                    urn: in_flight.resource.urn.clone(),
                    op: in_flight.op,
                    location: Some(in_flight.resource.location.clone()),
                    kind: error.kind,
                    code: error.code,
                    message: format!(
                        "what an interrupted run left cannot be read: {}",
                        error.message
                    ),
                    help: error.help,
                    left: Some("it stays in flight; the next run tries again".to_owned()),
                }),
            }
        }
        self.restart();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(EngineError::steps(failures))
        }
    }

    fn outcome(&self, in_flight: &InFlight, reading: Reading) -> (Outcome, &'static str) {
        let resource = &in_flight.resource;
        match (in_flight.op, reading) {
            // Nothing was requested: the next run looks at it again.
            (Op::Import, _) => (Outcome::Nothing, "it is not recorded yet"),
            (Op::Delete | Op::DeleteReplaced, Reading::Present(_)) => {
                (Outcome::Nothing, "it still exists")
            }
            (Op::Delete | Op::DeleteReplaced | Op::Update, _absent @ Reading::Absent) => {
                (Outcome::Gone, "it is gone")
            }
            // Found by its name: the one that was to be replaced, or one under another urn.
            (Op::Create | Op::CreateReplacement, Reading::Present(created))
                if self.run_state.state().has_id(&created.id) =>
            {
                (Outcome::Nothing, "it was never made")
            }
            (op, Reading::Present(created)) => {
                let found = Resource {
                    id: created.id,
                    outputs: created.outputs,
                    uncertain: true,
                    ..(**resource).clone()
                };
                let former = self.run_state.state().resources.get(&resource.urn);
                let found = std::sync::Arc::new(match op {
                    Op::Update => {
                        let state = self.run_state.state();
                        state.half_updated(state.acyclic(found))
                    }
                    _ => found,
                });
                let outcome = match former {
                    Some(old) if op == Op::CreateReplacement => Outcome::replaced(old, found),
                    _ => Outcome::Is(found),
                };
                (outcome, "it exists and is written again")
            }
            _ => (Outcome::Nothing, "it was never made"),
        }
    }
}
