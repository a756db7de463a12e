//! A channel and a server over loopback, driven by threads that wait: what the reactor promises to its callers.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use russet_net::CallKey;
use russet_net::address::{ListenAddress, Target};
use russet_net::channel::{Channel, ChannelConfig, NewCall};
use russet_net::rpc::{Code, Encoding, Message, MessageOptions, Metadata, Status};
use russet_net::security::ServerSecurity;
use russet_net::server::{Server, ServerConfig};
use russet_net::{Inbound, Parker, Reactor, Waited};

/// Long enough for a busy machine; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

/// A server that echoes each message of each call, on a thread of its own, until it is dropped.
struct Echo {
    reactor: Arc<Reactor<Server>>,
    port: u16,
    worker: Option<thread::JoinHandle<()>>,
}

impl Echo {
    fn start() -> Self {
        let reactor = Arc::new(
            Reactor::new(|registry, waker| {
                Ok(Server::new(registry, waker, ServerConfig::default()))
            })
            .unwrap(),
        );
        let address = ListenAddress::parse("127.0.0.1:0").unwrap();
        let port = reactor
            .core()
            .bind(&address, true, &ServerSecurity::Plaintext)
            .unwrap();
        reactor.core().start().unwrap();
        let served = reactor.clone();
        let worker = thread::spawn(move || serve(&served));
        Self {
            reactor,
            port,
            worker: Some(worker),
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.reactor
            .core()
            .close(&Status::new(Code::Unavailable, "stopped"), Instant::now());
        self.worker.take().unwrap().join().unwrap();
    }
}

fn serve(reactor: &Reactor<Server>) {
    let parker = Parker::current().unwrap();
    loop {
        let next = reactor.wait(&parker, Some(soon()), |core| {
            if let Some(incoming) = core.next_incoming() {
                return Some(Some(incoming));
            }
            if core.connections() == 0 && !core.is_accepting() {
                return Some(None);
            }
            core.wait_for_incoming(&parker);
            None
        });
        let Waited::Ready(Some(incoming)) = next else {
            return;
        };
        loop {
            let key = incoming.key;
            let inbound =
                reactor.wait(&parker, Some(soon()), |core| match core.next_message(key) {
                    Inbound::Pending => {
                        core.set_waiter(key, &parker);
                        None
                    }
                    inbound => Some(inbound),
                });
            let mut core = reactor.core();
            match inbound {
                Waited::Ready(Inbound::Message(message)) => {
                    core.send_message(key, &bytes(message), MessageOptions::default())
                        .unwrap();
                }
                Waited::Ready(Inbound::HalfClosed) => {
                    core.send_status(key, &Status::OK, &Metadata::EMPTY)
                        .unwrap();
                    break;
                }
                _ => {
                    core.release(key);
                    break;
                }
            }
        }
    }
}

fn connect(port: u16) -> Reactor<Channel> {
    let target = Target::parse(&format!("127.0.0.1:{port}")).unwrap();
    Reactor::new(|registry, waker| {
        Ok(Channel::new(
            registry,
            waker,
            target,
            ChannelConfig::new("test".to_owned()),
        ))
    })
    .unwrap()
}

fn start(reactor: &Reactor<Channel>) -> CallKey {
    reactor.core().start(
        &NewCall {
            path: "/test/Echo",
            metadata: &Metadata::EMPTY,
            deadline: Some(soon()),
            wait_for_ready: None,
            encoding: Encoding::Identity,
            held: false,
            streaming: false,
            token: 0,
        },
        Instant::now(),
    )
}

fn outcome(reactor: &Reactor<Channel>, key: CallKey) -> Code {
    let parker = Parker::current().unwrap();
    let waited = reactor.wait(&parker, Some(soon()), |core| {
        core.set_waiter(key, &parker);
        core.outcome(key).map(|outcome| outcome.status.code)
    });
    match waited {
        Waited::Ready(code) => code,
        other => panic!("the call did not end: {other:?}"),
    }
}

/// A message that is not compressed.
fn bytes(message: Message) -> Vec<u8> {
    message.into_bytes().unwrap()
}

fn call(reactor: &Reactor<Channel>, message: &[u8]) -> Vec<u8> {
    let key = start(reactor);
    reactor
        .core()
        .send_last_message(key, message, MessageOptions::default())
        .unwrap();
    assert_eq!(outcome(reactor, key), Code::Ok);
    let Inbound::Message(answer) = reactor.core().next_message(key) else {
        panic!("no answer");
    };
    reactor.core().release(key);
    bytes(answer)
}

#[test]
fn a_thread_alone_drives_its_own_calls() {
    let server = Echo::start();
    let reactor = connect(server.port);
    for length in [0, 1, 100, 70_000, 1 << 20] {
        let message = vec![7; length];
        assert_eq!(call(&reactor, &message), message);
    }
    assert_eq!(reactor.core().active_calls(), 0);
}

#[test]
fn many_threads_share_one_connection() {
    let server = Echo::start();
    let reactor = connect(server.port);
    thread::scope(|scope| {
        for number in 0..8_u8 {
            let reactor = &reactor;
            scope.spawn(move || {
                for round in 0..200_u8 {
                    assert_eq!(call(reactor, &[number, round]), [number, round]);
                }
            });
        }
    });
    assert_eq!(reactor.core().active_calls(), 0);
}

#[test]
fn the_guard_serves_calls_that_nobody_waits_for() {
    let server = Echo::start();
    let reactor = Arc::new(connect(server.port));
    let (sender, receiver) = channel();
    let guarded = reactor.clone();
    let guard = thread::spawn(move || {
        guarded.run_guard(|reactor| {
            let changed = reactor.core().take_changed();
            for key in changed {
                if reactor.core().outcome(key).is_some() {
                    // The receiver is gone once it has what it waits for.
                    let _ = sender.send(key);
                }
            }
        });
    });
    let key = start(&reactor);
    reactor.core().watch(key);
    reactor
        .core()
        .send_last_message(key, b"later", MessageOptions::default())
        .unwrap();
    reactor.alert_guard();
    assert_eq!(receiver.recv_timeout(PATIENCE), Ok(key));
    reactor.stop_guard();
    guard.join().unwrap();
}

#[test]
fn a_thread_takes_the_lead_back_from_the_guard() {
    let server = Echo::start();
    let reactor = Arc::new(connect(server.port));
    let guarded = reactor.clone();
    let guard = thread::spawn(move || guarded.run_guard(|_| ()));
    // A watched call that never ends keeps the guard in the lead.
    let open = start(&reactor);
    reactor.core().watch(open);
    reactor.alert_guard();
    for round in 0..100_u8 {
        // Another connection, as the server has one worker and `open` keeps it.
        let other = Echo::start();
        assert_eq!(call(&connect(other.port), &[round]), [round]);
    }
    reactor.core().release(open);
    reactor.stop_guard();
    guard.join().unwrap();
}

#[test]
fn a_sender_waits_while_the_server_does_not_read() {
    let server = Echo::start();
    let reactor = connect(server.port);
    let parker = Parker::current().unwrap();
    let key = start(&reactor);
    let block = vec![1; 64 * 1024];
    let (mut sent, mut received) = (0, 0);
    while received < 64 {
        if sent < 64 {
            let congested = reactor
                .core()
                .send_message(key, &block, MessageOptions::default())
                .unwrap();
            sent += 1;
            if sent == 64 {
                reactor.core().half_close(key).unwrap();
            }
            if !congested {
                continue;
            }
        }
        // Congested: the echo must be read before the server reads on.
        let inbound = reactor.wait(&parker, Some(soon()), |core| match core.next_message(key) {
            Inbound::Pending => {
                core.set_waiter(key, &parker);
                None
            }
            inbound => Some(inbound),
        });
        let Waited::Ready(Inbound::Message(message)) = inbound else {
            panic!("no echo: {inbound:?}");
        };
        assert_eq!(message.wire_len(), block.len());
        received += 1;
    }
    assert_eq!(outcome(&reactor, key), Code::Ok);
}

#[test]
fn a_refused_connection_fails_the_call_and_says_where() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let reactor = connect(port);
    let key = start(&reactor);
    assert_eq!(outcome(&reactor, key), Code::Unavailable);
    let text = reactor
        .core()
        .outcome(key)
        .unwrap()
        .status
        .message
        .to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
}

#[test]
fn a_server_that_closes_ends_the_calls() {
    let server = Echo::start();
    let reactor = connect(server.port);
    let key = start(&reactor);
    reactor
        .core()
        .send_message(key, b"first", MessageOptions::default())
        .unwrap();
    let parker = Parker::current().unwrap();
    let inbound = reactor.wait(&parker, Some(soon()), |core| match core.next_message(key) {
        Inbound::Pending => {
            core.set_waiter(key, &parker);
            None
        }
        inbound => Some(inbound),
    });
    assert_eq!(
        inbound,
        Waited::Ready(Inbound::Message(b"first".to_vec().into()))
    );
    drop(server);
    assert_eq!(outcome(&reactor, key), Code::Unavailable);
}

#[test]
fn closing_a_channel_cancels_its_calls() {
    let server = Echo::start();
    let reactor = connect(server.port);
    let key = start(&reactor);
    reactor.core().close(Instant::now());
    assert_eq!(outcome(&reactor, key), Code::Cancelled);
}
