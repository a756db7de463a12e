//! Whom each side trusts.
//!
//! rustls' own rules, and two that users of gRPC rely on: a certificate that is itself among the given roots is trusted (self-signed ones, as tutorials make them), and a certificate without alternative names is known by its common name. A refusal leaves a text that says which certificate it was about, see [`report`].

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::certificate::{self, Certificate};
use super::{TlsError, read_certificates};

thread_local! {
    /// The certificate that was refused last on this thread. rustls calls the verifier within `process_new_packets` and has no other way out for it.
    static REFUSED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a step of a handshake, and says which certificate it refused, if any.
pub(super) fn report<T>(step: impl FnOnce() -> T) -> (T, Option<String>) {
    REFUSED.take();
    let outcome = step();
    (outcome, REFUSED.take())
}

fn refuse(der: &CertificateDer<'_>, error: Error) -> Error {
    REFUSED.set(Some(certificate::describe(der)));
    error
}

/// Anchors of trust, and the certificates that are trusted as they are.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) roots: RootCertStore,
    /// The given roots, which may be servers' or clients' own certificates too.
    itself: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The roots of a PEM text.
    pub(super) fn read(pem: &[u8]) -> Result<Self, TlsError> {
        let itself = read_certificates(pem, "text of root certificates")?;
        let mut roots = RootCertStore::empty();
        for (index, root) in itself.iter().enumerate() {
            roots.add(root.clone()).map_err(|error| TlsError::BadRoot {
                number: index + 1,
                subject: certificate::describe(root),
                reason: error.to_string(),
            })?;
        }
        Ok(Self { roots, itself })
    }

    /// Roots of which only the keys are known.
    pub(super) const fn anchors(roots: RootCertStore) -> Self {
        Self {
            roots,
            itself: Vec::new(),
        }
    }

    /// More roots; what nobody can use is left out.
    pub(super) fn add(&mut self, roots: Vec<CertificateDer<'static>>) {
        self.roots.add_parsable_certificates(roots);
    }

    /// Whether a certificate is one of the roots itself; an error where it is and its time is over or has not come.
    fn holds(&self, der: &CertificateDer<'_>, now: UnixTime) -> Result<bool, Error> {
        if !self.itself.iter().any(|root| root == der) {
            return Ok(false);
        }
        match Certificate::read(der) {
            Some(certificate) if certificate.is_current(now) => Ok(true),
            Some(_) => Err(CertificateError::Expired.into()),
            None => Err(CertificateError::BadEncoding.into()),
        }
    }
}

fn algorithms(provider: &CryptoProvider) -> WebPkiSupportedAlgorithms {
    provider.signature_verification_algorithms
}

/// Implements the signature checks, which are the same for all.
macro_rules! check_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, cert, signature, &self.algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, cert, signature, &self.algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.algorithms.supported_schemes()
        }
    };
}

/// A client's view of its server.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerVerifier {
    pub(super) fn new(trust: Trust, provider: &CryptoProvider) -> Self {
        Self {
            trust,
            algorithms: algorithms(provider),
        }
    }

    fn check(
        &self,
        der: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let certificate = ParsedCertificate::try_from(der)?;
        if !self.trust.holds(der, now)? {
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.trust.roots,
                intermediates,
                now,
                self.algorithms.all,
            )?;
        }
        verify_server_name(&certificate, name).or_else(|error| {
            if is_common_name(der, name) {
                Ok(())
            } else {
                Err(error)
            }
        })
    }
}

/// Whether the certificate has no alternative names and this common name.
fn is_common_name(der: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    Certificate::read(der).is_some_and(|certificate| {
        certificate.names.is_empty()
            && certificate
                .common_name
                .is_some_and(|common| common.eq_ignore_ascii_case(&name.to_str()))
    })
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity, intermediates, server_name, now)
            .map(|()| ServerCertVerified::assertion())
            .map_err(|error| refuse(end_entity, error))
    }

    check_signatures!();
}

/// Trusts everybody. For tests only; nothing but an explicit wish leads here.
#[derive(Debug)]
pub(super) struct NoVerifier {
    algorithms: WebPkiSupportedAlgorithms,
}

impl NoVerifier {
    pub(super) fn new(provider: &CryptoProvider) -> Self {
        Self {
            algorithms: algorithms(provider),
        }
    }
}

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    check_signatures!();
}

/// A server's view of its clients.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    trust: Trust,
    usual: Arc<dyn ClientCertVerifier>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    pub(super) fn new(trust: Trust, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let usual = WebPkiClientVerifier::builder_with_provider(
            Arc::new(trust.roots.clone()),
            provider.clone(),
        )
        .build()
        .map_err(|error| TlsError::Configuration(error.to_string()))?;
        Ok(Self {
            trust,
            usual,
            algorithms: algorithms(provider),
        })
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.usual.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.trust.holds(end_entity, now) {
            Ok(true) => Ok(ClientCertVerified::assertion()),
            Ok(false) => self
                .usual
                .verify_client_cert(end_entity, intermediates, now),
            Err(error) => Err(error),
        }
        .map_err(|error| refuse(end_entity, error))
    }

    check_signatures!();
}
