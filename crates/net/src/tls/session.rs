//! One connection's TLS: ciphertext in and plaintext out, and the reverse. No I/O of its own.

use std::io::{self, BufRead as _, Write as _};

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Connection, Error, HandshakeKind, ProtocolVersion};

use super::ALPN_HTTP2;
use super::certificate::{AlternativeName, Certificate, to_pem};
use super::ciphers::iana_name;
use super::verify::report;
use crate::census::TlsCensus;
use crate::security::AuthContext;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
    /// Bytes that the peer may still send before both sides have agreed.
    handshake: usize,
    established: bool,
    closed: bool,
}

impl Session {
    /// The peer has so many bytes to come to an agreement in; what comes with the last of them does not count.
    pub(super) const fn new(connection: Connection, handshake: usize) -> Self {
        Self {
            connection,
            handshake,
            established: false,
            closed: false,
        }
    }

    /// Takes in what the socket gave, and hands on what it says. An error ends the session; an alert for the peer may stand in the output then.
    pub(crate) fn receive(
        &mut self,
        ciphertext: &[u8],
        sink: impl FnMut(&[u8]),
    ) -> Result<(), String> {
        let count = ciphertext.len();
        self.take_in(ciphertext, sink)?;
        if !self.established {
            self.handshake = (self.handshake.checked_sub(count))
                .ok_or("the peer's handshake is longer than it may be")?;
        }
        Ok(())
    }

    /// The part of [`Session::receive`] that counts nothing.
    fn take_in(
        &mut self,
        mut ciphertext: &[u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), String> {
        while !ciphertext.is_empty() {
            self.connection
                .read_tls(&mut ciphertext)
                .map_err(|error| error.to_string())?;
            let (outcome, refused) = report(|| self.connection.process_new_packets());
            outcome.map_err(|error| explain(&error, refused))?;
            self.check_established()?;
            // rustls holds at most a few records at a time: they go on before more comes in.
            let mut reader = self.connection.reader();
            while let Ok(plaintext) = reader.fill_buf() {
                if plaintext.is_empty() {
                    // The peer has said that it ends; what follows in the socket is its end.
                    return Ok(());
                }
                sink(plaintext);
                let count = plaintext.len();
                reader.consume(count);
            }
        }
        Ok(())
    }

    fn check_established(&mut self) -> Result<(), String> {
        if self.established || self.connection.is_handshaking() {
            return Ok(());
        }
        if self.connection.alpn_protocol() != Some(ALPN_HTTP2) {
            return Err("the peer did not agree on HTTP/2 (ALPN \"h2\")".to_owned());
        }
        self.established = true;
        Ok(())
    }

    /// Whether both sides have proved who they are, so that plaintext may be sent.
    pub(crate) const fn is_established(&self) -> bool {
        self.established
    }

    /// Encrypts some of what the engine wants to send; returns how much it took.
    pub(crate) fn send(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        self.connection.writer().write(plaintext)
    }

    /// Whether ciphertext waits to be written.
    pub(crate) fn has_output(&self) -> bool {
        self.connection.wants_write()
    }

    /// Writes some ciphertext.
    pub(crate) fn write_to(&mut self, socket: &mut impl io::Write) -> io::Result<usize> {
        self.connection.write_tls(socket)
    }

    /// Tells the peer that nothing more comes, once.
    pub(crate) fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.connection.send_close_notify();
        }
    }

    /// Whether [`Session::close`] was called and all is written.
    pub(crate) fn is_finished(&self) -> bool {
        self.closed && !self.connection.wants_write()
    }

    /// What channelz tells of it; `None` until both sides have agreed.
    pub(crate) fn census(&self) -> Option<TlsCensus> {
        let suite = self.connection.negotiated_cipher_suite()?.suite();
        let certificates = self.connection.peer_certificates();
        Some(TlsCensus {
            cipher: iana_name(suite),
            remote_certificate: certificates.and_then(|all| all.first().map(to_pem)),
        })
    }

    /// What is known of the peer and the connection, by the names that gRPC uses.
    pub(crate) fn auth_context(&self) -> AuthContext {
        let mut context = AuthContext::default();
        context.add("transport_security_type", "ssl");
        if let Some([leaf, intermediates @ ..]) = self.connection.peer_certificates() {
            add_certificate(&mut context, leaf, intermediates);
        }
        context.add("security_level", "TSI_PRIVACY_AND_INTEGRITY");
        let resumed = self.connection.handshake_kind() == Some(HandshakeKind::Resumed);
        context.add("ssl_session_reused", if resumed { "true" } else { "false" });
        if let Connection::Server(server) = &self.connection
            && let Some(name) = server.server_name()
        {
            context.add("ssl_requested_server_name", name);
        }
        context.add(
            "ssl_tls_version",
            match self.connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
        );
        if let Some(group) = self.connection.negotiated_key_exchange_group() {
            context.add(
                "ssl_negotiated_key_exchange_group",
                format!("{:?}", group.name()),
            );
        }
        context
    }
}

fn add_certificate(
    context: &mut AuthContext,
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) {
    let Some(certificate) = Certificate::read(leaf) else {
        return;
    };
    context.add("x509_subject", &*certificate.subject);
    // Without one it is there all the same, and empty.
    context.add(
        "x509_common_name",
        certificate.common_name.clone().unwrap_or_default(),
    );
    context.add("x509_pem_cert", to_pem(leaf));
    if !intermediates.is_empty() {
        let chain: String = intermediates.iter().map(to_pem).collect();
        context.add("x509_pem_cert_chain", chain);
    }
    for name in &certificate.names {
        context.add("x509_subject_alternative_name", name.text());
    }
    for name in &certificate.names {
        let key = match name {
            AlternativeName::Dns(_) => "peer_dns",
            AlternativeName::Uri(_) => "peer_uri",
            AlternativeName::Email(_) => "peer_email",
            AlternativeName::Ip(_) => "peer_ip",
            AlternativeName::Other => continue,
        };
        context.add(key, name.text());
    }
    if let Some(id) = certificate.spiffe_id() {
        context.add("peer_spiffe_id", id);
    }
    context.set_identity(if certificate.names.is_empty() {
        "x509_common_name"
    } else {
        "x509_subject_alternative_name"
    });
}

/// The commonest refusals in plain words, the others in rustls' own.
fn why(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => {
            "none of the trusted root certificates has issued it".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        other => other.to_string(),
    }
}

/// A handshake's error in words that say what to look at.
fn explain(error: &Error, refused: Option<String>) -> String {
    match (error, refused) {
        (Error::InvalidCertificate(reason), Some(certificate)) => {
            format!(
                "the peer's certificate {certificate}, was refused: {}",
                why(reason)
            )
        }
        (Error::AlertReceived(alert), _) => {
            format!("the peer refused the connection: {alert:?}")
        }
        (Error::NoCertificatesPresented, _) => {
            "the peer presented no certificate, and one is required".to_owned()
        }
        (Error::InvalidMessage(_), _) => {
            format!("the peer does not speak TLS: {error}")
        }
        (error, _) => error.to_string(),
    }
}
