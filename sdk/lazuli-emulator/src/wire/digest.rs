//! Content digests. Everything a registry stores is addressed by one of these.

use std::fmt;

use ring::digest::{Context, SHA256};

/// A `sha256:` digest whose form has been checked, so it is safe as a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest(String);

const PREFIX: &str = "sha256:";

impl Digest {
    /// Reads `sha256:` followed by 64 lower-case hexadecimal digits; other algorithms are unknown here.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix(PREFIX)?;
        let well_formed =
            hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The digest of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The 64 hexadecimal digits.
    pub(crate) fn hex(&self) -> &str {
        &self.0[PREFIX.len()..]
    }

    /// The whole digest, with its algorithm.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Computes a digest piece by piece.
pub(crate) struct Hasher(Context);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(format!("{PREFIX}{}", hex(self.0.finish().as_ref())))
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_sha256_digests_parse() {
        let good = Digest::of(b"");
        assert_eq!(
            good.as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(Digest::parse(good.as_str()), Some(good.clone()));
        for bad in [
            "sha256:../../etc/passwd",
            "sha512:00",
            &good.as_str()[..70],
            &good.as_str().to_uppercase(),
        ] {
            assert_eq!(Digest::parse(bad), None, "{bad}");
        }
    }
}
