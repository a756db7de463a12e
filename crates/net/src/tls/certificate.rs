//! What a certificate says of its holder: for error texts and for the names by which a server knows its client.

use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::distinguished_name::{text_of, write_name};

/// The longest SPIFFE id and trust domain (SPIFFE-ID, section 2.3).
const MAX_SPIFFE_ID: usize = 2048;
const MAX_TRUST_DOMAIN: usize = 255;

/// A certificate taken apart. What cannot be read is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) common_name: Option<String>,
    pub(crate) names: Vec<AlternativeName>,
    /// Seconds since 1970.
    not_before: i64,
    not_after: i64,
    validity: String,
}

/// A name of the certificate's holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlternativeName {
    Dns(String),
    Uri(String),
    Email(String),
    Ip(String),
    /// Of a kind that gRPC has no property for.
    Other,
}

impl AlternativeName {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Dns(text) | Self::Uri(text) | Self::Email(text) | Self::Ip(text) => text,
            Self::Other => "other types of SAN",
        }
    }

    fn read(name: &GeneralName<'_>) -> Option<Self> {
        Some(match name {
            GeneralName::DNSName(text) => Self::Dns((*text).to_owned()),
            GeneralName::URI(text) => Self::Uri((*text).to_owned()),
            GeneralName::RFC822Name(text) => Self::Email((*text).to_owned()),
            GeneralName::IPAddress(octets) => {
                let ip = match **octets {
                    [a, b, c, d] => std::net::IpAddr::from([a, b, c, d]),
                    ref octets => std::net::IpAddr::from(<[u8; 16]>::try_from(octets).ok()?),
                };
                Self::Ip(ip.to_string())
            }
            GeneralName::Invalid(..) => return None,
            _ => Self::Other,
        })
    }

    /// The SPIFFE id that this name is, if it is one: `spiffe://`, a trust domain and a workload's path.
    fn spiffe_id(&self) -> Option<&str> {
        let Self::Uri(uri) = self else { return None };
        let (domain, path) = uri.strip_prefix("spiffe://")?.split_once('/')?;
        let fits = uri.len() <= MAX_SPIFFE_ID && domain.len() <= MAX_TRUST_DOMAIN;
        (fits && !path.is_empty() && !path.starts_with('/')).then_some(uri)
    }
}

impl Certificate {
    /// Reads a certificate; `None` for what is none.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = match certificate.subject_alternative_name() {
            Ok(Some(extension)) => extension
                .value
                .general_names
                .iter()
                .filter_map(AlternativeName::read)
                .collect(),
            _ => Vec::new(),
        };
        let validity = certificate.validity();
        Some(Self {
            subject: write_name(certificate.subject()),
            issuer: write_name(certificate.issuer()),
            common_name: certificate
                .subject()
                .iter_common_name()
                .next()
                .and_then(|name| text_of(name.attr_value())),
            names,
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            validity: format!("from {} to {}", validity.not_before, validity.not_after),
        })
    }

    /// The SPIFFE id of its holder. A certificate with several URIs has none (SPIFFE's X509-SVID, section 2).
    pub(crate) fn spiffe_id(&self) -> Option<&str> {
        let mut uris = self
            .names
            .iter()
            .filter(|name| matches!(name, AlternativeName::Uri(_)));
        let uri = uris.next()?;
        uris.next().map_or_else(|| uri.spiffe_id(), |_| None)
    }

    /// Whether it is valid at this time.
    pub(crate) fn is_current(&self, now: UnixTime) -> bool {
        i64::try_from(now.as_secs())
            .is_ok_and(|now| (self.not_before..=self.not_after).contains(&now))
    }
}

/// A certificate in the words of an error text.
impl std::fmt::Display for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let holder = if self.subject.is_empty() {
            "without a subject"
        } else {
            &self.subject
        };
        write!(f, "{holder:?}")?;
        if !self.names.is_empty() {
            let names: Vec<&str> = self.names.iter().map(AlternativeName::text).collect();
            write!(f, " for {}", names.join(", "))?;
        }
        write!(f, ", issued by {:?}, valid {}", self.issuer, self.validity)
    }
}

/// [`Certificate`]'s text, or that it cannot be read.
pub(crate) fn describe(der: &CertificateDer<'_>) -> String {
    Certificate::read(der).map_or_else(
        || "that cannot be read".to_owned(),
        |certificate| certificate.to_string(),
    )
}

/// A certificate as PEM, lines of 64 characters as OpenSSL writes them.
pub(crate) fn to_pem(der: &CertificateDer<'_>) -> String {
    use base64::Engine as _;

    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII: any index is a boundary.
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
