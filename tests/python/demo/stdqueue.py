"""The same job over the standard library's queue between interpreters, where this Python has one.

The queue cannot be closed, so workers are told to stop a phase by a None each; it has no shared table, so
every worker is sent a copy of its own.
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

    def __init__(self, workers: int, capacity: int = 128) -> None:
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
        self._hand_out(("find", None))
        job.merge_found(watch(self._phase(files), "find"), outcome)
        outcome.find_seconds = outcome.lap()
        self._hand_out(("count", outcome.table))
        outcome.send_seconds = outcome.lap()
        job.merge_counted(watch(self._phase(files), "count"), outcome)
        outcome.count_seconds = outcome.lap()
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
        for _ in files.paths:
            yield self._result()
        feeder.join()

    def _feed(self, files: corpus.Corpus) -> None:
        try:
            for path in files.paths:
                self.files.put(corpus.read(path))
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
            while (source := sources.get()) is not None:
                to_main.put(job.find_in(source, seen) if phase == "find" else job.count_in(source, table))
    except BaseException:
        to_main.put(traceback.format_exc())
        raise
