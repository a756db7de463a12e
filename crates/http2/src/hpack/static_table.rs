//! The static table (RFC 7541 appendix A).

/// Names and values; entry 1 of the RFC is the first here.
pub(super) const STATIC_TABLE: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// The index of the first entry with `name`, and whether an entry has `value` too: its index then. Only names that a gRPC peer sends are looked for; others are rare enough to be written out.
pub(super) fn find(name: &[u8], value: &[u8]) -> (Option<usize>, Option<usize>) {
    match name {
        b":authority" => (Some(1), None),
        b":method" => (
            Some(2),
            if value == b"POST" {
                Some(3)
            } else {
                (value == b"GET").then_some(2)
            },
        ),
        b":path" => (Some(4), (value == b"/").then_some(4)),
        b":scheme" => (
            Some(6),
            if value == b"http" {
                Some(6)
            } else {
                (value == b"https").then_some(7)
            },
        ),
        b":status" => (
            Some(8),
            (8..=14).find(|index| STATIC_TABLE[index - 1].1.as_bytes() == value),
        ),
        b"accept-encoding" => (Some(16), (value == b"gzip, deflate").then_some(16)),
        b"authorization" => (Some(23), None),
        b"content-type" => (Some(31), None),
        b"user-agent" => (Some(58), None),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_in_the_table() {
        for (name, value) in STATIC_TABLE {
            let (by_name, full) = find(name.as_bytes(), value.as_bytes());
            if let Some(index) = by_name {
                assert_eq!(STATIC_TABLE[index - 1].0, name);
            }
            if let Some(index) = full {
                assert_eq!(STATIC_TABLE[index - 1], (name, value));
            }
        }
        assert_eq!(find(b":method", b"POST"), (Some(2), Some(3)));
        assert_eq!(find(b":status", b"404"), (Some(8), Some(13)));
    }
}
