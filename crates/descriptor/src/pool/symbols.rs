//! Full names and what they lead to.

use std::collections::HashMap;

use super::model::{Enum, EnumValue, Field, File, Message, Method, Oneof, Service};

/// What a full name leads to.
#[derive(Clone, Copy, Debug)]
pub enum Symbol {
    /// A package; the file is the first that declared it.
    Package(&'static File),
    /// A message.
    Message(&'static Message),
    /// A field or an extension.
    Field(&'static Field),
    /// A oneof.
    Oneof(&'static Oneof),
    /// An enum.
    Enum(&'static Enum),
    /// A value of an enum.
    EnumValue(&'static EnumValue),
    /// A service.
    Service(&'static Service),
    /// A method.
    Method(&'static Method),
}

impl Symbol {
    /// The file that defines it.
    pub fn file(self) -> &'static File {
        match self {
            Self::Package(file) => file,
            Self::Message(message) => message.file(),
            Self::Field(field) => field.file(),
            Self::Oneof(oneof) => oneof.containing_type().file(),
            Self::Enum(enumeration) => enumeration.file(),
            Self::EnumValue(value) => value.parent().file(),
            Self::Service(service) => service.file(),
            Self::Method(method) => method.service().file(),
        }
    }
}

/// The table of names. Fields, oneofs and methods, which are most of what a file declares, are not in it: they are found through the message or service that they stand in.
#[derive(Debug, Default)]
pub(super) struct Symbols(HashMap<&'static str, Symbol>);

impl Symbols {
    /// A table with room for `count` names.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self(HashMap::with_capacity(count))
    }

    /// Whatever has this full name.
    pub(super) fn get(&self, full_name: &str) -> Option<Symbol> {
        self.container(full_name).or_else(|| self.member(full_name))
    }

    /// What has this full name, unless it is a field, a oneof or a method; extensions are found.
    pub(super) fn container(&self, full_name: &str) -> Option<Symbol> {
        self.0.get(full_name).copied()
    }

    fn member(&self, full_name: &str) -> Option<Symbol> {
        let (scope, name) = full_name.rsplit_once('.')?;
        match self.0.get(scope)? {
            Symbol::Message(message) => message
                .field_by_name(name)
                .map(Symbol::Field)
                .or_else(|| message.oneof_by_name(name).map(Symbol::Oneof)),
            Symbol::Service(service) => service.method_by_name(name).map(Symbol::Method),
            _ => None,
        }
    }

    /// Puts a name that is not there yet.
    pub(super) fn insert(&mut self, full_name: &'static str, symbol: Symbol) {
        self.0.insert(full_name, symbol);
    }

    /// Takes over all of `other`.
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}
