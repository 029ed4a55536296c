//! Options that any resource takes beside its own properties.

pub(crate) mod alias;
mod hook;
mod transform;

use std::time::Duration;

pub use self::alias::Alias;
pub use self::hook::{ErrorHook, FailedAttempt, Hook, HookArgs, HookPoint, Hooks, Retry};
pub use self::transform::{Declaration, Transform};
use crate::error::Result;
use crate::executor::NodeId;
use crate::input::IntoInput;
use crate::output::OutputValue;
use crate::property::{Property, ToProperty};
use crate::stack::AsResource;

/// Options of one resource; absent ones are inherited from its parent
/// (`protect`, `retain_on_delete`, `deleted_with`, `provider`, transforms) or
/// have the engine's default.
///
/// ```
/// use lazuli_core::Options;
/// let options = Options::new().protect().ignore_changes(["tags"]);
/// assert_eq!(options.protect, Some(true));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Resources that must exist before this one, beside those its inputs name.
    pub depends_on: Vec<NodeId>,
    /// Refuse to delete or replace it.
    pub protect: Option<bool>,
    /// On delete forget it, leaving it in the cloud.
    pub retain_on_delete: Option<bool>,
    /// On replace delete the old one first. Default: decided by the type.
    pub delete_before_replace: Option<bool>,
    /// Dotted property paths whose changes in the program are ignored.
    pub ignore_changes: Vec<String>,
    /// Dotted property paths whose change replaces the resource.
    pub replace_on_changes: Vec<String>,
    /// How long each operation may take.
    pub timeouts: Timeouts,
    /// Its deletion is the consequence of that resource's deletion.
    pub deleted_with: Option<NodeId>,
    /// Resources that may still use it until they are changed.
    pub delete_after: Vec<NodeId>,
    /// It is replaced whenever one of these is.
    pub replace_with: Vec<NodeId>,
    /// It is replaced whenever this value changes.
    pub replacement_trigger: Option<Property>,
    /// Dotted paths of outputs that are secrets, beside those the engine knows of.
    pub additional_secret_outputs: Vec<String>,
    /// Urns it had before.
    pub aliases: Vec<Alias>,
    /// Adopt the resource of this id in the cloud instead of creating one.
    pub import: Option<String>,
    /// The instance of the provider that serves it: `PROVIDER/INSTANCE`.
    pub provider: Option<String>,
    /// Deeds of the program around its operations.
    pub hooks: Hooks,
    /// Rewritings of it and of what is declared under it, innermost first.
    pub transforms: Vec<Transform>,
}

