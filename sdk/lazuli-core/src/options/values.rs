//! Options as the engine reads them.

use std::time::Duration;

use super::{Alias, Hooks, Transform};
use crate::node::NodeId;
use crate::property::Property;

/// The options of a registered resource, with what it inherits and what transforms
/// made of them.
#[derive(Debug, Clone, Default)]
pub struct OptionValues {
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
    /// Code of the program that runs before or after its operations.
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

impl OptionValues {
    /// Whether every option has its default.
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
