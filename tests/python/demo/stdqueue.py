"""The same job over the standard library's queue between interpreters, where this Python has one.

The queue cannot be closed, so a None tells each worker that the files are all taken, and each worker tells
main by a None that it has seen it: only then may another phase begin. There is no shared table: every worker
is sent a copy of its own.
"""

import os
import sys
import threading
import traceback

from demo import corpus, job

try:
    from concurrent import interpreters  # 3.14 and later
except ImportError:
    try:
        from test.support import interpreters  # 3.13, where its tests are installed
    except ImportError:
        interpreters = None
    else:
        if not hasattr(interpreters, "create_queue"):  # 3.12 has channels only
            interpreters = None

AVAILABLE = interpreters is not None

START = """
import sys
sys.path[:] = path.split(separator)
from demo import stdqueue
stdqueue.work(tasks, files, results)
"""


class Team:
    """Interpreters of the standard library, each running `work` in a thread of its own."""

    def __init__(self, workers: int, capacity: int = 32) -> None:
        self.files = interpreters.create_queue(capacity)
        self.results = interpreters.create_queue()
        self.tasks = []
        self.threads = []
        for _ in range(workers):
            tasks = interpreters.create_queue()
            interpreter = interpreters.create()
            interpreter.prepare_main(
                path=os.pathsep.join(sys.path),
                separator=os.pathsep,
                tasks=tasks.id,
                files=self.files.id,
                results=self.results.id,
            )
            thread = threading.Thread(target=_run, args=(interpreter,))
            thread.start()
            self.tasks.append(tasks)
            self.threads.append(thread)
        for _ in range(workers):
            self._result()

    def run(self, files: corpus.Corpus, watch: job.Watch) -> job.Outcome:
        """Both phases."""
        outcome = job.Outcome()
        clock = job.Clock()
        self._hand_out(("find", None))
        job.merge_found(watch(self._phase(files), "find"), outcome)
        outcome.times.find = clock.lap()
        self._hand_out(("count", outcome.table))
        outcome.times.send = clock.lap()
        job.merge_counted(watch(self._phase(files), "count"), outcome)
        outcome.times.count = clock.lap()
        return outcome

    def close(self) -> None:
        """Let the workers end, and end their interpreters."""
        self._hand_out(None)
        for thread in self.threads:
            thread.join()

    def stop(self) -> None:
        """End the workers when they have done what they were given: they cannot be stopped in the middle."""
        self.close()

    def _hand_out(self, task) -> None:
        for tasks in self.tasks:
            tasks.put(task)

    def _phase(self, files: corpus.Corpus):
        """Feed all files from a second thread, give out the results as they come."""
        feeder = threading.Thread(target=self._feed, args=(files,))
        feeder.start()
        working = len(self.threads)
        while working:
            result = self._result()
            if result is None:
                working -= 1
            else:
                yield result
        feeder.join()

    def _feed(self, files: corpus.Corpus) -> None:
        try:
            for batch in files.batches():
                self.files.put(corpus.read(batch))
        except OSError:
            self.results.put(traceback.format_exc())
        finally:
            for _ in self.threads:
                self.files.put(None)

    def _result(self):
        result = self.results.get()
        if isinstance(result, str):
            raise job.Failure("over the standard library's queue:\n" + result)
        return result


def _run(interpreter) -> None:
    interpreter.exec(START)
    interpreter.close()


def work(tasks: int, files: int, results: int) -> None:
    """What each interpreter runs; queues come as their numbers."""
    from_main, sources, to_main = (interpreters.Queue(number) for number in (tasks, files, results))
    to_main.put(None)
    try:
        while (task := from_main.get()) is not None:
            phase, table = task
            seen: set[str] = set()
            while (batch := sources.get()) is not None:
                to_main.put(job.find_in(batch, seen) if phase == "find" else job.count_in(batch, table))
            to_main.put(None)
    except BaseException:
        to_main.put(traceback.format_exc())
        raise
