//! From what Azure answered to the error that it means: the answer's status, its body, an operation's end.

use crate::answer::Answer;
use crate::error::{ArmError, ArmErrorKind};
use crate::error_body::{self, Shape};
use crate::retry;

impl ArmError {
    /// What an unsuccessful answer means.
    pub(crate) fn from_answer(answer: &Answer) -> Self {
        let parsed = error_body::parse(answer.body());
        let mut error = Self::new(kind_of_status(answer.status()), parsed.message);
        error.0.status = Some(answer.status());
        error.0.code = parsed.code;
        error.0.details = parsed.details;
        error.0.request_id = answer.header("x-ms-request-id").map(str::to_owned);
        error.0.correlation_id = answer
            .header("x-ms-correlation-request-id")
            .map(str::to_owned);
        error.0.retry_after = answer.retry_after();
        if answer.status() == 404 {
            let from_arm = match parsed.shape {
                Shape::Arm => true,
                Shape::Empty => error.0.request_id.is_some() || error.0.correlation_id.is_some(),
                Shape::Foreign => false,
            };
            error.0.kind = not_found_kind(from_arm, error.0.code.as_deref());
        } else if error.0.kind != ArmErrorKind::Throttled && retry::is_busy(&error) {
            error.0.kind = ArmErrorKind::Busy;
        }
        error
    }

    /// What the `error` object of a failed operation means.
    pub(crate) fn from_operation(cancelled: bool, error: &serde_json::Value) -> Self {
        let parsed = error_body::parse_value(error);
        let kind = if cancelled {
            ArmErrorKind::Cancelled
        } else {
            ArmErrorKind::OperationFailed
        };
        let mut error = Self::new(kind, parsed.message);
        error.0.code = parsed.code;
        error.0.details = parsed.details;
        if !cancelled && retry::is_busy(&error) {
            error.0.kind = ArmErrorKind::Busy;
        }
        error.in_operation()
    }
}

fn kind_of_status(status: u16) -> ArmErrorKind {
    match status {
        401 => ArmErrorKind::Unauthenticated,
        403 => ArmErrorKind::Forbidden,
        408 => ArmErrorKind::Timeout,
        409 | 412 => ArmErrorKind::Conflict,
        429 => ArmErrorKind::Throttled,
        400..=499 => ArmErrorKind::Rejected,
        500..=599 => ArmErrorKind::Server,
        _ => ArmErrorKind::BadAnswer,
    }
}

/// A missing resource is `...NotFound`; a missing subscription or type is a mistake in the request.
fn not_found_kind(from_arm: bool, code: Option<&str>) -> ArmErrorKind {
    const MISTAKES: [&str; 3] = [
        "SubscriptionNotFound",
        "TenantNotFound",
        "InvalidSubscriptionId",
    ];
    match code {
        _ if !from_arm => ArmErrorKind::BadAnswer,
        None => ArmErrorKind::NotFound,
        Some(code) if MISTAKES.iter().any(|m| m.eq_ignore_ascii_case(code)) => {
            ArmErrorKind::Rejected
        }
        Some(code) if says_absent(&code.to_ascii_lowercase()) => ArmErrorKind::NotFound,
        Some(_) => ArmErrorKind::Rejected,
    }
}

/// `ResourceNotFound` and its kin; role definitions say `RoleDefinitionDoesNotExist` (seen in real traffic).
fn says_absent(code: &str) -> bool {
    code.ends_with("notfound") || code.ends_with("doesnotexist") || code == "404"
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
