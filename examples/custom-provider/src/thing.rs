//! The kind of resource: a thing with a value, that takes its time to be made.

use std::time::Duration;

use lazuli::custom::*;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::cloud::Cloud;

/// Something in the cloud.
#[derive(Serialize, Deserialize, Inputs)]
#[custom(Thing, "example:Thing")]
pub(crate) struct ThingInputs {
    /// Names the things it depends on, by id.
    deps: Vec<String>,
    /// Says how long it takes to be made, in milliseconds.
    lat_ms: f64,
    /// Carries a value that may change.
    v: serde_json::Value,
}

/// Serves things.
pub(crate) struct Things {
    cloud: Cloud,
}

impl Things {
    pub(crate) fn new(cloud: Cloud) -> Self {
        Self { cloud }
    }
}

#[async_trait]
impl Custom for Things {
    type Inputs = ThingInputs;
    type Outputs = ();

    fn facts(&self) -> Facts {
        Facts::in_place()
    }

    fn takes(&self, inputs: &Value, lifecycle: Lifecycle) -> Option<Duration> {
        match lifecycle {
            Lifecycle::Create => time(f64::from_value(inputs.at("lat_ms")?).ok()?).ok(),
            Lifecycle::Update | Lifecycle::Delete => Some(Duration::ZERO),
        }
    }

    async fn create(&self, wanted: Wanted<'_, ThingInputs>) -> Result<Made<()>, Failure> {
        let time = time(wanted.inputs.lat_ms)?;
        let began = Instant::now();
        sleep_until(began + time / 2).await;
        let id = Uuid::new_v4().to_string();
        self.cloud.create(wanted.name, &id)?;
        sleep_until(began + time).await;
        Ok(Made::new(id, ()))
    }

    async fn read(&self, known: Known<'_, ThingInputs, ()>) -> Result<Option<Made<()>>, Failure> {
        if self.cloud.forgets() {
            return Ok(known.as_recorded());
        }
        let id = match known.id {
            Some(id) => self.cloud.holds(&id)?.then_some(id),
            None => self.cloud.find(known.name)?,
        };
        Ok(id.map(|id| Made::new(id, ())))
    }

    /// The cloud keeps no values, so there is nothing to tell it.
    async fn update(
        &self,
        _: Known<'_, ThingInputs, ()>,
        _: Wanted<'_, ThingInputs>,
    ) -> Result<(), Failure> {
        Ok(())
    }

    async fn delete(&self, known: Known<'_, ThingInputs, ()>) -> Result<(), Failure> {
        match &known.id {
            Some(id) => self.cloud.delete(known.name, id),
            None => Ok(()),
        }
    }
}

fn time(ms: f64) -> Result<Duration, Failure> {
    Ok(Duration::try_from_secs_f64(ms.max(0.0) / 1000.0)?)
}
