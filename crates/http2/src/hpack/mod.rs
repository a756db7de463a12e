//! HPACK, the compression of header lists (RFC 7541).
//!
//! [`Decoder`] and [`Encoder`] each are one direction of one connection. The decoder numbers what the peer puts into its dynamic table, so that a user can cache what it derived from an entry; the encoder decides what is worth a place in the table.

mod decoder;
mod encoder;
mod huffman;
mod integer;
mod static_table;

use thiserror::Error;

pub use decoder::{Check, Decoder, Field};
pub use encoder::{Encoder, Index};

/// Bytes that a dynamic table may hold before SETTINGS say otherwise (RFC 9113 section 6.5.2).
pub const DEFAULT_TABLE_SIZE: usize = 4096;

/// What an entry costs beyond its name and value (RFC 7541 section 4.1).
pub const ENTRY_OVERHEAD: usize = 32;

/// Why a header block cannot be decoded. All end the connection: the table's state is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HpackError {
    /// The block ends inside a field.
    #[error("header block ends inside a field")]
    Truncated,
    /// An integer is too long.
    #[error("HPACK integer too long")]
    IntegerOverflow,
    /// An index beyond both tables.
    #[error("HPACK index beyond the tables")]
    BadIndex,
    /// A table size update over the announced size, or after the first field.
    #[error("HPACK table size update not allowed")]
    BadSizeUpdate,
    /// No table size update at the start of the first block after a smaller table was agreed on (RFC 9113 section 4.3.1).
    #[error("HPACK table size update missing")]
    MissingSizeUpdate,
    /// The EOS code inside a string.
    #[error("Huffman EOS inside a string")]
    HuffmanEos,
    /// More than seven bits of padding, or padding other than ones.
    #[error("wrong Huffman padding")]
    HuffmanPadding,
}
