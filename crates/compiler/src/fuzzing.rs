//! The stages one by one, for fuzz targets; each asserts what holds for every input. Not part of the crate's API.

use crate::lexer::{Lexer, Mode, TokenKind};
use crate::literal;

/// Reads all tokens of `source`, both ways and in both modes: every token is a slice of the source that stands after the one before, and its value can be had.
pub fn lex(source: &[u8]) {
    for mode in [Mode::Proto, Mode::Text] {
        for with_comments in [false, true] {
            let mut lexer = Lexer::new(source, mode);
            let mut before = source.as_ptr().addr();
            loop {
                if with_comments {
                    lexer.next_with_comments();
                } else {
                    lexer.next();
                }
                let token = lexer.current();
                if token.kind == TokenKind::End {
                    break;
                }
                let start = token.text.as_ptr().addr();
                assert!(start >= before && !token.text.is_empty());
                before = start + token.text.len();
                value(token.kind, token.text);
            }
        }
    }
}

fn value(kind: TokenKind, text: &[u8]) {
    match kind {
        TokenKind::Integer => {
            let _value = literal::integer(text, u64::MAX);
        }
        TokenKind::Float => {
            let _text = literal::double_text(literal::float(text));
        }
        TokenKind::String => {
            let mut bytes = Vec::new();
            literal::append_string(text, &mut bytes);
            // No escape makes a string longer than it is written.
            assert!(bytes.len() <= text.len());
            let _text = literal::c_escape(&bytes);
        }
        _ => {}
    }
}

/// Parses `source` as one file: the descriptor reads back from its own wire form.
pub fn parse(source: &[u8]) {
    let (file, findings) = crate::parser::parse("fuzz.proto", source);
    let bytes = file.encode();
    let again = russet_descriptor::proto::FileDescriptorProto::decode(&bytes);
    let again = again.map(|again| again.encode());
    // What is nested deeper than a reader accepts is an error already.
    assert!(findings.has_errors() || again == Ok(bytes));
}
