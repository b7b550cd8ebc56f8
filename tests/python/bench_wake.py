"""How long a blocked receiver takes to wake: across interpreters, against threads and the standard library.

The sender sends the time. The receiver, who has been blocked for a millisecond or more, subtracts it from the
time at which it has the message in its hands: both clocks are the system's monotonic one. All contenders take
turns, with several receivers of each, so that the place of one thread on the processors does not decide.
"""

import argparse
import queue
import random
import threading
import time

import crossinterp as xi

import measuring
from demo.stdqueue import interpreters

RECEIVERS = 5  # of each contender, one after the other

RECEIVE = """
import time
queue = Queue(messages)
answers = Queue(latencies)
found = []
answers.put(0)
while (sent := queue.get()) is not None:
    found.append(time.perf_counter_ns() - sent)
for latency in found:
    answers.put(latency)
"""


def receive(messages, ready) -> list[int]:
    """Runs in the other interpreter, or in a thread of this one: what each message took, in nanoseconds."""
    ready.send(True)
    found = []
    for sent in messages:
        found.append(time.perf_counter_ns() - sent)
    return found


class AcrossInterpreters:
    """A receiver in another interpreter, over a channel."""

    name = "crossinterp, between interpreters"

    def __init__(self) -> None:
        self.sender, receiver = xi.channel()
        ready, is_ready = xi.channel()
        self.interpreter = xi.spawn("bench_wake:receive", receiver, ready)
        is_ready.recv()

    def send(self) -> None:
        """Send the time."""
        self.sender.send(time.perf_counter_ns())

    def finish(self) -> list[int]:
        """What all messages took."""
        self.sender.close()
        return self.interpreter.result()


class AcrossThreads:
    """A receiver in another thread, over a queue.SimpleQueue."""

    name = "queue.SimpleQueue, between threads"

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue = queue.SimpleQueue()
        self.found: list[int] = []
        self.thread = threading.Thread(target=self._receive)
        self.thread.start()

    def _receive(self) -> None:
        for sent in iter(self.queue.get, None):
            self.found.append(time.perf_counter_ns() - sent)

    def send(self) -> None:
        """Send the time."""
        self.queue.put(time.perf_counter_ns())

    def finish(self) -> list[int]:
        """What all messages took."""
        self.queue.put(None)
        self.thread.join()
        return self.found


class OwnThreads:
    """A receiver in another thread, over a channel."""

    name = "crossinterp, between threads"

    def __init__(self) -> None:
        self.sender, self.receiver = xi.channel()
        self.found: list[int] = []
        self.thread = threading.Thread(target=self._receive)
        self.thread.start()

    def _receive(self) -> None:
        for sent in self.receiver:
            self.found.append(time.perf_counter_ns() - sent)

    def send(self) -> None:
        """Send the time."""
        self.sender.send(time.perf_counter_ns())

    def finish(self) -> list[int]:
        """What all messages took."""
        self.sender.close()
        self.thread.join()
        return self.found


class StandardQueue:
    """A receiver in another interpreter, over the standard library's queue, which looks every 10 ms."""

    name = "standard library's interpreter queue"

    def __init__(self) -> None:
        self.messages = interpreters.create_queue()
        self.latencies = interpreters.create_queue()
        self.interpreter = interpreters.create()
        self.interpreter.prepare_main(messages=self.messages.id, latencies=self.latencies.id)
        start = f"from {interpreters.__name__} import Queue\n{RECEIVE}"
        self.thread = threading.Thread(target=self.interpreter.exec, args=(start,))
        self.thread.start()
        self.latencies.get()
        self.sent = 0

    def send(self) -> None:
        """Send the time."""
        self.messages.put(time.perf_counter_ns())
        self.sent += 1

    def finish(self) -> list[int]:
        """What all messages took."""
        self.messages.put(None)
        found = [self.latencies.get() for _ in range(self.sent)]
        self.thread.join()
        self.interpreter.close()
        return found


def measure(kinds: list[type], samples: int, pause: tuple[float, float]) -> list[measuring.Contender]:
    """Send with each in turn, after a pause in which its receiver has blocked."""
    random.seed(1)
    contenders = [measuring.Contender(kind.name) for kind in kinds]
    for number in range(RECEIVERS):
        made = [kind() for kind in kinds]
        for _ in range(samples * number // RECEIVERS, samples * (number + 1) // RECEIVERS):
            for receiver in made:
                time.sleep(random.uniform(*pause))
                receiver.send()
        time.sleep(pause[1])
        for contender, receiver in zip(contenders, made, strict=True):
            contender.samples += receiver.finish()
    return contenders


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--samples", type=int, default=1000, metavar="N", help="messages (default: %(default)s)"
    )
    options = parser.parse_args()
    measuring.heading("a blocked receiver wakes")
    ours, *others = measure([AcrossInterpreters, AcrossThreads, OwnThreads], options.samples, (0.001, 0.0012))
    measuring.print_table(f"from send to received, {options.samples} each", [ours, *others])
    print(f"  ours takes {ours.median / others[0].median:.2f} times SimpleQueue's median (target: at most 2)")
    if interpreters is not None:
        few = max(1, options.samples // 20)
        # Longer pauses, of random length: its receiver looks only every 10 ms.
        polled = measure([AcrossInterpreters, StandardQueue], few, (0.012, 0.022))
        measuring.print_table(f"from send to received, {few} each", polled)


if __name__ == "__main__":
    main()
