//! The linked descriptors: what a pool holds and hands out.
//!
//! Each is immutable once its file is in the pool, and lives as long as the process (see [`super::Pool`]), so that references between them are plain `&'static`. What linking and the message runtime ask for stands in them; the rest, options above all, is in the file's `FileDescriptorProto`, which is made of the file's bytes when it is first asked for. A descriptor finds its part of it by its place among its siblings.

mod enumeration;
mod field;
mod field_type;
mod file;
mod message;
mod oneof;
mod service;

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

pub use enumeration::{Enum, EnumValue};
pub use field::{Default, Field};
pub(super) use field::{Resolved, TypeRef};
pub use field_type::{Cardinality, FieldType};
pub use file::File;
pub use message::Message;
pub use oneof::Oneof;
pub use service::{Method, Service};

/// A place for what another layer derives from a descriptor (a table, a class), made once.
#[derive(std::default::Default)]
pub struct Attachment(OnceLock<&'static (dyn Any + Send + Sync)>);

impl Attachment {
    /// What was attached, if it is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&'static T> {
        self.0.get().and_then(|any| any.downcast_ref())
    }

    /// Attaches `value` unless something is attached already, and returns what is attached.
    ///
    /// # Panics
    /// If something of another type is attached: two layers claim one place.
    pub fn get_or_attach<T: Any + Send + Sync>(&self, value: impl FnOnce() -> T) -> &'static T {
        self.0
            .get_or_init(|| Box::leak(Box::new(value())))
            .downcast_ref()
            .expect("one layer owns a descriptor's attachment")
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() {
            "Attachment(..)"
        } else {
            "Attachment"
        })
    }
}

/// Identity is what makes descriptors equal, as it is in `google.protobuf`.
macro_rules! identity {
    ($($type:ident)*) => {$(
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                std::ptr::eq(self, other)
            }
        }
        impl Eq for $type {}
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), self.full_name())
            }
        }
    )*};
}
identity!(File Message Field Oneof Enum EnumValue Service Method);
