//! How a call is repeated: retries, hedging, and when both stop (gRFC A6).
//!
//! [`Attempts`] decides for one call, [`Throttle`] for all calls of a channel to one server. Neither keeps time or sends anything: the driver says what happened and when, and is told what to do. The driver also sees to what commits a call to one attempt (response headers, or more messages than its buffer holds), and to transparent retries, which need no policy.

mod attempts;
mod throttle;

pub use attempts::{Attempts, Next};
pub use throttle::Throttle;

use crate::Metadata;

/// The request header that tells a server how many attempts came before this one; absent from the first.
pub const PREVIOUS_ATTEMPTS: &str = "grpc-previous-rpc-attempts";

/// The trailer by which a server says when, or that nothing, is to be sent again: milliseconds, or anything else for no.
pub const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// What a server said about sending a call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushback {
    /// It is not to be sent again.
    Stop,
    /// It is to be sent again after this time.
    After(std::time::Duration),
}

impl Pushback {
    /// Reads the server's trailing metadata; `None` where it said nothing.
    pub fn of(trailing: &Metadata) -> Option<Self> {
        let value = trailing.get(PUSHBACK)?;
        // The header's type is a signed 32-bit number; what is none, or negative, says no.
        let millis = str::from_utf8(value)
            .ok()
            .and_then(|text| text.parse::<i32>().ok())
            .and_then(|millis| u64::try_from(millis).ok());
        Some(millis.map_or(Self::Stop, |millis| {
            Self::After(std::time::Duration::from_millis(millis))
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn pushback_is_milliseconds_or_no() {
        for (value, pushback) in [
            ("0", Pushback::After(Duration::ZERO)),
            ("1500", Pushback::After(Duration::from_millis(1500))),
            ("-1", Pushback::Stop),
            ("soon", Pushback::Stop),
            ("", Pushback::Stop),
            ("2147483648", Pushback::Stop),
        ] {
            let mut trailing = Metadata::new();
            trailing.push(PUSHBACK, value.as_bytes()).unwrap();
            assert_eq!(Pushback::of(&trailing), Some(pushback), "{value}");
        }
        assert_eq!(Pushback::of(&Metadata::EMPTY), None);
    }
}