/// How long an operation may take before it counts as failed. Default: the provider's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For create.
    pub create: Option<Duration>,
    /// For update.
    pub update: Option<Duration>,
    /// For delete.
    pub delete: Option<Duration>,
}

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts with resources that must exist first.
    pub fn depends_on<const N: usize>(resources: [&dyn AsResource; N]) -> Self {
        Self {
            depends_on: resources.into_iter().map(|r| r.handle().index()).collect(),
            ..Self::default()
        }
    }

    /// Adds resources that must exist first.
    #[must_use]
    pub fn and_depends_on<const N: usize>(mut self, resources: [&dyn AsResource; N]) -> Self {
        self.depends_on
            .extend(resources.into_iter().map(|r| r.handle().index()));
        self
    }

    /// Refuses to delete or replace the resource.
    #[must_use]
    pub fn protect(mut self) -> Self {
        self.protect = Some(true);
        self
    }

    /// Lifts an inherited `protect`.
    #[must_use]
    pub fn unprotect(mut self) -> Self {
        self.protect = Some(false);
        self
    }

    /// Leaves the resource in the cloud when it leaves the program.
    #[must_use]
    pub fn retain_on_delete(mut self) -> Self {
        self.retain_on_delete = Some(true);
        self
    }

    /// Chooses the order of a replacement, whatever the type prefers.
    #[must_use]
    pub fn delete_before_replace(mut self, first: bool) -> Self {
        self.delete_before_replace = Some(first);
        self
    }

    /// Ignores changes at these dotted paths.
    #[must_use]
    pub fn ignore_changes<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.ignore_changes
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Replaces the resource when a value at these dotted paths changes.
    #[must_use]
    pub fn replace_on_changes<S: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = S>,
    ) -> Self {
        self.replace_on_changes
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sets how long operations may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// When `container` is deleted, the cloud deletes this resource with it: no
    /// request is sent, and it leaves the state once `container` is gone. When
    /// `container` is replaced, so is this.
    #[must_use]
    pub fn deleted_with(mut self, container: &dyn AsResource) -> Self {
        self.deleted_with = Some(container.handle().index());
        self
    }

    /// When it is removed in a run that updates one of these, it is removed
    /// after that: they may use it until then, although it was made after them
    /// (a role of an app's own identity). No dependency: what leaves together
    /// leaves in the order of dependencies.
    #[must_use]
    pub fn delete_after<const N: usize>(mut self, resources: [&dyn AsResource; N]) -> Self {
        self.delete_after
            .extend(resources.into_iter().map(|r| r.handle().index()));
        self
    }

    /// Replaces the resource whenever one of these is replaced.
    #[must_use]
    pub fn replace_with<const N: usize>(mut self, resources: [&dyn AsResource; N]) -> Self {
        self.replace_with
            .extend(resources.into_iter().map(|r| r.handle().index()));
        self
    }

    /// Replaces the resource whenever this value differs from the one recorded
    /// at its last deployment. Adding or dropping the trigger does not replace.
    #[must_use]
    pub fn replacement_trigger<T: ToProperty + OutputValue>(
        mut self,
        value: impl IntoInput<T>,
    ) -> Self {
        self.replacement_trigger = Some(value.into_input().into_property());
        self
    }

    /// Treats outputs at these dotted paths as secrets.
    #[must_use]
    pub fn additional_secret_outputs<S: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = S>,
    ) -> Self {
        self.additional_secret_outputs
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Names former identities: a resource of the state that has one of these
    /// is this resource, renamed, and is not deleted.
    #[must_use]
    pub fn aliases(mut self, aliases: impl IntoIterator<Item = Alias>) -> Self {
        self.aliases.extend(aliases);
        self
    }

    /// Adopts the existing resource of this id, if the state has none yet. What
    /// the program declares must agree with what is there.
    #[must_use]
    pub fn import(mut self, id: impl Into<String>) -> Self {
        self.import = Some(id.into());
        self
    }

    /// Has the resource served by an instance of its provider: `azure/europe`.
    #[must_use]
    pub fn provider(mut self, instance: impl Into<String>) -> Self {
        self.provider = Some(instance.into());
        self
    }

    /// Runs a action of the program before or after an operation of the resource.
    /// A resource with hooks around its delete is destroyed by
    /// `destroy --run-program` only.
    #[must_use]
    pub fn hook<F, Fut>(mut self, point: HookPoint, action: F) -> Self
    where
        F: Fn(HookArgs) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.hooks.add(point, action);
        self
    }

    /// Asks the program whether a failed operation is to be tried again.
    #[must_use]
    pub fn on_error<F, Fut>(mut self, decide: F) -> Self
    where
        F: Fn(FailedAttempt) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Retry> + Send + 'static,
    {
        self.hooks.add_on_error(decide);
        self
    }

    /// Rewrites this declaration and those of everything declared under it.
    #[must_use]
    pub fn transform(
        mut self,
        rewrite: impl Fn(&mut Declaration<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.transforms.push(Transform::new(rewrite));
        self
    }

    /// Whether nothing was asked for.
    pub(crate) fn is_plain(&self) -> bool {
        let Self {
            depends_on,
            protect: None,
            retain_on_delete: None,
            delete_before_replace: None,
            ignore_changes,
            replace_on_changes,
            timeouts,
            deleted_with: None,
            delete_after,
            replace_with,
            replacement_trigger: None,
            additional_secret_outputs,
            aliases,
            import: None,
            provider: None,
            hooks,
            transforms,
        } = self
        else {
            return false;
        };
        depends_on.is_empty()
            && delete_after.is_empty()
            && ignore_changes.is_empty()
            && replace_on_changes.is_empty()
            && *timeouts == Timeouts::default()
            && replace_with.is_empty()
            && additional_secret_outputs.is_empty()
            && aliases.is_empty()
            && hooks.is_empty()
            && transforms.is_empty()
    }

    /// Names of options that are given and do nothing for a component: they are
    /// about one resource of the cloud, and are not handed on.
    pub fn idle_on_component(&self) -> Vec<&'static str> {
        let given = [
            (!self.hooks.is_empty(), "hook"),
            (self.timeouts != Timeouts::default(), "timeouts"),
            (!self.ignore_changes.is_empty(), "ignore_changes"),
            (!self.replace_on_changes.is_empty(), "replace_on_changes"),
            (
                self.delete_before_replace.is_some(),
                "delete_before_replace",
            ),
            (!self.replace_with.is_empty(), "replace_with"),
            (self.replacement_trigger.is_some(), "replacement_trigger"),
            (!self.delete_after.is_empty(), "delete_after"),
            (
                !self.additional_secret_outputs.is_empty(),
                "additional_secret_outputs",
            ),
            (self.import.is_some(), "import"),
        ];
        let idle = given
            .into_iter()
            .filter_map(|(is, name)| is.then_some(name));
        idle.collect()
    }

    /// What children take from a parent with these options.
    pub(crate) fn for_children(&self) -> Self {
        Self {
            protect: self.protect,
            retain_on_delete: self.retain_on_delete,
            deleted_with: self.deleted_with,
            provider: self.provider.clone(),
            transforms: self.transforms.clone(),
            ..Self::default()
        }
    }

    /// Fills what is absent from what a parent passes on.
    pub(crate) fn inherit(mut self, parent: &Self) -> Self {
        self.protect = self.protect.or(parent.protect);
        self.retain_on_delete = self.retain_on_delete.or(parent.retain_on_delete);
        self.deleted_with = self.deleted_with.or(parent.deleted_with);
        self.provider = self.provider.or_else(|| parent.provider.clone());
        self.transforms.extend(parent.transforms.iter().cloned());
        self
    }
}
