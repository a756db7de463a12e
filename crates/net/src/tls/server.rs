//! A server's side of TLS: its certificates, of which the client's SNI chooses one, and whom it lets in.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection};

use super::identity::read_identity;
use super::session::Session;
use super::verify::{ClientVerifier, Trust};
use super::{ALPN_HTTP2, TlsError, ciphers};

/// How long a client's part of a handshake may be: 24 KiB, more than the longest first message that others take. Strangers can make a server hold it.
const MAX_HANDSHAKE: usize = 24 << 10;

/// The same of clients that are asked for their certificates: 128 KiB, since a chain may be 64 KiB.
const MAX_WITH_CERTIFICATE: usize = 128 << 10;

/// What a server needs to know to accept TLS sessions.
#[derive(Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    max_handshake: usize,
}

/// Several certificates: the first that has the name that the client asks for, else the first whose key it can use.
#[derive(Debug)]
struct Identities(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let usable = |identity: &&Arc<CertifiedKey>| {
            identity
                .key
                .choose_scheme(hello.signature_schemes())
                .is_some()
        };
        let name = hello
            .server_name()
            .and_then(|name| ServerName::try_from(name).ok());
        let named = name.and_then(|name| {
            self.0
                .iter()
                .filter(usable)
                .find(|identity| has_name(identity, &name))
        });
        named.or_else(|| self.0.iter().find(usable)).cloned()
    }
}

fn has_name(identity: &CertifiedKey, name: &ServerName<'_>) -> bool {
    identity.end_entity_cert().is_ok_and(|der| {
        ParsedCertificate::try_from(der)
            .is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
    })
}

impl ServerTls {
    /// Reads pairs of private key and certificate chain, all PEM. With `client_roots`, only clients with a certificate that these issued are let in.
    pub fn new(
        pairs: &[(Vec<u8>, Vec<u8>)],
        client_roots: Option<&[u8]>,
    ) -> Result<Self, TlsError> {
        if pairs.is_empty() {
            return Err(TlsError::NoKeyPair);
        }
        let identities = pairs
            .iter()
            .map(|(key, chain)| read_identity(chain, key))
            .collect::<Result<_, _>>()?;
        let provider = ciphers::provider()?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let builder = match client_roots {
            Some(pem) => builder.with_client_cert_verifier(Arc::new(ClientVerifier::new(
                Trust::read(pem)?,
                &provider,
            )?)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(Identities(identities)));
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        // Tickets keep a session's state at the client: nothing here grows with the number of clients.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        Ok(Self {
            config: Arc::new(config),
            max_handshake: if client_roots.is_some() {
                MAX_WITH_CERTIFICATE
            } else {
                MAX_HANDSHAKE
            },
        })
    }

    /// A session with a client that has connected.
    pub(crate) fn open(&self) -> Result<Session, String> {
        ServerConnection::new(self.config.clone())
            .map(|connection| Session::new(connection.into(), self.max_handshake))
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(with_roots: bool) -> ServerTls {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let chain = own.cert.pem().into_bytes();
        let roots = with_roots.then(|| chain.clone());
        let pair = (own.signing_key.serialize_pem().into_bytes(), chain);
        ServerTls::new(&[pair], roots.as_deref()).unwrap()
    }

    /// The first words of a client that never come to an end.
    fn endless() -> Vec<u8> {
        let mut message = vec![1, 0, 0xff, 0xf0];
        message.resize(0xfff0, 0);
        let records = message.chunks(1000).map(|part| {
            let length = u16::try_from(part.len()).unwrap().to_be_bytes();
            [&[22, 3, 1][..], &length, part].concat()
        });
        records.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_client_s_handshake_may_not_be_long() {
        for (with_roots, max) in [(false, MAX_HANDSHAKE), (true, 60 << 10)] {
            let mut session = server(with_roots).open().unwrap();
            let mut taken = 0;
            for part in endless().chunks(500) {
                if session.receive(part, |_| {}).is_err() {
                    break;
                }
                taken += part.len();
            }
            assert!((max - 1000..=max + 5000).contains(&taken), "{taken}");
        }
    }
}
