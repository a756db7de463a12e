//! From text format into messages.
//!
//! Rules, errors and positions are those of `google.protobuf.text_format`; beyond it, names that a message reserves are skipped, as C++ does it.

use std::fmt;

use russet_descriptor::pool::{self, Field};

use super::error::ParseError;
use super::numbers::parse_integer;
use super::print::is_group_like;
use super::scalars::scalar;
use super::skip::skip_contents;
use super::tokens::Tokens;
use crate::MAX_NESTING;
use crate::message::Message;
use crate::resolve::Resolver;
use crate::stack;
use crate::types::{FieldInfo, MessageType, Shape, Storage};
use crate::value::Value;
use crate::well_known::{AnyFields, pack};

/// How text is read.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the options of text_format.Parse, independent of each other"
)]
pub struct Parser<'a> {
    /// Where extensions are looked up.
    pub extensions: &'a dyn Resolver,
    /// Where the types of `Any` are looked up.
    pub types: &'a dyn Resolver,
    /// Unknown extensions are skipped.
    pub allow_unknown_extension: bool,
    /// Unknown fields are skipped.
    pub allow_unknown_field: bool,
    /// Fields may be named by their numbers.
    pub allow_field_number: bool,
    /// A singular field may be there twice: the last counts. Otherwise that is an error, also if the message had it before.
    pub allow_overwrite: bool,
    /// How deep messages may nest, the outermost counted; at most [`MAX_NESTING`].
    pub max_depth: u32,
}

impl fmt::Debug for Parser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser").finish_non_exhaustive()
    }
}

impl<'a> Parser<'a> {
    /// Everything forbidden that can be, names looked up in one place.
    pub fn new(names: &'a dyn Resolver) -> Self {
        Self {
            extensions: names,
            types: names,
            allow_unknown_extension: false,
            allow_unknown_field: false,
            allow_field_number: false,
            allow_overwrite: false,
            max_depth: MAX_NESTING,
        }
    }

    /// Parses text into a message, added to what it holds. After an error, what came before it is there.
    pub fn merge(&self, message: &Message, text: &str) -> Result<(), ParseError> {
        let mut tokens = Tokens::new(text);
        let depth = self.deeper(self.max_depth.min(MAX_NESTING))?;
        while !tokens.at_end() {
            self.field(&mut tokens, message, depth)?;
        }
        Ok(())
    }

    fn deeper(&self, depth: u32) -> Result<u32, ParseError> {
        depth.checked_sub(1).ok_or_else(|| {
            ParseError::without_position(format!(
                "Message too deep. Max recursion depth is {}",
                self.max_depth.min(MAX_NESTING)
            ))
        })
    }

    /// The fields of a message up to its closing bracket.
    fn message(
        &self,
        tokens: &mut Tokens<'_>,
        message: &Message,
        end: &str,
        depth: u32,
    ) -> Result<(), ParseError> {
        let depth = self.deeper(depth)?;
        if stack::is_checked(depth) {
            return stack::with_room(|| self.message_here(tokens, message, end, depth));
        }
        self.message_here(tokens, message, end, depth)
    }

    fn message_here(
        &self,
        tokens: &mut Tokens<'_>,
        message: &Message,
        end: &str,
        depth: u32,
    ) -> Result<(), ParseError> {
        while !tokens.take(end) {
            if tokens.at_end() {
                return Err(tokens.error_before(format!("Expected \"{end}\".")));
            }
            self.field(tokens, message, depth)?;
        }
        Ok(())
    }

    fn field(
        &self,
        tokens: &mut Tokens<'_>,
        message: &Message,
        depth: u32,
    ) -> Result<(), ParseError> {
        let descriptor = message.ty().descriptor();
        let field = if tokens.is("[") {
            if let Some(any) = AnyFields::of(message.ty()) {
                tokens.advance();
                return self.any(tokens, message, &any, depth);
            }
            tokens.advance();
            self.extension(tokens, descriptor)?
        } else {
            self.named(tokens, message.ty())?
        };
        if let Some(field) = field {
            self.value_or_list(tokens, message, field, depth)?;
        } else {
            skip_contents(tokens, depth)?;
        }
        separator(tokens);
        Ok(())
    }

