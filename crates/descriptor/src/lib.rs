//! What a protobuf schema is: the ground floor that the compiler, the generators and the message runtime share.
//!
//! [`proto`] holds the messages of `descriptor.proto` as plain structs that read and write their wire form. It does not parse `.proto` text (that is `russet-compiler`) and knows no message values (that is `russet-message`).

pub mod proto;
pub mod wire;
