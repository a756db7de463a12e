//! Message types.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Attachment, Enum, Field, File, Oneof};
use crate::pool::features::Features;
use crate::proto::{DescriptorProto, json_format};

/// Up to so many fields are searched one by one; more have an index, made when one of them is first looked up.
const SCANNED: usize = 8;

/// A message type.
pub struct Message {
    pub(in crate::pool) name: &'static str,
    pub(in crate::pool) full_name: &'static str,
    pub(in crate::pool) file: &'static File,
    pub(in crate::pool) parent: Option<&'static Message>,
    pub(in crate::pool) index: usize,
    pub(in crate::pool) features: Features,
    pub(in crate::pool) is_map_entry: bool,
    pub(in crate::pool) is_message_set: bool,
    /// The numbers open to extensions, ends exclusive.
    pub(in crate::pool) extension_ranges: Vec<(i32, i32)>,
    pub(in crate::pool) fields: OnceLock<Vec<Field>>,
    pub(in crate::pool) oneofs: OnceLock<Vec<Oneof>>,
    pub(in crate::pool) nested: OnceLock<Vec<&'static Message>>,
    pub(in crate::pool) enums: OnceLock<Vec<&'static Enum>>,
    pub(in crate::pool) extensions: OnceLock<Vec<&'static Field>>,
    pub(in crate::pool) by_name: OnceLock<HashMap<&'static str, usize>>,
    pub(in crate::pool) by_number: OnceLock<HashMap<u32, usize>>,
    pub(in crate::pool) attachment: Attachment,
}

impl Message {
    /// Its name without package and outer messages.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Its name with package and outer messages, dots between.
    pub fn full_name(&self) -> &'static str {
        self.full_name
    }
    /// Its file.
    pub fn file(&self) -> &'static File {
        self.file
    }
    /// The message around it.
    pub fn parent(&self) -> Option<&'static Message> {
        self.parent
    }
    /// Its place among its siblings.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its features.
    pub fn features(&self) -> Features {
        self.features
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static DescriptorProto {
        match self.parent {
            Some(parent) => &parent.proto().nested_type[self.index],
            None => &self.file.proto().message_type[self.index],
        }
    }
    /// Its fields as declared.
    pub fn fields(&self) -> &[Field] {
        self.fields.get().map_or(&[], Vec::as_slice)
    }
    /// A field by its name.
    pub fn field_by_name(&self, name: &str) -> Option<&Field> {
        let fields = self.fields();
        if fields.len() <= SCANNED {
            return fields.iter().find(|field| field.name == name);
        }
        let index = || {
            fields
                .iter()
                .enumerate()
                .map(|(i, f)| (f.name, i))
                .collect()
        };
        let by_name: &HashMap<_, usize> = self.by_name.get_or_init(index);
        by_name.get(name).map(|&index| &fields[index])
    }
    /// A field by its number.
    pub fn field_by_number(&self, number: u32) -> Option<&Field> {
        let fields = self.fields();
        if fields.len() <= SCANNED {
            return fields.iter().find(|field| field.number == number);
        }
        let index = || {
            fields
                .iter()
                .enumerate()
                .map(|(i, f)| (f.number, i))
                .collect()
        };
        let by_number: &HashMap<_, usize> = self.by_number.get_or_init(index);
        by_number.get(&number).map(|&index| &fields[index])
    }
    /// Its oneofs as declared; the synthetic ones of `optional` fields come last.
    pub fn oneofs(&self) -> &[Oneof] {
        self.oneofs.get().map_or(&[], Vec::as_slice)
    }
    /// A oneof by its name.
    pub fn oneof_by_name(&self, name: &str) -> Option<&Oneof> {
        self.oneofs().iter().find(|oneof| oneof.name() == name)
    }
    /// The messages in it, map entries included.
    pub fn nested(&self) -> &[&'static Message] {
        self.nested.get().map_or(&[], Vec::as_slice)
    }
    /// The enums in it.
    pub fn enums(&self) -> &[&'static Enum] {
        self.enums.get().map_or(&[], Vec::as_slice)
    }
    /// The extensions declared in it (of whatever message).
    pub fn extensions(&self) -> &[&'static Field] {
        self.extensions.get().map_or(&[], Vec::as_slice)
    }
    /// Whether it is the entry type of a map field.
    pub fn is_map_entry(&self) -> bool {
        self.is_map_entry
    }
    /// Whether it has the wire format of proto1's message sets.
    pub fn is_message_set(&self) -> bool {
        self.is_message_set
    }
    /// Whether `number` is open to extensions.
    pub fn is_extension_number(&self, number: u32) -> bool {
        let number = i64::from(number);
        self.extension_ranges
            .iter()
            .any(|&(start, end)| number >= i64::from(start) && number < i64::from(end))
    }
    /// Whether any number is open to extensions.
    pub fn is_extendable(&self) -> bool {
        !self.extension_ranges.is_empty()
    }
    /// Whether JSON names must be kept apart from names of fields too, as proto3 and editions demand.
    pub fn is_json_strict(&self) -> bool {
        self.features.json_format == json_format::ALLOW
    }
    /// The message runtime's place.
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}
