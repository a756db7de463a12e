//! From messages to what JSON is made of.

use std::borrow::Cow;

use russet_descriptor::pool::{EnumValue, FieldType};

use super::{base64, mask, time};
use crate::MAX_NESTING;
use crate::input::DecodeError;
use crate::list::Items;
use crate::message::Message;
use crate::resolve::Resolver;
use crate::stack;
use crate::text::Text;
use crate::text_format::shortest_float;
use crate::types::{FieldInfo, Shape, Storage};
use crate::value::Value;
use crate::well_known::{AnyFields, WellKnown, unpack};

/// What takes the parts of a JSON value, in their order.
#[expect(missing_docs, reason = "each takes the part that it is named by")]
pub trait Sink {
    /// What can go wrong in it.
    type Error;
    fn null(&mut self) -> Result<(), Self::Error>;
    fn bool(&mut self, value: bool) -> Result<(), Self::Error>;
    fn int(&mut self, value: i64) -> Result<(), Self::Error>;
    fn uint(&mut self, value: u64) -> Result<(), Self::Error>;
    /// A finite number.
    fn float(&mut self, value: f64) -> Result<(), Self::Error>;
    fn string(&mut self, value: &str) -> Result<(), Self::Error>;
    /// A string that is a field's or element's value: a sink may take the host's object of it.
    fn text(&mut self, _text: &Text, value: &str) -> Result<(), Self::Error> {
        self.string(value)
    }
    /// Elements of a list, as strings or as numbers: a sink may write them at once.
    fn integers<T: Integer>(&mut self, values: &[T], as_strings: bool) -> Result<(), Self::Error> {
        for &value in values {
            if as_strings {
                self.string(itoa::Buffer::new().format(value))?;
            } else {
                value.send(self)?;
            }
        }
        Ok(())
    }
    fn begin_object(&mut self) -> Result<(), Self::Error>;
    fn key(&mut self, key: &str) -> Result<(), Self::Error>;
    /// The key of a field: the same name each time, so that a sink may keep what it makes of it while it is used.
    fn field_key(&mut self, _field: &'static FieldInfo, name: &str) -> Result<(), Self::Error> {
        self.key(name)
    }
    fn end_object(&mut self) -> Result<(), Self::Error>;
    fn begin_list(&mut self) -> Result<(), Self::Error>;
    fn end_list(&mut self) -> Result<(), Self::Error>;
}

/// The integers of repeated fields.
pub trait Integer: itoa::Integer + Copy {
    /// Tells a sink the number.
    ///
    /// # Errors
    /// Those of the sink.
    fn send<S: Sink + ?Sized>(self, sink: &mut S) -> Result<(), S::Error>;
}

macro_rules! integer {
    ($($type:ty => $method:ident),*) => {$(
        impl Integer for $type {
            fn send<S: Sink + ?Sized>(self, sink: &mut S) -> Result<(), S::Error> {
                sink.$method(self.into())
            }
        }
    )*};
}

integer!(i32 => int, i64 => int, u32 => uint, u64 => uint);

/// Why a message has no JSON.
#[derive(Debug)]
pub enum PrintError<E> {
    /// The sink failed.
    Sink(E),
    /// A field cannot be in JSON: a `SerializeToJsonError` in Python.
    Field(String),
    /// The message itself cannot: a `ValueError`.
    Value(String),
    /// The type of an `Any` is not known: a `TypeError`.
    UnknownType(String),
    /// The bytes in an `Any` are not of its type.
    Decode(DecodeError),
}

impl<E> From<E> for PrintError<E> {
    fn from(error: E) -> Self {
        Self::Sink(error)
    }
}

/// How messages become JSON.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the options of json_format.MessageToJson, independent of each other"
)]
pub struct Printer<'a> {
    /// Where the types of `Any` are looked up.
    pub types: &'a dyn Resolver,
    /// Fields by their names of the `.proto` file.
    pub preserving_proto_field_name: bool,
    /// Enum values by their numbers.
    pub use_integers_for_enums: bool,
    /// Fields without presence also where they are not set.
    pub always_print_fields_with_no_presence: bool,
    /// 64-bit integers as numbers where a double holds them exactly.
    pub unquote_int64_if_possible: bool,
    /// Keys in order.
    pub sort_keys: bool,
}

impl std::fmt::Debug for Printer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Printer").finish_non_exhaustive()
    }
}

type Printed<S> = Result<(), PrintError<<S as Sink>::Error>>;

