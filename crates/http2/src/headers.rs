//! A decoded header list and the rules that make it a request, a response or trailers (RFC 9113 section 8).

use crate::hpack::{ENTRY_OVERHEAD, Field};

/// A value with the [token](Field::token) of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// The value.
    pub bytes: &'a [u8],
    /// The token of name and value, 0 if they stand in no HPACK table.
    pub token: u64,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    start: usize,
    name_len: usize,
    value_len: usize,
    token: u64,
}

/// The pseudo-header fields that RFC 9113 and RFC 8441 know, as indices of `HeaderList::pseudo`.
const METHOD: usize = 0;
const SCHEME: usize = 1;
const AUTHORITY: usize = 2;
const PATH: usize = 3;
const STATUS: usize = 4;
const PROTOCOL: usize = 5;

/// What a header list claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    Request,
    Response,
    Trailers,
}

/// A header list: the pseudo-header fields apart, the others in order. One value is used again for all lists of a connection.
#[derive(Debug, Default)]
pub struct HeaderList {
    text: Vec<u8>,
    fields: Vec<Slot>,
    pseudo: [Option<Slot>; 6],
    size: usize,
    /// Fields that were given, also those that were dropped.
    count: usize,
    limit: usize,
    content_length: Option<u64>,
    malformed: Option<&'static str>,
}

impl HeaderList {
    /// Empties the list and sets its limit in bytes, as RFC 9113 section 6.5.2 counts them.
    pub(crate) fn restart(&mut self, limit: usize) {
        self.text.clear();
        self.fields.clear();
        self.pseudo = [None; 6];
        self.size = 0;
        self.count = 0;
        self.limit = limit;
        self.content_length = None;
        self.malformed = None;
    }

    /// Adds a field. Over the limit, fields are counted and dropped.
    pub(crate) fn push(&mut self, field: Field<'_>) {
        self.count += 1;
        self.size = self
            .size
            .saturating_add(field.name.len() + field.value.len() + ENTRY_OVERHEAD);
        if field.is_cut {
            self.size = self.size.max(self.limit.saturating_add(1));
        }
        if self.is_too_large() {
            return;
        }
        if let Some(rule) = field.flaw {
            self.malformed.get_or_insert(rule);
            return;
        }
        if field.name == b"content-length"
            && let Some(length) = parse_decimal(field.value)
            && self
                .content_length
                .replace(length)
                .is_some_and(|other| other != length)
        {
            self.malformed
                .get_or_insert("two different content-lengths");
        }
        let slot = Slot {
            start: self.text.len(),
            name_len: field.name.len(),
            value_len: field.value.len(),
            token: field.token,
        };
        if field.name.first() == Some(&b':') {
            let place = match field.name {
                b":method" => METHOD,
                b":scheme" => SCHEME,
                b":authority" => AUTHORITY,
                b":path" => PATH,
                b":status" => STATUS,
                b":protocol" => PROTOCOL,
                _ => {
                    self.malformed.get_or_insert("unknown pseudo-header field");
                    return;
                }
            };
            if !self.fields.is_empty() {
                self.malformed
                    .get_or_insert("pseudo-header field after a regular field");
            } else if self.pseudo[place].replace(slot).is_some() {
                self.malformed.get_or_insert("pseudo-header field twice");
            }
        } else {
            self.fields.push(slot);
        }
        self.text.extend_from_slice(field.name);
        self.text.extend_from_slice(field.value);
    }

