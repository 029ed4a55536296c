//! Where a state is: `azblob://ACCOUNT/CONTAINER/PREFIX`, `s3://BUCKET/PREFIX`,
//! `gs://BUCKET/PREFIX`.

use std::fmt;

use url::Url;

use crate::RemoteError;

const SHAPES: &str =
    "write azblob://ACCOUNT/CONTAINER/PREFIX, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, or a folder";

/// The address of a state at a storage service. It never holds a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A container of an Azure storage account.
    Azure {
        /// The account, or its host name in another cloud than the public one.
        account: String,
        /// The container.
        container: String,
        /// What all names begin with; may be empty.
        prefix: String,
    },
    /// A bucket of S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// What all names begin with; may be empty.
        prefix: String,
    },
    /// A bucket of Google Cloud Storage.
    Gcs {
        /// The bucket.
        bucket: String,
        /// What all names begin with; may be empty.
        prefix: String,
    },
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none, or holds a credential: that is not repeated.
    pub fn parse(text: &str) -> Result<Self, RemoteError> {
        let wrong = |reason: &str| {
            RemoteError::new(
                format!("this is not an address of a state: {reason}"),
                SHAPES,
            )
        };
        let url = Url::parse(text).map_err(|cause| wrong(&cause.to_string()))?;
        let has_credential = !url.username().is_empty() || url.password().is_some();
        if has_credential || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong(
                "credentials and options do not belong into the address; set them in the environment",
            ));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if host.is_empty() {
            return Err(wrong("it names no account or bucket"));
        }
        let path = url.path().trim_matches('/');
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
        if !path.chars().all(is_plain) || path.split('/').any(|part| part == "..") {
            return Err(wrong("use letters, digits and - _ . / in its path"));
        }
        match url.scheme() {
            "azblob" => {
                let (container, prefix) = path.split_once('/').unwrap_or((path, ""));
                if container.is_empty() {
                    return Err(wrong("it names no container"));
                }
                Ok(Self::Azure {
                    account: host,
                    container: container.to_owned(),
                    prefix: prefix.to_owned(),
                })
            }
            "s3" => Ok(Self::S3 {
                bucket: host,
                prefix: path.to_owned(),
            }),
            "gs" => Ok(Self::Gcs {
                bucket: host,
                prefix: path.to_owned(),
            }),
            other => Err(wrong(&format!("nothing is known of {other:?}"))),
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        match self {
            Self::Azure { prefix, .. } | Self::S3 { prefix, .. } | Self::Gcs { prefix, .. } => {
                prefix
            }
        }
    }

    /// The feature of the facade that has the way there.
    #[cfg(not(all(feature = "azure", feature = "s3", feature = "gcs")))]
    pub(crate) fn feature(&self) -> &'static str {
        match self {
            Self::Azure { .. } => "azure-state",
            Self::S3 { .. } => "s3-state",
            Self::Gcs { .. } => "gcs-state",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = match self {
            Self::Azure {
                account, container, ..
            } => format!("azblob://{account}/{container}"),
            Self::S3 { bucket, .. } => format!("s3://{bucket}"),
            Self::Gcs { bucket, .. } => format!("gs://{bucket}"),
        };
        match self.prefix() {
            "" => f.write_str(&base),
            prefix => write!(f, "{base}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_service_and_a_place_in_it() {
        let check = |text: &str, expect: &str| {
            let address = Address::parse(text);
            assert_eq!(
                address.map(|address| address.to_string()),
                Ok(expect.to_owned())
            );
        };
        check("azblob://acme/state", "azblob://acme/state");
        check("azblob://acme/state/team/a/", "azblob://acme/state/team/a");
        check("s3://bucket", "s3://bucket");
        check("gs://bucket/x", "gs://bucket/x");
    }

    #[test]
    fn what_is_no_address_or_holds_a_credential_is_refused_without_being_repeated() {
        for bad in [
            "azblob://acme",
            "azblob:///state",
            "ftp://host/x",
            "state",
            "azblob://acme/state?sig=hunter2",
            "azblob://ann:hunter2@acme/state",
            "s3://bucket/a%20b",
        ] {
            let error = Address::parse(bad).expect_err(bad);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(error.help.contains("azblob://"), "{error:?}");
        }
    }
}
