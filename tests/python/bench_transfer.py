"""What it costs to send an object and receive it, with nobody waiting; and streams to another interpreter."""

import argparse
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import crossinterp as xi

import measuring
from demo.stdqueue import interpreters

BYTES = bytes(1 << 20)
DICT = {f"key {number}": number for number in range(10_000)}
TUPLE = tuple(range(10_000))

# What is sent, whether 3.13 calls it shareable, loops in a round.
CASES: list[tuple[str, Any, bool, int]] = [
    ("small int", 12345, True, 20_000),
    ("text of 100 characters", "x" * 100, True, 20_000),
    ("bytes of 1 MiB", BYTES, True, 50),
    ("tuple of 10,000 ints", TUPLE, True, 10),
    ("dict of 10,000 entries", DICT, False, 3),
]
FROZEN = {"tuple of 10,000 ints": TUPLE, "dict of 10,000 entries": DICT}


def there_and_back(put: Callable, get: Callable, thing: Any) -> Callable[[int], None]:
    """A task that puts and gets the thing."""

    def task(loops: int) -> None:
        for _ in range(loops):
            put(thing)
            get()

    return task


def solo(rounds: int, share: float) -> None:
    """One thread sends and receives: conversion, queue and nothing else."""
    for name, thing, shareable, loops in CASES:
        sender, receiver = xi.channel(4)
        tasks = {"crossinterp": there_and_back(sender.send, receiver.recv, thing)}
        if name in FROZEN:
            frozen = xi.freeze(FROZEN[name])
            tasks["crossinterp, frozen"] = there_and_back(sender.send, receiver.recv, frozen)
        for label, made in measuring.standard_queues(shareable).items():
            tasks[label] = there_and_back(made.put, made.get, thing)
        simple: queue.SimpleQueue = queue.SimpleQueue()
        tasks["queue.SimpleQueue (passes the reference)"] = there_and_back(simple.put, simple.get, thing)
        contenders = measuring.take_turns(tasks, max(1, int(loops * share)), rounds)
        measuring.print_table(f"send and receive: {name}", contenders)


def consume(receiver) -> int:
    """Runs in another interpreter: how many messages came."""
    return sum(1 for _ in receiver)


CONSUME = """
queue = Queue(messages)
while queue.get() is not None:
    pass
"""


def stream_ours(thing: Any, capacity: int) -> Callable[[int], None]:
    """A task that sends the thing to a new interpreter, again and again, until that one has all."""

    def task(loops: int) -> None:
        sender, receiver = xi.channel(capacity)
        consumer = xi.spawn("bench_transfer:consume", receiver)
        del receiver
        for _ in range(loops):
            sender.send(thing)
        sender.close()
        assert consumer.result() == loops

    return task


def stream_standard(thing: Any, capacity: int) -> Callable[[int], None]:
    """The same over the standard library's queue."""

    def task(loops: int) -> None:
        messages = interpreters.create_queue(capacity)
        consumer = interpreters.create()
        consumer.prepare_main(messages=messages.id)
        code = f"from {interpreters.__name__} import Queue\n{CONSUME}"
        thread = threading.Thread(target=consumer.exec, args=(code,))
        thread.start()
        for _ in range(loops):
            messages.put(thing)
        messages.put(None)
        thread.join()
        consumer.close()

    return task


def streams(rounds: int, share: float) -> None:
    """One interpreter sends, another receives; making and ending that one is part of the time."""
    for name, thing, most in (("small int", 12345, 20_000), ("bytes of 1 MiB", BYTES, 500)):
        loops = max(1, int(most * share))
        tasks = {"crossinterp": stream_ours(thing, 128)}
        if interpreters is not None:
            tasks["standard library's interpreter queue"] = stream_standard(thing, 128)
        contenders = measuring.take_turns(tasks, loops, rounds)
        measuring.print_table(f"stream of {loops:,} over capacity 128: {name}", contenders)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="rounds (default: %(default)s)")
    parser.add_argument(
        "--share", type=float, default=1.0, metavar="F", help="of the loops in a round (default: all)"
    )
    options = parser.parse_args()
    start = time.perf_counter()
    measuring.heading("sending and receiving")
    solo(options.rounds, options.share)
    streams(max(1, options.rounds // 3), options.share)
    print(f"\n{time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
