//! From descriptors to source code: Python modules, type stubs and gRPC stubs, and the protocol of protoc's plugins.
//!
//! A generator gets a [`Schema`] (linked descriptors) and the name of one file of it, and gives the text of one generated file. It reads and writes no files; what text goes where is the command line's business.

mod files;
mod generator;
mod paths;
pub mod plugin;
pub mod python;
mod schema;

use thiserror::Error;

pub use files::{FileError, GeneratedFiles};
pub use generator::Generator;
pub use schema::{Schema, TypeRef};

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The path relative to the output directory.
    pub name: String,
    /// The text.
    pub content: String,
    /// An empty `__init__.py`, which several generators may want and which does not replace one that is there.
    pub is_package_marker: bool,
}

/// Why nothing was generated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenerateError {
    /// The parameter of the generator holds an option it does not know.
    #[error("Unknown generator option: {0}")]
    UnknownOption(String),
    /// `runtime=` with a value that is none of the runtimes.
    #[error("Unknown runtime \"{value}\": use {expected}")]
    UnknownRuntime {
        /// What was given.
        value: String,
        /// What could be given.
        expected: &'static str,
    },
    /// An option with a value that it cannot have.
    #[error("Unknown value \"{value}\" of {option}: use {expected}")]
    WrongValue {
        /// The option.
        option: String,
        /// What was given.
        value: String,
        /// What could be given.
        expected: String,
    },
    /// The schema has no such file.
    #[error("File \"{0}\" is not among the descriptors")]
    UnknownFile(String),
}

/// Splits a generator's parameter, `a=b,c`, into names and values.
pub fn parse_parameter(parameter: &str) -> impl Iterator<Item = (&str, &str)> {
    parameter
        .split(',')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
}
