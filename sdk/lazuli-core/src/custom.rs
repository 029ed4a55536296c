//! Resources of the user's own, served by the user's own code.
//!
//! A kind of resource is three things: a struct of inputs ([`Inputs`]), a struct
//! of outputs (any serde type), and an implementation of [`Custom`] that creates
//! it. The derives of the facade write the builder and the handle, so that a
//! program declares it like a built-in one; [`serve`] makes a
//! [`Provider`](crate::Provider) of it, one for each kind, named after its type.
//!
//! `lazuli::custom` has the example to begin with.
//!
//! # What happens after a crash
//! Before each operation the engine writes down what it is about to do. What was
//! in flight when a run died is settled by the next one, by [`Custom::read`]:
//! what is there is adopted, what is not is made again. A kind without `read`
//! cannot be asked; its operations are repeated, so they must bear that.

mod declared;
mod failure;
mod served;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::declared::{Draft, Parent, output};
pub use self::failure::Failure;
pub use self::served::serve;
use crate::provider::Progress;
use crate::value::{Reveal, Value};
use crate::{Diagnostic, Lifecycle, TypeSchema, Urn};

/// The inputs of a kind of resource: a plain serde struct with named fields.
///
/// `#[derive(Inputs)]` of the facade implements it, and writes the builder.
pub trait Inputs: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The type, for example `library:Shelf`: a part of every urn of the kind,
    /// and the name of the provider that serves it. It is what the state knows
    /// the kind by, so it must not change.
    const TYPE: &'static str;
}

/// A kind of resource, as its author implements it.
///
/// ```
/// use async_trait::async_trait;
/// use lazuli_core::custom::{Custom, Failure, Inputs, Made, Wanted};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Greeting { to: String }
/// impl Inputs for Greeting { const TYPE: &'static str = "demo:Greeting"; }
///
/// #[derive(Serialize, Deserialize)]
/// struct Greeted { text: String }
///
/// struct Greeter;
///
/// #[async_trait]
/// impl Custom for Greeter {
///     type Inputs = Greeting;
///     type Outputs = Greeted;
///
///     async fn create(&self, wanted: Wanted<'_, Greeting>) -> Result<Made<Greeted>, Failure> {
///         let text = format!("hello {}", wanted.inputs.to);
///         Ok(Made::new(wanted.name, Greeted { text }))
///     }
/// }
/// ```
#[async_trait]
pub trait Custom: Send + Sync + 'static {
    /// What the program declares.
    type Inputs: Inputs;
    /// What the resource answers: a serde struct with named fields, or `()`.
    /// The id is not one of them, it is beside them.
    type Outputs: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What is fixed for the kind. As it comes: any change of an input replaces
    /// the resource, the new one is made first.
    fn facts(&self) -> Facts {
        Facts::default()
    }

    /// Findings about the inputs, in previews too; called once all are known.
    fn check(&self, inputs: &Self::Inputs) -> Vec<Diagnostic> {
        let _ = inputs;
        Vec::new()
    }

    /// How long an operation takes, where the inputs decide it; `None` = as the facts
    /// say ([`Facts::usually_takes`]). Only decides what starts first. What is not
    /// known yet is [`Value::Unknown`].
    fn takes(&self, inputs: &Value, lifecycle: Lifecycle) -> Option<Duration> {
        let _ = (inputs, lifecycle);
        None
    }

    /// Makes the resource.
    ///
    /// # Errors
    /// See [`Failure`]; what comes with `?` counts as an unknown outcome.
    async fn create(
        &self,
        wanted: Wanted<'_, Self::Inputs>,
    ) -> Result<Made<Self::Outputs>, Failure>;

    /// Looks for the resource; `None` = it is certainly not there. An id that is
    /// `None` belongs to a create that never came back: look by name or inputs.
    ///
    /// As it comes: what is recorded is believed, and an interrupted create is
    /// repeated.
    ///
    /// # Errors
    /// It cannot be found out; the next run tries again.
    async fn read(
        &self,
        known: Known<'_, Self::Inputs, Self::Outputs>,
    ) -> Result<Option<Made<Self::Outputs>>, Failure> {
        Ok(known.as_recorded())
    }

    /// Changes the resource in place; called only for kinds whose facts say
    /// [`Facts::in_place`]. With equal inputs it is a repair: the last operation
    /// was interrupted.
    ///
    /// # Errors
    /// See [`Failure`]; what comes with `?` counts as an unknown outcome.
    async fn update(
        &self,
        known: Known<'_, Self::Inputs, Self::Outputs>,
        wanted: Wanted<'_, Self::Inputs>,
    ) -> Result<Self::Outputs, Failure> {
        let _ = (known, wanted);
        Err(Failure::refused("this kind implements no `update`")
            .help("implement it, or take `Facts::in_place` back"))
    }

    /// Removes the resource; that it is gone already is success. As it comes
    /// there is nothing to remove, and the resource is forgotten.
    ///
    /// # Errors
    /// See [`Failure`]; what comes with `?` counts as an unknown outcome.
    async fn delete(&self, known: Known<'_, Self::Inputs, Self::Outputs>) -> Result<(), Failure> {
        let _ = known;
        Ok(())
    }
}

