//! Guards and exports: what is frozen stays frozen however it is reached, and what was lent stays what it was.

mod schema;

use russet_message::{Export, Guard, Input, Message, Value};
use schema::{all, named};

/// A message two levels deep, with lists.
fn nested() -> Message {
    let top = Message::new(all());
    let sub = top.message_mut(named("sub"));
    sub.list_or_new(named("r5")).items_mut().push(Value::I32(1));
    sub.message_mut(named("sub")).set_scalar(named("f5"), 7_i32);
    top
}

/// The guards of all that `nested` has, and of a stub.
fn guards(top: &Message) -> Vec<Guard> {
    let sub = top.message_or_stub(named("sub"));
    let inner = sub.message_or_stub(named("sub"));
    vec![
        top.guard(),
        sub.guard(),
        sub.list_or_new(named("r5")).guard(),
        inner.guard(),
        inner.message_or_stub(named("sub")).guard(),
        inner.list_or_new(named("r5")).guard(),
    ]
}

#[test]
fn a_frozen_copy_is_frozen_all_through() {
    let top = nested();
    let frozen = top.frozen().expect("it is not deep");
    assert_eq!(guards(&frozen), [Guard::Frozen; 6]);
    assert_eq!(guards(&top), [Guard::Open; 6]);
    assert!(frozen.equals(&top).expect("they are not deep"));
    let copy = frozen.duplicate().expect("it is not deep");
    assert_eq!(guards(&copy), [Guard::Open; 6]);
}

#[test]
fn what_is_read_later_gets_the_guard() {
    let mut encoder = russet_message::Encoder::new();
    let top = nested();
    let bytes = encoder.encode(&top, true).expect("it is small").to_vec();
    let parsed = Message::new(all());
    parsed.merge_wire(Input::new(&bytes)).expect("it is valid");
    parsed.set_guard(Guard::Watched);
    assert_eq!(guards(&parsed), [Guard::Watched; 6]);
}

#[test]
fn a_guard_keeps_the_link_to_the_parent() {
    let top = Message::new(all());
    let stub = top.message_or_stub(named("sub"));
    let list = stub.list_or_new(named("r5"));
    top.set_guard(Guard::Frozen);
    assert!(stub.is_stub() && stub.guard() == Guard::Frozen);
    top.set_guard(Guard::Open);
    list.items_mut().push(Value::I32(1));
    assert!(top.has(named("sub")) && !stub.is_stub());
    assert_eq!(list.guard(), Guard::Open);
}

/// What an export shows.
fn numbers(export: &Export) -> Vec<i32> {
    assert_eq!(export.width(), 4);
    let size = export.count() * export.width();
    #[expect(unsafe_code, reason = "the memory of an export")]
    // SAFETY: the export is alive, and so is its memory.
    let bytes = unsafe { std::slice::from_raw_parts(export.start(), size) };
    let (numbers, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    numbers.iter().map(|n| i32::from_ne_bytes(*n)).collect()
}

#[test]
fn an_export_sees_no_change() {
    let list = nested()
        .message_or_stub(named("sub"))
        .list_or_new(named("r5"));
    let (first, second) = (Export::of(&list), Export::of(&list));
    let (first, second) = (first.expect("numbers"), second.expect("numbers"));
    assert_eq!(first.start(), second.start());
    for number in 2..1000 {
        list.items_mut().push(Value::I32(number));
    }
    let third = Export::of(&list).expect("numbers");
    list.items_mut().reverse();
    assert_eq!((numbers(&first), numbers(&second)), (vec![1], vec![1]));
    assert_eq!(numbers(&third), (1..1000).collect::<Vec<_>>());
    drop((first, third));
    drop(list);
    assert_eq!(numbers(&second), [1]);
}

#[test]
fn a_list_that_is_lent_no_more_keeps_its_block() {
    let list = nested()
        .message_or_stub(named("sub"))
        .list_or_new(named("r5"));
    let before = Export::of(&list).expect("numbers").start();
    list.items_mut().reverse();
    assert_eq!(Export::of(&list).expect("numbers").start(), before);
}

#[test]
fn only_numbers_are_lent() {
    let top = Message::new(all());
    assert!(Export::of(&top.list_or_new(named("r9"))).is_none());
}