    /// The extension named in brackets, of which the first is taken; `None` for an unknown one to be skipped.
    fn extension(
        &self,
        tokens: &mut Tokens<'_>,
        descriptor: &'static pool::Message,
    ) -> Result<Option<&'static FieldInfo>, ParseError> {
        let mut name = tokens.identifier()?.to_owned();
        while tokens.take(".") {
            name.push('.');
            name.push_str(tokens.identifier()?);
        }
        if !descriptor.is_extendable() {
            return Err(tokens.error_before(format!(
                "Message type \"{}\" does not have extensions.",
                descriptor.full_name()
            )));
        }
        let extension = match self.extensions.extension(&name) {
            None if self.allow_unknown_extension => None,
            None => {
                return Err(tokens.error_before(format!(
                    "Extension \"{name}\" not registered. Did you import the _pb2 module which defines it? If you are trying to place the extension in the MessageSet field of another message that is in an Any or MessageSet field, that message's _pb2 module must be imported as well"
                )));
            }
            Some(found) if !std::ptr::eq(found.containing_type(), descriptor) => {
                return Err(tokens.error_before(format!(
                    "Extension \"{name}\" does not extend message type \"{}\".",
                    descriptor.full_name()
                )));
            }
            found => found,
        };
        tokens.expect("]")?;
        Ok(extension.map(FieldInfo::of_extension))
    }

    /// The field of a name or number; `None` for one that is to be skipped.
    fn named(
        &self,
        tokens: &mut Tokens<'_>,
        ty: &'static MessageType,
    ) -> Result<Option<&'static FieldInfo>, ParseError> {
        let descriptor = ty.descriptor();
        let name = tokens.identifier_or_number()?;
        let field = if self.allow_field_number && name.bytes().all(|b| b.is_ascii_digit()) {
            let number = parse_integer(name, i64::MIN.into(), i64::MAX.into())
                .map_err(|error| tokens.error_before(error.to_string()))?;
            u32::try_from(number).ok().and_then(|number| {
                ty.field(number)
                    .or_else(|| self.extensions.types().extension(ty, number))
            })
        } else {
            descriptor
                .field_by_name(name)
                .or_else(|| group(descriptor, name))
                .and_then(|field| ty.field_of(field))
        };
        if field.is_none()
            && !self.allow_unknown_field
            && !descriptor
                .proto()
                .reserved_name
                .iter()
                .any(|r| **r == *name.as_bytes())
        {
            return Err(tokens.error_before(format!(
                "Message type \"{}\" has no field named \"{name}\".",
                descriptor.full_name()
            )));
        }
        Ok(field)
    }

    /// What follows a field's name: its value, or several in brackets.
    fn value_or_list(
        &self,
        tokens: &mut Tokens<'_>,
        message: &Message,
        field: &'static FieldInfo,
        depth: u32,
    ) -> Result<(), ParseError> {
        if !self.allow_overwrite
            && let Some(oneof) = field.oneof()
            && let Some(other) = message.which(oneof)
            && !std::ptr::eq(other, field)
        {
            let descriptor = message.ty().descriptor();
            return Err(tokens.error_before(format!(
                "Field \"{}\" is specified along with field \"{}\", another member of oneof \"{}\" for message type \"{}\".",
                field.descriptor().name(),
                other.descriptor().name(),
                descriptor.oneofs()[oneof].name(),
                descriptor.full_name()
            )));
        }
        if field.storage() == Storage::Message {
            tokens.take(":");
        } else {
            tokens.expect(":")?;
        }
        if field.shape() == Shape::Singular || !tokens.take("[") {
            return self.value(tokens, message, field, depth);
        }
        if tokens.take("]") {
            return Ok(());
        }
        loop {
            self.value(tokens, message, field, depth)?;
            if tokens.take("]") {
                return Ok(());
            }
            tokens.expect(",")?;
        }
    }

    fn value(
        &self,
        tokens: &mut Tokens<'_>,
        message: &Message,
        field: &'static FieldInfo,
        depth: u32,
    ) -> Result<(), ParseError> {
        if field.storage() != Storage::Message {
            let value = scalar(tokens, field)?;
            match field.shape() {
                Shape::Singular => {
                    self.check_single(tokens, message, field)?;
                    message.set_value(field, value);
                }
                Shape::List | Shape::Map => message.list_or_new(field).items_mut().push(value),
            }
            return Ok(());
        }
        let end = opening(tokens)?;
        match field.shape() {
            Shape::Singular => {
                self.check_single(tokens, message, field)?;
                self.message(tokens, &message.message_mut(field), end, depth)
            }
            Shape::List => {
                let child = Message::new(field.message_type());
                let list = message.list_or_new(field);
                list.items_mut().push(Value::Message(child.clone()));
                self.message(tokens, &child, end, depth)
            }
            Shape::Map => {
                let entry = Message::new(field.message_type());
                self.message(tokens, &entry, end, depth)?;
                let (key_field, value_field) = field.map_fields();
                let part = |field| {
                    Message::value(&entry, field).unwrap_or_else(|| Value::default_of(field))
                };
                let (key, value) = (part(key_field), part(value_field));
                message.map_or_new(field).entries_mut().insert(key, value);
                Ok(())
            }
        }
    }

    /// An error if a singular field is set already and may not be overwritten.
    fn check_single(
        &self,
        tokens: &Tokens<'_>,
        message: &Message,
        field: &FieldInfo,
    ) -> Result<(), ParseError> {
        if self.allow_overwrite || !message.has(field) {
            return Ok(());
        }
        let descriptor = field.descriptor();
        let (name, kind) = if field.is_extension() {
            (descriptor.full_name(), "extensions")
        } else {
            (descriptor.name(), "fields")
        };
        Err(tokens.error_before(format!(
            "Message type \"{}\" should not have multiple \"{name}\" {kind}.",
            message.ty().descriptor().full_name()
        )))
    }

    /// The message in an `Any`, behind the bracket that opens its URL.
    fn any(
        &self,
        tokens: &mut Tokens<'_>,
        message: &Message,
        any: &AnyFields,
        depth: u32,
    ) -> Result<(), ParseError> {
        let (prefix, name) = type_url(tokens)?;
        tokens.take(":");
        let end = opening(tokens)?;
        let Some(descriptor) = self.types.message(&name) else {
            return Err(ParseError::without_position(format!(
                "Type {name} not found in descriptor pool"
            )));
        };
        let packed = Message::new(MessageType::of(descriptor));
        self.message(tokens, &packed, end, depth)?;
        let url = format!("{prefix}/{name}");
        pack(message, any, &url, &packed)
            .map_err(|error| tokens.error_before(error.to_string()))?;
        Ok(())
    }
}

