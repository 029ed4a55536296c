//! Options that name other resources: order, and what is deleted or replaced together.

use super::Options;
use crate::node::NodeId;
use crate::stack::{AsResource, Resources};

impl Options {
    /// Adds resources that must exist first, beside those that the inputs name: one
    /// (`&network`), several of one type (`[&first, &second]`), or of several types
    /// (`(&network, &registry)`).
    ///
    /// ```
    /// use lazuli_core::{AsResource, Options};
    /// fn after<A: AsResource, B: AsResource>(network: &A, registry: &B) -> Options {
    ///     Options::new().depends_on((network, registry)).depends_on(network)
    /// }
    /// ```
    pub fn depends_on(mut self, resources: impl Resources) -> Self {
        self.0.depends_on.extend(nodes(&resources));
        self
    }

    /// When `container` is deleted, the cloud deletes this resource with it: no
    /// request is sent, and it leaves the state once `container` is gone. When
    /// `container` is replaced, so is this.
    pub fn deleted_with(mut self, container: &dyn AsResource) -> Self {
        self.0.deleted_with = Some(container.handle().index());
        self
    }

    /// When it is removed in a run that updates one of these, it is removed
    /// after that: they may use it until then, although it was made after them
    /// (a role of an app's own identity). No dependency: what leaves together
    /// leaves in the order of dependencies.
    pub fn delete_after(mut self, resources: impl Resources) -> Self {
        self.0.delete_after.extend(nodes(&resources));
        self
    }

    /// Replaces the resource whenever one of these is replaced.
    pub fn replace_with(mut self, resources: impl Resources) -> Self {
        self.0.replace_with.extend(nodes(&resources));
        self
    }
}

fn nodes(resources: &impl Resources) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    resources.each(&mut |handle| nodes.push(handle.index()));
    nodes
}
