//! A server that was pinged too often says so as it ends the connection; the channel's next connections ping half as often (gRFC A8, "Client-side keepalive").

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Channel;
use crate::trace::trace;

/// What such a server says.
pub(super) const TOO_MANY_PINGS: &str = "too_many_pings";

impl Channel {
    /// A connection that was pinged after each `time` of silence was so too often.
    pub(super) fn ping_less(&mut self, time: Duration, now: Instant) {
        let doubled = time.saturating_mul(2);
        // Several connections may be told at once.
        if self
            .config
            .keepalive_time
            .is_some_and(|time| time < doubled)
        {
            let mut config = (*self.config).clone();
            config.keepalive_time = Some(doubled);
            self.config = Arc::new(config);
            let told =
                format!("a server said {TOO_MANY_PINGS}: keepalive after {doubled:?} of silence");
            trace!(Http, "channel {}: {told}", self.id);
            self.trace.warning(told, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use mio::{Poll, Token, Waker};

    use super::super::ChannelConfig;
    use super::*;
    use crate::address::Target;
    use crate::alarm::Alarm;

    #[test]
    fn each_connection_that_was_pinged_too_often_doubles_the_time_once() {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let registry = poll.registry().try_clone().unwrap();
        let mut config = ChannelConfig::new("test".to_owned());
        let second = Duration::from_secs(1);
        config.engine.keepalive_time = Some(second);
        let target = Target::Unix("/nowhere".into());
        let mut channel = Channel::new(registry, Arc::new(Alarm::new(waker)), target, config);
        for (of_connection, expected) in [(1, 2), (1, 2), (2, 4), (1, 4), (4, 8)] {
            channel.ping_less(of_connection * second, Instant::now());
            assert_eq!(channel.config.keepalive_time, Some(expected * second));
        }
        assert_eq!(channel.trace.logged(), 3);
    }
}
