//! A server's counts, as channelz tells them.

use super::Server;
use crate::census::ServerCensus;

impl Server {
    /// What the server and its connections have done so far.
    pub fn census(&self) -> ServerCensus {
        ServerCensus {
            id: self.id,
            calls: self.counts,
            trace: self.trace.clone(),
            listeners: self
                .ports
                .iter()
                .map(|port| (port.id, port.listener.name()))
                .collect(),
            sockets: self
                .peers
                .iter()
                .map(|(_, peer)| {
                    let engine = &peer.transport.engine;
                    (peer.transport).census(engine.traffic(), engine.windows())
                })
                .collect(),
        }
    }
}
