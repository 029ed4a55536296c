//! How a provider reports its long-running operations, as data.
//!
//! Each namespace has its own dialects; `arm::lro` speaks all of them and knows none by name.

use http::StatusCode;

/// Where operations are asked about and what is answered there, as recorded from the real Azure.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Under which name operations are stored.
    pub(crate) name: &'static str,
    /// Path of the status address without the token. `{subscription}`, `{group}`, `{resource}` and
    /// `{location}` stand for those of the resource. The same as `result` when there is no status
    /// address.
    pub(crate) status: &'static str,
    /// Path of the result address.
    pub(crate) result: &'static str,
    pub(crate) token: Token,
    /// What the status address answers while the operation runs.
    pub(crate) running: (StatusCode, &'static str),
    /// What the result address answers when the resource is gone.
    pub(crate) gone: StatusCode,
    /// Whether the result of a POST is a status, not the resource.
    pub(crate) post_ends_in_status: bool,
    /// Seconds to wait between polls.
    pub(crate) wait_s: u64,
}

/// How an operation's id is written in its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// The GUID.
    Plain,
    /// The GUID in base64.
    Encoded,
    /// `registries-{guid}`: the last word of the type before it.
    AfterType,
}

impl Dialect {
    /// What most providers do; a dialect names what it does otherwise.
    pub(crate) const USUAL: Dialect = Dialect {
        name: "",
        status: "",
        result: "",
        token: Token::Plain,
        running: (StatusCode::OK, "InProgress"),
        gone: StatusCode::OK,
        post_ends_in_status: false,
        wait_s: 10,
    };

    /// Whether the operation has an address for its status beside the one for its result.
    pub(crate) fn has_status(&self) -> bool {
        self.status != self.result
    }
}
