"""The interface of what takes a stream of values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Consumer(ABC):
    """Takes values, and hears of the end."""

    @abstractmethod
    def consume(self, value: Any) -> None:
        """Take a value."""
        raise NotImplementedError

    @abstractmethod
    def terminate(self) -> None:
        """No more values come."""
        raise NotImplementedError

    @abstractmethod
    def consume_and_terminate(self, value: Any) -> None:
        """Take the last value."""
        raise NotImplementedError
