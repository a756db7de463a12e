//! TLS 1.2 and 1.3, by rustls, without I/O: what a client and a server present and whom they trust, and the session between a socket and an engine.
//!
//! [`ClientTls`] and [`ServerTls`] are made once from PEM and shared; a session belongs to one connection. Both ends insist on HTTP/2 by ALPN (RFC 9113, section 3.2). Revocation lists and encrypted private keys are not supported.

mod certificate;
mod ciphers;
mod client;
mod distinguished_name;
mod external;
mod identity;
mod server;
mod session;
mod verify;

pub use client::{ClientTls, Roots};
pub use external::{SignAlgorithm, SignElsewhere, Ticket};
pub use server::ServerTls;

pub(crate) use external::with_ticket;
pub(crate) use session::Session;

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use thiserror::Error;

/// HTTP/2's name in ALPN.
const ALPN_HTTP2: &[u8] = b"h2";

/// Why credentials cannot be made. The text names the part that is wrong.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A text that should hold certificates holds none, or one that is broken.
    #[error("the {what} is not a PEM text with certificates: {reason}")]
    BadCertificates {
        /// Which of the texts.
        what: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// A root certificate that cannot be an anchor of trust.
    #[error("root certificate {number} ({subject}) cannot be used: {reason}")]
    BadRoot {
        /// Its place among the certificates of its text, from 1.
        number: usize,
        /// Whose it is, as far as that can be read.
        subject: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The private key cannot be read or has an unknown type.
    #[error("the private key is not an unencrypted PEM key (PKCS #8, PKCS #1 or SEC 1): {reason}")]
    BadKey {
        /// What the parser says.
        reason: String,
    },
    /// The private key is another certificate's.
    #[error("the private key does not belong to the certificate {subject}")]
    KeyMismatch {
        /// Whose certificate it is.
        subject: String,
    },
    /// A private key without its certificates, or the reverse.
    #[error(
        "a private key and a certificate chain are given together or not at all; the {missing} is missing"
    )]
    Incomplete {
        /// What is missing.
        missing: &'static str,
    },
    /// A server without a key pair.
    #[error("a TLS server needs at least one private key with its certificate chain")]
    NoKeyPair,
    /// The file of default roots cannot be read.
    #[error("the root certificates of {path} cannot be read: {reason}")]
    RootsFile {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The system has no root certificates, or they cannot be read.
    #[error("the system's root certificates cannot be read: {0}")]
    SystemRoots(String),
    /// `GRPC_SSL_CIPHER_SUITES` names none that can be used.
    #[error("GRPC_SSL_CIPHER_SUITES={0} names no cipher suite that is known and safe")]
    CipherSuites(String),
    /// What rustls itself refuses.
    #[error("TLS cannot be set up: {0}")]
    Configuration(String),
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self::Configuration(error.to_string())
    }
}

/// The certificates of a PEM text, of which there must be one at least.
fn read_certificates(
    pem: &[u8],
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bad = |reason: String| TlsError::BadCertificates { what, reason };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(error.to_string()))?;
    if certificates.is_empty() {
        return Err(bad("it has no BEGIN CERTIFICATE section".to_owned()));
    }
    Ok(certificates)
}
