//! Lines that say what the library does, for somebody who looks for a fault.
//!
//! Each line belongs to a *tracer*, which is on or off; a line of one that is off is not made. Lines go through a queue to whoever listens, so that nobody waits for a log while it holds a channel. A queue that is full loses lines rather than time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Lines that wait at most; further ones are lost.
pub const MAX_WAITING: usize = 10_000;

/// What lines are about, by the names that C-core gives its tracers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tracer {
    /// `call`: calls that start and end.
    Call,
    /// `connectivity_state`: the states of channels.
    ConnectivityState,
    /// `dns_resolver`: names that are looked up.
    DnsResolver,
    /// `health_check_client`: what servers say of their health.
    HealthCheckClient,
    /// `http`: connections that end, and why.
    Http,
    /// `outlier_detection_lb`: servers that are left out.
    OutlierDetection,
    /// `retry`: calls that are sent again.
    Retry,
    /// `server_channel`: connections that a server accepts.
    ServerChannel,
    /// `subchannel`: attempts to connect.
    Subchannel,
}

/// All tracers.
pub const TRACERS: [(&str, Tracer); 9] = [
    ("call", Tracer::Call),
    ("connectivity_state", Tracer::ConnectivityState),
    ("dns_resolver", Tracer::DnsResolver),
    ("health_check_client", Tracer::HealthCheckClient),
    ("http", Tracer::Http),
    ("outlier_detection_lb", Tracer::OutlierDetection),
    ("retry", Tracer::Retry),
    ("server_channel", Tracer::ServerChannel),
    ("subchannel", Tracer::Subchannel),
];

impl Tracer {
    const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = TRACERS.iter().find(|(_, tracer)| *tracer == self);
        found.map_or("", |(name, _)| name)
    }
}

/// The tracers that a list such as `all,-http` turns on: names with commas between them, `all`, and with `-` before it a name that is turned off again. Names that are not known are returned beside it.
pub fn read_list(list: &str) -> (Vec<Tracer>, Vec<&str>) {
    let mut on = 0;
    let mut unknown = Vec::new();
    for entry in list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let name = entry.strip_prefix('-').unwrap_or(entry);
        let bits = match TRACERS.iter().find(|(known, _)| *known == name) {
            Some((_, tracer)) => tracer.bit(),
            None if name == "all" => u32::MAX,
            None => {
                unknown.push(name);
                continue;
            }
        };
        on = if entry.starts_with('-') {
            on & !bits
        } else {
            on | bits
        };
    }
    let tracers = TRACERS.iter().map(|(_, tracer)| *tracer);
    (
        tracers.filter(|tracer| on & tracer.bit() != 0).collect(),
        unknown,
    )
}

static ON: AtomicU32 = AtomicU32::new(0);
static QUEUE: Mutex<Option<SyncSender<(Tracer, String)>>> = Mutex::new(None);

/// Turns these tracers on and the others off, and gives the end where their lines come out.
pub fn listen(tracers: &[Tracer]) -> Receiver<(Tracer, String)> {
    let (sender, receiver) = sync_channel(MAX_WAITING);
    *QUEUE.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    let on = tracers.iter().fold(0, |on, tracer| on | tracer.bit());
    ON.store(on, Ordering::Relaxed);
    receiver
}

/// Turns all tracers off; the receiver gets what waits, and then the end.
pub fn stop() {
    ON.store(0, Ordering::Relaxed);
    *QUEUE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

#[inline]
pub(crate) fn is_on(tracer: Tracer) -> bool {
    ON.load(Ordering::Relaxed) & tracer.bit() != 0
}

#[cold]
pub(crate) fn emit(tracer: Tracer, line: String) {
    if let Some(queue) = &*QUEUE.lock().unwrap_or_else(PoisonError::into_inner) {
        // A full queue, or nobody at its end: the line is lost.
        let _ = queue.try_send((tracer, line));
    }
}

/// Says a line if somebody listens.
macro_rules! trace {
    ($tracer:ident, $($line:tt)*) => {
        if $crate::trace::is_on($crate::trace::Tracer::$tracer) {
            $crate::trace::emit($crate::trace::Tracer::$tracer, format!($($line)*));
        }
    };
}
pub(crate) use trace;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_tracers() {
        let names = |list| {
            let (tracers, unknown) = read_list(list);
            let names: Vec<_> = tracers.into_iter().map(Tracer::name).collect();
            (names.join(" "), unknown.join(" "))
        };
        let all = TRACERS.map(|(name, _)| name).join(" ");
        for (list, on, unknown) in [
            ("", "", ""),
            ("http,call", "call http", ""),
            ("all", &*all, ""),
            (
                "all,-call, -retry",
                &all.replace("call ", "").replace("retry ", ""),
                "",
            ),
            ("-http,http", "http", ""),
            ("tcp,http", "http", "tcp"),
        ] {
            assert_eq!(names(list), (on.to_owned(), unknown.to_owned()), "{list}");
        }
    }
}
