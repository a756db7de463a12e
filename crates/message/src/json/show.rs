//! JSON values as Python shows them, for errors.

use std::fmt::Write as _;

use super::document::{Document, Node};
use crate::text_format::{python_quoted, python_repr};

/// After so many bytes, what is in a list or object is left out.
const SHOWN: usize = 1_000;

/// A value as Python's `str` shows it.
pub(super) fn shown(document: &Document<'_>, index: usize) -> String {
    match document.node(index) {
        Node::String(text) => text.to_string(),
        Node::Unpaired(text) => text.clone(),
        Node::List(_) | Node::Object(_) | Node::Mapping(_) => all(document, index),
        Node::Other(other) => other.shown.clone(),
        _ => {
            let mut out = String::new();
            one(document.node(index), &mut out);
            out
        }
    }
}

/// A value as Python's `repr` shows it.
pub(super) fn quoted(document: &Document<'_>, index: usize) -> String {
    all(document, index)
}

/// A value and all in it, without recursion.
fn all(document: &Document<'_>, index: usize) -> String {
    let mut out = String::new();
    // Where each open list or object ends, what closes it, and whether a key comes next.
    let mut open: Vec<(usize, char, bool)> = Vec::new();
    let mut at = index;
    let end = document.after(index);
    let mut first = true;
    while at < end || !open.is_empty() {
        if let Some(&(stop, close, _)) = open.last()
            && at == stop
        {
            out.push(close);
            open.pop();
            first = false;
            if let Some(last) = open.last_mut().filter(|last| last.1 == '}') {
                last.2 = true;
            }
            continue;
        }
        if out.len() > SHOWN {
            out.push_str("...");
            return out;
        }
        let is_value = open.last().is_some_and(|last| last.1 == '}' && !last.2);
        if is_value {
            out.push_str(": ");
        } else if !first {
            out.push_str(", ");
        }
        first = false;
        match document.node(at) {
            Node::List(stop) => {
                out.push('[');
                open.push((*stop, ']', false));
                first = true;
            }
            Node::Object(stop) | Node::Mapping(stop) => {
                out.push('{');
                open.push((*stop, '}', true));
                first = true;
            }
            node => {
                one(node, &mut out);
                if let Some(last) = open.last_mut().filter(|last| last.1 == '}') {
                    last.2 = !last.2;
                }
            }
        }
        at += 1;
    }
    out
}

/// A value that has no others in it.
fn one(node: &Node<'_>, out: &mut String) {
    match node {
        Node::Null => out.push_str("None"),
        Node::Bool(true) => out.push_str("True"),
        Node::Bool(false) => out.push_str("False"),
        Node::Number(text) if !text.contains(['.', 'e', 'E']) => out.push_str(text),
        Node::Number(text) => out.push_str(&python_repr(text.parse().unwrap_or(f64::NAN))),
        Node::Float(value) => out.push_str(&python_repr(*value)),
        Node::String(text) => out.push_str(&python_quoted(text)),
        Node::Unpaired(text) => out.push_str(&python_quoted(text)),
        Node::Bytes(bytes) => {
            let _ = write!(out, "b'{}'", bytes.escape_ascii());
        }
        Node::Other(other) => out.push_str(&other.quoted),
        Node::TooDeep => out.push_str("..."),
        Node::List(_) | Node::Object(_) | Node::Mapping(_) => {}
    }
}

/// The name of a value's type in Python.
pub(super) fn type_name<'a>(node: &'a Node<'_>) -> &'a str {
    match node {
        Node::Null => "NoneType",
        Node::Bool(_) => "bool",
        Node::Number(text) if !text.contains(['.', 'e', 'E']) => "int",
        Node::Number(_) | Node::Float(_) => "float",
        Node::String(_) | Node::Unpaired(_) => "str",
        Node::Bytes(_) => "bytes",
        Node::List(_) => "list",
        Node::Object(_) | Node::TooDeep => "dict",
        Node::Mapping(_) => "mapping",
        Node::Other(other) => &other.type_name,
    }
}
