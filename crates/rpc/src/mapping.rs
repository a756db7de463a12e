//! How HTTP's and HTTP/2's own errors become gRPC codes, and back.

use russet_http2::ErrorCode;

use crate::Code;

/// The code of a response that has an HTTP status other than 200 and no `grpc-status` (`doc/http-grpc-status-mapping.md`).
pub(crate) const fn code_of_http_status(status: u16) -> Code {
    match status {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The code of a call that the server ended by `RST_STREAM` (PROTOCOL-HTTP2, "Errors").
pub(crate) const fn code_of_reset(code: ErrorCode) -> Code {
    match code {
        ErrorCode::REFUSED_STREAM => Code::Unavailable,
        ErrorCode::CANCEL => Code::Cancelled,
        ErrorCode::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        ErrorCode::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ if code.name().is_some() => Code::Internal,
        _ => Code::Unknown,
    }
}

/// The HTTP/2 code that a client maps back to `code`, as near as there is one. Never `REFUSED_STREAM`, which is UNAVAILABLE to a client but also says that no handler saw the call, so that it is sent again.
pub(crate) const fn reset_of_code(code: Code) -> ErrorCode {
    match code {
        Code::Ok => ErrorCode::NO_ERROR,
        Code::Internal => ErrorCode::INTERNAL_ERROR,
        Code::ResourceExhausted => ErrorCode::ENHANCE_YOUR_CALM,
        Code::PermissionDenied => ErrorCode::INADEQUATE_SECURITY,
        _ => ErrorCode::CANCEL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_sent_by_reset_comes_back() {
        for code in [
            Code::Internal,
            Code::ResourceExhausted,
            Code::PermissionDenied,
            Code::Cancelled,
        ] {
            assert_eq!(code_of_reset(reset_of_code(code)), code);
        }
        assert_eq!(reset_of_code(Code::Unavailable), ErrorCode::CANCEL);
        assert_eq!(code_of_reset(ErrorCode(77)), Code::Unknown);
    }

    #[test]
    fn http_statuses_map_as_the_document_says() {
        for (status, code) in [
            (400, Code::Internal),
            (404, Code::Unimplemented),
            (429, Code::Unavailable),
            (503, Code::Unavailable),
            (302, Code::Unknown),
        ] {
            assert_eq!(code_of_http_status(status), code);
        }
    }
}
