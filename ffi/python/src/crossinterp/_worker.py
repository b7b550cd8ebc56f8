"""What runs in an interpreter that crossinterp.Interpreter made."""

import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from . import _interpreter
from ._core import _exit_thread, _threads
from ._errors import NotShareableError
from ._remote import describe, find

__all__ = ["main", "stop_threads"]

Call = tuple[str, str, tuple[Any, ...], Mapping[str, Any]]

_stopping = False  # a visitor was here
_finishing = False  # the function is over: this thread is not told to end any more
_told: weakref.WeakSet[threading.Thread] = weakref.WeakSet()  # that they are to end
_told_others: set[int] = set()  # the same, of threads that threading does not know


def main(call: Call, report: Callable[[str, Any], None]) -> None:
    """Calls the function, reports what came of it, and sees the interpreter's other threads to their end."""
    global _finishing
    try:
        _call(call, report)
    finally:
        _finishing = True
        finished = False
        while not finished:
            try:
                _finish()
                finished = True
            except SystemExit:
                pass  # It was raised just before _finishing was set.


def _call(call: Call, report: Callable[[str, Any], None]) -> None:
    global _finishing
    module, path, args, kwargs = call
    del call
    try:
        value = find(module, path)(*args, **kwargs)
        _finishing = True
        report("value", value)
    except SystemExit:
        _finishing = True
        report("exit", None)
    except BaseException as error:
        # Describing imports modules: a SystemExit in the middle would leave open files behind.
        _finishing = True
        for description in describe(error):
            try:
                report("error", description)
            except NotShareableError:
                continue
            break


def _finish() -> None:
    """As at the end of a main program: waits end, own interpreters are stopped, all threads are waited for.

    Py_EndInterpreter would join threads too, but by then nobody could reach in any more to stop one; and up
    to CPython 3.13 it aborts the process when one is left that threading does not know, or does not know
    yet.
    """
    _interpreter.end()
    pause = 0.001
    while len(_threads()) > 1:
        if _stopping:
            _tell_others(threading.get_ident(), again=False)
        known = [thread for thread in _others() if thread.is_alive()]
        for thread in known:
            thread.join()
        if not known:
            # One that is only being started, that was started by _thread, or a visitor: nothing to be joined.
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
    # CPython 3.13 makes a stand-in for this thread when it is asked for, and fails to delete it as late as it
    # tries to.
    local = getattr(threading, "_thread_local_info", None)
    if local is not None:
        vars(local).pop("_track_dummy_thread_ref", None)


def stop_threads(main_thread: int) -> None:
    """Raises SystemExit in the threads of this interpreter. A visitor calls it, who is none of them."""
    global _stopping
    _stopping = True
    if not _finishing:
        _exit_thread(main_thread)
    _tell_others(main_thread, again=True)
    # Whoever waits for one of these cannot be reached before it has ended.
    _interpreter.stop_running()


def _tell_others(main_thread: int, again: bool) -> None:
    """Raises SystemExit in all threads but the main one; in those told before only if again is true."""
    # In this order: what has an ident here and is not among the others then is no thread of threading.
    idents = set(_threads())
    others = _others()
    for thread in others:
        # One that runs an interpreter ends with it. One that has not begun cannot be told: whoever started
        # it waits for it to begin.
        if thread.is_alive() and thread.ident is not None and not isinstance(thread, _interpreter.Runner):
            if again or thread not in _told:
                _told.add(thread)
                _exit_thread(thread.ident)
    if all(thread.is_alive() for thread in others):
        known = {thread.ident for thread in others} | {main_thread, threading.get_ident(), 0}
        for ident in idents - known:
            if again or ident not in _told_others:
                _told_others.add(ident)
                _exit_thread(ident)


def _others() -> list[threading.Thread]:
    """The threads that were started in this interpreter by threading."""
    return [
        thread
        for thread in threading.enumerate()
        # Up to CPython 3.12 the main thread is the one that runs main(); later it is that of the process.
        if thread is not threading.main_thread() and not isinstance(thread, threading._DummyThread)
    ]
