//! Messages that keep their input and read it late are what messages read at once are.
//!
//! The host is one that lends objects, as Python does: a process has one, so this is a test binary of its own.

#![expect(
    unsafe_code,
    reason = "a host is functions over raw blocks and objects"
)]

mod random;
mod schema;

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::Cell;
use std::ptr::NonNull;

use proptest::prelude::*;
use random::{apply, step};
use russet_message::{
    Encoder, Host, Input, MAX_DEPTH, Message, NodeKind, PREFIX, Shape, Storage, Value,
};
use schema::{all, named};

/// A buffer with a count.
struct Lent {
    count: Cell<usize>,
    bytes: Vec<u8>,
}

thread_local! {
    static LIVING: Cell<usize> = const { Cell::new(0) };
}

fn layout(kind: NodeKind) -> Layout {
    Layout::from_size_align(PREFIX + kind.size(), 16).expect("blocks are small")
}

static HOST: Host = Host {
    allocate: |kind| {
        // SAFETY: the layout is not empty, and the count is within the prefix.
        unsafe {
            let start = NonNull::new(alloc_zeroed(layout(kind))).expect("memory");
            start.cast::<usize>().write(1);
            start.add(PREFIX)
        }
    },
    retain: |block| {
        // SAFETY: the block is alive, and its prefix begins with the count.
        unsafe { *block.sub(PREFIX).cast::<usize>().as_mut() += 1 }
    },
    release: |block, kind| {
        // SAFETY: as above; at zero nobody else has the block.
        unsafe {
            let start = block.sub(PREFIX);
            let count = start.cast::<usize>().as_mut();
            *count -= 1;
            if *count == 0 {
                kind.destroy(block);
                dealloc(start.as_ptr(), layout(kind));
            }
        }
    },
    retain_object: |object| {
        // SAFETY: the object is alive.
        let lent = unsafe { object.cast::<Lent>().as_ref() };
        lent.count.set(lent.count.get() + 1);
    },
    release_object: |object| release(object.cast()),
    lend: |bytes| Some(lend(bytes).cast()),
    object_bytes: |object| {
        // SAFETY: the object is alive.
        let bytes = unsafe { &object.cast::<Lent>().as_ref().bytes };
        (bytes.as_ptr(), bytes.len())
    },
};

fn lend(bytes: &[u8]) -> NonNull<Lent> {
    LIVING.set(LIVING.get() + 1);
    NonNull::from(Box::leak(Box::new(Lent {
        count: Cell::new(1),
        bytes: bytes.to_vec(),
    })))
}

fn release(lent: NonNull<Lent>) {
    // SAFETY: the caller has a reference; with the last one the box goes back.
    unsafe {
        let count = &lent.as_ref().count;
        count.set(count.get() - 1);
        if count.get() == 0 {
            LIVING.set(LIVING.get() - 1);
            drop(Box::from_raw(lent.as_ptr()));
        }
    }
}

/// Parses bytes that the message keeps.
fn parse_late(bytes: &[u8]) -> Result<Message, String> {
    assert!(Host::install(&HOST));
    let lent = lend(bytes);
    // SAFETY: the object is alive, and its bytes never change.
    let parsed = unsafe {
        let input = Input::of_object(&lent.as_ref().bytes, lent.cast());
        Message::parse(all(), input)
    };
    release(lent);
    parsed.map_err(|error| error.to_string())
}

/// Parses bytes that the message copies.
fn parse_at_once(bytes: &[u8]) -> Result<Message, String> {
    assert!(Host::install(&HOST));
    Message::parse(all(), Input::new(bytes)).map_err(|error| error.to_string())
}

fn encode(message: &Message) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder
        .encode(message, false)
        .expect("not too deep")
        .to_vec()
}

