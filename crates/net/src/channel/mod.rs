//! A client's channel: one target, the connections to it, and the calls.
//!
//! [`Channel`] resolves its target, connects when a call or a watcher asks for it, backs off when that fails, spreads calls over its connections, and keeps the state of each call until its caller is done with it. A call that is started before a connection stands waits here; one that fails is sent again where the service config or the protocol allows. Driven by a [`Reactor`](crate::Reactor).

mod attempts;
mod balancing;
mod calls;
mod census;
mod connecting;
mod driving;
mod forking;
mod idling;
mod inflating;
mod keepalive;
mod names;
mod observing;
mod picking;
mod record;
mod watching;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Registry;
use russet_rpc::balancing::Outliers;
use russet_rpc::client::{Config, Connection};
use russet_rpc::retry::{Attempts, Throttle};
use russet_rpc::service_config::{LoadBalancing, MethodConfig, RING_SIZE_CAP, ServiceConfig};
use russet_rpc::{CallId, Code, Encoding, Metadata, Status};
use rustc_hash::FxHashMap;
use slab::Slab;

pub use self::idling::DEFAULT_IDLE_TIMEOUT;
use crate::address::Target;
use crate::alarm::Alarm;
use crate::backoff::{Backoff, BackoffConfig};
use crate::census::{CallCounts, next_id};
use crate::channel_trace::{ChannelTrace, DEFAULT_TRACE_MEMORY};
use crate::inbox::{Inbox, Interest};
use crate::inflating::Inflating;
use crate::network::{Network, System};
use crate::observation::Observer;
use crate::parker::Parker;
use crate::proxy::{AddressProxy, Proxy};
use crate::security::ClientSecurity;
use crate::slots::{CallKey, CallSlots};
use crate::timers::Timers;
use crate::transport::{Transport, Turn};

/// The first token of a connection; the waker has 0.
const FIRST_CONNECTION: usize = 1;

/// The place of a subchannel that is gone.
const NOWHERE: usize = usize::MAX;

/// The states of a channel (gRPC's connectivity-semantics document).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connectivity {
    /// Not connected, and not trying to be.
    Idle,
    /// Trying to connect.
    Connecting,
    /// Connected.
    Ready,
    /// The last attempt failed; another one follows.
    TransientFailure,
    /// Closed by the application.
    Shutdown,
}

impl Connectivity {
    /// The name that gRPC's documents and `grpc.ChannelConnectivity` have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Connecting => "CONNECTING",
            Self::Ready => "READY",
            Self::TransientFailure => "TRANSIENT_FAILURE",
            Self::Shutdown => "SHUTDOWN",
        }
    }
}

/// How long the first address of a target has before the next one is tried beside it (RFC 8305, gRFC A61).
pub const DEFAULT_HAPPY_EYEBALLS_DELAY: Duration = Duration::from_millis(250);

/// Least time between two look-ups of a name that a failing connection asks for: 30 s, as in `grpcio`.
pub const DEFAULT_RESOLUTION_INTERVAL: Duration = Duration::from_secs(30);

/// Bytes of messages that are kept of a call with a policy, so that it can be sent again: 256 KiB, as in `grpcio`.
pub const DEFAULT_RETRY_BUFFER: usize = 256 << 10;

/// Whether calls are sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// False sends every call once, whatever the service config says, and also those that no server saw.
    pub enabled: bool,
    /// Bytes of messages that are kept of a call; more commit it to the attempt it has. Default [`DEFAULT_RETRY_BUFFER`].
    pub buffer: usize,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            buffer: DEFAULT_RETRY_BUFFER,
        }
    }
}

