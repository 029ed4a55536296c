//! One operation on a provider, and the reading that settles an unknown outcome.

use lazuli_core::{
    Declared, Observed, Progress, Provider, ProviderError, ProviderErrorKind, Recorded, Urn, Value,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

use super::tokens::Tokens;
use crate::state::InFlight;

/// What a provider is asked to do.
#[derive(Clone)]
pub(crate) enum Operation {
    Create {
        desired: Declared,
        /// Ids under the same urn that are other resources.
        known: Vec<String>,
    },
    Update {
        existing: Recorded,
        desired: Declared,
    },
    Delete {
        existing: Recorded,
        timeout: Option<Duration>,
    },
    /// Looks at a resource that exists without the program.
    Read { existing: Recorded },
}

impl Operation {
    /// The resource as a provider's `lock_keys` takes it.
    pub(crate) fn desired(&self) -> Declared {
        match self {
            Self::Create { desired, .. } | Self::Update { desired, .. } => desired.clone(),
            Self::Delete { existing, .. } | Self::Read { existing } => {
                super::desired_of(existing.clone())
            }
        }
    }
}

/// How long the outcome of an operation with a time limit is looked for. What is not known then stays in flight, and
/// the next run settles it.
const LAST_LOOK: Duration = Duration::from_secs(10);

/// How an operation ended.
pub(crate) enum Ending {
    /// It was never requested: the journal could not be written.
    NotStarted(String),
    /// The resource is as wanted.
    Brought(Observed),
    /// The resource is gone.
    Gone,
    /// It failed; and what is there now.
    Failed {
        error: ProviderError,
        found: Reading,
    },
}

/// What a reading found.
#[derive(Debug)]
pub(crate) enum Reading {
    /// The cloud says that the resource is not there.
    Absent,
    /// It is there.
    Present(Observed),
    /// The provider said that nothing changed; no reading was needed.
    Unchanged,
    /// The cloud could not be asked.
    Unread,
}

/// Passes what a provider reports to the journal and the frontend.
pub(crate) struct Reporter {
    pub(crate) urn: Urn,
    pub(crate) number: u64,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) status: mpsc::Sender<(Urn, String)>,
}

impl Progress for Reporter {
    fn accepted(&self, token: Value) -> Result<(), ProviderError> {
        self.tokens.put(self.number, token);
        Ok(())
    }

    fn status(&self, text: &str) {
        // A status is for people: one that finds no room, or nobody who listens
        // any more, is left out.
        let _ = self.status.try_send((self.urn.clone(), text.to_owned()));
    }
}

/// Performs an operation. An unknown outcome is settled by reading at once.
pub(crate) async fn perform(
    provider: &dyn Provider,
    operation: Operation,
    reporter: &Reporter,
) -> Ending {
    match operation {
        Operation::Create { desired, known } => match within(
            desired.timeout,
            "creation",
            provider.create(&desired, reporter),
        )
        .await
        {
            Ok(created) => Ending::Brought(created),
            Err(error) => {
                let limit = desired.timeout;
                failed(provider, error, (&lost(desired), &known), limit).await
            }
        },
        Operation::Update { existing, desired } => {
            let update = provider.update(&existing, &desired, reporter);
            match within(desired.timeout, "update", update).await {
                Ok(created) => Ending::Brought(created),
                Err(error) => failed(provider, error, (&existing, &[]), desired.timeout).await,
            }
        }
        Operation::Read { existing } => match provider.read(&existing).await {
            Ok(Some(created)) => Ending::Brought(created),
            Ok(None) => {
                let message = format!("{} does not exist", existing.id);
                let error = ProviderError::new(ProviderErrorKind::Refused, message)
                    .help("correct the id, or declare the resource to have it created");
                let found = Reading::Unchanged;
                Ending::Failed { error, found }
            }
            Err(error) => Ending::Failed {
                error,
                found: Reading::Unchanged,
            },
        },
        Operation::Delete { existing, timeout } => {
            let deletion = provider.delete(&existing, reporter);
            match within(timeout, "deletion", deletion).await {
                Ok(()) => Ending::Gone,
                Err(error) => match failed(provider, error, (&existing, &[]), timeout).await {
                    Ending::Failed {
                        found: Reading::Absent,
                        ..
                    } => Ending::Gone,
                    ending => ending,
                },
            }
        }
    }
}

/// Waits as long as the program allows. What happened then is not known: the
/// cloud may still be at it.
async fn within<T>(
    limit: Option<Duration>,
    what: &str,
    operation: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let Some(limit) = limit else {
        return operation.await;
    };
    tokio::time::timeout(limit, operation)
        .await
        .unwrap_or_else(|_| {
            let message = format!("the {what} has not ended after {limit:?}");
            Err(ProviderError::new(ProviderErrorKind::Unknown, message)
                .help("run the command again, or allow more time (`Options::timeouts`)"))
        })
}

