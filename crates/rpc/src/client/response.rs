//! Header lists as gRPC responses (PROTOCOL-HTTP2, "Responses").

use russet_http2::HeaderList;

use crate::wire::{self, BadBase64, MetadataReader};
use crate::{Code, Encoding, EncodingSet, Metadata, Status, mapping};

/// What repeats between the responses of a connection.
#[derive(Debug, Default)]
pub(super) struct ResponseReader {
    initial: MetadataReader,
    trailing: MetadataReader,
}

/// A response's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) metadata: Metadata,
    pub(super) encoding: Encoding,
}

/// Fields that are not metadata.
fn is_protocol(name: &[u8]) -> bool {
    matches!(
        name,
        b"content-type"
            | b"grpc-encoding"
            | b"grpc-accept-encoding"
            | b"grpc-status"
            | b"grpc-message"
            | b"content-length"
            | b"te"
    )
}

impl ResponseReader {
    /// Reads the response headers; where they cannot begin a gRPC response, the status with which the call ends.
    pub(super) fn read_head(
        &mut self,
        headers: &HeaderList,
        accepted: EncodingSet,
    ) -> Result<Head, Status> {
        check_http(headers)?;
        let mut encoding = Encoding::Identity;
        for (name, value) in headers.fields() {
            if name == b"grpc-encoding" {
                encoding = Encoding::from_name(value.bytes).ok_or_else(|| {
                    let name = String::from_utf8_lossy(value.bytes);
                    Status::new(
                        Code::Internal,
                        format!("CLIENT: grpc-encoding {name:?} of the server is not supported"),
                    )
                })?;
                if !accepted.contains(encoding) {
                    return Err(wire::encoding_disabled(encoding));
                }
            }
        }
        let metadata = self
            .initial
            .read(headers, is_protocol)
            .map_err(bad_base64)?;
        Ok(Head { metadata, encoding })
    }

    /// Reads trailers, or the headers of a response that is only a status (Trailers-Only).
    pub(super) fn read_trailers(
        &mut self,
        headers: &HeaderList,
        after_headers: bool,
    ) -> (Status, Metadata) {
        if headers.is_too_large() {
            return (too_large(headers), Metadata::EMPTY);
        }
        let Some(status) = wire::read_status(headers) else {
            let status = match check_http(headers) {
                Err(status) if !after_headers => status,
                _ => Status::new(
                    Code::Unknown,
                    "the server ended the call without a grpc-status",
                ),
            };
            return (status, Metadata::EMPTY);
        };
        match self.trailing.read(headers, is_protocol) {
            Ok(metadata) => (status, metadata),
            Err(error) => (bad_base64(error), Metadata::EMPTY),
        }
    }
}

/// Whether the headers are those of a gRPC response; if not, the status that says what they are.
fn check_http(headers: &HeaderList) -> Result<(), Status> {
    if headers.is_too_large() {
        return Err(too_large(headers));
    }
    let http_status = headers.status().unwrap_or(0);
    if http_status != 200 {
        let code = mapping::code_of_http_status(http_status);
        return Err(Status::new(
            code,
            format!("Received http2 header with status: {http_status}"),
        ));
    }
    let content_type = headers
        .fields()
        .find(|(name, _)| *name == b"content-type")
        .map(|(_, value)| value.bytes);
    match content_type {
        Some(content_type) if wire::is_grpc(content_type) => Ok(()),
        other => {
            let name = String::from_utf8_lossy(other.unwrap_or_default()).into_owned();
            Err(Status::new(
                Code::Unknown,
                format!("the server answered with content-type {name:?}, not gRPC"),
            ))
        }
    }
}

fn too_large(headers: &HeaderList) -> Status {
    Status::new(
        Code::ResourceExhausted,
        format!(
            "CLIENT: received metadata size exceeds limit ({} bytes)",
            headers.size()
        ),
    )
}

fn bad_base64(BadBase64(key): BadBase64) -> Status {
    Status::new(
        Code::Internal,
        format!("CLIENT: metadata {key:?} is not valid base64"),
    )
}
