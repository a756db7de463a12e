//! Who owns the memory of messages: Rust itself, or a language in which each message is an object.
//!
//! Blocks (messages, lists, maps) begin with a prefix of [`PREFIX`] bytes that only the host reads and writes; the rest of this crate works on the address behind it. A host may also lend objects: strings whose bytes a [`crate::Text`] shows, and input buffers that stay alive while ranges of them are in use. There is one host a process, set before the first message.

#![expect(
    unsafe_code,
    reason = "allocation and reference counts of untyped blocks"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::OnceLock;

use crate::list::ListBody;
use crate::map::MapBody;
use crate::message::Body;
use crate::types::{FieldInfo, MessageType};

/// The bytes before each block that belong to the host.
pub const PREFIX: usize = 16;

/// What a block is; tells a host which type of object to make.
#[derive(Clone, Copy, Debug)]
pub enum NodeKind {
    /// A message of a type.
    Message(&'static MessageType),
    /// A repeated field.
    List(&'static FieldInfo),
    /// A map field.
    Map(&'static FieldInfo),
}

impl NodeKind {
    /// The size of a block of this kind, without the prefix.
    pub fn size(self) -> usize {
        match self {
            Self::Message(ty) => ty.size(),
            Self::List(_) => size_of::<ListBody>(),
            Self::Map(_) => size_of::<MapBody>(),
        }
    }

    /// Drops what a block holds; its memory is the host's to free. Hosts call it when the last reference goes.
    ///
    /// # Safety
    /// `block` is a live block of this kind, without references, and is not used again.
    pub unsafe fn destroy(self, block: NonNull<u8>) {
        // SAFETY: the caller hands over a block of this kind.
        unsafe {
            match self {
                Self::Message(_) => crate::message::destroy(block.cast::<Body>()),
                Self::List(_) => block.cast::<ListBody>().drop_in_place(),
                Self::Map(_) => block.cast::<MapBody>().drop_in_place(),
            }
        }
    }
}

/// What a host does. All functions run on the thread that uses the message.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Allocates a block with one reference and returns the address behind its prefix: zeroed, 8-aligned, of [`NodeKind::size`] bytes. It does not return on failure.
    pub allocate: unsafe fn(NodeKind) -> NonNull<u8>,
    /// Takes a reference on a block.
    pub retain: unsafe fn(NonNull<u8>),
    /// Gives a reference back; with the last one, calls [`NodeKind::destroy`] and frees the block.
    pub release: unsafe fn(NonNull<u8>, NodeKind),
    /// Takes a reference on a lent object.
    pub retain_object: unsafe fn(NonNull<()>),
    /// Gives a reference on a lent object back.
    pub release_object: unsafe fn(NonNull<()>),
    /// A new object with a copy of some bytes, as an input; the reference is the caller's. `None` if the host has none.
    pub lend: fn(&[u8]) -> Option<NonNull<()>>,
    /// The bytes of a lent input buffer: address and length, unchanged while the reference is held.
    pub object_bytes: unsafe fn(NonNull<()>) -> (*const u8, usize),
}

static HOST: OnceLock<&'static Host> = OnceLock::new();

impl Host {
    /// Makes `host` the process's host. `false` if another is in place already: a message was made before, or a host installed.
    pub fn install(host: &'static Self) -> bool {
        std::ptr::eq(*HOST.get_or_init(|| host), host)
    }
}

#[inline]
pub(crate) fn host() -> &'static Host {
    HOST.get_or_init(|| &RUST)
}

/// Rust as its own host: a plain count before each block, no lent objects.
static RUST: Host = Host {
    allocate,
    retain,
    release,
    retain_object: |_| unreachable!("Rust lends no objects"),
    release_object: |_| unreachable!("Rust lends no objects"),
    lend: |_| None,
    object_bytes: |_| unreachable!("Rust lends no objects"),
};

fn layout(kind: NodeKind) -> Layout {
    Layout::from_size_align(PREFIX + kind.size(), 16)
        .expect("a message type's size is bounded by its number of fields")
}

unsafe fn allocate(kind: NodeKind) -> NonNull<u8> {
    let layout = layout(kind);
    // SAFETY: the layout is not empty (it has the prefix), and the count lies within the prefix.
    unsafe {
        let Some(start) = NonNull::new(alloc_zeroed(layout)) else {
            handle_alloc_error(layout)
        };
        start.cast::<usize>().write(1);
        start.add(PREFIX)
    }
}

unsafe fn retain(block: NonNull<u8>) {
    // SAFETY: the prefix begins with the count that `allocate` wrote.
    unsafe { *block.sub(PREFIX).cast::<usize>().as_mut() += 1 };
}

unsafe fn release(block: NonNull<u8>, kind: NodeKind) {
    // SAFETY: as for `retain`; at zero the block is destroyed once and freed with the layout it was allocated with.
    unsafe {
        let start = block.sub(PREFIX);
        let count = start.cast::<usize>().as_mut();
        *count -= 1;
        if *count == 0 {
            kind.destroy(block);
            dealloc(start.as_ptr(), layout(kind));
        }
    }
}
