//! A node as providers and the state take it.

use std::sync::Arc;

use lazuli_core::node::NodeId;
use lazuli_core::program::RegistrationKind;
use lazuli_core::{Declared, Value};

use super::Graph;
use crate::state::Resource;

impl Graph {
    /// What the provider is asked to do for a node.
    pub(crate) fn desired(&self, index: NodeId, lifecycle: lazuli_core::Lifecycle) -> Declared {
        let node = self.node(index);
        let timeouts = &node.registration.options.timeouts;
        let timeout = match lifecycle {
            lazuli_core::Lifecycle::Create => timeouts.create,
            lazuli_core::Lifecycle::Update => timeouts.update,
            lazuli_core::Lifecycle::Delete => timeouts.delete,
        };
        Declared {
            urn: node.registration.urn.clone(),
            id: node.seen.id.clone(),
            inputs: node.seen.inputs.clone(),
            timeout,
        }
    }

    /// The node as the state would record it.
    pub(crate) fn record(&self, index: NodeId, id: String, outputs: Value) -> Resource {
        let node = self.node(index);
        let registration = &node.registration;
        let provider = match &registration.kind {
            RegistrationKind::Resource { provider, .. } => provider.clone(),
            RegistrationKind::Component => Arc::from(""),
        };
        let options = &registration.options;
        let urn_of = |id: &NodeId| self.node(*id).registration.urn.clone();
        let recorded = |id: &&NodeId| !self.is_existing(**id);
        let mut depends_on: Vec<_> = node
            .seen
            .depends_on
            .iter()
            .filter(recorded)
            .map(urn_of)
            .collect();
        depends_on.sort();
        let mut delete_after: Vec<_> = self
            .resources(&options.delete_after, index)
            .iter()
            .filter(recorded)
            .map(urn_of)
            .collect();
        delete_after.sort();
        let secret_outputs = options.additional_secret_outputs.clone();
        let outputs = with_secrets(outputs, &node.seen.inputs, &secret_outputs);
        let container = self
            .container(index)
            .filter(|parent| !self.is_existing(*parent));
        Resource {
            urn: registration.urn.clone(),
            provider,
            id,
            inputs: node.seen.inputs.clone(),
            outputs,
            depends_on,
            parent: container.map(|parent| urn_of(&parent)),
            protect: options.protect.unwrap_or(false),
            retain_on_delete: options.retain_on_delete.unwrap_or(false),
            location: registration.at.into(),
            uncertain: false,
            deleted_with: options
                .deleted_with
                .filter(|id| recorded(&id) && !self.is_component(*id))
                .map(|id| urn_of(&id)),
            delete_after,
            tainted: false,
            container_id: None,
            trigger: node.seen.trigger.as_deref().cloned(),
            secret_outputs,
            delete_timeout: options.timeouts.delete,
            delete_hooks: options.hooks.around_delete(),
        }
    }

    /// Whether a node only looks at a resource that exists without the program.
    pub(crate) fn is_existing(&self, index: NodeId) -> bool {
        let kind = &self.node(index).registration.kind;
        matches!(kind, RegistrationKind::Resource { existing: true, .. })
    }

    /// The resource that contains this one in the cloud, components looked through.
    pub(crate) fn container(&self, index: NodeId) -> Option<NodeId> {
        let parent = self.node(index).registration.parent?;
        if self.is_component(parent) {
            self.around(parent)
        } else {
            Some(parent)
        }
    }
}

/// Marks outputs that are secret because the program says so, or because the
/// input of the same name is.
pub(crate) fn with_secrets(mut outputs: Value, inputs: &Value, additional: &[String]) -> Value {
    for path in additional {
        hide(&mut outputs, &path.split('.').collect::<Vec<_>>());
    }
    hide_like(&mut outputs, inputs);
    outputs
}

fn hide(value: &mut Value, path: &[&str]) {
    match (path, value) {
        ([], value) => *value = std::mem::take(value).into_secret(),
        ([key, rest @ ..], Value::Map(map)) => {
            if let Some(member) = map.get_mut(key) {
                hide(member, rest);
            }
        }
        ([key, rest @ ..], Value::List(list)) => {
            for (at, item) in list.iter_mut().enumerate() {
                if *key == "*" || *key == at.to_string() {
                    hide(item, rest);
                }
            }
        }
        _ => {}
    }
}

pub(crate) fn hide_like(outputs: &mut Value, inputs: &Value) {
    match (outputs, inputs) {
        (Value::Secret(_), _) => {}
        (outputs, Value::Secret(_)) => *outputs = std::mem::take(outputs).into_secret(),
        (Value::Map(outputs), Value::Map(inputs)) => {
            for (key, output) in outputs.iter_mut() {
                if let Some(input) = inputs.get(key) {
                    hide_like(output, input);
                }
            }
        }
        (Value::List(outputs), Value::List(inputs)) => {
            for (output, input) in outputs.iter_mut().zip(inputs) {
                hide_like(output, input);
            }
        }
        _ => {}
    }
}
