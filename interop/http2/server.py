"""A server that does to its clients what the HTTP/2 interop cases of gRPC describe, on the `h2` package: it speaks HTTP/2 as it should and gRPC as it should not."""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from types import TracebackType

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import hyperframe.frame

# Bytes of every answer, of which a client's first windows let only a part through.
ANSWER = 314159

# What a DATA frame of the padding cases carries, and how much padding. Padding counts in the windows.
SMALL = 50
PADDING = 255

HEADERS = ((":status", "200"), ("content-type", "application/grpc+proto"))
TRAILERS = (("grpc-status", "0"),)


class Counts:
    """What the server has seen, for a case to judge by."""

    def __init__(self) -> None:
        self.connections = 0
        self.pings = 0
        self.pongs = 0
        # The most calls that were open at once on a connection.
        self.open = 0


class Connection:
    """One client's connection, in a thread of its own."""

    def __init__(self, case: str, peer: socket.socket, counts: Counts) -> None:
        self._case = case
        self._peer = peer
        self._counts = counts
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._http2 = h2.connection.H2Connection(config)
        if case == "max_streams":
            limit = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1}
            self._http2.local_settings = h2.settings.Settings(client=False, initial_values=limit)
        self._open: set[int] = set()
        # What is still to be sent of each stream's answer.
        self._answers: dict[int, bytes] = {}
        self._turns: deque[int] = deque()

    def run(self) -> None:
        self._http2.initiate_connection()
        self._flush()
        try:
            while received := self._peer.recv(65536):
                for event in self._http2.receive_data(received):
                    self._on(event)
                self._send_answers()
                self._flush()
        except ConnectionError:
            pass
        finally:
            self._peer.close()

    def _flush(self) -> None:
        self._peer.sendall(self._http2.data_to_send())

    def _on(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._open.add(event.stream_id)
            self._counts.open = max(self._counts.open, len(self._open))
        elif isinstance(event, h2.events.DataReceived):
            length = event.flow_controlled_length
            self._http2.acknowledge_received_data(length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._answer(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self._open.discard(event.stream_id)
            self._answers.pop(event.stream_id, None)
        elif isinstance(event, h2.events.PingAckReceived):
            self._counts.pongs += 1

    def _ping(self) -> None:
        if self._case == "ping":
            self._counts.pings += 1
            self._http2.ping(self._counts.pings.to_bytes(8, "big"))

    def _answer(self, stream: int) -> None:
        self._ping()
        self._http2.send_headers(stream, HEADERS)
        self._ping()
        if self._case == "rst_after_header":
            self._reset(stream)
            return
        self._answers[stream] = struct.pack(">BI", 0, ANSWER) + bytes(ANSWER)
        self._turns.append(stream)

    def _reset(self, stream: int) -> None:
        """Without an error code, as the case descriptions have it."""
        self._http2.reset_stream(stream, h2.errors.ErrorCodes.NO_ERROR)
        self._open.discard(stream)
        self._answers.pop(stream, None)

    def _send_answers(self) -> None:
        for _ in range(len(self._turns)):
            stream = self._turns.popleft()
            if stream in self._answers and not self._send(stream):
                self._turns.append(stream)

    def _send(self, stream: int) -> bool:
        """Sends what the windows allow; whether the answer is whole."""
        padding = PADDING if self._case == "data_frame_padding" else None
        # A byte says how long the padding is.
        overhead = 0 if padding is None else padding + 1
        while rest := self._answers[stream]:
            room = self._http2.local_flow_control_window(stream) - overhead
            length = min(len(rest), self._http2.max_outbound_frame_size - overhead, room)
            if "padding" in self._case:
                length = min(length, SMALL)
            if length <= 0:
                return False
            self._http2.send_data(stream, rest[:length], pad_length=padding)
            self._answers[stream] = rest[length:]
            self._ping()
            if self._case == "rst_during_data":
                self._reset(stream)
                return True
        if self._case == "rst_after_data":
            self._reset(stream)
            return True
        del self._answers[stream]
        self._open.discard(stream)
        if self._case == "goaway":
            # Before the trailers, so that the client knows of it when its call has ended.
            self._flush()
            self._peer.sendall(hyperframe.frame.GoAwayFrame(0, stream).serialize())
        self._http2.send_headers(stream, TRAILERS, end_stream=True)
        return True


class Server:
    """Listens on a free port, and does the same to every client."""

    def __init__(self, case: str) -> None:
        self.counts = Counts()
        self._case = case
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A thread that waits in accept sees a shutdown, not a close.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.counts.connections += 1
            connection = Connection(self._case, peer, self.counts)
            threading.Thread(target=connection.run, daemon=True).start()
