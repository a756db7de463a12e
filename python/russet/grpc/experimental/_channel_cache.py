"""The channels behind the simple stubs: one for each target and configuration, closed when not used for a while."""

from __future__ import annotations

import os
from collections import OrderedDict
from threading import Condition, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from .._channel import secure_channel
from .._credentials import insecure_channel_credentials, ssl_channel_credentials

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
        self._changed = Condition()
        self._channels: OrderedDict[Any, tuple[Channel, float]] = OrderedDict()
        self._evictor: Thread | None = None

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
        with self._changed:
            entry = self._channels.pop(key, None)
            if entry is None:
                channel: Channel = secure_channel(target, channel_credentials, options, compression)
                if len(self._channels) >= self._maximum_channels:
                    _, (evicted, _) = self._channels.popitem(last=False)
            else:
                channel = entry[0]
            self._channels[key] = (channel, monotonic() + self._eviction_seconds)
            if self._evictor is None or not self._evictor.is_alive():
                self._evictor = Thread(target=self._evict, name="russet-channel-cache", daemon=True)
                self._evictor.start()
        if evicted is not None:
            evicted.close()
        return channel

    def __len__(self) -> int:
        with self._changed:
            return len(self._channels)

    def _evict(self) -> None:
        """Close channels when their time has come; ends with the last of them."""
        while True:
            with self._changed:
                if not self._channels:
                    self._evictor = None
                    return
                channel, due = next(iter(self._channels.values()))
                remaining = due - monotonic()
                if remaining > 0:
                    self._changed.wait(remaining)
                    continue
                self._channels.popitem(last=False)
            channel.close()


CACHE = ChannelCache(EVICTION_SECONDS, MAXIMUM_CHANNELS)
