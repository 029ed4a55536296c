//! Request limits: token buckets, the headers that report what is left, and the refusal when none is.
//!
//! Since 2024 ARM counts per subscription, principal and kind of request, and once more over all
//! principals with fifteen times the size (request limits, in the documentation of ARM). Some providers
//! count for themselves and say so in a header of their own; its figures are those of recorded answers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::Method;

use crate::wire::Answer;

/// The limit of all principals together, as a multiple of the limit of one.
const GLOBAL_FACTOR: f64 = 15.0;

/// What ARM counts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Reads,
    Writes,
    Deletes,
}

impl Class {
    pub(crate) fn of(method: &Method) -> Class {
        match *method {
            Method::GET | Method::HEAD => Class::Reads,
            Method::DELETE => Class::Deletes,
            _ => Class::Writes,
        }
    }

    /// Size of the bucket, and what flows in per second.
    fn limits(self) -> (f64, f64) {
        match self {
            Class::Reads => (250.0, 25.0),
            Class::Writes | Class::Deletes => (200.0, 10.0),
        }
    }

    fn headers(self) -> (&'static str, &'static str) {
        match self {
            Class::Reads => (
                "x-ms-ratelimit-remaining-subscription-reads",
                "x-ms-ratelimit-remaining-subscription-global-reads",
            ),
            Class::Writes => (
                "x-ms-ratelimit-remaining-subscription-writes",
                "x-ms-ratelimit-remaining-subscription-global-writes",
            ),
            Class::Deletes => (
                "x-ms-ratelimit-remaining-subscription-deletes",
                "x-ms-ratelimit-remaining-subscription-global-deletes",
            ),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Class::Reads => "read",
            Class::Writes => "write",
            Class::Deletes => "delete",
        }
    }
}

/// The limit a provider keeps on its own: name, bucket size, tokens per second.
type Limit = (&'static str, f64, f64);

fn provider_limit(kind: &str, class: Class) -> Option<Limit> {
    let kind = kind.to_ascii_lowercase();
    let over_5_min = |size: f64| size / 300.0;
    match (kind.as_str(), class) {
        (kind, Class::Reads) if kind.starts_with("microsoft.network/privatednszones") => {
            Some(("private-dns-reads", 500.0, over_5_min(500.0)))
        }
        (kind, _) if kind.starts_with("microsoft.network/privatednszones") => {
            Some(("private-dns-writes", 12_000.0, over_5_min(12_000.0)))
        }
        (kind, Class::Reads) if kind.starts_with("microsoft.network/") => {
            Some(("network-reads", 10_000.0, over_5_min(10_000.0)))
        }
        (kind, _) if kind.starts_with("microsoft.network/") => {
            Some(("network-writes", 1_000.0, over_5_min(1_000.0)))
        }
        ("microsoft.web/sites" | "microsoft.web/serverfarms", Class::Writes) => {
            Some(("web-writes", 500.0, over_5_min(500.0)))
        }
        (kind, Class::Writes) if kind.starts_with("microsoft.web/") => {
            Some(("web-actions", 12_000.0, over_5_min(12_000.0)))
        }
        _ => None,
    }
}

/// Who asks for what.
pub(crate) struct Asking<'a> {
    pub(crate) subscription: &'a str,
    pub(crate) principal: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) kind: &'a str,
}

/// What is left after a request: the headers of its answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Allowance {
    headers: Vec<(&'static str, u64)>,
}

impl Allowance {
    /// Full buckets: what every answer says while nothing is counted.
    pub(crate) fn full(method: &Method, kind: &str) -> Allowance {
        let class = Class::of(method);
        let size = class.limits().0;
        let own = provider_limit(kind, class).map(|(_, size, _)| size - 1.0);
        Allowance::new(class, size - 1.0, size * GLOBAL_FACTOR - 1.0, own)
    }

    fn new(class: Class, left: f64, global: f64, own: Option<f64>) -> Allowance {
        let (name, global_name) = class.headers();
        let whole = |tokens: f64| tokens.max(0.0) as u64;
        let mut headers = vec![(name, whole(left)), (global_name, whole(global))];
        headers.extend(own.map(|left| {
            (
                "x-ms-ratelimit-remaining-subscription-resource-requests",
                whole(left),
            )
        }));
        Allowance { headers }
    }

    pub(crate) fn add_to(&self, answer: &mut Answer) {
        for (name, left) in &self.headers {
            answer.headers.push((name, left.to_string()));
        }
    }
}

struct Bucket {
    tokens: f64,
    filled_ms: i64,
    /// Asking before this moment is refused, and renews the wait.
    closed_until_ms: i64,
}

/// The buckets of a world; in memory only, as a restart of the world is rare and Azure does not record them either.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Throttle {
    /// Takes a token from every bucket that counts this request.
    ///
    /// # Errors
    /// The 429 of ARM, or of the provider, when one of them is empty.
    pub(crate) fn admit(&self, asking: &Asking<'_>, now_ms: i64) -> Result<Allowance, Answer> {
        let class = Class::of(asking.method);
        let (size, rate) = class.limits();
        let (subscription, principal) = (asking.subscription, asking.principal);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut take = |name: String, size: f64, rate: f64| {
            let bucket = buckets.entry(name).or_insert(Bucket {
                tokens: size,
                filled_ms: now_ms,
                closed_until_ms: i64::MIN,
            });
            bucket.take(size, rate, now_ms)
        };
        let left = take(format!("{subscription}/{principal}/{class:?}"), size, rate)
            .map_err(|wait_s| subscription_refusal(asking, class, wait_s))?;
        let (size, rate) = (size * GLOBAL_FACTOR, rate * GLOBAL_FACTOR);
        let global = take(format!("{subscription}/{class:?}"), size, rate)
            .map_err(|wait_s| subscription_refusal(asking, class, wait_s))?;
        let own = match provider_limit(asking.kind, class) {
            None => None,
            Some((name, size, rate)) => Some(
                take(format!("{subscription}/{name}"), size, rate)
                    .map_err(|wait_s| throttled(asking.kind, wait_s, None))?,
            ),
        };
        Ok(Allowance::new(class, left, global, own))
    }
}

