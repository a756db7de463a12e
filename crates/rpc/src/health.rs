//! The client's half of `grpc.health.v1.Health/Watch`: what is asked and what the answers mean (gRFC A17).

use crate::protobuf::{Fields, Malformed, Value, put_bytes};

/// The method that a client watches.
pub const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// `ServingStatus.SERVING`.
const SERVING: u64 = 1;

/// The request that watches `service`; the empty name asks for the server as a whole.
pub fn watch_request(service: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_bytes(1, service.as_bytes(), &mut request);
    request
}

/// Whether an answer says that the service serves.
pub fn is_serving(response: &[u8]) -> Result<bool, Malformed> {
    let mut serving = false;
    for field in Fields::of(response) {
        if let (1, Value::Varint(status)) = field? {
            serving = status == SERVING;
        }
    }
    Ok(serving)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_serving_is_serving() {
        for (response, serving) in [
            (&[][..], Ok(false)),
            (&[8, 0], Ok(false)),
            (&[8, 1], Ok(true)),
            (&[8, 2], Ok(false)),
            (&[8, 3], Ok(false)),
            (&[8, 1, 8, 2], Ok(false)),
            (&[8], Err(Malformed)),
        ] {
            assert_eq!(is_serving(response), serving, "{response:?}");
        }
    }

    #[test]
    fn the_request_names_the_service() {
        assert_eq!(watch_request(""), b"");
        assert_eq!(watch_request("shop"), b"\x0a\x04shop");
    }
}
