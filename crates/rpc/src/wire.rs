//! Metadata, statuses and messages as header fields and frames, for both roles.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use russet_http2::hpack::{ENTRY_OVERHEAD, Index};
use russet_http2::{Block, HeaderList, Value};

use crate::compression::compress;
use crate::inbound::PREFIX_LEN;
use crate::{
    Code, Encoding, Metadata, SendError, Status, is_binary, percent_decode, percent_encode,
};

pub(crate) const CONTENT_TYPE: &[u8] = b"application/grpc";

/// The status of a call whose messages are compressed in a way that is turned off, in `grpcio`'s words.
pub(crate) fn encoding_disabled(encoding: Encoding) -> Status {
    let name = encoding.name();
    Status::new(
        Code::Unimplemented,
        format!("Compression algorithm '{name}' is disabled."),
    )
}

/// Binary metadata goes without padding and comes with or without it (PROTOCOL-HTTP2, "Binary Header").
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Writes metadata as fields.
pub(crate) fn put_metadata(metadata: &Metadata, block: &mut Block<'_>) {
    for (key, value) in metadata {
        if is_binary(key) {
            block.field(
                key.as_bytes(),
                BASE64.encode(value).as_bytes(),
                Index::IfRepeated,
            );
        } else {
            // RFC 7541 section 7.1.3: what might be a secret stays out of the table.
            let index = if key == "authorization" || key == "cookie" {
                Index::Never
            } else {
                Index::IfRepeated
            };
            block.field(key.as_bytes(), value, index);
        }
    }
}

/// Writes a status as fields.
pub(crate) fn put_status(status: &Status, block: &mut Block<'_>) {
    if status.code == Code::Ok {
        block.field(b"grpc-status", b"0", Index::Always);
    } else {
        block.field(
            b"grpc-status",
            status.code.as_u32().to_string().as_bytes(),
            Index::IfRepeated,
        );
    }
    if !status.message.is_empty() {
        let mut text = Vec::with_capacity(status.message.len());
        percent_encode(&status.message, &mut text);
        block.field(b"grpc-message", &text, Index::IfRepeated);
    }
}

/// Bytes that the fields of a response take in a header list at most, beside `grpc-message` and metadata.
const RESPONSE_FIELDS: usize = 320;

/// Bytes of metadata in a header list, as RFC 9113 section 6.5.2 counts.
pub(crate) fn list_size(metadata: &Metadata) -> usize {
    let entry = |(key, value): (&str, &[u8])| {
        let wire = if is_binary(key) {
            // Without padding.
            (value.len() * 4).div_ceil(3)
        } else {
            value.len()
        };
        key.len() + wire + ENTRY_OVERHEAD
    };
    metadata.iter().map(entry).sum()
}

/// The size of response headers with `metadata`, where that is over what the peer takes.
pub(crate) fn size_over(metadata: &Metadata, max: usize) -> Option<usize> {
    if metadata.is_empty() {
        return None;
    }
    let size = list_size(metadata) + RESPONSE_FIELDS;
    (size > max).then_some(size)
}

/// What is sent in place of a status and metadata that together are more than the peer takes in a header list: the text is cut, and metadata that does not fit ends the call with `RESOURCE_EXHAUSTED`, as `grpcio` does. `None` where all fits.
pub(crate) fn fit_trailers(
    status: &Status,
    trailing: &Metadata,
    max: usize,
) -> Option<(Status, Metadata)> {
    if status.message.is_empty() && trailing.is_empty() {
        return None;
    }
    let room = max.saturating_sub(RESPONSE_FIELDS);
    let metadata = list_size(trailing);
    if metadata.saturating_add(3 * status.message.len()) <= room {
        return None;
    }
    if metadata > room {
        let size = metadata + RESPONSE_FIELDS;
        let text = format!(
            "to-be-sent trailing metadata size exceeds peer limit ({size} vs. {max} bytes)"
        );
        let text = cut(&text, room).unwrap_or(text);
        return Some((Status::new(Code::ResourceExhausted, text), Metadata::EMPTY));
    }
    let text = cut(&status.message, room - metadata)?;
    Some((Status::new(status.code, text), trailing.clone()))
}

