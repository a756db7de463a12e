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
}

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
        }
    }

    /// The peer may use a table of `size` bytes from now on. Where that is less than it uses, its next block has to begin with a smaller size, so this is for when it has acknowledged the SETTINGS that say so.
    pub const fn set_max_table_size(&mut self, size: usize) {
        self.limit = size;
    }
}

/// Where a field's name comes from.
enum Name {
    Indexed(usize),
    Literal,
}

impl Decoder {
    /// Decodes a whole header block and gives its fields to `sink`, in order. After an error the decoder must not be used again.
    pub fn decode(
        &mut self,
        mut block: &[u8],
        mut sink: impl FnMut(Field<'_>),
    ) -> Result<(), HpackError> {
        let mut fields_seen = false;
        let starts_with_size_update = block.first().is_some_and(|first| first & 0xe0 == 0x20);
        if self.max_size > self.limit && !starts_with_size_update {
            return Err(HpackError::MissingSizeUpdate);
        }
        while let Some(&first) = block.first() {
            if first & 0x80 != 0 {
                let index = integer::decode(&mut block, 7)?;
                sink(self.entry(index)?);
            } else if first & 0xe0 == 0x20 {
                let size = integer::decode(&mut block, 5)?;
                if fields_seen || size > self.limit {
                    return Err(HpackError::BadSizeUpdate);
                }
                self.max_size = size;
                self.evict(0);
                continue;
            } else {
                let insert = first & 0x40 != 0;
                let index = integer::decode(&mut block, if insert { 6 } else { 4 })?;
                self.literal(index, &mut block, insert, &mut sink)?;
            }
            fields_seen = true;
        }
        Ok(())
    }

    /// The field at `index` of both tables.
    fn entry(&self, index: usize) -> Result<Field<'_>, HpackError> {
        if let Some((name, value)) = STATIC_TABLE.get(index.wrapping_sub(1)) {
            return Ok(Field {
                name: name.as_bytes(),
                value: value.as_bytes(),
                flaw: None,
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
        let name = if index == 0 {
            string(block, &mut self.name)?;
            Name::Literal
        } else {
            Name::Indexed(index)
        };
        if let Name::Indexed(index) = name {
            let mut text = std::mem::take(&mut self.name);
            text.clear();
            text.extend_from_slice(self.entry(index)?.name);
            self.name = text;
        }
        string(block, &mut self.value)?;
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
            token,
        });
        Ok(())
    }

    /// Drops the oldest entries until `room` more bytes fit, or none is left (RFC 7541 sections 4.3 and 4.4).
    fn evict(&mut self, room: usize) {
        while self.size + room > self.max_size {
            let Some(entry) = self.entries.pop_back() else {
                break;
            };
            self.size -= entry.size();
            self.spare = entry;
        }
    }
}

/// Reads a string literal (RFC 7541 section 5.2) into `out`.
fn string(block: &mut &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    let huffman_coded = block.first().ok_or(HpackError::Truncated)? & 0x80 != 0;
    let length = integer::decode(block, 7)?;
    let (text, rest) = block
        .split_at_checked(length)
        .ok_or(HpackError::Truncated)?;
    *block = rest;
    out.clear();
    if huffman_coded {
        huffman::decode(text, out)
    } else {
        out.extend_from_slice(text);
        Ok(())
    }
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
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        decoder.decode(block, |field| {
            list.push((text(field.name), text(field.value)));
        })?;
        Ok(list)
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
