//! Options that any resource takes beside its own properties.

pub(crate) mod alias;
mod hook;
mod order;
mod transform;
mod values;

pub use self::alias::Alias;
pub use self::hook::{ErrorHook, FailedAttempt, Hook, HookArgs, HookPoint, Hooks, Retry};
pub use self::transform::{Declaration, Transform};
pub use self::values::{OptionValues, Timeouts};
use crate::error::Result;
use crate::input::IntoInput;
use crate::output::OutputValue;
use crate::property::ToProperty;

/// Options of one resource; absent ones are inherited from its parent
/// (`protect`, `retain_on_delete`, `deleted_with`, `provider`, transforms) or
/// have the engine's default.
///
/// ```
/// use lazuli_core::{AsResource, Options};
/// fn of_the_database(network: &dyn AsResource, vault: &dyn AsResource) -> Options {
///     Options::new()
///         .protect()
///         .ignore_changes(["tags"])
///         .depends_on([network, vault])
/// }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until a builder takes them: `.options(..)`"]
pub struct Options(pub(crate) OptionValues);

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses to delete or replace the resource.
    pub fn protect(mut self) -> Self {
        self.0.protect = Some(true);
        self
    }

    /// Lifts an inherited `protect`.
    pub fn unprotect(mut self) -> Self {
        self.0.protect = Some(false);
        self
    }

    /// Leaves the resource in the cloud when it leaves the program.
    pub fn retain_on_delete(mut self) -> Self {
        self.0.retain_on_delete = Some(true);
        self
    }

    /// Chooses the order of a replacement, whatever the type prefers.
    pub fn delete_before_replace(mut self, first: bool) -> Self {
        self.0.delete_before_replace = Some(first);
        self
    }

    /// Ignores changes at these dotted paths.
    pub fn ignore_changes<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.0
            .ignore_changes
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Replaces the resource when a value at these dotted paths changes.
    pub fn replace_on_changes<S: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = S>,
    ) -> Self {
        self.0
            .replace_on_changes
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sets how long operations may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.0.timeouts = timeouts;
        self
    }

    /// Replaces the resource whenever this value differs from the one recorded
    /// at its last deployment. Adding or dropping the trigger does not replace.
    pub fn replacement_trigger<T: ToProperty + OutputValue>(
        mut self,
        value: impl IntoInput<T>,
    ) -> Self {
        self.0.replacement_trigger = Some(value.into_input().into_property());
        self
    }

    /// Treats outputs at these dotted paths as secrets.
    pub fn additional_secret_outputs<S: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = S>,
    ) -> Self {
        self.0
            .additional_secret_outputs
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Names former identities: a resource of the state that has one of these
    /// is this resource, renamed, and is not deleted.
    pub fn aliases(mut self, aliases: impl IntoIterator<Item = Alias>) -> Self {
        self.0.aliases.extend(aliases);
        self
    }

    /// Adopts the existing resource of this id, if the state has none yet. What
    /// the program declares must agree with what is there.
    pub fn import(mut self, id: impl Into<String>) -> Self {
        self.0.import = Some(id.into());
        self
    }

    /// Has the resource served by an instance of its provider: `azure/europe`.
    pub fn provider(mut self, instance: impl Into<String>) -> Self {
        self.0.provider = Some(instance.into());
        self
    }

    /// Runs a hook before or after an operation of the resource.
    /// A resource with hooks around its delete is destroyed by
    /// `destroy --run-program` only.
    pub fn hook<F, Fut>(mut self, point: HookPoint, action: F) -> Self
    where
        F: Fn(HookArgs) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.0.hooks.add(point, action);
        self
    }

    /// Asks the program whether a failed operation is to be tried again.
    pub fn on_error<F, Fut>(mut self, decide: F) -> Self
    where
        F: Fn(FailedAttempt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Retry> + Send + 'static,
    {
        self.0.hooks.add_on_error(decide);
        self
    }

    /// Rewrites this declaration and those of everything declared under it.
    pub fn transform(
        mut self,
        rewrite: impl Fn(&mut Declaration<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.0.transforms.push(Transform::new(rewrite));
        self
    }
}
