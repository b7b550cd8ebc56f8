"""The benchmarks run to their end and print what they are there for."""

import subprocess
import sys
from pathlib import Path

import pytest

from measuring import Contender, take_turns, time_unit

HERE = Path(__file__).resolve().parent


def run(*command: str) -> str:
    """What a benchmark prints."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", *command],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_wake_compares_with_a_simple_queue() -> None:
    out = run("bench_wake.py", "--samples", "20")
    assert "from send to received, 20 each" in out
    assert "times SimpleQueue's median" in out


def test_transfer_has_every_case() -> None:
    out = run("bench_transfer.py", "--rounds", "1", "--share", "0.01")
    for case in (
        "small int",
        "bytes of 1 MiB",
        "tuple of 10,000 ints",
        "dict of 10,000 entries",
        "stream of",
    ):
        assert case in out
    assert "crossinterp, frozen" in out


def test_contenders_take_turns() -> None:
    calls: list[tuple[str, int]] = []
    tasks = {name: lambda loops, name=name: calls.append((name, loops)) for name in "ab"}
    contenders = take_turns(tasks, 20, 3)
    assert calls[:2] == [("a", 2), ("b", 2)]  # warming up
    assert calls[2:] == [("b", 20), ("a", 20), ("a", 20), ("b", 20), ("b", 20), ("a", 20)]
    assert [(contender.name, len(contender.samples)) for contender in contenders] == [("a", 3), ("b", 3)]


def test_median_and_worst() -> None:
    contender = Contender("some", [5, 1, 9])
    assert (contender.median, contender.worst) == (5, 9)


@pytest.mark.parametrize(
    ("nanoseconds", "text"), [(0.5, "0.5 ns"), (1234, "1.23 µs"), (5e6, "5 ms"), (2.5e9, "2.5 s")]
)
def test_times_are_readable(nanoseconds: float, text: str) -> None:
    assert time_unit(nanoseconds) == text
