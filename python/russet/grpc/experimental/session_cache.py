"""TLS session caches, as values of the channel option `grpc.ssl_session_cache`.

Here every credentials object keeps the sessions of its channels and takes them up again; the option is accepted and changes nothing.
"""

from __future__ import annotations


class SSLSessionCache:
    """Stands for a cache in a channel's options."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity

    def __int__(self) -> int:
        return self._capacity


def ssl_session_cache_lru(capacity: int) -> SSLSessionCache:
    """A cache of `capacity` sessions."""
    return SSLSessionCache(capacity)
