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


def number_of(count: int, noun: str, plural: str = "s") -> str:
    """A number of things in words."""
    return f"{count:,} {noun}{plural if count != 1 else ''}"


def heading(files: corpus.Corpus, workers: int) -> None:
    """What runs on what."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    say(f"crossinterp demo on {python}, {number_of(workers, 'worker')}")
    say(f"input    {number_of(len(files.paths), 'Python file')}, {files.bytes / 1e6:.1f} MB, in {files.root}")
    say("job      find all names; number them in one table that every worker reads; count the names with it")
    say()


class Progress:
    """A live bar on a terminal, and one line for each finished run."""

    def __init__(self, total: int, live: bool | None = None) -> None:
        self.total = total
        self.live = sys.stderr.isatty() and sys.stdout.isatty() if live is None else live

    @contextmanager
    def run(self, what: str) -> Iterator[job.Watch]:
        """One run of the job; gives what `job.Watch` is."""
        if self.live:
            print(f"  {what} …", end="\r", flush=True)  # until a bar or the line below takes its place
        watch = self._bar(what) if self.live else lambda results, phase: iter(results)
        start = time.perf_counter()
        yield watch
        say(f"  {what:<{WIDTH}}{time.perf_counter() - start:9.3f} s")

    def _bar(self, what: str) -> Callable[[Iterable, str], Iterator]:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread of its own

        def watch(results: Iterable, phase: str) -> Iterator:
            with tqdm(
                desc=f"  {what}: {phase}",
                total=self.total,
                unit=" files",
                leave=False,
                mininterval=0.2,
                dynamic_ncols=True,
            ) as bar:
                for result in results:
                    yield result
                    bar.update(result[0])

        return watch


def result(measurement) -> None:
    """Everything that a finished measurement tells."""
    _top(measurement.plain.outcome)
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
    """One line for each way: the median of each part. Rates count a file once: both phases read it."""
    files, token_count = measurement.plain.outcome.files, measurement.plain.outcome.tokens
    title = f"seconds, median of {number_of(measurement.rounds, 'round')}"
    say()
    say(f"{title:<{WIDTH}}{'find':>8}{'count':>8}{'all':>8}{'files/s':>9}{'tokens/s':>12}")
    for way in [measurement.plain, *measurement.ways]:
        times = way.times
        rates = f"{files / times.all:9,.0f}{token_count / times.all:12,.0f}"
        say(f"  {way.label:<{WIDTH - 2}}{times.find:8.3f}{times.count:8.3f}{times.all:8.3f}{rates}")
    say(f"making {number_of(measurement.workers, 'worker')}, which the times do not contain:")
    for way in [measurement.plain, *measurement.ways]:
        if way.made_seconds:
            say(f"  {way.label:<{WIDTH - 2}}{way.made_seconds:8.3f}")


def _table(measurement) -> None:
    outcome, times = measurement.ours_all.outcome, measurement.ours_all.times
    say()
    say(
        f"the table: {len(outcome.table):,} names, frozen once in {times.freeze * 1e3:.1f} ms, "
        f"sent to {number_of(measurement.workers, 'interpreter')} in {times.send * 1e6:,.0f} µs"
    )
    if measurement.standard:
        seconds = measurement.standard.times.send
        say(f"           over the standard library's queue, a copy for each: {seconds * 1e3:.1f} ms")


def _speed_up(measurement) -> None:
    say()
    if measurement.workers > 1:
        ours, processes, ratio = measurement.speed_up()
        say(f"speed-up from 1 to {measurement.workers} interpreters    {_spread(ours)}")
        say(f"         from 1 to {measurement.workers} processes       {_spread(processes)}")
        say(f"         ratio of the two         {_spread(ratio)}")
    if measurement.standard:
        ratio = measurement.standard.times.all / measurement.ours_all.times.all
        say(f"standard library's queue          {ratio:5.2f} times as long as ours")


def _spread(figures) -> str:
    """The median of the rounds, and how far they lie apart."""
    return f"{figures.median:5.2f}  ({figures.lowest:.2f} to {figures.highest:.2f})"


def _verdict(measurement) -> None:
    say()
    if not measurement.wrong:
        labels = [way.label for way in [measurement.plain, *measurement.ways] if way.gives_all]
        say("results identical: " + "; ".join(labels))
        say("sums identical:    the processes'")
        return
    say("RESULTS DIFFER from the plain loop's:")
    for line in measurement.wrong:
        say(f"  {line}")
