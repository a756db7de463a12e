//! A client's side of TLS: whom it trusts and what it presents.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme};

use super::external::{SignElsewhere, external_identity};
use super::identity::read_identity;
use super::session::Session;
use super::verify::{NoVerifier, ServerVerifier, Trust};
use super::{ALPN_HTTP2, TlsError, ciphers};

/// How long a server's part of a handshake may be: 256 KiB, since a chain of certificates may be 64 KiB.
const MAX_HANDSHAKE: usize = 256 << 10;

/// Sessions that a client can take up again, over all servers: 256, rustls' own default.
const RESUMABLE_SESSIONS: usize = 256;

/// Names the file with the roots of a client that is given none, as in every gRPC.
const ROOTS_FILE_VARIABLE: &str = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";

/// `true` or `1` prefers the system's roots to the bundled ones.
const SYSTEM_ROOTS_VARIABLE: &str = "GRPC_USE_SYSTEM_ROOTS_OVER_LANGUAGE_CALLBACK";

/// `true` or `1` leaves the system's roots out all the same.
const NO_SYSTEM_ROOTS_VARIABLE: &str = "GRPC_NOT_USE_SYSTEM_SSL_ROOTS";

/// Names a folder whose files are the system's roots.
const SYSTEM_ROOTS_FOLDER_VARIABLE: &str = "GRPC_SYSTEM_SSL_ROOTS_DIR";

/// Whom a client trusts.
#[derive(Clone, Copy, Debug)]
pub enum Roots<'a> {
    /// The certificates of a PEM text, and those that they issued.
    Pem(&'a [u8]),
    /// The file that `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` names; else the system's roots, or those of the folder `GRPC_SYSTEM_SSL_ROOTS_DIR`, if `GRPC_USE_SYSTEM_ROOTS_OVER_LANGUAGE_CALLBACK` says so and `GRPC_NOT_USE_SYSTEM_SSL_ROOTS` does not; else Mozilla's, which are bundled.
    Default,
    /// As `Default`, and where that is Mozilla's, those of the system too. For Google's services, which an organisation's own proxy may stand before.
    DefaultAndSystem,
    /// Everybody: the connection is encrypted, but to whom is not known. For tests.
    Unverified,
}

/// What a client needs to know to open TLS sessions. Sessions of the same value are resumed.
#[derive(Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    /// Whether somebody elsewhere is asked for signatures, which may take long.
    signs_elsewhere: bool,
}

/// Presents the same certificate to every server that asks.
#[derive(Debug)]
struct OneIdentity(Arc<CertifiedKey>);

