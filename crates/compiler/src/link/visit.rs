//! Walks over everything in a file that can have options.

use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueOptions, ExtensionRangeOptions,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileOptions, MessageOptions,
    MethodOptions, OneofOptions, ServiceOptions, UninterpretedOption,
};
use russet_descriptor::wire::WireError;

use super::{Place, at, below};
use crate::names::join;
use crate::parser::path;

/// An options message of any kind.
pub(super) trait Options {
    /// Its full name in `descriptor.proto`.
    fn type_name(&self) -> &'static str;
    fn uninterpreted(&mut self) -> &mut Vec<UninterpretedOption>;
    /// Appends its wire form.
    fn encode_into(&self, out: &mut Vec<u8>);
    /// Takes over what the bytes say, and nothing else.
    fn replace(&mut self, bytes: &[u8]) -> Result<(), WireError>;
    /// Adds what the bytes say.
    fn merge(&mut self, bytes: &[u8]) -> Result<(), WireError>;
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
            fn encode_into(&self, out: &mut Vec<u8>) {
                Self::encode_into(self, out);
            }
            fn replace(&mut self, bytes: &[u8]) -> Result<(), WireError> {
                *self = Self::decode(bytes)?;
                Ok(())
            }
            fn merge(&mut self, bytes: &[u8]) -> Result<(), WireError> {
                Self::merge(self, bytes)
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
    outer: &'f [i32],
    place: &'f [i32],
    enclosing: &'f str,
    name: Option<&'f str>,
}

impl Element<'_> {
    /// The path of the options field.
    pub(super) fn path(&self) -> Place {
        below(self.outer, self.place)
    }

    /// Names in the options are looked up from here.
    pub(super) fn scope(&self) -> String {
        match self.name {
            Some(name) => join(self.enclosing, name),
            None => self.enclosing.to_owned(),
        }
    }

    /// The wire form of the options.
    pub(super) fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.options.encode_into(&mut bytes);
        bytes
    }
}

