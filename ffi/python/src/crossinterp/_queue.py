"""queue.Queue over a channel."""

import sys
from typing import Self

from ._core import Receiver, Sender, _register_record, channel
from ._errors import ChannelClosed, ChannelEmpty, ChannelFull

__all__ = ["Queue", "QueueEmpty", "QueueFull", "QueueShutDown"]

if sys.version_info >= (3, 13):
    from queue import ShutDown
else:

    class ShutDown(Exception):
        """The queue was shut down."""


class QueueEmpty(ChannelEmpty):
    """Nothing was there to get. It is a queue.Empty."""


class QueueFull(ChannelFull):
    """There was no room to put it. It is a queue.Full; ``item`` is what was not put."""


class QueueShutDown(ChannelClosed, ShutDown):
    """The queue was shut down. It is a queue.ShutDown where there is one; ``item`` is what was not put."""


class Queue[T]:
    """A queue with the methods and exceptions of queue.Queue, for threads of this interpreter and of others.

    It can be sent through a channel or a queue: what arrives is the same queue. maxsize is how many items
    it holds, any number if zero or less.

    There is no task_done() and no join(): who got an item may end with its interpreter before it is done
    with it, and the others would wait for ever. Queue.shutdown() and the ends of interpreters are seen by
    everyone.
    """

    __slots__ = ("__weakref__", "_receiver", "_sender")

    _sender: Sender[T]
    _receiver: Receiver[T]

    def __init__(self, maxsize: int = 0) -> None:
        self._sender, self._receiver = channel(maxsize if maxsize > 0 else None)

    @classmethod
    def _of(cls, sender: Sender[T], receiver: Receiver[T]) -> Self:
        self = cls.__new__(cls)
        self._sender, self._receiver = sender, receiver
        return self

    def __repr__(self) -> str:
        return f"<crossinterp.Queue over {self._sender!r}>"

    def __eq__(self, other: object) -> bool:
        return self._sender == other._sender if isinstance(other, Queue) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._sender)

    @property
    def maxsize(self) -> int:
        """How many items it holds; 0 for any number."""
        return self._sender.capacity or 0

    def qsize(self) -> int:
        """How many items are in it, at this moment."""
        return len(self._sender)

    def empty(self) -> bool:
        """Whether nothing is in it, at this moment."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Whether there is no room in it, at this moment."""
        return 0 < self.maxsize <= self.qsize()

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        """Puts an item, and waits while there is no room, at most timeout seconds.

        QueueFull: there was none, at once if block is false. QueueShutDown, NotShareableError,
        InterpreterEnding: nothing was put.
        """
        try:
            if block:
                self._sender.send(item, timeout)
            else:
                self._sender.try_send(item)
        except (ChannelFull, TimeoutError):
            raise QueueFull("the queue is full", item) from None
        except ChannelClosed:
            raise QueueShutDown("the queue was shut down", item) from None

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Gets the oldest item, and waits while there is none, at most timeout seconds.

        QueueEmpty: there was none, at once if block is false. QueueShutDown: it was shut down, and
        everything in it was got. InterpreterEnding.
        """
        try:
            return self._receiver.recv(timeout) if block else self._receiver.try_recv()
        except (ChannelEmpty, TimeoutError):
            raise QueueEmpty("the queue is empty") from None
        except ChannelClosed:
            raise QueueShutDown("the queue was shut down") from None

    def put_nowait(self, item: T) -> None:
        """The same as put(item, block=False)."""
        self.put(item, False)

    def get_nowait(self) -> T:
        """The same as get(block=False)."""
        return self.get(False)

    def shutdown(self, immediate: bool = False) -> None:
        """Lets nothing more be put. What is in it can still be got, unless immediate is true."""
        self._sender.close()
        if immediate:
            try:
                while True:
                    self._receiver.try_recv()
            except (ChannelClosed, ChannelEmpty):
                pass


_register_record(Queue, "crossinterp.Queue", lambda queue: (queue._sender, queue._receiver), Queue._of)
