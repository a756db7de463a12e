"""The release of grpcio whose API this is, or that `russet shims` was asked for. Russet's own version is `russet.__version__`."""

from __future__ import annotations

from .. import __version__ as _russet
from .. import _versions

__version__ = _versions.grpcio()

# How a client names itself to servers: as that release, and then as what it is.
USER_AGENT = f"grpc-python/{__version__} russet/{_russet}"
