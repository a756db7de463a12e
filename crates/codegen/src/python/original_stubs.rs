//! `_pb2.pyi` for the original runtime: protoc's text, its oddities included.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, field_type,
};

use super::fields::{
    DURATION, TIMESTAMP, WELL_KNOWN, full_name_in, is_message, is_repeated, map_entry, name_of,
};
use super::messages::public_dependencies;
use super::{
    Import, Options, Printer, file_name, file_of, has_generic_services, is_keyword, local_name,
    module_name,
};
use crate::{GenerateError, Output, Schema};

/// The `_pb2.pyi` of a file.
pub(super) fn generate(
    schema: &Schema<'_>,
    name: &str,
    options: &Options,
) -> Result<Output, GenerateError> {
    let file = file_of(schema, name)?;
    let mut generator = Generator {
        schema,
        file,
        options,
        aliases: HashMap::new(),
        out: Printer::new("    "),
    };
    generator.imports();
    generator.body();
    Ok(Output {
        name: file_name(name, ".pyi"),
        content: generator.out.text,
        is_package_marker: false,
    })
}

struct Generator<'g, 's> {
    schema: &'g Schema<'s>,
    file: &'s FileDescriptorProto,
    options: &'g Options,
    /// Name of an imported file to what it is imported as.
    aliases: HashMap<String, String>,
    out: Printer,
}

/// What the file's types make use of.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "one fact for each import")]
struct Uses {
    containers: bool,
    iterable: bool,
    enums: bool,
    extendable: bool,
    mapping: bool,
    optional: bool,
    union: bool,
    well_known: bool,
    datetime: bool,
}

impl Generator<'_, '_> {
    fn uses_of(&self, message: &DescriptorProto, full_name: &str, uses: &mut Uses) {
        uses.extendable |= !message.extension_range.is_empty();
        uses.enums |= !message.enum_type.is_empty();
        uses.well_known |= WELL_KNOWN.contains(&full_name);
        for field in &message.field {
            if is_keyword(name_of(field.name.as_ref())) {
                continue;
            }
            uses.optional = true;
            uses.containers |= is_repeated(field);
            let shown = if let Some(entry) = map_entry(self.schema, field) {
                uses.mapping = true;
                entry.field.get(1).unwrap_or(field)
            } else {
                uses.iterable |= is_repeated(field);
                uses.mapping |= is_message(field);
                field
            };
            if is_message(shown) {
                uses.union = true;
                uses.datetime |= matches!(name_of(shown.type_name.as_ref()), DURATION | TIMESTAMP);
            }
            uses.union |= shown.type_ == Some(field_type::ENUM);
        }
        for nested in &message.nested_type {
            let full_name = format!("{full_name}.{}", name_of(nested.name.as_ref()));
            self.uses_of(nested, &full_name, uses);
        }
    }

    fn scope(&self) -> String {
        match name_of(self.file.package.as_ref()) {
            "" => String::new(),
            package => format!(".{package}"),
        }
    }

    fn imports(&mut self) {
        let scope = self.scope();
        let mut uses = Uses {
            enums: !self.file.enum_type.is_empty(),
            ..Uses::default()
        };
        for message in &self.file.message_type {
            let full_name = format!("{scope}.{}", name_of(message.name.as_ref()));
            self.uses_of(message, &full_name, &mut uses);
        }
        if uses.datetime {
            self.out.lines("import datetime\n");
        }
        let mut taken = HashSet::new();
        let mut has_importlib = false;
        for dependency in &self.file.dependency {
            self.import(dependency, &mut taken, &mut has_importlib);
            let Some(imported) = self.schema.file(dependency) else {
                continue;
            };
            for public in public_dependencies(imported) {
                self.import(public, &mut taken, &mut has_importlib);
            }
        }
        self.runtime_imports(&uses);
        for dependency in public_dependencies(self.file) {
            let Some(public) = self.schema.file(dependency) else {
                continue;
            };
            let module = self
                .options
                .module_from(name_of(self.file.name.as_ref()), dependency);
            let messages = public
                .message_type
                .iter()
                .map(|message| message.name.as_ref());
            let enums = public
                .enum_type
                .iter()
                .map(|declared| declared.name.as_ref());
            for name in messages.chain(enums) {
                let name = name_of(name);
                self.out
                    .lines(&format!("from {module} import {name} as {name}"));
            }
        }
        self.out.lines("");
    }

