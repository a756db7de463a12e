//! Reading JSON objects field by field, and collecting what is wrong with them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::duration;

/// What is wrong, by the place where it is wrong, as `methodConfig[0].timeout`.
#[derive(Debug, Default)]
pub(super) struct Errors {
    path: Vec<String>,
    found: BTreeMap<String, Vec<String>>,
}

impl Errors {
    /// Notes that what is being read is wrong.
    pub(super) fn add(&mut self, what: impl Into<String>) {
        let place = self.path.concat();
        let place = place.strip_prefix('.').unwrap_or(&place).to_owned();
        self.found.entry(place).or_default().push(what.into());
    }

    /// Reads a part; `part` is `.field` or `[index]`.
    pub(super) fn at<T>(&mut self, part: String, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(part);
        let value = read(self);
        self.path.pop();
        value
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, (place, errors)) in self.found.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            match &errors[..] {
                [error] => write!(f, "{separator}field:{place} error:{error}")?,
                several => write!(
                    f,
                    "{separator}field:{place} errors:[{}]",
                    several.join("; ")
                )?,
            }
        }
        Ok(())
    }
}

/// A JSON object that is being read.
pub(super) struct Fields<'a>(&'a serde_json::Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value, errors: &mut Errors) -> Option<Self> {
        if let Value::Object(map) = value {
            Some(Self(map))
        } else {
            errors.add("is not an object");
            None
        }
    }

    /// Reads a field by `read`; `None` where it is absent or wrong.
    pub(super) fn read<T>(
        &self,
        name: &str,
        errors: &mut Errors,
        read: impl FnOnce(&'a Value, &mut Errors) -> Option<T>,
    ) -> Option<T> {
        let value = self.0.get(name)?;
        errors.at(format!(".{name}"), |errors| read(value, errors))
    }

    /// Reads a field that must be there.
    pub(super) fn require<T>(
        &self,
        name: &str,
        errors: &mut Errors,
        read: impl FnOnce(&'a Value, &mut Errors) -> Option<T>,
    ) -> Option<T> {
        if !self.0.contains_key(name) {
            errors.at(format!(".{name}"), |errors| errors.add("field not present"));
        }
        self.read(name, errors, read)
    }
}

pub(super) fn boolean(value: &Value, errors: &mut Errors) -> Option<bool> {
    if let Value::Bool(value) = value {
        Some(*value)
    } else {
        errors.add("is not a boolean");
        None
    }
}

pub(super) fn text<'a>(value: &'a Value, errors: &mut Errors) -> Option<&'a str> {
    if let Value::String(text) = value {
        Some(text)
    } else {
        errors.add("is not a string");
        None
    }
}

/// A whole number that is not negative, as a number or, as `ProtoJSON` writes the long ones, as a text.
pub(super) fn whole(value: &Value, errors: &mut Errors) -> Option<u32> {
    let number = match value {
        Value::Number(number) => number.as_u64().or_else(|| whole_float(number.as_f64()?)),
        Value::String(text) => text.parse().ok(),
        _ => {
            errors.add("is not a number");
            return None;
        }
    };
    let number = number.and_then(|number| u32::try_from(number).ok());
    if number.is_none() {
        errors.add("failed to parse non-negative number");
    }
    number
}

/// `3.0` is a whole number in `ProtoJSON`.
fn whole_float(number: f64) -> Option<u64> {
    let whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and within u32"
    )]
    whole.then_some(number as u64)
}

fn float(value: &Value, errors: &mut Errors) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => {
            errors.add("is not a number");
            return None;
        }
    };
    let number = number.filter(|number: &f64| number.is_finite());
    if number.is_none() {
        errors.add("failed to parse floating-point number");
    }
    number
}

/// A number that is zero or above.
pub(super) fn not_negative(value: &Value, errors: &mut Errors) -> Option<f64> {
    let number = float(value, errors)?;
    if number < 0.0 {
        errors.add("must be non-negative");
        return None;
    }
    Some(number)
}

/// A number above zero.
pub(super) fn positive(value: &Value, errors: &mut Errors) -> Option<f64> {
    let number = float(value, errors)?;
    if number <= 0.0 {
        errors.add("must be greater than 0");
        return None;
    }
    Some(number)
}

/// A duration as `ProtoJSON` writes it: `1.5s`.
pub(super) fn time(value: &Value, errors: &mut Errors) -> Option<Duration> {
    match duration::parse(text(value, errors)?) {
        Ok(time) => Some(time),
        Err(why) => {
            errors.add(why);
            None
        }
    }
}

/// A duration above zero.
pub(super) fn positive_time(value: &Value, errors: &mut Errors) -> Option<Duration> {
    let time = time(value, errors)?;
    if time.is_zero() {
        errors.add("must be greater than 0");
        return None;
    }
    Some(time)
}

/// An array's values, each read by `read`; those that are wrong are left out.
pub(super) fn array<'a, T>(
    value: &'a Value,
    errors: &mut Errors,
    mut read: impl FnMut(&'a Value, &mut Errors) -> Option<T>,
) -> Option<Vec<T>> {
    let Value::Array(values) = value else {
        errors.add("is not an array");
        return None;
    };
    let read_one = |(index, value)| errors.at(format!("[{index}]"), |errors| read(value, errors));
    Some(values.iter().enumerate().filter_map(read_one).collect())
}
