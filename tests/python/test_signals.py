"""Ctrl-C and other signals: they interrupt waits of the main interpreter's main thread, and only these."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import crossinterp
import pytest

HERE = Path(__file__).resolve().parent
LONG = 30.0
SOON = 0.3  # seconds within which Ctrl-C ends a wait

PRELUDE = """
import signal, sys, threading, time
import crossinterp as xi
import workers
sender, receiver = xi.channel(0)
def act():
    print("waiting", flush=True)
    {action}
try:
    act()
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""


def interrupted(action: str, delay: float) -> tuple[float, str]:
    """How long after Ctrl-C the action was over, and what else was printed; the process must end cleanly."""
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-W", "error", "-c", PRELUDE.format(action=action)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    time.sleep(delay)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LONG)
    assert (process.returncode, err) == (0, ""), f"{process.returncode}\n{out}\n{err}"
    ended, _, rest = out.partition("\n")
    return float(ended) - sent, rest


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.4])
@pytest.mark.parametrize(
    "action",
    [
        "receiver.recv()",
        "receiver.recv(timeout=100)",
        "sender.send(1)",
        "sender.send(1, timeout=100)",
        "next(receiver)",
        "xi.Queue().get()",
    ],
)
def test_ctrl_c_ends_a_wait(action, delay):
    passed, _ = interrupted(action, delay)
    assert passed < SOON


@pytest.mark.parametrize(
    "action", ["xi.spawn(workers.receive_for_ever, receiver).result()", "xi.spawn(workers.compute).join()"]
)
def test_ctrl_c_ends_waiting_for_an_interpreter(action):
    passed, _ = interrupted(action, 0.3)
    assert passed < SOON


def test_ctrl_c_while_the_process_ends():
    """Something that cannot be interrupted holds the end up; an impatient user does not make it crash."""
    code = """
import crossinterp, time
crossinterp.spawn("time:sleep", 2)
time.sleep(0.3)
print("end", flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "end\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LONG)
    assert process.returncode >= 0 and "Fatal Python error" not in err, err
    assert "KeyboardInterrupt" in err


def test_nothing_is_sent_or_lost_when_a_handler_raises():
    sender, receiver = crossinterp.channel(1)
    sender.send("first")

    class Alarm(Exception):
        pass

    def raise_alarm(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, raise_alarm)
    try:
        for _ in range(20):
            with pytest.raises(Alarm):  # even if the machine takes longer to get there
                signal.setitimer(signal.ITIMER_REAL, 0.005)
                sender.send("never")
        assert [receiver.recv(), len(receiver)] == ["first", 0]
        for _ in range(20):
            with pytest.raises(Alarm):
                signal.setitimer(signal.ITIMER_REAL, 0.005)
                receiver.recv()
        sender.send("still works")
        assert receiver.recv() == "still works"
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_handler_that_does_not_raise_does_not_end_the_wait():
    sender, receiver = crossinterp.channel()
    handled = []
    before = signal.signal(signal.SIGALRM, lambda *_: handled.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            receiver.recv(timeout=0.3)
        assert 0.3 <= time.monotonic() - start < 2
        assert len(handled) >= 5
        timer = threading.Timer(0.1, sender.send, ["late"])
        timer.start()
        assert receiver.recv(LONG) == "late"
        timer.join()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_handler_keeps_the_place_in_the_queue():
    """The main thread waits first; a signal must not put it behind the one that came later."""
    sender, receiver = crossinterp.channel()
    got = []
    second = threading.Thread(target=lambda: got.append(receiver.recv()))
    threading.Timer(0.05, second.start).start()
    threading.Timer(0.3, lambda: [sender.send("first"), sender.send("second")]).start()
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.02)
        assert receiver.recv(LONG) == "first"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    second.join()
    assert got == ["second"]


def test_a_handler_may_use_the_channel_that_is_waited_on():
    sender, receiver = crossinterp.channel(4)
    before = signal.signal(signal.SIGALRM, lambda *_: sender.send("from the handler"))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert receiver.recv(LONG) == "from the handler"
    finally:
        signal.signal(signal.SIGALRM, before)


def test_messages_and_signals_at_once_lose_nothing():
    """A message may come in the very moment in which a handler raises."""
    sender, receiver = crossinterp.channel()
    count = 300
    rng = random.Random(1)

    class Alarm(Exception):
        pass

    def raise_alarm(number, frame):
        raise Alarm

    def produce():
        for number in range(count):
            time.sleep(rng.random() * 0.002)
            sender.send(number)
        sender.close()

    got = []
    producer = threading.Thread(target=produce)
    before = signal.signal(signal.SIGALRM, raise_alarm)
    try:
        producer.start()
        while True:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005 + rng.random() * 0.001)
                item = receiver.recv()
                signal.setitimer(signal.ITIMER_REAL, 0)
                got.append(item)
            except Alarm:
                continue
            except crossinterp.ChannelClosed:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    producer.join()
    # Between recv's return and got.append the alarm may still strike: recv has not lost that message.
    assert got == sorted(got) and len(set(got)) == len(got)
    assert len(got) >= count * 0.5


def test_other_threads_are_not_disturbed():
    _sender, receiver = crossinterp.channel()
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    passed = []

    def wait():
        start = time.monotonic()
        try:
            receiver.recv(timeout=0.3)
        except TimeoutError:
            passed.append(time.monotonic() - start)

    try:
        thread = threading.Thread(target=wait)
        thread.start()
        while thread.is_alive():
            signal.pthread_kill(thread.ident, signal.SIGALRM)
            time.sleep(0.01)
        thread.join()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(passed) == 1 and 0.3 <= passed[0] < 2


def test_signals_reach_the_main_thread_while_others_wait():
    code = """
import crossinterp, signal, threading, time, os
sender, receiver = crossinterp.channel()
threads = [threading.Thread(target=lambda: list(receiver)) for _ in range(3)]
for thread in threads: thread.start()
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted")
sender.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LONG, env=dict(os.environ)
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
