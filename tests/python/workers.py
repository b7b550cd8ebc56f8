"""Functions that the tests run in other interpreters: these import this module by its name."""

import _thread
import sys
import threading
import time
from typing import Any

import crossinterp


def add(left: Any, right: Any = 1) -> Any:
    return left + right


def give(value: Any) -> Any:
    return value


class Holder:
    """What a dotted target leads through."""

    @staticmethod
    def double(number: int) -> int:
        return number * 2

    @classmethod
    def named(cls) -> str:
        return cls.__name__


class PlainError(Exception):
    """Its type can be imported, its arguments can be sent."""


class FieldError(Exception):
    """It has fields, and an __init__ that wants something else than what Exception keeps."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.code = code
        self.reason = reason


def make_local_error() -> type[Exception]:
    class LocalError(Exception):
        pass

    return LocalError


def fail(kind: str) -> None:
    if kind == "plain":
        raise PlainError("one", 2)
    if kind == "field":
        raise FieldError(7, reason="seven")
    if kind == "local":
        raise make_local_error()("nobody can import me")
    if kind == "unshareable":
        raise PlainError(object())
    if kind == "group":
        raise ExceptionGroup("several", [ValueError(1)])
    if kind == "chained":
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error
    if kind == "exit":
        sys.exit(3)
    if kind == "file":
        open("/nonexistent/file")
    raise AssertionError(kind)


def unshareable() -> list[Any]:
    return [1, {"key": object()}]


def path() -> list[str]:
    return sys.path


def echo(receiver: crossinterp.Receiver, sender: crossinterp.Sender) -> int:
    """Sends back what it receives, until the channel closes; returns how much that was."""
    count = 0
    for item in receiver:
        sender.send(item)
        count += 1
    return count


def consume(receiver: crossinterp.Receiver) -> list[Any]:
    return list(receiver)


def produce(sender: crossinterp.Sender, start: int, stop: int) -> None:
    for number in range(start, stop):
        sender.send(number)


def produce_bytes(sender: crossinterp.Sender, count: int, size: int) -> None:
    """Blocks of bytes that start with their number."""
    for number in range(count):
        sender.send(number.to_bytes(8, "little") + bytes(size - 8))


def produce_for_ever(sender: crossinterp.Sender) -> None:
    number = 0
    while True:
        sender.send(number)
        number += 1


def forward_marked(receiver: crossinterp.Receiver, sender: crossinterp.Sender) -> None:
    for item in receiver:
        sender.send(("seen", item))


def receive_for_ever(receiver: crossinterp.Receiver, ready: crossinterp.Sender | None = None) -> Any:
    if ready is not None:
        ready.send("ready")
    return receiver.recv()


def send_for_ever(sender: crossinterp.Sender, ready: crossinterp.Sender | None = None) -> None:
    if ready is not None:
        ready.send("ready")
    while True:
        sender.send("more")


def leave_threads_blocked(receiver: crossinterp.Receiver, sender: crossinterp.Sender) -> str:
    """Returns while threads of this interpreter are blocked for ever."""
    threading.Thread(target=swallow_ending, args=(receiver.recv,)).start()
    threading.Thread(target=swallow_ending, args=(send_for_ever, sender)).start()
    time.sleep(0.02)
    return "left"


def produce_slowly(sender: crossinterp.Sender, count: int, pause: float) -> None:
    for number in range(count):
        time.sleep(pause)
        sender.send(number)


def end_while_receiving(receiver: crossinterp.Receiver, back: crossinterp.Sender, seconds: float) -> str:
    """Returns after that time, while its threads are in the middle of receiving, one after the other."""

    def forward() -> None:
        # What is received is sent back before anybody else can receive.
        with turn:
            for item in receiver:
                back.send(item)

    turn = threading.Lock()
    for _ in range(2):
        threading.Thread(target=swallow_ending, args=(forward,)).start()
    time.sleep(seconds)
    return "left"


def swallow_ending(function: Any, *args: Any) -> None:
    try:
        function(*args)
    except crossinterp.InterpreterEnding:
        pass


def compute(ready: crossinterp.Sender | None = None) -> None:
    if ready is not None:
        ready.send("ready")
    number = 0
    while True:
        number += 1


class Noisy:
    """Objects whose finalizers run Python code, where an exception raised from outside is lost."""

    def __del__(self) -> None:
        sum(range(20))


def compute_with_finalizers() -> None:
    def hook(lost: sys.UnraisableHookArgs) -> None:
        if lost.exc_type is not SystemExit:
            sys.__unraisablehook__(lost)

    # CPython prints what is raised in a finalizer; that a stop may be lost there is what this is for.
    sys.unraisablehook = hook
    while True:
        Noisy()


def compute_in_threads() -> None:
    for _ in range(2):
        threading.Thread(target=compute).start()
    compute()


def compute_in_raw_threads() -> None:
    for _ in range(2):
        _thread.start_new_thread(compute, ())
    compute()


def leave_raw_thread(seconds: float) -> str:
    """Returns while a thread that threading does not know still runs."""
    _thread.start_new_thread(time.sleep, (seconds,))
    return "left"


def start_threads_for_ever() -> None:
    while True:
        threading.Thread(target=compute).start()
        time.sleep(0.001)


def naps() -> None:
    while True:
        time.sleep(0.002)


def catch_once(ready: crossinterp.Sender) -> str:
    """Catches the SystemExit by which it is stopped, cleans up, and returns."""
    try:
        compute(ready)
    except SystemExit:
        return "cleaned up"
    return "never"


def catch_and_go_on(ready: crossinterp.Sender) -> None:
    try:
        compute(ready)
    except SystemExit:
        compute()


def keep_for_ever(sender: crossinterp.Sender) -> str:
    """Keeps an end in a cycle with a function that outlives the modules."""
    cycle: list[Any] = [sender]
    cycle.append(cycle)
    sys.kept = (cycle, keep_for_ever)  # type: ignore[attr-defined]
    crossinterp._core.kept = sender  # type: ignore[attr-defined]
    return "kept"


def spawn_and_compute(depth: int, ready: crossinterp.Sender | None = None) -> None:
    """A chain of interpreters, each spawned by the one before, and all computing."""
    if depth > 0:
        crossinterp.spawn(spawn_and_compute, depth - 1, ready)
        compute()
    compute(ready)


def wait_for_a_computing_one(ready: crossinterp.Sender) -> None:
    """Blocked in result(), which no exception can end."""
    crossinterp.spawn(compute, ready).result()


def spawn_and_return(receiver: crossinterp.Receiver) -> str:
    """Returns while an interpreter that it spawned is blocked."""
    ready, told = crossinterp.channel()
    crossinterp.spawn(receive_for_ever, receiver, ready)
    told.recv(10)
    return "left"


def nested_sum(depth: int) -> int:
    return 1 + crossinterp.spawn(nested_sum, depth - 1).result() if depth > 0 else 0


def current_thread_name() -> str:
    return threading.current_thread().name


def try_in_child(receiver: crossinterp.Receiver, timeout: float) -> str:
    try:
        receiver.recv(timeout)
    except TimeoutError:
        return "TimeoutError"
    return "received"


def idle_cost(
    receiver: crossinterp.Receiver, ready: crossinterp.Sender, in_thread: bool
) -> tuple[Any, float, int]:
    """What a blocked recv costs its thread: the message, CPU seconds, how often it slept."""
    cost: list[Any] = []
    if in_thread:
        thread = threading.Thread(target=lambda: cost.append(measure_recv(receiver, ready)))
        thread.start()
        thread.join()
    else:
        cost.append(measure_recv(receiver, ready))
    return cost[0]


def measure_recv(receiver: crossinterp.Receiver, ready: crossinterp.Sender) -> tuple[Any, float, int]:
    import resource

    ready.send("ready")
    before = resource.getrusage(resource.RUSAGE_THREAD)
    item = receiver.recv()
    after = resource.getrusage(resource.RUSAGE_THREAD)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The others, which are not voluntary, come from the yields before the sleep when the machine is busy.
    return item, cpu, after.ru_nvcsw - before.ru_nvcsw