/// What a channel is told when it is made.
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// Limits and timers of the connections.
    pub engine: Config,
    /// `:authority` of the calls.
    pub authority: String,
    /// `user-agent` of the calls.
    pub user_agent: String,
    /// Waits between attempts to connect.
    pub backoff: BackoffConfig,
    /// How the connections are protected.
    pub security: ClientSecurity,
    /// What calls are given by their methods.
    pub service_config: ServiceConfig,
    /// What is wrong with the channel's target or settings: every call ends with this status.
    pub defect: Option<Status>,
    /// The policy that spreads calls over addresses, where the service config names none.
    pub load_balancing: LoadBalancing,
    /// Whether calls are sent again.
    pub retries: RetryConfig,
    /// How long an address has before the next one is tried beside it. Default [`DEFAULT_HAPPY_EYEBALLS_DELAY`].
    pub happy_eyeballs_delay: Duration,
    /// Least time between two look-ups. Default [`DEFAULT_RESOLUTION_INTERVAL`].
    pub resolution_interval: Duration,
    /// The proxy that connections go through.
    pub proxy: Option<Proxy>,
    /// The proxy for some of the target's addresses; without effect where `proxy` is given.
    pub address_proxy: Option<AddressProxy>,
    /// How long a channel without calls keeps its connections; `None` for ever. Default [`DEFAULT_IDLE_TIMEOUT`].
    pub idle_timeout: Option<Duration>,
    /// How large a ring of `ring_hash` is at most, whatever the service config says. Default [`RING_SIZE_CAP`].
    pub ring_size_cap: u32,
    /// Whether a connection is used only while the server says that the service config's `healthCheckConfig` is served. Default true; `pick_first` never asks.
    pub health_checks: bool,
    /// How long a look-up of the target's name may take. `None`, the default, for as long as an attempt to connect.
    pub resolution_timeout: Option<Duration>,
    /// The differentiated-services code point of what is sent (RFC 2474), 0 to 63. Default the system's.
    pub dscp: Option<u8>,
    /// Bytes that the latest events of the channel, and of each subchannel, may take; 0 keeps none. Default [`DEFAULT_TRACE_MEMORY`].
    pub trace_memory: usize,
    /// Who hears of the calls. How much is told of their messages says [`Config::observe`].
    pub observer: Option<Arc<dyn Observer>>,
}

impl ChannelConfig {
    /// The defaults: plaintext, no service config, no proxy.
    pub fn new(authority: String) -> Self {
        Self {
            engine: Config::default(),
            authority,
            user_agent: String::new(),
            backoff: BackoffConfig::default(),
            security: ClientSecurity::Plaintext,
            service_config: ServiceConfig::default(),
            defect: None,
            load_balancing: LoadBalancing::default(),
            retries: RetryConfig::default(),
            happy_eyeballs_delay: DEFAULT_HAPPY_EYEBALLS_DELAY,
            resolution_interval: DEFAULT_RESOLUTION_INTERVAL,
            proxy: None,
            address_proxy: None,
            idle_timeout: Some(DEFAULT_IDLE_TIMEOUT),
            ring_size_cap: RING_SIZE_CAP,
            health_checks: true,
            resolution_timeout: None,
            dscp: None,
            trace_memory: DEFAULT_TRACE_MEMORY,
            observer: None,
        }
    }
}

/// What starts a call.
#[derive(Clone, Copy, Debug)]
pub struct NewCall<'a> {
    /// The method's full name, `/package.Service/Method`.
    pub path: &'a str,
    /// The caller's metadata.
    pub metadata: &'a Metadata,
    /// When the call ends with `DEADLINE_EXCEEDED`.
    pub deadline: Option<Instant>,
    /// Whether the call waits where a call without would fail because the target cannot be reached; `None` leaves it to the service config.
    pub wait_for_ready: Option<bool>,
    /// How its messages are compressed.
    pub encoding: Encoding,
    /// Whether it waits for [`Channel::provide`] before it goes out.
    pub held: bool,
    /// Whether the server sends a stream of messages: then the call is over when they have been taken too.
    pub streaming: bool,
    /// What the channel's observer knows the call by.
    pub token: u64,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its status.
    pub status: Status,
    /// The server's trailing metadata; empty where this side made the status.
    pub trailing: Metadata,
}

/// An attempt of a call: the index of its connection, and its number there.
type Attempt = (usize, CallId);

/// Where a call is.
#[derive(Debug)]
enum Place {
    /// It waits for a connection.
    Waiting,
    /// It waits for the time of its next attempt.
    Pausing,
    /// On a connection, with its only attempt.
    On { connection: usize, id: CallId },
    /// It may be on several, or wait for the time of the next; which are open stands in `repeating`.
    Hedged,
    /// It has ended.
    Over,
}

/// A call that its service config has sent again.
#[derive(Debug)]
struct Repeating {
    attempts: Attempts,
    /// The open attempts of a call that is hedged; empty for others.
    open: Vec<Attempt>,
}

