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
    /// Zstandard (RFC 8878), which not every gRPC knows.
    Zstd,
}

impl Encoding {
    /// The name in `grpc-encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Deflate => "deflate",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The encoding of that name, if it is known.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"identity" => Some(Self::Identity),
            b"deflate" => Some(Self::Deflate),
            b"gzip" => Some(Self::Gzip),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Encodings that a peer accepts. Identity is always among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EncodingSet(u8);

impl EncodingSet {
    /// Whether `encoding` is accepted.
    pub const fn contains(self, encoding: Encoding) -> bool {
        matches!(encoding, Encoding::Identity) || self.0 & (1 << encoding as u8) != 0
    }

    /// Reads `grpc-accept-encoding`: names with commas between them; those that are not known are skipped.
    pub(crate) fn from_names(names: &[u8]) -> Self {
        let known = names
            .split(|byte| *byte == b',')
            .filter_map(|name| Encoding::from_name(name.trim_ascii()));
        Self(known.fold(0, |set, encoding| set | 1 << encoding as u8))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_make_the_set() {
        let set = EncodingSet::from_names(b"br, gzip,identity");
        assert!(
            set.contains(Encoding::Gzip)
                && set.contains(Encoding::Identity)
                && !set.contains(Encoding::Deflate)
        );
        assert!(EncodingSet::default().contains(Encoding::Identity));
    }
}
