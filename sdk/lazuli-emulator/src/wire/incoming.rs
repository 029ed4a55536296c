//! A request as it arrives, and who sends it.

use http::{HeaderMap, Method};

/// A request as the server received it, body complete.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    /// Path without query, still percent-encoded.
    pub(crate) path: String,
    /// Query without the question mark.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The address the caller used, `https://host:port`, for absolute URLs in answers.
    pub(crate) base: String,
}

impl Incoming {
    /// A query parameter; names are case-insensitive.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Who calls: an object of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Object id, what role assignments name.
    pub(crate) principal: String,
    /// Application (client) id, what error messages name.
    pub(crate) client: String,
}
