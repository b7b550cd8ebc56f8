"""Interpreters ended at random moments: endings.py CYCLES SEED.

Each cycle starts some, does something with their channels, ends them at a random moment, and checks that
no message was lost, doubled or overtaken. The process itself ends while some still run. At most 50 cycles a
process: some CPythons lose 1.7 MiB in each.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import crossinterp as xi

import workers

LONG = 30.0  # seconds that nothing here may take


def ended(*interpreters: xi.Interpreter) -> None:
    for interpreter in interpreters:
        interpreter.join(LONG)
        assert not interpreter.is_alive(), f"{interpreter} does not end"


def drain(receiver: xi.Receiver) -> Iterator[Any]:
    """What is still to be received, until the channel has closed."""
    while True:
        try:
            yield receiver.recv(LONG)
        except xi.ChannelClosed:
            return


def producer_is_stopped(moment: Callable[[], None], rng: random.Random) -> None:
    """What it sent before it ended arrives, without a gap."""
    sender, receiver = xi.channel(rng.choice([0, 1, 16, None]))
    producer = xi.spawn(workers.produce_for_ever, sender)
    del sender
    got = []
    if rng.random() < 0.5:
        got = [receiver.recv(LONG) for _ in range(rng.randrange(100))]
    moment()
    producer.stop()
    got += drain(receiver)
    assert got == list(range(len(got)))
    ended(producer)


def consumer_is_stopped(moment: Callable[[], None], rng: random.Random) -> None:
    """What it had not received is there for the next, in order."""
    sender, receiver = xi.channel(rng.choice([1, 16, None]))
    back, seen = xi.channel()
    consumer = xi.spawn(workers.forward_marked, receiver, back)
    del back
    count = rng.randrange(200)
    try:
        for number in range(count):
            sender.send(number, timeout=0.01)
    except TimeoutError:
        count = number
    moment()
    consumer.stop()
    forwarded = [number for _, number in drain(seen)]
    sender.close()
    left = list(drain(receiver))
    # SystemExit may strike between receiving and forwarding: that message was delivered.
    assert forwarded == list(range(len(forwarded))), forwarded
    assert left == list(range(count - len(left), count)), left
    assert count - len(left) - len(forwarded) in (0, 1), (count, len(left), len(forwarded))
    ended(consumer)


def blocked_are_stopped(moment: Callable[[], None], rng: random.Random) -> None:
    sender, receiver = xi.channel(1)
    full, _kept = xi.channel(0)
    several = [
        xi.spawn(workers.receive_for_ever, receiver),
        xi.spawn(workers.send_for_ever, full),
    ]
    moment()
    for interpreter in several:
        interpreter.stop()
    ended(*several)
    sender.send("nobody else took it")
    assert receiver.recv(LONG) == "nobody else took it"


def threads_are_left_blocked(moment: Callable[[], None], rng: random.Random) -> None:
    sender, receiver = xi.channel(0)
    _other, silent = xi.channel(0)
    interpreter = xi.spawn(workers.leave_threads_blocked, silent, sender)
    if rng.random() < 0.5:
        moment()
        interpreter.stop()
    ended(interpreter)
    del sender
    assert list(drain(receiver)) == []


def other_side_goes_on(moment: Callable[[], None], rng: random.Random) -> None:
    """One interpreter is blocked on the channel of another, which ends: it gets ChannelClosed, not a hang."""
    sender, receiver = xi.channel(rng.choice([0, 3]))
    consumer = xi.spawn(workers.consume, receiver)
    producer = xi.spawn(workers.produce_for_ever, sender)
    del sender, receiver
    moment()
    producer.stop()
    got = consumer.result(LONG)
    assert got == list(range(len(got)))
    ended(producer, consumer)


def computing_is_stopped(moment: Callable[[], None], rng: random.Random) -> None:
    target = rng.choice(
        [
            workers.compute,
            workers.compute_in_threads,
            workers.compute_in_raw_threads,
            workers.compute_with_finalizers,
            workers.start_threads_for_ever,
            workers.naps,
        ]
    )
    interpreter = xi.spawn(target)
    moment()
    interpreter.stop()
    interpreter.join(2)
    while interpreter.is_alive():
        interpreter.stop()  # SystemExit was raised in a finalizer, and lost
        interpreter.join(2)


def nested_are_stopped(moment: Callable[[], None], rng: random.Random) -> None:
    interpreter = xi.spawn(workers.spawn_and_compute, 2)
    moment()
    interpreter.stop()
    ended(interpreter)


def message_meets_an_ending(moment: Callable[[], None], rng: random.Random) -> None:
    """Messages are sent while the interpreter of a blocked receiver ends: none is lost."""
    sender, receiver = xi.channel(rng.choice([0, 1, None]))
    back, seen = xi.channel()
    count = rng.randrange(1, 50)
    consumer = xi.spawn(workers.end_while_receiving, receiver, back, rng.random() * 0.01)
    producer = threading.Thread(target=workers.produce_slowly, args=(sender, count, rng.random() * 0.002))
    del back, sender
    producer.start()
    ended(consumer)
    assert consumer.result() == "left"
    taken = list(drain(seen))
    left = list(drain(receiver))
    producer.join()
    assert taken + left == list(range(count)), (taken, left)


SCENARIOS = [
    producer_is_stopped,
    consumer_is_stopped,
    blocked_are_stopped,
    threads_are_left_blocked,
    other_side_goes_on,
    computing_is_stopped,
    nested_are_stopped,
    message_meets_an_ending,
]


def main(cycles: int, seed: int) -> None:
    assert 0 < cycles <= 50
    rng = random.Random(seed)

    def moment() -> None:
        # From before the interpreter is made to well after it runs.
        delay = rng.choice([0.0, rng.random() * 0.005, rng.random() * 0.05])
        if delay:
            time.sleep(delay)

    for cycle in range(cycles):
        scenario = rng.choice(SCENARIOS)
        print(f"cycle {cycle}: {scenario.__name__}", flush=True)
        scenario(moment, rng)
    sender, receiver = xi.channel(0)
    last = [
        (workers.compute,),
        (workers.naps,),
        (workers.receive_for_ever, receiver),
        (workers.send_for_ever, sender),
        (workers.spawn_and_compute, 1),
        (workers.compute_in_threads,),
        (workers.echo, receiver, sender),
    ]
    for target, *args in rng.sample(last, 3):
        xi.spawn(target, *args)
    moment()
    print("end", flush=True)


main(int(sys.argv[1]), int(sys.argv[2]))
