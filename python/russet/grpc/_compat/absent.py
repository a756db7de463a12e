"""Stand-ins for what has no meaning without grpcio's C core: they can be imported, and raise at their use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn


def _refusal(name: str, instead: str) -> NotImplementedError:
    return NotImplementedError(
        f"{name} is a part of grpcio's C core, which Russet does not have; {instead}"
    )


def absent_function(name: str, instead: str) -> Callable[..., NoReturn]:
    """A function that raises NotImplementedError when it is called. `instead` says what to use."""

    def function(*_arguments: Any, **_keywords: Any) -> NoReturn:
        raise _refusal(name, instead)

    _, _, function.__name__ = name.rpartition(".")
    function.__qualname__ = function.__name__
    function.__doc__ = f"Not there: {instead}."
    return function


def absent_class(name: str, instead: str, *bases: type) -> type:
    """A class that raises NotImplementedError when an object of it is made. Nothing is an instance of it."""

    def new(cls: type, *_arguments: Any, **_keywords: Any) -> NoReturn:
        raise _refusal(name, instead)

    module, _, short = name.rpartition(".")
    members = {"__new__": new, "__doc__": f"Not there: {instead}.", "__module__": module}
    return type(short, bases, members)
