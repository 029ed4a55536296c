//! The program's own actions around a step, and its say about failed attempts.

use std::pin::Pin;

use lazuli_core::options::{FailedAttempt, Hook, HookArgs, HookPoint, Hooks, Retry};
use lazuli_core::{
    Error, Lifecycle, Progress as _, Provider, ProviderError, ProviderErrorKind, Value,
};

use super::operation::{Ending, Operation, Reading, Reporter};
use crate::caught::caught;
use crate::plan::Step;
use crate::state::State;

const MOST_ATTEMPTS: u32 = 100;

/// Runs an operation between its hooks, as often as the error hooks want. The
/// hooks after it run once it is recorded, see [`after`].
pub(super) async fn around<'a, F, Fut>(
    hooks: &Hooks,
    provider: &'a dyn Provider,
    operation: Operation,
    reporter: &'a Reporter,
    perform: F,
) -> Ending
where
    F: Fn(&'a dyn Provider, Operation, &'a Reporter) -> Fut,
    Fut: Future<Output = Ending>,
{
    let args = before_args(&operation);
    for hook in hooks.at(HookPoint::Before(args.lifecycle)) {
        if let Err(error) = run(hook, args.clone()).await {
            return refused(&error);
        }
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        let ending = perform(provider, operation.clone(), reporter).await;
        let again = match &ending {
            Ending::Failed { error, found } if attempt < MOST_ATTEMPTS => {
                is_repeatable(&operation, found) && wants_again(hooks, &args, attempt, error).await
            }
            Ending::Failed { .. } if !hooks.on_error().is_empty() => {
                tracing::warn!(urn = %args.urn, "given up after {MOST_ATTEMPTS} attempts");
                false
            }
            _ => false,
        };
        if !again {
            return ending;
        }
        reporter.status(&format!("attempt {} ...", attempt + 1));
    }
}

/// An operation may only be repeated when it is known what is there now.
fn is_repeatable(operation: &Operation, found: &Reading) -> bool {
    match found {
        Reading::Unchanged | Reading::Absent => true,
        Reading::Present(_) => !matches!(operation, Operation::Create { .. }),
        Reading::Unread => false,
    }
}

/// Every error hook is asked; one that wants another attempt is enough.
async fn wants_again(hooks: &Hooks, args: &HookArgs, attempt: u32, error: &ProviderError) -> bool {
    let failed = FailedAttempt {
        urn: args.urn.clone(),
        lifecycle: args.lifecycle,
        attempt,
        code: error.code.clone(),
        message: error.message.clone(),
    };
    let mut again = false;
    for hook in hooks.on_error() {
        match caught(hook.decide(failed.clone())).await {
            Ok(retry) => again |= retry == Retry::Again,
            Err(panic) => tracing::warn!(urn = %args.urn, panic, "an error hook panicked"),
        }
    }
    again
}

/// A hook that panics is one that fails.
async fn run(hook: &Hook, args: HookArgs) -> Result<(), Error> {
    match caught(hook.run(args)).await {
        Ok(result) => result,
        Err(panic) => Err(Error::new(format!("it panicked: {panic}"))),
    }
}

fn refused(error: &Error) -> Ending {
    let message = format!("a hook before it failed: {}", error.message());
    let mut refusal = ProviderError::new(ProviderErrorKind::Refused, message);
    refusal.help = error.help().map(str::to_owned);
    Ending::Failed {
        error: refusal,
        found: Reading::Unchanged,
    }
}

/// The arguments of hooks before an operation.
pub(super) fn before_args(operation: &Operation) -> HookArgs {
    let desired = operation.desired();
    let (lifecycle, old, new_inputs) = match operation {
        Operation::Create { desired, .. } => (Lifecycle::Create, None, desired.inputs.clone()),
        Operation::Update { existing, desired } => {
            (Lifecycle::Update, Some(existing), desired.inputs.clone())
        }
        Operation::Delete { existing, .. } | Operation::Read { existing } => {
            (Lifecycle::Delete, Some(existing), Value::Null)
        }
    };
    let old = |part: fn(&lazuli_core::Recorded) -> &Value| {
        old.map(|old| part(old).clone()).unwrap_or(Value::Null)
    };
    HookArgs {
        urn: desired.urn,
        lifecycle,
        id: desired.id,
        old_inputs: old(|old| &old.inputs),
        new_inputs,
        old_outputs: old(|old| &old.outputs),
        new_outputs: Value::Null,
    }
}

/// The arguments of hooks after a step: those of the hooks before it, and the
/// resource as it is recorded now.
pub(super) fn after_args(before: HookArgs, step: &Step, state: &State) -> HookArgs {
    let now = state
        .resources
        .get(&step.urn)
        .filter(|_| !step.op.is_delete());
    HookArgs {
        id: now.map(|now| now.id.clone()).or(before.id),
        new_inputs: now.map(|now| now.inputs.clone()).unwrap_or(Value::Null),
        new_outputs: now.map(|now| now.outputs.clone()).unwrap_or(Value::Null),
        ..before
    }
}

type Running = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The hooks after a step, one after the other; `None` when there are none.
pub(super) fn after(hooks: &Hooks, args: HookArgs) -> Option<Running> {
    let actions: Vec<Hook> = hooks
        .at(HookPoint::After(args.lifecycle))
        .cloned()
        .collect();
    if actions.is_empty() {
        return None;
    }
    Some(Box::pin(async move {
        for hook in actions {
            run(&hook, args.clone()).await?;
        }
        Ok(())
    }))
}
