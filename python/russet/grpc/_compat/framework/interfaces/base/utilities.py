"""Makes completions and subscriptions."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import base


class _CompletionFields(NamedTuple):
    terminal_metadata: Any
    code: Any
    message: Any


class _Completion(_CompletionFields, base.Completion):
    pass


class _SubscriptionFields(NamedTuple):
    kind: Any
    termination_callback: Any
    allowance: Any
    operator: Any
    protocol_receiver: Any


class _Subscription(_SubscriptionFields, base.Subscription):
    pass


def completion(terminal_metadata: Any, code: Any, message: Any) -> base.Completion:
    """The end of one side's values."""
    return _Completion(terminal_metadata, code, message)


def full_subscription(
    operator: base.Operator, protocol_receiver: base.ProtocolReceiver
) -> base.Subscription:
    """All of an operation."""
    return _Subscription(base.Subscription.Kind.FULL, None, None, operator, protocol_receiver)
