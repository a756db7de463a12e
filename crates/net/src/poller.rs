//! The system's poll: what it says of the sources that are registered with it, and how a wait in it is ended.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use mio::{Events, Poll, Token};
pub(crate) use mio::{Registry, Waker};

/// The token of the waker; a core uses others.
const WAKER: Token = Token(0);

/// How many readiness events are taken from the system at once.
const EVENTS: usize = 256;

/// What a poll says of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The number that the source was registered with.
    pub token: usize,
    /// There may be something to read, if only the end.
    pub readable: bool,
    /// There may be room for something to be written.
    pub writable: bool,
    /// The peer has closed its side, or the source has failed.
    pub closing: bool,
}

impl From<&mio::event::Event> for Readiness {
    fn from(event: &mio::event::Event) -> Self {
        let closing = event.is_read_closed() || event.is_error();
        Self {
            token: event.token().0,
            readable: event.is_readable() || closing,
            writable: event.is_writable(),
            closing,
        }
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Poller {
    poll: Poll,
    events: Events,
}

impl Poller {
    /// A poll, and what ends the waits in it.
    pub(crate) fn open() -> io::Result<(Self, Registry, Waker)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let registry = poll.registry().try_clone()?;
        let events = Events::with_capacity(EVENTS);
        Ok((Self { poll, events }, registry, waker))
    }

    /// Waits until something is ready, the waker is used, or the time is over. An error means that a signal came.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.poll.poll(&mut self.events, timeout.map(round_up))
    }

    /// What was ready when the last wait ended.
    pub(crate) fn ready(&self) -> impl Iterator<Item = Readiness> {
        let sources = self.events.iter().filter(|event| event.token() != WAKER);
        sources.map(Readiness::from)
    }

    /// The descriptor, which is readable while something is ready.
    pub(crate) fn descriptor(&self) -> RawFd {
        self.poll.as_raw_fd()
    }
}

/// The poll counts in milliseconds; rounding down would wake too early and spin.
fn round_up(timeout: Duration) -> Duration {
    if timeout.is_zero() {
        return timeout;
    }
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}
