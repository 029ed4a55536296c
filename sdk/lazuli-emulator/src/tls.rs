//! Certificates: one authority per emulator, and leaves for whatever host name a client asks for.
//!
//! Clients trust the authority (`ca.pem`) and then reach ARM on loopback and registries and web apps
//! under their real names. An authority kept in a folder is used again, so that trust survives restarts.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::world_file::create_private;

const CA_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";
/// Leaves kept in memory; a client that invents names cannot fill it.
const MAX_LEAVES: usize = 1024;

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The folder for certificates cannot be used.
    #[error("cannot use {path}: {source}", path = path.display())]
    Io {
        /// The file or folder in question.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A certificate could not be made or read.
    #[error(
        "cannot make certificates: {reason}; delete ca.pem and ca-key.pem in the certificate folder to start with new ones"
    )]
    Certificate {
        /// What the certificate library said.
        reason: String,
    },
}

impl TlsError {
    fn certificate(reason: impl fmt::Display) -> TlsError {
        TlsError::Certificate {
            reason: reason.to_string(),
        }
    }
}

/// The certificate authority of an emulator.
pub(crate) struct Authority {
    pem: String,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    leaves: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Reads the authority kept in `dir`, or makes one and keeps it there.
    pub(crate) fn open(dir: Option<&Path>) -> Result<Authority, TlsError> {
        let Some(dir) = dir else {
            return Authority::parse(&new_authority()?);
        };
        let io = |path: PathBuf| move |source| TlsError::Io { path, source };
        fs::create_dir_all(dir).map_err(io(dir.to_path_buf()))?;
        let (ca, key) = (dir.join(CA_FILE), dir.join(KEY_FILE));
        if ca.exists() && key.exists() {
            let pem = Pem {
                certificate: fs::read_to_string(&ca).map_err(io(ca))?,
                key: fs::read_to_string(&key).map_err(io(key))?,
            };
            return Authority::parse(&pem);
        }
        let pem = new_authority()?;
        create_private(&key)
            .and_then(|mut file| file.write_all(pem.key.as_bytes()))
            .map_err(io(key))?;
        fs::write(&ca, &pem.certificate).map_err(io(ca))?;
        Authority::parse(&pem)
    }

    fn parse(pem: &Pem) -> Result<Authority, TlsError> {
        use rustls::pki_types::pem::PemObject;
        let key = KeyPair::from_pem(&pem.key).map_err(TlsError::certificate)?;
        let certificate = CertificateDer::from_pem_slice(pem.certificate.as_bytes())
            .map_err(|e| TlsError::certificate(format!("{e:?}")))?;
        let issuer = Issuer::new(authority_params()?, key);
        Ok(Authority {
            pem: pem.certificate.clone(),
            certificate,
            issuer,
            leaves: Mutex::default(),
        })
    }

    /// The authority's certificate, for clients to trust.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The certificate for a host name or address, made when it is first asked for.
    pub(crate) fn leaf(&self, host: &str) -> Result<Arc<CertifiedKey>, TlsError> {
        let host = host.to_ascii_lowercase();
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = leaves.get(&host) {
            return Ok(Arc::clone(leaf));
        }
        let leaf = Arc::new(self.sign(&host)?);
        if leaves.len() >= MAX_LEAVES {
            leaves.clear();
        }
        leaves.insert(host, Arc::clone(&leaf));
        Ok(leaf)
    }

    fn sign(&self, host: &str) -> Result<CertifiedKey, TlsError> {
        let mut names = vec![host.to_owned()];
        if is_own(host) {
            names = vec!["localhost".into(), "127.0.0.1".into(), "::1".into()];
        }
        let mut params = CertificateParams::new(names).map_err(TlsError::certificate)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Lazuli emulator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(TlsError::certificate)?;
        let leaf = params
            .signed_by(&key, &self.issuer)
            .map_err(TlsError::certificate)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = ring::sign::any_supported_type(&private).map_err(TlsError::certificate)?;
        Ok(CertifiedKey::new(
            vec![leaf.der().clone(), self.certificate.clone()],
            signing,
        ))
    }

    /// A server configuration that picks the leaf by the name the client asks for.
    pub(crate) fn server_config(self: &Arc<Authority>) -> Result<Arc<ServerConfig>, TlsError> {
        let resolver = Arc::new(ByName {
            authority: Arc::clone(self),
            fixed: None,
        });
        server_config(resolver)
    }

    /// A server configuration for one host, for tunnels.
    pub(crate) fn server_config_for(
        self: &Arc<Authority>,
        host: &str,
    ) -> Result<Arc<ServerConfig>, TlsError> {
        self.leaf(host)?;
        let resolver = Arc::new(ByName {
            authority: Arc::clone(self),
            fixed: Some(host.to_owned()),
        });
        server_config(resolver)
    }
}

fn server_config(resolver: Arc<ByName>) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::certificate)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn is_own(host: &str) -> bool {
    ["localhost", "127.0.0.1", "::1"].contains(&host)
}

struct Pem {
    certificate: String,
    key: String,
}

fn authority_params() -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(TlsError::certificate)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Lazuli emulator CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    Ok(params)
}

fn new_authority() -> Result<Pem, TlsError> {
    let key = KeyPair::generate().map_err(TlsError::certificate)?;
    let private = key.serialize_pem();
    let issuer =
        CertifiedIssuer::self_signed(authority_params()?, key).map_err(TlsError::certificate)?;
    Ok(Pem {
        certificate: issuer.pem(),
        key: private,
    })
}

/// Picks a leaf per connection.
struct ByName {
    authority: Arc<Authority>,
    fixed: Option<String>,
}

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByName")
            .field("fixed", &self.fixed)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Clients that connect to an address send no name.
        let host = self
            .fixed
            .as_deref()
            .or(hello.server_name())
            .unwrap_or("127.0.0.1");
        match self.authority.leaf(host) {
            Ok(leaf) => Some(leaf),
            Err(error) => {
                tracing::warn!(host, %error, "no certificate");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_in_a_folder_is_used_again() {
        let dir = tempfile::tempdir().expect("tempdir");
        let first = Authority::open(Some(dir.path())).expect("made");
        let again = Authority::open(Some(dir.path())).expect("read");
        assert_eq!(first.pem(), again.pem());
        assert_eq!(
            fs::read_to_string(dir.path().join("ca.pem")).expect("written"),
            first.pem()
        );
        again
            .leaf("secureacr2021.azurecr.io")
            .expect("signed by the authority that was read");
    }

    #[test]
    fn leaves_are_made_once_per_name() {
        let authority = Authority::open(None).expect("made");
        let one = authority.leaf("a.azurecr.io").expect("leaf");
        assert!(Arc::ptr_eq(
            &one,
            &authority.leaf("A.azurecr.io").expect("leaf")
        ));
        assert!(!Arc::ptr_eq(
            &one,
            &authority.leaf("b.azurecr.io").expect("leaf")
        ));
        assert!(authority.leaf("").is_err() || authority.leaf("127.0.0.1").is_ok());
    }
}