impl ResolvesClientCert for OneIdentity {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.0.key.choose_scheme(schemes).map(|_| self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ClientTls {
    /// Reads roots and, for mutual TLS, the client's private key and certificate chain, all PEM.
    pub fn new(
        roots: Roots<'_>,
        key: Option<&[u8]>,
        chain: Option<&[u8]>,
    ) -> Result<Self, TlsError> {
        let identity = match (key, chain) {
            (None, None) => None,
            (Some(key), Some(chain)) => Some(read_identity(chain, key)?),
            (None, Some(_)) => {
                return Err(TlsError::Incomplete {
                    missing: "private key",
                });
            }
            (Some(_), None) => {
                return Err(TlsError::Incomplete {
                    missing: "certificate chain",
                });
            }
        };
        Self::with_identity(roots, identity, false)
    }

    /// Reads roots and a certificate chain, PEM, for whose key `sign` signs. It is called on a thread of the handshake's own.
    pub fn with_signer(
        roots: Roots<'_>,
        chain: &[u8],
        sign: Arc<SignElsewhere>,
    ) -> Result<Self, TlsError> {
        Self::with_identity(roots, Some(external_identity(chain, sign)?), true)
    }

    fn with_identity(
        roots: Roots<'_>,
        identity: Option<Arc<CertifiedKey>>,
        signs_elsewhere: bool,
    ) -> Result<Self, TlsError> {
        let provider = ciphers::provider()?;
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let builder = builder.dangerous();
        let builder = match roots {
            Roots::Unverified => {
                builder.with_custom_certificate_verifier(Arc::new(NoVerifier::new(&provider)))
            }
            Roots::Pem(pem) => {
                builder.with_custom_certificate_verifier(verifier(Trust::read(pem)?, &provider))
            }
            Roots::Default => {
                builder.with_custom_certificate_verifier(verifier(default_trust()?, &provider))
            }
            Roots::DefaultAndSystem => builder
                .with_custom_certificate_verifier(verifier(default_and_system_trust()?, &provider)),
        };
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder.with_client_cert_resolver(Arc::new(OneIdentity(identity))),
        };
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        config.resumption = Resumption::in_memory_sessions(RESUMABLE_SESSIONS);
        Ok(Self {
            config: Arc::new(config),
            signs_elsewhere,
        })
    }

    /// Whether a handshake may take long, for somebody elsewhere is asked.
    pub(crate) const fn signs_elsewhere(&self) -> bool {
        self.signs_elsewhere
    }

    /// A session with the server `name`, a host name or an IP address.
    pub(crate) fn open(&self, name: &str) -> Result<Session, String> {
        let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
            format!(
                "{name:?} is no name that a certificate can have; set grpc.ssl_target_name_override"
            )
        })?;
        ClientConnection::new(self.config.clone(), server_name)
            .map(|connection| Session::new(connection.into(), MAX_HANDSHAKE))
            .map_err(|error| error.to_string())
    }
}

fn verifier(trust: Trust, provider: &CryptoProvider) -> Arc<ServerVerifier> {
    Arc::new(ServerVerifier::new(trust, provider))
}

fn is_on(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

fn default_and_system_trust() -> Result<Trust, TlsError> {
    let mut trust = default_trust()?;
    let has_file = std::env::var_os(ROOTS_FILE_VARIABLE).is_some_and(|path| !path.is_empty());
    if !has_file && !is_on(NO_SYSTEM_ROOTS_VARIABLE) {
        // Without any there are still the bundled ones.
        let found = rustls_native_certs::load_native_certs();
        trust.add(found.certs);
    }
    Ok(trust)
}

fn default_trust() -> Result<Trust, TlsError> {
    if let Some(path) = std::env::var_os(ROOTS_FILE_VARIABLE).filter(|path| !path.is_empty()) {
        let pem = std::fs::read(&path).map_err(|error| TlsError::RootsFile {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        return Trust::read(&pem);
    }
    if is_on(SYSTEM_ROOTS_VARIABLE) && !is_on(NO_SYSTEM_ROOTS_VARIABLE) {
        let folder = std::env::var_os(SYSTEM_ROOTS_FOLDER_VARIABLE);
        return match folder.filter(|folder| !folder.is_empty()) {
            Some(folder) => folder_trust(Path::new(&folder)),
            None => system_trust(),
        };
    }
    Ok(Trust::anchors(RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }))
}

/// Trust in the certificates of a folder's files. Files without any are left out: such folders have other things in them too.
fn folder_trust(folder: &Path) -> Result<Trust, TlsError> {
    let unreadable = |error: io::Error| TlsError::RootsFile {
        path: folder.display().to_string(),
        reason: error.to_string(),
    };
    let mut roots = RootCertStore::empty();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            let pem = std::fs::read(&path).map_err(unreadable)?;
            let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
            roots.add_parsable_certificates(certificates);
        }
    }
    if roots.is_empty() {
        return Err(unreadable(io::Error::other(
            "no file in it has a certificate",
        )));
    }
    Ok(Trust::anchors(roots))
}

fn system_trust() -> Result<Trust, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A system's store may hold certificates that nobody can use any more.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(TlsError::SystemRoots(if reasons.is_empty() {
            "there are none".to_owned()
        } else {
            reasons.join("; ")
        }));
    }
    Ok(Trust::anchors(roots))
}