#[derive(Debug)]
struct Call {
    place: Place,
    deadline: Option<Instant>,
    wait_for_ready: bool,
    inbox: Inbox,
    initial: Option<Metadata>,
    outcome: Option<Outcome>,
    congested: bool,
    streaming: bool,
    /// Nobody asks for it any more; its state goes when it ends.
    abandoned: bool,
    interest: Interest,
    peer: Option<Arc<str>>,
    /// What it was given, while it may have to be given to a connection once more.
    record: Option<Box<record::Record>>,
    /// What the service config says of its method.
    method: Option<Arc<MethodConfig>>,
    repeating: Option<Box<Repeating>>,
    /// A server said once that it had not seen the call, which is forgiven once.
    refused: bool,
    observation: Option<Box<observing::Observation>>,
    /// How a call ended whose only response has not been decompressed yet.
    ending: Option<Box<Outcome>>,
}

impl Call {
    const fn is_over(&self) -> bool {
        self.outcome.is_some() && (!self.streaming || self.inbox.is_empty())
    }
}

#[derive(Debug)]
struct Link {
    transport: Transport<Connection>,
    calls: FxHashMap<CallId, CallKey>,
    peer: Arc<str>,
    /// Its place in the channel's `subchannels`, or [`NOWHERE`].
    subchannel: usize,
    /// Since when it stands: since the server's SETTINGS came.
    since: Option<Instant>,
    /// Whether a call of the application got so far on it that no other connection takes it up. The channel's own streams do not count: they would be opened on each new connection again.
    served: bool,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Channel {
    /// Its number among all that channelz knows.
    id: u64,
    counts: CallCounts,
    trace: ChannelTrace,
    network: Box<dyn Network>,
    registry: Registry,
    alarm: Arc<Alarm>,
    observer: Option<Arc<dyn Observer>>,
    config: Arc<Config>,
    authority: String,
    user_agent: String,
    target: Target,
    security: ClientSecurity,
    service_config: ServiceConfig,
    defect: Option<Status>,
    retries: RetryConfig,
    throttle: Throttle,
    policy: LoadBalancing,
    proxy: Option<Proxy>,
    address_proxy: Option<AddressProxy>,
    /// The service whose health is watched on each connection.
    health_service: Option<String>,
    happy_eyeballs_delay: Duration,
    names: names::Names,
    backoff: BackoffConfig,
    idling: idling::Idling,
    state: Connectivity,
    state_changes: u64,
    state_waiters: Vec<Arc<Parker>>,
    last_error: String,
    /// One for each address, or one for all of them, as the policy wants it.
    subchannels: Slab<connecting::Subchannel>,
    /// The subchannels in the order of the addresses.
    order: Vec<usize>,
    picker: picking::Picker,
    ring_size_cap: u32,
    /// An address on the ring has failed: others are to be tried.
    unsettled: bool,
    /// Who is left out for a while.
    outliers: Option<Outliers>,
    /// Connections; `None` where a socket is still connecting.
    links: Slab<Option<Link>>,
    calls: CallSlots<Call>,
    waiting: VecDeque<CallKey>,
    spare: record::Spare,
    /// When calls want their next attempt, or to be ended between two; an entry may have become idle.
    call_timers: BinaryHeap<Reverse<(Instant, CallKey)>>,
    inflating: Inflating,
    changed: Vec<CallKey>,
    unattended: usize,
    timers: Timers,
    dirty: Vec<usize>,
    backlog: Vec<usize>,
    /// Connections whose TLS shakes hands on a thread of its own.
    away: Vec<usize>,
}

impl Channel {
    /// A channel that is idle: nothing is resolved or connected until something asks for it.
    pub fn new(
        registry: Registry,
        alarm: Arc<Alarm>,
        target: Target,
        config: ChannelConfig,
    ) -> Self {
        let network = Box::new(System::new(alarm.clone(), config.dscp));
        Self::over(network, registry, alarm, target, config)
    }

