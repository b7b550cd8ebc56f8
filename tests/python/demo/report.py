"""What a person sees: progress while it runs, the results at the end."""

import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from demo import corpus, job, tokens

WIDTH = 44  # of the first column


def say(line: str = "") -> None:
    """One line, at once."""
    print(line, flush=True)


def complain(line: str) -> None:
    """One line about what went wrong."""
    print(f"demo: {line}", file=sys.stderr, flush=True)


def heading(files: corpus.Corpus, workers: int) -> None:
    """What runs on what."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    say(f"crossinterp demo on {python}, {workers} workers")
    say(f"input    {len(files.paths):,} Python files, {files.bytes / 1e6:.1f} MB, in {files.root}")
    say("job      find all names; number them in one table that every worker reads; count the names with it")
    say()


class Progress:
    """A live bar on a terminal, and one line for each finished run."""

    def __init__(self, total: int, live: bool | None = None) -> None:
        self.total = total
        self.live = sys.stderr.isatty() if live is None else live

    @contextmanager
    def run(self, what: str) -> Iterator[job.Watch]:
        """One run of the job; gives what `job.Watch` is."""
        start = time.perf_counter()
        yield self._bar(what) if self.live else lambda results, phase: iter(results)
        say(f"  {what:<{WIDTH}}{time.perf_counter() - start:9.3f} s")

    def _bar(self, what: str) -> Callable[[Iterable, str], Iterator]:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread of its own

        def watch(results: Iterable, phase: str) -> Iterator:
            label = f"  {what}: {phase}"
            return iter(
                tqdm(
                    results, label, self.total, leave=False, unit="file", mininterval=0.2, dynamic_ncols=True
                )
            )

        return watch


def result(measurement) -> None:
    """Everything that a finished measurement tells."""
    _top(measurement.plain.best)
    _times(measurement)
    _table(measurement)
    _speed_up(measurement)
    _verdict(measurement)


def _top(outcome: job.Outcome, most: int = 20) -> None:
    say()
    say(f"top {most} of {len(outcome.names):,} names in {outcome.tokens:,} tokens")
    ranked = sorted(outcome.names.items(), key=lambda item: (-item[1], item[0]))
    for rank, (name, times) in enumerate(ranked[:most], start=1):
        say(f"  {rank:2}  {name:<20}{times:>10,}  {tokens.class_of(outcome.table[name])}")


def _times(measurement) -> None:
    """One line for each way: its best round. Rates count a file once, though both phases read it."""
    files, count = measurement.plain.best.files, measurement.plain.best.tokens
    say()
    rounds = "1 round" if measurement.rounds == 1 else f"best of {measurement.rounds} rounds"
    say(
        f"{f'both phases, {rounds}':<{WIDTH + 2}}"
        f"{'seconds':>9}{'files/s':>9}{'tokens/s':>12}{'making workers':>17}"
    )
    for way in [measurement.plain, *measurement.ways]:
        seconds = way.best.seconds
        made = f"{way.made_seconds * 1e3:14.0f} ms" if way.made_seconds else ""
        say(f"  {way.label:<{WIDTH}}{seconds:9.3f}{files / seconds:9,.0f}{count / seconds:12,.0f}{made}")


def _table(measurement) -> None:
    say()
    best = measurement.ours_all.best
    say(
        f"the table: {len(best.table):,} names, frozen once in {best.freeze_seconds * 1e3:.1f} ms, "
        f"sent to {measurement.ours_all.workers} interpreters in {best.send_seconds * 1e6:,.0f} µs"
    )
    if measurement.standard:
        seconds = measurement.standard.best.send_seconds
        say(f"           over the standard library's queue, a copy for each: {seconds * 1e3:.1f} ms")


def _speed_up(measurement) -> None:
    say()
    ours = measurement.ours_one.best.seconds / measurement.ours_all.best.seconds
    processes = measurement.processes_one.best.seconds / measurement.processes_all.best.seconds
    say(f"speed-up with {measurement.workers} interpreters  {ours:.2f}")
    say(f"         with {measurement.workers} processes     {processes:.2f}, which exchange nothing")
    say(f"         ratio               {ours / processes:.2f}")
    if measurement.standard:
        ratio = measurement.standard.best.seconds / measurement.ours_all.best.seconds
        say(f"time over the standard library's queue: {ratio:.2f} times ours")


def _verdict(measurement) -> None:
    say()
    if not measurement.wrong:
        ways = [measurement.plain, *measurement.ways]
        full = [way.label for way in ways if isinstance(way.best, job.Outcome)]
        say("results identical: " + "; ".join(full))
        say("sums identical:    the processes'")
        return
    say("RESULTS DIFFER from the plain loop's:")
    for line in measurement.wrong:
        say(f"  {line}")
