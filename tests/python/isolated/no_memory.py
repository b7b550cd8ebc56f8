"""Lets each allocation of Python fail in turn during conversions, freezing and reading of views.

Every run ends with the right result or with MemoryError; afterwards all works, and no reference is left over.
Prints how many allocations failed.
"""

import _testcapi
import sys

import crossinterp
from crossinterp import freeze

SHARED = ["a part that two ways lead to", b"bytes that are longer than a value"]
PLAIN = {
    "list": [1, 2.5, None, "text beyond the value", "é" * 20, "€" * 20, "😀" * 20, SHARED],
    "tuple": (2**100, -(2**200), SHARED, ({}, [], ())),
    (1, "key"): {i: [i] for i in range(12)},
    "bytes": b"x" * 100,
}
BAD = {"list": [SHARED, {"key": [0, SHARED, {"bad": object()}]}]}
CYCLE: dict = {"list": [SHARED]}
CYCLE["list"].append(CYCLE)
VIEW = freeze(PLAIN)
SEQUENCE = freeze([PLAIN, "x", 2**100, (1, "x" * 50)])

sender, receiver = crossinterp.channel()


def pass_through():
    sender.send(PLAIN)
    return receiver.recv()


def refused(value):
    def act():
        try:
            freeze(value)
        except crossinterp.NotShareableError as error:
            return error.path

    return act


OPERATIONS = {
    "send and receive": (pass_through, PLAIN),
    "freeze": (lambda: freeze(PLAIN), PLAIN),
    "thaw": (VIEW.thaw, PLAIN),
    "repr": (lambda: repr(VIEW), f"frozen({PLAIN!r})"),
    "path": (refused(BAD), "['list'][1]['key'][2]['bad']"),
    "cycle": (refused(CYCLE), "['list'][1]"),
    "lookup": (lambda: VIEW["list"], PLAIN["list"]),
    "lookup of a tuple": (lambda: VIEW.get((1, "key")), PLAIN[(1, "key")]),
    "lookup of a large int": (lambda: VIEW.get(2**100), None),
    "items": (lambda: list(VIEW.items()), list(PLAIN.items())),
    "values": (lambda: list(VIEW.values()), list(PLAIN.values())),
    "equal to a dict": (lambda: VIEW == PLAIN, True),
    "equal to a view": (lambda: VIEW == freeze(PLAIN), True),
    "sequence": (lambda: list(SEQUENCE), SEQUENCE.thaw()),
    "slice": (lambda: SEQUENCE[1:3], SEQUENCE.thaw()[1:3]),
    "index": (lambda: SEQUENCE.index(2**100), 2),
    "count": (lambda: SEQUENCE.count([]), 0),
    "hash": (lambda: hash(SEQUENCE[3]), hash((1, "x" * 50))),
    "less": (lambda: freeze([1, [2]]) < [1, [3]], True),
    "reduce": (lambda: VIEW.__reduce__()[1], (PLAIN,)),
}


def empty_channel():
    while True:
        try:
            receiver.try_recv()
        except crossinterp.ChannelEmpty:
            return


def fails_at(operation, number):
    """Whether the operation met the failing allocation; its result if it did not."""
    _testcapi.set_nomemory(number, number + 1)
    try:
        result = operation()
    except MemoryError:
        _testcapi.remove_mem_hooks()
        return True, None
    finally:
        _testcapi.remove_mem_hooks()
    return False, result


def check(name, operation, expected):
    assert operation() == expected, name
    before = [sys.getrefcount(part) for part in (SHARED, SHARED[0], SHARED[1], PLAIN)]
    failures = 0
    misses = 0
    number = 0
    # An allocation whose failure is not seen as MemoryError (a cache that could not be filled) is a miss.
    while misses < 50:
        failed, result = fails_at(operation, number)
        number += 1
        if failed:
            failures += 1
            misses = 0
            empty_channel()
        else:
            misses += 1
            assert result == expected, (name, number)
        del result
    assert operation() == expected, name
    after = [sys.getrefcount(part) for part in (SHARED, SHARED[0], SHARED[1], PLAIN)]
    assert before == after, (name, before, after)
    assert failures > 0, name
    return failures


total = 0
for name, (operation, expected) in OPERATIONS.items():
    count = check(name, operation, expected)
    total += count
    print(f"{name}: {count}")
print(total)
