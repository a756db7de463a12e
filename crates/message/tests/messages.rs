//! Messages as a Rust program uses them: views, presence, the wire, limits.

mod random;
mod schema;

use proptest::prelude::*;
use random::{apply, step};
use russet_descriptor::wire::{WireError, WireType, put_bytes, put_tag, put_varint};
use russet_message::{
    DecodeError, EncodeError, Encoder, Input, Items, MAX_DEPTH, MAX_NESTING, Message, Text, Value,
};
use schema::{all, named};

fn encode(message: &Message) -> Vec<u8> {
    Encoder::new()
        .encode(message, true)
        .expect("not too deep")
        .to_vec()
}

fn parse(bytes: &[u8]) -> Result<Message, DecodeError> {
    Message::parse(all(), Input::new(bytes))
}

#[test]
fn a_stub_becomes_set_upwards_when_it_is_written() {
    let top = Message::new(all());
    let sub = named("sub");
    let inner = top.message_or_stub(sub).message_or_stub(sub);
    assert!(inner.is_stub() && !top.has(sub));
    inner.set_scalar(named("f5"), 7_i32);
    assert!(!inner.is_stub() && top.has(sub));
    assert_eq!(top.message_or_stub(sub).message(sub), Some(inner));
}

#[test]
fn a_list_of_a_stub_makes_it_set_when_it_is_written() {
    let top = Message::new(all());
    let list = top.message_or_stub(named("sub")).list_or_new(named("r5"));
    assert!(!top.has(named("sub")));
    list.items_mut().push(Value::I32(1));
    assert!(top.has(named("sub")));
}

#[test]
fn what_is_cleared_away_lives_on_for_those_who_hold_it() {
    let top = Message::new(all());
    let child = top.message_mut(named("sub"));
    child.set_scalar(named("f5"), 7_i32);
    top.clear();
    child.set_scalar(named("f3"), 8_i64);
    assert!(!top.has(named("sub")));
    assert_eq!(child.scalar::<i32>(named("f5")), 7);
    drop(top);
    assert_eq!(child.scalar::<i64>(named("f3")), 8);
}

#[test]
fn a_stub_outlives_its_parent() {
    let stub = Message::new(all()).message_or_stub(named("sub"));
    stub.set_scalar(named("f5"), 7_i32);
    assert_eq!(encode(&stub), [5 << 3, 7]);
}

#[test]
fn a_oneof_holds_its_last_member() {
    let m = Message::new(all());
    m.set_scalar(named("number"), 0_i32);
    m.set_text(
        named("text"),
        Text::copy_of(b"a text of more than fifteen bytes"),
    );
    assert_eq!(m.which(0).map(|f| f.descriptor().name()), Some("text"));
    let child = m.message_or_stub(named("message"));
    assert!(m.has(named("text")));
    child.touch();
    assert_eq!(m.which(0).map(|f| f.descriptor().name()), Some("message"));
    assert!(m.bytes(named("text")).is_empty());
}

#[test]
#[should_panic(expected = "is no field of")]
fn a_field_of_another_type_is_refused() {
    let entry = named("map").message_type();
    let _ = Message::new(entry).has(named("f5"));
}

#[test]
#[should_panic(expected = "storage")]
fn a_scalar_of_another_storage_is_refused() {
    Message::new(all()).set_scalar(named("f5"), 1_i64);
}

#[test]
fn nesting_is_limited_when_parsed_written_and_followed() {
    let nested = |depth: u32| {
        let top = Message::new(all());
        let mut inner = top.clone();
        for _ in 0..depth {
            inner = inner.message_mut(named("sub"));
        }
        top
    };
    assert!(parse(&encode(&nested(MAX_DEPTH))).is_ok());
    let error = parse(&encode(&nested(MAX_DEPTH + 1))).unwrap_err();
    assert!(matches!(
        error,
        DecodeError::Wire {
            error: WireError::TooDeep,
            ..
        }
    ));
    // Deeper than the stack would bear, were each level a frame.
    let deep = nested(300_000);
    assert!(matches!(
        Encoder::new().encode(&deep, false),
        Err(EncodeError::TooDeep { .. })
    ));
    assert!(deep.duplicate().is_err() && deep.byte_size().is_err());
    assert!(nested(MAX_NESTING - 1).byte_size().is_ok());
}

