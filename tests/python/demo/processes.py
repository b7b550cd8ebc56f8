"""The same work in as many processes that exchange nothing: what this machine can give at this moment.

Each process reads its own share of the files, makes a table of its own, and answers with sums. Run as a
module this file is such a process: a line of JSON with a phase and paths comes in, a line with sums goes out.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable

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
        """Both phases with the first `workers` processes; each phase lasts until the last has answered."""
        shares = files.shares(workers)
        times = job.Times()
        clock = job.Clock()
        self._phase("find", shares)
        times.find = clock.lap()
        answers = self._phase("count", shares)
        times.count = clock.lap()
        return job.Checksum(*(sum(column) for column in zip(*answers, strict=True)), times)

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

    def _phase(self, phase: str, shares: list[list[corpus.Batch]]) -> list[list[int]]:
        active = self.processes[: len(shares)]
        for process, share in zip(active, shares, strict=True):
            process.stdin.write(json.dumps([phase, share]) + "\n")
            process.stdin.flush()
        return [self._answer(process) for process in active]

    @staticmethod
    def _answer(process: subprocess.Popen) -> list[int]:
        line = process.stdout.readline()
        if not line:
            raise job.Failure(f"a process of the comparison ended with status {process.wait()}")
        return json.loads(line)


def work(requests: Iterable[str]) -> None:
    """What each process runs: the phases over its share, with nobody to ask."""
    table: dict[str, int] = {}
    for request in requests:
        phase, share = json.loads(request)
        files = token_count = uses = 0
        seen: set[str] = set()
        if phase == "find":
            table = tokens.new_table()
        for batch in share:
            if phase == "find":
                batch_files, batch_tokens, names = job.find_in(corpus.read(batch), seen)
                tokens.add_to_table(table, names)
            else:
                batch_files, batch_tokens, numbers = job.count_in(corpus.read(batch), table)
                uses += sum(numbers.values())
            files += batch_files
            token_count += batch_tokens
        print(json.dumps([files, token_count, uses]), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and that ends this process's input
    print("[]", flush=True)
    work(sys.stdin)
