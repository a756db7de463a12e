//! Skipping fields that are not known, whose types can only be guessed.

use super::error::ParseError;
use super::numbers::{parse_float, parse_integer};
use super::parse::{opening, separator};
use super::scalars::string;
use super::tokens::Tokens;
use crate::stack;

/// What follows the name of an unknown field. Without a colon, or with a bracket behind it, it must be a message.
pub(super) fn skip_contents(tokens: &mut Tokens<'_>, depth: u32) -> Result<(), ParseError> {
    if !tokens.take(":") || tokens.is("{") || tokens.is("<") {
        return skip_message(tokens, depth);
    }
    if !tokens.take("[") {
        return skip_value(tokens);
    }
    if tokens.take("]") {
        return Ok(());
    }
    loop {
        if tokens.is("<") || tokens.is("{") {
            skip_message(tokens, depth)?;
        } else {
            skip_value(tokens)?;
        }
        if tokens.take("]") {
            return Ok(());
        }
        tokens.expect(",")?;
    }
}

fn skip_message(tokens: &mut Tokens<'_>, depth: u32) -> Result<(), ParseError> {
    let depth = depth.checked_sub(1).ok_or_else(|| {
        tokens.error("Unknown fields are nested deeper than the limit.".to_owned())
    })?;
    if stack::is_checked(depth) {
        return stack::with_room(|| skip_message_here(tokens, depth));
    }
    skip_message_here(tokens, depth)
}

fn skip_message_here(tokens: &mut Tokens<'_>, depth: u32) -> Result<(), ParseError> {
    let end = opening(tokens)?;
    while !tokens.is(">") && !tokens.is("}") {
        if tokens.take("[") {
            tokens.identifier()?;
            while tokens.take(".") || tokens.take("/") {
                tokens.identifier()?;
            }
            tokens.expect("]")?;
        } else {
            tokens.identifier_or_number()?;
        }
        skip_contents(tokens, depth)?;
        separator(tokens);
    }
    tokens.expect(end)
}

fn skip_value(tokens: &mut Tokens<'_>) -> Result<(), ParseError> {
    if string(tokens).is_ok() || tokens.identifier().is_ok() {
        return Ok(());
    }
    let token = tokens.token();
    if parse_integer(token, i64::MIN.into(), u64::MAX.into()).is_err()
        && parse_float(token).is_err()
    {
        return Err(ParseError::without_position(format!(
            "Invalid field value: {token}"
        )));
    }
    tokens.advance();
    Ok(())
}
