//! What text format and JSON know of `google.protobuf.Any`.

use russet_descriptor::pool::FieldType;
use thiserror::Error;

use crate::merge::TooDeep;
use crate::message::Message;
use crate::parse::{DecodeError, Input};
use crate::resolve::Resolver;
use crate::text::Text;
use crate::types::{FieldInfo, MessageType, Shape};
use crate::write::{EncodeError, Encoder};

/// The fields of `google.protobuf.Any`.
pub(crate) struct AnyFields {
    pub(crate) url: &'static FieldInfo,
    pub(crate) value: &'static FieldInfo,
}

impl AnyFields {
    /// The fields, if the type is `Any` as it should be.
    pub(crate) fn of(ty: &'static MessageType) -> Option<Self> {
        if ty.descriptor().full_name() != "google.protobuf.Any" {
            return None;
        }
        let field = |number, field_type| {
            ty.field(number).filter(|field| {
                field.field_type() == field_type && field.shape() == Shape::Singular
            })
        };
        Some(Self {
            url: field(1, FieldType::String)?,
            value: field(2, FieldType::Bytes)?,
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

/// The type's URL and the message in an `Any`; `None` where the URL has no slash or its type is not known.
pub(crate) fn unpack(
    any: &Message,
    fields: &AnyFields,
    types: &dyn Resolver,
) -> Result<Option<(String, Message)>, DecodeError> {
    let url = String::from_utf8_lossy(&any.bytes(fields.url)).into_owned();
    let Some((_, name)) = url.rsplit_once('/') else {
        return Ok(None);
    };
    let Some(descriptor) = types.message(name) else {
        return Ok(None);
    };
    let bytes = any.bytes(fields.value);
    let input = Input::new(&bytes).with_types(types.types());
    let packed = Message::parse(MessageType::of(descriptor), input)?;
    Ok(Some((url, packed)))
}
