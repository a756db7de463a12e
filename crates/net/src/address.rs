//! What a target or a listening address names: host names, literal addresses, Unix sockets.
//!
//! The grammar is that of gRPC's naming document: `dns:[//authority/]host[:port]`, `ipv4:a.b.c.d[:port][,...]`, `ipv6:[addr][:port][,...]`, `unix:path`, `unix:///absolute/path`, `unix-abstract:name`, and a bare `host:port`, which means `dns:`. Nothing is looked up here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

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
    /// An `ipv4:` or `ipv6:` target holds something else.
    #[error("{0:?} is not a literal IP address")]
    NotLiteral(String),
    /// A resolver scheme that is not built in.
    #[error(
        "the target {0:?} uses a resolver that is not built in; use dns:, ipv4:, ipv6:, unix: or unix-abstract:"
    )]
    UnknownScheme(String),
}

impl Target {
    /// Reads a target as `insecure_channel` takes it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if let Some(name) = text.strip_prefix("unix-abstract:") {
            // `unix-abstract://authority/name` has no use for an authority.
            let name = name.strip_prefix("//").map_or(name, |rest| {
                rest.split_once('/').map_or(rest, |(_, name)| name)
            });
            return Ok(Self::UnixAbstract(name.to_owned()));
        }
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        if let Some(list) = text.strip_prefix("ipv4:") {
            return literal_list(list, IpAddr::is_ipv4);
        }
        if let Some(list) = text.strip_prefix("ipv6:") {
            return literal_list(list, IpAddr::is_ipv6);
        }
        let name = match text.strip_prefix("dns:") {
            // `dns://authority/name`: the authority names a DNS server; the system's resolver is used, as getaddrinfo knows no other.
            Some(rest) => match rest.strip_prefix("//") {
                Some(with_authority) => with_authority
                    .split_once('/')
                    .map_or(with_authority, |(_, name)| name),
                None => rest,
            },
            None if text.contains("://") => {
                return Err(AddressError::UnknownScheme(text.to_owned()));
            }
            None => text,
        };
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

    /// The `:authority` of calls to this target, where no option overrides it: the target's path part, percent-encoding left as it stands.
    pub fn default_authority(text: &str) -> String {
        if text.starts_with("unix:") || text.starts_with("unix-abstract:") {
            return "localhost".to_owned();
        }
        let name = ["dns:", "ipv4:", "ipv6:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text);
        let name = match name.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or(rest, |(_, name)| name),
            None => name,
        };
        name.split(',').next().unwrap_or(name).to_owned()
    }
}

fn literal_list(list: &str, family: fn(&IpAddr) -> bool) -> Result<Target, AddressError> {
    let list = list.trim_start_matches('/');
    let mut sockets = Vec::new();
    for item in list.split(',') {
        let (host, port) = split_host_port(item)?;
        match host.parse::<IpAddr>() {
            Ok(ip) if family(&ip) => {
                sockets.push(SocketAddr::new(ip, port.unwrap_or(DEFAULT_PORT)));
            }
            _ => return Err(AddressError::NotLiteral(item.to_owned())),
        }
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
        ] {
            assert_eq!(Target::parse(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            ":1",
            "host:port",
            "host:70000",
            "[::1",
            "ipv4:name:1",
            "xds:///a",
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
