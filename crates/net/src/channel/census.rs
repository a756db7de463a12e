//! A channel's counts, as channelz tells them.

use super::Channel;
use crate::census::{ChannelCensus, SubchannelCensus};

impl Channel {
    /// What the channel and its connections have done so far.
    pub fn census(&self) -> ChannelCensus {
        let subchannels = self.order.iter().filter_map(|number| {
            let subchannel = self.subchannels.get(*number)?;
            let link = subchannel
                .connected
                .and_then(|index| self.links.get(index)?.as_ref());
            Some(SubchannelCensus {
                id: subchannel.id,
                target: subchannel.target(),
                state: subchannel.state,
                calls: subchannel.calls,
                trace: subchannel.trace.clone(),
                socket: link.map(|link| {
                    let engine = &link.transport.engine;
                    (link.transport).census(engine.traffic(), engine.windows())
                }),
            })
        });
        ChannelCensus {
            id: self.id,
            state: self.state,
            calls: self.counts,
            trace: self.trace.clone(),
            subchannels: subchannels.collect(),
        }
    }
}
