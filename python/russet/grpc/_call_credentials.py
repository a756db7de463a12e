"""Asks the plug-ins of call credentials for a call's metadata, on threads of their own: they may block."""

from __future__ import annotations

from threading import Lock

from ._credentials import AuthMetadataContext, AuthMetadataPluginCallback
from ._errors import text_of
from ._logging import logger
from ._status import StatusCode
from ._threads import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import _core
    from ._credentials import CallCredentials, Plugin
    from ._typing import MetadataType

_UNAVAILABLE = StatusCode.UNAVAILABLE.value[0]

# What a call with credentials ends with where anybody can read the connection.
INSECURE = (
    "Established channel does not have a sufficient security level to transfer call credential."
)


def plugins_of(
    channels: tuple[Plugin, ...], credentials: CallCredentials | None
) -> tuple[Plugin, ...]:
    """The plug-ins of a call: the channel's, then its own."""
    if credentials is None:
        return channels
    own: tuple[Plugin, ...] = credentials._credentials.plugins  # pyright: ignore[reportPrivateUsage]
    return channels + own


class _Context(AuthMetadataContext):
    """What a plug-in is told of the call."""

    def __init__(self, authority: str, path: str) -> None:
        service, _, self.method_name = path.rpartition("/")
        # The default port is not part of the service's name.
        host = authority[: -len(":443")] if authority.endswith(":443") else authority
        self.service_url = f"https://{host}{service}"


class _Callback(AuthMetadataPluginCallback):
    """Takes one plug-in's answer, once."""

    def __init__(self, answer: Callable[[MetadataType | None, BaseException | None], None]) -> None:
        self._answer = answer
        self._lock = Lock()
        self._failure: BaseException | None = None
        self._called = False

    def _take(self) -> None:
        with self._lock:
            if self._failure is not None:
                raise RuntimeError(
                    f'AuthMetadataPluginCallback raised exception "{text_of(self._failure)}"!'
                )
            if self._called:
                raise RuntimeError("AuthMetadataPluginCallback invoked more than once!")
            self._called = True

    def __call__(self, metadata: MetadataType | None, error: BaseException | None) -> None:
        self._take()
        self._answer(metadata, error)

    def fail(self, error: BaseException) -> None:
        """The plug-in has raised; an answer that it gave before counts."""
        with self._lock:
            self._failure = error
            if self._called:
                return
        self._answer(None, error)


class _Authentication:
    """The plug-ins of one call, asked in turn."""

    def __init__(
        self,
        call: _core.ClientCall,
        plugins: tuple[Plugin, ...],
        context: _Context,
        hand_over: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._call = call
        self._plugins = iter(plugins)
        self._context = context
        self._hand_over = hand_over
        self._metadata: list[tuple[str, str | bytes]] = []

    def ask_next(self) -> None:
        plugin = next(self._plugins, None)
        if plugin is None:
            self._hand_over(self._provide)
        elif plugin.immediate:
            self._ask(plugin)
        else:
            start_thread("russet-credentials", plugin.context.copy().run, self._ask, plugin)

    def _ask(self, plugin: Plugin) -> None:
        callback = _Callback(self._answer)
        try:
            plugin.function(self._context, callback)
        except BaseException as error:
            # A plug-in that is asked at once runs on the caller's thread, where Ctrl-C is the caller's.
            callers = plugin.immediate and not isinstance(error, Exception)
            try:
                logger("_plugin_wrapping").exception(
                    'AuthMetadataPluginCallback "%s" raised exception!', plugin.name
                )
            finally:
                callback.fail(error)
            if callers:
                raise

    def _answer(self, metadata: MetadataType | None, error: BaseException | None) -> None:
        if error is not None:
            self._end(error)
            return
        try:
            self._metadata.extend(metadata or ())
            self.ask_next()
        except BaseException as failure:
            # The call must not wait for an answer that was none.
            self._end(failure)
            raise

    def _end(self, error: BaseException) -> None:
        details = f"Getting metadata from plugin failed with error: {text_of(error)}"
        self._hand_over(lambda: self._call.cancel(_UNAVAILABLE, details))

    def _provide(self) -> None:
        try:
            self._call.provide(self._metadata)
        except BaseException as error:
            self._end(error)
            raise


def _at_once(function: Callable[[], Any]) -> None:
    function()


def authenticate(
    call: _core.ClientCall,
    plugins: tuple[Plugin, ...],
    authority: str,
    path: str,
    hand_over: Callable[[Callable[[], Any]], Any] = _at_once,
) -> None:
    """Gives a held call its metadata when the plug-ins have made it, or ends it where one fails. `hand_over` calls a function where the call may be touched."""
    _Authentication(call, plugins, _Context(authority, path), hand_over).ask_next()
