//! Guards and exports: what is frozen stays frozen however it is reached, and an export is a copy.

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
fn numbers(export: &mut Export) -> &mut [[u8; 4]] {
    assert_eq!(export.width(), 4);
    let size = export.count() * export.width();
    #[expect(unsafe_code, reason = "the memory of an export")]
    // SAFETY: the export is borrowed, and its memory is its own.
    let bytes = unsafe { std::slice::from_raw_parts_mut(export.start(), size) };
    bytes.as_chunks_mut::<4>().0
}

#[test]
fn an_export_and_its_list_do_not_see_each_other_change() {
    let list = nested()
        .message_or_stub(named("sub"))
        .list_or_new(named("r5"));
    let mut first = Export::of(&list).expect("numbers");
    list.items_mut().push(Value::I32(2));
    let mut second = Export::of(&list).expect("numbers");
    numbers(&mut second)[0] = 7_i32.to_ne_bytes();
    assert_eq!(numbers(&mut first), [1_i32.to_ne_bytes()]);
    assert_eq!(list.items().slice::<i32>(), [1, 2]);
    drop(list);
    assert_eq!(numbers(&mut second), [7_i32, 2].map(i32::to_ne_bytes));
}

#[test]
fn only_numbers_are_exported() {
    let top = Message::new(all());
    assert!(Export::of(&top.list_or_new(named("r9"))).is_none());
}