/// One entry of a message's object.
enum Entry {
    Type,
    Field(&'static FieldInfo),
    /// A field that is not set.
    Unset(&'static FieldInfo),
}

impl<'a> Printer<'a> {
    /// The specification's form.
    pub fn new(types: &'a dyn Resolver) -> Self {
        Self {
            types,
            preserving_proto_field_name: false,
            use_integers_for_enums: false,
            always_print_fields_with_no_presence: false,
            unquote_int64_if_possible: false,
            sort_keys: false,
        }
    }

    /// Tells a sink what a message is.
    pub fn print<S: Sink>(&self, message: &Message, sink: &mut S) -> Printed<S> {
        self.message(message, sink, MAX_NESTING)
    }

    fn message<S: Sink>(&self, message: &Message, sink: &mut S, depth: u32) -> Printed<S> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(PrintError::Value(format!(
                "messages are nested deeper than the limit of {MAX_NESTING}"
            )));
        };
        if stack::is_checked(depth) {
            return stack::with_room(|| self.message_here(message, sink, depth));
        }
        self.message_here(message, sink, depth)
    }

    fn message_here<S: Sink>(&self, message: &Message, sink: &mut S, depth: u32) -> Printed<S> {
        match message.ty().well_known() {
            None => {
                sink.begin_object()?;
                self.fields(message, None, sink, depth)?;
                sink.end_object()?;
                Ok(())
            }
            Some(kind) => self.well_known(kind, message, sink, depth),
        }
    }

