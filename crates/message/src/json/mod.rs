//! `ProtoJSON`: messages as JSON, as the specification and `google.protobuf.json_format` have it.
//!
//! A [`Printer`] walks a message and tells a [`Sink`] what it meets: [`TextSink`] writes UTF-8, a host may build objects of its own. A [`Parser`] puts a [`Document`] into a message: read from text, or built from objects of a host.

mod base64;
mod convert;
mod document;
mod enum_names;
mod error;
mod mask;
mod print;
mod read;
mod scalars;
mod show;
mod text;
mod time;

pub use convert::{Parser, scalar_value};
pub use document::{Document, Foreign, Node};
pub(crate) use enum_names::EnumNames;
pub use error::{Kind, ParseError};
pub use print::{Integer, PrintError, Printer, Sink};
pub use read::ReadError;
pub use text::TextSink;
