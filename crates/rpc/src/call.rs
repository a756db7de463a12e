//! The handle of a call on one connection.

/// Names a call on its connection. Cheap to copy; the handle of a call that has ended is recognised, even where its place is used again, because HTTP/2 never uses a stream number twice on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId {
    pub(crate) stream: u32,
    pub(crate) slot: u32,
}

impl CallId {
    /// The HTTP/2 stream number: odd, rising, unique on the connection.
    pub const fn stream(self) -> u32 {
        self.stream
    }

    /// The handle as one number, for storage where only a number fits.
    pub const fn as_u64(self) -> u64 {
        ((self.slot as u64) << 32) | self.stream as u64
    }

    /// The reverse of [`CallId::as_u64`]. A number that never was a handle acts like the handle of a call that has ended.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each half is taken on purpose"
    )]
    pub const fn from_u64(number: u64) -> Self {
        Self {
            stream: number as u32,
            slot: (number >> 32) as u32,
        }
    }
}
