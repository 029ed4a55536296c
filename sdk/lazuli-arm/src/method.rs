//! The methods of the protocol.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The methods of the ARM protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or replaces; idempotent.
    Put,
    /// Changes parts; repeated without harm, as it merges.
    Patch,
    /// Deletes; idempotent.
    Delete,
    /// Acts. Not idempotent, except for reads in disguise (`listKeys`).
    Post,
}

impl Method {
    pub(crate) fn writes_body(self) -> bool {
        matches!(self, Self::Put | Self::Patch)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Post => "POST",
        }
    }

    pub(crate) fn on_the_wire(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Put => reqwest::Method::PUT,
            Self::Patch => reqwest::Method::PATCH,
            Self::Delete => reqwest::Method::DELETE,
            Self::Post => reqwest::Method::POST,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
