//! Messages built from descriptors at run time: layout, wire codec, merge, equality, `ProtoJSON`, text format.
//!
//! A [`MessageType`] is the table prepared from a descriptor: for each field its number, its slot, its presence bit and how it is coded. A [`Message`] is a reference to one block of memory of that layout, shared like an object of Python: cloning shares, [`Message::duplicate`] copies. It knows no Python.
//!
//! # Storage
//! One heap block a message: a small header, presence bits, then the slots, zero meaning default everywhere.
//! - Scalars stand in their slots. Strings and bytes are a [`Text`] of 16 bytes: up to 15 bytes inline, else a range of the input (which the message then keeps alive), a buffer of its own, or an object of the host.
//! - Sub-messages, lists and maps are blocks of their own, counted references; or, while nobody has read them, ranges of the input that the message keeps. A sub-message that was read but never set stands in its slot without the presence bit and knows its parent; its first change sets the bit there, and upwards. So a view is the thing itself: no table of wrappers, no identity map, and what is cleared away lives on for those that hold it.
//! - Unknown fields and extensions are in a side block that most messages never have.
//!
//! # The host
//! Every block starts with [`PREFIX`] bytes that belong to the [`Host`]: a reference count for Rust, the object header for Python. So in Python a message *is* a Python object, and reading a sub-message is taking a reference. See [`host`].
//!
//! # Threads
//! A message is neither `Send` nor `Sync`: reading may fill caches, as in Python, where the interpreter's lock guards it.

pub mod host;

mod codec;
mod equal;
mod export;
mod guard;
mod input;
pub mod json;
mod list;
mod map;
mod merge;
mod message;
mod message_set;
mod parse;
mod required;
mod resolve;
mod size;
mod stack;
mod text;
pub mod text_format;
mod types;
mod validate;
mod value;
mod well_known;
mod wire_table;
mod write;

pub use export::Export;
pub use guard::Guard;
pub use host::{Host, NodeKind, PREFIX};
pub use input::{DecodeError, Input};
pub use list::{Items, List};
pub use map::{Entries, Map};
pub use merge::TooDeep;
pub use message::{Message, Scalar};
pub use resolve::Resolver;
pub use stack::is_short as stack_is_short;
pub use text::Text;
pub use types::{FieldInfo, MessageType, Shape, Storage, Types};
pub use value::Value;
pub use write::{EncodeError, Encoder};

/// How deep messages and groups may nest when parsed.
pub const MAX_DEPTH: u32 = russet_descriptor::wire::DEFAULT_RECURSION_LIMIT;

/// How deep writing, merging, comparing, measuring and printing follow nested messages, which a program may build deeper than can be written. Beyond it they fail, since each level takes stack.
pub const MAX_NESTING: u32 = 1000;

/// The largest serialized message, in bytes: 2 GiB - 1, as every implementation has it.
pub const MAX_MESSAGE_SIZE: usize = 0x7fff_ffff;
