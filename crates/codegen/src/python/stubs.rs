//! `_pb2.pyi` for Russet's runtime: what the classes take and give, as exactly as type checkers can say it.
//!
//! Message fields are read-only, but for the well-known types that take Python values; the names that `HasField`, `ClearField` and `WhichOneof` accept are literals; comments are docstrings, and what is deprecated says so. Only what is used is imported. What Python can reach by `getattr` alone, since its name is a keyword, has no type, and a class of such a name is called `_name` here.

use std::collections::HashSet;
use std::fmt::Write;

use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    field_presence, field_type,
};
use rustc_hash::FxHashSet;

use super::comments::Comments;
use super::fields::{WELL_KNOWN, full_name_in, is_message, is_repeated, map_entry, name_of};
use super::stub_imports::{
    DEPRECATED_ALLOWED, Imported, aliases, declared_names, import_used, public_imports, words,
};
use super::{Import, Options, Printer, file_name, file_of, is_keyword, local_name};
use crate::paths::{
    ENUM_VALUE, FILE_ENUM, FILE_MESSAGE, MESSAGE_ENUM, MESSAGE_FIELD, MESSAGE_NESTED, below,
};
use crate::{GenerateError, Output, Schema};

/// Before the name of a top-level type where a nested name hides it.
const GLOBAL_PREFIX: &str = "_Global_";

/// The names of Python that stubs use.
const BUILTINS: [&str; 6] = ["int", "float", "bool", "str", "bytes", "property"];

/// Modules and the names that are imported from them, where the text has use for them.
const IMPORTS: [Imported; 5] = [
    ("collections.abc", &["Iterable", "Mapping"]),
    (
        "typing",
        &[
            "Any", "ClassVar", "Literal", "NoReturn", "Optional", "Union", "overload",
        ],
    ),
    ("typing_extensions", &["deprecated"]),
    ("russet.protobuf", &["descriptor", "message"]),
    (
        "russet.protobuf.internal",
        &[
            "containers",
            "enum_type_wrapper",
            "python_message",
            "well_known_types",
        ],
    ),
];

/// The `_pb2.pyi` of a file. Comments become docstrings, so the file must have its source info.
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
        comments: Comments::new(file),
        aliases: aliases(schema, file),
        shadowed: HashSet::new(),
        declared: declared_names(file).collect(),
        is_deprecated: file
            .options
            .as_ref()
            .is_some_and(|options| options.deprecated == Some(true)),
        implicit_presence: has_implicit_presence(file),
        out: Printer::new("    "),
    };
    for message in &file.message_type {
        generator.note_shadowing(message);
    }
    generator.body();
    generator.global_names();
    let content = generator.with_imports();
    Ok(Output {
        name: file_name(name, ".pyi"),
        content,
        is_package_marker: false,
    })
}

struct Generator<'g, 's> {
    schema: &'g Schema<'s>,
    file: &'s FileDescriptorProto,
    options: &'g Options,
    comments: Comments<'s>,
    /// The files whose types can be named, and what their modules are imported as.
    aliases: Vec<(&'s str, String)>,
    /// Names declared inside of a class: there they hide what the module or Python calls so.
    shadowed: HashSet<String>,
    /// Names declared at the top of the file: there they hide what Python calls so.
    declared: HashSet<&'s str>,
    /// The whole file is deprecated.
    is_deprecated: bool,
    /// Whether a scalar field that says nothing has no presence.
    implicit_presence: bool,
    out: Printer,
}

/// Whether the fields of a file have no presence by default.
fn has_implicit_presence(file: &FileDescriptorProto) -> bool {
    let of_file = file
        .options
        .as_ref()
        .and_then(|options| options.features.as_ref())
        .and_then(|features| features.field_presence);
    match file.syntax.as_deref() {
        Some("proto3") => true,
        Some("editions") => of_file == Some(field_presence::IMPLICIT),
        _ => false,
    }
}

/// A name that a class or an annotation can have.
fn identifier(name: &str) -> String {
    if is_keyword(name) {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

/// What a field of a well-known type takes in place of a message.
fn assignable(type_name: &str) -> Option<&'static str> {
    match type_name {
        ".google.protobuf.Timestamp" => Some("_datetime.datetime"),
        ".google.protobuf.Duration" => Some("_datetime.timedelta"),
        ".google.protobuf.Struct" => Some("_Mapping[str, _Any]"),
        ".google.protobuf.ListValue" => Some("_Iterable[_Any]"),
        _ => None,
    }
}

fn literals<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    (!names.is_empty()).then(|| format!("_Literal[{}]", names.join(", ")))
}

impl Generator<'_, '_> {
    fn note_shadowing(&mut self, message: &DescriptorProto) {
        let fields = message.field.iter().map(|field| &field.name);
        let nested = message.nested_type.iter().map(|nested| &nested.name);
        let enums = message.enum_type.iter().map(|declared| &declared.name);
        let values = message
            .enum_type
            .iter()
            .flat_map(|declared| &declared.value);
        let names = fields
            .chain(nested)
            .chain(enums)
            .chain(values.map(|value| &value.name));
        self.shadowed.extend(names.flatten().cloned());
        for inner in &message.nested_type {
            self.note_shadowing(inner);
        }
    }

