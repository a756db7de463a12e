//! Fields to header blocks.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::static_table::{self, STATIC_TABLE};
use super::{DEFAULT_TABLE_SIZE, ENTRY_OVERHEAD, huffman, integer};

/// Whether a field is worth a place in the dynamic table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// It comes with nearly every block.
    Always,
    /// It gets a place when it is seen again: a value that changes with each call must not push the others out.
    IfRepeated,
    /// Never, and intermediaries must not either (RFC 7541 section 7.1.3).
    Never,
}

/// How many fields are remembered for [`Index::IfRepeated`].
const SEEN_FIELDS: usize = 64;

#[derive(Debug)]
struct Entry {
    hash: u64,
    text: Box<[u8]>,
    name_len: usize,
}

impl Entry {
    fn size(&self) -> usize {
        self.text.len() + ENTRY_OVERHEAD
    }

    fn is(&self, name: &[u8], value: &[u8]) -> bool {
        self.text.split_at(self.name_len) == (name, value)
    }
}

/// Encodes the header blocks of one direction of a connection, in order.
#[derive(Debug)]
pub struct Encoder {
    /// Newest first.
    entries: VecDeque<Entry>,
    /// The number of each entry by its hash; the newest entry's number is `inserted`.
    numbers: FxHashMap<u64, u64>,
    inserted: u64,
    size: usize,
    max_size: usize,
    /// What is used at most, whatever the peer allows.
    cap: usize,
    /// The smallest and the last table size to be announced by the next block (RFC 7541 section 4.2).
    size_update: Option<(usize, usize)>,
    /// Hashes of the last fields that were sent without a place in the table.
    seen: Box<[u64; SEEN_FIELDS]>,
    next_seen: usize,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(DEFAULT_TABLE_SIZE)
    }
}

impl Encoder {
    /// An encoder before the first block, whose table takes `cap` bytes at most; until the peer allows more, [`DEFAULT_TABLE_SIZE`].
    pub fn new(cap: usize) -> Self {
        let mut encoder = Self {
            entries: VecDeque::new(),
            numbers: FxHashMap::default(),
            inserted: 0,
            size: 0,
            max_size: DEFAULT_TABLE_SIZE,
            cap,
            size_update: None,
            seen: Box::new([0; SEEN_FIELDS]),
            next_seen: 0,
        };
        encoder.set_max_table_size(DEFAULT_TABLE_SIZE);
        encoder
    }

    /// The peer's SETTINGS allow a table of `size` bytes.
    pub fn set_max_table_size(&mut self, size: usize) {
        let size = size.min(self.cap);
        if size == self.max_size && self.size_update.is_none() {
            return;
        }
        let smallest = self
            .size_update
            .map_or(size, |(smallest, _)| smallest.min(size));
        self.size_update = Some((smallest, size));
        self.max_size = size;
        self.evict(0);
    }

    /// Starts a header block: the first bytes, if any, announce a changed table size. Every block that uses [`field`](Self::field) starts with it.
    pub fn start_block(&mut self, out: &mut Vec<u8>) {
        if let Some((smallest, last)) = self.size_update.take() {
            if smallest < last {
                integer::encode(smallest, 5, 0x20, out);
            }
            integer::encode(last, 5, 0x20, out);
        }
    }

    /// Appends a field.
    pub fn field(&mut self, name: &[u8], value: &[u8], index: Index, out: &mut Vec<u8>) {
        if index == Index::Never {
            literal(static_table::find(name, value).0, name, value, 0x10, 4, out);
            return;
        }
        let hash = hash(name, value);
        if let Some(&number) = self.numbers.get(&hash) {
            let nth = usize::try_from(self.inserted - number).unwrap_or(usize::MAX);
            if self
                .entries
                .get(nth)
                .is_some_and(|entry| entry.is(name, value))
            {
                integer::encode(STATIC_TABLE.len() + 1 + nth, 7, 0x80, out);
                return;
            }
        }
        let (by_name, full) = static_table::find(name, value);
        if let Some(full) = full {
            integer::encode(full, 7, 0x80, out);
        } else if self.is_worth_a_place(name, value, hash, index) {
            literal(by_name, name, value, 0x40, 6, out);
            self.insert(name, value, hash);
        } else {
            literal(by_name, name, value, 0x00, 4, out);
        }
    }

    /// Appends a field without use of the dynamic table, so that the bytes may be sent at any later time.
    pub fn field_out_of_order(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        match static_table::find(name, value) {
            (_, Some(full)) => integer::encode(full, 7, 0x80, out),
            (by_name, None) => literal(by_name, name, value, 0x00, 4, out),
        }
    }

    fn is_worth_a_place(&mut self, name: &[u8], value: &[u8], hash: u64, index: Index) -> bool {
        // An entry that fills most of the table would push out the fields of every call.
        if name.len() + value.len() + ENTRY_OVERHEAD > self.max_size / 4 {
            return false;
        }
        if index == Index::Always || self.seen.contains(&hash) {
            return true;
        }
        self.seen[self.next_seen] = hash;
        self.next_seen = (self.next_seen + 1) % SEEN_FIELDS;
        false
    }

    fn insert(&mut self, name: &[u8], value: &[u8], hash: u64) {
        let entry = Entry {
            hash,
            text: [name, value].concat().into(),
            name_len: name.len(),
        };
        self.evict(entry.size());
        self.size += entry.size();
        self.entries.push_front(entry);
        self.inserted += 1;
        self.numbers.insert(hash, self.inserted);
    }

