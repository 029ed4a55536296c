//! Writes: put, patch, delete, act, and going on with what an earlier process began.
//!
//! A write is attempted, followed to its end, and attempted again when its failure is one that waiting heals, be it
//! in the answer or at the end of the operation.

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::client::ArmClient;
use crate::error::{ArmError, Result};
use crate::ids::ResourceId;
use crate::lro::{self, Accepted, Sent};
use crate::method::Method;
use crate::operation::{OperationToken, Progress};
use crate::poller::Poller;
use crate::retry::{RetryClass, classify};
use crate::throttle::Lane;
use crate::wire::Call;

/// What is to be written.
struct Write<'a> {
    method: Method,
    id: &'a ResourceId,
    url: Url,
    resource_url: Url,
    api_version: &'a str,
    body: Option<&'a Value>,
    /// What messages name: the id, with the action behind it if there is one.
    subject: String,
    /// POST only: whether it reads and may be repeated like a read.
    reads: bool,
}

impl ArmClient {
    /// Creates or replaces a resource, waits until that is done, and gives the resource as Azure now has it.
    ///
    /// # Errors
    /// What Azure refused or failed at, after the retries that make sense. When
    /// [`ArmError::may_have_been_applied`] holds, read the resource before deciding what to do.
    pub async fn put(
        &self,
        id: &ResourceId,
        api_version: &str,
        body: &Value,
        progress: &dyn Progress,
    ) -> Result<Value> {
        let write = self.on_resource(Method::Put, id, api_version, Some(body), &[])?;
        self.write_resource(&write, progress).await
    }

    /// Changes parts of a resource and gives it as Azure now has it. `tags` are replaced as a whole, `properties` are
    /// merged (ARM contract).
    ///
    /// # Errors
    /// As for [`ArmClient::put`].
    pub async fn patch(
        &self,
        id: &ResourceId,
        api_version: &str,
        body: &Value,
        progress: &dyn Progress,
    ) -> Result<Value> {
        let write = self.on_resource(Method::Patch, id, api_version, Some(body), &[])?;
        self.write_resource(&write, progress).await
    }