/// Reads all sub-messages, lists and maps.
fn read_all(message: &Message) {
    for field in message.set_fields() {
        match field.shape() {
            Shape::Singular if field.storage() == Storage::Message => {
                read_all(&message.message(field).expect("a field that is set"));
            }
            Shape::Singular => {}
            Shape::List => {
                let list = message.list(field).expect("a list that is not empty");
                for index in 0..list.len() {
                    let item = list.items().get(index);
                    if let Value::Message(item) = item {
                        read_all(&item);
                    }
                }
            }
            Shape::Map => {
                let map = message.map(field).expect("a map that is not empty");
                for (_, value) in map.entries().as_slice() {
                    if let Value::Message(value) = value {
                        read_all(value);
                    }
                }
            }
        }
    }
}

/// That bytes give the same message, or the same error, whichever way they are parsed.
fn compare(bytes: &[u8]) -> Result<(), TestCaseError> {
    let (late, at_once) = (parse_late(bytes), parse_at_once(bytes));
    let (late, at_once) = match (late, at_once) {
        (Ok(late), Ok(at_once)) => (late, at_once),
        (late, at_once) => {
            prop_assert_eq!(late.err(), at_once.err());
            return Ok(());
        }
    };
    let written = encode(&at_once);
    prop_assert_eq!(encode(&late), written.clone());
    prop_assert_eq!(late.byte_size(), Ok(written.len()));
    let again = parse_late(bytes).expect("as before");
    prop_assert_eq!(late.equals(&again), Ok(true));
    prop_assert_eq!(again.equals(&at_once), Ok(true));
    let copy = late.duplicate().expect("not too deep");
    let merged = Message::new(all());
    merged.merge_from(&late).expect("not too deep");
    read_all(&late);
    for message in [&late, &again, &copy, &merged] {
        prop_assert_eq!(encode(message), written.clone());
        prop_assert_eq!(message.equals(&at_once), Ok(true));
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_was_written_reads_the_same(steps in prop::collection::vec(step(), 0..12)) {
        assert!(Host::install(&HOST));
        let message = Message::new(all());
        apply(&message, &steps);
        compare(&encode(&message))?;
    }

    #[test]
    fn damaged_bytes_read_the_same(
        steps in prop::collection::vec(step(), 1..12),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        assert!(Host::install(&HOST));
        let message = Message::new(all());
        apply(&message, &steps);
        let mut bytes = encode(&message);
        for (place, byte) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        compare(&bytes)?;
    }

    #[test]
    fn messages_in_a_row_read_the_same(
        first in prop::collection::vec(step(), 0..8),
        second in prop::collection::vec(step(), 0..8),
    ) {
        assert!(Host::install(&HOST));
        let mut bytes = Vec::new();
        for steps in [first, second] {
            let message = Message::new(all());
            apply(&message, &steps);
            bytes.extend(encode(&message));
        }
        compare(&bytes)?;
    }

    #[test]
    fn copies_of_long_lists_are_copies(
        all_steps in prop::collection::vec(prop::collection::vec(step(), 0..3), 14..20),
        others in prop::collection::vec(step(), 0..6),
        is_parsed in any::<bool>(),
    ) {
        assert!(Host::install(&HOST));
        let made = Message::new(all());
        apply(&made, &others);
        for steps in all_steps {
            let child = Message::new(all());
            apply(&child, &steps);
            let list = made.list_or_new(named("subs"));
            list.items_mut().push(Value::Message(child));
        }
        let written = encode(&made);
        let message = if is_parsed {
            let parsed = parse_late(&written).expect("well-formed");
            let _ = parsed.list(named("subs"));
            parsed
        } else {
            made
        };
        let copy = message.duplicate().expect("not too deep");
        let assigned = Message::new(all());
        apply(&assigned, &others);
        assigned.assign(&message).expect("not too deep");
        message.clear();
        for copy in [copy, assigned] {
            prop_assert_eq!(encode(&copy), written.clone());
            prop_assert_eq!(copy.byte_size(), Ok(written.len()));
            read_all(&copy);
            prop_assert_eq!(encode(&copy), written.clone());
        }
    }

    #[test]
    fn any_bytes_read_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        compare(&bytes)?;
    }
}

