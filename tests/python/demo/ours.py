"""The job over crossinterp: files go out on one channel, results come back on another, all read one table."""

import threading

import crossinterp as xi

from demo import corpus, job

CAPACITY = 32  # batches of files that wait for a worker; with more, reading pauses


class Team:
    """Interpreters with a GIL of their own, each running `work`."""

    def __init__(self, workers: int, worker: str = "demo.ours:work") -> None:
        self.tasks = []
        self.handles = []
        for _ in range(workers):
            tasks, to_do = xi.channel()
            self.tasks.append(tasks)
            self.handles.append(xi.spawn(worker, to_do))
        # A phase without files is over when every worker has imported what it needs and looked for files.
        for _ in self._exchange(corpus.NOTHING, *self._hand_out(workers, "find")):
            pass

    def run(self, files: corpus.Corpus, watch: job.Watch, workers: int | None = None) -> job.Outcome:
        """Both phases, with all interpreters or with the first `workers`."""
        workers = workers or len(self.tasks)
        outcome = job.Outcome()
        clock = job.Clock()
        ends = self._hand_out(workers, "find")
        job.merge_found(watch(self._exchange(files, *ends), "find"), outcome)
        self._must_be_all(files, outcome.files)
        outcome.times.find = clock.lap()
        table = xi.freeze(outcome.table)
        outcome.times.freeze = clock.lap()
        ends = self._hand_out(workers, "count", table)
        outcome.times.send = clock.lap()
        job.merge_counted(watch(self._exchange(files, *ends), "count"), outcome)
        outcome.times.count = clock.lap()
        return outcome

    def close(self) -> None:
        """Let the workers end; raises what one of them raised."""
        self.tasks.clear()
        for handle in self.handles:
            handle.result()

    def stop(self) -> None:
        """End the workers in the middle of whatever they do."""
        for handle in self.handles:
            handle.stop()
        for handle in self.handles:
            handle.join()

    def _hand_out(self, workers: int, phase: str, table=None):
        """Send each worker its ends of two new channels, and the table; give back the other two ends."""
        files_out, files_in = xi.channel(CAPACITY)
        results_out, results_in = xi.channel()
        for tasks in self.tasks[:workers]:
            tasks.send((phase, files_in, results_out, table))
        return files_out, results_in

    def _exchange(self, files: corpus.Corpus, files_out, results_in):
        """Feed the files from a second thread, give out the results as they come.

        They end when the last worker has let go of its end of their channel, also when workers failed.
        """
        feeder = Feeder(files_out, files)
        feeder.start()
        try:
            yield from results_in
        finally:
            results_in.close()
            feeder.join()
        if feeder.error is not None:
            raise feeder.error

    def _must_be_all(self, files: corpus.Corpus, done: int) -> None:
        if done != len(files.paths):
            self.close()
            raise job.Failure(f"{done} of {len(files.paths)} files came back")


class Feeder(threading.Thread):
    """Reads the files and sends their contents. Closing tells the workers that no more will come."""

    def __init__(self, files_out, files: corpus.Corpus) -> None:
        super().__init__(name="feeder")
        self.files_out = files_out
        self.files = files
        self.error: OSError | None = None

    def run(self) -> None:
        """Until all are sent, one cannot be read, or no worker is left."""
        try:
            for batch in self.files.batches():
                self.files_out.send(corpus.read(batch))
        except xi.ChannelClosed:
            pass  # the one who waits for results learns of it there
        except OSError as error:
            self.error = error
        finally:
            self.files_out.close()


def work(tasks) -> None:
    """What each interpreter runs: takes tasks until there are no more."""
    for task in tasks:
        serve(*task)
        del task  # and with it this worker's ends of the channels


def serve(phase, files_in, results_out, table) -> None:
    """One phase: takes files until there are no more."""
    seen: set[str] = set()
    for sources in files_in:
        results_out.send(job.find_in(sources, seen) if phase == "find" else job.count_in(sources, table))
