"""A minimal HTTP/2 peer on a plain socket, for what no well-behaved client does."""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from support.rpc import WAIT, path


def grpc_message(payload: bytes, *, flag: int = 0, length: int | None = None) -> bytes:
    """A message with its prefix (PROTOCOL-HTTP2, "Length-Prefixed-Message"); `length` lies about the payload's."""
    return struct.pack(">BI", flag, len(payload) if length is None else length) + payload


class RawClient:
    """A client that sends just what it is told to."""

    def __init__(self, address: str, *, window: int | None = None) -> None:
        """`window` is what the server may send ahead on a stream; HTTP/2's default without it."""
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=WAIT)
        self.connection = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True, header_encoding="utf-8", validate_outbound_headers=False
            )
        )
        if window is not None:
            # Part of the first SETTINGS.
            self.connection.local_settings = h2.settings.Settings(
                client=True,
                initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window},
            )
        # Of each stream: what has come, and whether it has ended.
        self._fields: dict[int, dict[str, str]] = {}
        self._ended: set[int] = set()
        self._pongs = 0
        self.connection.initiate_connection()
        self.flush()

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def flush(self) -> None:
        self.socket.sendall(self.connection.data_to_send())

    def call(
        self, method: str, *extra: tuple[str, str], end_stream: bool = False, without: str = ""
    ) -> int:
        """Begin an RPC: send its headers, without the one named; returns the stream's id."""
        stream = self.connection.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path(method)),
            (":authority", "test"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            *extra,
        ]
        replaced = {name for name, _ in extra} | {without}
        headers = [*(h for h in headers[:6] if h[0] not in replaced), *extra]
        # Pseudo-header fields come first (RFC 9113, section 8.3).
        headers.sort(key=lambda header: not header[0].startswith(":"))
        self.connection.send_headers(stream, headers, end_stream=end_stream)
        self.flush()
        return stream

    def send(self, stream: int, data: bytes, *, end_stream: bool = False) -> None:
        self.connection.send_data(stream, data, end_stream=end_stream)
        self.flush()

    def reset(self, stream: int) -> None:
        self.connection.reset_stream(stream, 8)
        self.flush()

    def send_with_credit(self, stream: int, data: bytes) -> None:
        """Send data as the connection's window allows; the stream's own must be large enough. Nothing more once the server has ended the stream."""
        for start in range(0, len(data), 16_000):
            piece = data[start : start + 16_000]
            while self.connection.outbound_flow_control_window < len(piece):
                self.read()
            if stream in self._ended:
                return
            self.connection.send_data(stream, piece)
            self.flush()

    def first_status(self, stream: int) -> str | None:
        """Read until the server has answered at all; the status if the answer was nothing but that."""
        while stream not in self._fields:
            self.read()
        return self._fields[stream].get("grpc-status")

    def status_so_far(self, stream: int) -> str | None:
        """The status of a stream, if it has come."""
        return self._fields.get(stream, {}).get("grpc-status")

    def outcome(self, stream: int) -> dict[str, str]:
        """Read until the stream ends; its header fields and trailers in one dictionary, "reset" if it was reset."""
        while stream not in self._ended:
            self.read()
        return self._fields.get(stream, {})

    def settle(self) -> None:
        """Wait until the server has taken in all that was sent."""
        self._pongs = 0
        self.connection.ping(b"settled?")
        self.flush()
        while not self._pongs:
            self.read()

    def read(self) -> None:
        """Wait for something to come, and take it in."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"the connection ended; so far: {self._fields}")
        for event in self.connection.receive_data(data):
            if isinstance(event, h2.events.ConnectionTerminated):
                raise ConnectionError(f"GOAWAY {event.error_code}; so far: {self._fields}")
            stream = getattr(event, "stream_id", None) or 0
            if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                fields = self._fields.setdefault(stream, {})
                fields.update((str(name), str(value)) for name, value in event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.connection.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamReset):
                self._fields.setdefault(stream, {})["reset"] = str(int(event.error_code))
                self._ended.add(stream)
            elif isinstance(event, h2.events.StreamEnded):
                self._ended.add(stream)
            elif isinstance(event, h2.events.PingAckReceived):
                self._pongs += 1
        self.flush()


class RawServer:
    """A server that does with each call what the next entry of `script` says: "answer" with the request's messages, "refuse" its stream, say "goaway" as if it had not been seen, or "lose" the connection. The last entry holds for all that follow."""

    HEADERS: tuple[tuple[str, str], ...] = (
        (":status", "200"),
        ("content-type", "application/grpc"),
    )

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.calls: list[str] = []
        # What clients announced, the fields of their calls, and a token for each PING.
        self.settings: dict[int, int] = {}
        self.requests: list[dict[str, str]] = []
        self.pings: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        # Until the listener is closed.
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        connection.initiate_connection()
        requests: dict[int, bytes] = {}
        with client, contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            client.sendall(connection.data_to_send())
            while data := client.recv(65536):
                for event in connection.receive_data(data):
                    stream: int = getattr(event, "stream_id", 0)
                    self._note(event)
                    if isinstance(event, h2.events.DataReceived):
                        requests[stream] = requests.get(stream, b"") + event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, stream)
                    elif isinstance(event, h2.events.StreamEnded):
                        self._react(connection, stream, requests.pop(stream, b""))
                client.sendall(connection.data_to_send())
                if connection.state_machine.state is h2.connection.ConnectionState.CLOSED:
                    return

    def _note(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RemoteSettingsChanged):
            for key, change in event.changed_settings.items():
                self.settings[int(key)] = change.new_value
        elif isinstance(event, h2.events.RequestReceived):
            self.requests.append({str(name): str(value) for name, value in event.headers})
        elif isinstance(event, h2.events.PingReceived):
            self.pings.put(None)

    def _react(self, connection: h2.connection.H2Connection, stream: int, request: bytes) -> None:
        action = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self.calls.append(action)
        if action == "refuse":
            connection.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        elif action == "goaway":
            connection.close_connection(last_stream_id=0)
        elif action == "lose":
            raise ConnectionAbortedError
        else:
            connection.send_headers(stream, self.HEADERS)
            for start in range(0, len(request), 16_384):
                connection.send_data(stream, request[start : start + 16_384])
            connection.send_headers(stream, [("grpc-status", "0")], end_stream=True)
