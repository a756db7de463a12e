//! What a channel asks of its servers for itself: streams on a subchannel's connection that tell whether a service is healthy (gRFC A17), and how much the server has to do (gRFC A51).
//!
//! Such a stream is no call of the application: it is in none of its counts, and ends with the connection's time of taking calls. One that breaks is opened again after a wait; a server that does not know it counts as healthy, and as one that says nothing of its load.

use std::time::{Duration, Instant};

use russet_rpc::balancing::{self, LoadReport};
use russet_rpc::client::{Event, StartCall};
use russet_rpc::service_config::LoadBalancing;
use russet_rpc::{
    CallEnded, CallId, Code, Encoding, Malformed, Metadata, SendError, Status, health,
};

use super::{Channel, Connectivity};
use crate::backoff::Backoff;
use crate::trace::trace;
use crate::transport::Turn;

/// The longest answer that such a stream takes: 64 KiB.
const MAX_ANSWER: usize = 64 << 10;

/// A stream that was answered and lived as long as this is opened again at once when it breaks; another one only after a wait, so that a server that ends each one at once is not asked without a pause.
const LONG_LIFE: Duration = Duration::from_secs(1);

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The health of the service that the service config names.
    Health,
    /// The server's load.
    Load,
}

/// A stream of the channel's own, open or to be opened again.
#[derive(Debug)]
pub(super) struct Watcher {
    purpose: Purpose,
    call: Option<CallId>,
    opened: Instant,
    answered: bool,
    backoff: Backoff,
    retry_at: Option<Instant>,
}

impl Watcher {
    pub(super) const fn new(purpose: Purpose, backoff: Backoff, now: Instant) -> Self {
        Self {
            purpose,
            call: None,
            opened: now,
            answered: false,
            backoff,
            retry_at: Some(now),
        }
    }

    /// When it is to be opened.
    pub(super) const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// It broke: when it is opened again.
    fn broke(&mut self, now: Instant) {
        self.call = None;
        let lived = self.answered && now.saturating_duration_since(self.opened) >= LONG_LIFE;
        if lived {
            self.backoff.reset();
        }
        self.retry_at = Some(if lived {
            now
        } else {
            now + self.backoff.wait()
        });
    }
}

impl Channel {
    /// Opens the streams whose time has come.
    pub(super) fn run_watchers(&mut self, now: Instant) {
        let loads =
            matches!(&self.policy, LoadBalancing::WeightedRoundRobin(config) if config.out_of_band);
        if self.health_service.is_none() && !loads {
            return;
        }
        for place in 0..self.order.len() {
            let Some(&number) = self.order.get(place) else {
                return;
            };
            let due = |watcher: &Watcher| watcher.retry_at.is_some_and(|at| at <= now);
            while let Some(purpose) = self.subchannels.get(number).and_then(|subchannel| {
                let watcher = subchannel.watchers.iter().find(|watcher| due(watcher))?;
                Some(watcher.purpose)
            }) {
                self.open_watcher(number, purpose, now);
            }
        }
    }

    fn watcher_mut(&mut self, number: usize, purpose: Purpose) -> Option<&mut Watcher> {
        let watchers = &mut self.subchannels.get_mut(number)?.watchers;
        watchers
            .iter_mut()
            .find(|watcher| watcher.purpose == purpose)
    }

    fn open_watcher(&mut self, number: usize, purpose: Purpose, now: Instant) {
        let opened = self.start_watch(number, purpose, now);
        let Some(watcher) = self.watcher_mut(number, purpose) else {
            return;
        };
        watcher.retry_at = None;
        watcher.call = opened;
        watcher.answered = false;
        watcher.opened = now;
        if opened.is_none() {
            watcher.broke(now);
        }
    }

    /// Starts the stream on the subchannel's connection; `None` where that takes none now.
    fn start_watch(&mut self, number: usize, purpose: Purpose, now: Instant) -> Option<CallId> {
        let index = self.subchannels.get(number)?.connected?;
        let (path, request) = match purpose {
            Purpose::Health => {
                let service = self.health_service.as_deref()?;
                (health::WATCH, health::watch_request(service))
            }
            Purpose::Load => {
                let LoadBalancing::WeightedRoundRobin(config) = &self.policy else {
                    return None;
                };
                let request = balancing::stream_request(config.reporting_period);
                (balancing::STREAM_LOAD, request)
            }
        };
        let link = self.links.get_mut(index)?.as_mut()?;
        let engine = &mut link.transport.engine;
        let id = engine
            .start_call(
                &StartCall {
                    path,
                    authority: &self.authority,
                    scheme: self.security.scheme(),
                    user_agent: &self.user_agent,
                    metadata: &Metadata::EMPTY,
                    deadline: None,
                    encoding: Encoding::Identity,
                },
                now,
            )
            .ok()?;
        engine.limit_responses(id, MAX_ANSWER);
        // Where the stream has ended already, its status is on its way.
        let _: Result<(), SendError> = engine.send_last_message(id, &request, <_>::default());
        self.after(index, Turn::Idle);
        Some(id)
    }

