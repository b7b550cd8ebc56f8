"""Interpreters to run functions in, in the manner of threading.Thread."""

import atexit
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from ._core import Run, _end_waits
from ._errors import InterpreterEnding
from ._remote import RemoteError, main_path, name_of, rebuild

__all__ = ["Interpreter", "InterpreterStopped", "spawn"]

_STOP_AGAIN = 2.0  # seconds

_numbers = itertools.count(1)
_lock = threading.Lock()
_running: set["Interpreter"] = set()
_ending = False


class InterpreterStopped(RuntimeError):
    """The interpreter was stopped before its function returned."""


class Runner(threading.Thread):
    """The thread that lives in an interpreter."""


class Interpreter:
    """A thread with an interpreter of its own, which has a GIL of its own, and calls one function.

    ``target`` is ``"module:function"`` (the function may be a dotted path), or a function, class or builtin
    that is found under its own name in an importable module. Functions of ``__main__``, lambdas and
    functions made inside of others cannot be found by another interpreter: NotShareableError.

    Arguments and result are sent as through a channel. The new interpreter imports the module anew; it gets
    this one's ``sys.path`` as it is when start() is called, and nothing else.

    It has ended when the function has returned and the threads started there have ended. When the function
    has returned nobody may wait there any more: a blocked thread gets InterpreterEnding.

    When this interpreter or the program ends, the interpreters it started are stopped, as by stop().

    In a ``with`` block it is started if it was not, and joined at the end; an exception in the block stops
    it.
    """

    def __init__(
        self,
        target: str | Callable[..., Any],
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
    ) -> None:
        self._module, self._path = name_of(target)
        self._args: tuple[Any, ...] = tuple(args)
        self._kwargs = dict(kwargs or {})
        self._name = f"Interpreter-{next(_numbers)}" if name is None else str(name)
        self._run: Run | None = None
        self._thread: Runner | None = None
        # Not the thread is waited for: in CPython 3.12 a join that Ctrl-C interrupts takes it for ended.
        self._ended = threading.Event()
        self._broken: BaseException | None = None
        self._outcome: tuple[str | None, Any] | None = None

    def __repr__(self) -> str:
        if self._thread is None:
            state = "not started"
        elif self.is_alive():
            state = "running"
        else:
            state = "ended"
        return f"<crossinterp.Interpreter {self._name!r} of {self._module}:{self._path}, {state}>"

    @property
    def name(self) -> str:
        """A name for people; it is also the thread's."""
        return self._name

    @property
    def id(self) -> int | None:
        """CPython's number of the interpreter; None before it was made."""
        return self._run.id if self._run is not None else None

    def start(self) -> None:
        """Starts it. Once only.

        NotShareableError: an argument cannot be sent; nothing was started. RuntimeError: it was started
        already, or this interpreter is ending.
        """
        if self._thread is not None:
            raise RuntimeError("an Interpreter can be started only once")
        run = Run(main_path(), (self._module, self._path, self._args, self._kwargs))
        thread = Runner(target=self._live, name=self._name, daemon=False)
        with _lock:
            if _ending:
                raise RuntimeError("this interpreter is ending: it cannot start another one")
            _running.add(self)
            self._run, self._thread = run, thread
            try:
                thread.start()
            except BaseException:
                _running.discard(self)
                self._run = self._thread = None
                raise
        # What was sent is the other one's now: a channel's end kept here would keep the channel open.
        self._args, self._kwargs = (), {}

    def _live(self) -> None:
        try:
            self._started_run().run()
        except BaseException as error:
            self._broken = error
        finally:
            _running.discard(self)
            self._ended.set()

    def _started_run(self) -> Run:
        if self._run is None:
            raise RuntimeError("the Interpreter was not started")
        return self._run

    def is_alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._thread is not None and not self._ended.is_set()

    def join(self, timeout: float | None = None) -> None:
        """Waits until it has ended, at most timeout seconds: is_alive() tells which of the two it was."""
        self._started_run()
        if timeout is not None:
            if not timeout >= 0:
                raise ValueError("timeout must be a number, not negative")
            timeout = min(timeout, threading.TIMEOUT_MAX)
        self._ended.wait(timeout)

    def result(self, timeout: float | None = None) -> Any:
        """Waits until it has ended, and returns what the function returned, or raises what it raised.

        The exception has the same type if that can be imported here and be made of what it was made of
        there, else it is a RemoteError; its ``__cause__`` shows the traceback of the other interpreter. A
        function that raises SystemExit just ends, as in a thread: the result is None. NotShareableError:
        the result could not be sent. InterpreterStopped: it was stopped. TimeoutError: it has not ended
        within timeout seconds.
        """
        self.join(timeout)
        if self.is_alive():
            raise TimeoutError(f"{self._name} has not ended")
        if self._outcome is None:
            self._outcome = self._find_outcome()
        kind, value = self._outcome
        if kind == "raise":
            raise value
        return value

    def _find_outcome(self) -> tuple[str, Any]:
        if self._broken is not None:
            return "raise", self._broken
        run = self._started_run()
        kind, value = run.outcome()
        if kind == "error":
            value = rebuild(value)
        if run.stopping and (kind in (None, "exit", "failed") or isinstance(value, InterpreterEnding)):
            return "raise", InterpreterStopped(f"{self._name} was stopped")
        if kind == "failed":
            value = RemoteError(f"the function could not be called: {value}")
        return ("value" if kind in ("value", "exit") else "raise"), value

    def stop(self) -> None:
        """Asks it to end: its waits on channels end with InterpreterEnding, new ones are refused, and
        SystemExit is raised in its threads.

        SystemExit comes when a thread next runs Python code, so not in a long call into C, such as a long
        sleep. It is not waited for the end. Before start(): RuntimeError; after the end nothing happens.
        """
        self._started_run().stop()

    def __enter__(self) -> Self:
        if self._thread is None:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.stop()
        self.join()


