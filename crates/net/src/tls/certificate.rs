//! What a certificate says of its holder: for error texts and for the names by which a server knows its client.

use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

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
}

impl AlternativeName {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Dns(text) | Self::Uri(text) | Self::Email(text) | Self::Ip(text) => text,
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
            _ => return None,
        })
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
            subject: distinguished_name(certificate.subject()),
            issuer: distinguished_name(certificate.issuer()),
            common_name: certificate
                .subject()
                .iter_common_name()
                .next()
                .and_then(|name| name.as_str().ok())
                .map(str::to_owned),
            names,
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            validity: format!("from {} to {}", validity.not_before, validity.not_after),
        })
    }

    /// Whether it is valid at this time.
    pub(crate) fn is_current(&self, now: UnixTime) -> bool {
        i64::try_from(now.as_secs())
            .is_ok_and(|now| (self.not_before..=self.not_after).contains(&now))
    }
}

/// As RFC 4514 writes it: the last part first.
fn distinguished_name(name: &x509_parser::x509::X509Name<'_>) -> String {
    let parts: Vec<String> = name
        .iter()
        .flat_map(x509_parser::x509::RelativeDistinguishedName::iter)
        .map(|part| {
            let key = x509_parser::objects::oid2abbrev(
                part.attr_type(),
                x509_parser::objects::oid_registry(),
            )
            .map_or_else(|_| part.attr_type().to_string(), str::to_owned);
            format!("{key}={}", part.as_str().unwrap_or("?"))
        })
        .collect();
    let parts: Vec<&str> = parts.iter().rev().map(String::as_str).collect();
    parts.join(",")
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
