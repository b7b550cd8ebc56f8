"""What runs in an interpreter that crossinterp.Interpreter made."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from . import _interpreter
from ._core import _end_waits, _exit_thread
from ._errors import NotShareableError
from ._remote import describe, find

__all__ = ["main", "stop_threads"]

Call = tuple[str, str, tuple[Any, ...], Mapping[str, Any]]


def main(call: Call, report: Callable[[str, Any], None]) -> None:
    """Calls the function, reports what came of it, and sees the interpreter's other threads to their end."""
    try:
        _call(call, report)
    finally:
        _finish()


def _call(call: Call, report: Callable[[str, Any], None]) -> None:
    module, path, args, kwargs = call
    del call
    try:
        report("value", find(module, path)(*args, **kwargs))
    except SystemExit:
        report("exit", None)
    except BaseException as error:
        for description in describe(error):
            try:
                report("error", description)
            except NotShareableError:
                continue
            break


def _finish() -> None:
    """As at the end of a main program: waits end, own interpreters are stopped, threads are joined.

    Py_EndInterpreter would do the same, but nobody could reach into it any more to stop a thread.
    """
    _interpreter.stop_all()
    _end_waits()
    for thread in _others():
        thread.join()
    # CPython 3.13 makes a stand-in for this thread when it is asked for, and fails to delete it as late as
    # it tries to.
    local = getattr(threading, "_thread_local_info", None)
    if local is not None:
        vars(local).pop("_track_dummy_thread_ref", None)


def stop_threads() -> None:
    """Raises SystemExit in the other threads of this interpreter. A visitor calls it, who is none of them."""
    for thread in _others():
        # A thread that runs an interpreter of its own ends with it.
        if thread.ident is not None and not isinstance(thread, _interpreter.Runner):
            _exit_thread(thread.ident)


def _others() -> list[threading.Thread]:
    """The threads that were started in this interpreter and still run."""
    return [
        thread
        for thread in threading.enumerate()
        # Up to CPython 3.12 the main thread is the one that runs main(); later it is the main thread of the
        # process.
        if thread is not threading.main_thread()
        and not isinstance(thread, threading._DummyThread)
        and thread.is_alive()
    ]
