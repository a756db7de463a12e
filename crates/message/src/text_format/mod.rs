//! Text format: messages as people write them in files, as `google.protobuf` prints and reads them.
//!
//! [`Printer`] prints in one of two dialects, because there are two printers in the original: `str(message)` (numbers as C's `%g` has them, shortest of two precisions that reads back) and `text_format.MessageToString` (numbers as Python's `repr`, entries of maps without default keys, `Any` expanded). Maps are printed in the order of their keys. [`Parser`] reads both.

mod error;
mod escape;
mod numbers;
mod parse;
mod print;
mod scalars;
mod skip;
mod tokens;

pub use error::ParseError;
pub use escape::{UnescapeError, escape, unescape};
pub use numbers::{
    NumberError, c_double, c_float, parse_bool, parse_float, parse_integer, python_repr,
    shortest_float,
};
pub use parse::Parser;
pub use print::{Dialect, Format, PrintError, Printer, Resolution};

pub(crate) use escape::python_quoted;
pub(crate) use numbers::push_python_repr;
pub(crate) use print::key_text;
