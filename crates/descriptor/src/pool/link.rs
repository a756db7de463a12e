//! Builds a file's descriptors and resolves its references.
//!
//! Two passes: the first makes every descriptor of the file and collects its symbols, the second resolves type names (against the file's own symbols and the pool's) and checks what needs them. Only then does the pool take the file; a file that fails leaves nothing behind but the memory of its attempt.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::error::PoolError;
use super::features::Features;
use super::model::{
    Attachment, Cardinality, Enum, EnumValue, Field, FieldType, File, Message, Method, Oneof,
    Service, TypeRef,
};
use super::names::{json_name, parse_default, zero_default};
use super::{Symbol, Symbols};
use crate::proto::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto, Text, edition, enum_type, json_format, label, message_encoding,
};
use crate::wire::MAX_FIELD_NUMBER;

/// A file that linked: what the pool takes over.
pub(super) struct Linked {
    pub(super) file: &'static File,
    pub(super) symbols: HashMap<String, Symbol>,
    pub(super) extensions: Vec<&'static Field>,
}

/// Builds and links `proto` against `pool`, whose identity is `pool_id`.
pub(super) fn link(
    proto: &'static FileDescriptorProto,
    serialized: &'static [u8],
    dependencies: Vec<&'static File>,
    pool: &Symbols,
    pool_id: u64,
) -> Result<Linked, PoolError> {
    let edition = match proto.syntax.as_deref() {
        Some("proto3") => edition::PROTO3,
        Some("editions") => proto.edition.unwrap_or(edition::EDITION_2023),
        _ => edition::PROTO2,
    };
    let features = Features::of_edition(edition)
        .overridden_by(proto.options.as_ref().and_then(|o| o.features.as_ref()));
    let file = leak(File {
        proto,
        serialized,
        edition,
        features,
        dependencies,
        messages: OnceLock::new(),
        enums: OnceLock::new(),
        extensions: OnceLock::new(),
        services: OnceLock::new(),
        pool: pool_id,
    });
    let mut builder = Builder {
        file,
        pool,
        symbols: HashMap::new(),
        fields: Vec::new(),
        extensions: Vec::new(),
    };
    builder.file()?;
    builder.resolve()?;
    Ok(Linked {
        file,
        symbols: builder.symbols,
        extensions: builder.extensions,
    })
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Fills a list that is made once, while its file is built.
fn fill<T>(list: &OnceLock<T>, value: T) {
    if list.set(value).is_err() {
        unreachable!("each list of a descriptor is filled once");
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

struct Builder<'a> {
    file: &'static File,
    pool: &'a Symbols,
    symbols: HashMap<String, Symbol>,
    /// Every field and extension of the file, to be resolved.
    fields: Vec<&'static Field>,
    extensions: Vec<&'static Field>,
}

impl Builder<'_> {
    fn invalid(&self, element: &str, problem: impl Into<String>) -> PoolError {
        PoolError::Invalid {
            file: self.file.name().to_owned(),
            element: element.to_owned(),
            problem: problem.into(),
        }
    }

    /// Joins a name to its scope, if it is an identifier.
    fn full_name(&self, scope: &str, name: Option<&str>) -> Result<String, PoolError> {
        let name = name.unwrap_or_default();
        let is_identifier = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_identifier {
            Ok(join(scope, name))
        } else {
            Err(self.invalid(scope, format!("\"{name}\" is not a name")))
        }
    }

    fn define(&mut self, name: &str, symbol: Symbol) -> Result<(), PoolError> {
        let first = match self.pool.get(name) {
            // A package may be shared by any number of files.
            Some(earlier) => Some(earlier.file()),
            None => self.symbols.get(name).map(|_| self.file),
        };
        if let Some(first) = first {
            return Err(PoolError::DuplicateSymbol {
                symbol: name.to_owned(),
                first: first.name().to_owned(),
                second: self.file.name().to_owned(),
            });
        }
        self.symbols.insert(name.to_owned(), symbol);
        Ok(())
    }

    fn file(&mut self) -> Result<(), PoolError> {
        let file = self.file;
        let package = file.package();
        let mut prefix = String::new();
        for part in package.split('.').filter(|_| !package.is_empty()) {
            prefix = self.full_name(&prefix, Some(part))?;
            match self.pool.get(prefix.as_str()) {
                None => {
                    self.symbols.insert(prefix.clone(), Symbol::Package(file));
                }
                Some(Symbol::Package(_)) => {}
                Some(other) => {
                    return Err(PoolError::DuplicateSymbol {
                        symbol: prefix,
                        first: other.file().name().to_owned(),
                        second: file.name().to_owned(),
                    });
                }
            }
        }
        let proto = file.proto;
        let mut messages = Vec::with_capacity(proto.message_type.len());
        for (index, message) in proto.message_type.iter().enumerate() {
            messages.push(self.message(message, package, None, index, file.features)?);
        }
        let mut enums = Vec::with_capacity(proto.enum_type.len());
        for (index, enumeration) in proto.enum_type.iter().enumerate() {
            enums.push(self.enumeration(enumeration, package, None, index, file.features)?);
        }
        let mut extensions = Vec::with_capacity(proto.extension.len());
        for (index, extension) in proto.extension.iter().enumerate() {
            extensions.push(self.extension(extension, package, None, index, file.features)?);
        }
        fill(&file.messages, messages);
        fill(&file.enums, enums);
        fill(&file.extensions, extensions);
        Ok(())
    }

    fn message(
        &mut self,
        proto: &'static DescriptorProto,
        scope: &str,
        parent: Option<&'static Message>,
        index: usize,
        outer: Features,
    ) -> Result<&'static Message, PoolError> {
        let features =
            outer.overridden_by(proto.options.as_ref().and_then(|o| o.features.as_ref()));
        let full_name = self.full_name(scope, proto.name.as_deref())?;
        let message = leak(Message {
            proto,
            full_name,
            file: self.file,
            parent,
            index,
            features,
            fields: OnceLock::new(),
            oneofs: OnceLock::new(),
            nested: OnceLock::new(),
            enums: OnceLock::new(),
            extensions: OnceLock::new(),
            by_name: OnceLock::new(),
            by_number: OnceLock::new(),
            attachment: Attachment::default(),
        });
        let name = message.full_name.as_str();
        self.define(name, Symbol::Message(message))?;

        let mut fields = Vec::with_capacity(proto.field.len());
        let mut members = vec![Vec::new(); proto.oneof_decl.len()];
        for (index, field) in proto.field.iter().enumerate() {
            if let Some(oneof) = field.oneof_index {
                usize::try_from(oneof)
                    .ok()
                    .and_then(|oneof| members.get_mut(oneof))
                    .ok_or_else(|| {
                        self.invalid(name, format!("there is no oneof of index {oneof}"))
                    })?
                    .push(index);
            }
            // A oneof's features stand between the message's and the field's.
            let outer = field
                .oneof_index
                .and_then(|oneof| proto.oneof_decl.get(usize::try_from(oneof).ok()?))
                .map_or(features, |oneof| {
                    features.overridden_by(oneof.options.as_ref().and_then(|o| o.features.as_ref()))
                });
            fields.push(self.field(field, name, Some(message), index, outer, false)?);
        }
        let mut by_name = HashMap::with_capacity(fields.len());
        let mut by_number = HashMap::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            by_name.insert(field.name(), index);
            if let Some(other) = by_number.insert(field.number, index) {
                return Err(self.invalid(
                    &field.full_name,
                    format!(
                        "number {} is already used by \"{}\"",
                        field.number,
                        fields[other].name()
                    ),
                ));
            }
        }
        if features.json_format == json_format::ALLOW {
            let mut json_names = HashSet::with_capacity(fields.len());
            for field in &fields {
                if !json_names.insert(field.json_name()) && field.json_name() != field.name() {
                    let problem = format!("its JSON name \"{}\" is taken", field.json_name());
                    return Err(self.invalid(&field.full_name, problem));
                }
            }
        }
        let mut oneofs = Vec::with_capacity(members.len());
        for (index, (oneof, members)) in proto.oneof_decl.iter().zip(members).enumerate() {
            let full_name = self.full_name(name, oneof.name.as_deref())?;
            if members.is_empty() {
                return Err(self.invalid(&full_name, "a oneof needs at least one field"));
            }
            let synthetic =
                members.len() == 1 && proto.field[members[0]].proto3_optional == Some(true);
            oneofs.push(Oneof {
                proto: oneof,
                full_name,
                index,
                message,
                fields: members,
                synthetic,
            });
        }
        fill(&message.fields, fields);
        fill(&message.oneofs, oneofs);
        fill(&message.by_name, by_name);
        fill(&message.by_number, by_number);
        for field in message.fields() {
            self.define(&field.full_name, Symbol::Field(field))?;
            self.fields.push(field);
        }
        for oneof in message.oneofs() {
            self.define(&oneof.full_name, Symbol::Oneof(oneof))?;
        }

        let mut nested = Vec::with_capacity(proto.nested_type.len());
        for (index, inner) in proto.nested_type.iter().enumerate() {
            nested.push(self.message(inner, name, Some(message), index, features)?);
        }
        let mut enums = Vec::with_capacity(proto.enum_type.len());
        for (index, inner) in proto.enum_type.iter().enumerate() {
            enums.push(self.enumeration(inner, name, Some(message), index, features)?);
        }
        let mut extensions = Vec::with_capacity(proto.extension.len());
        for (index, extension) in proto.extension.iter().enumerate() {
            extensions.push(self.extension(extension, name, Some(message), index, features)?);
        }
        fill(&message.nested, nested);
        fill(&message.enums, enums);
        fill(&message.extensions, extensions);
        Ok(message)
    }

    fn field(
        &self,
        proto: &'static FieldDescriptorProto,
        scope_name: &str,
        scope: Option<&'static Message>,
        index: usize,
        outer: Features,
        is_extension: bool,
    ) -> Result<Field, PoolError> {
        let full_name = self.full_name(scope_name, proto.name.as_deref())?;
        let number = u32::try_from(proto.number.unwrap_or_default())
            .ok()
            .filter(|number| (1..=MAX_FIELD_NUMBER).contains(number))
            .ok_or_else(|| {
                self.invalid(
                    &full_name,
                    format!(
                        "field number {} is not within 1 to {MAX_FIELD_NUMBER}",
                        proto.number.unwrap_or_default()
                    ),
                )
            })?;
        let features = outer.of_field(proto);
        // An absent type is a named one that was left unresolved; which it is, resolving tells.
        let field_type = match proto.type_ {
            Some(number) => FieldType::from_number(number).ok_or_else(|| {
                self.invalid(&full_name, format!("there is no field type {number}"))
            })?,
            None => FieldType::Message,
        };
        let cardinality = match proto.label.unwrap_or(label::OPTIONAL) {
            label::REPEATED => Cardinality::Repeated,
            _ if features.field_presence == crate::proto::field_presence::LEGACY_REQUIRED => {
                Cardinality::Required
            }
            label::OPTIONAL => Cardinality::Singular,
            other => {
                return Err(self.invalid(&full_name, format!("there is no label {other}")));
            }
        };
        if proto.oneof_index.is_some() && cardinality != Cardinality::Singular {
            return Err(self.invalid(&full_name, "fields of oneofs must be optional"));
        }
        Ok(Field {
            json_name: match &proto.json_name {
                Some(own) => own.to_str_lossy().into_owned(),
                None => json_name(proto.name.as_deref().unwrap_or_default()),
            },
            proto,
            full_name,
            file: self.file,
            scope,
            index,
            number,
            field_type: encoded_type(proto, field_type, features, scope),
            cardinality,
            features,
            is_extension,
            type_ref: OnceLock::new(),
            extendee: OnceLock::new(),
            default: OnceLock::new(),
            attachment: Attachment::default(),
        })
    }

    fn extension(
        &mut self,
        proto: &'static FieldDescriptorProto,
        scope_name: &str,
        scope: Option<&'static Message>,
        index: usize,
        outer: Features,
    ) -> Result<&'static Field, PoolError> {
        if proto.extendee.is_none() {
            return Err(self.invalid(scope_name, "an extension without an extendee"));
        }
        let field: &'static Field = leak(self.field(proto, scope_name, scope, index, outer, true)?);
        self.define(&field.full_name, Symbol::Field(field))?;
        self.fields.push(field);
        self.extensions.push(field);
        Ok(field)
    }

    fn enumeration(
        &mut self,
        proto: &'static EnumDescriptorProto,
        scope: &str,
        parent: Option<&'static Message>,
        index: usize,
        outer: Features,
    ) -> Result<&'static Enum, PoolError> {
        let features =
            outer.overridden_by(proto.options.as_ref().and_then(|o| o.features.as_ref()));
        let full_name = self.full_name(scope, proto.name.as_deref())?;
        if proto.value.is_empty() {
            return Err(self.invalid(&full_name, "enums must contain at least one value"));
        }
        let enumeration = leak(Enum {
            proto,
            full_name,
            file: self.file,
            parent,
            index,
            features,
            values: OnceLock::new(),
            by_name: OnceLock::new(),
            by_number: OnceLock::new(),
        });
        self.define(&enumeration.full_name, Symbol::Enum(enumeration))?;
        let mut values = Vec::with_capacity(proto.value.len());
        let mut by_name = HashMap::with_capacity(proto.value.len());
        let mut by_number = HashMap::with_capacity(proto.value.len());
        for (index, value) in proto.value.iter().enumerate() {
            let value = EnumValue {
                proto: value,
                full_name: self.full_name(scope, value.name.as_deref())?,
                index,
                parent: enumeration,
            };
            by_name.insert(value.name(), index);
            by_number.entry(value.number()).or_insert(index);
            values.push(value);
        }
        if features.enum_type == enum_type::OPEN && values[0].number() != 0 {
            return Err(self.invalid(
                &enumeration.full_name,
                "the first value of an open enum must be 0",
            ));
        }
        fill(&enumeration.values, values);
        fill(&enumeration.by_name, by_name);
        fill(&enumeration.by_number, by_number);
        for value in enumeration.values() {
            self.define(&value.full_name, Symbol::EnumValue(value))?;
        }
        Ok(enumeration)
    }

    fn resolve(&mut self) -> Result<(), PoolError> {
        for field in std::mem::take(&mut self.fields) {
            self.resolve_field(field)?;
        }
        let proto = self.file.proto;
        let mut services = Vec::with_capacity(proto.service.len());
        for (index, service) in proto.service.iter().enumerate() {
            services.push(self.service(service, index)?);
        }
        fill(&self.file.services, services);
        Ok(())
    }

    /// Looks a type name up: from the root where it starts with a dot, else from the innermost scope outwards.
    fn lookup(&self, name: &str, scope: &str, referrer: &str) -> Result<Symbol, PoolError> {
        let find = |full_name: &str| {
            self.symbols
                .get(full_name)
                .or_else(|| self.pool.get(full_name))
                .copied()
                .filter(|symbol| matches!(symbol, Symbol::Message(_) | Symbol::Enum(_)))
        };
        let found = if let Some(absolute) = name.strip_prefix('.') {
            find(absolute)
        } else {
            let mut scope = Some(scope);
            loop {
                let Some(inner) = scope else { break None };
                if let Some(symbol) = find(&join(inner, name)) {
                    break Some(symbol);
                }
                scope = match inner.rfind('.') {
                    Some(dot) => Some(&inner[..dot]),
                    None if inner.is_empty() => None,
                    None => Some(""),
                };
            }
        };
        found.ok_or_else(|| PoolError::Unresolved {
            file: self.file.name().to_owned(),
            referrer: referrer.to_owned(),
            name: name.trim_start_matches('.').to_owned(),
        })
    }

    fn resolve_message(
        &self,
        name: &str,
        scope: &str,
        referrer: &str,
    ) -> Result<&'static Message, PoolError> {
        match self.lookup(name, scope, referrer)? {
            Symbol::Message(message) => Ok(message),
            _ => Err(self.invalid(referrer, format!("\"{name}\" is not a message type"))),
        }
    }

    fn resolve_field(&self, field: &'static Field) -> Result<(), PoolError> {
        let name = field.full_name.as_str();
        let proto = field.proto;
        let type_name = proto.type_name.as_deref().unwrap_or_default();
        let type_ref = match field.field_type {
            FieldType::Message | FieldType::Group | FieldType::Enum => {
                match (self.lookup(type_name, name, name)?, field.field_type) {
                    (Symbol::Message(message), FieldType::Message | FieldType::Group) => {
                        TypeRef::Message(message)
                    }
                    (Symbol::Enum(enumeration), FieldType::Enum) => TypeRef::Enum(enumeration),
                    _ => {
                        return Err(self.invalid(
                            name,
                            format!(
                                "\"{type_name}\" is not of the kind that the field's type says"
                            ),
                        ));
                    }
                }
            }
            _ => TypeRef::Scalar,
        };
        fill(&field.type_ref, type_ref);
        if field.is_extension {
            let extendee = proto.extendee.as_deref().unwrap_or_default();
            let extendee = self.resolve_message(extendee, name, name)?;
            if !extendee.is_extension_number(field.number) {
                return Err(self.invalid(
                    name,
                    format!(
                        "\"{}\" does not declare {} as an extension number",
                        extendee.full_name, field.number
                    ),
                ));
            }
            fill(&field.extendee, extendee);
        }
        if let TypeRef::Message(entry) = type_ref
            && entry.is_map_entry()
        {
            self.check_map_entry(field, entry)?;
        }
        let enumeration = field.enum_type();
        let text = proto.default_value.as_ref().map(Text::to_str_lossy);
        let default = match text.as_deref() {
            Some(text) => parse_default(text, field.field_type, enumeration).ok_or_else(|| {
                self.invalid(name, format!("\"{text}\" is no default for its type"))
            })?,
            None if field.is_repeated() => super::model::Default::None,
            None => zero_default(field.field_type, enumeration),
        };
        fill(&field.default, default);
        Ok(())
    }

    /// The runtime relies on this shape of an entry.
    fn check_map_entry(&self, field: &Field, entry: &Message) -> Result<(), PoolError> {
        let is_key = |field: &Field| {
            !matches!(
                field.field_type,
                FieldType::Float
                    | FieldType::Double
                    | FieldType::Bytes
                    | FieldType::Enum
                    | FieldType::Message
                    | FieldType::Group
            )
        };
        let well_formed = match entry.fields() {
            [key, value] => {
                key.number == 1
                    && value.number == 2
                    && is_key(key)
                    && [key, value]
                        .iter()
                        .all(|field| field.cardinality == Cardinality::Singular)
            }
            _ => false,
        };
        if well_formed && field.is_repeated() && field.field_type == FieldType::Message {
            Ok(())
        } else {
            Err(self.invalid(
                &field.full_name,
                "a map needs an entry of the fields key = 1 and value = 2, the key an integer, bool or string",
            ))
        }
    }

    fn service(
        &mut self,
        proto: &'static ServiceDescriptorProto,
        index: usize,
    ) -> Result<&'static Service, PoolError> {
        let full_name = self.full_name(self.file.package(), proto.name.as_deref())?;
        let service = leak(Service {
            proto,
            full_name,
            file: self.file,
            index,
            methods: OnceLock::new(),
        });
        self.define(&service.full_name, Symbol::Service(service))?;
        let mut methods = Vec::with_capacity(proto.method.len());
        for (index, method) in proto.method.iter().enumerate() {
            let full_name = self.full_name(&service.full_name, method.name.as_deref())?;
            let resolve = |name: &Option<String>| {
                let name = name.as_deref().unwrap_or_default();
                self.resolve_message(name, &service.full_name, &full_name)
            };
            let (input, output) = (resolve(&method.input_type)?, resolve(&method.output_type)?);
            methods.push(Method {
                proto: method,
                full_name,
                service,
                index,
                input,
                output,
            });
        }
        fill(&service.methods, methods);
        for method in service.methods() {
            self.define(&method.full_name, Symbol::Method(method))?;
        }
        Ok(service)
    }
}

/// A message in delimited encoding is a group, whatever the descriptor calls it; a map never is, nor is a value in one.
fn encoded_type(
    proto: &FieldDescriptorProto,
    declared: FieldType,
    features: Features,
    scope: Option<&Message>,
) -> FieldType {
    if declared != FieldType::Message
        || features.message_encoding != message_encoding::DELIMITED
        || scope.is_some_and(Message::is_map_entry)
    {
        return declared;
    }
    // Whether the type is a map's entry is not known before it is resolved, but an entry is always nested beside its field and named after it.
    let type_name = proto.type_name.as_deref().unwrap_or_default();
    let short_name = type_name.rsplit('.').next().unwrap_or_default();
    let is_entry = proto.label == Some(label::REPEATED)
        && short_name == map_entry_name(proto.name.as_deref().unwrap_or_default());
    if is_entry {
        FieldType::Message
    } else {
        FieldType::Group
    }
}

/// What protoc names the entry type of a map field: its name in `CamelCase`, then `Entry`.
fn map_entry_name(field: &str) -> String {
    let mut out = String::with_capacity(field.len() + 5);
    let mut upper = true;
    for c in field.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out.push_str("Entry");
    out
}
