//! A private key that stays elsewhere, such as in a hardware module or with a service: somebody is asked for each signature.
//!
//! Asking may take long, so a session whose key is elsewhere shakes hands on a thread of its own ([`crate::handshake`]). A [`Ticket`] stands for the handshake there: it carries the news that nobody waits for the signature any more.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::{TlsError, certificate, read_certificates};

/// How a signature is made. The numbers are those of gRPC's `PrivateKeySignatureAlgorithm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum SignAlgorithm {
    RsaPkcs1Sha256 = 0,
    RsaPkcs1Sha384 = 1,
    RsaPkcs1Sha512 = 2,
    EcdsaSecp256r1Sha256 = 3,
    EcdsaSecp384r1Sha384 = 4,
    EcdsaSecp521r1Sha512 = 5,
    RsaPssRsaeSha256 = 6,
    RsaPssRsaeSha384 = 7,
    RsaPssRsaeSha512 = 8,
}

/// With the names that TLS gives them; what is preferred stands first, as in rustls.
const RSA: &[(SignatureScheme, SignAlgorithm)] = &[
    (
        SignatureScheme::RSA_PSS_SHA512,
        SignAlgorithm::RsaPssRsaeSha512,
    ),
    (
        SignatureScheme::RSA_PSS_SHA384,
        SignAlgorithm::RsaPssRsaeSha384,
    ),
    (
        SignatureScheme::RSA_PSS_SHA256,
        SignAlgorithm::RsaPssRsaeSha256,
    ),
    (
        SignatureScheme::RSA_PKCS1_SHA512,
        SignAlgorithm::RsaPkcs1Sha512,
    ),
    (
        SignatureScheme::RSA_PKCS1_SHA384,
        SignAlgorithm::RsaPkcs1Sha384,
    ),
    (
        SignatureScheme::RSA_PKCS1_SHA256,
        SignAlgorithm::RsaPkcs1Sha256,
    ),
];
const P256: &[(SignatureScheme, SignAlgorithm)] = &[(
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignAlgorithm::EcdsaSecp256r1Sha256,
)];
const P384: &[(SignatureScheme, SignAlgorithm)] = &[(
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignAlgorithm::EcdsaSecp384r1Sha384,
)];
const P521: &[(SignatureScheme, SignAlgorithm)] = &[(
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignAlgorithm::EcdsaSecp521r1Sha512,
)];

/// Who signs. May block; the thread is the handshake's own.
pub type SignElsewhere =
    dyn Fn(&[u8], SignAlgorithm, &Arc<Ticket>) -> Result<Vec<u8>, String> + Send + Sync;

/// What stands for a handshake that somebody is asked to sign for.
#[derive(Default)]
pub struct Ticket(Mutex<TicketState>);

#[derive(Default)]
struct TicketState {
    cancelled: bool,
    on_cancel: Option<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

impl Ticket {
    /// Has `act` called when nobody waits for the signature any more; at once where nobody does.
    pub fn on_cancel(&self, act: Box<dyn FnOnce() + Send>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.cancelled {
            drop(state);
            act();
        } else {
            state.on_cancel = Some(act);
        }
    }

    /// The signature is there: there is nothing to cancel.
    pub fn signed(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let act = state.on_cancel.take();
        drop(state);
        drop(act);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.cancelled
    }

    /// Nobody waits any more.
    pub(crate) fn cancel(&self) {
        let act = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.cancelled = true;
            state.on_cancel.take()
        };
        if let Some(act) = act {
            act();
        }
    }
}

thread_local! {
    /// The handshake that runs on this thread.
    static PRESENT: RefCell<Arc<Ticket>> = RefCell::default();
}

/// Runs a part of a handshake, for which `ticket` stands.
pub(crate) fn with_ticket<T>(ticket: &Arc<Ticket>, run: impl FnOnce() -> T) -> T {
    PRESENT.set(ticket.clone());
    let value = run();
    PRESENT.take();
    value
}

struct ExternalKey {
    sign: Arc<SignElsewhere>,
    algorithm: SignatureAlgorithm,
    schemes: &'static [(SignatureScheme, SignAlgorithm)],
}

struct ExternalSigner {
    sign: Arc<SignElsewhere>,
    scheme: SignatureScheme,
    algorithm: SignAlgorithm,
}

impl fmt::Debug for ExternalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for ExternalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalSigner").finish_non_exhaustive()
    }
}

impl SigningKey for ExternalKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let (scheme, algorithm) = self
            .schemes
            .iter()
            .find(|(scheme, _)| offered.contains(scheme))?;
        Some(Box::new(ExternalSigner {
            sign: self.sign.clone(),
            scheme: *scheme,
            algorithm: *algorithm,
        }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl Signer for ExternalSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let ticket = PRESENT.with_borrow(Clone::clone);
        (self.sign)(message, self.algorithm, &ticket)
            .map_err(|why| rustls::Error::General(format!("the custom signer failed: {why}")))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// An identity of this chain, PEM, whose key `sign` has.
pub(super) fn external_identity(
    chain: &[u8],
    sign: Arc<SignElsewhere>,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = read_certificates(chain, "certificate chain")?;
    let (algorithm, schemes) = chain
        .first()
        .and_then(|leaf| schemes_of(leaf))
        .ok_or_else(|| TlsError::BadKey {
            reason: format!(
                "the public key of {} is neither RSA nor ECDSA on P-256, P-384 or P-521, so that no custom signer can sign for it",
                chain.first().map(certificate::describe).unwrap_or_default()
            ),
        })?;
    let key = ExternalKey {
        sign,
        algorithm,
        schemes,
    };
    Ok(Arc::new(CertifiedKey::new(chain, Arc::new(key))))
}

type Schemes = &'static [(SignatureScheme, SignAlgorithm)];

/// How the owner of a certificate can sign.
fn schemes_of(leaf: &CertificateDer<'_>) -> Option<(SignatureAlgorithm, Schemes)> {
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    match leaf.public_key().parsed().ok()? {
        PublicKey::RSA(_) => Some((SignatureAlgorithm::RSA, RSA)),
        PublicKey::EC(point) => {
            let schemes = match point.key_size() {
                256 => P256,
                384 => P384,
                // 521 bits take 66 bytes.
                521 | 528 => P521,
                _ => return None,
            };
            Some((SignatureAlgorithm::ECDSA, schemes))
        }
        _ => None,
    }
}