    /// Deletes a resource and waits until it is gone; one that is gone already is a success. `query` goes into the
    /// URL, as in `[("deleteEmptyServerFarm", "false")]`.
    ///
    /// # Errors
    /// As for [`ArmClient::put`].
    pub async fn delete(
        &self,
        id: &ResourceId,
        api_version: &str,
        query: &[(&str, &str)],
        progress: &dyn Progress,
    ) -> Result<()> {
        let write = self.on_resource(Method::Delete, id, api_version, None, query)?;
        match self.perform(&write, progress).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => {
                self.recent().deleted(id);
                Ok(())
            }
        }
    }

    /// Performs an action on a resource and gives its result, `null` if there is none. `action` may be a path such as
    /// `providers/Microsoft.ContainerRegistry/checkNameAvailability`.
    ///
    /// Actions that begin with `list`, `check` or `validate` read (ARM convention) and are repeated like reads; any
    /// other is not repeated once it may have been applied.
    ///
    /// # Errors
    /// As for [`ArmClient::put`].
    pub async fn post(
        &self,
        id: &ResourceId,
        action: &str,
        api_version: &str,
        body: Option<&Value>,
        progress: &dyn Progress,
    ) -> Result<Value> {
        let segments = id
            .segments()
            .chain(action.split('/').filter(|part| !part.is_empty()));
        let write = Write {
            method: Method::Post,
            id,
            url: self.segments_url(segments, api_version, &[])?,
            resource_url: self.id_url(id, api_version, &[])?,
            api_version,
            body,
            subject: format!("{id}/{action}"),
            reads: reads(action),
        };
        self.perform(&write, progress).await
    }

    /// Goes on with an operation that was accepted earlier, perhaps by another process.
    ///
    /// Gives what the original call would have given: the resource, the action's result, or `null` for a deletion.
    /// The request itself is not repeated, for its body is not known here: on a failure with
    /// [`ArmError::is_retryable`] send it again.
    ///
    /// # Errors
    /// The operation's failure; or that its state cannot be read any more, neither at the recorded link (they expire)
    /// nor at the resource.
    pub async fn resume(&self, token: &OperationToken, progress: &dyn Progress) -> Result<Value> {
        let settled = Poller::new(self, token.clone(), progress)
            .settle(Some(std::time::Duration::ZERO))
            .await;
        match settled {
            Err(error) if error.is_not_found() && token.method == Method::Delete => Ok(Value::Null),
            other => other,
        }
    }

    fn on_resource<'a>(
        &self,
        method: Method,
        id: &'a ResourceId,
        api_version: &'a str,
        body: Option<&'a Value>,
        query: &[(&str, &str)],
    ) -> Result<Write<'a>> {
        let (url, resource_url) = (
            self.id_url(id, api_version, query)?,
            self.id_url(id, api_version, &[])?,
        );
        let subject = id.to_string();
        Ok(Write {
            method,
            id,
            url,
            resource_url,
            api_version,
            body,
            subject,
            reads: false,
        })
    }

    async fn write_resource(&self, write: &Write<'_>, progress: &dyn Progress) -> Result<Value> {
        let body = self.perform(write, progress).await?;
        self.recent().wrote(write.id);
        // Some providers answer a write with nothing; the caller is promised the resource.
        if body.is_null() {
            self.read_written(write.id, &write.resource_url).await
        } else {
            Ok(body)
        }
    }

    /// Attempts, registers the provider if need be, and attempts again while that helps.
    async fn perform(&self, write: &Write<'_>, progress: &dyn Progress) -> Result<Value> {
        let mut budget = self.budget();
        let (started, mut doubt, mut registered) = (Instant::now(), false, false);
        let mut shown = String::new();
        loop {
            let error = match self.attempt(write, budget.attempt(), progress).await {
                Ok(value) => return Ok(value),
                Err(error) => error.with_doubt(doubt && !write.reads),
            };
            doubt = error.may_have_been_applied();
            let class = if self
                .register_for(&error, write, &mut registered, progress)
                .await?
            {
                Some(RetryClass::Replicating)
            } else {
                self.why_again(write, &error)
            };
            let wait =
                class.and_then(|class| budget.next(class, started.elapsed(), error.retry_after()));
            let Some(delay) = wait else {
                let refusal = budget.refusal(error.retry_after());
                return Err(error.because(refusal));
            };
            let text = format!(
                "again in {:.0} s: {}",
                delay.as_secs_f64(),
                in_one_line(&error)
            );
            if text != shown {
                progress.status(&text);
                shown = text;
            }
            tokio::time::sleep(delay).await;
        }
    }

    fn why_again(&self, write: &Write<'_>, error: &ArmError) -> Option<RetryClass> {
        let method = if write.reads {
            Method::Get
        } else {
            write.method
        };
        let fresh = self
            .recent()
            .has_fresh_parent(write.id, self.retry_policy().replication_window);
        classify(method, fresh, error)
    }

    /// Registers the provider's namespace if that is what the error asks for. `Ok(true)`: the request may go again.
    async fn register_for(
        &self,
        error: &ArmError,
        write: &Write<'_>,
        registered: &mut bool,
        progress: &dyn Progress,
    ) -> Result<bool> {
        if !error.has_code("MissingSubscriptionRegistration") {
            return Ok(false);
        }
        if !std::mem::replace(registered, true) {
            self.register_provider(error, write.id, progress).await?;
        }
        // A registration takes a while to reach every region, so further refusals are waited out.
        Ok(true)
    }

    async fn attempt(
        &self,
        write: &Write<'_>,
        attempt: u32,
        progress: &dyn Progress,
    ) -> Result<Value> {
        let call = Call {
            method: write.method,
            url: write.url.clone(),
            subject: &write.subject,
            body: write.body,
            lane: Lane::of_id(
                if write.reads {
                    Method::Get
                } else {
                    write.method
                },
                write.id,
            ),
            attempt,
            longest_wait: self.longest_wait(),
            progress,
        };
        let answer = self.wire().send(&call).await?;
        if !answer.is_success() {
            return Err(self.wire().refusal(&call, &answer));
        }
        let sent = Sent {
            method: write.method,
            url: &write.url,
            resource_url: &write.resource_url,
            resource_id: write.id.as_str(),
            api_version: write.api_version,
        };
        let accepted = lro::accepted(&sent, &answer);
        match accepted.map_err(|error| error.about(write.method, &write.subject).in_operation())? {
            Accepted::Done(body) => Ok(body),
            Accepted::Running { token, after } => {
                progress.operation_started(&token);
                Poller::new(self, *token, progress).settle(after).await
            }
        }
    }
}

/// What the service said, as far as one line of progress holds it: a code alone (`Conflict`) explains no wait.
fn in_one_line(error: &ArmError) -> String {
    const LONGEST: usize = 160;
    let said = error.message().lines().next().unwrap_or_default();
    let said = match said.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said.to_owned(),
    };
    match error.code() {
        Some(code) if !said.is_empty() => format!("{code}: {said}"),
        Some(code) => code.to_owned(),
        None => said,
    }
}

fn reads(action: &str) -> bool {
    let verb = action
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    ["list", "check", "validate"]
        .iter()
        .any(|prefix| verb.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{in_one_line, reads};
    use crate::error::{ArmError, ArmErrorKind};

    #[test]
    fn a_wait_says_why_in_one_line() {
        let said = |message: &str| in_one_line(&ArmError::new(ArmErrorKind::Conflict, message));
        assert_eq!(said("the plan has apps\nand more"), "the plan has apps");
        assert_eq!(said(&"é".repeat(500)).chars().count(), 161);
    }

    #[test]
    fn actions_that_read() {
        for (action, expected) in [
            ("listKeys", true),
            ("list", true),
            (
                "providers/Microsoft.ContainerRegistry/checkNameAvailability",
                true,
            ),
            ("validate", true),
            ("scheduleRun", false),
            ("restart", false),
            ("regenerateCredential", false),
            ("", false),
        ] {
            assert_eq!(reads(action), expected, "{action}");
        }
    }
}