/// A text cut so that it takes at most `room` bytes when it is percent-encoded; `None` where it does anyway.
fn cut(text: &str, room: usize) -> Option<String> {
    let length = |char: char| match char {
        '%' => 3,
        ' '..='~' => 1,
        other => 3 * other.len_utf8(),
    };
    if text.chars().map(length).sum::<usize>() <= room {
        return None;
    }
    let note = format!(" ... (cut: {} bytes in all)", text.len());
    let Some(mut left) = room.checked_sub(note.len()) else {
        return Some(String::new());
    };
    let kept: String = (text.chars())
        .take_while(|char| {
            let fits = length(*char) <= left;
            left = left.saturating_sub(length(*char));
            fits
        })
        .collect();
    Some(kept + &note)
}

/// The status in a trailers list; `None` without `grpc-status`.
pub(crate) fn read_status(headers: &HeaderList) -> Option<Status> {
    let mut code = None;
    let mut message = String::new();
    for (name, value) in headers.fields() {
        match name {
            b"grpc-status" => code = Some(read_code(value.bytes)),
            b"grpc-message" => message = percent_decode(value.bytes),
            _ => {}
        }
    }
    code.map(|code| Status::new(code, message))
}

/// A code that is not known, or no number, is UNKNOWN.
fn read_code(value: &[u8]) -> Code {
    let number = str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok());
    number.and_then(Code::from_u32).unwrap_or(Code::Unknown)
}

/// Whether a content-type is gRPC's: `application/grpc`, alone or with a suffix or parameters.
pub(crate) fn is_grpc(content_type: &[u8]) -> bool {
    match content_type.split_at_checked(CONTENT_TYPE.len()) {
        Some((start, rest)) => {
            start.eq_ignore_ascii_case(CONTENT_TYPE)
                && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
        }
        None => false,
    }
}

/// Reads the metadata of header lists, and shares its storage between lists with the same entries.
#[derive(Debug, Default)]
pub(crate) struct MetadataReader {
    /// The tokens of the last list's entries, while all had one.
    tokens: Vec<u64>,
    last: Metadata,
    scratch: Vec<u64>,
    /// Where storage is counted, for as long as anybody has it.
    account: Option<Arc<AtomicUsize>>,
}

/// A `-bin` value that is not base64: its key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadBase64(pub(crate) String);

impl MetadataReader {
    /// A reader whose metadata counts in `account`.
    pub(crate) fn counting(account: Arc<AtomicUsize>) -> Self {
        Self {
            account: Some(account),
            ..Self::default()
        }
    }

