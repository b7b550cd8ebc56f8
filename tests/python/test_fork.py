"""os.fork(): what was made before raises in the child, what is made there works.

CPython can fork only while no other interpreter lives, so each test has a process of its own.
"""

import warnings
from collections.abc import Callable

import pytest

PRELUDE = """
import os, sys, threading, time, traceback, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork
import crossinterp as xi
import workers

def in_child(function):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            function()
            sys.stdout.flush()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status == 0, status

def raises(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected of {function}")
"""


@pytest.fixture
def forking(isolated: Callable[..., str]) -> Callable[[str], None]:
    warnings.simplefilter("error")
    return lambda code: print(isolated(PRELUDE + code))


def test_inherited_channels_raise(forking):
    forking("""
sender, receiver = xi.channel(2)
sender.send("before")
def child():
    for call in (
        lambda: sender.send(1), lambda: sender.try_send(1), lambda: sender.send(1, timeout=1),
        receiver.recv, receiver.try_recv, lambda: receiver.recv(timeout=1), lambda: list(receiver),
        sender.clone, receiver.clone, sender.close, receiver.close,
        lambda: len(sender), lambda: sender.closed,
    ):
        error = raises(xi.ForkedError, call)
        assert "fork" in str(error)
    assert "made before fork" in repr(sender)
    assert sender == sender and hash(sender) == hash(sender) and sender.capacity == 2
    raises(xi.ForkedError, xi.channel()[0].send, sender)
in_child(child)
assert receiver.recv() == "before" and not sender.closed
sender.send("after")
assert receiver.recv() == "after"
""")


def test_new_channels_work_in_the_child(forking):
    forking("""
old = xi.channel()
def child():
    sender, receiver = xi.channel(1)
    thread = threading.Thread(target=workers.produce, args=(sender, 0, 100))
    thread.start()
    assert [receiver.recv(10) for _ in range(100)] == list(range(100))
    thread.join()
    try:
        receiver.recv(timeout=0.05)
    except TimeoutError:
        pass
    queue = xi.Queue()
    queue.put({"queue": queue})
    assert queue.get()["queue"] == queue
in_child(child)
""")


def test_interpreters_can_be_spawned_in_the_child(forking):
    forking("""
assert xi.spawn(workers.add, 1).result() == 2
def child():
    assert xi.spawn(workers.add, 2).result(30) == 3
    sender, receiver = xi.channel()
    producer = xi.spawn(workers.produce, sender, 0, 10)
    del sender
    assert list(receiver) == list(range(10))
    producer.result(30)
in_child(child)
assert xi.spawn(workers.add, 3).result() == 4
""")


def test_the_child_exits_as_a_process_should(forking):
    """Not by os._exit: its own interpreters are stopped, its waits end, its ends are let go."""
    forking("""
old = xi.channel()
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    sender, receiver = xi.channel()
    def wait():
        raises(xi.InterpreterEnding, receiver.recv)
    threading.Thread(target=wait).start()
    xi.spawn(workers.compute)
    time.sleep(0.1)
    sys.exit(0)
_, status = os.waitpid(pid, 0)
assert status == 0, status
""")


def test_fork_while_threads_wait(forking):
    """Threads of the parent are in the middle of a wait, and go on."""
    forking("""
sender, receiver = xi.channel(0)
got = []
threads = [threading.Thread(target=lambda: got.extend(receiver)) for _ in range(3)]
for thread in threads:
    thread.start()
def child():
    raises(xi.ForkedError, sender.send, 1)
    new_sender, new_receiver = xi.channel(0)
    threading.Thread(target=new_sender.send, args=("new",)).start()
    assert new_receiver.recv(10) == "new"
for number in range(10):
    in_child(child)
    sender.send(number)
sender.close()
for thread in threads:
    thread.join()
assert sorted(got) == list(range(10))
""")


def test_fork_while_threads_are_busy(forking):
    """A lock of the library may be held by another thread at the moment of the fork."""
    forking("""
stop = False
def busy():
    while not stop:
        sender, receiver = xi.channel(1)
        sender.send(list(range(20)))
        receiver.recv()
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads:
    thread.start()
def child():
    sender, receiver = xi.channel()
    sender.send({"some": ["thing"]})
    assert receiver.recv(10) == {"some": ["thing"]}
for _ in range(30):
    in_child(child)
stop = True
for thread in threads:
    thread.join()
""")


def test_fork_of_a_thread_that_is_not_the_main_one(forking):
    """It is the child's main thread, and gets its signals."""
    forking("""
import signal
def child():
    sender, receiver = xi.channel()
    def wait():
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        receiver.recv(60)
    start = time.monotonic()
    raises(ZeroDivisionError, wait)
    assert time.monotonic() - start < 30
signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
failed = []
def run():
    try:
        in_child(child)
    except BaseException as error:
        failed.append(error)
thread = threading.Thread(target=run)
thread.start()
thread.join()
assert not failed, failed
""")


@pytest.mark.parametrize("wait", ["receiver.recv", "lambda: sender.send('not sent')"])
def test_a_handler_that_forks_in_the_middle_of_a_wait(forking, wait):
    """The wait is the parent's: it goes on there, and ends in the child."""
    forking(f"""
import signal
sender, receiver = xi.channel(0)
in_parent = os.getpid()
children = []
def handler(*_):
    pid = os.fork()
    if pid:
        children.append(pid)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    wait = {wait}
    threading.Timer(0.3, lambda: sender.send("sent") if "recv" in {wait!r} else receiver.recv()).start()
    wait()
    assert os.getpid() == in_parent
except xi.ForkedError:
    if os.getpid() != in_parent:
        os._exit(0)
    raise
except BaseException:
    traceback.print_exc()
    os._exit(1)
[pid] = children
_, status = os.waitpid(pid, 0)
assert status == 0, status
""")


def test_frozen_data_goes_on_working_in_the_child(forking):
    forking("""
table = xi.freeze({"key": [1, "two", b"three" * 100]})
def child():
    assert table["key"][1] == "two"
    sender, receiver = xi.channel()
    sender.send(table)
    assert receiver.recv() == table
in_child(child)
""")


def test_a_child_of_a_child(forking):
    forking("""
first = xi.channel()
def child():
    second = xi.channel()
    second[0].send(2)
    def grandchild():
        raises(xi.ForkedError, first[0].send, 1)
        raises(xi.ForkedError, second[0].send, 1)
        third = xi.channel()
        third[0].send(3)
        assert third[1].recv() == 3
    in_child(grandchild)
    assert second[1].recv() == 2
in_child(child)
""")


def test_subprocesses_start_while_interpreters_run(forking):
    forking("""
import subprocess
interpreter = xi.spawn(workers.compute)
assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
interpreter.stop()
interpreter.join()
""")
