//! What a target or a listening address names: host names, literal addresses, Unix sockets.
//!
//! The grammar is that of gRPC's naming document: `dns:[//authority/]host[:port]`, `ipv4:a.b.c.d[:port][,...]`, `ipv6:[addr][:port][,...]`, `unix:path`, `unix:///absolute/path`, `unix-abstract:name`, and a bare `host:port`, which means `dns:`. Schemes may be written in capitals, and what follows one may be percent-encoded. Nothing is looked up here.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use russet_rpc::percent_decode;
use thiserror::Error;

/// The port of a target that names none, as gRPC's naming document has it.
pub const DEFAULT_PORT: u16 = 443;

/// Where a channel connects to, before any name is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A host name for the system's resolver.
    Name {
        /// The host, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// Literal addresses, tried in order.
    Sockets(Vec<SocketAddr>),
    /// A Unix-domain socket.
    Unix(PathBuf),
    /// A Unix-domain socket with a name of its own instead of a file, which only Linux has.
    UnixAbstract(String),
    /// Nothing that could be connected to, for this reason; made by whoever wants calls to fail with it.
    Unusable(String),
}

/// One address that a socket connects to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    Socket(SocketAddr),
    Unix(PathBuf),
    UnixAbstract(String),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(SocketAddr::V4(address)) => write!(f, "ipv4:{address}"),
            Self::Socket(SocketAddr::V6(address)) => write!(f, "ipv6:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::UnixAbstract(name) => write!(f, "unix-abstract:{name}"),
        }
    }
}

/// Addresses with the two families in turn, beginning with the first one's (RFC 8305, section 4): where one family does not work, the second attempt is of the other.
pub(crate) fn interleave(addresses: Vec<Address>) -> Vec<Address> {
    let is_v6 = |address: &Address| matches!(address, Address::Socket(socket) if socket.is_ipv6());
    let first_family = addresses.first().is_some_and(is_v6);
    let count = addresses.len();
    let (one, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| is_v6(address) == first_family);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut mixed = Vec::with_capacity(count);
    while mixed.len() < count {
        mixed.extend(one.next());
        mixed.extend(other.next());
    }
    mixed
}

/// Why a text is not a target.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing stands where the host should.
    #[error("the address {0:?} names no host")]
    NoHost(String),
    /// The port is not a number within 0 to 65535.
    #[error("the port of {0:?} is not a number from 0 to 65535")]
    BadPort(String),
    /// The scheme's own rules do not allow it: no name at all, an `ipv4:` or `ipv6:` target with something else than literal addresses, a host before the path of a socket.
    #[error("the target uri is not valid: {0}")]
    Invalid(String),
    /// A list of addresses, or a path, without anything in it.
    #[error("empty address list: {0:?} names no address")]
    Empty(String),
    /// xDS is not built in.
    #[error(
        "the target {0:?} is for an xDS control plane, which is not built in; use dns:, ipv4:, ipv6:, unix: or unix-abstract:"
    )]
    NoXds(String),
}

/// The schemes of targets that are read here. Others are no schemes: as in gRPC, the whole text is a name then.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Dns,
    Ipv4,
    Ipv6,
    Unix,
    UnixAbstract,
    /// Google's own resolver, which falls back to DNS outside Google's cloud.
    Google,
    Xds,
}

const SCHEMES: [(&str, Scheme); 8] = [
    ("dns", Scheme::Dns),
    ("ipv4", Scheme::Ipv4),
    ("ipv6", Scheme::Ipv6),
    ("unix", Scheme::Unix),
    ("unix-abstract", Scheme::UnixAbstract),
    ("google-c2p", Scheme::Google),
    ("google-c2p-experimental", Scheme::Google),
    ("xds", Scheme::Xds),
];

/// A target taken apart as a URI (RFC 3986, section 3).
struct Uri<'a> {
    scheme: Scheme,
    authority: Option<&'a str>,
    /// Decoded, and with its first slash where an authority came before.
    path: String,
}

