//! Non-blocking stream sockets, TCP and Unix, and the listeners that accept them.
//!
//! Reading and writing only; what the bytes mean is the engine's affair.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use socket2::{Domain, Protocol, SockRef, Type};

use crate::address::{Address, ListenAddress};

/// How many connections may wait to be accepted. The system lowers it to its own maximum.
const LISTEN_BACKLOG: i32 = 4096;

/// The largest differentiated-services code point.
const MAX_DSCP: u8 = 63;

/// A connected, or connecting, stream.
pub(crate) type Socket = Box<dyn Stream>;

/// What a transport and its owner ask of a stream. The system's streams and those of a simulated network have it.
pub(crate) trait Stream: Read + Write + Source + Debug + Send {
    /// The error of a failed connection attempt.
    fn take_error(&self) -> io::Result<Option<io::Error>>;
    /// Whether the connection attempt has succeeded. Call after the socket became writable.
    fn is_connected(&self) -> io::Result<bool>;
    /// The peer's IP address; `None` for a Unix-domain socket.
    fn peer_ip(&self) -> io::Result<Option<IpAddr>>;
    /// This side's address, written as [`Stream::peer`] writes the other one.
    fn local(&self) -> String;
    /// The peer, as `ServicerContext.peer()` writes it: `ipv4:1.2.3.4:5`, `ipv6:[::1]:5`, `unix:`.
    fn peer(&self) -> String;
}

/// Starts a connection; it is there once the socket is writable and [`Stream::take_error`] is `None`. `dscp` marks what is sent.
pub(crate) fn connect(address: &Address, dscp: Option<u8>) -> io::Result<Socket> {
    Ok(match address {
        Address::Socket(address) => {
            let stream = TcpStream::connect(*address)?;
            // Calls are small and answered at once; waiting to fill a segment only adds latency.
            stream.set_nodelay(true)?;
            if let Some(dscp) = dscp {
                mark(&SockRef::from(&stream), address.is_ipv6(), dscp)?;
            }
            Box::new(stream)
        }
        Address::Unix(path) => Box::new(UnixStream::connect(path)?),
        Address::UnixAbstract(name) => Box::new(UnixStream::connect_addr(&abstract_name(name)?)?),
    })
}

/// Has the socket send its packets with a differentiated-services code point, in the upper six bits of the octet (RFC 2474 section 3).
fn mark(socket: &SockRef<'_>, v6: bool, dscp: u8) -> io::Result<()> {
    let octet = u32::from(dscp.min(MAX_DSCP)) << 2;
    if v6 {
        socket.set_tclass_v6(octet)?;
    }
    // An IPv6 socket may have an IPv4 peer; where it cannot, the system refuses.
    match socket.set_tos_v4(octet) {
        Err(error) if !v6 => Err(error),
        _ => Ok(()),
    }
}

/// What the address of a peer says of the attempt to connect.
fn has_peer<A>(peer: io::Result<A>) -> io::Result<bool> {
    match peer {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

impl Stream for TcpStream {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }

    fn is_connected(&self) -> io::Result<bool> {
        has_peer(self.peer_addr())
    }

    fn peer_ip(&self) -> io::Result<Option<IpAddr>> {
        self.peer_addr().map(|address| Some(address.ip()))
    }

    fn local(&self) -> String {
        self.local_addr()
            .map_or_else(|_| String::new(), |address| socket_name(&address))
    }

    fn peer(&self) -> String {
        self.peer_addr()
            .map_or_else(|_| String::new(), |address| socket_name(&address))
    }
}

impl Stream for UnixStream {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }

    fn is_connected(&self) -> io::Result<bool> {
        has_peer(self.peer_addr())
    }

    fn peer_ip(&self) -> io::Result<Option<IpAddr>> {
        Ok(None)
    }

    fn local(&self) -> String {
        let address = self.local_addr().ok();
        unix_name(address.and_then(|address| address.as_pathname().map(Path::to_path_buf)))
    }

    fn peer(&self) -> String {
        let address = self.peer_addr().ok();
        unix_name(address.and_then(|address| address.as_pathname().map(Path::to_path_buf)))
    }
}

/// `ipv4:1.2.3.4:5` or `ipv6:[::1]:5`; an IPv4 address mapped into IPv6 is written as IPv4, colons percent-encoded as gRPC does in a URI.
fn socket_name(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => format!("ipv4:{v4}"),
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => format!("ipv4:{v4}:{}", v6.port()),
            None => format!("ipv6:%5B{}%5D:{}", v6.ip(), v6.port()),
        },
    }
}

fn unix_name(path: Option<PathBuf>) -> String {
    format!("unix:{}", path.unwrap_or_default().display())
}

