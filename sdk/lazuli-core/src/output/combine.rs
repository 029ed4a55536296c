//! Outputs made of other outputs.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex};

use super::cell::{Cell, Data, Settled};
use super::source::Source;
use super::task::{panic_text, program_error, user_error};
use super::{Output, OutputValue};
use crate::error::{OutputError, Result};
use crate::executor::{self, lock};
use crate::node::{Deps, Provenance};
use crate::value::{FromValue, Value};

/// The two halves of a zip, as they arrive.
type Both<T, U> = (Option<Data<T>>, Option<Data<U>>);

/// Runs a user's closure; a panic becomes the output's error.
fn guarded<T>(at: &'static Location<'static>, run: impl FnOnce() -> Settled<T>) -> Settled<T> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|payload| Err(program_error(at, panic_text(&*payload))))
}

impl<T: OutputValue> Output<T> {
    /// Computes from the value. The closure runs once, on the program's thread,
    /// and never before the value is known; a panic in it fails this output.
    #[track_caller]
    pub fn map<U: OutputValue>(&self, change: impl FnOnce(T) -> U + Send + 'static) -> Output<U> {
        self.try_map(move |value| Ok(change(value)))
    }

    /// The same with a closure that can fail.
    #[track_caller]
    pub fn try_map<U: OutputValue>(
        &self,
        change: impl FnOnce(T) -> Result<U> + Send + 'static,
    ) -> Output<U> {
        let at = Location::caller();
        self.derive(at, move |value| {
            change(value).map_err(|error| user_error(error, at))
        })
    }

    #[track_caller]
    pub(crate) fn derive<U: OutputValue>(
        &self,
        at: &'static Location<'static>,
        change: impl FnOnce(T) -> Settled<U> + Send + 'static,
    ) -> Output<U> {
        let target = Cell::pending(Source::Derived(vec![self.node()]), at);
        let ambient = executor::ambient();
        let cell = target.clone();
        self.0.when_settled(Box::new(move |data: &Data<T>| {
            let value = match &data.value {
                Ok(value) => guarded(at, || change(value.clone())),
                Err(error) => Err(error.clone()),
            };
            cell.settle(Data {
                value,
                provenance: data.provenance.union(&ambient),
            });
        }));
        Output(target)
    }

    /// Both values. If both fail, the first error wins.
    #[must_use = "the result is another output; this one stays as it is"]
    #[track_caller]
    pub fn zip<U: OutputValue>(&self, other: &Output<U>) -> Output<(T, U)> {
        let at = Location::caller();
        let target = Cell::pending(Source::Derived(vec![self.node(), other.node()]), at);
        let ambient = executor::ambient();
        let parts: Arc<Mutex<Both<T, U>>> = Arc::default();
        let meet = {
            let (parts, target) = (parts.clone(), target.clone());
            move || {
                let (first, second) = match &mut *lock(&parts) {
                    (first @ Some(_), second @ Some(_)) => (first.take(), second.take()),
                    _ => return,
                };
                let (Some(first), Some(second)) = (first, second) else {
                    return;
                };
                let provenance = first.provenance.union(&second.provenance).union(&ambient);
                let value = first.value.and_then(|first| Ok((first, second.value?)));
                target.settle(Data { value, provenance });
            }
        };
        let (left, right) = (parts.clone(), parts);
        let meet_too = meet.clone();
        self.0.when_settled(Box::new(move |data| {
            lock(&left).0 = Some(data.clone());
            meet();
        }));
        other.0.when_settled(Box::new(move |data| {
            lock(&right).1 = Some(data.clone());
            meet_too();
        }));
        Output(target)
    }

    /// All values, in order. If several fail, the first in order wins.
    #[must_use = "the result is another output; this one stays as it is"]
    #[track_caller]
    pub fn all(outputs: impl IntoIterator<Item = Output<T>>) -> Output<Vec<T>> {
        let at = Location::caller();
        let outputs: Vec<_> = outputs.into_iter().collect();
        if outputs.is_empty() {
            return Output::of(Vec::new());
        }
        let sources = outputs.iter().map(Output::node).collect();
        let target = Cell::pending(Source::Derived(sources), at);
        let ambient = executor::ambient();
        let parts = Arc::new(Mutex::new((
            outputs.len(),
            vec![None::<Data<T>>; outputs.len()],
        )));
        for (index, output) in outputs.into_iter().enumerate() {
            let (parts, target, ambient) = (parts.clone(), target.clone(), ambient.clone());
            output.0.when_settled(Box::new(move |data| {
                let slots = {
                    let mut parts = lock(&parts);
                    parts.1[index] = Some(data.clone());
                    parts.0 -= 1;
                    if parts.0 > 0 {
                        return;
                    }
                    std::mem::take(&mut parts.1)
                };
                target.settle(gather(slots.into_iter().flatten().collect(), &ambient));
            }));
        }
        Output(target)
    }