    /// Whether the list is what it should be; if not, the rule that it breaks. Lists over the limit are not judged.
    pub(crate) fn judge(&self, kind: ListKind) -> Result<(), &'static str> {
        if self.is_too_large() {
            return Ok(());
        }
        if let Some(rule) = self.malformed {
            return Err(rule);
        }
        let has = |place: usize| self.pseudo[place].is_some();
        match kind {
            ListKind::Request => {
                if has(STATUS) {
                    return Err(":status in a request");
                }
                let method = self.method().ok_or(":method is missing")?;
                if method.bytes == b"CONNECT" && !has(PROTOCOL) {
                    if has(SCHEME) || has(PATH) || !has(AUTHORITY) {
                        return Err("CONNECT with :scheme or :path, or without :authority");
                    }
                } else if !has(SCHEME) {
                    return Err(":scheme is missing");
                } else if self.path().is_none_or(|path| path.bytes.is_empty()) {
                    return Err(":path is missing or empty");
                }
                Ok(())
            }
            ListKind::Response => {
                if [METHOD, SCHEME, AUTHORITY, PATH, PROTOCOL]
                    .into_iter()
                    .any(has)
                {
                    return Err("request pseudo-header field in a response");
                }
                self.status()
                    .map(|_| ())
                    .ok_or(":status is missing or not three digits")
            }
            ListKind::Trailers if self.pseudo.iter().any(Option::is_some) => {
                Err("pseudo-header field in trailers")
            }
            ListKind::Trailers => Ok(()),
        }
    }

    /// Whether the list is over the limit; then it holds only what came before.
    pub const fn is_too_large(&self) -> bool {
        self.size > self.limit
    }

    /// Bytes of the whole list, as RFC 9113 section 6.5.2 counts them.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Fields of the whole list, also those that were dropped.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// `:method`.
    pub fn method(&self) -> Option<Value<'_>> {
        self.pseudo_value(METHOD)
    }

    /// `:scheme`.
    pub fn scheme(&self) -> Option<Value<'_>> {
        self.pseudo_value(SCHEME)
    }

    /// `:authority`.
    pub fn authority(&self) -> Option<Value<'_>> {
        self.pseudo_value(AUTHORITY)
    }

    /// `:path`.
    pub fn path(&self) -> Option<Value<'_>> {
        self.pseudo_value(PATH)
    }

    /// `:status` as a number of three digits.
    pub fn status(&self) -> Option<u16> {
        match self.pseudo_value(STATUS)?.bytes {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
            }
            _ => None,
        }
    }

    /// `content-length`.
    pub(crate) const fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// The regular fields in order: name, and value with its token.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        self.fields.iter().map(|slot| {
            (
                &self.text[slot.start..slot.start + slot.name_len],
                self.value(*slot),
            )
        })
    }

    fn pseudo_value(&self, place: usize) -> Option<Value<'_>> {
        self.pseudo[place].map(|slot| self.value(slot))
    }

    fn value(&self, slot: Slot) -> Value<'_> {
        let start = slot.start + slot.name_len;
        Value {
            bytes: &self.text[start..start + slot.value_len],
            token: slot.token,
        }
    }
}

/// The rule that a field breaks by itself (RFC 9113 section 8.2).
pub(crate) fn flaw(name: &[u8], value: &[u8]) -> Option<&'static str> {
    let (pseudo, rest) = match name {
        [b':', rest @ ..] => (true, rest),
        name => (false, name),
    };
    if has_control(value) {
        Some("control character in a header value")
    } else if rest.is_empty() {
        Some("empty header name")
    } else if !is_plain(rest) && !rest.iter().all(|&byte| NAME_BYTES[usize::from(byte)]) {
        Some("header name with an upper-case or illegal character")
    } else if pseudo {
        None
    } else {
        match name {
            b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding"
            | b"upgrade" => Some("connection-specific header field"),
            b"te" if value != b"trailers" => Some("te other than trailers"),
            b"content-length" if parse_decimal(value).is_none() => {
                Some("content-length is not a number")
            }
            _ => None,
        }
    }
}

/// Whether a value has a control character other than tab (RFC 9110 section 5.5). Folded without a branch: a peer may make many blocks that repeat one long value, so this must run on many bytes at once.
fn has_control(value: &[u8]) -> bool {
    value.iter().fold(0, |found, &byte| {
        found | (u8::from(byte < b' ') & u8::from(byte != b'\t'))
    }) != 0
}

/// Whether a name has only the characters that nearly all names are made of. Folded as `has_control` is.
fn is_plain(name: &[u8]) -> bool {
    let plain = |byte: u8| {
        u8::from(byte.wrapping_sub(b'a') < 26)
            | u8::from(byte.wrapping_sub(b'0') < 10)
            | u8::from(byte == b'-')
            | u8::from(byte == b'_')
            | u8::from(byte == b'.')
    };
    name.iter().fold(1, |all, &byte| all & plain(byte)) != 0
}

