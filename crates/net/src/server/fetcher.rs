//! Asks the application for the certificates of a new connection, on a thread of its own, as that may take its time and the Python lock.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};

use crate::alarm::Alarm;
use crate::security::FetchTls;
use crate::socket::Socket;
use crate::tls::ServerTls;

/// Connections that wait for their certificates; one beyond that is closed.
const MAX_WAITING: usize = 1024;

type Request = (Socket, Arc<FetchTls>);
type Answer = (Socket, Option<Arc<ServerTls>>);

/// The connections that wait. The thread starts with the first one and ends with the server.
#[derive(Debug)]
pub(super) struct Fetcher {
    requests: Option<SyncSender<Request>>,
    answers: (Sender<Answer>, Receiver<Answer>),
    alarm: Arc<Alarm>,
}

impl Fetcher {
    /// `alarm` is rung when a connection has its certificates.
    pub(super) fn new(alarm: Arc<Alarm>) -> Self {
        Self {
            requests: None,
            answers: channel(),
            alarm,
        }
    }

    /// Fetches the certificates for a connection. Where that cannot be, for want of a thread or since too many wait, the connection is closed: dropping the socket tells the peer.
    pub(super) fn start(&mut self, socket: Socket, fetch: Arc<FetchTls>) {
        if self.requests.is_none() {
            self.requests = self.spawn().ok();
        }
        if let Some(requests) = &self.requests
            && let Err(TrySendError::Disconnected(_)) = requests.try_send((socket, fetch))
        {
            self.requests = None;
        }
    }

    fn spawn(&self) -> std::io::Result<SyncSender<Request>> {
        let (sender, receiver) = sync_channel::<Request>(MAX_WAITING);
        let answers = self.answers.0.clone();
        let alarm = self.alarm.clone();
        std::thread::Builder::new()
            .name("russet-certificates".to_owned())
            .spawn(move || {
                for (socket, fetch) in receiver {
                    let tls = fetch();
                    if answers.send((socket, tls)).is_err() {
                        return;
                    }
                    alarm.ring();
                }
            })?;
        Ok(sender)
    }

    /// A connection whose certificates have been fetched; `None` in their place where there are none.
    pub(super) fn finished(&self) -> Option<Answer> {
        self.answers.1.try_recv().ok()
    }
}
