"""Queue: the methods and exceptions of queue.Queue, between interpreters."""

import queue
import sys
import threading
import time

import crossinterp
import pytest

import workers

LONG = 30.0


def get_all(shared, back):
    """Runs in another interpreter."""
    try:
        while True:
            back.put(shared.get())
    except crossinterp.QueueShutDown:
        return repr(type(shared))


def test_first_in_first_out():
    shared = crossinterp.Queue()
    assert shared.empty() and not shared.full() and shared.qsize() == 0 and shared.maxsize == 0
    for number in range(5):
        shared.put(number)
    assert shared.qsize() == 5 and not shared.empty() and not shared.full()
    assert [shared.get() for _ in range(5)] == list(range(5))


@pytest.mark.parametrize("maxsize", [0, -1, -5])
def test_no_limit(maxsize):
    shared = crossinterp.Queue(maxsize)
    for number in range(1000):
        shared.put_nowait(number)
    assert shared.maxsize == 0 and not shared.full()


def test_full_and_empty():
    shared = crossinterp.Queue(maxsize=2)
    for get in (
        lambda: shared.get_nowait(),
        lambda: shared.get(False),
        lambda: shared.get(block=False, timeout=5),
        lambda: shared.get(timeout=0.01),
        lambda: shared.get(True, 0),
    ):
        with pytest.raises(queue.Empty) as caught:
            get()
        assert type(caught.value) is crossinterp.QueueEmpty
    shared.put(1)
    shared.put(2)
    assert shared.full() and shared.maxsize == 2
    item = ["not put"]
    for put in (
        lambda: shared.put_nowait(item),
        lambda: shared.put(item, False),
        lambda: shared.put(item, block=False, timeout=5),
        lambda: shared.put(item, timeout=0.01),
        lambda: shared.put(item, True, 0),
    ):
        with pytest.raises(queue.Full) as caught:
            put()
        assert type(caught.value) is crossinterp.QueueFull and caught.value.item is item
    assert shared.qsize() == 2


def test_timeouts():
    shared = crossinterp.Queue(1)
    start = time.monotonic()
    with pytest.raises(queue.Empty):
        shared.get(timeout=0.25)
    assert time.monotonic() - start >= 0.25
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            shared.get(timeout=wrong)
        with pytest.raises(ValueError, match="timeout"):
            shared.put(1, timeout=wrong)
    timer = threading.Timer(0.05, shared.put, ["late"])
    timer.start()
    assert shared.get(timeout=LONG) == "late"
    timer.join()


def test_shutdown_drains():
    shared = crossinterp.Queue()
    shared.put(1)
    shared.put(2)
    shared.shutdown()
    item = ["not put"]
    with pytest.raises(crossinterp.QueueShutDown) as caught:
        shared.put(item)
    assert caught.value.item is item
    assert [shared.get(), shared.get_nowait()] == [1, 2]
    for get in (shared.get, shared.get_nowait, lambda: shared.get(timeout=1)):
        with pytest.raises(crossinterp.QueueShutDown):
            get()
    shared.shutdown()


def test_shutdown_immediate():
    shared = crossinterp.Queue()
    shared.put(1)
    shared.shutdown(immediate=True)
    assert shared.empty()
    with pytest.raises(crossinterp.QueueShutDown):
        shared.get()


def test_shutdown_wakes():
    shared = crossinterp.Queue()
    timer = threading.Timer(0.05, shared.shutdown)
    timer.start()
    with pytest.raises(crossinterp.QueueShutDown):
        shared.get(timeout=LONG)
    timer.join()


def test_exceptions_are_those_of_the_standard_library():
    assert issubclass(crossinterp.QueueEmpty, queue.Empty)
    assert issubclass(crossinterp.QueueFull, queue.Full)
    if sys.version_info >= (3, 13):
        assert issubclass(crossinterp.QueueShutDown, queue.ShutDown)


def test_what_cannot_be_sent_cannot_be_put():
    shared = crossinterp.Queue()
    with pytest.raises(crossinterp.NotShareableError) as caught:
        shared.put([1, {"key": object()}])
    assert caught.value.path == "[1]['key']"
    assert shared.empty()


def test_a_queue_is_sent_as_itself():
    shared = crossinterp.Queue(3)
    outer = crossinterp.Queue()
    outer.put({"queue": shared, "again": shared})
    got = outer.get()
    assert got["queue"] == shared and got["again"] == shared and hash(got["queue"]) == hash(shared)
    assert got["queue"] != outer and got["queue"] != "queue" and got["queue"].maxsize == 3
    got["queue"].put("there")
    assert shared.get(timeout=1) == "there"


def test_between_interpreters():
    shared, back = crossinterp.Queue(2), crossinterp.Queue()
    several = [crossinterp.spawn(get_all, shared, back) for _ in range(2)]
    for number in range(100):
        shared.put(number)
    shared.shutdown()
    assert [each.result(LONG) for each in several] == ["<class 'crossinterp._queue.Queue'>"] * 2
    assert sorted(back.get_nowait() for _ in range(100)) == list(range(100))
    assert back.empty()


def test_a_queue_can_be_returned_and_used_as_an_argument():
    shared = crossinterp.spawn(crossinterp.Queue, 2).result(LONG)
    assert crossinterp.spawn(workers.give, shared).result(LONG) == shared


def test_generic_alias_and_repr():
    assert crossinterp.Queue[int](1).maxsize == 1
    assert repr(crossinterp.Queue(1)).startswith("<crossinterp.Queue over <crossinterp.Sender of channel")
