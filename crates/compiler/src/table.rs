//! What all linked files declare: one name table, and messages, fields and enums as flat lists that refer to each other by index.
//!
//! The bundled `descriptor.proto` is always there, hidden from name lookup until a file imports it, so that options can be interpreted in files that import nothing.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use russet_descriptor::proto::{
    ExtensionRangeOptions, FeatureSupport, edition, field_presence, field_type, label,
    utf8_validation,
};

use crate::features::Features;
use crate::symbols::Symbols;

/// A name, shared by all places that hold it.
pub(crate) type Name = Arc<str>;

/// The last part of a full name, in the memory of the full name.
#[derive(Clone, Debug)]
pub(crate) struct LastPart {
    full: Name,
    start: usize,
}

impl LastPart {
    /// What follows the last dot.
    pub(crate) fn of(full: &Name) -> Self {
        Self {
            full: full.clone(),
            start: full.rfind('.').map_or(0, |dot| dot + 1),
        }
    }

    pub(crate) fn full(&self) -> &Name {
        &self.full
    }
}

impl Deref for LastPart {
    type Target = str;
    fn deref(&self) -> &str {
        self.full.get(self.start..).unwrap_or_default()
    }
}

impl PartialEq for LastPart {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Display for LastPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) struct $name(pub(crate) usize);
    )*};
}
ids! {
    /// Index of a file.
    FileId
    /// Index of a message.
    MessageId
    /// Index of a field or extension.
    FieldId
    /// Index of an enum.
    EnumId
}

/// What a full name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// With the first file that declares it.
    Package(FileId),
    Message(MessageId),
    Enum(EnumId),
    /// The enum, and the value's index in it.
    EnumValue(EnumId, usize),
    Field(FieldId),
    Oneof(FileId),
    Service(FileId),
    Method(FileId),
}

impl Symbol {
    /// Whether names can be looked up inside of it.
    pub(crate) fn is_aggregate(self) -> bool {
        matches!(
            self,
            Self::Package(_) | Self::Message(_) | Self::Enum(_) | Self::Service(_)
        )
    }

    pub(crate) fn is_type(self) -> bool {
        matches!(self, Self::Message(_) | Self::Enum(_))
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) package: String,
    pub(crate) dependencies: Vec<FileId>,
    pub(crate) public_dependencies: Vec<FileId>,
    pub(crate) edition: i32,
    pub(crate) is_lite: bool,
    pub(crate) messages: Vec<MessageId>,
    pub(crate) enums: Vec<EnumId>,
    pub(crate) extensions: Vec<FieldId>,
    pub(crate) features: Features,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) name: LastPart,
    pub(crate) full_name: Name,
    pub(crate) file: FileId,
    pub(crate) parent: Option<MessageId>,
    pub(crate) fields: Vec<FieldId>,
    pub(crate) extensions: Vec<FieldId>,
    pub(crate) nested: Vec<MessageId>,
    pub(crate) enums: Vec<EnumId>,
    pub(crate) oneofs: Vec<LastPart>,
    /// Start and exclusive end.
    pub(crate) extension_ranges: Vec<(i32, i32)>,
    /// Start and exclusive end.
    pub(crate) reserved_ranges: Vec<(i32, i32)>,
    pub(crate) is_map_entry: bool,
    pub(crate) is_message_set: bool,
    /// A number of `symbol_visibility`.
    pub(crate) visibility: i32,
    /// Declarations and verification of its extension ranges, by the range's index.
    pub(crate) range_options: FxHashMap<usize, ExtensionRangeOptions>,
    pub(crate) features: Features,
}