    /// The metadata of `headers`: the fields for which `is_protocol` is false.
    pub(crate) fn read(
        &mut self,
        headers: &HeaderList,
        is_protocol: impl Fn(&[u8]) -> bool,
    ) -> Result<Metadata, BadBase64> {
        self.scratch.clear();
        self.scratch.extend(
            headers
                .fields()
                .filter(|(name, _)| !is_protocol(name))
                .map(|(_, value)| value.token),
        );
        if self.scratch.is_empty() {
            return Ok(Metadata::EMPTY);
        }
        if self.scratch == self.tokens {
            return Ok(self.last.clone());
        }
        // In one piece: what grows by itself takes up to twice as much.
        let length = |(name, value): (&[u8], Value<'_>)| name.len() + value.bytes.len() + 8;
        let mine = || headers.fields().filter(|(name, _)| !is_protocol(name));
        let mut metadata = Metadata::with_capacity(mine().map(length).sum());
        for (name, value) in mine() {
            read_entry(name, value, &mut metadata)?;
        }
        if let Some(account) = &self.account {
            metadata.count_in(account);
        }
        if !self.scratch.contains(&0) {
            std::mem::swap(&mut self.tokens, &mut self.scratch);
            self.last = metadata.clone();
        }
        Ok(metadata)
    }
}

fn read_entry(name: &[u8], value: Value<'_>, metadata: &mut Metadata) -> Result<(), BadBase64> {
    // A header list is bounded far below the 4 GiB that an entry can have.
    const FITS: &str = "a header list is bounded by its limit";
    if !name.ends_with(b"-bin") {
        metadata.append(name, value.bytes).expect(FITS);
        return Ok(());
    }
    // Values of one key may be joined by commas (PROTOCOL-HTTP2, "Custom-Metadata").
    for part in value.bytes.split(|byte| *byte == b',') {
        let raw = BASE64
            .decode(part.trim_ascii())
            .map_err(|_| BadBase64(String::from_utf8_lossy(name).into_owned()))?;
        metadata.append(name, &raw).expect(FITS);
    }
    Ok(())
}

/// Strings that repeat on a connection (methods, authorities), shared between calls.
#[derive(Debug, Default)]
pub(crate) struct StringCache {
    slots: Vec<(u64, Arc<str>)>,
}

/// The longest string that is kept, in bytes.
const LONGEST_CACHED: usize = 512;

/// Different strings that are kept.
const CACHED_STRINGS: usize = 64;

impl StringCache {
    /// The value as a shared string; `None` if it is not UTF-8.
    pub(crate) fn get(&mut self, value: Value<'_>) -> Option<Arc<str>> {
        let same_place = |token: u64| usize::try_from(token % CACHED_STRINGS as u64).unwrap_or(0);
        // Strings that stand in no table are compared with the one that came last, in the place of token 0.
        if let Some((token, string)) = self.slots.get(same_place(value.token))
            && *token == value.token
            && (value.token != 0 || string.as_bytes() == value.bytes)
        {
            return Some(Arc::clone(string));
        }
        let text = str::from_utf8(value.bytes).ok()?;
        if text.len() > LONGEST_CACHED {
            // No method has such a name; comparing it with all would take long.
            return Some(Arc::from(text));
        }
        let known = self
            .slots
            .iter()
            .find(|(_, string)| **string == *text)
            .map(|(_, string)| Arc::clone(string));
        let string = known.unwrap_or_else(|| Arc::from(text));
        if self.slots.is_empty() {
            self.slots
                .resize_with(CACHED_STRINGS, || (0, Arc::clone(&string)));
        }
        self.slots[same_place(value.token)] = (value.token, Arc::clone(&string));
        Some(string)
    }
}

/// A message's prefix, and its compressed form where that is used.
pub(crate) fn frame_message(
    message: &[u8],
    encoding: Encoding,
    max: Option<usize>,
) -> Result<([u8; PREFIX_LEN], Option<Vec<u8>>), SendError> {
    let max = max.unwrap_or(usize::MAX).min(u32::MAX as usize);
    if message.len() > max {
        return Err(SendError::TooLarge {
            length: message.len(),
            max,
        });
    }
    let compressed = if encoding == Encoding::Identity {
        None
    } else {
        compress(encoding, message)
    };
    let wire = compressed.as_deref().unwrap_or(message);
    let length = u32::try_from(wire.len()).map_err(|_| SendError::TooLarge {
        length: wire.len(),
        max,
    })?;
    let [a, b, c, d] = length.to_be_bytes();
    Ok(([u8::from(compressed.is_some()), a, b, c, d], compressed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(bytes: &[u8], token: u64) -> Value<'_> {
        Value { bytes, token }
    }

    #[test]
    fn content_types_of_grpc() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("Application/GRPC", true),
            ("application/grpc-web", false),
            ("application/json", false),
            ("", false),
        ] {
            assert_eq!(is_grpc(content_type.as_bytes()), expected, "{content_type}");
        }
    }

    #[test]
    fn base64_comes_in_every_form() {
        for (wire, entries) in [
            ("AAE=", vec![vec![0, 1]]),
            ("AAE", vec![vec![0, 1]]),
            ("AAE,Ag==", vec![vec![0, 1], vec![2]]),
            ("AAE, Ag", vec![vec![0, 1], vec![2]]),
            ("", vec![vec![]]),
        ] {
            let mut metadata = Metadata::new();
            read_entry(b"x-bin", value(wire.as_bytes(), 0), &mut metadata).unwrap();
            assert_eq!(
                metadata
                    .iter()
                    .map(|(_, value)| value.to_vec())
                    .collect::<Vec<_>>(),
                entries,
                "{wire}"
            );
        }
        let mut metadata = Metadata::new();
        assert_eq!(
            read_entry(b"x-bin", value(b"!", 0), &mut metadata),
            Err(BadBase64("x-bin".to_owned()))
        );
    }

    #[test]
    fn repeated_strings_are_shared_whatever_their_token() {
        let mut cache = StringCache::default();
        let one = cache.get(value(b"/a/b", 62)).unwrap();
        for token in [62, 0, 62 + CACHED_STRINGS as u64, 62] {
            assert!(Arc::ptr_eq(
                &one,
                &cache.get(value(b"/a/b", token)).unwrap()
            ));
        }
        assert_eq!(&*cache.get(value(b"/c/d", 63)).unwrap(), "/c/d");
        assert!(cache.get(value(b"\xff", 64)).is_none());
    }

    #[test]
    fn codes_that_are_not_known_are_unknown() {
        for (wire, code) in [
            ("0", Code::Ok),
            ("16", Code::Unauthenticated),
            ("17", Code::Unknown),
            ("x", Code::Unknown),
        ] {
            assert_eq!(read_code(wire.as_bytes()), code);
        }
    }
}
