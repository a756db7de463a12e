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

/// Standard or URL-safe base64, with or without padding. As in the original, characters of neither alphabet are passed over.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if let Ok(bytes) = LENIENT.decode(text) {
        return Some(bytes);
    }
    let letters: Vec<u8> = text
        .iter()
        .take_while(|&&byte| byte != b'=')
        .filter_map(|&byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(byte),
            _ => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    LENIENT.decode(letters).ok()
}
