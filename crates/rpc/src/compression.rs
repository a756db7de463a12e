//! deflate, gzip and Zstandard of single messages.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::Encoding;

/// zstd's own default level.
const ZSTD_LEVEL: i32 = zstd::DEFAULT_COMPRESSION_LEVEL;

/// The logarithm of the longest window that a Zstandard frame may ask memory for: 8 MiB, which RFC 8878 has every decoder support. Levels up to 19 need no more.
const ZSTD_WINDOW_LOG: u32 = 23;

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
        Encoding::Zstd => zstd::stream::encode_all(message, ZSTD_LEVEL),
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
    let cap = max.map_or(usize::MAX, |max| max.saturating_add(1));
    let mut out = Vec::new();
    let read = match encoding {
        Encoding::Zstd => zstd_decoder(message).and_then(|mut read| fill(&mut read, cap, &mut out)),
        Encoding::Identity => return Err(DecompressError::Corrupt),
        Encoding::Deflate => fill(&mut ZlibDecoder::new(message), cap, &mut out),
        Encoding::Gzip => fill(&mut MultiGzDecoder::new(message), cap, &mut out),
    };
    if max.is_some_and(|max| out.len() > max) {
        return Err(DecompressError::TooLarge);
    }
    read.map_err(|_| DecompressError::Corrupt)?;
    Ok(out)
}

/// Deflate makes at most so many bytes of one (RFC 1951: a match of 258 bytes in two bits).
const MOST_OF_DEFLATE: usize = 1032;

/// What a compressed message says of its length: gzip at its end (RFC 1952), Zstandard at its start (RFC 8878). Nobody has checked it.
pub(crate) fn told_length(encoding: Encoding, message: &[u8]) -> Option<usize> {
    match encoding {
        Encoding::Gzip => {
            // The header and the trailer of a member are 18 bytes.
            let length = u32::from_le_bytes(*message.last_chunk()?) as usize;
            let possible = message.len().saturating_mul(MOST_OF_DEFLATE);
            (message.len() >= 18 && length <= possible).then_some(length)
        }
        Encoding::Zstd => {
            let length = zstd::zstd_safe::get_frame_content_size(message).ok()??;
            usize::try_from(length).ok()
        }
        Encoding::Identity | Encoding::Deflate => None,
    }
}

/// Decompresses a message of just as many bytes as `out` has; false where it has others, or is corrupt.
pub(crate) fn decompress_into(encoding: Encoding, message: &[u8], out: &mut [u8]) -> bool {
    let mut read = |reader: &mut dyn Read| {
        reader.read_exact(out).is_ok() && matches!(reader.read(&mut [0]), Ok(0))
    };
    match encoding {
        Encoding::Identity => false,
        Encoding::Deflate => read(&mut ZlibDecoder::new(message)),
        Encoding::Gzip => read(&mut MultiGzDecoder::new(message)),
        Encoding::Zstd => zstd_decoder(message).is_ok_and(|mut decoder| read(&mut decoder)),
    }
}

fn zstd_decoder(message: &[u8]) -> std::io::Result<zstd::stream::read::Decoder<'static, &[u8]>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(message)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// The first memory for a message whose length nobody knows: 4 KiB.
const FIRST_STEP: usize = 4 << 10;

/// Reads to the end, or `cap` bytes. Memory grows by a half at a time and never beyond `cap`.
fn fill(reader: &mut dyn Read, cap: usize, out: &mut Vec<u8>) -> std::io::Result<()> {
    while out.len() < cap {
        let step = (out.len() / 2).max(FIRST_STEP).min(cap - out.len());
        out.reserve_exact(step);
        if reader.take(step as u64).read_to_end(out)? < step {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_every_encoding() {
        let message = b"to be or not to be ".repeat(100);
        for encoding in [Encoding::Deflate, Encoding::Gzip, Encoding::Zstd] {
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
                decompress(encoding, &compressed[..20], None),
                Err(DecompressError::Corrupt)
            );
        }
    }

    #[test]
    fn a_frame_with_a_long_window_takes_no_memory() {
        // The window of 128 MiB that stands in the header; a raw block of one byte follows.
        let window = |log: u8| vec![0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 9, 0, 0, b'x'];
        assert_eq!(
            decompress(Encoding::Zstd, &window(27), None),
            Err(DecompressError::Corrupt)
        );
        assert_eq!(
            decompress(Encoding::Zstd, &window(23), None),
            Ok(b"x".to_vec())
        );
    }

    #[test]
    fn a_bomb_costs_no_more_than_the_limit() {
        for encoding in [Encoding::Deflate, Encoding::Gzip, Encoding::Zstd] {
            let bomb = compress(encoding, &vec![0; 5_000_000]).unwrap();
            assert_eq!(
                decompress(encoding, &bomb, Some(1000)),
                Err(DecompressError::TooLarge)
            );
        }
    }

    #[test]
    fn what_grows_is_sent_as_it_is() {
        assert_eq!(compress(Encoding::Gzip, b"x"), None);
        assert_eq!(compress(Encoding::Identity, &[0; 1000]), None);
    }
}
