//! Call metadata: an ordered list of keys and values.
//!
//! In memory every value is raw bytes. Values of keys ending in `-bin` are base64 on the wire only (PROTOCOL-HTTP2, "Custom-Metadata"). Cloning shares the storage, and empty metadata owns none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

/// Why a key or a value cannot be metadata.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// A key has no characters.
    #[error("metadata key is empty")]
    EmptyKey,
    /// A key holds something other than `a-z`, `0-9`, `_`, `-` and `.`.
    #[error(
        "metadata key {0:?} is illegal: only lower-case letters, digits, '_', '-' and '.' are allowed"
    )]
    IllegalKey(String),
    /// A text value holds something other than printable ASCII and space. Keys that end in `-bin` take any bytes.
    #[error(
        "metadata value for key {0:?} is illegal: only printable ASCII is allowed; use a key ending in '-bin' for other bytes"
    )]
    IllegalValue(String),
    /// The key belongs to HTTP/2 or to gRPC itself. `grpcio` drops such an entry without a word; a driver that must act like it ignores this error.
    #[error("metadata key {0:?} is reserved for the protocol")]
    Reserved(String),
    /// One call's metadata is 2 GiB or more.
    #[error("metadata too large: the key and value have {0} bytes")]
    TooLarge(usize),
}

/// Keys that the protocol sets itself, which metadata cannot carry. Sorted.
const RESERVED: [&str; 13] = [
    "connection",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-message",
    "grpc-status",
    "grpc-timeout",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Ordered metadata; keys may repeat.
#[derive(Clone, Default)]
pub struct Metadata {
    /// `u32` key length, `u32` value length, key, value; again and again. `None` while empty.
    entries: Option<Arc<Entries>>,
}

#[derive(Default)]
struct Entries {
    bytes: Vec<u8>,
    held: Option<Held>,
}

impl Clone for Entries {
    /// A copy is the copier's own affair, and counts in no account.
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            held: None,
        }
    }
}

/// What storage counts for, as long as anybody has it.
struct Held {
    account: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.account.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Metadata {
    /// No entries, no allocation.
    pub const EMPTY: Self = Self { entries: None };

    /// No entries, no allocation.
    pub const fn new() -> Self {
        Self::EMPTY
    }

    /// Whether there is no entry.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_none()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Empty metadata with room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            entries: Some(Arc::new(Entries {
                bytes: Vec::with_capacity(bytes),
                held: None,
            })),
        }
    }

    /// Counts the storage in `account` until nobody has it any more.
    pub(crate) fn count_in(&mut self, account: &Arc<AtomicUsize>) {
        if let Some(entries) = self.entries.as_mut().and_then(Arc::get_mut) {
            let bytes = entries.bytes.capacity();
            account.fetch_add(bytes, Ordering::Relaxed);
            entries.held = Some(Held {
                account: Arc::clone(account),
                bytes,
            });
        }
    }

    /// Whether both share one storage, so that what was derived from one holds for the other. True of empty ones. The engine shares the storage of metadata that repeats on a connection.
    pub fn same_storage(&self, other: &Self) -> bool {
        match (&self.entries, &other.entries) {
            (None, None) => true,
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }

    /// Appends an entry that the application gave, after checking it.
    pub fn push(&mut self, key: &str, value: &[u8]) -> Result<(), MetadataError> {
        check_key(key)?;
        if RESERVED.binary_search(&key).is_ok() {
            return Err(MetadataError::Reserved(key.to_owned()));
        }
        if !is_binary(key) && !is_text(value) {
            return Err(MetadataError::IllegalValue(key.to_owned()));
        }
        self.append(key.as_bytes(), value)
    }

    /// Appends without checks other than of the size: for what the wire gave.
    pub(crate) fn append(&mut self, key: &[u8], value: &[u8]) -> Result<(), MetadataError> {
        let too_large = || MetadataError::TooLarge(key.len().saturating_add(value.len()));
        let key_len = u32::try_from(key.len()).map_err(|_| too_large())?;
        let value_len = u32::try_from(value.len()).map_err(|_| too_large())?;
        let entries = &mut Arc::make_mut(self.entries.get_or_insert_default()).bytes;
        entries.extend_from_slice(&key_len.to_le_bytes());
        entries.extend_from_slice(&value_len.to_le_bytes());
        entries.extend_from_slice(key);
        entries.extend_from_slice(value);
        Ok(())
    }

    /// Appends all entries of `other`.
    pub fn extend(&mut self, other: &Self) {
        match (&mut self.entries, &other.entries) {
            (_, None) => {}
            (None, Some(entries)) => self.entries = Some(entries.clone()),
            (Some(own), Some(entries)) => {
                Arc::make_mut(own).bytes.extend_from_slice(&entries.bytes);
            }
        }
    }

    /// The entries in order: key and raw value.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            rest: self.entries.as_ref().map_or(&[], |entries| &entries.bytes),
        }
    }

    /// The value of the first entry with `key`.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for &'a Metadata {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.same_storage(other) || self.iter().eq(other.iter())
    }
}

