"""`grpc._plugin_wrapping`: call credentials of a plug-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._call_credentials import _Context as _AuthMetadataContext
from .._credentials import metadata_call_credentials

__all__ = ("_AuthMetadataContext", "metadata_plugin_call_credentials")

if TYPE_CHECKING:
    from .._credentials import AuthMetadataPlugin, CallCredentials


def metadata_plugin_call_credentials(
    metadata_plugin: AuthMetadataPlugin, name: str | None
) -> CallCredentials:
    """As `grpc.metadata_call_credentials`."""
    return metadata_call_credentials(metadata_plugin, name)