    fn import(&mut self, proto: &str, taken: &mut HashSet<String>, has_importlib: &mut bool) {
        let module = module_name(proto);
        let last = module.rsplit('.').next().unwrap_or_default();
        let mut alias = format!("_{last}");
        while taken.contains(&alias) {
            alias.push_str("_1");
        }
        let from = name_of(self.file.name.as_ref());
        match self.options.import(from, proto, &alias) {
            Import::ByName(statement) => {
                if !*has_importlib {
                    self.out.lines("import importlib");
                    *has_importlib = true;
                }
                self.out.lines(&statement);
            }
            Import::Statement(statement) => {
                self.out.lines(&statement);
                self.aliases.insert(proto.to_owned(), alias.clone());
                taken.insert(alias);
            }
        }
    }

    fn runtime_imports(&mut self, uses: &Uses) {
        let protobuf = self.options.runtime.protobuf();
        let internal = [
            (uses.containers, "containers"),
            (uses.enums, "enum_type_wrapper"),
            (uses.extendable, "python_message"),
            (uses.well_known, "well_known_types"),
        ];
        for (used, module) in internal {
            if used {
                self.out.lines(&format!(
                    "from {protobuf}.internal import {module} as _{module}"
                ));
            }
        }
        self.out
            .lines(&format!("from {protobuf} import descriptor as _descriptor"));
        if !self.file.message_type.is_empty() {
            self.out
                .lines(&format!("from {protobuf} import message as _message"));
        }
        if has_generic_services(self.file) {
            self.out
                .lines(&format!("from {protobuf} import service as _service"));
        }
        let abstract_types = [
            (uses.iterable, "Iterable as _Iterable"),
            (uses.mapping, "Mapping as _Mapping"),
        ];
        let typing = [
            (true, "ClassVar as _ClassVar"),
            (uses.optional, "Optional as _Optional"),
            (uses.union, "Union as _Union"),
        ];
        for (module, names) in [
            ("collections.abc", &abstract_types[..]),
            ("typing", &typing),
        ] {
            let names: Vec<&str> = names
                .iter()
                .filter(|(used, _)| *used)
                .map(|(_, name)| *name)
                .collect();
            if !names.is_empty() {
                self.out
                    .lines(&format!("from {module} import {}", names.join(", ")));
            }
        }
    }

    fn body(&mut self) {
        let file = self.file;
        self.out.lines("DESCRIPTOR: _descriptor.FileDescriptor");
        for dependency in public_dependencies(file) {
            let Some(public) = self.schema.file(dependency) else {
                continue;
            };
            self.extensions(&public.extension);
            for declared in &public.enum_type {
                let full_name = full_name_in(public, name_of(declared.name.as_ref()));
                self.enum_values(declared, &full_name, false);
            }
        }
        let scope = self.scope();
        for declared in &file.enum_type {
            self.out.lines("");
            self.enumeration(
                declared,
                &format!("{scope}.{}", name_of(declared.name.as_ref())),
            );
        }
        for declared in &file.enum_type {
            let full_name = format!("{scope}.{}", name_of(declared.name.as_ref()));
            self.enum_values(declared, &full_name, false);
        }
        self.extensions(&file.extension);
        for message in &file.message_type {
            self.out.lines("");
            let full_name = format!("{scope}.{}", name_of(message.name.as_ref()));
            self.message(message, &full_name, false);
        }
        if has_generic_services(file) {
            for service in &file.service {
                let name = name_of(service.name.as_ref());
                self.out.lines(&format!(
                    "\nclass {name}(_service.service): ...\n\nclass {name}_Stub({name}): ..."
                ));
            }
        }
    }