/// The address of a Unix-domain socket without a file.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_name(name: &str) -> io::Result<std::os::unix::net::SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    std::os::unix::net::SocketAddr::from_abstract_name(name)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn abstract_name(_name: &str) -> io::Result<std::os::unix::net::SocketAddr> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "unix-abstract: addresses exist on Linux only",
    ))
}

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    /// The path, if it has one, is removed when the listener is dropped.
    Unix(UnixListener, Option<PathBuf>),
}

impl Listener {
    /// Binds `address`, every socket of it, and returns them with the port (0 for a Unix socket).
    pub(crate) fn bind(
        address: &ListenAddress,
        reuse_port: bool,
        dscp: Option<u8>,
    ) -> io::Result<(Vec<Self>, u16)> {
        let bind_all = |addresses: &[SocketAddr]| Self::bind_all(addresses, reuse_port, dscp);
        match address {
            ListenAddress::Unix(path) => {
                let listener = UnixListener::bind(path)?;
                Ok((vec![Self::Unix(listener, Some(path.clone()))], 0))
            }
            ListenAddress::UnixAbstract(name) => {
                let listener = UnixListener::bind_addr(&abstract_name(name)?)?;
                Ok((vec![Self::Unix(listener, None)], 0))
            }
            ListenAddress::Socket(socket) => bind_all(&[*socket]),
            ListenAddress::Any { port } => {
                let v6 = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, *port));
                // A system without IPv6 refuses the dual-stack socket; IPv4 alone is then every interface.
                bind_all(&[v6]).or_else(|error| {
                    if error.kind() == io::ErrorKind::AddrInUse {
                        return Err(error);
                    }
                    let v4 = SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, *port));
                    bind_all(&[v4])
                })
            }
            ListenAddress::Name { host, port } => {
                let addresses: Vec<SocketAddr> =
                    std::net::ToSocketAddrs::to_socket_addrs(&(host.as_str(), *port))?.collect();
                bind_all(&addresses)
            }
        }
    }

    /// Binds each address; where the port is 0, all get the port that the first was given. It is enough that one can be bound.
    fn bind_all(
        addresses: &[SocketAddr],
        reuse_port: bool,
        dscp: Option<u8>,
    ) -> io::Result<(Vec<Self>, u16)> {
        let mut listeners = Vec::new();
        let mut port = addresses.first().map_or(0, SocketAddr::port);
        let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            let mut address = *address;
            address.set_port(port);
            match bind_one(address, reuse_port, dscp) {
                Ok(listener) => {
                    port = listener.local_addr()?.port();
                    listeners.push(Self::Tcp(listener));
                }
                Err(error) => last_error = error,
            }
        }
        if listeners.is_empty() {
            return Err(last_error);
        }
        Ok((listeners, port))
    }

    /// The next waiting connection.
    pub(crate) fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                // An error here means the peer is gone already; the first read will say so.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                Ok(Box::new(stream))
            }
        }
    }

    /// Its address, written as [`Stream::peer`] writes them.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|_| String::new(), |address| socket_name(&address)),
            Self::Unix(_, path) => unix_name(path.clone()),
        }
    }

    /// Closes this process's copy alone, in the child of a fork: the name of a Unix socket stays.
    pub(crate) fn leave_to_parent(mut self) {
        if let Self::Unix(_, path) = &mut self {
            *path = None;
        }
    }

    /// The source to register with a poll.
    pub(crate) fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(listener) => listener,
            Self::Unix(listener, _) => listener,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, Some(path)) = self {
            // The name may be gone or taken over; either is no concern of a server that stops.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn bind_one(address: SocketAddr, reuse_port: bool, dscp: Option<u8>) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // The wildcard serves both families; a literal IPv6 address has no IPv4 side anyway.
        socket.set_only_v6(false)?;
    }
    #[cfg(not(any(target_os = "solaris", target_os = "illumos")))]
    if reuse_port {
        socket.set_reuse_port(true)?;
    }
    if let Some(dscp) = dscp {
        // What is accepted inherits it.
        mark(&SockRef::from(&socket), address.is_ipv6(), dscp)?;
    }
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::os::fd::AsFd;

    use super::*;

    fn octet(socket: &impl AsFd) -> u32 {
        SockRef::from(socket).tos_v4().unwrap()
    }

    #[test]
    fn both_ends_are_marked() {
        let any = ListenAddress::Socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let (listeners, port) = Listener::bind(&any, false, Some(46)).unwrap();
        let [Listener::Tcp(listener)] = &listeners[..] else {
            panic!("{listeners:?}");
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let connected = std::net::TcpStream::connect(address).unwrap();
        let accepted = loop {
            match listener.accept() {
                Ok((accepted, _)) => break accepted,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        };
        assert_eq!(octet(&accepted), 46 << 2);
        mark(&SockRef::from(&connected), false, 200).unwrap();
        assert_eq!(octet(&connected), 63 << 2);
    }
}
