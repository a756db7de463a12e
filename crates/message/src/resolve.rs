//! How names in text become descriptors: the types of `Any`, and extensions.

use russet_descriptor::pool::{Field, Message, Pool, Symbol};

use crate::types::Types;

/// Where names are looked up. A [`Pool`] is one; a host may ask elsewhere for what its pool does not hold.
pub trait Resolver {
    /// What a full name leads to.
    fn symbol(&self, full_name: &str) -> Option<Symbol>;

    /// Where the extensions of messages that it finds are looked up by number.
    fn types(&self) -> Types<'_>;

    /// The message of a full name.
    fn message(&self, full_name: &str) -> Option<&'static Message> {
        match self.symbol(full_name)? {
            Symbol::Message(message) => Some(message),
            _ => None,
        }
    }

    /// The extension of a full name. In a message set, an extension also goes by the name of its message.
    fn extension(&self, full_name: &str) -> Option<&'static Field> {
        match self.symbol(full_name)? {
            Symbol::Field(field) => field.is_extension().then_some(field),
            Symbol::Message(message) => message
                .extensions()
                .iter()
                .copied()
                .find(|extension| is_of_message_set(extension, message)),
            _ => None,
        }
    }
}

impl Resolver for Pool {
    fn symbol(&self, full_name: &str) -> Option<Symbol> {
        Self::symbol(self, full_name)
    }

    fn types(&self) -> Types<'_> {
        Types { pool: Some(self) }
    }
}

/// Whether an extension is the one by which a message is an item of message sets.
fn is_of_message_set(extension: &Field, message: &Message) -> bool {
    extension.containing_type().is_message_set()
        && !extension.is_repeated()
        && extension
            .message_type()
            .is_some_and(|ty| std::ptr::eq(ty, message))
}

/// The name of an extension in text: that of its message where it is an item of a message set.
pub(crate) fn extension_name(extension: &Field) -> &str {
    match extension.message_type() {
        Some(message)
            if extension.containing_type().is_message_set()
                && !extension.is_repeated()
                && !extension.is_required() =>
        {
            message.full_name()
        }
        _ => extension.full_name(),
    }
}