    /// How a type is written in this file.
    fn type_name(&self, full_name: &str) -> String {
        let Some(file) = self.schema.file_of(full_name) else {
            return full_name.trim_start_matches('.').to_owned();
        };
        let local = expression(local_name(file, full_name));
        if file.name == self.file.name {
            return local;
        }
        let proto = name_of(file.name.as_ref());
        if let Some(alias) = self.aliases.get(proto) {
            return format!("{alias}.{local}");
        }
        let module = module_name(proto);
        let last = module.rsplit('.').next().unwrap_or_default();
        format!("_{last}.{local}")
    }

    fn enumeration(&mut self, declared: &EnumDescriptorProto, full_name: &str) {
        let name = name_of(declared.name.as_ref());
        self.out.lines(&format!(
            "class {name}(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):\n    __slots__ = ()"
        ));
        self.out.indent += 1;
        self.enum_values(declared, full_name, true);
        self.out.indent -= 1;
    }

    fn enum_values(&mut self, declared: &EnumDescriptorProto, full_name: &str, in_class: bool) {
        let type_name = self.type_name(full_name);
        for value in &declared.value {
            let name = name_of(value.name.as_ref());
            self.out.lines(&if in_class {
                format!("{name}: _ClassVar[{type_name}]")
            } else {
                format!("{name}: {type_name}")
            });
        }
    }

    fn extensions(&mut self, extensions: &[FieldDescriptorProto]) {
        for extension in extensions {
            let name = name_of(extension.name.as_ref());
            self.out.lines(&format!(
                "{}_FIELD_NUMBER: _ClassVar[int]\n{name}: _descriptor.FieldDescriptor",
                name.to_ascii_uppercase()
            ));
        }
    }

    /// The type of one value of a field. `message` is the message it stands in; `nested` whether that is nested itself.
    fn value_type(
        &self,
        field: &FieldDescriptorProto,
        message: &DescriptorProto,
        nested: bool,
    ) -> String {
        match field.type_.unwrap_or_default() {
            field_type::DOUBLE | field_type::FLOAT => "float".to_owned(),
            field_type::BOOL => "bool".to_owned(),
            field_type::STRING => "str".to_owned(),
            field_type::BYTES => "bytes".to_owned(),
            field_type::ENUM => self.type_name(name_of(field.type_name.as_ref())),
            field_type::MESSAGE | field_type::GROUP => {
                let name = self.type_name(name_of(field.type_name.as_ref()));
                if nested && name == name_of(message.name.as_ref()) {
                    // Inside the nested message its own name would hide the outer one.
                    format!("{}.{name}", module_name(name_of(self.file.name.as_ref())))
                } else {
                    name
                }
            }
            _ => "int".to_owned(),
        }
    }

    fn message(&mut self, message: &DescriptorProto, full_name: &str, nested: bool) {
        let name = name_of(message.name.as_ref());
        let base = if WELL_KNOWN.contains(&full_name) {
            format!(", _well_known_types.{name}")
        } else {
            String::new()
        };
        self.out
            .lines(&format!("class {name}(_message.Message{base}):"));
        self.out.indent += 1;
        let fields: Vec<&FieldDescriptorProto> = message
            .field
            .iter()
            .filter(|field| !is_keyword(name_of(field.name.as_ref())))
            .collect();
        let slots: Vec<String> = fields
            .iter()
            .map(|field| format!("\"{}\"", name_of(field.name.as_ref())))
            .collect();
        let comma = if slots.len() == 1 { "," } else { "" };
        self.out
            .lines(&format!("__slots__ = ({}{comma})", slots.join(", ")));
        if !message.extension_range.is_empty() {
            self.out.lines("Extensions: _python_message._ExtensionDict");
        }
        for declared in &message.enum_type {
            let full_name = format!("{full_name}.{}", name_of(declared.name.as_ref()));
            self.enumeration(declared, &full_name);
            self.enum_values(declared, &full_name, false);
        }
        for inner in &message.nested_type {
            let full_name = format!("{full_name}.{}", name_of(inner.name.as_ref()));
            self.message(inner, &full_name, true);
        }
        self.extensions(&message.extension);
        for field in &message.field {
            let constant = name_of(field.name.as_ref()).to_ascii_uppercase();
            self.out
                .lines(&format!("{constant}_FIELD_NUMBER: _ClassVar[int]"));
        }
        for field in &fields {
            let type_name = self.field_type(field, message, nested);
            self.out
                .lines(&format!("{}: {type_name}", name_of(field.name.as_ref())));
        }
        self.constructor(message, &fields, nested);
        self.out.indent -= 1;
    }

