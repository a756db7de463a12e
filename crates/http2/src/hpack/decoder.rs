//! Header blocks to fields.

use std::collections::VecDeque;

use super::static_table::STATIC_TABLE;
use super::{DEFAULT_TABLE_SIZE, ENTRY_OVERHEAD, HpackError, huffman, integer};

/// One field of a header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as it came.
    pub name: &'a [u8],
    /// The value as it came.
    pub value: &'a [u8],
    /// What the decoder's [`Check`] says of them.
    pub flaw: Option<&'static str>,
    /// Whether a part of it was too long to be looked at: what is here is empty.
    pub is_cut: bool,
    /// A number that stands for this name and value for the life of the connection, or 0 if the field stands in no table. The same field may get another number later; a number never gets another field.
    pub token: u64,
}

/// Names the rule that a field breaks, if it breaks one. Asked once for a field that stands in the table.
pub type Check = fn(name: &[u8], value: &[u8]) -> Option<&'static str>;

/// Numbers from here on belong to the dynamic table; those below are indices of the static one.
const FIRST_DYNAMIC_TOKEN: u64 = 62;

#[derive(Debug, Default)]
struct Entry {
    /// Name, then value.
    text: Vec<u8>,
    name_len: usize,
    flaw: Option<&'static str>,
}

impl Entry {
    fn size(&self) -> usize {
        self.text.len() + ENTRY_OVERHEAD
    }
}

/// Decodes the header blocks of one direction of a connection, in order.
#[derive(Debug)]
pub struct Decoder {
    check: Check,
    /// Newest first.
    entries: VecDeque<Entry>,
    size: usize,
    /// What the peer has made of it.
    max_size: usize,
    /// What the peer may make of it.
    limit: usize,
    /// The token of the next entry.
    next_token: u64,
    /// An evicted entry, for its memory.
    spare: Entry,
    name: Vec<u8>,
    value: Vec<u8>,
    /// A string of more bytes than this is passed over.
    longest: usize,
    block: Block,
}

/// Where in a header block the input stands.
#[derive(Debug, Default)]
struct Block {
    has_begun: bool,
    fields_seen: bool,
    size_updates: u32,
    skipping: Option<Skipping>,
}

/// A string that is passed over.
#[derive(Clone, Copy, Debug)]
struct Skipping {
    /// Bytes of it that are still to come.
    left: usize,
    /// Whether it is a name, and a value follows.
    is_name: bool,
    /// Whether its field goes into the table.
    insert: bool,
}

/// Changes of the table's size that one block may begin with: a good encoder makes two at most (RFC 7541 section 4.2).
const MAX_SIZE_UPDATES: u32 = 16;

/// Strings up to this length are always decoded: 16 KiB.
const LEAST_LONGEST: usize = 16 << 10;

/// No Huffman code is longer than 30 bits, so a string of so many bytes times a table's size is larger than the table: 30 / 8, rounded up.
const LONGEST_CODE: usize = 4;

impl Decoder {
    /// A decoder before the first block.
    pub fn new(check: Check) -> Self {
        Self {
            check,
            entries: VecDeque::new(),
            size: 0,
            max_size: DEFAULT_TABLE_SIZE,
            limit: DEFAULT_TABLE_SIZE,
            next_token: FIRST_DYNAMIC_TOKEN,
            spare: Entry::default(),
            name: Vec::new(),
            value: Vec::new(),
            longest: LEAST_LONGEST,
            block: Block::default(),
        }
    }

    /// Passes over strings of more than `length` bytes on the wire, if not more are needed to keep the table right. Their fields are given with [`Field::is_cut`].
    pub fn set_longest_string(&mut self, length: usize) {
        self.longest = length.max(LEAST_LONGEST);
    }

    /// The peer may use a table of `size` bytes from now on. Where that is less than it uses, its next block has to begin with a smaller size, so this is for when it has acknowledged the SETTINGS that say so.
    pub const fn set_max_table_size(&mut self, size: usize) {
        self.limit = size;
    }
}

