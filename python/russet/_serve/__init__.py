"""`russet serve`: the servers of a factory in several processes on one port, with a supervisor.

`_command` reads the arguments, `_supervisor` starts and replaces processes, `_worker` is what runs in each. They share `Settings`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Settings:
    """What a worker has to know; it is handed to the worker's process as JSON."""

    factory: str
    """`module:name`, a function without parameters that returns a server."""
    addresses: tuple[str, ...]
    """Where the server listens; none where the factory binds its ports itself."""
    grace: float
    """Seconds that calls may take to end once the worker has to stop."""
    certificate: str | None
    """The file of the certificate chain in PEM; None for plaintext."""
    key: str | None
    client_authority: str | None
    """The file of the authority of clients, which then have to show a certificate."""
    drop_in: bool
    """Whether `russet.install()` comes before the factory's module."""
    uvloop: bool

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        values = json.loads(text)
        values["addresses"] = tuple(values["addresses"])
        return cls(**values)
