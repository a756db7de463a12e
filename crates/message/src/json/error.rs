//! What is wrong with JSON, where, and which exception it is in Python.

use std::fmt;

use crate::types::FieldInfo;
use crate::value::Value;

/// What kind of exception an error is in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A `ParseError`.
    Parse,
    /// An enum's value that is unknown by its name, which may be ignored: an `EnumStringValueParseError`.
    EnumString,
    /// A `ValueError`.
    Value,
    /// A `TypeError`.
    Type,
    /// A `KeyError`, whose text is the key; it passes through messages as it is.
    Key,
}

/// JSON that is no message of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The kind of exception it is in Python.
    pub kind: Kind,
    /// What is wrong, and where.
    pub text: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ParseError {}

/// Boxed, since it is rare and results of values are many.
pub(super) struct Failure(Box<ParseError>);

impl Failure {
    #[cold]
    pub(super) fn new(kind: Kind, text: String) -> Self {
        Self(Box::new(ParseError { kind, text }))
    }

    #[cold]
    pub(super) fn parse(text: impl Into<String>) -> Self {
        Self::new(Kind::Parse, text.into())
    }

    pub(super) fn kind(&self) -> Kind {
        self.0.kind
    }

    pub(super) fn into_error(self) -> ParseError {
        *self.0
    }

    /// With the place, if it is an error about a value that does not know its place.
    #[cold]
    pub(super) fn at(mut self, path: &Path<'_>) -> Self {
        if matches!(self.0.kind, Kind::Parse | Kind::EnumString) {
            self.0.text = format!("{} at {path}", self.0.text);
        }
        self
    }

    /// As the original passes it on from a field of a message.
    #[cold]
    pub(super) fn in_field(self, name: &str, field: Option<&FieldInfo>) -> Self {
        if self.0.kind == Kind::Key {
            return self;
        }
        let is_parse_error = matches!(self.0.kind, Kind::Parse | Kind::EnumString);
        let in_oneof = field.is_none_or(|field| field.descriptor().containing_oneof().is_some());
        if is_parse_error && in_oneof {
            return Self::parse(self.0.text);
        }
        Self::parse(format!("Failed to parse {name} field: {}.", self.0.text))
    }
}

/// Where a value is, written only for errors.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root(&'p str),
    Field(&'p Self, &'p str),
    Index(&'p Self, usize),
    /// An entry of a map, and whether its key is meant.
    Entry(&'p Self, &'p Value),
    Key(&'p Self),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Field(path, name) => write!(f, "{path}.{name}"),
            Self::Index(path, index) => write!(f, "{path}[{index}]"),
            Self::Key(path) => write!(f, "{path}.key"),
            Self::Entry(path, key) => match key {
                Value::Bool(truth) => {
                    write!(f, "{path}[{}]", if *truth { "True" } else { "False" })
                }
                Value::I32(key) => write!(f, "{path}[{key}]"),
                Value::U32(key) => write!(f, "{path}[{key}]"),
                Value::I64(key) => write!(f, "{path}[{key}]"),
                Value::U64(key) => write!(f, "{path}[{key}]"),
                Value::Text(key) => {
                    write!(f, "{path}[{}]", String::from_utf8_lossy(key.as_slice()))
                }
                Value::F32(_) | Value::F64(_) | Value::Message(_) => write!(f, "{path}[]"),
            },
        }
    }
}
