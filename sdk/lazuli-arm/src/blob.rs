//! Blobs behind signed links: what a registry hands out for build sources and logs.
//!
//! The link itself is the permission (a shared access signature), so these requests carry no token, and neither
//! errors nor logs ever hold the link.

use reqwest::header::RANGE;

use crate::answer::Answer;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::transport::Transport;
use crate::wire::exchange;

/// The version of the Blob service that requests name (Blob service contract; any version since 2019 would do).
const VERSION: (&str, &str) = ("x-ms-version", "2021-08-06");

impl Transport {
    /// Writes a block blob in one request.
    ///
    /// # Errors
    /// When the service cannot be reached or does not answer 201.
    pub async fn put_blob(&self, signed_link: &str, body: Vec<u8>) -> Result<()> {
        let request = self
            .http()
            .put(signed_link)
            .header("x-ms-blob-type", "BlockBlob");
        let request = request
            .header(VERSION.0, VERSION.1)
            .header("content-type", "application/octet-stream");
        let answer = exchange(request.body(body)).await?;
        match answer.status() {
            201 => Ok(()),
            _ => Err(refused("written", &answer)),
        }
    }

    /// Reads at most the first `bytes` of a blob.
    ///
    /// # Errors
    /// When the service cannot be reached or does not answer 200 or 206.
    pub async fn get_blob(&self, signed_link: &str, bytes: u64) -> Result<Vec<u8>> {
        let range = format!("bytes=0-{}", bytes.saturating_sub(1));
        let request = self
            .http()
            .get(signed_link)
            .header(VERSION.0, VERSION.1)
            .header(RANGE, range);
        let answer = exchange(request).await?;
        if answer.is_success() {
            Ok(answer.body().to_vec())
        } else {
            Err(refused("read", &answer))
        }
    }
}

fn refused(verb: &str, answer: &Answer) -> ArmError {
    let message = format!(
        "the blob could not be {verb}: the storage service answered HTTP {}",
        answer.status()
    );
    ArmError::new(ArmErrorKind::Rejected, message)
}
