//! The part of the original runtime's `descriptor_pb2.py` that its pure-Python implementation needs: descriptors made by hand, since this is the module that descriptors are read with.
//!
//! It is for `google/protobuf/descriptor.proto`, which has neither oneofs nor extensions; those of another file of that name are left out.

use std::fmt::Write;

use russet_descriptor::pool::Features;
use russet_descriptor::proto::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, Text, edition,
    enum_type, field_presence, field_type, json_format, label, message_encoding,
    repeated_field_encoding, utf8_validation,
};

use super::messages::{encoded, global_name, hex_escape, octal_escape};
use super::{Printer, local_name};

/// The only file that is read before there are descriptors.
pub(super) const NAME: &str = "google/protobuf/descriptor.proto";

const CREATE_KEY: &str = "create_key=_descriptor._internal_create_key";

/// The file's descriptor, made by hand or, with another implementation, from `serialized`.
pub(super) fn file_descriptor(out: &mut Printer, file: &FileDescriptorProto, serialized: &[u8]) {
    let bytes = hex_escape(serialized);
    let syntax = file.syntax.as_deref().unwrap_or("proto2");
    let number = edition_of(file);
    let edition = edition::name(number).unwrap_or_default();
    out.lines(&format!(
        "if not _descriptor._USE_C_DESCRIPTORS:
  DESCRIPTOR = _descriptor.FileDescriptor(
    name='{}',
    package='{}',
    syntax='{syntax}',
    edition='EDITION_{}',
    serialized_options={},
    {CREATE_KEY},
    serialized_pb=b'{bytes}'
  )
else:
  DESCRIPTOR = _descriptor_pool.Default().AddSerializedFile(b'{bytes}')
",
        file.name.as_deref().unwrap_or_default(),
        file.package.as_deref().unwrap_or_default(),
        edition.trim_start_matches("EDITION_"),
        literal(&encoded!(file.options)),
    ));
}

/// The descriptors of all messages and enums, tied together, and the features of each: they cannot be resolved where the module that holds them is still being made.
pub(super) fn descriptors(out: &mut Printer, file: &FileDescriptorProto) {
    let classes = Classes { file };
    let scope = Scope {
        global: String::new(),
        full_name: file.package.clone().unwrap_or_default(),
    };
    let features = Features::of_edition(edition_of(file)).overridden_by(
        file.options
            .as_ref()
            .and_then(|options| options.features.as_ref()),
    );
    for declared in &file.enum_type {
        Classes::enumeration(out, declared, &scope);
    }
    for message in &file.message_type {
        Classes::enumerations(out, message, &scope);
    }
    for message in &file.message_type {
        out.lines("");
        classes.message(out, message, &scope);
    }
    for message in &file.message_type {
        classes.ties(out, message, "");
    }
    for message in &file.message_type {
        let name = message.name.as_deref().unwrap_or_default();
        let global = global_name("", name);
        out.lines(&format!(
            "DESCRIPTOR.message_types_by_name['{name}'] = {global}"
        ));
    }
    for declared in &file.enum_type {
        let name = declared.name.as_deref().unwrap_or_default();
        let global = global_name("", name);
        out.lines(&format!(
            "DESCRIPTOR.enum_types_by_name['{name}'] = {global}"
        ));
    }
    out.lines(
        "_sym_db.RegisterFileDescriptor(DESCRIPTOR)

class _ResolvedFeatures:
  def __init__(self, features = None, **kwargs):
    if features:
      for k, v in features.FIELDS.items():
        setattr(self, k, getattr(features, k))
    else:
      for k, v in kwargs.items():
        setattr(self, k, v)",
    );
    resolved(out, "DESCRIPTOR", features);
    for message in &file.message_type {
        features_of_message(out, message, "", features);
    }
    for message in &file.message_type {
        features_of_enums(out, message, "", features);
    }
    for declared in &file.enum_type {
        features_of_enum(out, declared, "", features);
    }
}