    /// The same over a network that is given.
    pub(crate) fn over(
        network: Box<dyn Network>,
        registry: Registry,
        alarm: Arc<Alarm>,
        target: Target,
        config: ChannelConfig,
    ) -> Self {
        let policy =
            (config.service_config.load_balancing.clone()).unwrap_or(config.load_balancing);
        let outliers = (config.service_config.outlier_detection.clone())
            .filter(|_| policy.is_per_address())
            .map(Outliers::new);
        let health_service = (config.service_config.health_check_service.clone())
            .filter(|_| config.health_checks && policy.is_per_address());
        let throttling = config.service_config.retry_throttling;
        let unusable = matches!(target, Target::Unusable(_));
        Self {
            id: next_id(),
            counts: CallCounts::default(),
            trace: ChannelTrace::new(config.trace_memory, Instant::now()),
            network,
            registry,
            names: names::Names::new(
                Backoff::new(config.backoff.clone()),
                config.resolution_interval,
                config.resolution_timeout,
            ),
            alarm,
            observer: config.observer,
            config: Arc::new(config.engine),
            authority: config.authority,
            user_agent: config.user_agent,
            target,
            security: config.security,
            service_config: config.service_config,
            state: if config.defect.is_some() {
                Connectivity::TransientFailure
            } else {
                Connectivity::Idle
            },
            defect: config.defect,
            retries: config.retries,
            throttle: Throttle::new(throttling),
            policy,
            address_proxy: config.address_proxy.filter(|_| config.proxy.is_none()),
            proxy: config.proxy.filter(|_| !unusable),
            health_service,
            happy_eyeballs_delay: config.happy_eyeballs_delay,
            backoff: config.backoff,
            idling: idling::Idling::new(config.idle_timeout),
            state_changes: 0,
            state_waiters: Vec::new(),
            last_error: String::new(),
            subchannels: Slab::new(),
            order: Vec::new(),
            picker: picking::Picker::default(),
            ring_size_cap: config.ring_size_cap,
            unsettled: false,
            outliers,
            links: Slab::new(),
            calls: CallSlots::default(),
            waiting: VecDeque::new(),
            call_timers: BinaryHeap::new(),
            inflating: Inflating::default(),
            spare: record::Spare::default(),
            changed: Vec::new(),
            unattended: 0,
            timers: Timers::default(),
            dirty: Vec::new(),
            backlog: Vec::new(),
            away: Vec::new(),
        }
    }

    /// The present state.
    pub const fn state(&self) -> Connectivity {
        self.state
    }

    /// How often the state has changed.
    pub const fn state_changes(&self) -> u64 {
        self.state_changes
    }

    /// Leaves `parker` to be told of the next change of the state.
    pub fn set_state_waiter(&mut self, parker: &Arc<Parker>) {
        if !self
            .state_waiters
            .iter()
            .any(|other| Arc::ptr_eq(other, parker))
        {
            self.state_waiters.push(parker.clone());
        }
    }

    /// Connects if the channel is idle.
    pub fn connect(&mut self, now: Instant) {
        if self.state == Connectivity::Idle {
            self.set_state(Connectivity::Connecting, now);
            self.resolve(now);
        }
    }

    /// Ends every call with `CANCELLED` and every connection. The channel cannot be used again.
    pub fn close(&mut self, now: Instant) {
        if self.state == Connectivity::Shutdown {
            return;
        }
        for key in self.calls.keys() {
            self.cancel(key, Status::new(Code::Cancelled, "Channel closed!"));
        }
        self.set_state(Connectivity::Shutdown, now);
        self.subchannels.clear();
        self.order.clear();
        self.names.stop();
        for index in 0..self.links.capacity() {
            if let Some(Some(link)) = self.links.get_mut(index) {
                link.transport.engine.shutdown(now);
                link.transport.engine.close("the channel was closed");
                self.after(index, Turn::Idle);
            }
        }
        self.flush_all(now);
        self.wake();
    }

    /// The watched calls that have news since the last time.
    pub fn take_changed(&mut self) -> Vec<CallKey> {
        let changed = std::mem::take(&mut self.changed);
        for key in &changed {
            if let Some(call) = self.call_mut(*key) {
                call.interest.unlist();
            }
        }
        changed
    }

    /// Says that somebody wants the I/O driven although no thread waits (`true`), or no longer (`false`).
    pub const fn attend(&mut self, wanted: bool) {
        self.unattended = if wanted {
            self.unattended.saturating_add(1)
        } else {
            self.unattended.saturating_sub(1)
        };
    }

    /// Watched calls that go on, and watchers of the connectivity.
    pub const fn attended(&self) -> usize {
        self.unattended
    }

    /// Calls that the application has not released.
    pub fn active_calls(&self) -> usize {
        self.calls.len()
    }

    fn wake(&self) {
        self.alarm.ring();
    }

    fn call(&self, key: CallKey) -> Option<&Call> {
        self.calls.get(key)
    }

    fn call_mut(&mut self, key: CallKey) -> Option<&mut Call> {
        self.calls.get_mut(key)
    }
}
