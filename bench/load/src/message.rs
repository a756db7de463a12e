//! The two messages of `bench.proto`, which have the same fields, written and read by hand: the load generator must cost as little as it can.

/// Appends a varint.
fn put_varint(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// A message with both fields; zero and empty ones are left out, as proto3 does.
pub(crate) fn encode(text: &str, count: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 12);
    if !text.is_empty() {
        out.push(0x0a);
        put_varint(u32::try_from(text.len()).unwrap_or(u32::MAX), &mut out);
        out.extend_from_slice(text.as_bytes());
    }
    if count > 0 {
        out.push(0x10);
        put_varint(count, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_protobufs_bytes() {
        assert_eq!(encode("ab", 300), [0x0a, 2, b'a', b'b', 0x10, 0xac, 0x02]);
        assert!(encode("", 0).is_empty());
    }
}
