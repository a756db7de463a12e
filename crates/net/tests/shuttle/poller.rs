//! The crate's `poller` with events that a test makes.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use shuttle::sync::{Arc, Condvar, Mutex};
use shuttle::thread;

/// What has happened since the last wait.
#[derive(Debug, Default)]
struct News {
    woken: bool,
    tokens: Vec<usize>,
}

#[derive(Debug, Default)]
struct Shared {
    news: Mutex<News>,
    changed: Condvar,
}

/// Where a test says what is ready.
#[derive(Clone, Debug)]
pub(crate) struct Registry(Arc<Shared>);

impl Registry {
    pub(crate) fn make_ready(&self, token: usize) {
        self.0.news.lock().unwrap().tokens.push(token);
        self.0.changed.notify_all();
    }
}

#[derive(Debug)]
pub(crate) struct Waker(Arc<Shared>);

impl Waker {
    #[expect(clippy::unnecessary_wraps, reason = "the other one may fail")]
    pub(crate) fn wake(&self) -> io::Result<()> {
        self.0.news.lock().unwrap().woken = true;
        self.0.changed.notify_all();
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Readiness {
    pub(crate) token: usize,
}

#[derive(Debug)]
pub(crate) struct Poller {
    shared: Arc<Shared>,
    ready: Vec<usize>,
}

impl Poller {
    #[expect(clippy::unnecessary_wraps, reason = "the other one may fail")]
    pub(crate) fn open() -> io::Result<(Self, Registry, Waker)> {
        let shared = Arc::new(Shared::default());
        let poller = Self {
            shared: shared.clone(),
            ready: Vec::new(),
        };
        Ok((poller, Registry(shared.clone()), Waker(shared)))
    }

    /// A wait that is given a time may end at any moment.
    #[expect(clippy::unnecessary_wraps, reason = "the other one may fail")]
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout.is_some() {
            thread::yield_now();
        }
        let mut news = self.shared.news.lock().unwrap();
        while !news.woken && news.tokens.is_empty() && timeout.is_none() {
            news = self.shared.changed.wait(news).unwrap();
        }
        news.woken = false;
        self.ready = std::mem::take(&mut news.tokens);
        Ok(())
    }

    pub(crate) fn ready(&self) -> impl Iterator<Item = Readiness> {
        self.ready.iter().map(|token| Readiness { token: *token })
    }

    #[expect(clippy::unused_self, reason = "the other one has a descriptor")]
    pub(crate) const fn descriptor(&self) -> RawFd {
        -1
    }
}
