//! What is wrong with a `.proto` file, and where.
//!
//! Positions count from zero, in bytes, with a tab moving to the next multiple of [`TAB_WIDTH`], as protoc counts; [`Diagnostic`]'s `Display` prints them from one.

use std::fmt;

/// How far a tab moves the column.
pub const TAB_WIDTH: u32 = 8;

/// The most errors kept for one file; what follows is only counted.
pub const MAX_ERRORS_PER_FILE: usize = 1000;

/// Whether a finding stops the compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Printed; the outputs are written all the same.
    Warning,
}

/// A line and a column, from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from zero.
    pub line: u32,
    /// The column in bytes, from zero, tabs expanded.
    pub column: u32,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The virtual name of the file.
    pub file: String,
    /// Absent where the finding concerns the whole file.
    pub position: Option<Position>,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in protoc's words where protoc has words for it.
    pub message: String,
}

impl Diagnostic {
    /// An error of the whole file.
    pub fn file_error(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            position: None,
            severity: Severity::Error,
            message: message.into(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.file)?;
        if let Some(position) = self.position {
            write!(out, "{}:{}:", position.line + 1, position.column + 1)?;
        }
        if self.severity == Severity::Warning {
            write!(out, " warning:")?;
        }
        write!(out, " {}", self.message)
    }
}

/// The findings of one file, bounded by [`MAX_ERRORS_PER_FILE`].
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<(Option<Position>, Severity, String)>,
    errors: usize,
}

impl Findings {
    pub(crate) fn error(&mut self, position: Option<Position>, message: impl Into<String>) {
        self.errors += 1;
        if self.errors < MAX_ERRORS_PER_FILE {
            self.list.push((position, Severity::Error, message.into()));
        } else if self.errors == MAX_ERRORS_PER_FILE {
            let message = format!(
                "Too many errors in this file: {MAX_ERRORS_PER_FILE} or more; the rest is not shown."
            );
            self.list.push((position, Severity::Error, message));
        }
    }

    pub(crate) fn warning(&mut self, position: Option<Position>, message: impl Into<String>) {
        if self.list.len() < 2 * MAX_ERRORS_PER_FILE {
            self.list
                .push((position, Severity::Warning, message.into()));
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    pub(crate) fn into_diagnostics(self, file: &str) -> impl Iterator<Item = Diagnostic> + '_ {
        self.list
            .into_iter()
            .map(move |(position, severity, message)| Diagnostic {
                file: file.to_owned(),
                position,
                severity,
                message,
            })
    }
}