def spawn(target: str | Callable[..., Any], /, *args: Any, **kwargs: Any) -> Interpreter:
    """Calls a function in an interpreter of its own: makes an Interpreter and starts it."""
    interpreter = Interpreter(target, args, kwargs)
    interpreter.start()
    return interpreter


def stop_running() -> None:
    """Stops the interpreters that this one started."""
    for interpreter in list(_running):
        interpreter.stop()


def end() -> None:
    """What comes before the end of this interpreter: those that it started end first, then its waits."""
    global _ending
    with _lock:
        first = not _ending
        _ending = True
        running = list(_running)
    if first:
        _keep_quiet()
    _stop(running)
    _end_waits()


def _stop(running: list[Interpreter]) -> None:
    for interpreter in running:
        interpreter.stop()
    for interpreter in running:
        interpreter.join(_STOP_AGAIN)
        while interpreter.is_alive():
            # SystemExit was caught, or lost in a place where CPython only prints exceptions.
            interpreter.stop()
            interpreter.join(_STOP_AGAIN)


def _keep_quiet() -> None:
    """A thread that the end of the interpreter ends is none that has failed: it prints no traceback."""
    excepthook = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, InterpreterEnding):
            excepthook(args)

    threading.excepthook = hook


def _after_fork() -> None:
    """In the child of a fork: whoever held the lock is gone, and no interpreter was running."""
    global _lock
    _lock = threading.Lock()
    _running.clear()


def _register() -> None:
    # Before threads are joined; and once more after that, for when Ctrl-C has ended the first: CPython 3.12
    # aborts when an interpreter is left over.
    register = getattr(threading, "_register_atexit", None)
    if register is not None:
        try:
            register(end)
        except RuntimeError:  # this interpreter is ending
            global _ending
            _ending = True
    atexit.register(end)
    os.register_at_fork(after_in_child=_after_fork)


_register()