    /// Other names for top-level types, which nothing hides.
    fn global_names(&mut self) {
        let messages = self.file.message_type.iter().map(|message| &message.name);
        let enums = self.file.enum_type.iter().map(|declared| &declared.name);
        for name in messages.chain(enums).flatten() {
            if self.shadowed.contains(name) {
                let name = identifier(name);
                self.out.lines(&format!("{GLOBAL_PREFIX}{name} = {name}"));
            }
        }
    }

    /// The finished text: the body under the imports that it makes use of.
    fn with_imports(self) -> String {
        let body = self.out.text;
        let name = name_of(self.file.name.as_ref());
        let mut head = Printer::new("    ");
        head.lines(&format!(
            "# Generated by the protocol buffer compiler.  DO NOT EDIT!\n# source: {name}\n{DEPRECATED_ALLOWED}"
        ));
        let words = words(&body);
        for (module, alias) in [("builtins", "_builtins"), ("datetime", "_datetime")] {
            if words.contains(alias) {
                head.lines(&format!("import {module} as {alias}"));
            }
        }
        import_used(&mut head, &IMPORTS, &words);
        for (dependency, alias) in &self.aliases {
            if words.contains(alias.as_str())
                && let Import::Statement(statement) = self.options.import(name, dependency, alias)
            {
                head.lines(&statement);
            }
        }
        public_imports(
            &mut head,
            self.schema,
            self.options,
            self.file,
            name,
            &mut FxHashSet::default(),
        );
        format!("{}\n{body}", head.text)
    }

    /// One of Python's own names.
    fn builtin(&self, name: &str) -> String {
        debug_assert!(BUILTINS.contains(&name));
        if self.shadowed.contains(name) || self.declared.contains(name) {
            format!("_builtins.{name}")
        } else {
            name.to_owned()
        }
    }

    fn body(&mut self) {
        let file = self.file;
        self.out.lines("DESCRIPTOR: _descriptor.FileDescriptor");
        for (index, declared) in file.enum_type.iter().enumerate() {
            let full_name = full_name_in(file, name_of(declared.name.as_ref()));
            self.out.lines("");
            self.enumeration(declared, &full_name, &below(&[], FILE_ENUM, index));
        }
        for declared in &file.enum_type {
            let full_name = full_name_in(file, name_of(declared.name.as_ref()));
            self.enum_values(declared, &full_name, None);
        }
        self.extensions(&file.extension);
        for (index, message) in file.message_type.iter().enumerate() {
            self.out.lines("");
            let full_name = full_name_in(file, name_of(message.name.as_ref()));
            self.message(message, &full_name, &below(&[], FILE_MESSAGE, index));
        }
    }

    /// How a type is written in this file.
    fn type_name(&self, full_name: &str) -> String {
        let Some(file) = self.schema.file_of(full_name) else {
            return "_Any".to_owned();
        };
        let parts: Vec<String> = local_name(file, full_name)
            .split('.')
            .map(identifier)
            .collect();
        let local = parts.join(".");
        if file.name == self.file.name {
            let is_hidden = parts
                .first()
                .is_some_and(|first| self.shadowed.contains(first));
            let prefix = if is_hidden { GLOBAL_PREFIX } else { "" };
            return format!("{prefix}{local}");
        }
        let (own, other) = (
            name_of(self.file.name.as_ref()),
            name_of(file.name.as_ref()),
        );
        let found = self.aliases.iter().find(|(file, _)| *file == other);
        match found.map(|(_, alias)| (alias, self.options.import(own, other, alias))) {
            Some((alias, Import::Statement(_))) => format!("{alias}.{local}"),
            // Type checkers do not follow importlib.
            _ => "_Any".to_owned(),
        }
    }