impl Decoder {
    /// Decodes a whole header block and gives its fields to `sink`, in order. After an error the decoder must not be used again.
    pub fn decode(&mut self, block: &[u8], sink: impl FnMut(Field<'_>)) -> Result<(), HpackError> {
        self.begin();
        let used = self.decode_part(block, sink)?;
        self.end(&block[used..])
    }

    /// A header block begins.
    pub fn begin(&mut self) {
        self.block = Block::default();
    }

    /// Decodes the fields that `part` has whole; how many bytes they were. The rest is to be given again, with what follows it: never more than two strings of the [longest](Decoder::set_longest_string) length and their lengths.
    pub fn decode_part(
        &mut self,
        part: &[u8],
        mut sink: impl FnMut(Field<'_>),
    ) -> Result<usize, HpackError> {
        let mut rest = part;
        loop {
            let before = rest;
            match self.advance(&mut rest, &mut sink) {
                Ok(true) => {}
                Ok(false) => return Ok(part.len() - rest.len()),
                // The rest of the field is yet to come.
                Err(HpackError::Truncated) => return Ok(part.len() - before.len()),
                Err(error) => return Err(error),
            }
        }
    }

    /// The block ends, with `rest` not decoded.
    pub fn end(&mut self, rest: &[u8]) -> Result<(), HpackError> {
        if !self.block.has_begun && self.max_size > self.limit {
            return Err(HpackError::MissingSizeUpdate);
        }
        if rest.is_empty() && self.block.skipping.is_none() {
            Ok(())
        } else {
            Err(HpackError::Truncated)
        }
    }

    /// Does the next thing that a block asks for; false where it asks for nothing more. Where its bytes are not all there, nothing has been done but to take what is passed over.
    fn advance(
        &mut self,
        block: &mut &[u8],
        sink: &mut impl FnMut(Field<'_>),
    ) -> Result<bool, HpackError> {
        let Some(&first) = block.first() else {
            return Ok(false);
        };
        if let Some(skipping) = self.block.skipping {
            return self.skip(skipping, block, sink).map(|()| true);
        }
        if !self.block.has_begun {
            if self.max_size > self.limit && first & 0xe0 != 0x20 {
                return Err(HpackError::MissingSizeUpdate);
            }
            self.block.has_begun = true;
        }
        if first & 0x80 != 0 {
            let index = integer::decode(block, 7)?;
            sink(self.entry(index)?);
        } else if first & 0xe0 == 0x20 {
            let size = integer::decode(block, 5)?;
            self.block.size_updates += 1;
            if self.block.fields_seen
                || size > self.limit
                || self.block.size_updates > MAX_SIZE_UPDATES
            {
                return Err(HpackError::BadSizeUpdate);
            }
            self.max_size = size;
            self.evict(0);
            return Ok(true);
        } else {
            let insert = first & 0x40 != 0;
            let index = integer::decode(block, if insert { 6 } else { 4 })?;
            self.literal(index, block, insert, sink)?;
        }
        self.block.fields_seen = true;
        Ok(true)
    }

    /// Passes over a part of a long string, and over what belongs to its field.
    fn skip(
        &mut self,
        skipping: Skipping,
        block: &mut &[u8],
        sink: &mut impl FnMut(Field<'_>),
    ) -> Result<(), HpackError> {
        if skipping.left > 0 {
            let here = skipping.left.min(block.len());
            *block = &block[here..];
            let left = skipping.left - here;
            self.block.skipping = Some(Skipping { left, ..skipping });
            if left > 0 || skipping.is_name {
                return Ok(());
            }
        } else {
            // A name has been passed over; its value, however long, goes the same way.
            let (_, left) = string_length(block)?;
            let is_name = false;
            self.block.skipping = Some(Skipping {
                left,
                is_name,
                ..skipping
            });
            if left > 0 {
                return Ok(());
            }
        }
        self.block.skipping = None;
        self.block.fields_seen = true;
        if skipping.insert {
            // An entry larger than the table empties it (RFC 7541 section 4.4).
            self.evict(usize::MAX / 2);
        }
        sink(Field {
            name: b"",
            value: b"",
            flaw: None,
            is_cut: true,
            token: 0,
        });
        Ok(())
    }

    /// Whether a string of so many bytes on the wire is passed over: none that a table might have to hold.
    fn is_too_long(&self, length: usize) -> bool {
        length > self.longest && length / LONGEST_CODE > self.max_size
    }

    /// Reads a string literal into `name` or `value`; false where it is too long and what is left of it is passed over from now on.
    fn string(
        &mut self,
        block: &mut &[u8],
        is_name: bool,
        insert: bool,
    ) -> Result<bool, HpackError> {
        let mut rest = *block;
        let (huffman_coded, length) = string_length(&mut rest)?;
        if self.is_too_long(length) {
            *block = rest;
            self.block.skipping = Some(Skipping {
                left: length,
                is_name,
                insert,
            });
            return Ok(false);
        }
        let (text, rest) = rest.split_at_checked(length).ok_or(HpackError::Truncated)?;
        *block = rest;
        let out = if is_name {
            &mut self.name
        } else {
            &mut self.value
        };
        out.clear();
        if huffman_coded {
            huffman::decode(text, out)?;
        } else {
            out.extend_from_slice(text);
        }
        Ok(true)
    }

    /// The field at `index` of both tables.
    fn entry(&self, index: usize) -> Result<Field<'_>, HpackError> {
        if let Some((name, value)) = STATIC_TABLE.get(index.wrapping_sub(1)) {
            return Ok(Field {
                name: name.as_bytes(),
                value: value.as_bytes(),
                flaw: None,
                is_cut: false,
                token: index as u64,
            });
        }
        let nth = index
            .checked_sub(STATIC_TABLE.len() + 1)
            .ok_or(HpackError::BadIndex)?;
        let entry = self.entries.get(nth).ok_or(HpackError::BadIndex)?;
        let (name, value) = entry.text.split_at(entry.name_len);
        Ok(Field {
            name,
            value,
            flaw: entry.flaw,
            is_cut: false,
            token: self.next_token - 1 - nth as u64,
        })
    }

    fn literal(
        &mut self,
        index: usize,
        block: &mut &[u8],
        insert: bool,
        sink: &mut impl FnMut(Field<'_>),
    ) -> Result<(), HpackError> {
        if index == 0 {
            if !self.string(block, true, insert)? {
                return Ok(());
            }
        } else {
            let mut text = std::mem::take(&mut self.name);
            text.clear();
            text.extend_from_slice(self.entry(index)?.name);
            self.name = text;
        }
        if !self.string(block, false, insert)? {
            return Ok(());
        }
        let flaw = (self.check)(&self.name, &self.value);
        let mut token = 0;
        if insert {
            let size = self.name.len() + self.value.len() + ENTRY_OVERHEAD;
            self.evict(size);
            if size <= self.max_size {
                let mut entry = std::mem::take(&mut self.spare);
                entry.text.clear();
                entry.text.extend_from_slice(&self.name);
                entry.text.extend_from_slice(&self.value);
                entry.name_len = self.name.len();
                entry.flaw = flaw;
                self.entries.push_front(entry);
                self.size += size;
                token = self.next_token;
                self.next_token += 1;
            }
        }
        sink(Field {
            name: &self.name,
            value: &self.value,
            flaw,
            is_cut: false,
            token,
        });
        Ok(())
    }

    /// Drops the oldest entries until `room` more bytes fit, or none is left (RFC 7541 sections 4.3 and 4.4).
    fn evict(&mut self, room: usize) {
        while self.size.saturating_add(room) > self.max_size {
            let Some(entry) = self.entries.pop_back() else {
                break;
            };
            self.size -= entry.size();
            self.spare = entry;
        }
    }
}

/// What a string literal begins with (RFC 7541 section 5.2): whether it is Huffman-coded, and its length.
fn string_length(block: &mut &[u8]) -> Result<(bool, usize), HpackError> {
    let huffman_coded = block.first().ok_or(HpackError::Truncated)? & 0x80 != 0;
    Ok((huffman_coded, integer::decode(block, 7)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoder() -> Decoder {
        Decoder::new(|_, _| None)
    }

    type List = Vec<(String, String)>;

    fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<List, HpackError> {
        let mut list = Vec::new();
        decoder.decode(block, |field| list.push(shown(field)))?;
        Ok(list)
    }

    fn shown(field: Field<'_>) -> (String, String) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if field.is_cut {
            return ("cut".to_owned(), String::new());
        }
        (text(field.name), text(field.value))
    }

    /// The same, given in pieces of `size` bytes.
    fn decode_in_pieces(
        decoder: &mut Decoder,
        block: &[u8],
        size: usize,
    ) -> Result<List, HpackError> {
        let (mut list, mut held) = (Vec::new(), Vec::new());
        decoder.begin();
        for piece in block.chunks(size) {
            held.extend_from_slice(piece);
            let used = decoder.decode_part(&held, |field| list.push(shown(field)))?;
            held.drain(..used);
            let longest = decoder.longest.max(LONGEST_CODE * decoder.max_size);
            assert!(held.len() <= 2 * (longest + 8));
        }
        decoder.end(&held)?;
        Ok(list)
    }

    /// A literal that goes into the table, its name and its value not Huffman-coded.
    fn literal(name: usize, value: usize) -> Vec<u8> {
        let mut block = vec![0x40];
        for (length, byte) in [(name, b'n'), (value, b'v')] {
            integer::encode(length, 7, 0, &mut block);
            block.extend(std::iter::repeat_n(byte, length));
        }
        block
    }

    #[test]
    fn strings_that_are_too_long_are_passed_over_and_leave_the_table_right() {
        let long = LEAST_LONGEST + 1000;
        for (name, value) in [(long, 5), (5, long), (long, long), (long, 0), (3 << 20, 7)] {
            for size in [1000, 70_000, 8 << 20] {
                let mut decoder = decoder();
                let entry = literal(4, 4);
                let block = [&entry[..], &literal(name, value), &literal(1, 1)].concat();
                let list = decode_in_pieces(&mut decoder, &block, size).unwrap();
                assert_eq!(list[0], ("nnnn".to_owned(), "vvvv".to_owned()));
                assert_eq!(
                    list[1..],
                    [
                        ("cut".to_owned(), String::new()),
                        ("n".to_owned(), "v".to_owned())
                    ]
                );
                // Nothing but the last one is in the table.
                assert_eq!(decoder.entries.len(), 1, "{name} {value} {size}");
                assert_eq!(decode(&mut decoder, &[0xbe]), Ok(list[2..].to_vec()));
            }
        }
    }

    #[test]
    fn a_long_string_that_a_table_can_hold_is_decoded() {
        let mut decoder = decoder();
        decoder.set_max_table_size(1 << 20);
        let mut block = Vec::new();
        integer::encode(1 << 20, 5, 0x20, &mut block);
        block.extend(literal(5, 100_000));
        assert_eq!(
            decode_in_pieces(&mut decoder, &block, 999).unwrap()[0]
                .1
                .len(),
            100_000
        );
        assert_eq!(decoder.entries.len(), 1);
    }

    #[test]
    fn a_block_changes_the_size_of_the_table_a_few_times_at_most() {
        assert_eq!(decode(&mut decoder(), &[0x20; 16]), Ok(vec![]));
        assert_eq!(
            decode(&mut decoder(), &[0x20; 17]),
            Err(HpackError::BadSizeUpdate)
        );
    }

    #[test]
    fn a_block_that_ends_inside_a_field_is_wrong_wherever_it_ends() {
        let block = [literal(3, LEAST_LONGEST + 9), literal(9, 9)].concat();
        for cut in [1, 3, 5, 9000, LEAST_LONGEST + 20] {
            assert_eq!(
                decode(&mut decoder(), &block[..cut]),
                Err(HpackError::Truncated),
                "{cut}"
            );
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn list(fields: &[(&str, &str)]) -> List {
        fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn rfc_7541_c_2_single_fields() {
        for (wire, field, table_size) in [
            (
                "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
                ("custom-key", "custom-header"),
                55,
            ),
            (
                "040c 2f73 616d 706c 652f 7061 7468",
                (":path", "/sample/path"),
                0,
            ),
            (
                "1008 7061 7373 776f 7264 0673 6563 7265 74",
                ("password", "secret"),
                0,
            ),
            ("82", (":method", "GET"), 0),
        ] {
            let mut decoder = decoder();
            assert_eq!(decode(&mut decoder, &hex(wire)), Ok(list(&[field])));
            assert_eq!(decoder.size, table_size);
        }
    }

    /// The three requests of appendices C.3 (plain) and C.4 (Huffman).
    #[test]
    fn rfc_7541_c_3_and_c_4_requests() {
        let plain = [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ];
        let huffman = [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ];
        for wires in [plain, huffman] {
            let mut decoder = decoder();
            let get = |scheme, path| {
                vec![
                    (":method", "GET"),
                    (":scheme", scheme),
                    (":path", path),
                    (":authority", "www.example.com"),
                ]
            };
            let mut second = get("http", "/");
            second.push(("cache-control", "no-cache"));
            let mut third = get("https", "/index.html");
            third.push(("custom-key", "custom-value"));
            for (wire, (fields, size)) in
                wires
                    .iter()
                    .zip([(get("http", "/"), 57), (second, 110), (third, 164)])
            {
                assert_eq!(decode(&mut decoder, &hex(wire)), Ok(list(&fields)));
                assert_eq!(decoder.size, size);
            }
        }
    }

    /// Appendices C.5 and C.6: a table of 256 bytes, so that entries are evicted.
    #[test]
    fn rfc_7541_c_5_and_c_6_responses() {
        let plain = [
            "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "4803 3330 37c1 c0bf",
            "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
        ];
        let huffman = [
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
            "4883 640e ffc1 c0bf",
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ];
        let location = ("location", "https://www.example.com");
        let date = ("date", "Mon, 21 Oct 2013 20:13:21 GMT");
        let private = ("cache-control", "private");
        let lists = [
            (list(&[(":status", "302"), private, date, location]), 222),
            (list(&[(":status", "307"), private, date, location]), 222),
            (
                list(&[
                    (":status", "200"),
                    private,
                    ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
                    location,
                    ("content-encoding", "gzip"),
                    (
                        "set-cookie",
                        "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
                    ),
                ]),
                215,
            ),
        ];
        for wires in [plain, huffman] {
            let mut decoder = Decoder {
                max_size: 256,
                ..decoder()
            };
            for (wire, (fields, size)) in wires.iter().zip(&lists) {
                assert_eq!(decode(&mut decoder, &hex(wire)), Ok(fields.clone()));
                assert_eq!(decoder.size, *size);
            }
        }
    }

    #[test]
    fn bad_blocks_are_refused() {
        for (wire, error) in [
            (&[0x80_u8][..], HpackError::BadIndex),
            (&[0xbe], HpackError::BadIndex),
            (&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0], HpackError::BadIndex),
            (&[0x82, 0x20], HpackError::BadSizeUpdate),
            (&[0x3f, 0xe2, 0x1f], HpackError::BadSizeUpdate),
            (&[0x40, 0x05, b'a'], HpackError::Truncated),
            (&[0x40], HpackError::Truncated),
            (
                &[0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                HpackError::IntegerOverflow,
            ),
        ] {
            assert_eq!(decode(&mut decoder(), wire), Err(error), "{wire:x?}");
        }
    }

    #[test]
    fn an_entry_larger_than_the_table_empties_it() {
        let mut decoder = decoder();
        decode(&mut decoder, b"\x40\x01a\x01b").unwrap();
        assert_eq!(decoder.entries.len(), 1);
        let mut block = vec![0x40, 1, b'a'];
        integer::encode(5000, 7, 0, &mut block);
        block.extend(std::iter::repeat_n(b'x', 5000));
        decode(&mut decoder, &block).unwrap();
        assert_eq!((decoder.entries.len(), decoder.size), (0, 0));
    }

    #[test]
    fn a_token_stands_for_one_field() {
        let mut decoder = decoder();
        let mut tokens = Vec::new();
        // a=b inserted, then indexed; c=d inserted, a=b indexed behind it; a literal in no table.
        for block in [
            &b"\x40\x01a\x01b\xbe"[..],
            b"\x40\x01c\x01d\xbf",
            b"\x00\x01e\x01f",
        ] {
            decoder
                .decode(block, |field| tokens.push(field.token))
                .unwrap();
        }
        assert_eq!(tokens, [62, 62, 63, 62, 0]);
    }

    #[test]
    fn a_field_is_checked_once_and_its_flaw_kept() {
        let mut decoder = Decoder::new(|name, _| (name == b"a").then_some("no a"));
        let mut flaws = Vec::new();
        for block in [&b"\x40\x01a\x01b\xbe"[..], b"\x40\x01c\x01d\xbf\x82"] {
            decoder
                .decode(block, |field| flaws.push(field.flaw))
                .unwrap();
        }
        assert_eq!(
            flaws,
            [Some("no a"), Some("no a"), None, Some("no a"), None]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_within_the_table_size(block in any::<Vec<u8>>()) {
            let mut decoder = decoder();
            let _ = decoder.decode(&block, |_| ());
            prop_assert!(decoder.size <= DEFAULT_TABLE_SIZE);
            prop_assert_eq!(decoder.size, decoder.entries.iter().map(Entry::size).sum::<usize>());
        }
    }
}