/// Characters of a header name in HTTP/2: those of a token (RFC 9110 section 5.6.2) without upper-case letters.
static NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let allowed = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
    let mut i = 0;
    while i < allowed.len() {
        table[allowed[i] as usize] = true;
        i += 1;
    }
    table
};

fn parse_decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(kind: ListKind, fields: &[(&str, &str)]) -> Result<(), &'static str> {
        let mut list = HeaderList::default();
        list.restart(4096);
        for (name, value) in fields {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            list.push(Field {
                name,
                value,
                flaw: flaw(name, value),
                is_cut: false,
                token: 0,
            });
        }
        list.judge(kind)
    }

    const REQUEST: [(&str, &str); 3] =
        [(":method", "POST"), (":scheme", "http"), (":path", "/a/b")];

    fn request(more: &[(&str, &str)]) -> Result<(), &'static str> {
        judge(ListKind::Request, &[&REQUEST[..], more].concat())
    }

    #[test]
    fn good_lists_pass() {
        request(&[]).unwrap();
        request(&[
            (":authority", "x"),
            ("te", "trailers"),
            ("x", "tab\there, \u{e9}"),
            ("content-length", "0"),
        ])
        .unwrap();
        judge(
            ListKind::Request,
            &[(":method", "CONNECT"), (":authority", "x")],
        )
        .unwrap();
        judge(ListKind::Response, &[(":status", "200"), ("a", "")]).unwrap();
        judge(ListKind::Trailers, &[("grpc-status", "0")]).unwrap();
    }

    #[test]
    fn bad_requests_are_named() {
        for (more, rule) in [
            (&[(":method", "GET")][..], "pseudo-header field twice"),
            (&[(":status", "200")], ":status in a request"),
            (&[(":wrong", "1")], "unknown pseudo-header field"),
            (
                &[("a", "b"), (":authority", "x")],
                "pseudo-header field after a regular field",
            ),
            (
                &[("A", "b")],
                "header name with an upper-case or illegal character",
            ),
            (
                &[("a b", "b")],
                "header name with an upper-case or illegal character",
            ),
            (&[("", "b")], "empty header name"),
            (&[("a", "x\r\ny")], "control character in a header value"),
            (
                &[("connection", "close")],
                "connection-specific header field",
            ),
            (&[("te", "gzip")], "te other than trailers"),
            (
                &[("content-length", "-1")],
                "content-length is not a number",
            ),
            (
                &[("content-length", "99999999999999999999")],
                "content-length is not a number",
            ),
            (
                &[("content-length", "1"), ("content-length", "2")],
                "two different content-lengths",
            ),
        ] {
            assert_eq!(request(more), Err(rule), "{more:?}");
        }
        assert_eq!(
            judge(ListKind::Request, &REQUEST[1..]),
            Err(":method is missing")
        );
        assert_eq!(
            judge(ListKind::Request, &REQUEST[..2]),
            Err(":path is missing or empty")
        );
        assert_eq!(
            judge(ListKind::Request, &[REQUEST[0], REQUEST[2]]),
            Err(":scheme is missing")
        );
    }

    #[test]
    fn bad_responses_and_trailers_are_named() {
        for status in ["20", "2000", "2x0", "000", ""] {
            assert_eq!(
                judge(ListKind::Response, &[(":status", status)]),
                Err(":status is missing or not three digits")
            );
        }
        assert_eq!(
            judge(ListKind::Response, &[(":status", "200"), (":path", "/")]),
            Err("request pseudo-header field in a response")
        );
        assert_eq!(
            judge(ListKind::Trailers, &[(":status", "200")]),
            Err("pseudo-header field in trailers")
        );
    }

    #[test]
    fn what_is_over_the_limit_is_counted_and_not_kept() {
        let mut list = HeaderList::default();
        list.restart(100);
        for name in [&b"a"[..], b"b", b"c", b"d"] {
            list.push(Field {
                name,
                value: b"1",
                flaw: None,
                is_cut: false,
                token: 0,
            });
        }
        assert!(list.is_too_large());
        assert_eq!((list.size(), list.fields().count()), (4 * 34, 2));
    }
}
