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

/// Another place that a finding has to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The virtual name of the file.
    pub file: String,
    /// Absent where the note concerns the whole file.
    pub position: Option<Position>,
    /// What is there.
    pub message: String,
}

/// One finding. `Display` gives the one line that protoc's tools expect; the hint and the notes are for people.
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
    /// What to do about it, where that can be guessed.
    pub hint: Option<String>,
    /// Other places to look at.
    pub notes: Vec<Note>,
    /// Whether it may only follow from an import that is missing or wrong: protoc's lines have it, a person need not read it.
    pub is_consequence: bool,
}

impl Diagnostic {
    /// An error of the whole file.
    pub fn file_error(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            position: None,
            severity: Severity::Error,
            message: message.into(),
            hint: None,
            notes: Vec::new(),
            is_consequence: false,
        }
    }

    /// With the place it stands at.
    #[must_use]
    pub(crate) fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
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
    list: Vec<Finding>,
    errors: usize,
}

/// A [`Diagnostic`] whose file is known by whoever has the [`Findings`].
#[derive(Debug)]
pub(crate) struct Finding {
    position: Option<Position>,
    severity: Severity,
    message: String,
    hint: Option<String>,
    notes: Vec<(Option<Position>, String)>,
    undefined: Option<Undefined>,
    is_consequence: bool,
}

/// A name that was not found: which file defines it is looked up when the error is reported.
#[derive(Debug)]
pub(crate) struct Undefined {
    /// As written.
    pub(crate) name: String,
    /// The package of the file it is written in.
    pub(crate) package: String,
}

impl Finding {
    fn new(position: Option<Position>, severity: Severity, message: String) -> Self {
        Self {
            position,
            severity,
            message,
            hint: None,
            notes: Vec::new(),
            undefined: None,
            is_consequence: false,
        }
    }

    pub(crate) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// A place in the same file that has to do with it.
    pub(crate) fn note(&mut self, position: Option<Position>, message: impl Into<String>) {
        self.notes.push((position, message.into()));
    }

    pub(crate) fn consequence(&mut self) {
        self.is_consequence = true;
    }

    pub(crate) fn undefined(&mut self, undefined: Undefined) {
        self.undefined = Some(undefined);
    }
}

impl Findings {
    /// Adds an error. What is beyond the limit is counted; a hint for it is lost with it.
    pub(crate) fn error(
        &mut self,
        position: Option<Position>,
        message: impl Into<String>,
    ) -> Option<&mut Finding> {
        self.errors += 1;
        if self.errors < MAX_ERRORS_PER_FILE {
            let finding = Finding::new(position, Severity::Error, message.into());
            self.list.push(finding);
            return self.list.last_mut();
        }
        if self.errors == MAX_ERRORS_PER_FILE {
            let message = format!(
                "Too many errors in this file: {MAX_ERRORS_PER_FILE} or more; the rest is not shown."
            );
            self.list
                .push(Finding::new(position, Severity::Error, message));
        }
        None
    }

    pub(crate) fn warning(&mut self, position: Option<Position>, message: impl Into<String>) {
        if self.list.len() < 2 * MAX_ERRORS_PER_FILE {
            self.list
                .push(Finding::new(position, Severity::Warning, message.into()));
        }
    }

    /// Whether further errors are only counted, so that no work need be put into their messages.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= MAX_ERRORS_PER_FILE
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Where names that were not found are defined is asked of `find`.
    pub(crate) fn into_diagnostics<'f>(
        self,
        file: &'f str,
        find: &'f mut dyn FnMut(&Undefined) -> Option<String>,
    ) -> impl Iterator<Item = Diagnostic> + 'f {
        self.list.into_iter().map(move |finding| {
            let hint = finding.hint;
            let undefined = finding.undefined;
            Diagnostic {
                file: file.to_owned(),
                position: finding.position,
                severity: finding.severity,
                message: finding.message,
                is_consequence: finding.is_consequence,
                hint: undefined.and_then(|undefined| find(&undefined)).or(hint),
                notes: finding
                    .notes
                    .into_iter()
                    .map(|(position, message)| Note {
                        file: file.to_owned(),
                        position,
                        message,
                    })
                    .collect(),
            }
        })
    }
}