/// The scheme of a target and what follows it, if it is one that is known.
fn split_scheme(text: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut known = SCHEMES.iter();
    let (_, scheme) = known.find(|(name, _)| scheme.eq_ignore_ascii_case(name))?;
    Some((*scheme, rest))
}

/// A target with its scheme, by which gRPC's libraries show it: without one it is a name for DNS.
pub fn with_scheme(target: &str) -> String {
    match split_scheme(target) {
        Some(_) => target.to_owned(),
        None => format!("dns:///{target}"),
    }
}

impl<'a> Uri<'a> {
    fn parse(text: &'a str) -> Self {
        // As in gRPC: a name may come from a file, with the end of its line.
        let text = text.trim_end();
        let Some((scheme, rest)) = split_scheme(text) else {
            return Self {
                scheme: Scheme::Dns,
                authority: None,
                path: text.to_owned(),
            };
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self {
            scheme,
            authority,
            path: percent_decode(path.as_bytes()),
        }
    }

    /// What a resolver of names or addresses is given.
    fn name(&self) -> &str {
        self.path.strip_prefix('/').unwrap_or(&self.path)
    }
}

/// Whether a target is a Unix-domain socket.
pub fn is_unix(target: &str) -> bool {
    matches!(
        Uri::parse(target).scheme,
        Scheme::Unix | Scheme::UnixAbstract
    )
}

impl Target {
    /// Reads a target as `insecure_channel` takes it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let uri = Uri::parse(text);
        match uri.scheme {
            Scheme::Unix => {
                if uri.authority.is_some_and(|authority| !authority.is_empty()) {
                    return Err(AddressError::Invalid(text.to_owned()));
                }
                if uri.path.is_empty() {
                    return Err(AddressError::Empty(text.to_owned()));
                }
                return Ok(Self::Unix(PathBuf::from(uri.path)));
            }
            Scheme::UnixAbstract => {
                // An authority has no use here.
                let name = match uri.authority {
                    Some(authority) if uri.path.is_empty() => authority,
                    Some(_) => uri.name(),
                    None => &uri.path,
                };
                if name.is_empty() {
                    return Err(AddressError::Empty(text.to_owned()));
                }
                return Ok(Self::UnixAbstract(name.to_owned()));
            }
            Scheme::Ipv4 => return literal_list(text, &uri, IpAddr::is_ipv4),
            Scheme::Ipv6 => return literal_list(text, &uri, IpAddr::is_ipv6),
            Scheme::Xds => return Err(AddressError::NoXds(text.to_owned())),
            Scheme::Dns | Scheme::Google => {}
        }
        // `dns://authority/name`: the authority names a DNS server; the system's resolver is used, as getaddrinfo knows no other. One without a name after it is taken for the name.
        let name = match uri.authority {
            Some(authority) if uri.path.is_empty() => authority,
            _ => uri.name(),
        };
        if name.is_empty() {
            let uri = if text.is_empty() { "dns:///" } else { text };
            return Err(AddressError::Invalid(uri.to_owned()));
        }
        let (host, port) = split_host_port(name)?;
        let port = port.unwrap_or(DEFAULT_PORT);
        Ok(match host.parse::<IpAddr>() {
            Ok(ip) => Self::Sockets(vec![SocketAddr::new(ip, port)]),
            Err(_) => Self::Name {
                host: host.to_owned(),
                port,
            },
        })
    }

    /// The `:authority` of calls to this target, where no option overrides it: the target's path part. What an authority cannot have in it is percent-encoded.
    pub fn default_authority(text: &str) -> String {
        let uri = Uri::parse(text);
        if matches!(uri.scheme, Scheme::Unix | Scheme::UnixAbstract) {
            return "localhost".to_owned();
        }
        let name = match uri.authority {
            Some(authority) if uri.path.is_empty() => authority,
            _ => uri.name(),
        };
        let name = match uri.scheme {
            Scheme::Ipv4 | Scheme::Ipv6 => name.split(',').next().unwrap_or(name),
            _ => name,
        };
        let mut authority = String::with_capacity(name.len());
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]@%/".contains(&byte) {
                authority.push(char::from(byte));
            } else {
                let _ = write!(authority, "%{byte:02X}");
            }
        }
        authority
    }
}

