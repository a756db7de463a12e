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
            let targets: Vec<String> = subchannel
                .addresses
                .iter()
                .map(ToString::to_string)
                .collect();
            Some(SubchannelCensus {
                id: subchannel.id,
                target: targets.join(","),
                state: subchannel.state,
                calls: subchannel.calls,
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
            subchannels: subchannels.collect(),
        }
    }
}