/// The file's edition; proto2 and proto3 are editions here.
fn edition_of(file: &FileDescriptorProto) -> i32 {
    file.edition.unwrap_or(match file.syntax.as_deref() {
        Some("proto3") => edition::PROTO3,
        _ => edition::PROTO2,
    })
}

/// Serialized options as an expression.
fn literal(options: &[u8]) -> String {
    if options.is_empty() {
        "None".to_owned()
    } else {
        format!("b'{}'", octal_escape(options))
    }
}

/// What a declaration stands in: the name of its descriptor among the globals, and its full name.
struct Scope {
    global: String,
    full_name: String,
}

impl Scope {
    fn of(&self, name: &str) -> Self {
        let full_name = if self.full_name.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.full_name)
        };
        Self {
            global: global_name(&self.global, name),
            full_name,
        }
    }
}

struct Classes<'f> {
    file: &'f FileDescriptorProto,
}

impl Classes<'_> {
    /// The enums of a message and of those in it.
    fn enumerations(out: &mut Printer, message: &DescriptorProto, scope: &Scope) {
        let inner = scope.of(message.name.as_deref().unwrap_or_default());
        for nested in &message.nested_type {
            Self::enumerations(out, nested, &inner);
        }
        for declared in &message.enum_type {
            Self::enumeration(out, declared, &inner);
        }
    }

    fn enumeration(out: &mut Printer, declared: &EnumDescriptorProto, scope: &Scope) {
        let name = declared.name.as_deref().unwrap_or_default();
        let Scope { global, full_name } = scope.of(name);
        out.lines(&format!(
            "{global} = _descriptor.EnumDescriptor(
  name='{name}',
  full_name='{full_name}',
  filename=None,
  file=DESCRIPTOR,
  {CREATE_KEY},
  values=["
        ));
        for (index, value) in declared.value.iter().enumerate() {
            out.lines(&format!(
                "    _descriptor.EnumValueDescriptor(
      name='{}', index={index}, number={},
      serialized_options={},
      type=None,
      {CREATE_KEY}),",
                value.name.as_deref().unwrap_or_default(),
                value.number.unwrap_or_default(),
                literal(&encoded!(value.options)),
            ));
        }
        out.lines(&format!(
            "  ],
  containing_type=None,
  serialized_options={},
)
_sym_db.RegisterEnumDescriptor({global})
",
            literal(&encoded!(declared.options)),
        ));
    }

    /// A message, those in it before it.
    fn message(&self, out: &mut Printer, message: &DescriptorProto, scope: &Scope) {
        let name = message.name.as_deref().unwrap_or_default();
        let inner = scope.of(name);
        for nested in &message.nested_type {
            self.message(out, nested, &inner);
        }
        let Scope { global, full_name } = inner;
        out.lines(&format!(
            "{global} = _descriptor.Descriptor(
  name='{name}',
  full_name='{full_name}',
  filename=None,
  file=DESCRIPTOR,
  containing_type=None,
  {CREATE_KEY},
  fields=["
        ));
        for (index, field) in message.field.iter().enumerate() {
            self.field(out, field, &full_name, index);
        }
        let mut nested = String::new();
        for inner in &message.nested_type {
            let name = global_name(&global, inner.name.as_deref().unwrap_or_default());
            nested.push_str(&name);
            nested.push_str(", ");
        }
        let mut enums = String::new();
        for declared in &message.enum_type {
            let name = global_name(&global, declared.name.as_deref().unwrap_or_default());
            enums.push_str("\n    ");
            enums.push_str(&name);
            enums.push(',');
        }
        let mut ranges = String::new();
        for range in &message.extension_range {
            let (start, end) = (range.start.unwrap_or(0), range.end.unwrap_or(0));
            let _infallible = write!(ranges, "({start}, {end}), ");
        }
        let is_extendable = python_bool(!message.extension_range.is_empty());
        out.lines(&format!(
            "  ],
  extensions=[
  ],
  nested_types=[{nested}],
  enum_types=[{enums}
  ],
  serialized_options={},
  is_extendable={is_extendable},
  extension_ranges=[{ranges}],
  oneofs=[
  ],
)
",
            literal(&encoded!(message.options)),
        ));
    }

    fn field(&self, out: &mut Printer, field: &FieldDescriptorProto, scope: &str, index: usize) {
        let name = field.name.as_deref().unwrap_or_default();
        let kind = field.type_.unwrap_or_default();
        out.lines(&format!(
            "    _descriptor.FieldDescriptor(
      name='{name}', full_name='{scope}.{name}', index={index},
      number={}, type={kind}, cpp_type={}, label={},
      has_default_value={}, default_value={},
      message_type=None, enum_type=None, containing_type=None,
      is_extension=False, extension_scope=None,
      serialized_options={}, file=DESCRIPTOR,  {CREATE_KEY}),",
            field.number.unwrap_or_default(),
            cpp_type(kind),
            field.label.unwrap_or(label::OPTIONAL),
            python_bool(field.default_value.is_some()),
            self.default_value(field),
            literal(&encoded!(field.options)),
        ));
    }

    /// A field's default as an expression.
    fn default_value(&self, field: &FieldDescriptorProto) -> String {
        if field.label == Some(label::REPEATED) {
            return "[]".to_owned();
        }
        let text = field.default_value.as_ref().map(Text::to_str_lossy);
        let given = text.as_deref();
        match field.type_.unwrap_or_default() {
            field_type::MESSAGE | field_type::GROUP => "None".to_owned(),
            field_type::BOOL => python_bool(given == Some("true")).to_owned(),
            field_type::STRING => {
                let bytes = octal_escape(given.unwrap_or_default().as_bytes());
                format!("b\"{bytes}\".decode('utf-8')")
            }
            // Descriptors hold the escaped form.
            field_type::BYTES => format!("b\"{}\"", given.unwrap_or_default()),
            field_type::DOUBLE | field_type::FLOAT => format!("float({})", given.unwrap_or("0")),
            field_type::ENUM => self.enum_default(field).to_string(),
            _ => given.unwrap_or("0").to_owned(),
        }
    }

    /// The number of the value a field starts with: the first one unless another is named.
    fn enum_default(&self, field: &FieldDescriptorProto) -> i32 {
        let Some(declared) = self.find_enum(field.type_name.as_deref().unwrap_or_default()) else {
            return 0;
        };
        let default = field.default_value.as_ref().map(Text::to_str_lossy);
        let named = declared
            .value
            .iter()
            .find(|value| value.name.is_some() && value.name.as_deref() == default.as_deref());
        named
            .or(declared.value.first())
            .and_then(|value| value.number)
            .unwrap_or_default()
    }

    fn find_enum(&self, type_name: &str) -> Option<&EnumDescriptorProto> {
        let local = local_name(self.file, type_name);
        let Some((scope, name)) = local.rsplit_once('.') else {
            return find(&self.file.enum_type, local);
        };
        let mut messages = &self.file.message_type;
        let mut enums = &self.file.enum_type;
        for part in scope.split('.') {
            let message = messages
                .iter()
                .find(|message| message.name.as_deref() == Some(part))?;
            (messages, enums) = (&message.nested_type, &message.enum_type);
        }
        find(enums, name)
    }

    /// What can only be said once all descriptors exist: types of fields, and what stands in what.
    fn ties(&self, out: &mut Printer, message: &DescriptorProto, scope: &str) {
        let global = global_name(scope, message.name.as_deref().unwrap_or_default());
        for nested in &message.nested_type {
            self.ties(out, nested, &global);
        }
        for field in &message.field {
            let kind = match field.type_.unwrap_or_default() {
                field_type::MESSAGE | field_type::GROUP => "message_type",
                field_type::ENUM => "enum_type",
                _ => continue,
            };
            let name = field.name.as_deref().unwrap_or_default();
            let local = local_name(self.file, field.type_name.as_deref().unwrap_or_default());
            let target = local
                .split('.')
                .fold(String::new(), |scope, part| global_name(&scope, part));
            out.lines(&format!(
                "{global}.fields_by_name['{name}'].{kind} = {target}"
            ));
        }
        if !scope.is_empty() {
            out.lines(&format!("{global}.containing_type = {scope}"));
        }
        for declared in &message.enum_type {
            let name = global_name(&global, declared.name.as_deref().unwrap_or_default());
            out.lines(&format!("{name}.containing_type = {global}"));
        }
    }
}

