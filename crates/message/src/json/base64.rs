//! `bytes` in JSON.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

/// Takes what the original takes: padding or none, and bits in the last character that mean nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Standard base64 with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// Standard or URL-safe base64, with or without padding; else what Python's `binascii` says is wrong. As in the original, characters of neither alphabet are passed over, though they count where padding is filled up.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    if let Ok(bytes) = LENIENT.decode(text) {
        return Ok(bytes);
    }
    let mut letters = Vec::with_capacity(text.len());
    let mut padding = 0;
    let filled = std::iter::repeat_n(&b'=', 4 - text.len() % 4);
    for &byte in text.iter().chain(filled) {
        let letter = match byte {
            b'=' => {
                padding += 1;
                // Padding that ends a group ends the text.
                if letters.len() % 4 >= 2 && letters.len() % 4 + padding >= 4 {
                    return LENIENT.decode(&letters).map_err(|error| error.to_string());
                }
                continue;
            }
            b'-' => b'+',
            b'_' => b'/',
            b'+' | b'/' => byte,
            _ if byte.is_ascii_alphanumeric() => byte,
            _ => continue,
        };
        padding = 0;
        letters.push(letter);
    }
    match letters.len() % 4 {
        0 => LENIENT.decode(&letters).map_err(|error| error.to_string()),
        1 => Err(format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            letters.len()
        )),
        _ => Err("Incorrect padding".to_owned()),
    }
}