    fn field_type(
        &self,
        field: &FieldDescriptorProto,
        message: &DescriptorProto,
        nested: bool,
    ) -> String {
        if let Some([key, value]) = map_entry(self.schema, field).map(|entry| &entry.field[..]) {
            let kind = if is_message(value) {
                "Message"
            } else {
                "Scalar"
            };
            return format!(
                "_containers.{kind}Map[{}, {}]",
                self.value_type(key, message, nested),
                self.value_type(value, message, nested)
            );
        }
        let value = self.value_type(field, message, nested);
        if !is_repeated(field) {
            value
        } else if is_message(field) {
            format!("_containers.RepeatedCompositeFieldContainer[{value}]")
        } else {
            format!("_containers.RepeatedScalarFieldContainer[{value}]")
        }
    }

    fn constructor(
        &mut self,
        message: &DescriptorProto,
        fields: &[&FieldDescriptorProto],
        nested: bool,
    ) {
        // A field may be called "self": the parameter then gives way.
        let mut parameters = "self".to_owned();
        while message
            .field
            .iter()
            .any(|field| name_of(field.name.as_ref()) == parameters)
        {
            parameters.push('_');
        }
        for field in fields {
            let accepted = self.accepted_type(field, message, nested);
            let name = name_of(field.name.as_ref());
            let _infallible = write!(parameters, ", {name}: _Optional[{accepted}] = ...");
        }
        if fields.len() < message.field.len() {
            parameters.push_str(", **kwargs");
        }
        self.out
            .lines(&format!("def __init__({parameters}) -> None: ..."));
    }

    /// What the constructor takes for a field.
    fn accepted_type(
        &self,
        field: &FieldDescriptorProto,
        message: &DescriptorProto,
        nested: bool,
    ) -> String {
        if let Some([key, value]) = map_entry(self.schema, field).map(|entry| &entry.field[..]) {
            return format!(
                "_Mapping[{}, {}]",
                self.value_type(key, message, nested),
                self.value_type(value, message, nested)
            );
        }
        let value = self.value_type(field, message, nested);
        let accepted = if is_message(field) {
            let more = match name_of(field.type_name.as_ref()) {
                TIMESTAMP => "datetime.datetime, ",
                DURATION => "datetime.timedelta, ",
                _ => "",
            };
            format!("_Union[{more}{value}, _Mapping]")
        } else if field.type_ == Some(field_type::ENUM) {
            format!("_Union[{value}, str]")
        } else {
            value
        };
        if is_repeated(field) {
            format!("_Iterable[{accepted}]")
        } else {
            accepted
        }
    }
}

/// A nested name as an expression; keywords are looked up by their text.
fn expression(local: &str) -> String {
    let mut parts = local.split('.');
    let first = parts.next().unwrap_or_default();
    let mut expression = if is_keyword(first) {
        format!("globals()['{first}']")
    } else {
        first.to_owned()
    };
    for part in parts {
        expression = if is_keyword(part) {
            format!("getattr({expression}, '{part}')")
        } else {
            format!("{expression}.{part}")
        };
    }
    expression
}