    fn evict(&mut self, room: usize) {
        while self.size + room > self.max_size {
            let Some(entry) = self.entries.pop_back() else {
                break;
            };
            self.size -= entry.size();
            let number = self.inserted - self.entries.len() as u64;
            if self.numbers.get(&entry.hash) == Some(&number) {
                self.numbers.remove(&entry.hash);
            }
        }
    }
}

fn hash(name: &[u8], value: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

/// Appends a literal field whose first byte has `pattern` and an index prefix of `bits` bits.
fn literal(
    by_name: Option<usize>,
    name: &[u8],
    value: &[u8],
    pattern: u8,
    bits: u32,
    out: &mut Vec<u8>,
) {
    integer::encode(by_name.unwrap_or(0), bits, pattern, out);
    if by_name.is_none() {
        string(name, out);
    }
    string(value, out);
}

/// Appends a string literal, Huffman-coded where that is shorter.
fn string(text: &[u8], out: &mut Vec<u8>) {
    let coded = huffman::encoded_len(text);
    if coded < text.len() {
        integer::encode(coded, 7, 0x80, out);
        huffman::encode(text, out);
    } else {
        integer::encode(text.len(), 7, 0x00, out);
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Decoder;
    use super::*;

    type List = Vec<(Vec<u8>, Vec<u8>)>;

    fn encode(encoder: &mut Encoder, fields: &[(&[u8], &[u8])], index: Index) -> Vec<u8> {
        let mut out = Vec::new();
        encoder.start_block(&mut out);
        for (name, value) in fields {
            encoder.field(name, value, index, &mut out);
        }
        out
    }

    fn decode(decoder: &mut Decoder, block: &[u8]) -> List {
        let mut list = Vec::new();
        decoder
            .decode(block, |field| {
                list.push((field.name.to_vec(), field.value.to_vec()));
            })
            .unwrap();
        list
    }

    #[test]
    fn a_repeated_field_becomes_one_byte() {
        let mut encoder = Encoder::default();
        let fields: [(&[u8], &[u8]); 3] = [
            (b":status", b"200"),
            (b":path", b"/a.B/C"),
            (b"te", b"trailers"),
        ];
        let first = encode(&mut encoder, &fields, Index::Always);
        assert!(first.len() > 10);
        assert_eq!(
            encode(&mut encoder, &fields, Index::Always),
            [0x88, 0xbf, 0xbe]
        );
    }

    #[test]
    fn a_field_that_may_repeat_is_stored_the_second_time() {
        let mut encoder = Encoder::default();
        let fields: [(&[u8], &[u8]); 1] = [(b"trace", b"17")];
        let first = encode(&mut encoder, &fields, Index::IfRepeated);
        assert_eq!((first[0], encoder.entries.len()), (0x00, 0));
        assert_eq!(encode(&mut encoder, &fields, Index::IfRepeated)[0], 0x40);
        assert_eq!(encode(&mut encoder, &fields, Index::IfRepeated), [0xbe]);
    }

    #[test]
    fn a_secret_is_never_stored() {
        let mut encoder = Encoder::default();
        for _ in 0..3 {
            assert_eq!(encode(&mut encoder, &[(b"k", b"v")], Index::Never)[0], 0x10);
        }
    }

    #[test]
    fn a_table_that_shrinks_and_grows_is_announced_with_both_sizes() {
        let mut encoder = Encoder::default();
        let mut decoder = Decoder::new(|_, _| None);
        let fields: [(&[u8], &[u8]); 1] = [(b"k", b"v")];
        decode(&mut decoder, &encode(&mut encoder, &fields, Index::Always));
        encoder.set_max_table_size(0);
        encoder.set_max_table_size(100);
        let block = encode(&mut encoder, &fields, Index::Always);
        assert_eq!(block[..3], [0x20, 0x3f, 100 - 31]);
        assert_eq!(
            decode(&mut decoder, &block),
            [(b"k".to_vec(), b"v".to_vec())]
        );
        encoder.set_max_table_size(1 << 20);
        assert_eq!(encoder.max_size, DEFAULT_TABLE_SIZE);
    }

    fn any_index() -> impl Strategy<Value = Index> {
        prop_oneof![
            Just(Index::Always),
            Just(Index::IfRepeated),
            Just(Index::Never)
        ]
    }

    /// One of a few letters, again and again: texts that repeat between fields.
    fn any_text(max: usize) -> impl Strategy<Value = String> {
        (prop::sample::select(vec!["a", "b", "c"]), 0..=max / 10)
            .prop_map(|(letter, tens)| letter.repeat(tens * 10))
    }

    proptest! {
        /// Few names and values, so that fields repeat and entries are evicted.
        #[test]
        fn every_list_survives(
            blocks in prop::collection::vec(
                (prop::option::of(0_usize..5000), prop::collection::vec((any_text(60), any_text(90), any_index()), 0..20)),
                1..20,
            )
        ) {
            let mut encoder = Encoder::default();
            let mut decoder = Decoder::new(|_, _| None);
            for (table_size, fields) in blocks {
                if let Some(size) = table_size {
                    encoder.set_max_table_size(size);
                }
                let mut block = Vec::new();
                encoder.start_block(&mut block);
                let mut expected = List::new();
                for (name, value, index) in fields {
                    encoder.field(name.as_bytes(), value.as_bytes(), index, &mut block);
                    expected.push((name.into(), value.into()));
                }
                prop_assert_eq!(decode(&mut decoder, &block), expected);
                prop_assert!(encoder.size <= encoder.max_size);
                prop_assert!(encoder.numbers.len() <= encoder.entries.len());
            }
        }
    }
}
