//! Walks over everything in a file that can have options.

use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueOptions, ExtensionRangeOptions,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileOptions, MessageOptions,
    MethodOptions, OneofOptions, ServiceOptions, UninterpretedOption,
};
use russet_descriptor::wire::WireError;

use super::at;
use crate::names::join;
use crate::parser::path;

/// An options message of any kind.
pub(super) trait Options {
    /// Its full name in `descriptor.proto`.
    fn type_name(&self) -> &'static str;
    fn uninterpreted(&mut self) -> &mut Vec<UninterpretedOption>;
    fn encoded(&self) -> Vec<u8>;
    /// Takes over what the bytes say.
    fn replace(&mut self, bytes: &[u8]) -> Result<(), WireError>;
}

macro_rules! options {
    ($($type:ident)*) => {$(
        impl Options for $type {
            fn type_name(&self) -> &'static str {
                concat!("google.protobuf.", stringify!($type))
            }
            fn uninterpreted(&mut self) -> &mut Vec<UninterpretedOption> {
                &mut self.uninterpreted_option
            }
            fn encoded(&self) -> Vec<u8> {
                self.encode()
            }
            fn replace(&mut self, bytes: &[u8]) -> Result<(), WireError> {
                *self = Self::decode(bytes)?;
                Ok(())
            }
        }
    )*};
}
options! {
    FileOptions MessageOptions FieldOptions OneofOptions EnumOptions EnumValueOptions
    ServiceOptions MethodOptions ExtensionRangeOptions
}

/// Whether options stay; what has become empty is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Yes,
    No,
}

/// Options and where they stand.
pub(super) struct Element<'f> {
    pub(super) options: &'f mut dyn Options,
    /// The path of the options field.
    pub(super) path: Vec<i32>,
    /// Names in the options are looked up from here.
    pub(super) scope: String,
}

/// Calls `visit` for all options of a file, in the order in which protoc interprets them.
pub(super) fn for_each(file: &mut FileDescriptorProto, visit: &mut dyn FnMut(Element<'_>) -> Keep) {
    let package = file.package.clone().unwrap_or_default();
    for (index, message) in file.message_type.iter_mut().enumerate() {
        visit_message(message, &package, &[path::FILE_MESSAGE, at(index)], visit);
    }
    for (index, declared) in file.enum_type.iter_mut().enumerate() {
        visit_enum(declared, &package, &[path::FILE_ENUM, at(index)], visit);
    }
    for (index, service) in file.service.iter_mut().enumerate() {
        let place = [path::FILE_SERVICE, at(index)];
        let scope = join(&package, service.name.as_deref().unwrap_or_default());
        for (index, method) in service.method.iter_mut().enumerate() {
            let place = [&place[..], &[path::SERVICE_METHOD, at(index)]].concat();
            let scope = join(&scope, method.name.as_deref().unwrap_or_default());
            call(
                &mut method.options,
                &place,
                path::METHOD_OPTIONS,
                &scope,
                visit,
            );
        }
        call(
            &mut service.options,
            &place,
            path::SERVICE_OPTIONS,
            &scope,
            visit,
        );
    }
    for (index, field) in file.extension.iter_mut().enumerate() {
        visit_field(field, &package, &[path::FILE_EXTENSION, at(index)], visit);
    }
    // A name in the package itself, so that the package is the first scope searched.
    let scope = join(&package, "dummy");
    call(&mut file.options, &[], path::FILE_OPTIONS, &scope, visit);
}

fn call<O: Options>(
    slot: &mut Option<Box<O>>,
    place: &[i32],
    number: i32,
    scope: &str,
    visit: &mut dyn FnMut(Element<'_>) -> Keep,
) {
    let Some(options) = slot else {
        return;
    };
    let keep = visit(Element {
        options: &mut **options,
        path: [place, &[number]].concat(),
        scope: scope.to_owned(),
    });
    if keep == Keep::No {
        *slot = None;
    }
}

fn visit_message(
    message: &mut DescriptorProto,
    scope: &str,
    place: &[i32],
    visit: &mut dyn FnMut(Element<'_>) -> Keep,
) {
    let scope = join(scope, message.name.as_deref().unwrap_or_default());
    let under = |number: i32, index: usize| [place, &[number, at(index)]].concat();
    for (index, oneof) in message.oneof_decl.iter_mut().enumerate() {
        let scope = join(&scope, oneof.name.as_deref().unwrap_or_default());
        let place = under(path::MESSAGE_ONEOF, index);
        call(
            &mut oneof.options,
            &place,
            path::ONEOF_OPTIONS,
            &scope,
            visit,
        );
    }
    for (index, field) in message.field.iter_mut().enumerate() {
        visit_field(field, &scope, &under(path::MESSAGE_FIELD, index), visit);
    }
    for (index, declared) in message.enum_type.iter_mut().enumerate() {
        visit_enum(declared, &scope, &under(path::MESSAGE_ENUM, index), visit);
    }
    for (index, range) in message.extension_range.iter_mut().enumerate() {
        let place = under(path::MESSAGE_EXTENSION_RANGE, index);
        call(
            &mut range.options,
            &place,
            path::RANGE_OPTIONS,
            &scope,
            visit,
        );
    }
    for (index, field) in message.extension.iter_mut().enumerate() {
        visit_field(field, &scope, &under(path::MESSAGE_EXTENSION, index), visit);
    }
    for (index, nested) in message.nested_type.iter_mut().enumerate() {
        visit_message(nested, &scope, &under(path::MESSAGE_NESTED, index), visit);
    }
    call(
        &mut message.options,
        place,
        path::MESSAGE_OPTIONS,
        &scope,
        visit,
    );
}

fn visit_field(
    field: &mut FieldDescriptorProto,
    scope: &str,
    place: &[i32],
    visit: &mut dyn FnMut(Element<'_>) -> Keep,
) {
    let scope = join(scope, field.name.as_deref().unwrap_or_default());
    call(
        &mut field.options,
        place,
        path::FIELD_OPTIONS,
        &scope,
        visit,
    );
}

fn visit_enum(
    declared: &mut EnumDescriptorProto,
    outer: &str,
    place: &[i32],
    visit: &mut dyn FnMut(Element<'_>) -> Keep,
) {
    for (index, value) in declared.value.iter_mut().enumerate() {
        let scope = join(outer, value.name.as_deref().unwrap_or_default());
        let place = [place, &[path::ENUM_VALUE, at(index)]].concat();
        call(
            &mut value.options,
            &place,
            path::VALUE_OPTIONS,
            &scope,
            visit,
        );
    }
    let scope = join(outer, declared.name.as_deref().unwrap_or_default());
    call(
        &mut declared.options,
        place,
        path::ENUM_OPTIONS,
        &scope,
        visit,
    );
}
