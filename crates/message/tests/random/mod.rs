//! Random messages of the schema.

use proptest::prelude::*;
use russet_descriptor::wire::{WireType, put_tag, put_varint};
use russet_message::{Input, Message, Shape, Storage, Text, Value};

use crate::schema::{all, named, scalar_types};

/// A random message, as what to do to a new one.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Scalar(i32, u64, Vec<u8>),
    Sub(Vec<Step>),
    Subs(Vec<Step>),
    Group(Vec<Step>),
    Entry(Vec<u8>, Vec<Step>),
    Unknown(u64),
}

/// A random step.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let text = "\\PC{0,20}".prop_map(String::into_bytes);
    let scalar = (
        proptest::sample::select(scalar_types().collect::<Vec<_>>()),
        any::<bool>(),
        any::<u64>(),
        text.clone(),
    )
        .prop_map(|(t, repeated, bits, text)| {
            Step::Scalar(if repeated { t + 100 } else { t }, bits, text)
        });
    let leaf = prop_oneof![4 => scalar, 1 => any::<u64>().prop_map(Step::Unknown)];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let steps = prop::collection::vec(inner, 0..6);
        prop_oneof![
            steps.clone().prop_map(Step::Sub),
            steps.clone().prop_map(Step::Subs),
            steps.clone().prop_map(Step::Group),
            (text.clone(), steps).prop_map(|(key, steps)| Step::Entry(key, steps)),
        ]
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "random bits, of which each type takes its own"
)]
fn value(storage: Storage, bits: u64, text: &[u8]) -> Value {
    match storage {
        Storage::I32 => Value::I32(bits as i32),
        Storage::U32 => Value::U32(bits as u32),
        Storage::I64 => Value::I64(bits as i64),
        Storage::U64 => Value::U64(bits),
        Storage::F32 => Value::F32(f32::from_bits(bits as u32)),
        Storage::F64 => Value::F64(f64::from_bits(bits)),
        Storage::Bool => Value::Bool(bits & 1 != 0),
        Storage::Text | Storage::Message => Value::Text(Text::copy_of(text)),
    }
}

/// Does the steps to a message.
pub(crate) fn apply(message: &Message, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Scalar(number, bits, text) => {
                let field = all().field(number.cast_unsigned()).expect("a field");
                let value = value(field.storage(), *bits, text);
                if field.shape() == Shape::List {
                    message.list_or_new(field).items_mut().push(value);
                } else {
                    message.set_value(field, value);
                }
            }
            Step::Sub(steps) => apply(&message.message_mut(named("sub")), steps),
            Step::Group(steps) => apply(&message.message_mut(named("group")), steps),
            Step::Subs(steps) => {
                let child = Message::new(all());
                apply(&child, steps);
                let list = message.list_or_new(named("subs"));
                list.items_mut().push(Value::Message(child));
            }
            Step::Entry(key, steps) => {
                let child = Message::new(all());
                apply(&child, steps);
                let key = Value::Text(Text::copy_of(key));
                let map = message.map_or_new(named("map"));
                map.entries_mut().insert(key, Value::Message(child));
            }
            Step::Unknown(value) => {
                let mut unknown = Vec::new();
                put_tag(&mut unknown, 1000, WireType::Varint);
                put_varint(&mut unknown, *value);
                message.merge_wire(Input::new(&unknown)).expect("a field");
            }
        }
    }
}