/// What is fixed for a kind of resource.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    in_place: bool,
    types: TypeSchema,
    secret_outputs: Vec<String>,
    durations: [Option<Duration>; 3],
}

impl Facts {
    /// Inputs change in place, by [`Custom::update`].
    pub fn in_place() -> Self {
        Self {
            in_place: true,
            ..Self::default()
        }
    }

    /// Inputs (dotted paths) whose change replaces the resource all the same.
    #[must_use]
    pub fn replaced_on<S: Into<String>>(mut self, inputs: impl IntoIterator<Item = S>) -> Self {
        self.types
            .immutable
            .extend(inputs.into_iter().map(Into::into));
        self
    }

    /// A replacement deletes the old one first: both would have one name.
    #[must_use]
    pub fn deleted_first(mut self) -> Self {
        self.types.delete_before_replace = true;
        self
    }

    /// Inputs that are lists whose order means nothing.
    #[must_use]
    pub fn sets<S: Into<String>>(mut self, inputs: impl IntoIterator<Item = S>) -> Self {
        self.types.sets.extend(inputs.into_iter().map(Into::into));
        self
    }

    /// Inputs that are texts compared without case.
    #[must_use]
    pub fn ignores_case<S: Into<String>>(mut self, inputs: impl IntoIterator<Item = S>) -> Self {
        self.types
            .ignore_case
            .extend(inputs.into_iter().map(Into::into));
        self
    }

    /// Outputs that no update changes: known in its preview.
    #[must_use]
    pub fn stable_outputs<S: Into<String>>(mut self, outputs: impl IntoIterator<Item = S>) -> Self {
        let stable = outputs.into_iter().map(|path| (path.into(), Vec::new()));
        self.types.stable_outputs.extend(stable);
        self
    }

    /// Outputs that nobody may see.
    #[must_use]
    pub fn secret_outputs<S: Into<String>>(mut self, outputs: impl IntoIterator<Item = S>) -> Self {
        self.secret_outputs
            .extend(outputs.into_iter().map(Into::into));
        self
    }

    /// How long an operation usually takes; only decides what starts first.
    #[must_use]
    pub fn usually_takes(mut self, lifecycle: Lifecycle, duration: Duration) -> Self {
        self.durations[slot(lifecycle)] = Some(duration);
        self
    }

    fn duration(&self, lifecycle: Lifecycle) -> Duration {
        self.durations[slot(lifecycle)].unwrap_or(Duration::from_secs(1))
    }
}

fn slot(lifecycle: Lifecycle) -> usize {
    match lifecycle {
        Lifecycle::Create => 0,
        Lifecycle::Update => 1,
        Lifecycle::Delete => 2,
    }
}

/// A resource as the program wants it; every input is known.
pub struct Wanted<'a, I> {
    /// The name in the program.
    pub name: &'a str,
    /// The identity across runs.
    pub urn: &'a Urn,
    /// The inputs.
    pub inputs: I,
    /// How long the operation may take, if the program says so.
    pub timeout: Option<Duration>,
    /// Shows the user what is going on.
    pub status: Status<'a>,
}

/// Shows the user what is going on.
#[derive(Clone, Copy)]
pub struct Status<'a>(&'a dyn Progress);

impl Status<'_> {
    /// Shows a short text beside the running step.
    pub fn tell(self, text: &str) {
        self.0.status(text);
    }
}

/// A resource as it was recorded.
pub struct Known<'a, I, O> {
    /// The name in the program.
    pub name: &'a str,
    /// The identity across runs.
    pub urn: &'a Urn,
    /// Its id; `None` when a create was interrupted before it had one.
    pub id: Option<String>,
    /// The inputs of its last operation.
    pub inputs: I,
    /// What it answered then; `None` when a create was interrupted.
    pub outputs: Option<O>,
}

impl<I, O> Known<'_, I, O> {
    /// The resource, believing what is recorded; `None` for an interrupted create.
    pub fn as_recorded(self) -> Option<Made<O>> {
        Some(Made {
            id: self.id?,
            outputs: self.outputs?,
        })
    }
}

/// A resource that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made<O> {
    /// Its id, unique within the kind; never changes.
    pub id: String,
    /// Its answer.
    pub outputs: O,
}

impl<O> Made<O> {
    /// A resource of that id with its answer.
    pub fn new(id: impl Into<String>, outputs: O) -> Self {
        Self {
            id: id.into(),
            outputs,
        }
    }
}

/// A value as a serde type. The reason of a failure quotes no secret.
fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.to_json(Reveal::Yes)).map_err(|error| {
        if value.contains_secret() {
            "it has another form, and holds secrets that cannot be shown".to_owned()
        } else {
            error.to_string()
        }
    })
}