    /// Takes in an event of a call that no application started. It may also be one that was cancelled meanwhile.
    pub(super) fn watcher_event(&mut self, index: usize, event: Event, now: Instant) {
        let Some(number) = self
            .links
            .get(index)
            .and_then(|link| Some(link.as_ref()?.subchannel))
        else {
            return;
        };
        let Some(purpose) = self.subchannels.get(number).and_then(|subchannel| {
            let mut watchers = subchannel.watchers.iter();
            let watcher = watchers.find(|watcher| watcher.call == event.call())?;
            (subchannel.connected == Some(index)).then_some(watcher.purpose)
        }) else {
            return;
        };
        match event {
            Event::Message {
                call,
                message,
                credit,
            } => {
                if let Some(Some(link)) = self.links.get_mut(index) {
                    link.transport.engine.message_consumed(call, credit);
                    self.after(index, Turn::Idle);
                }
                if let Some(watcher) = self.watcher_mut(number, purpose) {
                    watcher.answered = true;
                }
                let Ok(message) = message.into_bytes() else {
                    let text = "the answer of a server cannot be decompressed";
                    self.cancel_watch(index, call, text);
                    self.watcher_broke(number, purpose, text, now);
                    return;
                };
                let understood = match purpose {
                    Purpose::Health => health::is_serving(&message)
                        .map(|serving| self.set_health(number, serving, now)),
                    Purpose::Load => self.set_load(number, &message, now),
                };
                if understood.is_err() {
                    let text = "the answer of a server is malformed";
                    self.cancel_watch(index, call, text);
                    self.watcher_broke(number, purpose, text, now);
                }
            }
            Event::Status { status, .. } => self.watcher_ended(number, purpose, &status, now),
            _ => {}
        }
    }

    fn watcher_ended(&mut self, number: usize, purpose: Purpose, status: &Status, now: Instant) {
        if status.code != Code::Unimplemented {
            let why = format!("{}: {}", status.code.name(), status.message);
            self.watcher_broke(number, purpose, &why, now);
            return;
        }
        if let Some(subchannel) = self.subchannels.get_mut(number) {
            subchannel
                .watchers
                .retain(|watcher| watcher.purpose != purpose);
        }
        match purpose {
            Purpose::Health => self.set_health(number, true, now),
            Purpose::Load => {}
        }
    }

    fn watcher_broke(&mut self, number: usize, purpose: Purpose, why: &str, now: Instant) {
        if let Some(watcher) = self.watcher_mut(number, purpose) {
            watcher.broke(now);
        }
        match purpose {
            Purpose::Health => {
                self.set_health(number, false, now);
                self.last_error = format!("the health check failed: {why}");
            }
            Purpose::Load => {}
        }
    }

    fn set_load(&mut self, number: usize, report: &[u8], now: Instant) -> Result<(), Malformed> {
        if let LoadBalancing::WeightedRoundRobin(config) = &self.policy
            && let Some(subchannel) = self.subchannels.get_mut(number)
        {
            let report = LoadReport::read(report, &config.metrics)?;
            subchannel.weight.report(&report, config, now);
        }
        Ok(())
    }

    /// Has the subchannel take calls, or no longer.
    fn set_health(&mut self, number: usize, serving: bool, now: Instant) {
        let Some(subchannel) = self.subchannels.get_mut(number) else {
            return;
        };
        let address = subchannel.addresses.first();
        let address = address.map(ToString::to_string).unwrap_or_default();
        trace!(
            HealthCheckClient,
            "channel {}: {address} serves: {serving}", self.id
        );
        let before = subchannel.active;
        subchannel.active = subchannel.connected.filter(|_| serving);
        if serving {
            subchannel.set_state(Connectivity::Ready, now);
        } else {
            let service = self.health_service.as_deref().unwrap_or_default();
            self.last_error = format!("{address}: the server says that {service:?} does not serve");
            subchannel.fail(&self.last_error, now);
        }
        // A call that waits for this server on the ring has to look on.
        self.unsettled |= !serving && matches!(self.policy, LoadBalancing::RingHash(_));
        self.update_state(now);
        if serving && before.is_none() {
            self.start_waiting(now);
        }
    }

    /// Ends the streams of a subchannel, whose connection takes no more calls.
    pub(super) fn stop_watchers(&mut self, number: usize) {
        let Some(subchannel) = self.subchannels.get_mut(number) else {
            return;
        };
        let index = subchannel.connected;
        for watcher in std::mem::take(&mut subchannel.watchers) {
            if let (Some(index), Some(call)) = (index, watcher.call) {
                self.cancel_watch(index, call, "the connection takes no more calls");
            }
        }
    }

    fn cancel_watch(&mut self, index: usize, call: CallId, why: &'static str) {
        if let Some(Some(link)) = self.links.get_mut(index) {
            let status = Status::new(Code::Cancelled, why);
            // One that has ended has its status.
            let _: Result<(), CallEnded> = link.transport.engine.cancel(call, status);
            self.after(index, Turn::Idle);
        }
    }
}
