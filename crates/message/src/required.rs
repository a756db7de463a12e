//! Required fields: whether a message has all of them, and which it lacks; and what else a type can hold at any depth.

use std::collections::HashSet;

use russet_descriptor::pool;

use crate::list::Items;
use crate::merge::{Nesting, TooDeep};
use crate::message::Message;
use crate::stack;
use crate::types::{MessageType, Shape, Storage};
use crate::value::Value;

/// Whether a message of `ty` can lack a required field, its own or that of a message in it. An extendable type can: extensions may bring any.
pub(crate) fn reaches_required(ty: &'static MessageType) -> bool {
    let mut seen = HashSet::new();
    let mut rest = vec![ty.descriptor()];
    while let Some(message) = rest.pop() {
        if !seen.insert(message.full_name()) {
            continue;
        }
        if message.is_extendable() {
            return true;
        }
        for field in message.fields() {
            if field.is_required() {
                return true;
            }
            rest.extend(field.message_type());
        }
    }
    false
}

/// Whether a message of `ty` can hold a map, its own or that of a message in it. Extensions are not followed.
pub(crate) fn reaches_map(ty: &'static MessageType) -> bool {
    let mut seen = HashSet::new();
    let mut rest = vec![ty.descriptor()];
    while let Some(message) = rest.pop() {
        if !seen.insert(message.full_name()) {
            continue;
        }
        for field in message.fields() {
            if field.is_map() {
                return true;
            }
            rest.extend(field.message_type());
        }
    }
    false
}

/// Whether a message of `ty` can hold another of it. An extendable type can.
pub(crate) fn reaches_itself(ty: &'static MessageType) -> bool {
    let start = ty.descriptor();
    let mut seen = HashSet::new();
    let mut rest = vec![start];
    while let Some(message) = rest.pop() {
        if message.is_extendable() {
            return true;
        }
        for next in message
            .fields()
            .iter()
            .filter_map(pool::Field::message_type)
        {
            if next == start {
                return true;
            }
            if seen.insert(next.full_name()) {
                rest.push(next);
            }
        }
    }
    false
}

impl Message {
    /// Whether it and all messages in it have their required fields.
    #[inline]
    pub fn is_initialized(&self) -> Result<bool, TooDeep> {
        if !self.ty().needs_required_check() {
            return Ok(true);
        }
        Ok(self.missing_required()?.is_empty())
    }

    /// The paths of required fields that are not set, such as `a.b[2].c`.
    pub fn missing_required(&self) -> Result<Vec<String>, TooDeep> {
        let mut missing = Vec::new();
        collect(self, "", &mut missing, Nesting::start())?;
        Ok(missing)
    }
}

fn collect(
    message: &Message,
    prefix: &str,
    missing: &mut Vec<String>,
    nesting: Nesting,
) -> Result<(), TooDeep> {
    if nesting.is_checked() {
        return stack::with_room(|| collect_here(message, prefix, missing, nesting));
    }
    collect_here(message, prefix, missing, nesting)
}

fn collect_here(
    message: &Message,
    prefix: &str,
    missing: &mut Vec<String>,
    nesting: Nesting,
) -> Result<(), TooDeep> {
    if !message.ty().needs_required_check() {
        return Ok(());
    }
    for field in message.ty().fields() {
        if field.descriptor().is_required() && !message.has(field) {
            missing.push(format!("{prefix}{}", field.descriptor().name()));
        }
    }
    for field in message.set_fields() {
        if field.storage() != Storage::Message {
            continue;
        }
        let name = field.descriptor().name();
        match field.shape() {
            Shape::Singular => {
                if let Some(child) = message.message(field) {
                    let prefix = format!("{prefix}{name}.");
                    collect(&child, &prefix, missing, nesting.deeper()?)?;
                }
            }
            Shape::List => {
                if let Some(list) = message.list(field)
                    && let Items::Message(items) = &*list.items()
                {
                    for (index, item) in items.iter().enumerate() {
                        let prefix = format!("{prefix}{name}[{index}].");
                        collect(item, &prefix, missing, nesting.deeper()?)?;
                    }
                }
            }
            Shape::Map => {
                if let Some(map) = message.map(field) {
                    for (key, value) in map.entries().as_slice() {
                        if let Value::Message(child) = value {
                            let key = crate::text_format::key_text(key);
                            let prefix = format!("{prefix}{name}[{key}].");
                            collect(child, &prefix, missing, nesting.deeper()?)?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}
