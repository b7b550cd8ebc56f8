"""What all ways of doing the job have in common: a worker's part, how results merge, how they differ."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from demo import corpus, tokens

# What comes back for a batch: how many files, how many tokens, and its new names or the uses of its numbers.
Found = tuple[int, int, tuple[str, ...]]
Counted = tuple[int, int, dict[int, int]]
# Wraps the results of a phase as they come in, to show how far it is: watch(results, "find").
Watch = Callable[[Iterable, str], Iterator]


class Failure(Exception):
    """A worker failed, or gave back less than it was given."""


@dataclass
class Times:
    """Seconds of the parts of the job."""

    find: float = 0.0
    freeze: float = 0.0  # to make the table fit for sending
    send: float = 0.0  # to send it to all workers
    count: float = 0.0

    @property
    def all(self) -> float:
        """Both phases and what is between them."""
        return self.find + self.freeze + self.send + self.count

    @classmethod
    def median(cls, runs: Iterable["Times"]) -> "Times":
        """Of each part, the median over some runs."""
        return cls(*map(statistics.median, zip(*(vars(run).values() for run in runs), strict=True)))


class Clock:
    """Measures from one part to the next."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        """Seconds since the last lap."""
        before, self._last = self._last, time.perf_counter()
        return self._last - before


@dataclass
class Outcome:
    """What one run of the job found, and how long it took."""

    files: int = 0
    tokens: int = 0
    names: dict[str, int] = field(default_factory=dict)  # name -> how often
    table: dict[str, int] = field(default_factory=dict)  # name -> number
    times: Times = field(default_factory=Times)

    @property
    def uses(self) -> int:
        """How often all names stand in the files."""
        return sum(self.names.values())


@dataclass(frozen=True)
class Checksum:
    """What is left of an outcome when nothing is exchanged: sums."""

    files: int
    tokens: int
    uses: int
    times: Times = field(default_factory=Times)


def find_in(sources: Iterable[bytes], seen: set[str]) -> Found:
    """First phase, one batch: how many tokens, and the names that this worker has not met before."""
    files, token_count, names = tokens.names_of_all(sources)
    new = names.keys() - seen
    seen |= new
    return files, token_count, tuple(new)


def count_in(sources: Iterable[bytes], table: Mapping[str, int]) -> Counted:
    """Second phase, one batch: how many tokens, and how often each number of the table stands in it."""
    files, token_count, names = tokens.names_of_all(sources)
    return files, token_count, {table[name]: times for name, times in names.items()}


def merge_found(results: Iterable[Found], outcome: Outcome) -> None:
    """First phase: number every name that the workers found."""
    outcome.table = tokens.new_table()
    for files, token_count, names in results:
        outcome.files += files
        outcome.tokens += token_count
        tokens.add_to_table(outcome.table, names)


def merge_counted(results: Iterable[Counted], outcome: Outcome) -> None:
    """Second phase: add up what the workers counted, and give the numbers their names back."""
    counts = [0] * len(outcome.table)
    all_files = all_tokens = 0
    for files, token_count, uses in results:
        all_files += files
        all_tokens += token_count
        for number, times in uses.items():
            counts[number] += times
    if (all_files, all_tokens) != (outcome.files, outcome.tokens):
        first = f"{outcome.files} files, {outcome.tokens} tokens"
        raise Failure(f"first phase: {first}; second phase: {all_files} files, {all_tokens} tokens")
    outcome.names = {name: counts[number] for name, number in outcome.table.items() if counts[number]}


def plain_loop(files: corpus.Corpus, watch: Watch) -> Outcome:
    """The job without any library and without workers: what all other results must equal."""
    outcome = Outcome()
    clock = Clock()
    seen: set[str] = set()
    batches = files.batches()
    merge_found(watch((find_in(corpus.read(batch), seen) for batch in batches), "find"), outcome)
    outcome.times.find = clock.lap()
    table = outcome.table
    merge_counted(watch((count_in(corpus.read(batch), table) for batch in batches), "count"), outcome)
    outcome.times.count = clock.lap()
    return outcome


def differences(expected: Outcome, got: Outcome | Checksum, most: int = 5) -> list[str]:
    """In words, how the result of a run differs from the expected one; empty when they are identical."""
    lines = []
    for what in ("files", "tokens", "uses"):
        if getattr(expected, what) != getattr(got, what):
            lines.append(f"{getattr(got, what):,} {what}, expected {getattr(expected, what):,}")
    if isinstance(got, Checksum):
        return lines
    if expected.table.keys() != got.table.keys():
        missing = expected.table.keys() - got.table.keys()
        extra = got.table.keys() - expected.table.keys()
        lines.append(f"{len(missing):,} names are missing in the table, {len(extra):,} should not be there")
    wrong = [
        name
        for name in sorted(expected.names.keys() | got.names.keys())
        if expected.names.get(name) != got.names.get(name)
    ]
    for name in wrong[:most]:
        lines.append(
            f"{name!r} counted {got.names.get(name, 0):,} times, expected {expected.names.get(name, 0):,}"
        )
    if len(wrong) > most:
        lines.append(f"… and {len(wrong) - most:,} more names")
    return lines
