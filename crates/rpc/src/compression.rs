//! deflate and gzip of single messages.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::Encoding;

/// Why a message cannot be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecompressError {
    /// It is longer than the limit on messages; how much longer is not found out.
    TooLarge,
    /// It is not what `grpc-encoding` says.
    Corrupt,
}

/// The message compressed, or `None` if that makes it no shorter.
pub(crate) fn compress(encoding: Encoding, message: &[u8]) -> Option<Vec<u8>> {
    let out = Vec::with_capacity(message.len() / 2);
    let level = Compression::default();
    let compressed = match encoding {
        Encoding::Identity => return None,
        Encoding::Deflate => {
            let mut encoder = ZlibEncoder::new(out, level);
            encoder.write_all(message).and_then(|()| encoder.finish())
        }
        Encoding::Gzip => {
            let mut encoder = GzEncoder::new(out, level);
            encoder.write_all(message).and_then(|()| encoder.finish())
        }
    };
    compressed
        .ok()
        .filter(|compressed| compressed.len() < message.len())
}

/// The message decompressed, of at most `max` bytes: a bomb costs no more memory than a message of that length.
pub(crate) fn decompress(
    encoding: Encoding,
    message: &[u8],
    max: Option<usize>,
) -> Result<Vec<u8>, DecompressError> {
    // One byte more than allowed tells a message that is too long from one that just fits.
    let cap = max.map_or(u64::MAX, |max| max as u64 + 1);
    let mut out = Vec::new();
    let read = match encoding {
        Encoding::Identity => return Err(DecompressError::Corrupt),
        Encoding::Deflate => ZlibDecoder::new(message).take(cap).read_to_end(&mut out),
        Encoding::Gzip => MultiGzDecoder::new(message).take(cap).read_to_end(&mut out),
    };
    if max.is_some_and(|max| out.len() > max) {
        return Err(DecompressError::TooLarge);
    }
    read.map_err(|_| DecompressError::Corrupt)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_both_encodings() {
        let message = b"to be or not to be ".repeat(100);
        for encoding in [Encoding::Deflate, Encoding::Gzip] {
            let compressed = compress(encoding, &message).unwrap();
            assert!(compressed.len() < 100);
            assert_eq!(
                decompress(encoding, &compressed, Some(message.len())),
                Ok(message.clone())
            );
            assert_eq!(
                decompress(encoding, &compressed, Some(message.len() - 1)),
                Err(DecompressError::TooLarge)
            );
            assert_eq!(
                decompress(encoding, &compressed[..30], None),
                Err(DecompressError::Corrupt)
            );
        }
    }

    #[test]
    fn what_grows_is_sent_as_it_is() {
        assert_eq!(compress(Encoding::Gzip, b"x"), None);
        assert_eq!(compress(Encoding::Identity, &[0; 1000]), None);
    }
}
