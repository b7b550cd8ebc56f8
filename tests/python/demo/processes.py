"""The same work in as many processes that exchange nothing: what this machine can give at this moment.

Each process reads its own share of the files, makes a table of its own, and answers with sums. Run as a
module this file is such a process: a line of JSON with paths comes in, a line of JSON with the sums goes out.
"""

import json
import os
import signal
import subprocess
import sys
import time

from demo import corpus, job, tokens


class Team:
    """Processes that have started and wait for work."""

    def __init__(self, workers: int) -> None:
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        environment = os.environ | {"PYTHONPATH": package}
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "demo.processes"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                text=True,
            )
            for _ in range(workers)
        ]
        for process in self.processes:
            self._answer(process)

    def run(self, files: corpus.Corpus, workers: int) -> job.Checksum:
        """Do the work with the first `workers` processes."""
        active = self.processes[:workers]
        requests = [json.dumps(share) + "\n" for share in files.shares(workers)]
        start = time.perf_counter()
        for process, request in zip(active, requests, strict=True):
            process.stdin.write(request)
            process.stdin.flush()
        answers = [self._answer(process) for process in active]
        seconds = time.perf_counter() - start
        return job.Checksum(*(sum(column) for column in zip(*answers, strict=True)), seconds)

    def close(self) -> None:
        """End the processes; each does so when its input ends."""
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait()
            process.stdout.close()

    def stop(self) -> None:
        """End the processes in the middle of whatever they do."""
        for process in self.processes:
            process.kill()
        self.close()

    @staticmethod
    def _answer(process: subprocess.Popen) -> list[int]:
        line = process.stdout.readline()
        if not line:
            raise job.Failure(f"a process of the comparison ended with status {process.wait()}")
        return json.loads(line)


def work(paths: list[str]) -> tuple[int, int, int]:
    """Both phases over one share, with nobody to ask: files, tokens, names."""
    table = tokens.new_table()
    seen: set[str] = set()
    for path in paths:
        _, names = job.find_in(corpus.read(path), seen)
        tokens.add_to_table(table, names)
    token_count = name_count = 0
    for path in paths:
        count, uses = job.count_in(corpus.read(path), table)
        token_count += count
        name_count += sum(uses.values())
    return len(paths), token_count, name_count


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and that ends this process's input
    print("[]", flush=True)
    for line in sys.stdin:
        print(json.dumps(work(json.loads(line))), flush=True)
