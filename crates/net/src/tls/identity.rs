//! What an end presents of itself: a certificate chain and a private key, or somebody who signs with it.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use rustls::sign::CertifiedKey;

use super::{TlsError, certificate, read_certificates};

/// Reads a chain and its key from PEM, and checks that they belong together.
pub(super) fn read_identity(chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = read_certificates(chain, "certificate chain")?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::BadKey {
        reason: error.to_string(),
    })?;
    let key = aws_lc_rs::sign::any_supported_type(&key).map_err(|error| TlsError::BadKey {
        reason: error.to_string(),
    })?;
    let identity = CertifiedKey::new(chain, key);
    match identity.keys_match() {
        // A key whose public half is unknown is taken at its word.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(Arc::new(identity))
        }
        Err(_) => Err(TlsError::KeyMismatch {
            subject: identity
                .cert
                .first()
                .map(certificate::describe)
                .unwrap_or_default(),
        }),
    }
}