#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of a field, as descriptor.proto has them"
)]
pub(crate) struct Field {
    pub(crate) name: LastPart,
    pub(crate) full_name: Name,
    pub(crate) file: FileId,
    pub(crate) number: i32,
    pub(crate) label: i32,
    /// A number of `field_type`; zero while a named type is unresolved.
    pub(crate) type_: i32,
    pub(crate) message: Option<MessageId>,
    pub(crate) enumeration: Option<EnumId>,
    /// The message it is a field of; for an extension the extended one, once resolved.
    pub(crate) containing: Option<MessageId>,
    pub(crate) is_extension: bool,
    pub(crate) oneof: Option<usize>,
    pub(crate) packed: bool,
    /// Whether it is the key or the value of a map's entry.
    pub(crate) is_entry_part: bool,
    pub(crate) is_source_only: bool,
    pub(crate) has_default: bool,
    pub(crate) targets: Vec<i32>,
    /// The editions that may set it, where it is an option.
    pub(crate) support: Option<Box<FeatureSupport>>,
    pub(crate) features: Features,
}

impl Field {
    pub(crate) fn is_repeated(&self) -> bool {
        self.label == label::REPEATED
    }

    pub(crate) fn is_message(&self) -> bool {
        matches!(self.type_, field_type::MESSAGE | field_type::GROUP)
    }

    /// Whether its values must be UTF-8.
    pub(crate) fn needs_utf8(&self) -> bool {
        self.type_ == field_type::STRING && self.features.utf8_validation == utf8_validation::VERIFY
    }

    /// Whether a zero is the same as no value.
    pub(crate) fn has_implicit_presence(&self) -> bool {
        self.features.field_presence == field_presence::IMPLICIT
            && !self.is_repeated()
            && !self.is_message()
            && self.oneof.is_none()
            && !self.is_extension
            && !self.is_entry_part
    }

    /// Whether the wire form is a group.
    pub(crate) fn is_delimited(&self) -> bool {
        self.type_ == field_type::GROUP
            || (self.type_ == field_type::MESSAGE && self.features.is_delimited())
    }

    pub(crate) fn is_packable(&self) -> bool {
        self.is_repeated()
            && !matches!(
                self.type_,
                field_type::STRING | field_type::BYTES | field_type::MESSAGE | field_type::GROUP
            )
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Enum {
    pub(crate) name: LastPart,
    pub(crate) full_name: Name,
    pub(crate) file: FileId,
    pub(crate) values: Vec<(LastPart, i32)>,
    /// The editions that may use a value as an option's, by the value's index.
    pub(crate) supports: FxHashMap<usize, FeatureSupport>,
    /// A number of `symbol_visibility`.
    pub(crate) visibility: i32,
    pub(crate) parent: Option<MessageId>,
    /// Whether one of its values is marked `debug_redact`.
    pub(crate) has_redacted: bool,
    pub(crate) features: Features,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) files: Vec<File>,
    pub(crate) messages: Vec<Message>,
    pub(crate) fields: Vec<Field>,
    pub(crate) enums: Vec<Enum>,
    names: Symbols,
    hidden_names: Symbols,
    extensions: FxHashMap<(MessageId, i32), FieldId>,
    /// Whether a file other than `descriptor.proto` says which editions or elements may set an option.
    pub(crate) has_restricted_options: bool,
    /// For each package, the files that declare it or a package inside of it.
    package_files: FxHashMap<String, FxHashSet<FileId>>,
}

macro_rules! index {
    ($($list:ident: $id:ident => $type:ident)*) => {$(
        impl std::ops::Index<$id> for Table {
            type Output = $type;
            fn index(&self, id: $id) -> &$type {
                &self.$list[id.0]
            }
        }
        impl std::ops::IndexMut<$id> for Table {
            fn index_mut(&mut self, id: $id) -> &mut $type {
                &mut self.$list[id.0]
            }
        }
    )*};
}
index! {
    files: FileId => File
    messages: MessageId => Message
    fields: FieldId => Field
    enums: EnumId => Enum
}

impl Table {
    /// A table with the bundled `descriptor.proto` in it, hidden.
    pub(crate) fn new() -> Self {
        static BUILTIN: OnceLock<Table> = OnceLock::new();
        BUILTIN
            .get_or_init(crate::well_known::builtin_table)
            .clone()
    }

    /// Hides all names: they are found only by [`Table::builtin`].
    pub(crate) fn hide_names(&mut self) {
        self.hidden_names = std::mem::take(&mut self.names);
        self.has_restricted_options = false;
        self.package_files.clear();
    }

