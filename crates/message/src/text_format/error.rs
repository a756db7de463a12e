//! What is wrong with a text, and where.

use std::fmt;

/// Text that is not the text format of a message, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    message: String,
    source_line: Option<String>,
    position: Option<(usize, usize)>,
}

impl ParseError {
    pub(super) fn at(message: String, source: Option<&str>, position: (usize, usize)) -> Self {
        Self {
            message,
            source_line: source.map(str::to_owned),
            position: Some(position),
        }
    }

    pub(super) fn without_position(message: String) -> Self {
        Self {
            message,
            source_line: None,
            position: None,
        }
    }

    /// What is wrong, without where.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line in question, where the error shows it.
    pub fn source_line(&self) -> Option<&str> {
        self.source_line.as_deref()
    }

    /// Line and column, from 1, the column in characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }
}

/// As the original spells it: `3:5 : 'the line': what is wrong`.
impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.position {
            write!(f, "{line}:{column} : ")?;
        }
        if let Some(source) = &self.source_line {
            write!(f, "'{source}': ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}
