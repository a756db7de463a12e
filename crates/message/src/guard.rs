//! Who may change a message, and what it holds. The crate keeps the mark and passes it on; refusing is for those who call it.
//!
//! A guard is set for a message and all that it holds; what is read of it later, such as a sub-message that stood in the input, gets it when it is made. Copies are open.

use crate::list::Items;
use crate::message::{Message, Reference};
use crate::types::{FieldInfo, Shape};
use crate::value::Value;
use crate::{List, Map, TooDeep};

/// What a change of a message, a list or a map comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Guard {
    /// Nothing; it may be changed.
    #[default]
    Open = 0,
    /// A warning: it is shared by those who do not expect changes, as the options of descriptors are.
    Watched = 1,
    /// An error.
    Frozen = 2,
}

impl Guard {
    /// How many bits it takes where it is kept beside something else.
    pub(crate) const BITS: u32 = 2;

    #[inline]
    pub(crate) fn from_bits(bits: usize) -> Self {
        match bits {
            0 => Self::Open,
            1 => Self::Watched,
            _ => Self::Frozen,
        }
    }
}

/// A block that is still to get its guard.
enum Node {
    Message(Message),
    List(List),
    Map(Map),
}

impl Message {
    /// A deep copy that nothing may change, nor what is read of it.
    ///
    /// # Errors
    /// If it is nested deeper than [`MAX_NESTING`](crate::MAX_NESTING).
    pub fn frozen(&self) -> Result<Self, TooDeep> {
        let copy = self.duplicate()?;
        copy.set_guard(Guard::Frozen);
        Ok(copy)
    }

    /// Guards a message and all that it holds.
    pub fn set_guard(&self, guard: Guard) {
        spread(guard, vec![Node::Message(self.clone())]);
    }

    /// Gives what was just made for a field the guard of this message.
    pub(crate) fn guard_read(&self, field: &'static FieldInfo) {
        let mut made = Vec::new();
        self.held_by(field, &mut made);
        spread(self.guard(), made);
    }

    /// What the slot of a field refers to, set or not.
    fn held_by(&self, field: &'static FieldInfo, held: &mut Vec<Node>) {
        if !field.is_reference() || !matches!(self.slot_reference(field), Reference::Block(_)) {
            return;
        }
        match field.shape() {
            Shape::List => held.extend(self.list(field).map(Node::List)),
            Shape::Map => held.extend(self.map(field).map(Node::Map)),
            Shape::Singular => held.extend(
                self.message_slot(field)
                    .map(|message| Node::Message((*message).clone())),
            ),
        }
    }
}

/// Guards blocks and all that they hold, one after another, however deep they nest.
fn spread(guard: Guard, mut rest: Vec<Node>) {
    while let Some(node) = rest.pop() {
        match node {
            Node::Message(message) => {
                message.write_guard(guard);
                let own = message.ty().dropped_fields();
                for field in own.chain(message.touched_extensions()) {
                    message.held_by(field, &mut rest);
                }
            }
            Node::List(list) => {
                list.write_guard(guard);
                if let Items::Message(items) = &*list.items() {
                    rest.extend(items.iter().cloned().map(Node::Message));
                }
            }
            Node::Map(map) => {
                map.write_guard(guard);
                for (_, value) in map.entries().as_slice() {
                    if let Value::Message(message) = value {
                        rest.push(Node::Message(message.clone()));
                    }
                }
            }
        }
    }
}
