"""The channels behind the simple stubs: one for each target and configuration, closed when not used for a while."""

from __future__ import annotations

import os
from collections import OrderedDict
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .._channel import secure_channel
from .._credentials import insecure_channel_credentials, ssl_channel_credentials
from .._threads import start_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base_channel import Channel
    from .._compression import Compression
    from .._credentials import ChannelCredentials
    from .._typing import ChannelOption

# Seconds without a new call after which a channel is closed.
EVICTION_SECONDS = float(os.environ.get("GRPC_PYTHON_MANAGED_CHANNEL_EVICTION_SECONDS", "600"))
# Above this many channels the one that was used longest ago is closed.
MAXIMUM_CHANNELS = int(os.environ.get("GRPC_PYTHON_MANAGED_CHANNEL_MAXIMUM", "256"))


class ChannelCache:
    """Channels by configuration, the one used longest ago first. Safe to use from several threads."""

    def __init__(self, eviction_seconds: float, maximum_channels: int) -> None:
        self._eviction_seconds = eviction_seconds
        self._maximum_channels = maximum_channels
        self._lock = Lock()
        self._channels: OrderedDict[Any, tuple[Channel, float]] = OrderedDict()
        # The process whose thread closes channels: a fork's child has none of its parent's.
        self._evictor: int | None = None

    def get(
        self,
        target: str,
        options: Sequence[ChannelOption],
        channel_credentials: ChannelCredentials | None,
        insecure: bool,
        compression: Compression | None,
    ) -> Channel:
        """The channel for this configuration, made if it is not there. Raises ValueError if both `insecure` and credentials are given."""
        if insecure and channel_credentials is not None:
            raise ValueError(
                "insecure=True and channel_credentials exclude each other: give one of them"
            )
        if insecure:
            channel_credentials = insecure_channel_credentials()
        elif channel_credentials is None:
            channel_credentials = ssl_channel_credentials()
        options = tuple(options)
        key = (target, options, channel_credentials, compression)
        evicted = None
        with self._lock:
            entry = self._channels.pop(key, None)
            if entry is None:
                channel: Channel = secure_channel(target, channel_credentials, options, compression)
                if len(self._channels) >= self._maximum_channels:
                    _, (evicted, _) = self._channels.popitem(last=False)
            else:
                channel = entry[0]
            self._channels[key] = (channel, monotonic() + self._eviction_seconds)
            if self._evictor != os.getpid():
                start_thread("russet-channel-cache", self._evict)
                self._evictor = os.getpid()
        if evicted is not None:
            evicted.close()
        return channel

    def __len__(self) -> int:
        with self._lock:
            return len(self._channels)

    def _evict(self) -> None:
        """Close channels when their time has come; ends with the last of them."""
        while True:
            with self._lock:
                if not self._channels:
                    self._evictor = None
                    return
                channel, due = next(iter(self._channels.values()))
                remaining = due - monotonic()
                if remaining <= 0:
                    self._channels.popitem(last=False)
            if remaining > 0:
                # No channel that comes later has to be closed earlier.
                sleep(remaining)
            else:
                channel.close()


CACHE = ChannelCache(EVICTION_SECONDS, MAXIMUM_CHANNELS)