fn find<'e>(enums: &'e [EnumDescriptorProto], name: &str) -> Option<&'e EnumDescriptorProto> {
    enums
        .iter()
        .find(|declared| declared.name.as_deref() == Some(name))
}

fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// `FieldDescriptor.CppType` of a field's type.
fn cpp_type(kind: i32) -> i32 {
    match kind {
        field_type::INT32 | field_type::SINT32 | field_type::SFIXED32 => 1,
        field_type::INT64 | field_type::SINT64 | field_type::SFIXED64 => 2,
        field_type::UINT32 | field_type::FIXED32 => 3,
        field_type::UINT64 | field_type::FIXED64 => 4,
        field_type::DOUBLE => 5,
        field_type::FLOAT => 6,
        field_type::BOOL => 7,
        field_type::ENUM => 8,
        field_type::STRING | field_type::BYTES => 9,
        _ => 10,
    }
}

fn features_of_message(out: &mut Printer, message: &DescriptorProto, scope: &str, outer: Features) {
    let global = global_name(scope, message.name.as_deref().unwrap_or_default());
    let own = message.options.as_ref();
    let features = outer.overridden_by(own.and_then(|options| options.features.as_ref()));
    resolved(out, &global, features);
    for (index, field) in message.field.iter().enumerate() {
        let expression = format!("{global}.fields[{index}]");
        resolved(out, &expression, features.of_field(field));
    }
    for nested in &message.nested_type {
        features_of_message(out, nested, &global, features);
    }
}