impl Bucket {
    /// Answers what is left, or after how many seconds to ask again.
    fn take(&mut self, size: f64, rate: f64, now_ms: i64) -> Result<f64, u64> {
        let passed_s = (now_ms - self.filled_ms).max(0) as f64 / 1000.0;
        self.tokens = (self.tokens + passed_s * rate).min(size);
        self.filled_ms = now_ms;
        if now_ms >= self.closed_until_ms && self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(self.tokens);
        }
        // Long enough for a tenth of the bucket, so that a client that waits is not refused again at once.
        let wait_s = (size / 10.0 / rate).ceil().max(1.0) as u64;
        self.closed_until_ms = now_ms + wait_s as i64 * 1000;
        Err(wait_s)
    }
}

/// ARM's own words.
fn subscription_refusal(asking: &Asking<'_>, class: Class, wait_s: u64) -> Answer {
    let message = format!(
        "Number of '{}' requests for subscription '{}' actor '{}' exceeded. Please try again after '{wait_s}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
        class.word(),
        asking.subscription,
        asking.principal,
    );
    Answer::error(429, "SubscriptionRequestsThrottled", message)
        .with("retry-after", wait_s.to_string())
}

/// A provider's refusal, each in its own shape: Network hides the reason in `details`, others name it.
pub(crate) fn throttled(kind: &str, wait_s: u64, code: Option<&str>) -> Answer {
    let reason = code.unwrap_or("TooManyRequests");
    let message =
        format!("The request is being throttled. Please try again after '{wait_s}' seconds.");
    let namespace = kind.split('/').next().unwrap_or_default();
    let answer = match namespace.to_ascii_lowercase().as_str() {
        "microsoft.network" => Answer::json(
            http::StatusCode::TOO_MANY_REQUESTS,
            serde_json::json!({ "error": {
                "code": "RetryableError", "message": "A retryable error occurred.",
                "details": [{ "code": reason, "message": message }],
            } }),
        ),
        "microsoft.web" => Answer::web(429, reason, message),
        _ => Answer::error(429, reason, message),
    };
    answer.with("retry-after", wait_s.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Body;

    fn asking<'a>(method: &'a Method, principal: &'a str, kind: &'a str) -> Asking<'a> {
        Asking {
            subscription: "s",
            principal,
            method,
            kind,
        }
    }

    fn left(allowance: &Allowance) -> Vec<u64> {
        allowance.headers.iter().map(|(_, left)| *left).collect()
    }

    #[test]
    fn a_bucket_empties_refills_and_is_each_principals_own() {
        let throttle = Throttle::default();
        let put = asking(&Method::PUT, "a", "Microsoft.Resources/resourceGroups");
        for expect in (0..200).rev() {
            let allowance = throttle.admit(&put, 0).expect("a token is left");
            assert_eq!(left(&allowance)[0], expect);
        }
        let refused = throttle.admit(&put, 0).expect_err("empty");
        assert_eq!(refused.status.as_u16(), 429);
        let Body::Json(body) = &refused.body else {
            panic!("{refused:?}")
        };
        assert_eq!(body["error"]["code"], "SubscriptionRequestsThrottled");
        assert!(refused.headers.contains(&("retry-after", "2".into())));
        let other = asking(&Method::PUT, "b", "Microsoft.Resources/resourceGroups");
        assert_eq!(
            left(&throttle.admit(&other, 0).expect("its own")),
            [199, 2799]
        );
        let delete = asking(&Method::DELETE, "a", "Microsoft.Resources/resourceGroups");
        assert!(throttle.admit(&delete, 0).is_ok(), "deletes count apart");
    }

    #[test]
    fn asking_too_early_renews_the_wait() {
        let throttle = Throttle::default();
        let put = asking(&Method::PUT, "a", "x");
        for _ in 0..200 {
            throttle.admit(&put, 0).expect("a token is left");
        }
        assert!(throttle.admit(&put, 0).is_err());
        assert!(
            throttle.admit(&put, 1_900).is_err(),
            "before the two seconds are over"
        );
        assert!(throttle.admit(&put, 2_100).is_err(), "the wait began anew");
        assert!(throttle.admit(&put, 4_200).is_ok());
    }

    #[test]
    fn providers_count_for_themselves() {
        let zone = "Microsoft.Network/privateDnsZones";
        assert_eq!(left(&Allowance::full(&Method::GET, zone)), [249, 3749, 499]);
        assert_eq!(
            left(&Allowance::full(&Method::PUT, zone)),
            [199, 2999, 11_999]
        );
        assert_eq!(
            left(&Allowance::full(&Method::PUT, "Microsoft.Web/sites")),
            [199, 2999, 499]
        );
        let group = "Microsoft.Resources/resourceGroups";
        assert_eq!(left(&Allowance::full(&Method::DELETE, group)), [199, 2999]);
    }
}
