//! The seventeen gRPC status codes.

/// How a call ended (`doc/statuscodes.md` of gRPC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// Not an error.
    Ok = 0,
    /// Cancelled, typically by the caller.
    Cancelled = 1,
    /// An error whose kind is not known.
    Unknown = 2,
    /// The caller's argument is wrong whatever the state of the system.
    InvalidArgument = 3,
    /// The deadline passed before the call ended.
    DeadlineExceeded = 4,
    /// The thing asked for does not exist.
    NotFound = 5,
    /// The thing to be created exists already.
    AlreadyExists = 6,
    /// The caller is known and not allowed.
    PermissionDenied = 7,
    /// Some resource is used up: a quota, a size limit, memory.
    ResourceExhausted = 8,
    /// The system is not in the state that the call needs.
    FailedPrecondition = 9,
    /// A conflict, such as a failed transaction.
    Aborted = 10,
    /// Past the valid range.
    OutOfRange = 11,
    /// The method is not known or not supported.
    Unimplemented = 12,
    /// An invariant is broken.
    Internal = 13,
    /// The service cannot be reached now; a retry may succeed.
    Unavailable = 14,
    /// Data is lost or corrupt and cannot be had back.
    DataLoss = 15,
    /// The caller is not known.
    Unauthenticated = 16,
}

/// Every code with its name in the specification, by number.
const CODES: [(Code, &str); 17] = [
    (Code::Ok, "OK"),
    (Code::Cancelled, "CANCELLED"),
    (Code::Unknown, "UNKNOWN"),
    (Code::InvalidArgument, "INVALID_ARGUMENT"),
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
    (Code::NotFound, "NOT_FOUND"),
    (Code::AlreadyExists, "ALREADY_EXISTS"),
    (Code::PermissionDenied, "PERMISSION_DENIED"),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
    (Code::FailedPrecondition, "FAILED_PRECONDITION"),
    (Code::Aborted, "ABORTED"),
    (Code::OutOfRange, "OUT_OF_RANGE"),
    (Code::Unimplemented, "UNIMPLEMENTED"),
    (Code::Internal, "INTERNAL"),
    (Code::Unavailable, "UNAVAILABLE"),
    (Code::DataLoss, "DATA_LOSS"),
    (Code::Unauthenticated, "UNAUTHENTICATED"),
];

impl Code {
    /// The code with this number, or `None` beyond 16.
    pub fn from_u32(number: u32) -> Option<Self> {
        CODES
            .get(usize::try_from(number).ok()?)
            .map(|(code, _)| *code)
    }

    /// The number on the wire.
    pub const fn as_u32(self) -> u32 {
        self as u32
    }

    /// The name in the specification, such as `NOT_FOUND`.
    pub const fn name(self) -> &'static str {
        CODES[self as usize].1
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_agree() {
        for (number, (code, _)) in (0..).zip(CODES) {
            assert_eq!(Code::from_u32(number), Some(code));
            assert_eq!(code.as_u32(), number);
        }
        assert_eq!(Code::from_u32(17), None);
        assert_eq!(Code::DeadlineExceeded.name(), "DEADLINE_EXCEEDED");
    }
}