    /// Marks the value secret.
    #[must_use = "the result is another output; this one stays as it is"]
    #[track_caller]
    pub fn as_secret(&self) -> Self {
        self.with_provenance(|provenance| Provenance {
            secret: true,
            ..provenance
        })
    }

    /// Takes the secret mark off: the value may then be printed, logged and
    /// stored in clear. Explicit on purpose.
    #[must_use = "the result is another output; this one stays as it is"]
    #[track_caller]
    pub fn reveal(&self) -> Self {
        self.with_provenance(|provenance| Provenance {
            secret: false,
            ..provenance
        })
    }

    #[track_caller]
    fn with_provenance(
        &self,
        change: impl FnOnce(Provenance) -> Provenance + Send + 'static,
    ) -> Self {
        let target = Cell::pending(Source::Derived(vec![self.node()]), Location::caller());
        let cell = target.clone();
        self.0.when_settled(Box::new(move |data| {
            cell.settle(Data {
                value: data.value.clone(),
                provenance: change(data.provenance.clone()),
            });
        }));
        Output(target)
    }

    /// Adds resources that the value stems from.
    pub(crate) fn with_deps(&self, deps: Deps) -> Self {
        let target = Cell::pending(Source::Derived(vec![self.node()]), self.0.at());
        let cell = target.clone();
        self.0.when_settled(Box::new(move |data| {
            let provenance = Provenance {
                deps: data.provenance.deps.union(&deps),
                secret: data.provenance.secret,
            };
            cell.settle(Data {
                value: data.value.clone(),
                provenance,
            });
        }));
        Output(target)
    }
}

impl Output<Value> {
    /// The value as a `T`. A secret inside of it makes all of it secret.
    #[track_caller]
    pub(crate) fn typed<T: OutputValue + FromValue>(&self) -> Output<T> {
        let at = Location::caller();
        let target = Cell::pending(Source::Derived(vec![self.node()]), at);
        let ambient = executor::ambient();
        let cell = target.clone();
        self.0.when_settled(Box::new(move |data| {
            let mut provenance = data.provenance.union(&ambient);
            let value = match &data.value {
                Ok(value) => {
                    provenance.secret |= value.contains_secret();
                    T::from_value(&value.unwrapped()).map_err(|reason| program_error(at, reason))
                }
                Err(error) => Err(error.clone()),
            };
            cell.settle(Data { value, provenance });
        }));
        Output(target)
    }
}

fn gather<T>(parts: Vec<Data<T>>, ambient: &Provenance) -> Data<Vec<T>> {
    let secret = ambient.secret || parts.iter().any(|part| part.provenance.secret);
    let ids = parts
        .iter()
        .flat_map(|part| part.provenance.deps.as_slice())
        .chain(ambient.deps.as_slice());
    let deps = Deps::from_ids(ids.copied().collect());
    Data {
        value: parts.into_iter().map(|part| part.value).collect(),
        provenance: Provenance { deps, secret },
    }
}

impl Data<Value> {
    /// A property at a dotted path of a resource's answer, as `read` takes it.
    /// A secret inside the answer makes this property secret, not its siblings.
    pub(crate) fn property<T>(
        &self,
        urn: &crate::Urn,
        path: &str,
        read: fn(&Value) -> std::result::Result<T, String>,
    ) -> Data<T> {
        let mut provenance = self.provenance.clone();
        let value = match &self.value {
            Ok(value) => {
                provenance.secret |= value.is_secret_at(path);
                let found = value.at(path).unwrap_or(&Value::Null);
                read(found).map_err(|reason| {
                    Box::new(OutputError::Shape {
                        urn: urn.clone(),
                        path: path.to_owned(),
                        reason,
                    })
                })
            }
            Err(error) => Err(error.clone()),
        };
        Data { value, provenance }
    }
}
