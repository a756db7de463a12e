//! Copying and merging messages.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;

use thiserror::Error;

use crate::MAX_NESTING;
use crate::host::host;
use crate::list::{Items, List};
use crate::map::Map;
use crate::message::{Message, Reference, Unread, release_buffer};
use crate::stack;
use crate::types::{FieldInfo, Shape, Storage};
use crate::value::Value;
use crate::write::Encoder;

/// A message nested deeper than [`MAX_NESTING`] was to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("messages are nested deeper than the limit of {MAX_NESTING}")]
pub struct TooDeep;

/// How deep a walk over messages is.
#[derive(Clone, Copy)]
pub(crate) struct Nesting(u32);

impl Nesting {
    pub(crate) const fn start() -> Self {
        Self(MAX_NESTING)
    }

    /// Whether the walk looks here how much of the stack is left: see [`stack`].
    #[inline]
    pub(crate) const fn is_checked(self) -> bool {
        stack::is_checked(self.0)
    }

    pub(crate) const fn deeper(self) -> Result<Self, TooDeep> {
        match self.0.checked_sub(1) {
            Some(rest) => Ok(Self(rest)),
            None => Err(TooDeep),
        }
    }
}

impl Message {
    /// A copy that shares nothing changeable.
    pub fn duplicate(&self) -> Result<Self, TooDeep> {
        duplicate(self, Nesting::start())
    }

    /// Makes this message a copy of another of its type: what was set here is cleared. Sub-messages that were read but not set stay what they are.
    ///
    /// # Panics
    /// If the types differ.
    pub fn assign(&self, source: &Self) -> Result<(), TooDeep> {
        if self == source {
            return Ok(());
        }
        self.clear_set();
        // A message that may be in the other is not filled while that is read.
        if self.ty().is_recursive() || !self.is_blank() {
            return self.merge_from(source);
        }
        fill(self, source, Nesting::start())
    }

    /// Merges another message of the same type: set scalars replace, sub-messages merge, lists append, map entries replace.
    ///
    /// # Panics
    /// If the types differ.
    pub fn merge_from(&self, source: &Self) -> Result<(), TooDeep> {
        assert!(
            std::ptr::eq(self.ty(), source.ty()),
            "only messages of one type merge"
        );
        if self.ty().is_recursive() {
            // The target may be in the source, and would grow while it is read.
            let source = source.duplicate()?;
            self.touch();
            return merge(self, &source, Nesting::start());
        }
        self.touch();
        merge(self, source, Nesting::start())
    }
}

impl Message {
    /// Drops unknown fields, here and in all messages in it.
    pub fn discard_unknown(&self) -> Result<(), TooDeep> {
        self.touch();
        discard_unknown(self, Nesting::start())
    }
}

fn discard_unknown(message: &Message, nesting: Nesting) -> Result<(), TooDeep> {
    if nesting.is_checked() {
        return stack::with_room(|| discard_unknown_here(message, nesting));
    }
    discard_unknown_here(message, nesting)
}

