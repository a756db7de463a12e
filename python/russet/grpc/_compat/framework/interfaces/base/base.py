"""Operations below calls, as interfaces; nothing in grpcio implements them any more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, unique
from typing import TYPE_CHECKING, Any

from ...foundation import abandonment as abandonment

if TYPE_CHECKING:
    from collections.abc import Callable


class NoSuchMethodError(Exception):
    """An operation is for a method that nobody has; with the code and details to send."""

    def __init__(self, code: Any, details: Any) -> None:
        super().__init__()
        self.code = code
        self.details = details


class Outcome:
    """How an operation ended: a kind, and what the peer sent, or None."""

    kind: Any
    code: Any
    details: Any

    @unique
    class Kind(Enum):
        """How an operation ended."""

        COMPLETED = "completed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"
        LOCAL_SHUTDOWN = "local shutdown"
        REMOTE_SHUTDOWN = "remote shutdown"
        RECEPTION_FAILURE = "reception failure"
        TRANSMISSION_FAILURE = "transmission failure"
        LOCAL_FAILURE = "local failure"
        REMOTE_FAILURE = "remote failure"


class Completion(ABC):
    """The end of one side's values: metadata, code and message, or None for each."""

    terminal_metadata: Any
    code: Any
    message: Any


class OperationContext(ABC):
    """What is known of an operation."""

    @abstractmethod
    def outcome(self) -> Outcome | None:
        """How it ended; None while it goes on."""
        raise NotImplementedError

    @abstractmethod
    def add_termination_callback(self, callback: Callable[[Outcome], None]) -> Outcome | None:
        """Have a function called at its end; if it has ended, return how."""
        raise NotImplementedError

    @abstractmethod
    def time_remaining(self) -> float:
        """Seconds until its end."""
        raise NotImplementedError

    @abstractmethod
    def cancel(self) -> Any:
        """End it."""
        raise NotImplementedError

    @abstractmethod
    def fail(self, exception: Exception) -> Any:
        """End it for a fault of the application's."""
        raise NotImplementedError


class Operator(ABC):
    """Takes what an operation moves."""

    @abstractmethod
    def advance(
        self,
        initial_metadata: Any = None,
        payload: Any = None,
        completion: Any = None,
        allowance: int | None = None,
    ) -> Any:
        """Take what is given; `allowance` is how many more values the other side may send."""
        raise NotImplementedError


class ProtocolReceiver(ABC):
    """Takes what is a protocol's own about an operation."""

    @abstractmethod
    def context(self, protocol_context: Any) -> Any:
        """Take it."""
        raise NotImplementedError


class Subscription(ABC):
    """What one wants to hear of an operation."""

    kind: Any
    termination_callback: Any
    allowance: Any
    operator: Any
    protocol_receiver: Any

    @unique
    class Kind(Enum):
        """How much one wants to hear."""

        NONE = "none"
        TERMINATION_ONLY = "termination only"
        FULL = "full"


class Servicer(ABC):
    """Serves operations."""

    @abstractmethod
    def service(
        self, group: str, method: str, context: OperationContext, output_operator: Operator
    ) -> Any:
        """Serve one; returns a subscription, or raises `NoSuchMethodError` or `Abandoned`."""
        raise NotImplementedError


class End(ABC):
    """One side of operations."""

    @abstractmethod
    def start(self) -> Any:
        """Begin to serve."""
        raise NotImplementedError

    @abstractmethod
    def stop(self, grace: float) -> Any:
        """Stop; returns an event that is set when all has ended."""
        raise NotImplementedError

    @abstractmethod
    def operate(
        self,
        group: str,
        method: str,
        subscription: Subscription,
        timeout: float,
        initial_metadata: Any = None,
        payload: Any = None,
        completion: Any = None,
        protocol_options: Any = None,
    ) -> Any:
        """Begin an operation; returns its context and operator."""
        raise NotImplementedError

    @abstractmethod
    def operation_stats(self) -> Any:
        """How many operations ended how."""
        raise NotImplementedError

    @abstractmethod
    def add_idle_action(self, action: Callable[[], None]) -> Any:
        """Have a function called when no operation goes on."""
        raise NotImplementedError
