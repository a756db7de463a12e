//! The opening words of a connection through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), and its answer.

use crate::proxy::Proxy;

/// The longest answer of a proxy, its headers included: 16 KiB.
const MAX_ANSWER: usize = 16 << 10;

/// A tunnel that is being opened, without I/O.
#[derive(Debug)]
pub(crate) struct Tunnel {
    request: Vec<u8>,
    written: usize,
    answer: Vec<u8>,
}

impl Tunnel {
    pub(crate) fn new(proxy: &Proxy) -> Self {
        let destination = &proxy.destination;
        let mut request =
            format!("CONNECT {destination} HTTP/1.1\r\nHost: {destination}\r\n").into_bytes();
        if let Some(authorization) = &proxy.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        Self {
            request,
            written: 0,
            answer: Vec::new(),
        }
    }

    /// Bytes to write to the proxy.
    pub(crate) fn output(&self) -> &[u8] {
        self.request.get(self.written..).unwrap_or_default()
    }

    pub(crate) const fn output_written(&mut self, count: usize) {
        self.written += count;
    }

    /// Takes in what the proxy sent; `true` once the tunnel is open, and then the bytes behind the answer are left. The error is the proxy's refusal.
    pub(crate) fn receive(&mut self, bytes: &mut &[u8]) -> Result<bool, String> {
        while let Some((byte, rest)) = bytes.split_first() {
            self.answer.push(*byte);
            *bytes = rest;
            if self.answer.ends_with(b"\r\n\r\n") {
                return self.read_answer().map(|()| true);
            }
            if self.answer.len() >= MAX_ANSWER {
                return Err(format!(
                    "the proxy's answer is longer than {MAX_ANSWER} bytes"
                ));
            }
        }
        Ok(false)
    }

    fn read_answer(&self) -> Result<(), String> {
        let line = self
            .answer
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let mut words = line.splitn(3, ' ');
        let version = words.next().unwrap_or_default();
        let code = words.next().and_then(|code| code.parse::<u16>().ok());
        match code {
            Some(200..=299) if version.starts_with("HTTP/1.") => Ok(()),
            Some(code) if version.starts_with("HTTP/1.") => Err(format!(
                "the proxy refused the connection with HTTP status {code} {}",
                words.next().unwrap_or_default()
            )),
            _ => Err(format!("the proxy's answer is not HTTP/1: {line:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Target;

    fn tunnel(authorization: Option<&str>) -> Tunnel {
        Tunnel::new(&Proxy {
            address: Target::parse("proxy:3128").unwrap(),
            destination: "server:50051".to_owned(),
            authorization: authorization.map(str::to_owned),
        })
    }

    #[test]
    fn the_request_names_the_server_and_the_credentials() {
        assert_eq!(
            tunnel(None).output(),
            b"CONNECT server:50051 HTTP/1.1\r\nHost: server:50051\r\n\r\n"
        );
        let mut tunnel = tunnel(Some("Basic eA=="));
        tunnel.output_written("CONNECT server:50051 HTTP/1.1\r\nHost: server:50051\r\n".len());
        assert_eq!(tunnel.output(), b"Proxy-Authorization: Basic eA==\r\n\r\n");
    }

    #[test]
    fn the_answer_may_come_in_pieces_and_what_follows_it_is_the_servers() {
        let wire = b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\nserver";
        for piece in 1..wire.len() {
            let mut tunnel = tunnel(None);
            let (mut open, mut rest) = (false, Vec::new());
            for bytes in wire.chunks(piece) {
                let mut bytes = bytes;
                if !open {
                    open = tunnel.receive(&mut bytes).unwrap();
                }
                rest.extend_from_slice(bytes);
            }
            assert!(open);
            assert_eq!(rest, b"server", "{piece}");
        }
    }

    #[test]
    fn refusals_are_told() {
        for (wire, part) in [
            (
                &b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..],
                "407 Proxy Auth",
            ),
            (b"HTTP/1.0 503\r\n\r\n", "503"),
            (b"SSH-2.0-x\r\n\r\n", "not HTTP/1"),
            (b"\r\n\r\n", "not HTTP/1"),
            (&[b'x'; MAX_ANSWER], "longer than"),
        ] {
            let error = tunnel(None).receive(&mut &wire[..]).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