async fn failed(
    provider: &dyn Provider,
    error: ProviderError,
    (existing, known): (&Recorded, &[String]),
    limit: Option<Duration>,
) -> Ending {
    let found = match error.kind {
        ProviderErrorKind::Unknown | ProviderErrorKind::Unhealthy => {
            let look = look(provider, existing, known);
            match limit {
                // A provider reads only what no operation is running on, and the time for waiting is over.
                Some(_) => tokio::time::timeout(LAST_LOOK, look)
                    .await
                    .unwrap_or(Reading::Unread),
                None => look.await,
            }
        }
        _ => Reading::Unchanged,
    };
    Ending::Failed { error, found }
}

/// What a create of unknown outcome may have made.
fn lost(desired: Declared) -> Recorded {
    Recorded {
        id: desired.id.unwrap_or_default(),
        urn: desired.urn,
        inputs: desired.inputs,
        outputs: Value::Null,
    }
}

/// Looks for what a create of unknown outcome may have made; it has none of the
/// ids that are known.
pub(super) async fn look_for(
    provider: &dyn Provider,
    desired: Declared,
    known: &[String],
) -> Reading {
    look(provider, &lost(desired), known).await
}

async fn look(provider: &dyn Provider, existing: &Recorded, known: &[String]) -> Reading {
    match find(provider, existing, known).await {
        Ok(Some(created)) => Reading::Present(created),
        Ok(None) => Reading::Absent,
        Err(cause) => {
            tracing::warn!(urn = %existing.urn, %cause, "the outcome could not be read");
            Reading::Unread
        }
    }
}

/// Reads by id; what has none yet is looked for.
async fn find(
    provider: &dyn Provider,
    existing: &Recorded,
    known: &[String],
) -> Result<Option<Observed>, ProviderError> {
    if existing.id.is_empty() {
        provider.find(existing, known).await
    } else {
        provider.read(existing).await
    }
}

/// Settles what an earlier run left in flight: waits for the operation if the
/// cloud still knows it, then reads the resource.
pub(crate) async fn settle(
    provider: Option<&dyn Provider>,
    in_flight: &InFlight,
    known: &[String],
) -> Result<Reading, ProviderError> {
    let Some(provider) = provider else {
        let message = format!(
            "there is no provider {:?} to read it with",
            in_flight.resource.provider
        );
        return Err(ProviderError::new(ProviderErrorKind::Refused, message));
    };
    if let Some(token) = &in_flight.token {
        provider.resume(&in_flight.resource.urn, token).await?;
    }
    let found = find(provider, &in_flight.resource.existing(), known).await?;
    Ok(found.map_or(Reading::Absent, Reading::Present))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cloud that takes everything and finishes nothing.
    struct Endless;

    impl lazuli_core::Schema for Endless {}

    #[async_trait::async_trait]
    impl Provider for Endless {
        fn schema(&self) -> std::sync::Arc<dyn lazuli_core::Schema> {
            std::sync::Arc::new(Self)
        }

        async fn create(&self, _: &Declared, _: &dyn Progress) -> Result<Observed, ProviderError> {
            std::future::pending().await
        }

        async fn read(&self, _: &Recorded) -> Result<Option<Observed>, ProviderError> {
            std::future::pending().await
        }

        async fn update(
            &self,
            _: &Recorded,
            _: &Declared,
            _: &dyn Progress,
        ) -> Result<Observed, ProviderError> {
            std::future::pending().await
        }

        async fn delete(&self, _: &Recorded, _: &dyn Progress) -> Result<(), ProviderError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_reading_after_a_time_limit_is_limited_too() {
        let desired = Declared {
            urn: Urn::new("dev", "p", "", "t", "a"),
            id: Some("1".to_owned()),
            inputs: Value::map(),
            timeout: Some(Duration::from_secs(20)),
        };
        let (status, _heard) = mpsc::channel(1);
        let reporter = Reporter {
            urn: desired.urn.clone(),
            number: 1,
            tokens: Arc::default(),
            status,
        };
        let existing = lost(desired.clone());
        let operations = [
            Operation::Create {
                desired: desired.clone(),
                known: Vec::new(),
            },
            Operation::Update {
                existing: existing.clone(),
                desired: desired.clone(),
            },
            Operation::Delete {
                existing,
                timeout: desired.timeout,
            },
        ];
        for operation in operations {
            let started = tokio::time::Instant::now();
            let ending = perform(&Endless, operation, &reporter).await;
            assert!(matches!(
                ending,
                Ending::Failed {
                    found: Reading::Unread,
                    ..
                }
            ));
            assert_eq!(started.elapsed(), Duration::from_secs(20) + LAST_LOOK);
        }
    }
}
