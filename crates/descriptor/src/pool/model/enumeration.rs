//! Enums and their values.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{File, Message};
use crate::pool::features::Features;
use crate::proto::{EnumDescriptorProto, EnumValueDescriptorProto, enum_type};

/// An enum type.
pub struct Enum {
    pub(in crate::pool) name: &'static str,
    pub(in crate::pool) full_name: &'static str,
    pub(in crate::pool) file: &'static File,
    pub(in crate::pool) parent: Option<&'static Message>,
    pub(in crate::pool) index: usize,
    pub(in crate::pool) features: Features,
    pub(in crate::pool) values: OnceLock<Vec<EnumValue>>,
    pub(in crate::pool) by_name: OnceLock<HashMap<&'static str, usize>>,
    pub(in crate::pool) by_number: OnceLock<HashMap<i32, usize>>,
}

impl Enum {
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
    /// Whether a field of it holds only the numbers declared.
    pub fn is_closed(&self) -> bool {
        self.features.enum_type == enum_type::CLOSED
    }
    /// Its values as declared.
    pub fn values(&self) -> &[EnumValue] {
        self.values.get().map_or(&[], Vec::as_slice)
    }
    /// A value by its name.
    pub fn value_by_name(&self, name: &str) -> Option<&EnumValue> {
        let values = self.values();
        let index = || {
            values
                .iter()
                .enumerate()
                .map(|(i, v)| (v.name, i))
                .collect()
        };
        let by_name: &HashMap<_, usize> = self.by_name.get_or_init(index);
        by_name.get(name).map(|&index| &values[index])
    }
    /// The first value declared with a number.
    pub fn value_by_number(&self, number: i32) -> Option<&EnumValue> {
        let values = self.values();
        // The last of a number to be put in is the first declared.
        let index = || {
            let values = values.iter().enumerate().rev();
            values.map(|(i, v)| (v.number, i)).collect()
        };
        let by_number: &HashMap<_, usize> = self.by_number.get_or_init(index);
        by_number.get(&number).map(|&index| &values[index])
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static EnumDescriptorProto {
        match self.parent {
            Some(parent) => &parent.proto().enum_type[self.index],
            None => &self.file.proto().enum_type[self.index],
        }
    }
}

/// A value of an enum.
pub struct EnumValue {
    pub(in crate::pool) name: &'static str,
    pub(in crate::pool) full_name: &'static str,
    pub(in crate::pool) number: i32,
    pub(in crate::pool) has_options: bool,
    pub(in crate::pool) index: usize,
    pub(in crate::pool) parent: &'static Enum,
}

impl EnumValue {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Its name in the scope of its enum (values are siblings of their enum, as in C++).
    pub fn full_name(&self) -> &'static str {
        self.full_name
    }
    /// Its number.
    pub fn number(&self) -> i32 {
        self.number
    }
    /// Its place in its enum.
    pub fn index(&self) -> usize {
        self.index
    }
    /// Its enum.
    pub fn parent(&self) -> &'static Enum {
        self.parent
    }
    /// Its part of the file's descriptor.
    pub fn proto(&self) -> &'static EnumValueDescriptorProto {
        &self.parent.proto().value[self.index]
    }
    /// Whether its descriptor has options.
    pub fn has_options(&self) -> bool {
        self.has_options
    }
}