impl Eq for Metadata {}

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(
                self.iter()
                    .map(|(key, value)| (key, String::from_utf8_lossy(value))),
            )
            .finish()
    }
}

/// Walks over [`Metadata`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (key_len, rest) = self.rest.split_first_chunk()?;
        let (value_len, rest) = rest.split_first_chunk()?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*key_len) as usize)?;
        let (value, rest) = rest.split_at_checked(u32::from_le_bytes(*value_len) as usize)?;
        self.rest = rest;
        // Keys are ASCII on both ways in: `push` checks, and HTTP/2 refuses other field names.
        Some((str::from_utf8(key).unwrap_or_default(), value))
    }
}

/// Whether values of `key` are arbitrary bytes, carried in base64.
pub fn is_binary(key: &str) -> bool {
    key.ends_with("-bin")
}

fn check_key(key: &str) -> Result<(), MetadataError> {
    if key.is_empty() {
        return Err(MetadataError::EmptyKey);
    }
    let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.');
    if key.bytes().all(legal) {
        Ok(())
    } else {
        Err(MetadataError::IllegalKey(key.to_owned()))
    }
}

fn is_text(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_order_and_repeat() {
        let mut metadata = Metadata::new();
        metadata.push("b", b"1").unwrap();
        metadata.push("a-bin", &[0, 255]).unwrap();
        metadata.push("b", b"").unwrap();
        let entries: Vec<_> = metadata.iter().collect();
        assert_eq!(
            entries,
            [("b", &b"1"[..]), ("a-bin", &[0, 255]), ("b", b"")]
        );
        assert_eq!((metadata.len(), metadata.get("b")), (3, Some(&b"1"[..])));
    }

    #[test]
    fn a_clone_shares_until_one_changes() {
        let mut one = Metadata::new();
        one.push("k", b"v").unwrap();
        let two = one.clone();
        assert!(one.same_storage(&two));
        one.push("k", b"w").unwrap();
        assert!(!one.same_storage(&two));
        assert_eq!((one.len(), two.len()), (2, 1));
    }

    #[test]
    fn bad_entries_are_refused_with_the_reason() {
        let mut metadata = Metadata::new();
        let key = |key: &str| key.to_owned();
        for (entry, error) in [
            (("", &b"x"[..]), MetadataError::EmptyKey),
            (("Upper", b"x"), MetadataError::IllegalKey(key("Upper"))),
            ((":path", b"x"), MetadataError::IllegalKey(key(":path"))),
            (("x y", b"x"), MetadataError::IllegalKey(key("x y"))),
            (("x", b"a\tb"), MetadataError::IllegalValue(key("x"))),
            (("x", b"\x7f"), MetadataError::IllegalValue(key("x"))),
            (("x", "é".as_bytes()), MetadataError::IllegalValue(key("x"))),
            (("te", b"x"), MetadataError::Reserved(key("te"))),
            (
                ("grpc-status", b"0"),
                MetadataError::Reserved(key("grpc-status")),
            ),
        ] {
            assert_eq!(metadata.push(entry.0, entry.1), Err(error));
        }
        assert!(metadata.is_empty());
        metadata.push("grpc-status-details-bin", b"\x00").unwrap();
        metadata.push("grpc-custom", b"1").unwrap();
    }

    #[test]
    fn reserved_keys_are_sorted() {
        assert!(RESERVED.is_sorted());
    }
}