/// Calls `visit` for all options of a file, in the order in which protoc interprets them.
pub(super) fn for_each(file: &mut FileDescriptorProto, visit: &mut dyn FnMut(Element<'_>) -> Keep) {
    let package = file.package.as_deref().unwrap_or_default();
    for (index, message) in file.message_type.iter_mut().enumerate() {
        visit_message(message, package, &[path::FILE_MESSAGE, at(index)], visit);
    }
    for (index, declared) in file.enum_type.iter_mut().enumerate() {
        visit_enum(declared, package, &[path::FILE_ENUM, at(index)], visit);
    }
    for (index, service) in file.service.iter_mut().enumerate() {
        let outer = [path::FILE_SERVICE, at(index)];
        let scope = join(package, service.name.as_deref().unwrap_or_default());
        for (index, method) in service.method.iter_mut().enumerate() {
            let place = [path::SERVICE_METHOD, at(index), path::METHOD_OPTIONS];
            let name = method.name.as_deref();
            call(&mut method.options, &outer, &place, &scope, name, visit);
        }
        let place = [path::SERVICE_OPTIONS];
        call(&mut service.options, &outer, &place, &scope, None, visit);
    }
    for (index, field) in file.extension.iter_mut().enumerate() {
        let outer = [path::FILE_EXTENSION, at(index)];
        let (name, place) = (field.name.as_deref(), [path::FIELD_OPTIONS]);
        call(&mut field.options, &outer, &place, package, name, visit);
    }
    // A name in the package itself, so that the package is the first scope searched.
    let (name, place) = (Some("dummy"), [path::FILE_OPTIONS]);
    call(&mut file.options, &[], &place, package, name, visit);
}

/// Shows all options of a file, in no order to rely on and without saying where they stand.
pub(super) fn look_at_each(file: &FileDescriptorProto, look: &mut dyn FnMut(&dyn Options)) {
    type Look<'l> = &'l mut dyn FnMut(&dyn Options);
    fn show<O: Options>(options: Option<&O>, look: Look<'_>) {
        if let Some(options) = options {
            look(options);
        }
    }
    fn fields(fields: &[FieldDescriptorProto], look: Look<'_>) {
        for field in fields {
            show(field.options.as_deref(), look);
        }
    }
    fn enums(enums: &[EnumDescriptorProto], look: Look<'_>) {
        for declared in enums {
            show(declared.options.as_deref(), look);
            for value in &declared.value {
                show(value.options.as_deref(), look);
            }
        }
    }
    fn messages(all: &[DescriptorProto], look: Look<'_>) {
        for message in all {
            show(message.options.as_deref(), look);
            fields(&message.field, look);
            fields(&message.extension, look);
            enums(&message.enum_type, look);
            for oneof in &message.oneof_decl {
                show(oneof.options.as_deref(), look);
            }
            for range in &message.extension_range {
                show(range.options.as_deref(), look);
            }
            messages(&message.nested_type, look);
        }
    }
    show(file.options.as_deref(), look);
    messages(&file.message_type, look);
    enums(&file.enum_type, look);
    fields(&file.extension, look);
    for service in &file.service {
        show(service.options.as_deref(), look);
        for method in &service.method {
            show(method.options.as_deref(), look);
        }
    }
}

/// The options stand at `place` within `outer`, and belong to `name` in `scope`, or to `scope` itself.
fn call<O: Options>(
    slot: &mut Option<Box<O>>,
    outer: &[i32],
    place: &[i32],
    scope: &str,
    name: Option<&str>,
    visit: &mut dyn FnMut(Element<'_>) -> Keep,
) {
    let Some(options) = slot else {
        return;
    };
    let keep = visit(Element {
        options: &mut **options,
        outer,
        place,
        enclosing: scope,
        name,
    });
    if keep == Keep::No {
        *slot = None;
    }
}

fn visit_message(
    message: &mut DescriptorProto,
    scope: &str,
    outer: &[i32],
    visit: &mut dyn FnMut(Element<'_>) -> Keep,
) {
    let scope = join(scope, message.name.as_deref().unwrap_or_default());
    let under = |number: i32, index: usize| below(outer, &[number, at(index)]);
    for (index, oneof) in message.oneof_decl.iter_mut().enumerate() {
        let place = [path::MESSAGE_ONEOF, at(index), path::ONEOF_OPTIONS];
        let name = oneof.name.as_deref();
        call(&mut oneof.options, outer, &place, &scope, name, visit);
    }
    for (index, field) in message.field.iter_mut().enumerate() {
        let place = [path::MESSAGE_FIELD, at(index), path::FIELD_OPTIONS];
        let name = field.name.as_deref();
        call(&mut field.options, outer, &place, &scope, name, visit);
    }
    for (index, declared) in message.enum_type.iter_mut().enumerate() {
        visit_enum(declared, &scope, &under(path::MESSAGE_ENUM, index), visit);
    }
    for (index, range) in message.extension_range.iter_mut().enumerate() {
        let place = [
            path::MESSAGE_EXTENSION_RANGE,
            at(index),
            path::RANGE_OPTIONS,
        ];
        call(&mut range.options, outer, &place, &scope, None, visit);
    }
    for (index, field) in message.extension.iter_mut().enumerate() {
        let place = [path::MESSAGE_EXTENSION, at(index), path::FIELD_OPTIONS];
        let name = field.name.as_deref();
        call(&mut field.options, outer, &place, &scope, name, visit);
    }
    for (index, nested) in message.nested_type.iter_mut().enumerate() {
        visit_message(nested, &scope, &under(path::MESSAGE_NESTED, index), visit);
    }
    let place = [path::MESSAGE_OPTIONS];
    call(&mut message.options, outer, &place, &scope, None, visit);
}

fn visit_enum(
    declared: &mut EnumDescriptorProto,
    scope: &str,
    outer: &[i32],
    visit: &mut dyn FnMut(Element<'_>) -> Keep,
) {
    for (index, value) in declared.value.iter_mut().enumerate() {
        let place = [path::ENUM_VALUE, at(index), path::VALUE_OPTIONS];
        // Values are siblings of their enum.
        let name = value.name.as_deref();
        call(&mut value.options, outer, &place, scope, name, visit);
    }
    let (name, place) = (declared.name.as_deref(), [path::ENUM_OPTIONS]);
    call(&mut declared.options, outer, &place, scope, name, visit);
}
