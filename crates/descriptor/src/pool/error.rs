//! Why a file does not enter a pool.

use thiserror::Error;

use crate::wire::WireError;

/// Why a file was not added; the pool is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PoolError {
    /// The bytes are not a `FileDescriptorProto`.
    #[error("the bytes are not a FileDescriptorProto: {0}")]
    Malformed(#[from] WireError),
    /// A file that it imports is not in the pool.
    #[error(
        "{file}: Depends on file '{dependency}', but it has not been loaded; add the imported file first"
    )]
    MissingDependency {
        /// The file that imports.
        file: String,
        /// The file that is imported.
        dependency: String,
    },
    /// Another file of the same name, with other content.
    #[error(
        "duplicate file name {file}: the pool already holds a file of this name with other content; compile each file with its path from one common root, so that names differ"
    )]
    DuplicateFile {
        /// The name both have.
        file: String,
    },
    /// A full name that another file, or the same, already defines.
    #[error("duplicate symbol '{symbol}': defined in \"{first}\" and again in \"{second}\"")]
    DuplicateSymbol {
        /// The full name.
        symbol: String,
        /// The file that defined it first.
        first: String,
        /// The file refused.
        second: String,
    },
    /// Two extensions of the same message and number.
    #[error(
        "duplicate extension entry: \"{second}\" in \"{second_file}\" extends {extendee} with number {number}, which \"{first}\" in \"{first_file}\" already does"
    )]
    DuplicateExtension {
        /// The message extended.
        extendee: String,
        /// The field number.
        number: u32,
        /// The extension added first.
        first: String,
        /// Its file.
        first_file: String,
        /// The extension refused.
        second: String,
        /// Its file.
        second_file: String,
    },
    /// The pool's feature defaults have none for the file's edition.
    #[error("{file}: {problem}")]
    Edition {
        /// The file.
        file: String,
        /// Why its edition has no defaults.
        problem: String,
    },
    /// A type name that leads nowhere.
    #[error("{file}: couldn't resolve name '{name}', the type of {referrer}")]
    Unresolved {
        /// The file with the reference.
        file: String,
        /// What refers.
        referrer: String,
        /// The name.
        name: String,
    },
    /// A descriptor that breaks a rule of the language.
    #[error("{file}: {element}: {problem}")]
    Invalid {
        /// The file.
        file: String,
        /// The full name of the element.
        element: String,
        /// The rule that it breaks.
        problem: String,
    },
}
