//! From a document into messages.
//!
//! Rules and errors are those of `google.protobuf.json_format`. Where that takes what the specification forbids by accident, this does not: a list or string in place of an object, a fraction as an enum's number. A field under both of its names is refused unless the caller asks for the original's way.

use std::fmt;

use russet_descriptor::pool::FieldType;

use super::document::{Document, Node};
use super::error::{Failure, Kind, ParseError, Path};
use super::scalars::scalar;
use super::show::{quoted, shown, type_name};
use super::{mask, time};
use crate::MAX_NESTING;
use crate::list::Items;
use crate::message::Message;
use crate::resolve::Resolver;
use crate::stack;
use crate::text::Text;
use crate::types::{FieldInfo, MessageType, Shape, Storage};
use crate::value::Value;
use crate::well_known::{AnyFields, WellKnown, pack};

/// How JSON is put into messages.
#[derive(Clone, Copy)]
pub struct Parser<'a> {
    /// Where extensions are looked up.
    pub extensions: &'a dyn Resolver,
    /// Where the types of `Any` are looked up.
    pub types: &'a dyn Resolver,
    /// Unknown fields, and enum values of unknown names, are skipped.
    pub ignore_unknown_fields: bool,
    /// How deep messages may nest, the outermost counted; at most [`MAX_NESTING`].
    pub max_depth: u32,
    /// A field may come under both of its names, and the later one counts, as in Python's `json_format`; `ProtoJSON` recommends to refuse that.
    pub both_names: bool,
}

impl fmt::Debug for Parser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser").finish_non_exhaustive()
    }
}

impl<'a> Parser<'a> {
    /// The depth that the original allows by default.
    pub const DEFAULT_DEPTH: u32 = 100;

    /// Unknown fields are errors; names are looked up in one place.
    pub fn new(names: &'a dyn Resolver) -> Self {
        Self {
            extensions: names,
            types: names,
            ignore_unknown_fields: false,
            max_depth: Self::DEFAULT_DEPTH,
            both_names: false,
        }
    }

    /// Puts a document into a message, added to what it holds: singular fields are replaced or merged, repeated ones replaced. After an error, what came before it is there.
    pub fn merge(&self, message: &Message, document: &Document<'_>) -> Result<(), ParseError> {
        let name = message.ty().descriptor().name();
        let converter = Converter {
            parser: self,
            document,
        };
        converter
            .message(
                0,
                message,
                &Path::Root(name),
                self.max_depth.min(MAX_NESTING),
            )
            .map_err(Failure::into_error)
    }
}

/// What a document means as a value of a field that is no message, or as a key of its map.
pub fn scalar_value(
    document: &Document<'_>,
    field: &FieldInfo,
    is_key: bool,
) -> Result<Value, ParseError> {
    scalar(document, 0, field, is_key).map_err(Failure::into_error)
}

fn null_element(path: &Path<'_>) -> Failure {
    Failure::parse(format!(
        "null is not allowed to be used as an element in a repeated field at {path}"
    ))
}

/// What was there in an object: fields that have two names, and the oneofs of which a member was.
#[derive(Default)]
struct Seen {
    fields: Vec<&'static FieldInfo>,
    oneofs: Vec<usize>,
}

struct Converter<'p, 'd> {
    parser: &'p Parser<'p>,
    document: &'p Document<'d>,
}