fn discard_unknown_here(message: &Message, nesting: Nesting) -> Result<(), TooDeep> {
    message.clear_unknown();
    for field in message.set_fields() {
        match field.shape() {
            Shape::Singular if field.storage() == Storage::Message => {
                if let Some(child) = message.message(field) {
                    discard_unknown(&child, nesting.deeper()?)?;
                }
            }
            Shape::Singular => {}
            Shape::List => {
                if let Some(list) = message.list(field)
                    && let Items::Message(items) = &*list.items()
                {
                    for item in items {
                        discard_unknown(item, nesting.deeper()?)?;
                    }
                }
            }
            Shape::Map => {
                if let Some(map) = message.map(field) {
                    for (_, value) in map.entries().as_slice() {
                        if let Value::Message(child) = value {
                            discard_unknown(child, nesting.deeper()?)?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

fn duplicate(message: &Message, nesting: Nesting) -> Result<Message, TooDeep> {
    let copy = Message::new(message.ty());
    fill(&copy, message, nesting)?;
    Ok(copy)
}

/// Makes a message that has nothing a copy of another of its type.
fn fill(copy: &Message, message: &Message, nesting: Nesting) -> Result<(), TooDeep> {
    let nesting = nesting.deeper()?;
    if nesting.is_checked() {
        return stack::with_room(|| fill_here(copy, message, nesting));
    }
    fill_here(copy, message, nesting)
}

fn fill_here(copy: &Message, message: &Message, nesting: Nesting) -> Result<(), TooDeep> {
    if !(has_long_list(message) && fill_by_writing(copy, message, nesting)?) {
        copy.copy_slots(message, true, |field| {
            copy_field(copy, message, field, nesting)
        })?;
    }
    if message.has_extra() {
        for extension in message.extensions() {
            merge_field(copy, message, extension, nesting)?;
        }
        let unknown = message.unknown();
        if !unknown.is_empty() {
            copy.append_unknown(&unknown);
        }
    }
    Ok(())
}

/// Copies all slots, those of sub-messages, lists and maps by writing them; `false` if that cannot be done. A function of its own, which copies of nested messages need no stack for.
#[inline(never)]
fn fill_by_writing(copy: &Message, message: &Message, nesting: Nesting) -> Result<bool, TooDeep> {
    let Some(written) = Written::of(message) else {
        return Ok(false);
    };
    copy.keep_buffer(written.buffer);
    copy.copy_slots(message, false, |field| {
        if let Some(unread) = written.find(field) {
            copy.leave_unread(field, unread);
            return Ok(());
        }
        copy_field(copy, message, field, nesting)
    })?;
    Ok(true)
}

/// Copies a sub-message, list or map that is set.
fn copy_field(
    copy: &Message,
    message: &Message,
    field: &'static FieldInfo,
    nesting: Nesting,
) -> Result<(), TooDeep> {
    match field.shape() {
        Shape::Singular => {
            if let Some(child) = message.message_slot(field) {
                copy.adopt(field, duplicate(&child, nesting)?.into_raw());
            }
        }
        Shape::List => {
            if let Some(list) = message.list_slot(field) {
                let copied = List::detached(field);
                copied.fill(&list, |items| copy_items(items, nesting))?;
                copy.adopt(field, copied.into_raw());
            }
        }
        Shape::Map => {
            if let Some(map) = message.map_slot(field) {
                let copies = copy_entries(&map, nesting)?;
                copy.map_or_new(field).entries_mut().fill(copies);
            }
        }
    }
    Ok(())
}

/// From so many messages in a list on, a copy of them is made by writing them: one block of bytes that the copy reads when it is asked for them, in place of some blocks an element.
const LONG: usize = 16;

fn has_long_list(message: &Message) -> bool {
    message.ty().dropped_fields().any(|field| {
        field.shape() == Shape::List
            && field.storage() == Storage::Message
            && matches!(message.slot_reference(field), Reference::Block(_))
            && message
                .list_slot(field)
                .is_some_and(|list| list.len() >= LONG)
    })
}

/// The sub-messages, lists and maps of a message in wire form, as the input of its copy.
struct Written {
    buffer: NonNull<()>,
    fields: Vec<(*const FieldInfo, Unread)>,
}

impl Drop for Written {
    fn drop(&mut self) {
        release_buffer(&Cell::new(self.buffer.as_ptr()));
    }
}

impl Written {
    /// `None` where the host has no inputs, or the message is nested too deep or too long to be parsed.
    fn of(message: &Message) -> Option<Self> {
        thread_local! {
            static ENCODER: RefCell<Encoder> = const { RefCell::new(Encoder::new()) };
        }
        ENCODER.with_borrow_mut(|encoder| Self::with(encoder, message))
    }

    fn with(encoder: &mut Encoder, message: &Message) -> Option<Self> {
        let (bytes, ends) = encoder.references(message)?;
        let mut fields = Vec::with_capacity(ends.len());
        let mut behind = bytes.len();
        for (field, start) in ends {
            // In what order a map is written depends on the options.
            let is_canonical = !field.reaches_map();
            fields.push((
                std::ptr::from_ref(field),
                Unread::new(start, behind - start, is_canonical)?,
            ));
            behind = start;
        }
        Some(Self {
            buffer: (host().lend)(bytes)?,
            fields,
        })
    }

    fn find(&self, field: &FieldInfo) -> Option<Unread> {
        let found = self.fields.iter().find(|(f, _)| std::ptr::eq(*f, field));
        found.map(|&(_, unread)| unread)
    }
}

fn copy_value(value: &Value, nesting: Nesting) -> Result<Value, TooDeep> {
    Ok(match value {
        Value::Message(message) => Value::Message(duplicate(message, nesting)?),
        other => other.clone(),
    })
}

fn merge(target: &Message, source: &Message, nesting: Nesting) -> Result<(), TooDeep> {
    if nesting.is_checked() {
        return stack::with_room(|| merge_here(target, source, nesting));
    }
    merge_here(target, source, nesting)
}

fn merge_here(target: &Message, source: &Message, nesting: Nesting) -> Result<(), TooDeep> {
    for field in source.ty().fields_by_number() {
        if source.has(field) {
            merge_field(target, source, field, nesting)?;
        }
    }
    for extension in source.extensions() {
        merge_field(target, source, extension, nesting)?;
    }
    let unknown = source.unknown();
    if !unknown.is_empty() {
        target.append_unknown(&unknown);
    }
    Ok(())
}

fn merge_field(
    target: &Message,
    source: &Message,
    field: &'static FieldInfo,
    nesting: Nesting,
) -> Result<(), TooDeep> {
    match field.shape() {
        Shape::Singular if field.storage() == Storage::Message => {
            if let Some(child) = source.message_slot(field) {
                let child = (*child).clone();
                merge(&target.message_mut(field), &child, nesting.deeper()?)?;
            }
        }
        Shape::Singular if field.storage() == Storage::Text => target.copy_text(source, field),
        Shape::Singular => {
            if let Some(value) = source.value(field) {
                target.set_value(field, value);
            }
        }
        Shape::List => merge_list(target, source, field, nesting)?,
        Shape::Map => {
            let Some(map) = source.map(field) else {
                return Ok(());
            };
            // Copied first: source and target may be one.
            let copies = copy_entries(&map, nesting)?;
            let target = target.map_or_new(field);
            let mut entries = target.entries_mut();
            if entries.is_empty() {
                entries.fill(copies);
                return Ok(());
            }
            for (key, value) in copies {
                entries.put(key, value);
            }
        }
    }
    Ok(())
}

impl Map {
    /// Copies of the entries, which share nothing changeable.
    pub fn copy_entries(&self) -> Result<Vec<(Value, Value)>, TooDeep> {
        copy_entries(self, Nesting::start())
    }
}

fn copy_entries(map: &Map, nesting: Nesting) -> Result<Vec<(Value, Value)>, TooDeep> {
    let mut copies = Vec::with_capacity(map.len());
    for (key, value) in map.entries().as_slice() {
        copies.push((key.clone(), copy_value(value, nesting)?));
    }
    Ok(copies)
}

fn merge_list(
    target: &Message,
    source: &Message,
    field: &'static FieldInfo,
    nesting: Nesting,
) -> Result<(), TooDeep> {
    let Some(list) = source.list(field) else {
        return Ok(());
    };
    let copies = copy_items(&list.items(), nesting)?;
    target.list_or_new(field).items_mut().append(copies);
    Ok(())
}

impl List {
    /// Copies of the elements, which share nothing changeable.
    pub fn copy_items(&self) -> Result<Items, TooDeep> {
        copy_items(&self.items(), Nesting::start())
    }
}

fn copy_items(items: &Items, nesting: Nesting) -> Result<Items, TooDeep> {
    Ok(match items {
        Items::Message(items) => {
            let mut copies = Vec::with_capacity(items.len());
            for item in items {
                copies.push(duplicate(item, nesting)?);
            }
            Items::Message(copies)
        }
        Items::Text(items) => Items::Text(items.clone()),
        Items::I32(items) => Items::I32(items.clone()),
        Items::U32(items) => Items::U32(items.clone()),
        Items::I64(items) => Items::I64(items.clone()),
        Items::U64(items) => Items::U64(items.clone()),
        Items::F32(items) => Items::F32(items.clone()),
        Items::F64(items) => Items::F64(items.clone()),
        Items::Bool(items) => Items::Bool(items.clone()),
    })
}
