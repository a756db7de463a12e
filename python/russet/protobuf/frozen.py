"""Messages that nothing can change, which threads can share. The original has no such thing.

``freeze(message)`` is a deep copy of which every change, also of what is read of it, raises ``TypeError``: assignments, methods that parse, merge or clear, and those of its lists and maps. All that reads works: comparing, serializing, JSON and text, copying. Reading a key that a frozen map does not have raises ``KeyError``, since the map cannot get it. A copy of a frozen message, by ``copy.deepcopy``, ``CopyFrom`` or pickle, can be changed. A frozen message is its own ``freeze``.
"""

from russet._core import freeze, is_frozen

__all__ = ["freeze", "is_frozen"]