fn literal_list(
    text: &str,
    uri: &Uri<'_>,
    family: fn(&IpAddr) -> bool,
) -> Result<Target, AddressError> {
    let list = match uri.authority {
        Some(authority) if uri.path.is_empty() => authority,
        _ => uri.name(),
    };
    if list.is_empty() {
        return Err(AddressError::Empty(text.to_owned()));
    }
    let mut sockets = Vec::new();
    for item in list.split(',') {
        let invalid = || AddressError::Invalid(text.to_owned());
        let (host, port) = split_host_port(item).map_err(|_| invalid())?;
        let ip = host.parse::<IpAddr>().ok().filter(family);
        let ip = ip.ok_or_else(invalid)?;
        sockets.push(SocketAddr::new(ip, port.unwrap_or(DEFAULT_PORT)));
    }
    Ok(Target::Sockets(sockets))
}

/// The host of `host:port`, without brackets: the name that a server's certificate must have. A text without a port is all host.
pub fn host(authority: &str) -> &str {
    split_host_port(authority).map_or(authority, |(host, _)| host)
}

/// Splits `host:port`, `[v6]:port`, `host`, or a bare IPv6 address.
fn split_host_port(text: &str) -> Result<(&str, Option<u16>), AddressError> {
    let port_of = |port: &str| {
        port.parse::<u16>()
            .map(Some)
            .map_err(|_| AddressError::BadPort(text.to_owned()))
    };
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest
            .split_once(']')
            .ok_or_else(|| AddressError::NoHost(text.to_owned()))?;
        match after.strip_prefix(':') {
            Some(port) => (host, port_of(port)?),
            None if after.is_empty() => (host, None),
            None => return Err(AddressError::BadPort(text.to_owned())),
        }
    } else {
        match text.rsplit_once(':') {
            // More than one colon without brackets is an IPv6 address without a port.
            Some((host, _)) if host.contains(':') => (text, None),
            Some((host, port)) => (host, port_of(port)?),
            None => (text, None),
        }
    };
    if host.is_empty() {
        return Err(AddressError::NoHost(text.to_owned()));
    }
    Ok((host, port))
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// Every interface, both families where the system has IPv6.
    Any {
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// One literal address.
    Socket(SocketAddr),
    /// A host name: each of its addresses is bound.
    Name {
        /// The host.
        host: String,
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// A Unix-domain socket.
    Unix(PathBuf),
    /// A Unix-domain socket with a name of its own instead of a file, which only Linux has.
    UnixAbstract(String),
}

impl ListenAddress {
    /// Reads an address as `add_insecure_port` takes it. A wildcard of either family means both, as in gRPC.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Ok(match Target::parse(text)? {
            Target::Unix(path) => Self::Unix(path),
            Target::UnixAbstract(name) => Self::UnixAbstract(name),
            Target::Name { host, port } => Self::Name { host, port },
            Target::Unusable(_) => return Err(AddressError::NoHost(text.to_owned())),
            Target::Sockets(sockets) => match sockets.first() {
                Some(socket)
                    if socket.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
                        || socket.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) =>
                {
                    Self::Any {
                        port: socket.port(),
                    }
                }
                Some(socket) => Self::Socket(*socket),
                None => return Err(AddressError::NoHost(text.to_owned())),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_the_naming_document_says() {
        let socket = |text: &str| Target::Sockets(vec![text.parse().unwrap()]);
        let name = |host: &str, port| Target::Name {
            host: host.to_owned(),
            port,
        };
        for (text, expected) in [
            ("localhost:50051", name("localhost", 50051)),
            ("dns:localhost:1", name("localhost", 1)),
            ("dns:///example.org:1", name("example.org", 1)),
            ("dns://8.8.8.8/example.org", name("example.org", 443)),
            ("127.0.0.1:5", socket("127.0.0.1:5")),
            ("[::1]:5", socket("[::1]:5")),
            ("::1", socket("[::1]:443")),
            ("ipv4:127.0.0.1:7", socket("127.0.0.1:7")),
            ("ipv6:[::1]:7", socket("[::1]:7")),
            ("unix:rel/s", Target::Unix("rel/s".into())),
            ("unix:///tmp/s", Target::Unix("/tmp/s".into())),
            (
                "unix-abstract:name",
                Target::UnixAbstract("name".to_owned()),
            ),
            // Schemes in capitals, padding, encoded characters.
            ("DNS:///localhost:1", name("localhost", 1)),
            ("Ipv4:127.0.0.1:7", socket("127.0.0.1:7")),
            ("UNIX:/tmp/s", Target::Unix("/tmp/s".into())),
            ("localhost:1\n", name("localhost", 1)),
            ("127.0.0.1:7 \t", socket("127.0.0.1:7")),
            ("dns:///local%68ost:1", name("localhost", 1)),
            ("ipv4:127.0.0.1%3A7", socket("127.0.0.1:7")),
            ("ipv6:%5B::1%5D:7", socket("[::1]:7")),
            ("ipv6:///%5b::1%5d:7", socket("[::1]:7")),
            ("unix:/tmp/a%20b", Target::Unix("/tmp/a b".into())),
            ("unix:/tmp/100%", Target::Unix("/tmp/100%".into())),
            (
                "unix-abstract:a%2Fb",
                Target::UnixAbstract("a/b".to_owned()),
            ),
            // A bare name is no URI.
            ("local%68ost:1", name("local%68ost", 1)),
            // Google's own resolver is for Google's own machines.
            ("google-c2p:///example.org", name("example.org", 443)),
            ("google-c2p:example.org:1", name("example.org", 1)),
            // What is no scheme of ours is a name, which leads nowhere.
            ("a:b:1", name("a:b:1", 443)),
        ] {
            assert_eq!(Target::parse(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            ":1",
            ":",
            "host:port",
            "host:70000",
            "[::1",
            "ipv4:",
            "ipv4:name:1",
            "ipv6:127.0.0.1:1",
            "dns:",
            "dns:///",
            "unix:",
            "unix://host/path",
            "unix-abstract:",
            "xds:///a",
            "https://host",
            "http://localhost/",
            "nosuch:///x",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_families_take_turns() {
        let sockets = |texts: &[&str]| -> Vec<Address> {
            texts
                .iter()
                .map(|text| Address::Socket(text.parse().unwrap()))
                .collect()
        };
        for (given, mixed) in [
            (&[][..], &[][..]),
            (&["1.1.1.1:1", "2.2.2.2:1"], &["1.1.1.1:1", "2.2.2.2:1"]),
            (
                &["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"],
                &["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"],
            ),
            (
                &["1.1.1.1:1", "[::1]:1", "[::2]:1"],
                &["1.1.1.1:1", "[::1]:1", "[::2]:1"],
            ),
        ] {
            assert_eq!(interleave(sockets(given)), sockets(mixed));
        }
    }

    #[test]
    fn the_authority_is_the_path_part() {
        for (text, authority) in [
            ("localhost:1", "localhost:1"),
            ("dns:///h:2", "h:2"),
            ("ipv4:1.2.3.4:5,1.2.3.5:5", "1.2.3.4:5"),
            ("unix:/tmp/s", "localhost"),
            ("DNS:///local%68ost:1", "localhost:1"),
            ("ipv6:%5B::1%5D:7", "[::1]:7"),
            ("localhost:1\n", "localhost:1"),
            ("google-c2p:///h:2", "h:2"),
            ("a b\u{e9}:1", "a%20b%C3%A9:1"),
        ] {
            assert_eq!(Target::default_authority(text), authority, "{text}");
        }
    }

    #[test]
    fn wildcards_of_both_families_mean_every_interface() {
        for text in ["[::]:5", "0.0.0.0:5"] {
            assert_eq!(
                ListenAddress::parse(text),
                Ok(ListenAddress::Any { port: 5 })
            );
        }
    }
}