/// Varints of every length, in the least and in more bytes, in packed lists of each type.
#[test]
fn varints_are_written_anew_where_they_are_longer_than_they_must_be() {
    assert!(Host::install(&HOST));
    for number in [103_u32, 104, 105, 108, 113, 117, 118] {
        for value in (0..64).map(|bit| 1_u64 << bit).chain([0, u64::MAX]) {
            for extra in 0..3 {
                let mut varint = Vec::new();
                russet_descriptor::wire::put_varint(&mut varint, value);
                for _ in 0..extra {
                    if varint.len() < 10 {
                        *varint.last_mut().expect("a byte") |= 0x80;
                        varint.push(0);
                    }
                }
                let mut bytes = Vec::new();
                russet_descriptor::wire::put_bytes(&mut bytes, number, &varint);
                compare(&bytes).expect("the same");
                // In a sub-message too, whose bytes are copied if they are canonical.
                let mut outer = Vec::new();
                russet_descriptor::wire::put_bytes(&mut outer, 30, &bytes);
                compare(&outer).expect("the same");
            }
        }
    }
}

/// Deeper than is parsed, so that a copy cannot be read from what was written.
/// Tags and lengths that are longer than they must be are not written again as they came.
#[test]
fn long_tags_and_lengths_are_written_anew() {
    assert!(Host::install(&HOST));
    let text = b"a text that is longer than what is made at once";
    for number in [30_u8, 31, 33] {
        let mut inner = vec![];
        // Field 9 is a string; a map's entry has its value in field 2.
        russet_descriptor::wire::put_bytes(&mut inner, 9, text);
        if number == 33 {
            let value = std::mem::take(&mut inner);
            russet_descriptor::wire::put_bytes(&mut inner, 1, b"key");
            russet_descriptor::wire::put_bytes(&mut inner, 2, &value);
        }
        let length = u8::try_from(inner.len()).expect("below 128");
        let tag = [(number << 3 | 2) | 0x80, number >> 4];
        for (tag, length) in [
            (tag.to_vec(), vec![length]),
            (vec![tag[0], tag[1] | 0x80, 0], vec![length]),
            (tag.to_vec(), vec![length | 0x80, 0]),
        ] {
            let once = [tag, length, inner.clone()].concat();
            compare(&once).expect("the same");
            compare(&once.repeat(2)).expect("the same");
            let mut outer = Vec::new();
            russet_descriptor::wire::put_bytes(&mut outer, 30, &once);
            compare(&outer).expect("the same");
        }
    }
}

#[test]
fn copies_of_deep_lists_are_copies() {
    assert!(Host::install(&HOST));
    let message = Message::new(all());
    for _ in 0..20 {
        let mut inner = Message::new(all());
        for _ in 0..MAX_DEPTH + 10 {
            let outer = Message::new(all());
            let list = outer.list_or_new(named("subs"));
            list.items_mut().push(Value::Message(inner));
            inner = outer;
        }
        let list = message.list_or_new(named("subs"));
        list.items_mut().push(Value::Message(inner));
    }
    let copy = message.duplicate().expect("not too deep");
    read_all(&copy);
    assert_eq!(encode(&copy), encode(&message));
}

#[test]
fn a_late_value_keeps_the_input_and_nothing_else_does() {
    assert!(Host::install(&HOST));
    let before = LIVING.get();
    let message = Message::new(all());
    let child = message.message_mut(named("sub")).message_mut(named("sub"));
    // Long enough to be left; no text, which would be a range of the input whether read or not.
    child.set_scalar(named("f1"), 1.0);
    child.set_scalar(named("f6"), 2_u64);
    child.set_scalar(named("f16"), 3_i64);
    let late = parse_late(&encode(&message)).expect("well-formed");
    assert_eq!(LIVING.get(), before + 1);
    let sub = late.message(named("sub")).expect("set");
    drop(late);
    assert_eq!(LIVING.get(), before + 1);
    let inner = sub.message(named("sub")).expect("set");
    assert_eq!(inner.scalar::<u64>(named("f6")), 2);
    sub.clear();
    drop(sub);
    drop(inner);
    assert_eq!(LIVING.get(), before);
}