impl Converter<'_, '_> {
    fn node(&self, index: usize) -> &Node<'_> {
        self.document.node(index)
    }

    fn message(
        &self,
        index: usize,
        message: &Message,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        let depth = depth
            .checked_sub(1)
            .filter(|_| !matches!(self.node(index), Node::TooDeep))
            .ok_or_else(|| {
                Failure::parse(format!(
                    "Message too deep. Max recursion depth is {}",
                    self.parser.max_depth.min(MAX_NESTING)
                ))
            })?;
        if stack::is_checked(depth) {
            return stack::with_room(|| self.message_here(index, message, path, depth));
        }
        self.message_here(index, message, path, depth)
    }

    fn message_here(
        &self,
        index: usize,
        message: &Message,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        match message.ty().well_known() {
            None => self.fields(index, message, None, path, depth),
            Some(kind) => self.well_known(kind, index, message, path, depth),
        }
    }

    /// The fields of an object, but for the one named `except`.
    fn fields(
        &self,
        index: usize,
        message: &Message,
        except: Option<&str>,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        let node = self.node(index);
        if !matches!(node, Node::Object(_) | Node::Mapping(_)) {
            let name = type_name(node);
            return Err(Failure::new(
                Kind::Type,
                match node {
                    Node::List(_) | Node::String(_) | Node::Unpaired(_) | Node::Bytes(_) => {
                        format!("'{name}' object is no JSON object")
                    }
                    _ => format!("'{name}' object is not iterable"),
                },
            ));
        }
        let mut seen = Seen::default();
        for (name, value) in self.document.entries(index) {
            if except == Some(name) {
                continue;
            }
            self.check_key(value - 1)
                .map_err(|failure| failure.in_field(&shown(self.document, value - 1), None))?;
            let Some(field) = self.named(name, message, path)? else {
                continue;
            };
            self.check_single(name, value, field, message, &mut seen, path)
                .and_then(|()| self.field(name, value, field, message, path, depth))
                .map_err(|failure| failure.in_field(name, Some(field)))?;
        }
        Ok(())
    }

    /// An error if a key is no string, as may be in a host's objects.
    fn check_key(&self, key: usize) -> Result<(), Failure> {
        if self.document.text(key).is_some() {
            return Ok(());
        }
        Err(Failure::new(
            Kind::Type,
            format!(
                "expected string or bytes-like object, got '{}'",
                type_name(self.node(key))
            ),
        ))
    }

    /// The field of a name; `None` for one that is ignored.
    fn named(
        &self,
        name: &str,
        message: &Message,
        path: &Path<'_>,
    ) -> Result<Option<&'static FieldInfo>, Failure> {
        let ty = message.ty();
        if let Some(field) = ty.json_field(name) {
            return Ok(Some(field));
        }
        let descriptor = ty.descriptor();
        if let Some(identifier) = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .filter(|name| {
                name.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_')
            })
        {
            if !descriptor.is_extendable() {
                return Err(Failure::parse(format!(
                    "Message type {} does not have extensions at {path}",
                    descriptor.full_name()
                )));
            }
            let find = |name: &str| {
                self.parser
                    .extensions
                    .extension(name)
                    .filter(|found| std::ptr::eq(found.containing_type(), descriptor))
            };
            let found = find(identifier)
                .or_else(|| find(identifier.rsplit_once('.').map_or("", |(scope, _)| scope)));
            if let Some(extension) = found {
                return Ok(Some(FieldInfo::of_extension(extension)));
            }
        }
        if self.parser.ignore_unknown_fields {
            return Ok(None);
        }
        let names: Vec<String> = descriptor
            .fields()
            .iter()
            .map(|field| format!("'{}'", field.json_name()))
            .collect();
        Err(Failure::parse(format!(
            "Message type \"{}\" has no field named \"{name}\" at \"{path}\".\n Available Fields(except extensions): \"[{}]\"",
            descriptor.full_name(),
            names.join(", ")
        )))
    }

    /// An error where a field was there before under its other name, or a member of its oneof.
    fn check_single(
        &self,
        name: &str,
        value: usize,
        field: &'static FieldInfo,
        message: &Message,
        seen: &mut Seen,
        path: &Path<'_>,
    ) -> Result<(), Failure> {
        let descriptor = message.ty().descriptor();
        let own = field.descriptor();
        // Most fields have one name, under which the document's reader finds them once.
        if !self.parser.both_names && (name != own.json_name() || name != own.name()) {
            if seen.fields.iter().any(|other| std::ptr::eq(*other, field)) {
                return Err(Failure::parse(format!(
                    "Message type \"{}\" should not have multiple \"{name}\" fields at \"{path}\".",
                    descriptor.full_name()
                )));
            }
            seen.fields.push(field);
        }
        if let Some(oneof) = field.oneof()
            && !matches!(self.node(value), Node::Null)
        {
            if seen.oneofs.contains(&oneof) {
                return Err(Failure::parse(format!(
                    "Message type \"{}\" should not have multiple \"{}\" oneof fields at \"{path}\".",
                    descriptor.full_name(),
                    descriptor.oneofs()[oneof].name()
                )));
            }
            seen.oneofs.push(oneof);
        }
        Ok(())
    }

    fn field(
        &self,
        name: &str,
        value: usize,
        field: &'static FieldInfo,
        message: &Message,
        parent: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        let path = &Path::Field(parent, name);
        if matches!(self.node(value), Node::Null) {
            null(field, message);
            return Ok(());
        }
        match field.shape() {
            Shape::Map => self.map(value, field, message, path, depth),
            Shape::List => self.list(name, value, field, message, parent, depth),
            Shape::Singular if field.storage() == Storage::Message => {
                self.message(value, &message.message_mut(field), path, depth)
            }
            Shape::Singular => {
                if let Some(value) = self.scalar(value, field, false, path)? {
                    message.set_value(field, value);
                }
                Ok(())
            }
        }
    }

    /// A scalar; `None` for an enum's value that is ignored.
    fn scalar(
        &self,
        value: usize,
        field: &FieldInfo,
        is_key: bool,
        path: &Path<'_>,
    ) -> Result<Option<Value>, Failure> {
        match scalar(self.document, value, field, is_key) {
            Ok(value) => Ok(Some(value)),
            Err(failure)
                if failure.kind() == Kind::EnumString && self.parser.ignore_unknown_fields =>
            {
                Ok(None)
            }
            Err(failure) => Err(failure.at(path)),
        }
    }

    fn list(
        &self,
        name: &str,
        value: usize,
        field: &'static FieldInfo,
        message: &Message,
        parent: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        message.clear_field(field);
        if !matches!(self.node(value), Node::List(_)) {
            return Err(Failure::parse(format!(
                "repeated field {name} must be in [] which is {} at {parent}",
                shown(self.document, value)
            )));
        }
        let path = Path::Field(parent, name);
        let list = message.list_or_new(field);
        if field.storage() != Storage::Message {
            let mut items = list.items_mut();
            for (place, element) in self.document.elements(value).enumerate() {
                let node = self.node(element);
                // Straight from node to number: an array is most of its message.
                if let (Items::F64(numbers), Node::Float(number)) = (&mut *items, node)
                    && number.is_finite()
                {
                    numbers.push(*number);
                    continue;
                }
                let path = Path::Index(&path, place);
                if matches!(node, Node::Null) {
                    return Err(null_element(&path));
                }
                if let Some(value) = self.scalar(element, field, false, &path)? {
                    items.push(value);
                }
            }
            return Ok(());
        }
        let takes_null = field.message_type().well_known() == Some(WellKnown::Value);
        for (place, element) in self.document.elements(value).enumerate() {
            let path = Path::Index(&path, place);
            let child = Message::new(field.message_type());
            list.items_mut().push(Value::Message(child.clone()));
            if !takes_null && matches!(self.node(element), Node::Null) {
                return Err(null_element(&path));
            }
            self.message(element, &child, &path, depth)?;
        }
        Ok(())
    }

    fn map(
        &self,
        value: usize,
        field: &'static FieldInfo,
        message: &Message,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        message.clear_field(field);
        if !matches!(self.node(value), Node::Object(_)) {
            return Err(Failure::parse(format!(
                "Map field {} must be in a dict which is {} at {path}",
                field.descriptor().name(),
                shown(self.document, value)
            )));
        }
        let map = message.map_or_new(field);
        let (key_field, value_field) = field.map_fields();
        for (_, value) in self.document.entries(value) {
            let Some(key) = self.scalar(value - 1, key_field, true, &Path::Key(path))? else {
                continue;
            };
            let path = Path::Entry(path, &key);
            if value_field.storage() == Storage::Message {
                let child = Message::new(value_field.message_type());
                map.entries_mut()
                    .insert(key.clone(), Value::Message(child.clone()));
                self.message(value, &child, &path, depth)?;
            } else if let Some(converted) = self.scalar(value, value_field, false, &path)? {
                map.entries_mut().insert(key.clone(), converted);
            }
        }
        Ok(())
    }

    fn well_known(
        &self,
        kind: WellKnown,
        index: usize,
        message: &Message,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        let ty = message.ty();
        let field = |number: u32| {
            ty.field(number)
                .expect("a well-known type was checked to have its fields")
        };
        match kind {
            WellKnown::Any => self.any(index, message, path, depth),
            WellKnown::Timestamp | WellKnown::Duration => {
                let text = self.text_of(index, ty, path)?;
                let (seconds, nanos) = if kind == WellKnown::Timestamp {
                    time::parse_timestamp(text)
                } else {
                    time::parse_duration(text)
                }
                .map_err(|error| Failure::parse(format!("{error} at {path}")))?;
                message.set_scalar(field(1), seconds);
                message.set_scalar(field(2), nanos);
                Ok(())
            }
            WellKnown::FieldMask => {
                let text = self.text_of(index, ty, path)?;
                message.clear();
                let list = message.list_or_new(field(1));
                for part in text.split(',').filter(|_| !text.is_empty()) {
                    let part = mask::to_snake_case(part)
                        .map_err(|error| Failure::parse(format!("{error} at {path}")))?;
                    list.items_mut()
                        .push(Value::Text(Text::copy_of(part.as_bytes())));
                }
                Ok(())
            }
            WellKnown::Struct => {
                if !matches!(self.node(index), Node::Object(_)) {
                    return Err(Failure::parse(format!(
                        "Struct must be in a dict which is {} at {path}",
                        shown(self.document, index)
                    )));
                }
                message.clear();
                let map = message.map_or_new(field(1));
                let value_field = field(1).map_fields().1;
                for (key, value) in self.document.entries(index) {
                    self.check_key(value - 1)?;
                    if matches!(self.node(value - 1), Node::Unpaired(_)) {
                        return Err(Failure::parse(format!("Unpaired surrogate at {path}")));
                    }
                    let child = Message::new(value_field.message_type());
                    map.entries_mut().insert(
                        Value::Text(Text::copy_of(key.as_bytes())),
                        Value::Message(child.clone()),
                    );
                    self.message(value, &child, &Path::Field(path, key), depth)?;
                }
                Ok(())
            }
            WellKnown::ListValue => {
                if !matches!(self.node(index), Node::List(_)) {
                    return Err(Failure::parse(format!(
                        "ListValue must be in [] which is {} at {path}",
                        shown(self.document, index)
                    )));
                }
                message.clear_field(field(1));
                let list = message.list_or_new(field(1));
                for (place, element) in self.document.elements(index).enumerate() {
                    let child = Message::new(field(1).message_type());
                    list.items_mut().push(Value::Message(child.clone()));
                    self.message(element, &child, &Path::Index(path, place), depth)?;
                }
                Ok(())
            }
            WellKnown::Value => match self.node(index) {
                Node::Object(_) => self.message(index, &message.message_mut(field(5)), path, depth),
                Node::List(_) => self.message(index, &message.message_mut(field(6)), path, depth),
                Node::Null => {
                    message.set_scalar(field(1), 0_i32);
                    Ok(())
                }
                Node::Bool(_) => self.set(index, field(4), message, path),
                Node::String(_) | Node::Unpaired(_) => self.set(index, field(3), message, path),
                Node::Number(_) | Node::Float(_) => self.set(index, field(2), message, path),
                node @ (Node::Bytes(_) | Node::Mapping(_) | Node::Other(_) | Node::TooDeep) => {
                    Err(Failure::parse(format!(
                        "Value {} has unexpected type <class '{}'> at {path}",
                        shown(self.document, index),
                        type_name(node)
                    )))
                }
            },
            WellKnown::Wrapper => self.set(index, field(1), message, &Path::Field(path, "value")),
        }
    }

    fn set(
        &self,
        index: usize,
        field: &'static FieldInfo,
        message: &Message,
        path: &Path<'_>,
    ) -> Result<(), Failure> {
        if let Some(value) = self.scalar(index, field, false, path)? {
            message.set_value(field, value);
        }
        Ok(())
    }

    /// The string that a timestamp, duration or mask is in JSON.
    fn text_of(&self, index: usize, ty: &MessageType, path: &Path<'_>) -> Result<&str, Failure> {
        if matches!(self.node(index), Node::Unpaired(_)) {
            return Err(Failure::parse(format!("Unpaired surrogate at {path}")));
        }
        self.document.text(index).ok_or_else(|| {
            Failure::parse(format!(
                "{} JSON value not a string: {} at {path}",
                ty.descriptor().name(),
                quoted(self.document, index)
            ))
        })
    }

    fn any(
        &self,
        index: usize,
        message: &Message,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<(), Failure> {
        let node = self.node(index);
        if !matches!(node, Node::Object(_) | Node::Mapping(_)) {
            return Err(Failure::new(
                Kind::Type,
                format!("an Any must be in a dict, not '{}'", type_name(node)),
            ));
        }
        let find = |wanted: &str| {
            self.document
                .entries(index)
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        if self.document.entries(index).next().is_none() {
            return Ok(());
        }
        let url = find("@type").ok_or_else(|| {
            Failure::parse(format!(
                "@type is missing when parsing any message at {path}"
            ))
        })?;
        let Some(url) = self.document.text(url) else {
            return Err(Failure::new(
                Kind::Type,
                format!("@type must be a str, not '{}'", type_name(self.node(url))),
            ));
        };
        let name = url.rsplit('/').next().unwrap_or(url);
        let Some(descriptor) = self.parser.types.message(name) else {
            return Err(Failure::parse(format!(
                "Can not find message descriptor by type_url: {url} at {path}"
            )));
        };
        let packed = Message::new(MessageType::of(descriptor));
        if packed.ty().well_known().is_some() {
            let value = find("value").ok_or_else(|| Failure::new(Kind::Key, "value".to_owned()))?;
            self.message(value, &packed, &Path::Field(path, "value"), depth)?;
        } else {
            self.fields(index, &packed, Some("@type"), path, depth)?;
        }
        let fields = AnyFields::of(message.ty()).expect("the message is an Any");
        pack(message, &fields, url, &packed)
            .map_err(|error| Failure::new(Kind::Value, error.to_string()))
    }
}

/// What `null` means to a field: cleared, but for the two types of which it is a value.
fn null(field: &'static FieldInfo, message: &Message) {
    if field.shape() == Shape::Singular {
        if field.storage() == Storage::Message
            && field.message_type().well_known() == Some(WellKnown::Value)
        {
            let value = message.message_mut(field);
            let kind = value
                .ty()
                .field(1)
                .expect("a well-known type was checked to have its fields");
            value.set_scalar(kind, 0_i32);
            return;
        }
        if field.field_type() == FieldType::Enum
            && field
                .descriptor()
                .enum_type()
                .is_some_and(|e| e.full_name() == "google.protobuf.NullValue")
        {
            message.set_scalar(field, 0_i32);
            return;
        }
    }
    message.clear_field(field);
}
