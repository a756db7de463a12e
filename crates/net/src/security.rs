//! How connections are protected: not at all, by being local, or by TLS; and what is known of the peer then.

use std::net::IpAddr;
use std::sync::Arc;

use crate::tls::{ClientTls, ServerTls};

/// What counts as a connection within one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// A Unix-domain socket.
    Unix,
    /// TCP over the loopback interface.
    Tcp,
}

impl LocalKind {
    /// Whether a peer with this address is local in this sense; `None` stands for a Unix-domain socket.
    pub(crate) fn admits(self, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Self::Unix, None) => true,
            (Self::Tcp, Some(ip)) => ip.to_canonical().is_loopback(),
            _ => false,
        }
    }
}

/// How a channel protects its connections.
#[derive(Clone, Debug, Default)]
pub enum ClientSecurity {
    /// Not at all.
    #[default]
    Plaintext,
    /// They must not leave the machine.
    Local(LocalKind),
    /// By TLS.
    Tls {
        /// Roots and identity.
        tls: Arc<ClientTls>,
        /// The server's name, which its certificate must have.
        name: String,
    },
}

impl ClientSecurity {
    /// `:scheme` of the calls.
    pub(crate) const fn scheme(&self) -> &'static str {
        match self {
            Self::Tls { .. } => "https",
            Self::Plaintext | Self::Local(_) => "http",
        }
    }
}

/// Makes or changes a server's TLS when a client connects. Runs on a thread of its own, may block; `None` refuses the client.
pub type FetchTls = dyn Fn() -> Option<Arc<ServerTls>> + Send + Sync;

/// How a listening address protects its connections.
#[derive(Clone, Default)]
pub enum ServerSecurity {
    /// Not at all.
    #[default]
    Plaintext,
    /// They must not come from another machine.
    Local(LocalKind),
    /// By TLS.
    Tls(Arc<ServerTls>),
    /// By TLS whose certificates may change from one connection to the next.
    Changing(Arc<FetchTls>),
}

impl std::fmt::Debug for ServerSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plaintext => "Plaintext",
            Self::Local(_) => "Local",
            Self::Tls(_) => "Tls",
            Self::Changing(_) => "Changing",
        })
    }
}

/// What is known of a connection's peer: properties with one or more values, and which of them is its identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthContext {
    properties: Vec<(&'static str, Vec<String>)>,
    identity: Option<&'static str>,
}

impl AuthContext {
    /// Of a connection that nothing protects.
    pub(crate) fn insecure() -> Self {
        let mut context = Self::default();
        context.add("transport_security_type", "insecure");
        context.add("security_level", "TSI_SECURITY_NONE");
        context
    }

    /// Of a connection within the machine.
    pub(crate) fn local() -> Self {
        let mut context = Self::default();
        context.add("transport_security_type", "local");
        context.add("security_level", "TSI_PRIVACY_AND_INTEGRITY");
        context.set_identity("transport_security_type");
        context
    }

    pub(crate) fn add(&mut self, key: &'static str, value: impl Into<String>) {
        match self.properties.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value.into()),
            None => self.properties.push((key, vec![value.into()])),
        }
    }

    pub(crate) const fn set_identity(&mut self, key: &'static str) {
        self.identity = Some(key);
    }

    /// The properties in order.
    pub fn properties(&self) -> &[(&'static str, Vec<String>)] {
        &self.properties
    }

    /// The property that names the peer.
    pub const fn identity_key(&self) -> Option<&'static str> {
        self.identity
    }

    /// The peer's names.
    pub fn identities(&self) -> Option<&[String]> {
        let key = self.identity?;
        self.properties
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, values)| values.as_slice())
    }
}
