//! Which cipher suites TLS may use: all that rustls thinks safe, or those of them that the environment names.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{CipherSuite, SupportedCipherSuite};

use super::TlsError;

/// Names cipher suites with colons between them, as in every gRPC on OpenSSL.
const CIPHERS_VARIABLE: &str = "GRPC_SSL_CIPHER_SUITES";

/// The suites by OpenSSL's names; IANA's are known too.
const OPENSSL_NAMES: [(&str, CipherSuite); 9] = [
    (
        "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_128_GCM_SHA256,
    ),
    (
        "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_AES_256_GCM_SHA384,
    ),
    (
        "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    ),
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "ECDHE-RSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// rustls' cryptography, with the cipher suites that may be used.
pub(super) fn provider() -> Result<Arc<CryptoProvider>, TlsError> {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(list) = std::env::var(CIPHERS_VARIABLE)
        .ok()
        .filter(|list| !list.is_empty())
    {
        provider.cipher_suites = chosen(&list, &provider.cipher_suites)?;
    }
    Ok(Arc::new(provider))
}

/// The suites that a list names, in its order. What is not known, or not safe, is left out, as by OpenSSL. A list without one of TLS 1.3 says nothing of that version, whose suites OpenSSL keeps apart.
fn chosen(
    list: &str,
    safe: &[SupportedCipherSuite],
) -> Result<Vec<SupportedCipherSuite>, TlsError> {
    let named: Vec<SupportedCipherSuite> = list
        .split(':')
        .filter_map(|name| {
            let name = name.trim();
            safe.iter().find(|suite| is_named(suite.suite(), name))
        })
        .copied()
        .collect();
    if named.is_empty() {
        return Err(TlsError::CipherSuites(list.to_owned()));
    }
    let is_newest = |suite: &SupportedCipherSuite| suite.tls13().is_some();
    let unnamed = safe
        .iter()
        .filter(|suite| is_newest(suite) && !named.iter().any(is_newest));
    Ok(unnamed.chain(&named).copied().collect())
}

fn is_named(suite: CipherSuite, name: &str) -> bool {
    let by_openssl = |(known, of): &(&str, CipherSuite)| *known == name && *of == suite;
    OPENSSL_NAMES.iter().any(by_openssl) || iana_name(suite) == name
}

/// A suite's name in IANA's registry. rustls writes the version into those of TLS 1.3.
pub(super) fn iana_name(suite: CipherSuite) -> String {
    format!("{suite:?}").replacen("TLS13_", "TLS_", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<String> {
        let safe = aws_lc_rs::default_provider().cipher_suites;
        let chosen = chosen(list, &safe).unwrap();
        chosen.iter().map(|one| iana_name(one.suite())).collect()
    }

    #[test]
    fn every_suite_has_a_name() {
        for suite in aws_lc_rs::default_provider().cipher_suites {
            let known = |(_, of): &(&str, CipherSuite)| *of == suite.suite();
            assert_eq!(OPENSSL_NAMES.iter().filter(|one| known(one)).count(), 1);
        }
    }

    #[test]
    fn a_list_of_the_older_version_leaves_the_newer_one_alone() {
        let found = names("ECDHE-RSA-AES256-GCM-SHA384:RC4-MD5: ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(
            found[3..],
            [
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
            ]
        );
        assert!(found[..3].contains(&"TLS_AES_128_GCM_SHA256".to_owned()));
    }

    #[test]
    fn a_list_of_the_newer_version_is_all_there_is() {
        assert_eq!(names("TLS_AES_128_GCM_SHA256"), ["TLS_AES_128_GCM_SHA256"]);
    }

    #[test]
    fn a_list_without_a_suite_is_refused() {
        let safe = aws_lc_rs::default_provider().cipher_suites;
        assert!(chosen("RC4-MD5:", &safe).is_err());
    }
}
