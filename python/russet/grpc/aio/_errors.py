"""Exceptions of the asyncio API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import RpcError

if TYPE_CHECKING:
    from .._status import StatusCode
    from ._metadata import Metadata


class BaseError(Exception):
    """What the library's own exceptions, other than `AioRpcError`, have in common."""


class UsageError(BaseError):
    """The API was used in a way that it does not allow, such as reading one stream in two styles."""


class AbortError(BaseError):
    """Ends a handler that called `abort`. A handler must let it through."""


class InternalError(BaseError):
    """The library did not find itself in the state that it should be in."""


class AioRpcError(RpcError):
    """The final status of an RPC that did not end with OK. A snapshot: its methods wait for nothing. Can be pickled."""

    def __init__(
        self,
        code: StatusCode,
        initial_metadata: Metadata | None = None,
        trailing_metadata: Metadata | None = None,
        details: str | None = None,
        debug_error_string: str | None = None,
    ) -> None:
        super().__init__()
        self._code = code
        self._initial_metadata = initial_metadata
        self._trailing_metadata = trailing_metadata
        self._details = details
        self._debug_error_string = debug_error_string

    def code(self) -> StatusCode:
        """The status code."""
        return self._code

    def details(self) -> str | None:
        """The text that came with the code."""
        return self._details

    def initial_metadata(self) -> Metadata | None:
        """Metadata that the server sent before its first message."""
        return self._initial_metadata

    def trailing_metadata(self) -> Metadata | None:
        """Metadata that came with the status."""
        return self._trailing_metadata

    def debug_error_string(self) -> str | None:
        """More about where the error arose, for people to read."""
        return self._debug_error_string

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of RPC that terminated with:\n"
            f"\tstatus = {self._code}\n"
            f'\tdetails = "{self._details}"\n'
            f'\tdebug_error_string = "{self._debug_error_string}"\n'
            ">"
        )

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            type(self),
            (
                self._code,
                self._initial_metadata,
                self._trailing_metadata,
                self._details,
                self._debug_error_string,
            ),
        )
