//! What a protobuf schema is: the ground floor that the compiler, the generators and the message runtime share.
//!
//! [`proto`] holds the messages of `descriptor.proto` as plain structs that read and write their wire form; [`pool`] links files of them into descriptors that are looked up by name and number. It does not parse `.proto` text (that is `russet-compiler`) and knows no message values (that is `russet-message`).

pub mod pool;
pub mod proto;
mod source_info;
mod text;
pub mod wire;