/// The features of the enums of a message, then of those of the messages in it.
fn features_of_enums(out: &mut Printer, message: &DescriptorProto, scope: &str, outer: Features) {
    let global = global_name(scope, message.name.as_deref().unwrap_or_default());
    let own = message.options.as_ref();
    let features = outer.overridden_by(own.and_then(|options| options.features.as_ref()));
    for declared in &message.enum_type {
        features_of_enum(out, declared, &global, features);
    }
    for nested in &message.nested_type {
        features_of_enums(out, nested, &global, features);
    }
}

fn features_of_enum(
    out: &mut Printer,
    declared: &EnumDescriptorProto,
    scope: &str,
    outer: Features,
) {
    let global = global_name(scope, declared.name.as_deref().unwrap_or_default());
    let own = declared.options.as_ref();
    let features = outer.overridden_by(own.and_then(|options| options.features.as_ref()));
    resolved(out, &global, features);
    for (index, value) in declared.value.iter().enumerate() {
        let own = value.options.as_ref();
        let features = features.overridden_by(own.and_then(|options| options.features.as_ref()));
        resolved(out, &format!("{global}.values[{index}]"), features);
    }
}

/// Sets the features that are there at run time.
fn resolved(out: &mut Printer, expression: &str, features: Features) {
    let arguments = [
        (
            "field_presence",
            "FIELDPRESENCE",
            field_presence::name(features.field_presence),
        ),
        ("enum_type", "ENUMTYPE", enum_type::name(features.enum_type)),
        (
            "repeated_field_encoding",
            "REPEATEDFIELDENCODING",
            repeated_field_encoding::name(features.repeated_field_encoding),
        ),
        (
            "utf8_validation",
            "UTF8VALIDATION",
            utf8_validation::name(features.utf8_validation),
        ),
        (
            "message_encoding",
            "MESSAGEENCODING",
            message_encoding::name(features.message_encoding),
        ),
        (
            "json_format",
            "JSONFORMAT",
            json_format::name(features.json_format),
        ),
    ]
    .map(|(feature, declared, value)| {
        let value = value.unwrap_or_default();
        format!("{feature}=_FEATURESET_{declared}.values_by_name[\"{value}\"].number")
    });
    out.lines(&format!(
        "{expression}._features = _ResolvedFeatures({})",
        arguments.join(",")
    ));
}
