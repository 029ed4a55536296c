//! ARM templates: reading them, evaluating their expressions, planning their resources.
//!
//! Pure: nothing here touches the world. `providers::deployments` feeds it with a request and a
//! [`Runtime`] for what only can be known while a deployment runs.

pub(crate) mod collections;
pub(crate) mod expression;
pub(crate) mod functions;
pub(crate) mod hash;
pub(crate) mod parameters;
pub(crate) mod places;
pub(crate) mod plan;
pub(crate) mod scope;
pub(crate) mod strings;
pub(crate) mod text;

pub(crate) use plan::{Plan, Planned};
pub(crate) use scope::{DeploymentScope, Inputs, Runtime, Scope};

/// Why a template cannot be deployed, in ARM's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    pub(crate) message: String,
    /// The parameter it is about.
    pub(crate) parameter: Option<String>,
    /// The expression asks for what is known only while the deployment runs.
    pub(crate) too_early: bool,
}

impl TemplateError {
    pub(crate) fn new(message: impl Into<String>) -> TemplateError {
        TemplateError {
            message: message.into(),
            parameter: None,
            too_early: false,
        }
    }

    pub(crate) fn of_parameter(name: &str, message: impl Into<String>) -> TemplateError {
        TemplateError {
            parameter: Some(name.to_owned()),
            ..TemplateError::new(message)
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, TemplateError>;
