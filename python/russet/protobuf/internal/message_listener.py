"""The interface by which the original's pure Python messages tell their parents of changes; messages here need none."""


class MessageListener:
    """What is told that a message was changed."""

    def Modified(self) -> None:
        """The message was changed."""
        raise NotImplementedError


class NullMessageListener:
    """Takes no notice."""

    def Modified(self) -> None:
        """Nothing follows."""
