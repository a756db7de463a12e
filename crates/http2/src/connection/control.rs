//! Frames other than HEADERS, CONTINUATION and DATA: windows, resets, settings, PINGs, GOAWAY, priorities.

use super::dispatch::{Dispatched, fatal, frame_size_error, protocol_error, too_many};
use super::{Connection, PeerGoAway, Role, SHUTDOWN_PING, Shutdown};
use crate::frame::{self, FrameHeader, MAX_31_BIT, flag, setting};
use crate::limits;
use crate::{ConnectionError, ErrorCode, Event};

/// A big-endian number of four bytes.
fn number(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}

impl Connection {
    pub(super) fn on_window_update(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        let Ok(bytes) = payload.try_into() else {
            return frame_size_error("WINDOW_UPDATE that is not 4 bytes long");
        };
        self.charge_window_update()?;
        let increment = i64::from(number(bytes) & MAX_31_BIT);
        if header.stream == 0 {
            if increment == 0 {
                return protocol_error("WINDOW_UPDATE of 0 on the connection");
            }
            self.send_window += increment;
            if self.send_window > i64::from(MAX_31_BIT) {
                return fatal(
                    ErrorCode::FLOW_CONTROL_ERROR,
                    "the connection's window is over 2^31 - 1",
                );
            }
            return Ok(None);
        }
        let stream = self.known_stream(
            header.stream,
            "WINDOW_UPDATE on a stream that was never opened",
        )?;
        let Some((stream, state)) =
            stream.and_then(|id| self.streams.get_mut(id).map(|state| (id, state)))
        else {
            return Ok(None);
        };
        if increment == 0 {
            return self.stream_error(stream, ErrorCode::PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
        }
        state.send_window += increment;
        if state.send_window > i64::from(MAX_31_BIT) {
            return self.stream_error(
                stream,
                ErrorCode::FLOW_CONTROL_ERROR,
                "the stream's window is over 2^31 - 1",
            );
        }
        self.enqueue(stream);
        Ok(None)
    }

    pub(super) fn on_reset(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        let Ok(bytes) = payload.try_into() else {
            return frame_size_error("RST_STREAM that is not 4 bytes long");
        };
        let code = ErrorCode(number(bytes));
        let stream = self.known_stream(
            header.stream,
            "RST_STREAM on a stream that was never opened",
        )?;
        let Some((stream, state)) =
            stream.and_then(|id| self.streams.get_mut(id).map(|state| (id, state)))
        else {
            // Of a stream that has ended: a good peer sends one at most.
            return self.charge_idle_frame().map(|()| None);
        };
        if state.reset {
            return self.charge_idle_frame().map(|()| None);
        }
        self.pending_bytes -= state.mark_reset();
        self.charge_reset()?;
        Ok(Some(Event::Reset {
            stream,
            code,
            broken_rule: None,
        }))
    }

    pub(super) fn on_settings(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        if header.stream != 0 {
            return protocol_error("SETTINGS on a stream");
        }
        if header.has(flag::ACK) {
            if !payload.is_empty() {
                return frame_size_error("acknowledgement of SETTINGS with a payload");
            }
            return self.on_settings_ack();
        }
        let (settings, []) = payload.as_chunks::<6>() else {
            return frame_size_error("SETTINGS of a length that is not a multiple of 6");
        };
        if settings.len() > limits::MAX_SETTINGS_ENTRIES || !self.settings.take(self.now) {
            return too_many("too many SETTINGS");
        }
        let streams_before = self.peer.max_concurrent_streams;
        for &[id0, id1, v0, v1, v2, v3] in settings {
            self.apply_setting(
                u16::from_be_bytes([id0, id1]),
                u32::from_be_bytes([v0, v1, v2, v3]),
            )?;
        }
        frame::put_settings_ack(self.output.answer());
        if !self.receiver.settings_seen {
            self.receiver.settings_seen = true;
            return Ok(Some(Event::Ready));
        }
        Ok((self.peer.max_concurrent_streams != streams_before).then_some(Event::StreamLimit))
    }

    fn apply_setting(&mut self, id: u16, value: u32) -> Result<(), ConnectionError> {
        match id {
            setting::HEADER_TABLE_SIZE => self.encoder.set_max_table_size(value as usize),
            setting::ENABLE_PUSH if value > 1 || (value == 1 && self.role == Role::Client) => {
                return protocol_error("SETTINGS_ENABLE_PUSH out of range");
            }
            setting::MAX_CONCURRENT_STREAMS => self.peer.max_concurrent_streams = value,
            setting::INITIAL_WINDOW_SIZE => {
                if value > MAX_31_BIT {
                    return fatal(
                        ErrorCode::FLOW_CONTROL_ERROR,
                        "SETTINGS_INITIAL_WINDOW_SIZE over 2^31 - 1",
                    );
                }
                let change = i64::from(value) - i64::from(self.peer.initial_window);
                self.peer.initial_window = value;
                let mut writable = Vec::new();
                for (id, stream) in self.streams.iter_mut() {
                    stream.send_window += change;
                    if stream.send_window > i64::from(MAX_31_BIT) {
                        return fatal(
                            ErrorCode::FLOW_CONTROL_ERROR,
                            "SETTINGS make a window over 2^31 - 1",
                        );
                    }
                    if change > 0 && stream.pending_len() > 0 {
                        writable.push(id);
                    }
                }
                for id in writable {
                    self.enqueue(id);
                }
            }
            setting::MAX_FRAME_SIZE => {
                if !(super::INITIAL_MAX_FRAME_SIZE..=super::LARGEST_MAX_FRAME_SIZE).contains(&value)
                {
                    return protocol_error("SETTINGS_MAX_FRAME_SIZE out of range");
                }
                self.peer.max_frame_size = value;
            }
            setting::MAX_HEADER_LIST_SIZE => self.peer.max_header_list_size = value,
            // Unknown settings are ignored (RFC 9113 section 6.5.2).
            _ => {}
        }
        Ok(())
    }

    /// The peer has applied this side's settings: from now on its streams' windows are the configured ones.
    fn on_settings_ack(&mut self) -> Dispatched {
        if self.settings_acknowledged {
            return self.charge_idle_frame().map(|()| None);
        }
        let before = self.initial_receive_window();
        self.settings_acknowledged = true;
        (self.decoder).set_max_table_size(self.config.decoder_table_size as usize);
        let change = self.initial_receive_window() - before;
        for (_, stream) in self.streams.iter_mut() {
            stream.receive_window += change;
        }
        Ok(None)
    }

    pub(super) fn on_ping(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        if header.stream != 0 {
            return protocol_error("PING on a stream");
        }
        let Ok(payload) = <[u8; 8]>::try_from(payload) else {
            return frame_size_error("PING that is not 8 bytes long");
        };
        if header.has(flag::ACK) {
            if payload == SHUTDOWN_PING && self.shutdown == Shutdown::Announced {
                self.finish_shutdown();
                return Ok(None);
            }
            let Some(left) = self.pings_sent.checked_sub(1) else {
                return self.charge_idle_frame().map(|()| None);
            };
            self.pings_sent = left;
            return Ok(Some(Event::Pong { payload }));
        }
        if !self.pings.take(self.now) {
            return too_many("too many PINGs");
        }
        frame::put_ping(true, payload, self.output.answer());
        Ok(Some(Event::Ping))
    }

    pub(super) fn on_goaway(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        if header.stream != 0 {
            return protocol_error("GOAWAY on a stream");
        }
        let Some((&[l0, l1, l2, l3, c0, c1, c2, c3], debug)) = payload.split_first_chunk::<8>()
        else {
            return frame_size_error("GOAWAY shorter than 8 bytes");
        };
        let last_stream = number([l0, l1, l2, l3]) & MAX_31_BIT;
        let code = ErrorCode(number([c0, c1, c2, c3]));
        if self
            .peer_goaway
            .as_ref()
            .is_some_and(|before| last_stream > before.last_stream)
        {
            return protocol_error("GOAWAY with a higher last stream than the one before");
        }
        self.charge_idle_frame()?;
        let debug = debug[..debug.len().min(limits::MAX_GOAWAY_DEBUG)].to_vec();
        self.peer_goaway = Some(PeerGoAway {
            last_stream,
            code,
            debug,
        });
        Ok(Some(Event::GoAway { last_stream, code }))
    }

    pub(super) fn on_priority(&mut self, header: FrameHeader, payload: &[u8]) -> Dispatched {
        if header.stream == 0 {
            return protocol_error("PRIORITY on stream 0");
        }
        self.charge_idle_frame()?;
        let broken = match <[u8; 5]>::try_from(payload) {
            Err(_) => (
                ErrorCode::FRAME_SIZE_ERROR,
                "PRIORITY that is not 5 bytes long",
            ),
            Ok(priority) if depends_on(priority) == header.stream => {
                (ErrorCode::PROTOCOL_ERROR, "a stream depends on itself")
            }
            Ok(_) => return Ok(None),
        };
        match self.streams.find(header.stream) {
            Some(stream) => self.stream_error(stream, broken.0, broken.1),
            // RST_STREAM may not be sent on an idle stream, and says nothing on one that has ended.
            None => fatal(broken.0, broken.1),
        }
    }
}

/// The stream that a priority field names.
pub(super) const fn depends_on(priority: [u8; 5]) -> u32 {
    let [a, b, c, d, _weight] = priority;
    u32::from_be_bytes([a, b, c, d]) & MAX_31_BIT
}
