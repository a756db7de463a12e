//! Header compression beside another implementation's: what our decoder takes, the other reads alike; what our encoder writes, both read back.
#![no_main]

mod choices;

use choices::Choices;
use russet_http2::hpack::{Check, Decoder, Encoder, Index};

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn decoded(decoder: &mut Decoder, block: &[u8]) -> Option<Fields> {
    let mut fields = Vec::new();
    decoder
        .decode(block, |field| {
            fields.push((field.name.to_vec(), field.value.to_vec()));
        })
        .ok()
        .map(|()| fields)
}

fn no_check(_: &[u8], _: &[u8]) -> Option<&'static str> {
    None
}

/// Two decoders whose peers may use a table of `limit` bytes.
fn decoders(limit: usize) -> (Decoder, fluke_hpack::Decoder<'static>) {
    let mut ours = Decoder::new(no_check as Check);
    let mut theirs = fluke_hpack::Decoder::new();
    ours.set_max_table_size(limit);
    theirs.set_max_allowed_table_size(limit);
    (ours, theirs)
}

/// What a table may hold: nothing, too little for most fields, HTTP/2's own size, more.
fn table_size(choices: &mut Choices<'_>) -> usize {
    [0, 100, 4096, 20_000][usize::from(choices.byte() & 3)]
}

fn decode(choices: &mut Choices<'_>) {
    let (mut ours, mut theirs) = decoders(table_size(choices));
    while !choices.is_empty() {
        // A field at the end: the other decoder refuses a block of table size updates alone, which RFC 7541 does not forbid.
        let block = &[choices.bytes(255), &[0x82]].concat()[..];
        // After an error neither goes on.
        let Some(fields) = decoded(&mut ours, block) else {
            return;
        };
        assert_eq!(theirs.decode(block).ok(), Some(fields), "{block:x?}");
    }
}

fn encode(choices: &mut Choices<'_>) {
    const LARGEST: usize = 25_000;
    let mut encoder = Encoder::new(table_size(choices));
    let (mut ours, mut theirs) = decoders(LARGEST);
    while !choices.is_empty() {
        if choices.byte() & 7 == 0 {
            encoder.set_max_table_size(choices.number() as usize % LARGEST);
        }
        let mut block = Vec::new();
        let mut fields = Fields::new();
        encoder.start_block(&mut block);
        for _ in 0..=choices.byte() % 8 {
            let (name, value) = (choices.bytes(20), choices.bytes(200));
            match choices.byte() % 8 {
                0 => Encoder::field_out_of_order(name, value, &mut block),
                1 => encoder.field(name, value, Index::Never, &mut block),
                2 | 3 => encoder.field(name, value, Index::IfRepeated, &mut block),
                _ => encoder.field(name, value, Index::Always, &mut block),
            }
            fields.push((name.to_vec(), value.to_vec()));
        }
        assert_eq!(decoded(&mut ours, &block).as_ref(), Some(&fields));
        assert_eq!(theirs.decode(&block).ok(), Some(fields), "{block:x?}");
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    if choices.byte() & 1 == 0 {
        decode(&mut choices);
    } else {
        encode(&mut choices);
    }
});
