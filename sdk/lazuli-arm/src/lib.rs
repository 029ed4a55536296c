//! The Azure Resource Manager protocol: ids, transport, credentials, clouds, long-running operations.
//!
//! A resource provider talks to Azure through one [`ArmClient`]. The client knows the protocol (how an operation is
//! accepted, polled, repeated and finished, and what each error means) and nothing of any resource type.
//!
//! What this crate never does: print, read the process environment behind the caller's back (the caller hands over an
//! [`Env`]), log a header or a body, or follow a link to another origin than the resource manager's.

mod answer;
mod azure_core_http;
mod client;
mod cloud;
mod connect;
mod credential;
mod env;
mod error;
mod error_body;
mod exchange;
mod github;
mod hint;
mod ids;
mod lro;
mod method;
mod mutate;
mod operation;
mod poller;
mod recent;
mod refusal;
mod registration;
mod resource_type;
mod retry;
mod role_assignment;
mod throttle;
mod transport;
mod wire;

pub use client::ArmClient;
pub use cloud::{Cloud, Suffixes};
pub use connect::{CloudSource, ConnectOptions, CredentialSource};
pub use credential::Credential;
pub use env::Env;
pub use error::{ArmError, ArmErrorKind, ErrorDetail, Result};
pub use ids::{IdError, ResourceId};
pub use method::Method;
pub use operation::{NoProgress, OperationToken, PollKind, PollUrl, Progress};
pub use poller::PollPolicy;
pub use resource_type::ResourceType;
pub use retry::RetryPolicy;
pub use role_assignment::role_assignment_name;
pub use transport::{Transport, TransportOptions};

// Re-exported on purpose: they appear in public signatures.
pub use secrecy::{ExposeSecret, SecretString};
pub use serde_json::Value;
pub use url::Url;
pub use uuid::Uuid;