/// The proto2 group that goes by the name of its type.
fn group<'a>(descriptor: &'a pool::Message, name: &str) -> Option<&'a Field> {
    descriptor
        .field_by_name(&name.to_lowercase())
        .filter(|field| {
            is_group_like(field) && field.message_type().is_some_and(|ty| ty.name() == name)
        })
}

/// Takes the bracket that opens a message; the one that closes it is returned.
pub(super) fn opening(tokens: &mut Tokens<'_>) -> Result<&'static str, ParseError> {
    if tokens.take("<") {
        return Ok(">");
    }
    tokens.expect("{")?;
    Ok("}")
}

/// Fields may be separated by a comma or semicolon.
pub(super) fn separator(tokens: &mut Tokens<'_>) {
    if !tokens.take(",") {
        tokens.take(";");
    }
}

/// The URL of an `Any`'s type and the bracket that closes it: what stands before the last slash, and the type's name.
fn type_url(tokens: &mut Tokens<'_>) -> Result<(String, String), ParseError> {
    let mut url = String::new();
    let is_url = |c: char| c.is_ascii_alphanumeric() || "-.~_ !$&()*+,;=%/".contains(c);
    while !tokens.at_end() && tokens.token().chars().all(is_url) {
        url.push_str(tokens.token());
        tokens.advance();
    }
    tokens.expect("]")?;
    let Some((prefix, name)) = url.rsplit_once('/') else {
        return Err(tokens.error("Type URL does not contain \"/\".".to_owned()));
    };
    if prefix.is_empty() {
        return Err(tokens.error("Type URL prefix is empty.".to_owned()));
    }
    if prefix.starts_with('/') {
        return Err(tokens.error("Type URL prefix starts with \"/\".".to_owned()));
    }
    for (at, _) in prefix.match_indices('%') {
        let escape: String = prefix[at..].chars().take(3).collect();
        let digits = escape.bytes().skip(1);
        if escape.len() != 3 || !digits.clone().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(tokens.error(format!("Invalid percent escape, got \"{escape}\".")));
        }
    }
    let is_name = name.split('.').all(|part| {
        part.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
            && part.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    });
    if !is_name {
        return Err(tokens.error(format!("Expected type name, got \"{name}\".")));
    }
    Ok((prefix.to_owned(), name.to_owned()))
}
