"""The demo on small inputs: that it counts right, that all ways agree, and that it fails when they do not."""

import io
import keyword
import os
import signal
import subprocess
import sys
import threading
import tokenize
from pathlib import Path

import pytest

from demo import __main__ as command
from demo import corpus, job, measure, ours, processes, report, stdqueue, tokens

SOURCE = '''\
"""A module; not_a_name."""
import sys  # nor_this
from os import path as p

class Thing(p.Base):
    text = rb"bytes \\" not_here" + u'x' + """three
    lines""" + \'\'\'and "so" on\'\'\'
    number = 0x_ff + 1e-5 + 1_000j + .5

    def grüße(self, *args, **kwargs) -> None:
        if self.text != "" and not args or kwargs:
            return sys.exit(self.grüße(*args)) ** 2 // 3 >> 1
        self.n, _ = \\
            len(args), "f(x"
'''.encode()


def names_by_tokenize(source: bytes) -> dict[str, int]:
    """What the standard library's tokenizer says."""
    names: dict[str, int] = {}
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.NAME:
            names[token.string] = names.get(token.string, 0) + 1
    return names


def quiet(results, phase):
    return iter(results)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty small files in two folders, some of them odd, and files that do not belong to the input."""
    (tmp_path / "inner").mkdir()
    for number in range(55):
        text = SOURCE + b"x%d = shared + [%d]\n" % (number % 7, number) * (number % 9)
        (tmp_path / ("inner" if number % 2 else ".") / f"file{number}.py").write_bytes(text)
    (tmp_path / "empty.py").write_bytes(b"")
    (tmp_path / "marked.py").write_bytes(b"\xef\xbb\xbffirst = 1\n")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\ncaf\xe9 = 1\n")
    (tmp_path / "nothing.py").write_bytes(b"a\0b\xff\xfe")
    (tmp_path / "open.py").write_bytes(b'x = """never closed, y\nz')
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "installed.py").write_bytes(b"installed = 1\n")
    (tmp_path / "notes.txt").write_bytes(b"text = 1\n")
    (tmp_path / "link.py").symlink_to(tmp_path / "empty.py")
    return tmp_path


@pytest.fixture
def files(folder: Path) -> corpus.Corpus:
    return corpus.find(str(folder))


def test_the_input_is_the_python_files_largest_first(folder: Path, files: corpus.Corpus) -> None:
    assert len(files.paths) == 60
    assert not any("installed" in path or "link" in path or path.endswith(".txt") for path in files.paths)
    assert list(files.sizes) == sorted(files.sizes, reverse=True)
    assert files.sizes == tuple(os.path.getsize(path) for path in files.paths)
    with pytest.raises(OSError):
        corpus.find(str(folder / "missing"))


def test_the_default_input_is_the_standard_library() -> None:
    files = corpus.find()
    assert os.__file__ in files.paths
    assert not any("site-packages" in path for path in files.paths)


