//! Declarations as they stand in the wire form of their file: borrowed from it, one level at a time.
//!
//! Linking reads these instead of the structs of [`crate::proto`], which would take an allocation for each name. Nested declarations stay bytes until the one who links them reads them; options are decoded where linking needs some of them, and passed over elsewhere.

use crate::proto::{
    EnumOptions, Field, FieldOptions, FileOptions, MessageOptions, OneofOptions, Value,
};
use crate::wire::{DEFAULT_RECURSION_LIMIT, Reader, WireError, WireType};

/// A field of a view: takes one occurrence, or answers `false` where the wire type is not its own.
trait Slot<'a> {
    fn read_into(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'a>,
    ) -> Result<bool, WireError>;
}

impl<'a> Slot<'a> for Option<&'a str> {
    fn read_into(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'a>,
    ) -> Result<bool, WireError> {
        let is_own = wire_type == WireType::LengthDelimited;
        if is_own {
            *self = Some(reader.utf8()?);
        }
        Ok(is_own)
    }
}

impl<'a> Slot<'a> for Option<&'a [u8]> {
    fn read_into(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'a>,
    ) -> Result<bool, WireError> {
        let is_own = wire_type == WireType::LengthDelimited;
        if is_own {
            *self = Some(reader.length_delimited()?);
        }
        Ok(is_own)
    }
}

impl<'a> Slot<'a> for Vec<&'a str> {
    fn read_into(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'a>,
    ) -> Result<bool, WireError> {
        let is_own = wire_type == WireType::LengthDelimited;
        if is_own {
            self.push(reader.utf8()?);
        }
        Ok(is_own)
    }
}

impl<'a> Slot<'a> for Vec<&'a [u8]> {
    fn read_into(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'a>,
    ) -> Result<bool, WireError> {
        let is_own = wire_type == WireType::LengthDelimited;
        if is_own {
            self.push(reader.length_delimited()?);
        }
        Ok(is_own)
    }
}

/// What the structs of [`crate::proto`] hold too, and is not borrowed.
macro_rules! owned {
    ($($type:ty),*) => {$(
        impl Slot<'_> for $type {
            fn read_into(&mut self, wire_type: WireType, reader: &mut Reader<'_>) -> Result<bool, WireError> {
                self.merge(wire_type, reader, DEFAULT_RECURSION_LIMIT)
            }
        }
    )*};
}
owned!(Option<i32>, Option<bool>, Vec<i32>);

impl<T: Value> Slot<'_> for Option<Box<T>> {
    fn read_into(
        &mut self,
        wire_type: WireType,
        reader: &mut Reader<'_>,
    ) -> Result<bool, WireError> {
        self.merge(wire_type, reader, DEFAULT_RECURSION_LIMIT)
    }
}

macro_rules! views {
    ($($(#[$doc:meta])* $view:ident { $($field:ident: $type:ty = $number:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(super) struct $view<'a> {
            $(pub(super) $field: $type,)*
            /// A view without text borrows too.
            borrowed: std::marker::PhantomData<&'a [u8]>,
        }

        impl<'a> $view<'a> {
            /// Reads bytes that [`crate::proto::FileDescriptorProto::check`] has passed.
            pub(super) fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
                let mut view = Self::default();
                let mut reader = Reader::new(bytes);
                while !reader.is_empty() {
                    let (number, wire_type) = reader.tag()?;
                    let known = match number {
                        $($number => view.$field.read_into(wire_type, &mut reader)?,)*
                        _ => false,
                    };
                    if !known {
                        reader.skip(number, wire_type, DEFAULT_RECURSION_LIMIT)?;
                    }
                }
                Ok(view)
            }
        }
    )*};
}

views! {
    /// A file.
    FileView {
        name: Option<&'a str> = 1,
        package: Option<&'a str> = 2,
        dependency: Vec<&'a str> = 3,
        message_type: Vec<&'a [u8]> = 4,
        enum_type: Vec<&'a [u8]> = 5,
        service: Vec<&'a [u8]> = 6,
        extension: Vec<&'a [u8]> = 7,
        options: Option<Box<FileOptions>> = 8,
        public_dependency: Vec<i32> = 10,
        syntax: Option<&'a str> = 12,
        edition: Option<i32> = 14,
    }
    /// A message type.
    MessageView {
        name: Option<&'a str> = 1,
        field: Vec<&'a [u8]> = 2,
        nested_type: Vec<&'a [u8]> = 3,
        enum_type: Vec<&'a [u8]> = 4,
        extension_range: Vec<&'a [u8]> = 5,
        extension: Vec<&'a [u8]> = 6,
        options: Option<Box<MessageOptions>> = 7,
        oneof_decl: Vec<&'a [u8]> = 8,
    }
    /// Field numbers open to extensions; `end` is exclusive.
    RangeView {
        start: Option<i32> = 1,
        end: Option<i32> = 2,
    }
    /// A field or extension.
    FieldView {
        name: Option<&'a str> = 1,
        extendee: Option<&'a str> = 2,
        number: Option<i32> = 3,
        label: Option<i32> = 4,
        type_: Option<i32> = 5,
        type_name: Option<&'a str> = 6,
        default_value: Option<&'a [u8]> = 7,
        options: Option<Box<FieldOptions>> = 8,
        oneof_index: Option<i32> = 9,
        json_name: Option<&'a [u8]> = 10,
        proto3_optional: Option<bool> = 17,
    }
    /// A oneof.
    OneofView {
        name: Option<&'a str> = 1,
        options: Option<Box<OneofOptions>> = 2,
    }
    /// An enum type.
    EnumView {
        name: Option<&'a str> = 1,
        value: Vec<&'a [u8]> = 2,
        options: Option<Box<EnumOptions>> = 3,
    }
    /// A value of an enum.
    ValueView {
        name: Option<&'a str> = 1,
        number: Option<i32> = 2,
        options: Option<&'a [u8]> = 3,
    }
    /// A service.
    ServiceView {
        name: Option<&'a str> = 1,
        method: Vec<&'a [u8]> = 2,
    }
    /// A method of a service.
    MethodView {
        name: Option<&'a str> = 1,
        input_type: Option<&'a str> = 2,
        output_type: Option<&'a str> = 3,
        client_streaming: Option<bool> = 5,
        server_streaming: Option<bool> = 6,
    }
}
