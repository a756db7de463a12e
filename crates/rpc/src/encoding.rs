//! Message encodings: what `grpc-encoding` and `grpc-accept-encoding` can name.

/// How the messages of one direction of a call are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Not at all.
    #[default]
    Identity,
    /// zlib's format (RFC 1950), which gRPC calls `deflate`.
    Deflate,
    /// gzip (RFC 1952).
    Gzip,
}

impl Encoding {
    /// The name in `grpc-encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Deflate => "deflate",
            Self::Gzip => "gzip",
        }
    }

    /// The encoding of that name, if it is known.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"identity" => Some(Self::Identity),
            b"deflate" => Some(Self::Deflate),
            b"gzip" => Some(Self::Gzip),
            _ => None,
        }
    }
}

/// How one message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageOptions {
    /// Whether the message is compressed where the call has an [`Encoding`] other than identity. True by default.
    pub compress: bool,
}

impl Default for MessageOptions {
    fn default() -> Self {
        Self { compress: true }
    }
}
