//! Oneofs.

use super::{Field, Message};
use crate::proto::OneofDescriptorProto;

/// A oneof: of its fields at most one is set.
pub struct Oneof {
    pub(in crate::pool) name: &'static str,
    pub(in crate::pool) full_name: &'static str,
    pub(in crate::pool) index: usize,
    pub(in crate::pool) message: &'static Message,
    pub(in crate::pool) fields: Vec<usize>,
    pub(in crate::pool) synthetic: bool,
}

impl Oneof {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Its name after that of its message.
    pub fn full_name(&self) -> &'static str {
        self.full_name
    }
    /// Its place in its message.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its message.
    pub fn containing_type(&self) -> &'static Message {
        self.message
    }
    /// Its fields, as declared.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + '_ {
        self.fields
            .iter()
            .map(|&index| &self.message.fields()[index])
    }
    /// Whether it only stands for `optional` on a proto3 field.
    pub fn is_synthetic(&self) -> bool {
        self.synthetic
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static OneofDescriptorProto {
        &self.message.proto().oneof_decl[self.index]
    }
}
