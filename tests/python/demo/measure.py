"""Runs every way of doing the job, in rounds; checks each result against the plain loop's."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from demo import corpus, job, ours, processes, report, stdqueue

MOST_ROUNDS = 5


@dataclass(frozen=True)
class Spread:
    """A figure that each round has one of."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def over(cls, figures: Iterable[float]) -> "Spread":
        """Of at least one."""
        ranked = sorted(figures)
        return cls(statistics.median(ranked), ranked[0], ranked[-1])


@dataclass
class Way:
    """One way of doing the job."""

    label: str
    run: Callable[[job.Watch], job.Outcome | job.Checksum]
    made_seconds: float = 0.0  # to make its workers, which no other time contains
    outcome: job.Outcome | job.Checksum | None = None  # of its last run
    runs: list[job.Times] = field(default_factory=list)  # one for each round

    @property
    def times(self) -> job.Times:
        """The medians of its runs, part by part."""
        return job.Times.median(self.runs)

    @property
    def gives_all(self) -> bool:
        """Whether it gives the whole result, not just sums."""
        return isinstance(self.outcome, job.Outcome)


class Measurement:
    """All ways over one input. `wrong` says in words what differed; it must stay empty."""

    def __init__(self, files: corpus.Corpus, workers: int) -> None:
        self.files = files
        self.workers = workers
        self.progress = report.Progress(len(files.paths))
        self.wrong: list[str] = []
        self.rounds = 0
        self.teams: list = []

    def __enter__(self) -> "Measurement":
        return self

    def prepare(self) -> None:
        """Find out what is right, make all workers."""
        files, count = self.files, self.workers
        interpreters = report.number_of(count, "interpreter")
        self.plain = Way("plain loop, no workers", lambda watch: job.plain_loop(files, watch))
        self._run(self.plain)  # first: from here on the files are in the system's cache for everybody
        team, made = self._make(ours.Team)
        self.ours_all = Way(f"crossinterp, {interpreters}", lambda watch: team.run(files, watch), made)
        rivals, made = self._make(processes.Team)
        label = report.number_of(count, "process", "es") + ", no exchange"
        self.processes_all = Way(label, lambda _: rivals.run(files, count), made)
        self.ways = [self.ours_all, self.processes_all]
        self.ours_one, self.processes_one = self.ours_all, self.processes_all
        if count > 1:
            self.ours_one = Way("crossinterp, 1 interpreter", lambda watch: team.run(files, watch, 1))
            self.processes_one = Way("1 process, no exchange", lambda _: rivals.run(files, 1))
            self.ways = [self.ours_one, self.processes_one, *self.ways]
        self.standard: Way | None = None
        if stdqueue.AVAILABLE:
            standard, made = self._make(stdqueue.Team)
            label = f"standard library's queue, {interpreters}"
            self.standard = Way(label, lambda watch: standard.run(files, watch), made)
            self.ways.append(self.standard)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        while self.teams:
            team = self.teams.pop()
            if kind is None:
                team.close()
            else:
                team.stop()

    def repeat(self, seconds: float) -> None:
        """Run all ways in turn, at least once, and again while another round seems to fit into the time.

        Every other round goes backwards: what makes the machine slower from run to run strikes all alike.
        """
        start = time.perf_counter()
        while True:
            report.say(f"round {self.rounds + 1}")
            for way in self.ways if self.rounds % 2 == 0 else reversed(self.ways):
                self._run(way)
            self.rounds += 1
            spent = time.perf_counter() - start
            if self.rounds == MOST_ROUNDS or spent + spent / self.rounds > seconds:
                return

    def speed_up(self) -> tuple[Spread, Spread, Spread]:
        """From one worker to all, round by round: interpreters', processes', and the ratio of the two."""
        ours = [one.all / many.all for one, many in zip(self.ours_one.runs, self.ours_all.runs, strict=True)]
        rivals = [
            one.all / many.all
            for one, many in zip(self.processes_one.runs, self.processes_all.runs, strict=True)
        ]
        ratios = [ours / rival for ours, rival in zip(ours, rivals, strict=True)]
        return Spread.over(ours), Spread.over(rivals), Spread.over(ratios)

    def _make(self, team: type) -> tuple[object, float]:
        start = time.perf_counter()
        made = team(self.workers)
        self.teams.append(made)
        return made, time.perf_counter() - start

    def _run(self, way: Way) -> None:
        with self.progress.run(way.label) as watch:
            way.outcome = way.run(watch)
        way.runs.append(way.outcome.times)
        if way is not self.plain:
            lines = job.differences(self.plain.outcome, way.outcome)
            self.wrong += [f"{way.label}: {line}" for line in lines]
