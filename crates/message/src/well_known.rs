//! The types that text format and JSON treat in ways of their own, and what both know of `google.protobuf.Any`.

use russet_descriptor::pool::FieldType;
use thiserror::Error;

use crate::input::{DecodeError, Input};
use crate::merge::TooDeep;
use crate::message::Message;
use crate::resolve::Resolver;
use crate::text::Text;
use crate::types::{FieldInfo, MessageType, Shape, Storage};
use crate::write::{EncodeError, Encoder};

/// A type with a form of its own in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WellKnown {
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    ListValue,
    Value,
    /// One of `google/protobuf/wrappers.proto`.
    Wrapper,
}

impl WellKnown {
    /// What a type is, by its name and file; `None` for others, and where its fields are not those that it should have.
    pub(crate) fn of(ty: &MessageType) -> Option<Self> {
        use FieldType as T;
        let descriptor = ty.descriptor();
        let name = descriptor.full_name().strip_prefix("google.protobuf.")?;
        let has = |number, field_type, shape| {
            ty.field(number)
                .is_some_and(|field| field.field_type() == field_type && field.shape() == shape)
        };
        let (kind, right) = match name {
            "Any" => (
                Self::Any,
                has(1, T::String, Shape::Singular) && has(2, T::Bytes, Shape::Singular),
            ),
            "Timestamp" | "Duration" => (
                if name == "Duration" {
                    Self::Duration
                } else {
                    Self::Timestamp
                },
                has(1, T::Int64, Shape::Singular) && has(2, T::Int32, Shape::Singular),
            ),
            "FieldMask" => (Self::FieldMask, has(1, T::String, Shape::List)),
            "Struct" => (Self::Struct, has(1, T::Message, Shape::Map)),
            "ListValue" => (Self::ListValue, has(1, T::Message, Shape::List)),
            "Value" => (
                Self::Value,
                has(1, T::Enum, Shape::Singular)
                    && has(2, T::Double, Shape::Singular)
                    && has(3, T::String, Shape::Singular)
                    && has(4, T::Bool, Shape::Singular)
                    && has(5, T::Message, Shape::Singular)
                    && has(6, T::Message, Shape::Singular),
            ),
            _ if descriptor.file().name() == "google/protobuf/wrappers.proto" => (
                Self::Wrapper,
                ty.field(1).is_some_and(|field| {
                    field.storage() != Storage::Message && field.shape() == Shape::Singular
                }),
            ),
            _ => return None,
        };
        right.then_some(kind)
    }
}

/// The fields of `google.protobuf.Any`.
pub(crate) struct AnyFields {
    pub(crate) url: &'static FieldInfo,
    pub(crate) value: &'static FieldInfo,
}

impl AnyFields {
    /// The fields, if the type is `Any`.
    pub(crate) fn of(ty: &'static MessageType) -> Option<Self> {
        if ty.well_known() != Some(WellKnown::Any) {
            return None;
        }
        Some(Self {
            url: ty.field(1)?,
            value: ty.field(2)?,
        })
    }
}

/// Why a message cannot be put into an `Any`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PackError {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
    #[error("Message {name} is missing required fields: {fields}")]
    Missing { name: String, fields: String },
}

/// Puts a message into an `Any`.
pub(crate) fn pack(
    any: &Message,
    fields: &AnyFields,
    url: &str,
    packed: &Message,
) -> Result<(), PackError> {
    if !packed.is_initialized()? {
        return Err(PackError::Missing {
            name: packed.ty().descriptor().full_name().to_owned(),
            fields: packed.missing_required()?.join(", "),
        });
    }
    let mut encoder = Encoder::new();
    let bytes = encoder.encode(packed, false)?;
    any.set_text(fields.url, Text::copy_of(url.as_bytes()));
    any.set_text(fields.value, Text::copy_of(bytes));
    Ok(())
}

/// The type's URL and the message in an `Any`; `None` where its type is not known.
pub(crate) fn unpack(
    any: &Message,
    fields: &AnyFields,
    types: &dyn Resolver,
) -> Result<(String, Option<Message>), DecodeError> {
    let url = String::from_utf8_lossy(&any.bytes(fields.url)).into_owned();
    let name = url.rsplit('/').next().unwrap_or(&url);
    let Some(descriptor) = types.message(name) else {
        return Ok((url, None));
    };
    let bytes = any.bytes(fields.value);
    let input = Input::new(&bytes).with_types(types.types());
    let packed = Message::parse(MessageType::of(descriptor), input)?;
    Ok((url, Some(packed)))
}
