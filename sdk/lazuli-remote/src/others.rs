//! S3 and Google Cloud Storage, as their own variables describe them.

use std::sync::Arc;

use object_store::ObjectStore;

use crate::{Access, Address, RemoteError};

fn unusable(address: &Address, reason: &object_store::Error) -> RemoteError {
    RemoteError::new(
        format!("{address} cannot be used: {reason}"),
        "set the variables that docs/state.md names for this service",
    )
}

/// A bucket of S3, by `AWS_...`.
#[cfg(feature = "s3")]
pub(crate) fn s3(address: &Address, access: &Access) -> Result<Arc<dyn ObjectStore>, RemoteError> {
    use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
    install_tls()?;
    let Address::S3 { bucket, .. } = address else {
        return Err(RemoteError::new(
            format!("{address} is not in S3"),
            "write s3://BUCKET",
        ));
    };
    let mut builder = AmazonS3Builder::new();
    for (name, value) in &access.variables {
        if name.starts_with("AWS_")
            && let Ok(key) = name.to_ascii_lowercase().parse()
        {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder
        .with_bucket_name(bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch);
    let store = builder.build().map_err(|error| unusable(address, &error))?;
    Ok(Arc::new(store))
}

/// A bucket of Google Cloud Storage, by `GOOGLE_...`.
#[cfg(feature = "gcs")]
pub(crate) fn gcs(address: &Address, access: &Access) -> Result<Arc<dyn ObjectStore>, RemoteError> {
    use object_store::gcp::GoogleCloudStorageBuilder;
    install_tls()?;
    let Address::Gcs { bucket, .. } = address else {
        return Err(RemoteError::new(
            format!("{address} is not in GCS"),
            "write gs://BUCKET",
        ));
    };
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in &access.variables {
        if name.starts_with("GOOGLE_")
            && let Ok(key) = name.to_ascii_lowercase().parse()
        {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder.with_bucket_name(bucket);
    let store = builder.build().map_err(|error| unusable(address, &error))?;
    Ok(Arc::new(store))
}

/// TLS has to be set up for the client that `object_store` makes.
fn install_tls() -> Result<(), RemoteError> {
    let transport = lazuli_arm::Transport::new(lazuli_arm::TransportOptions::default());
    transport.map(drop).map_err(|error| {
        RemoteError::new(
            error.to_string(),
            "see that the system's certificates can be read",
        )
    })
}