    fn name(&self, field: &'static FieldInfo) -> Cow<'static, str> {
        let descriptor = field.descriptor();
        if field.is_extension() {
            Cow::Owned(format!("[{}]", descriptor.full_name()))
        } else if self.preserving_proto_field_name {
            Cow::Borrowed(descriptor.name())
        } else {
            Cow::Borrowed(descriptor.json_name())
        }
    }

    /// The fields of a message, after the URL of its type if it is in an `Any`.
    fn fields<S: Sink>(
        &self,
        message: &Message,
        url: Option<&str>,
        sink: &mut S,
        depth: u32,
    ) -> Printed<S> {
        if !self.sort_keys && !self.always_print_fields_with_no_presence {
            if let Some(url) = url {
                sink.key("@type")?;
                sink.string(url)?;
            }
            let mut extensions = message.extensions().into_iter().peekable();
            for field in message.ty().fields_by_number() {
                if message.has(field) {
                    while let Some(before) = extensions.next_if(|e| e.number() < field.number()) {
                        self.field(message, before, &self.name(before), sink, depth)?;
                    }
                    self.field(message, field, &self.name(field), sink, depth)?;
                }
            }
            for field in extensions {
                self.field(message, field, &self.name(field), sink, depth)?;
            }
            return Ok(());
        }
        let mut entries = Vec::new();
        if url.is_some() {
            entries.push((Cow::Borrowed("@type"), Entry::Type));
        }
        let mut set = message.set_fields();
        set.sort_by_key(|field| field.number());
        for field in set {
            entries.push((self.name(field), Entry::Field(field)));
        }
        if self.always_print_fields_with_no_presence {
            for field in message.ty().fields() {
                if !field.has_presence() && !message.has(field) {
                    entries.push((self.name(field), Entry::Unset(field)));
                }
            }
        }
        if self.sort_keys {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
        }
        for (name, entry) in entries {
            match entry {
                Entry::Type => {
                    sink.key(&name)?;
                    sink.string(url.unwrap_or_default())?;
                }
                Entry::Field(field) => self.field(message, field, &name, sink, depth)?,
                Entry::Unset(field) => {
                    sink.key(&name)?;
                    match field.shape() {
                        Shape::Map => {
                            sink.begin_object()?;
                            sink.end_object()?;
                        }
                        Shape::List => {
                            sink.begin_list()?;
                            sink.end_list()?;
                        }
                        Shape::Singular => {
                            self.value(field, &Value::default_of(field), sink, depth)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn field<S: Sink>(
        &self,
        message: &Message,
        field: &'static FieldInfo,
        name: &str,
        sink: &mut S,
        depth: u32,
    ) -> Printed<S> {
        sink.field_key(field, name)?;
        let printed = match field.shape() {
            Shape::Singular if field.storage() == Storage::Text => {
                message.with_text(field, |text| string_or_bytes(field, text, sink))
            }
            Shape::Singular => match message.value(field) {
                Some(value) => self.value(field, &value, sink, depth),
                None => sink.null().map_err(PrintError::Sink),
            },
            Shape::List => self.list(message, field, sink, depth),
            Shape::Map => self.map(message, field, sink, depth),
        };
        printed.map_err(|error| match error {
            PrintError::Value(text) => PrintError::Field(format!(
                "Failed to serialize {} field: {text}.",
                field.descriptor().name()
            )),
            other => other,
        })
    }

    fn list<S: Sink>(
        &self,
        message: &Message,
        field: &'static FieldInfo,
        sink: &mut S,
        depth: u32,
    ) -> Printed<S> {
        sink.begin_list()?;
        if let Some(list) = message.list(field) {
            match &*list.items() {
                Items::Message(items) => {
                    for item in items {
                        self.message(item, sink, depth)?;
                    }
                }
                Items::Text(items) => {
                    for item in items {
                        string_or_bytes(field, item, sink)?;
                    }
                }
                Items::I32(items) if field.field_type() != FieldType::Enum => {
                    sink.integers(items, false)?;
                }
                Items::U32(items) => sink.integers(items, false)?,
                Items::I64(items) if !self.unquote_int64_if_possible => {
                    sink.integers(items, true)?;
                }
                Items::U64(items) if !self.unquote_int64_if_possible => {
                    sink.integers(items, true)?;
                }
                items => {
                    for index in 0..items.len() {
                        self.value(field, &items.get(index), sink, depth)?;
                    }
                }
            }
        }
        sink.end_list()?;
        Ok(())
    }

    fn map<S: Sink>(
        &self,
        message: &Message,
        field: &'static FieldInfo,
        sink: &mut S,
        depth: u32,
    ) -> Printed<S> {
        sink.begin_object()?;
        if let Some(map) = message.map(field) {
            let (_, value_field) = field.map_fields();
            let entries = map.entries();
            let mut named = Vec::with_capacity(entries.len());
            for (key, value) in entries.as_slice() {
                named.push((key_text(key)?, value));
            }
            if self.sort_keys {
                named.sort_by(|a, b| a.0.cmp(&b.0));
            }
            for (key, value) in named {
                sink.key(&key)?;
                self.value(value_field, value, sink, depth)?;
            }
        }
        sink.end_object()?;
        Ok(())
    }

    fn value<S: Sink>(
        &self,
        field: &FieldInfo,
        value: &Value,
        sink: &mut S,
        depth: u32,
    ) -> Printed<S> {
        match value {
            Value::I32(number) if field.field_type() == FieldType::Enum => {
                return self.enum_value(field, *number, sink);
            }
            Value::I32(number) => sink.int((*number).into()),
            Value::U32(number) => sink.uint((*number).into()),
            Value::I64(number) => {
                if self.unquote_int64_if_possible && fits_double(number.unsigned_abs()) {
                    sink.int(*number)
                } else {
                    sink.string(itoa::Buffer::new().format(*number))
                }
            }
            Value::U64(number) => {
                if self.unquote_int64_if_possible && fits_double(*number) {
                    sink.uint(*number)
                } else {
                    sink.string(itoa::Buffer::new().format(*number))
                }
            }
            Value::F32(number) => float(shortest_float(*number), sink),
            Value::F64(number) => float(*number, sink),
            Value::Bool(truth) => sink.bool(*truth),
            Value::Text(text) => return string_or_bytes(field, text, sink),
            Value::Message(message) => return self.message(message, sink, depth),
        }?;
        Ok(())
    }

    fn enum_value<S: Sink>(&self, field: &FieldInfo, number: i32, sink: &mut S) -> Printed<S> {
        if self.use_integers_for_enums {
            sink.int(number.into())?;
            return Ok(());
        }
        let enumeration = field
            .descriptor()
            .enum_type()
            .expect("an enum field has its enum");
        if enumeration.full_name() == "google.protobuf.NullValue" {
            sink.null()?;
            return Ok(());
        }
        let name = field
            .enum_names()
            .and_then(|names| names.name(number))
            .or_else(|| enumeration.value_by_number(number).map(EnumValue::name));
        match name {
            Some(name) => sink.string(name)?,
            None if enumeration.is_closed() => {
                return Err(PrintError::Field(
                    "Enum field contains an integer value which can not mapped to an enum value."
                        .to_owned(),
                ));
            }
            None => sink.int(number.into())?,
        }
        Ok(())
    }

    fn well_known<S: Sink>(
        &self,
        kind: WellKnown,
        message: &Message,
        sink: &mut S,
        depth: u32,
    ) -> Printed<S> {
        let ty = message.ty();
        let field = |number: u32| {
            ty.field(number)
                .expect("a well-known type was checked to have its fields")
        };
        match kind {
            WellKnown::Any => return self.any(message, sink, depth),
            WellKnown::Timestamp | WellKnown::Duration => {
                let (seconds, nanos) = (message.scalar(field(1)), message.scalar(field(2)));
                let text = if kind == WellKnown::Timestamp {
                    time::print_timestamp(seconds, nanos)
                } else {
                    time::print_duration(seconds, nanos)
                };
                sink.string(&text.map_err(PrintError::Value)?)?;
            }
            WellKnown::FieldMask => {
                let mut paths = Vec::new();
                if let Some(list) = message.list(field(1))
                    && let Items::Text(items) = &*list.items()
                {
                    for item in items {
                        let path = mask::to_camel_case(utf8(item.as_slice())?);
                        paths.push(path.map_err(PrintError::Value)?);
                    }
                }
                sink.string(&paths.join(","))?;
            }
            WellKnown::Struct => return self.map(message, field(1), sink, depth),
            WellKnown::ListValue => return self.list(message, field(1), sink, depth),
            WellKnown::Value => {
                let set = (2..=6).map(field).find(|field| message.has(field));
                if let Some(value) = set.and_then(|field| message.value(field)) {
                    if let Value::F64(number) = value
                        && !number.is_finite()
                    {
                        let name = if number.is_nan() { "NaN" } else { "Infinity" };
                        return Err(PrintError::Value(format!(
                            "Fail to serialize {name} for Value.number_value, which would parse as string_value"
                        )));
                    }
                    return self.value(field(3), &value, sink, depth);
                }
                sink.null()?;
            }
            WellKnown::Wrapper => {
                let wrapped = field(1);
                let value = message
                    .value(wrapped)
                    .unwrap_or_else(|| Value::default_of(wrapped));
                return self.value(wrapped, &value, sink, depth);
            }
        }
        Ok(())
    }

    fn any<S: Sink>(&self, message: &Message, sink: &mut S, depth: u32) -> Printed<S> {
        let fields = AnyFields::of(message.ty()).expect("the message is an Any");
        sink.begin_object()?;
        if message.set_fields().is_empty() {
            sink.end_object()?;
            return Ok(());
        }
        let (url, packed) = unpack(message, &fields, self.types).map_err(PrintError::Decode)?;
        let Some(packed) = packed else {
            return Err(PrintError::UnknownType(format!(
                "Can not find message descriptor by type_url: {url}"
            )));
        };
        if packed.ty().well_known().is_some() {
            sink.key("@type")?;
            sink.string(&url)?;
            sink.key("value")?;
            self.message(&packed, sink, depth)?;
        } else {
            self.fields(&packed, Some(&url), sink, depth)?;
        }
        sink.end_object()?;
        Ok(())
    }
}

/// A string, or bytes in base64.
fn string_or_bytes<S: Sink>(field: &FieldInfo, text: &Text, sink: &mut S) -> Printed<S> {
    let bytes = text.as_slice();
    if field.field_type() == FieldType::Bytes {
        sink.string(&base64::encode(bytes))?;
        return Ok(());
    }
    sink.text(text, utf8(bytes)?)?;
    Ok(())
}

/// A number, or the name of one that JSON does not have.
fn float<S: Sink>(value: f64, sink: &mut S) -> Result<(), S::Error> {
    if value.is_nan() {
        sink.string("NaN")
    } else if value == f64::INFINITY {
        sink.string("Infinity")
    } else if value == f64::NEG_INFINITY {
        sink.string("-Infinity")
    } else {
        sink.float(value)
    }
}

/// Whether a double has the bits for a number.
fn fits_double(number: u64) -> bool {
    number == 0
        || number.leading_zeros() + number.trailing_zeros() >= u64::BITS - f64::MANTISSA_DIGITS
}

fn utf8<E>(bytes: &[u8]) -> Result<&str, PrintError<E>> {
    // Of short strings std's own check is the faster one.
    let checked = if bytes.len() < 64 {
        std::str::from_utf8(bytes).ok()
    } else {
        simdutf8::basic::from_utf8(bytes).ok()
    };
    checked.ok_or_else(|| PrintError::Value("the string is not valid UTF-8".to_owned()))
}

/// A map's key.
fn key_text<E>(key: &Value) -> Result<Cow<'_, str>, PrintError<E>> {
    Ok(match key {
        Value::Text(text) => Cow::Borrowed(utf8(text.as_slice())?),
        other => Cow::Owned(crate::text_format::key_text(other)),
    })
}