    fn docstring(&mut self, path: &[i32]) {
        if let Some(text) = self.comments.docstring(path) {
            self.out.lines(&text);
        }
    }

    fn deprecate(&mut self, what: &str, is_deprecated: bool) {
        if is_deprecated || self.is_deprecated {
            let file = name_of(self.file.name.as_ref());
            self.out
                .lines(&format!("@_deprecated(\"{what} is deprecated in {file}\")"));
        }
    }

    fn enumeration(&mut self, declared: &EnumDescriptorProto, full_name: &str, path: &[i32]) {
        let name = identifier(name_of(declared.name.as_ref()));
        let int = self.builtin("int");
        let options = declared.options.as_ref();
        self.deprecate(
            &name,
            options.is_some_and(|options| options.deprecated == Some(true)),
        );
        self.out.lines(&format!(
            "class {name}({int}, metaclass=_enum_type_wrapper.EnumTypeWrapper):"
        ));
        self.out.indent += 1;
        self.docstring(path);
        self.out.lines("__slots__ = ()");
        self.enum_values(declared, full_name, Some(path));
        self.out.indent -= 1;
    }

    /// The values: within their enum, whose path is given, and beside it.
    fn enum_values(
        &mut self,
        declared: &EnumDescriptorProto,
        full_name: &str,
        path: Option<&[i32]>,
    ) {
        let type_name = self.type_name(full_name);
        for (index, value) in declared.value.iter().enumerate() {
            let name = name_of(value.name.as_ref());
            if is_keyword(name) {
                continue;
            }
            if let Some(path) = path {
                self.out.lines(&format!("{name}: _ClassVar[{type_name}]"));
                self.docstring(&below(path, ENUM_VALUE, index));
            } else if self.out.indent > 0 {
                self.out.lines(&format!("{name}: _ClassVar[{type_name}]"));
            } else {
                self.out.lines(&format!("{name}: {type_name}"));
            }
        }
    }

    fn extensions(&mut self, extensions: &[FieldDescriptorProto]) {
        let int = self.builtin("int");
        for extension in extensions {
            let name = name_of(extension.name.as_ref());
            let constant = name.to_ascii_uppercase();
            // At module level a class variable is an error to type checkers.
            if self.out.indent == 0 {
                self.out.lines(&format!("{constant}_FIELD_NUMBER: {int}"));
            } else {
                self.out
                    .lines(&format!("{constant}_FIELD_NUMBER: _ClassVar[{int}]"));
            }
            if !is_keyword(name) {
                self.out
                    .lines(&format!("{name}: _descriptor.FieldDescriptor"));
            }
        }
    }

    /// The type of one value of a field.
    fn value_type(&self, field: &FieldDescriptorProto) -> String {
        match field.type_.unwrap_or_default() {
            field_type::DOUBLE | field_type::FLOAT => self.builtin("float"),
            field_type::BOOL => self.builtin("bool"),
            field_type::STRING => self.builtin("str"),
            field_type::BYTES => self.builtin("bytes"),
            field_type::ENUM | field_type::MESSAGE | field_type::GROUP => {
                self.type_name(name_of(field.type_name.as_ref()))
            }
            _ => self.builtin("int"),
        }
    }

