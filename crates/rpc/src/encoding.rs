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

/// Encodings that one side accepts. Identity is always among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EncodingSet(u8);

impl EncodingSet {
    /// All that this implementation can read.
    pub const ALL: Self = Self::of_bits(u32::MAX);

    /// Bit 1 stands for deflate, bit 2 for gzip, bit 3 for Zstandard; others are ignored (`grpc.compression_enabled_algorithms_bitset`).
    pub const fn of_bits(bits: u32) -> Self {
        let known =
            1 << Encoding::Deflate as u8 | 1 << Encoding::Gzip as u8 | 1 << Encoding::Zstd as u8;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the known bits are low ones"
        )]
        Self(bits as u8 & known)
    }

    /// Whether `encoding` is accepted.
    pub const fn contains(self, encoding: Encoding) -> bool {
        matches!(encoding, Encoding::Identity) || self.0 & (1 << encoding as u8) != 0
    }

    /// The names, as `grpc-accept-encoding` has them.
    pub(crate) const fn names(self) -> &'static [u8] {
        let contains = (
            self.contains(Encoding::Deflate),
            self.contains(Encoding::Gzip),
            self.contains(Encoding::Zstd),
        );
        match contains {
            (true, true, true) => b"identity, deflate, gzip, zstd",
            (true, true, false) => b"identity, deflate, gzip",
            (true, false, true) => b"identity, deflate, zstd",
            (true, false, false) => b"identity, deflate",
            (false, true, true) => b"identity, gzip, zstd",
            (false, true, false) => b"identity, gzip",
            (false, false, true) => b"identity, zstd",
            (false, false, false) => b"identity",
        }
    }

    /// Reads `grpc-accept-encoding`: names with commas between them; those that are not known are skipped.
    pub(crate) fn from_names(names: &[u8]) -> Self {
        let known = names
            .split(|byte| *byte == b',')
            .filter_map(|name| Encoding::from_name(name.trim_ascii()));
        Self(known.fold(0, |set, encoding| set | 1 << encoding as u8))
    }
}

/// How a server compresses where its application says nothing of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultEncoding {
    /// So, if the client accepts it.
    Fixed(Encoding),
    /// By what the client accepts of deflate and gzip, chosen as `grpcio` chooses (`grpc.default_compression_level`): 0 for none, 1 for little, 2 and more for much.
    Level(u32),
}

impl DefaultEncoding {
    /// The encoding for a client that accepts these.
    pub(crate) fn of(self, accepts: EncodingSet) -> Encoding {
        match self {
            Self::Fixed(encoding) => Some(encoding).filter(|one| accepts.contains(*one)),
            Self::Level(0) => None,
            Self::Level(level) => {
                let accepted = |one: &Encoding| accepts.contains(*one);
                let mut known = [Encoding::Gzip, Encoding::Deflate].into_iter();
                if level == 1 {
                    known.find(accepted)
                } else {
                    known.rfind(accepted)
                }
            }
        }
        .unwrap_or_default()
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

    #[test]
    fn what_is_written_is_what_is_read() {
        for bits in 0..16 {
            let set = EncodingSet::of_bits(bits);
            assert_eq!(EncodingSet::from_names(set.names()).names(), set.names());
            assert_eq!(set.contains(Encoding::Gzip), bits & 4 != 0);
        }
        assert_eq!(EncodingSet::ALL.names(), b"identity, deflate, gzip, zstd");
    }

    #[test]
    fn a_level_becomes_an_encoding_that_the_client_accepts() {
        for (level, accepts, encoding) in [
            (0, "deflate, gzip", Encoding::Identity),
            (1, "deflate, gzip", Encoding::Gzip),
            (1, "deflate", Encoding::Deflate),
            (2, "deflate, gzip", Encoding::Deflate),
            (3, "gzip", Encoding::Gzip),
            (3, "zstd", Encoding::Identity),
        ] {
            let accepts = EncodingSet::from_names(accepts.as_bytes());
            assert_eq!(DefaultEncoding::Level(level).of(accepts), encoding);
        }
        let fixed = DefaultEncoding::Fixed(Encoding::Gzip);
        assert_eq!(fixed.of(EncodingSet::ALL), Encoding::Gzip);
        assert_eq!(fixed.of(EncodingSet::default()), Encoding::Identity);
    }
}
