//! Prefixed integers (RFC 7541 section 5.1).

use super::HpackError;

/// Continuation bytes that are accepted: enough for 28 bits beyond the prefix, far above any length or index that a block can hold.
const MAX_CONTINUATION_BYTES: u32 = 4;

/// Appends `value` with a prefix of `bits` bits, the byte's other bits being those of `pattern`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "each cast is of a value just bounded to seven or eight bits"
)]
pub(super) fn encode(value: usize, bits: u32, pattern: u8, out: &mut Vec<u8>) {
    let max = (1_usize << bits) - 1;
    if value < max {
        out.push(pattern | value as u8);
        return;
    }
    out.push(pattern | max as u8);
    let mut rest = value - max;
    while rest >= 0x80 {
        out.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Reads an integer with a prefix of `bits` bits off the front of `input`.
pub(super) fn decode(input: &mut &[u8], bits: u32) -> Result<usize, HpackError> {
    let (&first, mut rest) = input.split_first().ok_or(HpackError::Truncated)?;
    let max = (1_usize << bits) - 1;
    let mut value = usize::from(first) & max;
    if value == max {
        let mut shift = 0;
        loop {
            let (&byte, after) = rest.split_first().ok_or(HpackError::Truncated)?;
            rest = after;
            if shift == 7 * MAX_CONTINUATION_BYTES {
                return Err(HpackError::IntegerOverflow);
            }
            value += usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *input = rest;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7541_c_1() {
        for (value, bits, wire) in [
            (10, 5, &[10_u8][..]),
            (1337, 5, &[31, 154, 10]),
            (42, 8, &[42]),
        ] {
            let mut out = Vec::new();
            encode(value, bits, 0, &mut out);
            assert_eq!(out, wire);
            assert_eq!(decode(&mut &out[..], bits), Ok(value));
        }
    }

    #[test]
    fn a_truncated_or_endless_integer_is_refused() {
        assert_eq!(decode(&mut &[][..], 5), Err(HpackError::Truncated));
        assert_eq!(decode(&mut &[31, 0x80][..], 5), Err(HpackError::Truncated));
        assert_eq!(
            decode(&mut &[31, 0x80, 0x80, 0x80, 0x80, 0][..], 5),
            Err(HpackError::IntegerOverflow)
        );
        assert_eq!(
            decode(&mut &[31, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], 5),
            Err(HpackError::IntegerOverflow)
        );
    }
}
