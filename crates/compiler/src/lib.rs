//! From `.proto` text to descriptors: the front half of protoc.
//!
//! [`SourceTree`] says where files are, [`Compiler`] reads, parses and links them with all they import, and gives [`FileDescriptorProto`](russet_descriptor::proto::FileDescriptorProto)s that equal protoc's byte for byte, source info included. What is wrong comes as [`Diagnostic`]s with protoc's wording and position. Nothing is written and nothing is generated here: that is `russet-codegen` and `russet-cli`.
//!
//! The stages: `lexer` (text to tokens, comments attached), `parser` (tokens to descriptors as written), `link` (names resolved, options interpreted, rules checked), over `table`, which knows what all files declare.

mod compile;
mod definitions;
mod descriptor_set;
mod diagnostics;
mod edition_defaults;
mod editions;
mod features;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod lexer;
mod link;
mod literal;
mod names;
mod parse_ahead;
mod parser;
mod similar;
mod source;
mod symbols;
mod table;
pub mod well_known;

pub use compile::{Compiler, MAX_IMPORT_DEPTH};
pub use descriptor_set::{add_json_names, encode_set};
pub use diagnostics::{Diagnostic, MAX_ERRORS_PER_FILE, Note, Position, Severity, TAB_WIDTH};
pub use edition_defaults::{edition_defaults, edition_of_name};
pub use names::json_name;
pub use parser::MAX_MESSAGE_NESTING;
pub use source::{MAX_FILE_SIZE, Root, SourceError, SourceTree, Virtual};
