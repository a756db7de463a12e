//! The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B), both ways.
//!
//! The code is canonical: the lengths alone give it, so the tables are computed from them at compile time.

use super::HpackError;

/// Bits of the code of each octet, and last of EOS.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The longest code, that of EOS among others.
const LONGEST: usize = 30;
/// The symbol that ends nothing: its code must not occur (RFC 7541 section 5.2).
const EOS: u16 = 256;
/// Codes up to this length are decoded by one look into a table; they cover all of printable ASCII's common part.
const FAST_BITS: u32 = 9;

struct Tables {
    /// Code of each symbol, right-aligned.
    codes: [u32; 257],
    /// Symbols in the order of their codes.
    sorted: [u16; 257],
    /// For each length: the index in `sorted` of its first code.
    offset: [u16; LONGEST + 1],
    /// For each length: its first code, right-aligned.
    first: [u32; LONGEST + 1],
    /// For each length: the end of its codes, left-aligned to `LONGEST` bits.
    limit: [u32; LONGEST + 1],
    /// Symbol and length for each value of the next `FAST_BITS` bits; length 0 where the code is longer.
    fast: [(u8, u8); 1 << FAST_BITS],
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time over a table of 257 entries"
)]
const fn tables() -> Tables {
    let mut t = Tables {
        codes: [0; 257],
        sorted: [0; 257],
        offset: [0; LONGEST + 1],
        first: [0; LONGEST + 1],
        limit: [0; LONGEST + 1],
        fast: [(0, 0); 1 << FAST_BITS],
    };
    let mut code = 0_u32;
    let mut count = 0_usize;
    let mut length = 1;
    while length <= LONGEST {
        code <<= 1;
        t.first[length] = code;
        t.offset[length] = count as u16;
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == length {
                t.codes[symbol] = code;
                t.sorted[count] = symbol as u16;
                if length <= FAST_BITS as usize {
                    let spare = FAST_BITS as usize - length;
                    let mut entry = (code as usize) << spare;
                    let end = entry + (1 << spare);
                    while entry < end {
                        t.fast[entry] = (symbol as u8, length as u8);
                        entry += 1;
                    }
                }
                code += 1;
                count += 1;
            }
            symbol += 1;
        }
        t.limit[length] = code << (LONGEST - length);
        length += 1;
    }
    t
}

static TABLES: Tables = tables();

/// The length of `text` when encoded.
pub(super) fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text
        .iter()
        .map(|byte| usize::from(LENGTHS[usize::from(*byte)]))
        .sum();
    bits.div_ceil(8)
}

/// Appends `text`, encoded.
pub(super) fn encode(text: &[u8], out: &mut Vec<u8>) {
    // The low `bits` bits of `pending` are not written yet; at most 7 between symbols.
    let mut pending = 0_u64;
    let mut bits = 0_u32;
    for &byte in text {
        let length = u32::from(LENGTHS[usize::from(byte)]);
        pending = pending << length | u64::from(TABLES.codes[usize::from(byte)]);
        bits += length;
        while bits >= 8 {
            bits -= 8;
            out.push((pending >> bits & 0xff) as u8);
        }
    }
    if bits > 0 {
        // Padded with the start of EOS: ones.
        let padded = pending << (8 - bits) | (0xff >> bits);
        out.push((padded & 0xff) as u8);
    }
}

/// Appends the text that `wire` encodes.
pub(super) fn decode(wire: &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    let mut wire = wire.iter();
    // The high `have` bits of `window` are the next bits; the others are 0.
    let mut window = 0_u64;
    let mut have = 0_u32;
    loop {
        while have <= 56 {
            let Some(&byte) = wire.next() else { break };
            window |= u64::from(byte) << (56 - have);
            have += 8;
        }
        let (symbol, length) = TABLES.fast[(window >> (64 - FAST_BITS)) as usize];
        let (symbol, length) = if length > 0 {
            (u16::from(symbol), u32::from(length))
        } else {
            decode_long(window)
        };
        if length > have {
            break;
        }
        if symbol == EOS {
            return Err(HpackError::HuffmanEos);
        }
        out.push((symbol & 0xff) as u8);
        window <<= length;
        have -= length;
    }
    // What remains must be padding: fewer than 8 bits, all ones.
    if have > 7 || window.count_ones() != have {
        return Err(HpackError::HuffmanPadding);
    }
    Ok(())
}

/// A code longer than `FAST_BITS`, by its place among the canonical codes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a length is at most 30, and 30 bits fit"
)]
fn decode_long(window: u64) -> (u16, u32) {
    let bits = (window >> (64 - LONGEST)) as u32;
    let mut length = FAST_BITS as usize + 1;
    while length < LONGEST && bits >= TABLES.limit[length] {
        length += 1;
    }
    let nth = (bits >> (LONGEST - length)) - TABLES.first[length];
    let symbol = TABLES.sorted[usize::from(TABLES.offset[length]) + nth as usize];
    (symbol, length as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(text, &mut out);
        assert_eq!(out.len(), encoded_len(text));
        out
    }

    fn decoded(wire: &[u8]) -> Result<Vec<u8>, HpackError> {
        let mut out = Vec::new();
        decode(wire, &mut out).map(|()| out)
    }

    #[test]
    fn the_code_is_complete_and_ends_with_eos() {
        assert_eq!(TABLES.codes[usize::from(EOS)], 0x3fff_ffff);
        assert_eq!(TABLES.codes[usize::from(b'A')], 0x21);
        assert_eq!(TABLES.codes[0], 0x1ff8);
        assert_eq!(TABLES.codes[255], 0x03ff_ffee);
    }

    #[test]
    fn bad_codes_are_refused() {
        for (wire, error) in [
            (&[0xff_u8, 0xff, 0xff, 0xff][..], HpackError::HuffmanEos),
            // '0' is 00000; the padding after it must be ones.
            (&[0b0000_0000], HpackError::HuffmanPadding),
            // Eight bits of padding.
            (&[0b0000_0111, 0xff], HpackError::HuffmanPadding),
        ] {
            assert_eq!(decoded(wire), Err(error), "{wire:x?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_survives(text in any::<Vec<u8>>()) {
            prop_assert_eq!(decoded(&encoded(&text)), Ok(text));
        }

        #[test]
        fn any_bytes_are_taken_without_a_panic(wire in any::<Vec<u8>>()) {
            if let Ok(text) = decoded(&wire) {
                prop_assert_eq!(encoded(&text), wire);
            }
        }
    }
}
