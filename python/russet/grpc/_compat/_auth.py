"""`grpc._auth`: plug-ins for the tokens of others' credentials."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .._credentials import AuthMetadataPlugin
from .._credentials import _AccessToken as AccessTokenAuthMetadataPlugin

if TYPE_CHECKING:
    from .._credentials import AuthMetadataContext, AuthMetadataPluginCallback

__all__ = ("AccessTokenAuthMetadataPlugin", "GoogleCallCredentials")


class GoogleCallCredentials(AuthMetadataPlugin):
    """Asks credentials in the manner of oauth2client, which have `get_access_token()`, for each call's token."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials
        # Those that sign a token themselves are told for whom.
        self._is_jwt = (
            "additional_claims" in inspect.getfullargspec(credentials.get_access_token).args
        )

    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None:
        claims = {"additional_claims": {"aud": context.service_url}} if self._is_jwt else {}
        try:
            token = self._credentials.get_access_token(**claims).access_token
        except Exception as error:
            callback((("authorization", "Bearer None"),), error)
        else:
            callback((("authorization", f"Bearer {token}"),), None)
