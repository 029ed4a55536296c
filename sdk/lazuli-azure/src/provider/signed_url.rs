//! Blobs behind signed URLs: build contexts go up, build logs come down.
//!
//! The signature in the URL is the permission, so no token is sent, and the URL
//! is never in a message.

use std::fmt;
use std::time::Duration;

use lazuli_core::{ProviderError, ProviderErrorKind};

use super::{body, error};

/// The most that is read of a log.
const LONGEST_LOG: usize = 4 * 1024 * 1024;

/// How long a connection may take, and how long it may then be silent.
const CONNECT: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(120);

/// A connection to signed URLs, without any credential.
#[derive(Default)]
pub(super) struct SignedUrls {
    authorities: Vec<reqwest::Certificate>,
    proxy: Option<reqwest::Proxy>,
}

impl SignedUrls {
    pub(super) fn trusting(pem: &[u8]) -> Result<Self, ProviderError> {
        match reqwest::Certificate::from_pem_bundle(pem) {
            Ok(authorities) if !authorities.is_empty() => Ok(Self {
                authorities,
                proxy: None,
            }),
            _ => Err(error::refused(
                "the authority of signed URLs holds no certificate",
            )),
        }
    }

    /// Reaches registries through a proxy.
    pub(super) fn through(&mut self, address: &str) -> Result<(), ProviderError> {
        let proxy = reqwest::Proxy::all(address)
            .map_err(|cause| error::refused(format!("`{address}` is no proxy: {cause}")))?;
        self.proxy = Some(proxy);
        Ok(())
    }

    fn http(&self) -> Result<reqwest::Client, ProviderError> {
        let mut builder = self.plain();
        if !self.authorities.is_empty() {
            builder = builder.no_proxy();
        }
        built(builder)
    }

    /// For registries, which have names of their own.
    pub(super) fn client(&self) -> Result<reqwest::Client, ProviderError> {
        match &self.proxy {
            Some(proxy) => built(self.plain().proxy(proxy.clone())),
            None => self.http(),
        }
    }

    fn plain(&self) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE);
        match self.authorities.is_empty() {
            true => builder,
            false => builder.tls_certs_only(self.authorities.clone()),
        }
    }

    /// Writes a blob as a whole (Put Blob).
    pub(super) async fn put(&self, url: &str, content: Vec<u8>) -> Result<(), ProviderError> {
        let request = self
            .http()?
            .put(url)
            .header("x-ms-blob-type", "BlockBlob")
            .body(content);
        let answer = request
            .send()
            .await
            .map_err(|cause| failed("the build context cannot be uploaded", cause))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(error::refused(format!(
                "the build context cannot be uploaded: HTTP {status}"
            ))
            .help("a firewall or a proxy may stand between here and Azure Storage")),
        }
    }

    /// Reads a blob as text.
    pub(super) async fn text(&self, url: &str) -> Result<String, ProviderError> {
        let unreadable = |cause| failed("the log cannot be read", cause);
        let mut answer = self.http()?.get(url).send().await.map_err(unreadable)?;
        if !answer.status().is_success() {
            return Err(error::refused(format!(
                "the log cannot be read: HTTP {}",
                answer.status()
            )));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreadable)? {
            bytes.extend_from_slice(&chunk);
            // The end is what matters.
            if bytes.len() > LONGEST_LOG {
                bytes.drain(..bytes.len() - LONGEST_LOG);
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ProviderError> {
    builder
        .build()
        .map_err(|cause| error::refused(format!("no HTTP client can be set up: {cause}")))
}

impl fmt::Debug for SignedUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrls({} authorities)", self.authorities.len())
    }
}

fn failed(what: &str, cause: reqwest::Error) -> ProviderError {
    let text = format!("{what}: {}", body::chain(cause));
    ProviderError::new(ProviderErrorKind::Refused, text)
        .help("is Azure Storage reachable from here (proxy, firewall, certificate)?")
}
