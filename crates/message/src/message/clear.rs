//! Clearing fields and whole messages, and dropping what they held.

#![expect(
    unsafe_code,
    reason = "slots lie at offsets that the type's table gives"
)]

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::{Body, Extra, Message, Reference};
use crate::list::List;
use crate::map::Map;
use crate::text::Text;
use crate::types::{FieldInfo, Shape, Storage};

impl Message {
    // Clearing.

    /// Clears a field. A sub-message, list or map that others hold lives on, detached.
    pub fn clear_field(&self, field: &FieldInfo) {
        if field.shape() == Shape::Map
            && let Reference::Block(_) = self.slot_reference(field)
            && let Some(map) = self.map_slot(field)
        {
            map.entries_cache().end_iterators();
        }
        self.clear_slot(field);
        self.touch();
    }

    pub(super) fn clear_slot(&self, field: &FieldInfo) {
        self.write_presence(field, false);
        let Some(slot) = self.slot::<u8>(field) else {
            return;
        };
        // SAFETY: the slot holds what the table says, and is left zeroed, which is valid for each; what it held is dropped after that.
        unsafe { clear(slot, field) };
    }

    /// Clears everything, unknown fields too.
    pub fn clear(&self) {
        let ty = self.ty();
        for field in ty.fields() {
            self.clear_slot(field);
        }
        // SAFETY: taken out before it is dropped.
        drop_extra(unsafe { (*self.body().extra.get()).take() });
        self.release_buffer();
        self.touch();
    }

    /// Clears what is set and leaves the rest alone: a sub-message that was read and not set, and an empty list or map, stay what the slot refers to.
    pub fn clear_set(&self) {
        for field in self.set_fields() {
            self.clear_slot(field);
        }
        self.clear_unknown();
        self.touch();
    }
}

/// Zeroes a slot and drops what it held.
unsafe fn clear(slot: NonNull<u8>, field: &FieldInfo) {
    // SAFETY: the caller says that the slot holds what `field` says.
    unsafe {
        match (field.shape(), field.storage()) {
            (Shape::List, _) => {
                if let Reference::Block(list) = Reference::take(slot) {
                    let list = List::from_raw(list);
                    list.unlink();
                    if field.storage() == Storage::Message {
                        release_nested(Nested::List(list));
                    }
                }
            }
            (Shape::Map, _) => {
                if let Reference::Block(map) = Reference::take(slot) {
                    let map = Map::from_raw(map);
                    map.unlink();
                    if field.map_fields().1.storage() == Storage::Message {
                        release_nested(Nested::Map(map));
                    }
                }
            }
            (Shape::Singular, Storage::Message) => {
                if let Reference::Block(child) = Reference::take(slot) {
                    let child = Message(child.cast());
                    child.unlink();
                    release_nested(Nested::Message(child));
                }
            }
            (Shape::Singular, Storage::Text) => {
                drop(slot.cast::<Text>().replace(Text::EMPTY));
            }
            (Shape::Singular, Storage::I64 | Storage::U64 | Storage::F64) => {
                slot.cast::<u64>().write(0);
            }
            (Shape::Singular, Storage::I32 | Storage::U32 | Storage::F32) => {
                slot.cast::<u32>().write(0);
            }
            (Shape::Singular, Storage::Bool) => slot.write(0),
        }
    }
}

fn drop_extra(extra: Option<Box<Extra>>) {
    for mut extension in extra.into_iter().flat_map(|extra| extra.extensions) {
        let slot = NonNull::from(extension.slot.get_mut()).cast();
        // SAFETY: the slot holds what the extension's table entry says.
        unsafe { clear(slot, extension.info) };
    }
}

/// Drops all that a message holds. See [`NodeKind::destroy`](crate::host::NodeKind::destroy).
///
/// # Safety
/// `body` is a live message without references.
pub(crate) unsafe fn destroy(body: NonNull<Body>) {
    // SAFETY: the block is alive until the host frees it, after this.
    unsafe {
        let message = ManuallyDrop::new(Message(body));
        for field in message.ty().dropped_fields() {
            clear(body.cast::<u8>().add(field.offset()), field);
        }
        drop_extra((*message.body().extra.get()).take());
        message.release_buffer();
    }
}

/// Nested messages are dropped by recursion down to this depth, then one after another.
const MAX_DROP_DEPTH: u32 = 64;

/// What may hold further messages.
#[expect(dead_code, reason = "it is held to be dropped")]
enum Nested {
    Message(Message),
    List(List),
    Map(Map),
}

/// Drops sub-messages without using stack for each level of nesting, which a program may build without limit.
fn release_nested(nested: Nested) {
    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
        static IS_PENDING: Cell<bool> = const { Cell::new(false) };
        static PENDING: RefCell<Vec<Nested>> = const { RefCell::new(Vec::new()) };
    }
    let depth = DEPTH.get();
    if depth >= MAX_DROP_DEPTH {
        PENDING.with_borrow_mut(|pending| pending.push(nested));
        IS_PENDING.set(true);
        return;
    }
    DEPTH.with(|cell| cell.set(depth + 1));
    drop(nested);
    if depth == 0 && IS_PENDING.get() {
        while let Some(pending) = PENDING.with_borrow_mut(Vec::pop) {
            drop(pending);
        }
        IS_PENDING.set(false);
    }
    DEPTH.with(|cell| cell.set(depth));
}
