//! Linked descriptors, with every type findable by its full name.

use rustc_hash::FxHashMap;

use russet_descriptor::proto::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// A message or enum and where it is declared.
#[derive(Clone, Copy, Debug)]
pub enum TypeRef<'s> {
    /// A message and its file.
    Message(&'s FileDescriptorProto, &'s DescriptorProto),
    /// An enum and its file.
    Enum(&'s FileDescriptorProto, &'s EnumDescriptorProto),
}

/// A set of linked files: every import is among them.
#[derive(Debug, Default)]
pub struct Schema<'s> {
    files: FxHashMap<&'s str, &'s FileDescriptorProto>,
    /// By full name with its leading dot, as descriptors refer to types.
    types: FxHashMap<String, TypeRef<'s>>,
}

impl<'s> Schema<'s> {
    /// Indexes the files.
    pub fn new(files: impl IntoIterator<Item = &'s FileDescriptorProto>) -> Self {
        let mut schema = Self::default();
        for file in files {
            schema
                .files
                .insert(file.name.as_deref().unwrap_or_default(), file);
            let package = file.package.as_deref().unwrap_or_default();
            let scope = if package.is_empty() {
                String::new()
            } else {
                format!(".{package}")
            };
            for message in &file.message_type {
                schema.add_message(file, message, &scope);
            }
            for declared in &file.enum_type {
                schema.add_enum(file, declared, &scope);
            }
        }
        schema
    }

    fn add_message(
        &mut self,
        file: &'s FileDescriptorProto,
        message: &'s DescriptorProto,
        scope: &str,
    ) {
        let name = format!("{scope}.{}", message.name.as_deref().unwrap_or_default());
        for nested in &message.nested_type {
            self.add_message(file, nested, &name);
        }
        for declared in &message.enum_type {
            self.add_enum(file, declared, &name);
        }
        self.types.insert(name, TypeRef::Message(file, message));
    }

    fn add_enum(
        &mut self,
        file: &'s FileDescriptorProto,
        declared: &'s EnumDescriptorProto,
        scope: &str,
    ) {
        let name = format!("{scope}.{}", declared.name.as_deref().unwrap_or_default());
        self.types.insert(name, TypeRef::Enum(file, declared));
    }

    /// A file by its name.
    pub fn file(&self, name: &str) -> Option<&'s FileDescriptorProto> {
        self.files.get(name).copied()
    }

    /// A type by its full name with the leading dot.
    pub fn find(&self, name: &str) -> Option<TypeRef<'s>> {
        self.types.get(name).copied()
    }

    /// A message by its full name with the leading dot.
    pub fn message(&self, name: &str) -> Option<&'s DescriptorProto> {
        match self.find(name) {
            Some(TypeRef::Message(_, message)) => Some(message),
            _ => None,
        }
    }

    /// The file that declares a type.
    pub fn file_of(&self, name: &str) -> Option<&'s FileDescriptorProto> {
        match self.find(name)? {
            TypeRef::Message(file, _) | TypeRef::Enum(file, _) => Some(file),
        }
    }
}
