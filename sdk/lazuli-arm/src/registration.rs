//! Registering a resource provider for the subscription, the first time it is used.
//!
//! A subscription knows only the namespaces that somebody has registered; the first write to another one is refused
//! with `MissingSubscriptionRegistration`. However many writes meet that refusal at once, one registers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::client::ArmClient;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::ids::ResourceId;
use crate::method::Method;
use crate::operation::Progress;
use crate::throttle::Lane;
use crate::wire::Call;

const API_VERSION: &str = "2021-04-01";

/// The namespaces that this client has registered, or is registering.
#[derive(Default)]
pub(crate) struct Registrations(Mutex<HashMap<String, Arc<OnceCell<()>>>>);

impl Registrations {
    fn of(&self, namespace: &str) -> Arc<OnceCell<()>> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(namespace.to_ascii_lowercase()).or_default())
    }
}

impl ArmClient {
    /// Registers the namespace that `refusal` names and waits until it is registered.
    pub(crate) async fn register_provider(
        &self,
        refusal: &ArmError,
        id: &ResourceId,
        progress: &dyn Progress,
    ) -> Result<()> {
        let Some(subscription) = id.subscription() else {
            return Err(refusal.clone());
        };
        let namespace = missing_namespace(refusal)
            .unwrap_or(id.provider_namespace())
            .to_owned();
        progress.status(&format!("registering {namespace} for the subscription"));
        let cell = self
            .registrations()
            .of(&format!("{subscription}/{namespace}"));
        cell.get_or_try_init(|| self.register(subscription, &namespace, progress))
            .await
            .copied()
    }

    async fn register(
        &self,
        subscription: &str,
        namespace: &str,
        progress: &dyn Progress,
    ) -> Result<()> {
        let path = format!("/subscriptions/{subscription}/providers/{namespace}");
        let call = Call {
            method: Method::Post,
            url: self.path_url(&format!("{path}/register"), API_VERSION)?,
            subject: &format!("{path}/register"),
            body: None,
            lane: Lane::of(Method::Post, Some(subscription), "Microsoft.Resources"),
            attempt: 1,
            longest_wait: self.longest_wait(),
            progress,
        };
        let answer = self.wire().send(&call).await?;
        if !answer.is_success() {
            let refusal = self.wire().refusal(&call, &answer);
            return Err(refusal.prefixed(&format!(
                "the subscription is not registered to use {namespace}, and it cannot be registered"
            )));
        }
        self.await_registered(&path, subscription).await
    }

    async fn await_registered(&self, path: &str, subscription: &str) -> Result<()> {
        let started = Instant::now();
        let (url, policy) = (self.path_url(path, API_VERSION)?, self.poll_policy());
        loop {
            let lane = Lane::of(Method::Get, Some(subscription), "Microsoft.Resources");
            let provider = self.read(&url, path, lane).await?;
            let state = provider
                .get("registrationState")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if state.eq_ignore_ascii_case("Registered") {
                return Ok(());
            }
            let in_time = started.elapsed().saturating_add(policy.max_delay) <= policy.deadline;
            if !in_time || !self.has_time_for(policy.max_delay) {
                let message = format!(
                    "the provider is still `{state}` after {} s",
                    started.elapsed().as_secs()
                );
                return Err(ArmError::new(ArmErrorKind::Timeout, message).about(Method::Get, path));
            }
            tokio::time::sleep(policy.max_delay).await;
        }
    }
}

/// The namespace as the details' target, or between the quotes of the message (both seen in real traffic).
fn missing_namespace(error: &ArmError) -> Option<&str> {
    let plausible = |text: &&str| {
        text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    };
    let target = error
        .details()
        .iter()
        .filter_map(|detail| detail.target.as_deref())
        .find(plausible);
    let quoted = || {
        error
            .message()
            .split_once("namespace '")?
            .1
            .split('\'')
            .next()
            .filter(plausible)
    };
    target.or_else(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_is_found_in_either_place() {
        let message = "The subscription is not registered to use namespace 'Microsoft.Web'. See https://aka.ms/rps-not-found";
        let cases = [
            (
                serde_json::json!({"code": "X", "message": message}),
                Some("Microsoft.Web"),
            ),
            (
                serde_json::json!({"code": "X", "message": message, "details": [{"code": "X", "target": "Microsoft.Cdn"}]}),
                Some("Microsoft.Cdn"),
            ),
            (
                serde_json::json!({"code": "X", "message": "namespace 'a/../b.c'"}),
                None,
            ),
            (serde_json::json!({"code": "X", "message": "?"}), None),
        ];
        for (error, expected) in cases {
            assert_eq!(
                missing_namespace(&ArmError::from_operation(false, &error)),
                expected,
                "{error}"
            );
        }
    }
}