#[test]
fn groups_and_packed_lists_are_read_in_either_form() {
    let mut bytes = Vec::new();
    put_tag(&mut bytes, 32, WireType::StartGroup);
    bytes.extend([5 << 3, 9]);
    put_tag(&mut bytes, 32, WireType::EndGroup);
    put_tag(&mut bytes, 105, WireType::Varint);
    put_varint(&mut bytes, 1);
    put_bytes(&mut bytes, 105, &[2, 3]);
    let m = parse(&bytes).unwrap();
    assert_eq!(
        m.message(named("group"))
            .unwrap()
            .scalar::<i32>(named("f5")),
        9
    );
    assert_eq!(
        m.list(named("r5")).unwrap().items().slice::<i32>(),
        [1, 2, 3]
    );
}

#[test]
fn a_map_of_many_keys_finds_and_forgets_each() {
    let m = Message::new(all());
    let map = m.map_or_new(named("map"));
    let key = |n: i32| Value::Text(Text::copy_of(format!("key {n}").as_bytes()));
    for n in 0..500 {
        let value = Message::new(all());
        value.set_scalar(named("f5"), n);
        assert!(
            map.entries_mut()
                .insert(key(n), Value::Message(value))
                .is_none()
        );
    }
    for n in (0..500).step_by(3) {
        assert!(map.entries_mut().remove(&key(n)).is_some());
    }
    let entries = map.entries();
    for n in 0..500 {
        match entries.get(&key(n)) {
            Some(Value::Message(value)) => assert_eq!(value.scalar::<i32>(named("f5")), n),
            Some(other) => panic!("{other:?}"),
            None => assert_eq!(n % 3, 0),
        }
    }
}

proptest! {
    #[test]
    fn messages_round_trip(steps in prop::collection::vec(step(), 0..12)) {
        let message = Message::new(all());
        apply(&message, &steps);
        let bytes = encode(&message);
        prop_assert_eq!(message.byte_size(), Ok(bytes.len()));
        let parsed = parse(&bytes).unwrap();
        prop_assert_eq!(encode(&parsed), bytes);
        prop_assert_eq!(parsed.equals(&message), Ok(true));
        let copy = message.duplicate().unwrap();
        prop_assert_eq!(copy.equals(&message), Ok(true));
        message.clear();
        prop_assert!(encode(&message).is_empty());
        prop_assert_eq!(encode(&copy), encode(&parsed));
    }

    #[test]
    fn parsing_in_a_row_is_merging(
        first in prop::collection::vec(step(), 0..8),
        second in prop::collection::vec(step(), 0..8),
    ) {
        let (a, b) = (Message::new(all()), Message::new(all()));
        apply(&a, &first);
        apply(&b, &second);
        let mut bytes = encode(&a);
        bytes.extend(encode(&b));
        a.merge_from(&b).unwrap();
        prop_assert_eq!(encode(&parse(&bytes).unwrap()), encode(&a));
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = parse(&bytes) {
            let written = encode(&message);
            prop_assert_eq!(message.byte_size(), Ok(written.len()));
            prop_assert_eq!(encode(&parse(&written).unwrap()), written);
        }
    }

    #[test]
    fn lists_do_what_vectors_do(
        numbers in prop::collection::vec(any::<i64>(), 0..30),
        range in (0_usize..30, 0_usize..30),
    ) {
        let list = Message::new(all()).list_or_new(named("r3"));
        for &number in &numbers {
            list.items_mut().push(Value::I64(number));
        }
        let mut model = numbers.clone();
        let start = range.0.min(model.len());
        let end = range.1.clamp(start, model.len());
        let taken = list.items_mut().drain(start..end);
        prop_assert_eq!(taken.slice::<i64>(), model.drain(start..end).collect::<Vec<_>>());
        let mut order: Vec<_> = (0..model.len()).collect();
        order.sort_by_key(|&index| model[index]);
        list.items_mut().permute(&order);
        model.sort_unstable();
        list.items_mut().append(Items::I64(vec![5]));
        model.push(5);
        list.items_mut().reverse();
        model.reverse();
        let items = list.items();
        prop_assert_eq!(items.slice::<i64>(), model);
    }
}
