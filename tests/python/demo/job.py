"""What all ways of running the job have in common: their result, how it is merged, how two results differ."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from demo import corpus, tokens

# Wraps the results of a phase as they come in, to show how far it is: watch(results, "find").
Watch = Callable[[Iterable, str], Iterator]


class Failure(Exception):
    """A worker failed, or gave back less than it was given."""


@dataclass
class Outcome:
    """What one run of the job found, and how long it took."""

    files: int = 0
    tokens: int = 0
    names: dict[str, int] = field(default_factory=dict)  # name -> how often
    table: dict[str, int] = field(default_factory=dict)  # name -> number
    find_seconds: float = 0.0
    freeze_seconds: float = 0.0  # to make the table fit for sending
    send_seconds: float = 0.0  # to send it to all workers
    count_seconds: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Both phases and the table between them."""
        return self.find_seconds + self.freeze_seconds + self.send_seconds + self.count_seconds

    @property
    def uses(self) -> int:
        """How often all names stand in the files."""
        return sum(self.names.values())

    def lap(self) -> float:
        """Seconds since the last lap."""
        before, self.started = self.started, time.perf_counter()
        return self.started - before


def merge_found(results: Iterable[tuple[int, Iterable[str]]], outcome: Outcome) -> None:
    """First phase: number every identifier that the workers found."""
    outcome.table = tokens.new_table()
    for count, names in results:
        outcome.files += 1
        outcome.tokens += count
        tokens.add_to_table(outcome.table, names)


def merge_counted(results: Iterable[tuple[int, dict[int, int]]], outcome: Outcome) -> None:
    """Second phase: add up what the workers counted, by number, and give the numbers their names back."""
    counts = [0] * len(outcome.table)
    files = token_count = 0
    for count, uses in results:
        files += 1
        token_count += count
        for number, times in uses.items():
            counts[number] += times
    if (files, token_count) != (outcome.files, outcome.tokens):
        raise Failure(
            f"first phase: {outcome.files} files, {outcome.tokens} tokens; second: {files}, {token_count}"
        )
    outcome.names = {name: counts[number] for name, number in outcome.table.items() if counts[number]}


def find_in(source: bytes, seen: set[str]) -> tuple[int, tuple[str, ...]]:
    """First phase, one file: how many tokens, and the names that this worker has not met before."""
    count, names = tokens.names_of(source)
    new = names.keys() - seen
    seen |= new
    return count, tuple(new)


def count_in(source: bytes, table) -> tuple[int, dict[int, int]]:
    """Second phase, one file: how many tokens, and how often each number of the table stands in it."""
    count, names = tokens.names_of(source)
    return count, {table[name]: times for name, times in names.items()}


def plain_loop(files: corpus.Corpus, watch: Watch) -> Outcome:
    """The job without any library and without workers: what all other results must equal."""
    outcome = Outcome()
    seen: set[str] = set()
    merge_found(watch((find_in(corpus.read(path), seen) for path in files.paths), "find"), outcome)
    outcome.find_seconds = outcome.lap()
    table = outcome.table
    merge_counted(watch((count_in(corpus.read(path), table) for path in files.paths), "count"), outcome)
    outcome.count_seconds = outcome.lap()
    return outcome


@dataclass(frozen=True)
class Checksum:
    """What is left of the result when nothing is exchanged: sums."""

    files: int
    tokens: int
    uses: int  # of names
    seconds: float


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
