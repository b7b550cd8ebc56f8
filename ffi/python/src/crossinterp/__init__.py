"""Channels, queues and shared immutable data between interpreters with their own GILs."""

from ._core import FrozenMap, FrozenSequence, Receiver, Sender, __version__, channel, freeze
from ._errors import (
    ChannelClosed,
    ChannelEmpty,
    ChannelError,
    ChannelFull,
    ForkedError,
    InterpreterEnding,
    NotShareableError,
)
from ._interpreter import Interpreter, InterpreterStopped, spawn
from ._queue import Queue, QueueEmpty, QueueFull, QueueShutDown
from ._remote import RemoteError, RemoteTraceback

__all__ = [
    "ChannelClosed",
    "ChannelEmpty",
    "ChannelError",
    "ChannelFull",
    "ForkedError",
    "FrozenMap",
    "FrozenSequence",
    "Interpreter",
    "InterpreterEnding",
    "InterpreterStopped",
    "NotShareableError",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "Receiver",
    "RemoteError",
    "RemoteTraceback",
    "Sender",
    "__version__",
    "channel",
    "freeze",
    "get_include",
    "spawn",
]


def get_include() -> str:
    """The folder of crossinterp.h and crossinterp_capi.h, for other C extensions."""
    from pathlib import Path  # It imports much, which each interpreter would pay for.

    here = Path(__file__).resolve().parent
    installed = here / "include"
    return str(installed if installed.is_dir() else here.parents[2] / "include")