    fn message(&mut self, message: &DescriptorProto, full_name: &str, path: &[i32]) {
        let name = identifier(name_of(message.name.as_ref()));
        let base = if WELL_KNOWN.contains(&full_name) {
            format!(", _well_known_types.{name}")
        } else {
            String::new()
        };
        let options = message.options.as_ref();
        self.deprecate(
            &name,
            options.is_some_and(|options| options.deprecated == Some(true)),
        );
        self.out
            .lines(&format!("class {name}(_message.Message{base}):"));
        self.out.indent += 1;
        self.docstring(path);
        self.out.lines("DESCRIPTOR: _descriptor.Descriptor");
        if !message.extension_range.is_empty() {
            self.out.lines("Extensions: _python_message._ExtensionDict");
        }
        for (index, declared) in message.enum_type.iter().enumerate() {
            let full_name = format!("{full_name}.{}", name_of(declared.name.as_ref()));
            self.enumeration(declared, &full_name, &below(path, MESSAGE_ENUM, index));
            self.enum_values(declared, &full_name, None);
        }
        for (index, inner) in message.nested_type.iter().enumerate() {
            let full_name = format!("{full_name}.{}", name_of(inner.name.as_ref()));
            self.message(inner, &full_name, &below(path, MESSAGE_NESTED, index));
        }
        self.extensions(&message.extension);
        let mut constants = HashSet::new();
        for field in &message.field {
            let constant = name_of(field.name.as_ref()).to_ascii_uppercase();
            // Two fields may differ in case alone; declared twice the constant would be an error.
            if constants.insert(constant.clone()) {
                let int = self.builtin("int");
                self.out
                    .lines(&format!("{constant}_FIELD_NUMBER: _ClassVar[{int}]"));
            }
        }
        for (index, field) in message.field.iter().enumerate() {
            self.field(field, &below(path, MESSAGE_FIELD, index));
        }
        self.constructor(message);
        self.names_of_fields(message);
        self.out.indent -= 1;
    }

    /// The attribute of a field: a variable, or a property where it cannot be set, takes other values than it gives, or is deprecated.
    fn field(&mut self, field: &FieldDescriptorProto, path: &[i32]) {
        let name = name_of(field.name.as_ref());
        if is_keyword(name) {
            return;
        }
        let type_name = self.field_type(field);
        let is_single = !is_repeated(field);
        let taken = match assignable(name_of(field.type_name.as_ref())) {
            Some(taken) if is_single && is_message(field) => Some(self.unhidden(taken)),
            _ if is_single && !is_message(field) => Some(type_name.clone()),
            _ => None,
        };
        let options = field.options.as_ref();
        let is_deprecated = options.is_some_and(|options| options.deprecated == Some(true));
        if taken.as_ref() == Some(&type_name) && !is_deprecated {
            self.out.lines(&format!("{name}: {type_name}"));
            self.docstring(path);
            return;
        }
        let property = self.builtin("property");
        let deprecation = format!(
            "@_deprecated(\"{name} is deprecated in {}\")",
            name_of(self.file.name.as_ref())
        );
        self.out.lines(&format!("@{property}"));
        if is_deprecated {
            self.out.lines(&deprecation);
        }
        let head = format!("def {name}(self) -> {type_name}:");
        match self.comments.docstring(path) {
            None => self.out.lines(&format!("{head} ...")),
            Some(text) => {
                self.out.lines(&head);
                self.out.indented(|out| out.lines(&text));
            }
        }
        if let Some(taken) = taken {
            self.out.lines(&format!("@{name}.setter"));
            if is_deprecated {
                self.out.lines(&deprecation);
            }
            self.out
                .lines(&format!("def {name}(self, value: {taken}) -> None: ..."));
        }
    }

    /// A type written with `str`, where that may be hidden.
    fn unhidden(&self, text: &str) -> String {
        text.replace("[str,", &format!("[{},", self.builtin("str")))
    }

    fn field_type(&self, field: &FieldDescriptorProto) -> String {
        if let Some([key, value]) = map_entry(self.schema, field).map(|entry| &entry.field[..]) {
            let kind = if is_message(value) {
                "Message"
            } else {
                "Scalar"
            };
            return format!(
                "_containers.{kind}Map[{}, {}]",
                self.value_type(key),
                self.value_type(value)
            );
        }
        let value = self.value_type(field);
        if !is_repeated(field) {
            value
        } else if is_message(field) {
            format!("_containers.RepeatedCompositeFieldContainer[{value}]")
        } else {
            format!("_containers.RepeatedScalarFieldContainer[{value}]")
        }
    }

    fn constructor(&mut self, message: &DescriptorProto) {
        // A field may be called "self": the parameter then gives way.
        let mut parameters = "self".to_owned();
        while message
            .field
            .iter()
            .any(|field| name_of(field.name.as_ref()) == parameters)
        {
            parameters.insert(0, '_');
        }
        let (keywords, fields): (Vec<_>, Vec<_>) = message
            .field
            .iter()
            .partition(|field| is_keyword(name_of(field.name.as_ref())));
        if !fields.is_empty() {
            parameters.push_str(", *");
        }
        for field in fields {
            let accepted = self.accepted_type(field);
            let name = name_of(field.name.as_ref());
            let _infallible = write!(parameters, ", {name}: _Optional[{accepted}] = ...");
        }
        if !keywords.is_empty() {
            parameters.push_str(", **kwargs: _Any");
        }
        self.out
            .lines(&format!("def __init__({parameters}) -> None: ..."));
    }

