//! Code of the program that runs before or after the operations of one resource.
//!
//! Hooks run in the engine while it carries out an approved plan, never in a
//! preview. They are the program's own code, so what they do is not in the
//! journal: a hook may run again after a crash.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::Lifecycle;
use crate::error::Result;
use crate::urn::Urn;
use crate::value::Value;

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookPoint {
    /// Before the request leaves; its error keeps the step from starting.
    Before(Lifecycle),
    /// After the step is recorded; its error fails the run, not the resource.
    After(Lifecycle),
}

/// What a hook receives. Secrets stay secret values.
#[derive(Debug, Clone)]
pub struct HookArgs {
    /// The resource.
    pub urn: Urn,
    /// The operation.
    pub lifecycle: Lifecycle,
    /// The cloud's id, when known.
    pub id: Option<String>,
    /// Inputs of the last deployment; null for a create.
    pub old_inputs: Value,
    /// Inputs as declared now; null for a delete.
    pub new_inputs: Value,
    /// The cloud's answer of the last deployment; null for a create.
    pub old_outputs: Value,
    /// The cloud's new answer; null before the operation and for a delete.
    pub new_outputs: Value,
}

/// A failed attempt, as an error hook sees it.
#[derive(Debug, Clone)]
pub struct FailedAttempt {
    /// The resource.
    pub urn: Urn,
    /// The operation.
    pub lifecycle: Lifecycle,
    /// How many attempts failed so far, from 1.
    pub attempt: u32,
    /// The cloud's code, if it gave one.
    pub code: Option<String>,
    /// What happened.
    pub message: String,
}

/// What an error hook decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Try the operation again. After 100 attempts it fails all the same.
    Again,
    /// Let it fail.
    No,
}

type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// One action of the program.
#[derive(Clone)]
pub struct Hook(Arc<dyn Fn(HookArgs) -> Future<Result<()>> + Send + Sync>);

/// Decides about failed attempts.
#[derive(Clone)]
pub struct ErrorHook(Arc<dyn Fn(FailedAttempt) -> Future<Retry> + Send + Sync>);

impl Hook {
    /// Runs it.
    ///
    /// # Errors
    /// The program's own.
    pub async fn run(&self, args: HookArgs) -> Result<()> {
        (self.0)(args).await
    }
}

impl ErrorHook {
    /// Calls it.
    pub async fn decide(&self, attempt: FailedAttempt) -> Retry {
        (self.0)(attempt).await
    }
}

/// All hooks of one resource.
#[derive(Clone, Default)]
pub struct Hooks {
    actions: Vec<(HookPoint, Hook)>,
    on_error: Vec<ErrorHook>,
}

impl Hooks {
    pub(crate) fn add<F, Fut>(&mut self, point: HookPoint, action: F)
    where
        F: Fn(HookArgs) -> Fut + Send + Sync + 'static,
        Fut: std::future::Future<Output = Result<()>> + Send + 'static,
    {
        let hook = Hook(Arc::new(move |args| Box::pin(action(args))));
        self.actions.push((point, hook));
    }

    pub(crate) fn add_on_error<F, Fut>(&mut self, decide: F)
    where
        F: Fn(FailedAttempt) -> Fut + Send + Sync + 'static,
        Fut: std::future::Future<Output = Retry> + Send + 'static,
    {
        self.on_error.push(ErrorHook(Arc::new(move |attempt| {
            Box::pin(decide(attempt))
        })));
    }

    /// Hooks of one point, in order of declaration.
    pub fn at(&self, point: HookPoint) -> impl Iterator<Item = &Hook> {
        self.actions
            .iter()
            .filter(move |(at, _)| *at == point)
            .map(|(_, hook)| hook)
    }

    /// Hooks that decide about failed attempts.
    pub fn on_error(&self) -> &[ErrorHook] {
        &self.on_error
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty() && self.on_error.is_empty()
    }

    /// Whether a delete needs the program: it has hooks around deletes.
    pub fn around_delete(&self) -> bool {
        self.actions.iter().any(|(point, _)| {
            matches!(
                point,
                HookPoint::Before(Lifecycle::Delete) | HookPoint::After(Lifecycle::Delete)
            )
        })
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points: Vec<_> = self.actions.iter().map(|(point, _)| point).collect();
        write!(f, "Hooks({points:?}, {} on error)", self.on_error.len())
    }
}
