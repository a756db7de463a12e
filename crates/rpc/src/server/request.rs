//! A header list as a gRPC request (PROTOCOL-HTTP2, "Requests").

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use russet_http2::HeaderList;

use crate::wire::{self, BadBase64, MetadataReader, StringCache};
use crate::{Code, Encoding, EncodingSet, Metadata, Status, timeout};

/// Bytes of a wrong content type that its refusal repeats.
const MAX_SHOWN: usize = 100;

/// What repeats between the requests of a connection.
#[derive(Debug, Default)]
pub(super) struct RequestReader {
    paths: StringCache,
    authorities: StringCache,
    metadata: MetadataReader,
}

/// A request's head.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) path: Arc<str>,
    pub(super) authority: Option<Arc<str>>,
    pub(super) deadline: Option<Instant>,
    pub(super) metadata: Metadata,
    pub(super) encoding: Encoding,
    pub(super) accepts: EncodingSet,
}

/// A request that gets an answer and no call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    /// The HTTP status: other than 200 where the request is not gRPC at all.
    pub(super) http_status: u16,
    pub(super) status: Status,
}

impl Rejection {
    pub(super) fn new(code: Code, message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self {
            http_status: 200,
            status: Status::new(code, message),
        }
    }
}

/// Fields that are not metadata.
fn is_protocol(name: &[u8]) -> bool {
    matches!(
        name,
        b"te"
            | b"content-type"
            | b"grpc-timeout"
            | b"grpc-encoding"
            | b"grpc-accept-encoding"
            | b"content-length"
    )
}

impl RequestReader {
    /// A reader whose metadata counts in `account`.
    pub(super) fn counting(account: Arc<AtomicUsize>) -> Self {
        Self {
            metadata: MetadataReader::counting(account),
            ..Self::default()
        }
    }

    pub(super) fn read(
        &mut self,
        headers: &HeaderList,
        accepted: EncodingSet,
        now: Instant,
    ) -> Result<Request, Rejection> {
        if headers.is_too_large() {
            return Err(Rejection::new(
                Code::ResourceExhausted,
                format!(
                    "received metadata size exceeds limit ({} bytes)",
                    headers.size()
                ),
            ));
        }
        let mut content_type: &[u8] = b"";
        let mut host = None;
        let mut deadline = None;
        let mut encoding = Encoding::Identity;
        let mut accepts = EncodingSet::default();
        for (name, value) in headers.fields() {
            match name {
                b"content-type" => content_type = value.bytes,
                b"grpc-timeout" => {
                    let timeout = timeout::parse(value.bytes)
                        .ok_or_else(|| Rejection::new(Code::Internal, "malformed grpc-timeout"))?;
                    // A deadline beyond what the clock can tell never comes.
                    deadline = now.checked_add(timeout);
                }
                b"grpc-encoding" => {
                    encoding = Encoding::from_name(value.bytes).ok_or_else(|| {
                        let name = String::from_utf8_lossy(value.bytes);
                        Rejection::new(
                            Code::Unimplemented,
                            format!("grpc-encoding {name:?} is not supported; identity, deflate and gzip are"),
                        )
                    })?;
                    if !accepted.contains(encoding) {
                        return Err(Rejection {
                            http_status: 200,
                            status: wire::encoding_disabled(encoding),
                        });
                    }
                }
                b"grpc-accept-encoding" => accepts = EncodingSet::from_names(value.bytes),
                b"host" => host = Some(value),
                _ => {}
            }
        }
        if !wire::is_grpc(content_type) {
            let shown = &content_type[..content_type.len().min(MAX_SHOWN)];
            let name = String::from_utf8_lossy(shown);
            return Err(Rejection {
                http_status: 415,
                status: Status::new(
                    Code::Unknown,
                    format!("content-type {name:?} is not application/grpc"),
                ),
            });
        }
        if headers
            .method()
            .is_none_or(|method| method.bytes != b"POST")
        {
            return Err(Rejection {
                http_status: 405,
                status: Status::new(Code::Unknown, "the method of a gRPC request is POST"),
            });
        }
        // Whatever its form, the name is the handlers' affair: some serve names without a slash.
        let path = headers
            .path()
            .filter(|path| !path.bytes.is_empty())
            .and_then(|path| self.paths.get(path));
        let Some(path) = path else {
            return Err(Rejection::new(
                Code::Unimplemented,
                "malformed method name: it is empty or not UTF-8",
            ));
        };
        let authority = headers
            .authority()
            .or(host)
            .and_then(|authority| self.authorities.get(authority));
        let metadata = self
            .metadata
            .read(headers, is_protocol)
            .map_err(|BadBase64(key)| {
                Rejection::new(
                    Code::Internal,
                    format!("metadata {key:?} is not valid base64"),
                )
            })?;
        Ok(Request {
            path,
            authority,
            deadline,
            metadata,
            encoding,
            accepts,
        })
    }
}
