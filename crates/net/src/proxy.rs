//! Which HTTP proxy a channel's connections go through: options and the environment, as `grpcio` reads them.
//!
//! `grpc_proxy`, `https_proxy` and `http_proxy` count in this order, in lower case only; `no_grpc_proxy`, else `no_proxy`, lists hosts that are reached without: names, which cover the names below them, addresses, and blocks of addresses (`10.0.0.0/8`).

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::address::{Address, Target, host, is_unix};

/// A proxy, and what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Where the proxy is.
    pub address: Target,
    /// The server, `host:port`, as the proxy is told.
    pub destination: String,
    /// The value of `Proxy-Authorization`, from the credentials in the proxy's URL.
    pub authorization: Option<String>,
}

impl Proxy {
    /// The proxy for a target; `None` for a direct connection. `option` is the channel's own proxy URL, which goes before the environment's; `variable` reads the environment. A URL that cannot be used is an error, which says why; `grpcio` logs it and connects directly.
    pub fn find(
        target: &str,
        option: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let from_environment = || {
            ["grpc_proxy", "https_proxy", "http_proxy"]
                .into_iter()
                .find_map(variable)
        };
        let Some(url) = option.map(str::to_owned).or_else(from_environment) else {
            return Ok(None);
        };
        if is_unix(target) || url.is_empty() {
            return Ok(None);
        }
        let destination = destination(target);
        let exceptions = variable("no_grpc_proxy").or_else(|| variable("no_proxy"));
        if exceptions.is_some_and(|list| is_excepted(host(&destination), &list)) {
            return Ok(None);
        }
        Self::of(&url, destination).map(Some)
    }

    fn of(url: &str, destination: String) -> Result<Self, String> {
        // Neither the whole URL nor its credentials may stand in an error.
        let rest = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) => {
                return Err(format!(
                    "the proxy's URL has the scheme {scheme:?}; only http is supported"
                ));
            }
            None => return Err("the proxy's URL has no scheme; it begins with http://".to_owned()),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (credentials, address) = match authority.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, authority),
        };
        let address = match Target::parse(address) {
            Ok(Target::Name { host, port }) => Target::Name { host, port },
            Ok(Target::Sockets(sockets)) => Target::Sockets(sockets),
            Ok(_) | Err(_) => {
                return Err(format!("the proxy's URL names no host: {address:?}"));
            }
        };
        Ok(Self {
            address,
            destination,
            authorization: credentials.map(|credentials| {
                let plain = russet_rpc::percent_decode(credentials.as_bytes());
                format!("Basic {}", STANDARD.encode(plain))
            }),
        })
    }
}

/// A proxy for some of the addresses that a name leads to (`grpc.address_http_proxy`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressProxy {
    proxy: SocketAddr,
    /// Addresses and blocks, with commas between them.
    enabled: String,
}

impl AddressProxy {
    /// `proxy` is an IP address with a port, `enabled` lists the addresses and blocks (`10.0.0.0/8`) that are reached through it.
    pub fn new(proxy: &str, enabled: &str) -> Result<Self, String> {
        Ok(Self {
            proxy: proxy.parse().map_err(|_| {
                format!("the proxy for addresses is not an IP address with a port: {proxy:?}")
            })?,
            enabled: enabled.to_owned(),
        })
    }

    /// The proxy through which an address is reached; `None` for a direct connection.
    pub(crate) fn proxy_for(&self, address: &Address) -> Option<Proxy> {
        let Address::Socket(socket) = address else {
            return None;
        };
        let mut blocks = self.enabled.split(',').map(str::trim);
        blocks
            .any(|block| is_in_block(socket.ip(), block))
            .then(|| Proxy {
                address: Target::Sockets(vec![self.proxy]),
                destination: socket.to_string(),
                authorization: None,
            })
    }

    /// Where the proxy is.
    pub(crate) const fn address(&self) -> Address {
        Address::Socket(self.proxy)
    }
}

/// `host:port` of a target, with the port that it means where it names none.
fn destination(target: &str) -> String {
    let authority = Target::default_authority(target);
    let host = host(&authority);
    if host.len() == authority.len() || format!("[{host}]") == authority {
        let port = crate::address::DEFAULT_PORT;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    } else {
        authority
    }
}