def test_batches_hold_every_file_once_in_order(files: corpus.Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (1, 1000, 10**9):
        monkeypatch.setattr(corpus, "BATCH_BYTES", room)
        batches = files.batches()
        assert [path for batch in batches for path in batch] == list(files.paths)
        sizes = [sum(os.path.getsize(path) for path in batch) for batch in batches]
        assert all(size <= room or len(batch) == 1 for size, batch in zip(sizes, batches, strict=True))
    assert len(batches) == 1
    assert corpus.NOTHING.batches() == []


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_shares_hold_every_file_once(
    files: corpus.Corpus, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "BATCH_BYTES", 1000)
    shares = files.shares(workers)
    assert len(shares) == workers
    assert sorted(path for share in shares for batch in share for path in batch) == sorted(files.paths)


def test_names_are_those_that_tokenize_finds() -> None:
    count, names = tokens.names_of(SOURCE)
    assert names == names_by_tokenize(SOURCE)
    assert count > sum(names.values())
    module = Path(keyword.__file__).read_bytes()
    assert tokens.names_of(module)[1] == names_by_tokenize(module)


@pytest.mark.parametrize(
    ("source", "count", "names"),
    [
        (b"", 0, {}),
        (b"   \n# only a comment", 0, {}),
        (b"a.b(c)\n", 6, {"a": 1, "b": 1, "c": 1}),
        (b"x = 'open, y\nz", 4, {"x": 1, "z": 1}),
        (b"x = '''open, y\nz", 3, {"x": 1}),
        (b"a\0b?c", 5, {"a": 1, "b": 1, "c": 1}),
        (b"rb'n' Rb'n' f\"n\" br", 4, {"br": 1}),
        (b"else'n' bar'n'", 4, {"else": 1, "bar": 1}),
        ("é = ñ".encode(), 3, {"é": 1, "ñ": 1}),
        ("é = ñ".encode("latin-1"), 3, {"é": 1, "ñ": 1}),
    ],
)
def test_odd_source_is_cut_in_a_defined_way(source: bytes, count: int, names: dict[str, int]) -> None:
    assert tokens.names_of(source) == (count, names)


def test_numbers_tell_the_class_of_a_name() -> None:
    table = tokens.new_table()
    tokens.add_to_table(table, ["mine", "if", "len", "mine", "yours"])
    assert [tokens.class_of(table[name]) for name in ("if", "len", "mine", "yours")] == [
        "keyword",
        "builtin",
        "identifier",
        "identifier",
    ]
    assert sorted(table.values()) == list(range(len(table)))


def test_all_ways_agree(files: corpus.Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "BATCH_BYTES", 1000)
    expected = job.plain_loop(files, quiet)
    by_hand: dict[str, int] = {}
    for path in files.paths:
        for name, times in tokens.names_of(Path(path).read_bytes())[1].items():
            by_hand[name] = by_hand.get(name, 0) + times
    assert expected.names == by_hand
    assert expected.names["shared"] == sum(number % 9 for number in range(55))
    for make in [ours.Team, *([stdqueue.Team] if stdqueue.AVAILABLE else [])]:
        team = make(3)
        try:
            for _ in range(3):
                assert job.differences(expected, team.run(files, quiet)) == []
        finally:
            team.close()
    team = processes.Team(3)
    try:
        for workers in (1, 2, 3):
            assert job.differences(expected, team.run(files, workers)) == []
    finally:
        team.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_fewer_workers_of_a_team_give_the_same(files: corpus.Corpus, workers: int) -> None:
    expected = job.plain_loop(files, quiet)
    team = ours.Team(2)
    try:
        assert job.differences(expected, team.run(files, quiet, workers)) == []
    finally:
        team.close()


def test_a_failing_worker_fails_the_job(
    folder: Path, files: corpus.Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "BATCH_BYTES", 1000)
    with pytest.raises(ZeroDivisionError):
        ours.Team(2, "bad_workers:fail_on_second_batch").run(files, quiet)
    (folder / "empty.py").unlink()
    team = ours.Team(2)
    with pytest.raises(FileNotFoundError):
        team.run(files, quiet)
    team.stop()


def test_a_team_can_be_stopped_in_the_middle(files: corpus.Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "BATCH_BYTES", 1000)
    before = threading.active_count()
    team = ours.Team(2)
    results = team._exchange(files, *team._hand_out(2, "find"))
    next(results)
    results.close()
    team.stop()
    assert not any(handle.is_alive() for handle in team.handles)
    assert threading.active_count() == before


def test_the_program_prints_the_result(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--workers", "2", "--input", str(folder), "--seconds", "0"]) == 0
    out = capsys.readouterr().out
    assert "60 Python files" in out
    assert "results identical" in out
    names = job.plain_loop(corpus.find(str(folder)), quiet).names
    first = max(sorted(names), key=names.__getitem__)
    assert "speed-up from 1 to 2 interpreters" in out
    assert "ratio of the two" in out
    assert ["1", first, f"{names[first]:,}", "identifier"] in [line.split() for line in out.splitlines()]


def test_one_worker_has_nothing_to_be_compared_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--workers", "1", "--input", str(folder), "--seconds", "0"]) == 0
    out = capsys.readouterr().out
    assert "1 worker\n" in out
    assert out.count("crossinterp, 1 interpreter  ") == 3  # progress, times, making
    assert "speed-up" not in out
    assert "results identical" in out


def test_rounds_turn_round_and_each_has_its_own_ratio(folder: Path) -> None:
    with measure.Measurement(corpus.find(str(folder)), 2) as measurement:
        measurement.prepare()
        order: list[str] = []
        run = measurement._run
        measurement._run = lambda way: (order.append(way.label), run(way))
        measurement.repeat(3600)
    labels = [way.label for way in measurement.ways]
    assert order == (labels + labels[::-1]) * 2 + labels
    for way, seconds in [
        (measurement.ours_one, [8, 8, 9]),
        (measurement.ours_all, [4, 2, 3]),
        (measurement.processes_one, [6, 8, 6]),
        (measurement.processes_all, [3, 4, 2]),
    ]:
        way.runs = [job.Times(find=one / 4, count=one * 3 / 4) for one in seconds]
    assert measurement.ours_one.times == job.Times(find=2, count=6)
    assert [(figures.lowest, figures.median, figures.highest) for figures in measurement.speed_up()] == [
        (2, 3, 4),
        (2, 2, 3),
        (1, 1, 2),
    ]


def test_the_program_fails_when_results_differ(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make = ours.Team
    monkeypatch.setattr(ours, "Team", lambda workers: make(workers, "bad_workers:lose_a_name"))
    assert command.main(["--workers", "2", "--input", str(folder), "--seconds", "0"]) == 1
    out = capsys.readouterr().out
    assert "RESULTS DIFFER" in out
    assert "crossinterp, 2 interpreters: 'shared' counted" in out
    assert "results identical" not in out


@pytest.mark.parametrize("arguments", [["--input", "/does/not/exist"], ["--input", "EMPTY"]])
def test_the_program_says_that_there_is_no_input(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path) if word == "EMPTY" else word for word in arguments]) == 2
    assert capsys.readouterr().err.startswith("demo: ")


@pytest.mark.parametrize("arguments", [["--workers", "0"], ["--workers", "x"], ["--unknown"]])
def test_wrong_arguments_end_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2


def test_differences_are_told_in_words() -> None:
    expected = job.Outcome(files=2, tokens=9, names={"a": 1, "b": 2}, table={"a": 0, "b": 1})
    assert job.differences(expected, job.Outcome(2, 9, {"b": 2, "a": 1}, {"b": 0, "a": 1})) == []
    assert job.differences(expected, job.Outcome(1, 8, {"a": 1}, {"a": 0})) == [
        "1 files, expected 2",
        "8 tokens, expected 9",
        "1 uses, expected 3",
        "1 names are missing in the table, 0 should not be there",
        "'b' counted 0 times, expected 2",
    ]
    assert job.differences(expected, job.Checksum(2, 9, 3)) == []
    assert job.differences(expected, job.Checksum(2, 9, 4)) == ["4 uses, expected 3"]
    many = job.Outcome(2, 9, {"a": 2, "b": 1}, expected.table)
    assert job.differences(expected, many, most=1) == [
        "'a' counted 2 times, expected 1",
        "… and 1 more names",
    ]


@pytest.mark.parametrize("live", [True, False])
def test_a_terminal_sees_a_bar_and_others_a_line(live: bool, capsys: pytest.CaptureFixture[str]) -> None:
    results = [(3, 10, ()), (2, 10, ())]
    with report.Progress(5, live).run("this way") as watch:
        assert list(watch(results, "find")) == results
    captured = capsys.readouterr()
    assert ("this way: find" in captured.err) is live
    assert captured.out.splitlines()[-1].startswith("  this way  ")


def test_ctrl_c_ends_it_soon(folder: Path) -> None:
    for number in range(100):
        (folder / f"more{number}.py").write_bytes(SOURCE * 60)
    program = subprocess.Popen(
        [sys.executable, str(Path(command.__file__).parent), "--workers", "2", "--input", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        for line in program.stdout:
            if line.startswith("round 1"):
                break
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does, to all its processes
        _, err = program.communicate(timeout=30)
        assert (program.returncode, err) == (130, "")
    finally:
        program.kill()
        program.communicate()


def test_it_runs_as_a_folder(folder: Path, isolated) -> None:
    code = f"""
import runpy, sys
sys.argv = ["demo", "--workers", "1", "--input", {str(folder)!r}, "--seconds", "0"]
sys.path.insert(0, {str(Path(command.__file__).parent)!r})
try:
    runpy.run_path({str(Path(command.__file__).parent)!r}, run_name="__main__")
except SystemExit as end:
    print("status", end.code)
"""
    assert "status 0" in isolated(code)