    /// All names in a fixed order, for suggestions.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = (&str, Symbol)> {
        let mut all: Vec<(&str, Symbol)> = self.names.iter().collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all.into_iter()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Symbol> {
        self.names.get(name)
    }

    /// A message of `descriptor.proto`: of the file that was imported under its name, else of the bundled one.
    pub(crate) fn builtin(&self, name: &str) -> Option<MessageId> {
        let symbol = self.names.get(name).or_else(|| self.hidden_names.get(name));
        match symbol {
            Some(Symbol::Message(id)) => Some(id),
            _ => None,
        }
    }

    pub(crate) fn add_file(&mut self, name: &str, package: &str) -> FileId {
        let id = FileId(self.files.len());
        self.files.push(File {
            name: name.to_owned(),
            package: package.to_owned(),
            edition: edition::PROTO2,
            ..File::default()
        });
        id
    }

    /// The file turned out wrong: nothing can refer to it by name any more.
    pub(crate) fn forget_file(&mut self, id: FileId) {
        let mut names = std::mem::take(&mut self.names);
        names.retain(|symbol| self.file_of(symbol) != id);
        self.names = names;
        self.extensions
            .retain(|_, field| self.fields[field.0].file != id);
        for files in self.package_files.values_mut() {
            files.remove(&id);
        }
    }

    /// Adds a name; the symbol that has it already, if one does.
    pub(crate) fn add_name(&mut self, full_name: Name, symbol: Symbol) -> Option<Symbol> {
        self.names.add(full_name, symbol)
    }

    /// Declares a package of a file; the symbol that stands in the way, if one does.
    pub(crate) fn add_package(&mut self, name: &str, file: FileId) -> Result<(), Symbol> {
        self.package_files
            .entry(name.to_owned())
            .or_default()
            .insert(file);
        match self.names.add(name.into(), Symbol::Package(file)) {
            None | Some(Symbol::Package(_)) => Ok(()),
            Some(other) => Err(other),
        }
    }

    /// Whether one of the files declares the package.
    pub(crate) fn declares_package(&self, name: &str, files: &FxHashSet<FileId>) -> bool {
        self.package_files.get(name).is_some_and(|declaring| {
            // A package may be of thousands of files, of which few are visible in one.
            let (fewer, more) = if files.len() < declaring.len() {
                (files, declaring)
            } else {
                (declaring, files)
            };
            fewer.iter().any(|file| more.contains(file))
        })
    }

    pub(crate) fn file_of(&self, symbol: Symbol) -> FileId {
        match symbol {
            Symbol::Package(file)
            | Symbol::Oneof(file)
            | Symbol::Service(file)
            | Symbol::Method(file) => file,
            Symbol::Message(id) => self[id].file,
            Symbol::Enum(id) | Symbol::EnumValue(id, _) => self[id].file,
            Symbol::Field(id) => self[id].file,
        }
    }

    pub(crate) fn extension(&self, message: MessageId, number: i32) -> Option<FieldId> {
        self.extensions.get(&(message, number)).copied()
    }

    /// Registers an extension; the one that has the number already, if there is one.
    pub(crate) fn add_extension(
        &mut self,
        message: MessageId,
        number: i32,
        field: FieldId,
    ) -> Option<FieldId> {
        match self.extensions.entry((message, number)) {
            std::collections::hash_map::Entry::Occupied(entry) => Some(*entry.get()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(field);
                None
            }
        }
    }

    /// A field of a message by its name, the first of them if there are several.
    pub(crate) fn field_by_name(&self, message: MessageId, name: &str) -> Option<FieldId> {
        let fields = self[message].fields.iter().copied();
        fields.into_iter().find(|&field| &*self[field].name == name)
    }

    /// A field or extension of a message by its number.
    pub(crate) fn field_by_number(&self, message: MessageId, number: i32) -> Option<FieldId> {
        self[message]
            .fields
            .iter()
            .copied()
            .find(|&field| self[field].number == number)
            .or_else(|| self.extension(message, number))
    }
}
