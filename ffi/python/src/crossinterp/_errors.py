"""What crossinterp raises.  Timeouts are the builtin TimeoutError."""

import queue
from typing import Any

__all__ = [
    "ChannelClosed",
    "ChannelEmpty",
    "ChannelError",
    "ChannelFull",
    "ForkedError",
    "InterpreterEnding",
    "NotShareableError",
]


class ChannelError(Exception):
    """The base of what a channel can answer, other than a timeout."""


class ChannelClosed(ChannelError):
    """The channel is closed, or the other side is gone: it will never work again.

    A receiver gets it only after the last message that was sent. A sender gets its message back as ``item``;
    it is None where nothing was to be sent.
    """

    def __init__(self, message: str = "the channel is closed", item: Any = None) -> None:
        super().__init__(message)
        self.item = item


class ChannelFull(ChannelError, queue.Full):
    """There is no room now; later there may be. The message, unsent, is ``item``."""

    def __init__(self, message: str = "the channel is full", item: Any = None) -> None:
        super().__init__(message)
        self.item = item


class ChannelEmpty(ChannelError, queue.Empty):
    """There is no message now; later there may be."""


class InterpreterEnding(ChannelError):
    """The interpreter ends: nothing was sent or received, and nobody may wait in it any more.

    The message, unsent, is ``item``, as with ChannelClosed.
    """

    def __init__(self, message: str = "the interpreter is ending", item: Any = None) -> None:
        super().__init__(message)
        self.item = item


class ForkedError(ChannelError):
    """The channel was made before os.fork(), and this is the child: make a new one."""


class NotShareableError(TypeError):
    """An object, or a part of it, cannot be sent or frozen. Nothing was sent.

    ``path`` says which part: it is the text to write after the object to get there, such as
    ``[3]['key']``; empty for the object itself.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path
