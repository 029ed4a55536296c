//! What can go wrong in a content store, in the words of the OCI distribution specification.

use std::io;
use std::path::PathBuf;

use http::StatusCode;
use serde_json::{Value, json};

use super::digest::Digest;

/// A refused or failed operation of an [`super::oci_store::OciStore`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("blob unknown to registry: {0}")]
    BlobUnknown(Digest),
    #[error("blob upload unknown to registry: {0}")]
    UploadUnknown(String),
    #[error("upload is at byte {have}, the chunk starts at byte {sent}")]
    UploadOutOfOrder { have: u64, sent: u64 },
    #[error(
        "provided digest did not match uploaded content: expected {expected}, content is {found}"
    )]
    DigestMismatch { expected: String, found: Digest },
    #[error("invalid digest {0:?}: want sha256 and 64 hexadecimal digits")]
    DigestInvalid(String),
    #[error("manifest tagged by {reference:?} is not found")]
    ManifestUnknown {
        repository: String,
        reference: String,
    },
    #[error("manifest references a blob that the repository does not hold: {0}")]
    ManifestBlobUnknown(Digest),
    #[error("manifest invalid: {0}")]
    ManifestInvalid(String),
    #[error("invalid repository name {0:?}")]
    NameInvalid(String),
    #[error("repository {0} is not found")]
    NameUnknown(String),
    #[error("the specified tag does not exist")]
    TagUnknown(String),
    #[error("invalid tag {0:?}")]
    TagInvalid(String),
    #[error("the content store cannot use {path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl StoreError {
    /// Wraps an I/O error with the path it is about.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// The status and the error code that the distribution specification gives this failure.
    pub(crate) fn code(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::BlobUnknown(_) => (S::NOT_FOUND, "BLOB_UNKNOWN"),
            Self::UploadUnknown(_) => (S::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            Self::UploadOutOfOrder { .. } => (S::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
            Self::DigestMismatch { .. } | Self::DigestInvalid(_) => {
                (S::BAD_REQUEST, "DIGEST_INVALID")
            }
            Self::ManifestUnknown { .. } => (S::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Self::ManifestBlobUnknown(_) => (S::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
            Self::ManifestInvalid(_) => (S::BAD_REQUEST, "MANIFEST_INVALID"),
            Self::NameInvalid(_) => (S::BAD_REQUEST, "NAME_INVALID"),
            Self::NameUnknown(_) => (S::NOT_FOUND, "NAME_UNKNOWN"),
            Self::TagUnknown(_) => (S::NOT_FOUND, "TAG_UNKNOWN"),
            Self::TagInvalid(_) => (S::BAD_REQUEST, "TAG_INVALID"),
            Self::Io { .. } => (S::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        }
    }

    /// The `detail` member that clients print.
    pub(crate) fn detail(&self) -> Value {
        match self {
            Self::BlobUnknown(digest) | Self::ManifestBlobUnknown(digest) => {
                json!({ "digest": digest.as_str() })
            }
            Self::ManifestUnknown {
                repository,
                reference,
            } => {
                json!({ "name": repository, "reference": reference })
            }
            Self::NameUnknown(name) | Self::NameInvalid(name) | Self::TagUnknown(name) => {
                json!({ "name": name })
            }
            _ => Value::Null,
        }
    }
}

/// An ARM error as registries say it, with the codes of the specification in place of ARM's usual ones.
pub(crate) fn unavailable(error: &Value) -> Value {
    let code = match error["code"].as_str().unwrap_or_default() {
        "TooManyRequests" => "TOOMANYREQUESTS",
        "" | "InternalServerError" | "BadGateway" | "ServerUnavailable" | "GatewayTimeout" => {
            "UNKNOWN"
        }
        own => own,
    };
    json!({ "errors": [{ "code": code, "message": error["message"], "detail": null }] })
}
