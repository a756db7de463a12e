"""What `grpc._utilities` has: the classes of method handlers and of what finds them by name."""

from .._handlers import DictionaryGenericHandler as DictionaryGenericHandler
from .._handlers import MethodHandler as RpcMethodHandler

__all__ = ("DictionaryGenericHandler", "RpcMethodHandler")

_DONE_CALLBACK_EXCEPTION_LOG_MESSAGE = 'Exception calling connectivity future "done" callback!'
