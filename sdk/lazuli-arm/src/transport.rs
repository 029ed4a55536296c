//! The one HTTP client that everything shares: resource manager, token endpoint, metadata.
//!
//! A client is expensive (it loads the system's roots) and owns the connection pool, so there is one per run. It
//! follows no redirects: ARM sends none (ARM contract), and a token must not travel to wherever a proxy points.

use std::time::Duration;

use crate::error::{ArmError, ArmErrorKind, Result};

/// How to reach the cloud.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// Certificates (PEM, one or several) to trust, for an endpoint with a private authority.
    pub ca_bundle: Option<Vec<u8>>,
    /// Whether the system's roots stay trusted beside `ca_bundle`. Without a bundle they always are.
    pub system_roots: bool,
    /// Whether the proxy that the system is configured with may be used.
    pub system_proxy: bool,
    /// How long a connection may take to be set up.
    pub connect_timeout: Duration,
    /// How long one request may take, answer included. ARM itself gives up on a provider after 60 s, and some
    /// providers block for 20 s before they answer.
    pub request_timeout: Duration,
    /// The product token of the `User-Agent` header.
    pub user_agent: String,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            ca_bundle: None,
            system_roots: true,
            system_proxy: true,
            connect_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(120),
            user_agent: concat!("lazuli/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// A shared HTTP client; cloning is cheap and shares the connection pool.
#[derive(Clone, Debug)]
pub struct Transport {
    http: reqwest::Client,
}

impl Transport {
    /// Builds the client.
    ///
    /// # Errors
    /// When the CA bundle holds no readable certificate, or TLS cannot be set up.
    pub fn new(options: TransportOptions) -> Result<Self> {
        // reqwest panics without a process-wide provider; one that is installed already serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            .user_agent(options.user_agent);
        if !options.system_proxy {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &options.ca_bundle {
            let certificates = certificates(pem)?;
            builder = if options.system_roots {
                builder.tls_certs_merge(certificates)
            } else {
                builder.tls_certs_only(certificates)
            };
        }
        let http = builder
            .build()
            .map_err(|error| invalid(format!("the HTTP client cannot be set up: {error}")))?;
        Ok(Self { http })
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>> {
    let certificates = reqwest::Certificate::from_pem_bundle(pem)
        .map_err(|error| invalid(format!("the CA bundle cannot be read as PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(invalid("the CA bundle holds no certificate".to_owned()));
    }
    Ok(certificates)
}

fn invalid(message: String) -> ArmError {
    ArmError::new(ArmErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_without_a_certificate_are_refused() {
        for pem in [
            &b""[..],
            b"hello",
            b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        ] {
            let options = TransportOptions {
                ca_bundle: Some(pem.to_vec()),
                ..Default::default()
            };
            let error = Transport::new(options).expect_err("no certificate in there");
            assert!(error.to_string().contains("CA bundle"), "{error}");
        }
    }
}