/// Whether a host stands on a list of exceptions.
fn is_excepted(host: &str, list: &str) -> bool {
    let address = host.parse::<IpAddr>().ok();
    let host = host.to_ascii_lowercase();
    list.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            if let Some(address) = address
                && is_in_block(address, entry)
            {
                return true;
            }
            // A name covers itself and what is below it, with or without a dot before it.
            let name = entry
                .strip_prefix('.')
                .unwrap_or(entry)
                .to_ascii_lowercase();
            host.strip_suffix(&name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

fn is_in_block(address: IpAddr, block: &str) -> bool {
    let Some((base, length)) = block.split_once('/') else {
        return block.parse() == Ok(address);
    };
    let (Ok(base), Ok(length)) = (base.parse::<IpAddr>(), length.parse::<u32>()) else {
        return false;
    };
    let (address, base, width) = match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => (
            u128::from(address.to_bits()),
            u128::from(base.to_bits()),
            32,
        ),
        (IpAddr::V6(address), IpAddr::V6(base)) => (address.to_bits(), base.to_bits(), 128),
        _ => return false,
    };
    if length > width {
        return false;
    }
    let shift = width - length;
    address.checked_shr(shift).unwrap_or(0) == base.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(target: &str, variables: &[(&str, &str)]) -> Result<Option<Proxy>, String> {
        Proxy::find(target, None, |name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_count_in_their_order() {
        let all = [
            ("http_proxy", "http://h:1"),
            ("https_proxy", "http://s:2"),
            ("grpc_proxy", "http://g:3"),
        ];
        for (variables, host) in [(&all[..], "g"), (&all[..2], "s"), (&all[..1], "h")] {
            let proxy = find("dns:///server:5", variables).unwrap().unwrap();
            assert!(
                matches!(&proxy.address, Target::Name { host: found, .. } if found == host),
                "{proxy:?}"
            );
            assert_eq!(proxy.destination, "server:5");
        }
        assert_eq!(find("server:5", &[]), Ok(None));
        assert_eq!(find("server:5", &[("HTTP_PROXY", "http://h:1")]), Ok(None));
        assert_eq!(find("unix:/s", &all), Ok(None));
        let proxy = Proxy::find("server", Some("http://o:9"), |_| {
            Some("http://h:1".to_owned())
        });
        let proxy = proxy.unwrap().unwrap();
        assert!(matches!(&proxy.address, Target::Name { host, port: 9 } if host == "o"));
        assert_eq!(proxy.destination, "server:443");
    }

    #[test]
    fn credentials_of_the_url_are_basic_ones() {
        let proxy = find("s:1", &[("http_proxy", "http://me:p%40ss@h:1/")]);
        assert_eq!(
            proxy.unwrap().unwrap().authorization.as_deref(),
            Some("Basic bWU6cEBzcw==")
        );
    }

    #[test]
    fn bad_urls_are_errors_without_the_credentials() {
        for url in ["https://u:secret@h:1", "u:secret@h:1", "http://u:secret@:1"] {
            let error = find("s:1", &[("http_proxy", url)]).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_proxy_of_addresses_serves_those_that_are_listed() {
        let proxy = AddressProxy::new("127.0.0.1:3128", "10.0.0.0/8, ::1").unwrap();
        for (address, reached) in [
            ("10.1.2.3:80", true),
            ("11.1.2.3:80", false),
            ("[::1]:80", true),
            ("[::2]:80", false),
        ] {
            let found = proxy.proxy_for(&Address::Socket(address.parse().unwrap()));
            let destination = found.map(|proxy| proxy.destination);
            assert_eq!(destination.as_deref(), reached.then_some(address));
        }
        assert_eq!(proxy.proxy_for(&Address::Unix("/s".into())), None);
        for wrong in ["proxy:3128", "127.0.0.1", ""] {
            assert!(AddressProxy::new(wrong, "").is_err(), "{wrong}");
        }
    }

    #[test]
    fn exceptions_are_names_addresses_and_blocks() {
        for (target, list, direct) in [
            ("a.example.org:1", "example.org", true),
            ("a.Example.org:1", " x , EXAMPLE.org", true),
            ("a.example.com:1", "example.org", false),
            ("example.org:1", "example.org", true),
            ("example.org:1", ".example.org", true),
            ("a.b.example.org:1", ".example.org", true),
            ("badexample.org:1", "example.org", false),
            ("badexample.org:1", ".example.org", false),
            ("localhost:1", "host", false),
            ("localhost:1", "t", false),
            ("localhost:1", ".", false),
            ("org:1", "example.org", false),
            ("10.1.2.3:1", "10.0.0.0/8", true),
            ("11.1.2.3:1", "10.0.0.0/8", false),
            ("10.1.2.3:1", "10.1.2.3", true),
            ("[::1]:1", "::1", true),
            ("[fd00::1]:1", "fd00::/8", true),
            ("127.0.0.1:1", "localhost", false),
            ("1.2.3.4:1", "0.0.0.0/0", true),
            ("1.2.3.4:1", "0.0.0.0/33", false),
            ("s:1", "", false),
        ] {
            let variables = [("http_proxy", "http://h:1"), ("no_proxy", list)];
            let found = find(target, &variables).unwrap();
            assert_eq!(found.is_none(), direct, "{target} {list}");
        }
        let variables = [
            ("http_proxy", "http://h:1"),
            ("no_proxy", "s"),
            ("no_grpc_proxy", "other"),
        ];
        assert!(find("s:1", &variables).unwrap().is_some());
    }
}
