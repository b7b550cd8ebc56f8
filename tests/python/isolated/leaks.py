"""Repeats what allocates, also what fails half-way, and looks at the memory in use: it must not grow.

Each operation handles more than 10 kB, so that a thing lost each time would show as ten megabytes.
"""

import gc
import os
import sys

import crossinterp
from crossinterp import freeze

ROUNDS = 1000
ALLOWED = 2 << 20

PART = ["a part that is in every message", b"0123456789abcdef", {"key": "x" * 5000}]
MESSAGE = [PART, PART, {"text": "y" * 10_000, "list": list(range(1000))}, (2**1000, "é" * 100)]
CULPRIT = object()
BAD = [*MESSAGE, {"bad": [CULPRIT]}]
BAD_KEY = [*MESSAGE, {(1, CULPRIT): 1}]
CYCLE = [*MESSAGE]
CYCLE.append({"again": CYCLE})
VIEW = freeze(MESSAGE)

sender, receiver = crossinterp.channel()


def refused(value):
    def act():
        for verb in (sender.send, freeze):
            try:
                verb(value)
            except crossinterp.NotShareableError:
                continue
            raise AssertionError("it was not refused")

    return act


def deep():
    value = "z" * 10_000
    for _ in range(100_000):
        value = [value]
    try:
        sender.send(value)
    except RecursionError:
        pass
    while type(value) is list:
        (value,) = value


def transfer():
    sender.send(MESSAGE)
    sender.send(VIEW)
    receiver.recv()
    receiver.recv()


def abandon():
    outer, _outer_receiver = crossinterp.channel()
    inner, inner_receiver = crossinterp.channel()
    inner.send(MESSAGE)
    outer.send([inner, inner_receiver, VIEW])


def read():
    view = freeze(MESSAGE)
    assert view[2]["list"][10] == 10
    assert len(view[1:]) == 3
    assert view == MESSAGE
    assert sum(1 for _ in view[2].items()) == 2
    assert hash(view[3]) == hash(MESSAGE[3])
    assert 2**1000 in view[3]
    view.thaw()
    repr(view)


def miss():
    for key in ("absent", 2**1000, (1, "x" * 10_000), object(), [1]):
        try:
            VIEW[2][key]
        except (KeyError, TypeError):
            continue
        raise AssertionError("it was found")


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


OPERATIONS = {
    "refused": refused(BAD),
    "refused for a key": refused(BAD_KEY),
    "refused for a cycle": refused(CYCLE),
    "too deep": deep,
    "transfer": transfer,
    "abandon": abandon,
    "read": read,
    "miss": miss,
}

before = [sys.getrefcount(thing) for thing in (PART, *PART, CULPRIT)]
for name, operation in OPERATIONS.items():
    rounds = 50 if operation is deep else ROUNDS
    for _ in range(rounds // 5):
        operation()
    start = resident()
    for _ in range(rounds):
        operation()
    growth = resident() - start
    print(f"{name}: {growth >> 10} KiB")
    assert growth < ALLOWED, name
assert before == [sys.getrefcount(thing) for thing in (PART, *PART, CULPRIT)]
