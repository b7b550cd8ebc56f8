"""What the benchmarks have in common: contenders take turns, medians and worst rounds are compared."""

import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.stdqueue import interpreters


@dataclass
class Contender:
    """One of those who are compared, and its samples in nanoseconds."""

    name: str
    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle of all samples."""
        return statistics.median(self.samples)

    @property
    def worst(self) -> float:
        """The largest of all samples."""
        return max(self.samples)


def heading(what: str) -> None:
    """What is measured, on what."""
    print(f"{what}, CPython {platform.python_version()}", flush=True)


def time_unit(nanoseconds: float) -> str:
    """A time as a person reads it."""
    for limit, divisor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "µs"), (1e9, 1e6, "ms")):
        if nanoseconds < limit:
            return f"{nanoseconds / divisor:.3g} {unit}"
    return f"{nanoseconds / 1e9:.3g} s"


def print_table(title: str, contenders: list[Contender]) -> None:
    """Medians and worst samples; ratios say how many times as long as the first contender each takes."""
    first = contenders[0]
    print(f"\n{title:<46}{'median':>10}{'worst':>10}{'ratio':>8}")
    for contender in contenders:
        times = f"{time_unit(contender.median):>10}{time_unit(contender.worst):>10}"
        print(f"  {contender.name:<44}{times}{contender.median / first.median:8.2f}", flush=True)


def take_turns(tasks: dict[str, Callable[[int], None]], loops: int, rounds: int) -> list[Contender]:
    """Call each task(loops) once a round, in turn; a sample is the time of one loop."""
    contenders = [Contender(name) for name in tasks]
    for task in tasks.values():
        task(max(1, loops // 10))
    for number in range(rounds):
        turn = list(zip(contenders, tasks.values(), strict=True))
        for contender, task in turn if number % 2 else reversed(turn):
            start = time.perf_counter_ns()
            task(loops)
            contender.samples.append((time.perf_counter_ns() - start) / loops)
    return contenders


def standard_queues(shareable: bool) -> dict[str, object]:
    """The standard library's queues between interpreters, by name; none where it has none.

    CPython 3.13 has two ways; what it calls shareable can go both.
    """
    if interpreters is None:
        return {}
    if sys.version_info >= (3, 14):
        return {"standard library's interpreter queue": interpreters.create_queue()}
    queues = {"standard library's interpreter queue, pickled": interpreters.create_queue(syncobj=False)}
    if shareable:
        queues["standard library's interpreter queue, shared"] = interpreters.create_queue(syncobj=True)
    return queues