    /// What the constructor takes for a field.
    fn accepted_type(&self, field: &FieldDescriptorProto) -> String {
        let str_type = self.builtin("str");
        if let Some([key, value]) = map_entry(self.schema, field).map(|entry| &entry.field[..]) {
            return format!(
                "_Mapping[{}, {}]",
                self.value_type(key),
                self.value_type(value)
            );
        }
        let value = self.value_type(field);
        let accepted = if is_message(field) {
            let more = match assignable(name_of(field.type_name.as_ref())) {
                // A mapping is taken for every message.
                Some(taken) if !taken.starts_with("_Mapping") && !is_repeated(field) => {
                    format!("{taken}, ")
                }
                _ => String::new(),
            };
            format!("_Union[{more}{value}, _Mapping[{str_type}, _Any]]")
        } else if field.type_ == Some(field_type::ENUM) {
            format!("_Union[{value}, {str_type}]")
        } else {
            value
        };
        if is_repeated(field) {
            format!("_Iterable[{accepted}]")
        } else {
            accepted
        }
    }

    /// `HasField`, `ClearField` and `WhichOneof`, with the names that they take.
    fn names_of_fields(&mut self, message: &DescriptorProto) {
        let fields = || message.field.iter();
        let name =
            |field: &'_ FieldDescriptorProto| -> String { field.name.clone().unwrap_or_default() };
        let is_field = |wanted: &str| fields().any(|field| name_of(field.name.as_ref()) == wanted);
        // Oneofs of one optional field of proto3 are not in the source.
        let oneofs: Vec<(&str, Vec<String>)> = message
            .oneof_decl
            .iter()
            .enumerate()
            .map(|(index, oneof)| {
                let members = fields()
                    .filter(|field| {
                        field.proto3_optional != Some(true)
                            && field.oneof_index.and_then(|own| usize::try_from(own).ok())
                                == Some(index)
                    })
                    .map(name)
                    .collect();
                (name_of(oneof.name.as_ref()), members)
            })
            .filter(|(_, members): &(_, Vec<String>)| !members.is_empty())
            .collect();
        let oneof_names: Vec<&str> = oneofs.iter().map(|(name, _)| *name).collect();
        let present: Vec<String> = fields()
            .filter(|field| self.has_presence(field))
            .map(name)
            .collect();
        let all: Vec<String> = fields().map(name).collect();
        let bool_type = self.builtin("bool");
        for (method, names, result) in [
            ("HasField", present, bool_type.as_str()),
            ("ClearField", all, "None"),
        ] {
            let names = names.iter().map(String::as_str).chain(oneof_names.clone());
            let accepted = literals(names).unwrap_or_else(|| "_NoReturn".to_owned());
            if !is_field(method) {
                self.out.lines(&format!(
                    "def {method}(self, field_name: {accepted}) -> {result}: ..."
                ));
            }
        }
        if is_field("WhichOneof") {
            return;
        }
        for (oneof, members) in &oneofs {
            if oneofs.len() > 1 {
                self.out.lines("@_overload");
            }
            let result = literals(members.iter().map(String::as_str)).unwrap_or_default();
            self.out.lines(&format!(
                "def WhichOneof(self, oneof_group: _Literal[\"{oneof}\"]) -> _Optional[{result}]: ..."
            ));
        }
        if oneofs.is_empty() {
            self.out
                .lines("def WhichOneof(self, oneof_group: _NoReturn) -> None: ...");
        }
    }

    fn has_presence(&self, field: &FieldDescriptorProto) -> bool {
        let own = field
            .options
            .as_ref()
            .and_then(|options| options.features.as_ref())
            .and_then(|features| features.field_presence);
        let is_explicit = match own {
            Some(own) => own != field_presence::IMPLICIT,
            None => !self.implicit_presence,
        };
        !is_repeated(field)
            && (is_explicit
                || is_message(field)
                || field.oneof_index.is_some()
                || field.proto3_optional == Some(true))
    }
}
