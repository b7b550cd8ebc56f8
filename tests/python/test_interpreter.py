"""Interpreter and spawn: what is called, what comes back, and how it is ended."""

import math
import sys
import threading
import time
import traceback

import crossinterp
import pytest

import workers

LONG = 30.0


def started(target, *args):
    """An interpreter that is known to be in the middle of its function."""
    ready, told = crossinterp.channel()
    interpreter = crossinterp.spawn(target, *args, ready)
    del ready
    assert told.recv(LONG) == "ready"
    return interpreter


# ---- Targets ----


@pytest.mark.parametrize(
    ("target", "args", "result"),
    [
        ("workers:add", (1, 2), 3),
        ("workers:Holder.double", (4,), 8),
        ("math:sqrt", (9.0,), 3.0),
        ("os.path:join", ("a", "b"), "a/b"),
        (workers.add, (1,), 2),
        (workers.Holder.double, (4,), 8),
        (workers.Holder.named, (), "Holder"),
        (math.sqrt, (4,), 2.0),
        (len, ([1, 2, 3],), 3),
        (int, ("12",), 12),
        (crossinterp.Queue, (2,), None),
    ],
    ids=str,
)
def test_targets(target, args, result):
    got = crossinterp.spawn(target, *args).result(LONG)
    assert got == result or (result is None and isinstance(got, target))


def test_arguments_by_name():
    assert crossinterp.spawn(workers.add, 1, right=5).result(LONG) == 6
    assert crossinterp.spawn(workers.add, left=[1], right=[2]).result(LONG) == [1, 2]
    interpreter = crossinterp.Interpreter("workers:add", iter((1,)), {"right": 7})
    interpreter.start()
    assert interpreter.result(LONG) == 8


def in_main():
    pass


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (lambda: None, "is a lambda.*define it at the top level"),
        (workers.make_local_error(), "made inside of a function"),
        ([].append, "no module and name"),
        (workers.Holder().double.__get__, "something else|no module and name|cannot be found"),
        (workers.FieldError(1, reason="x").with_traceback, "no module and name|something else"),
    ],
)
def test_targets_that_nobody_else_finds(target, message):
    with pytest.raises(crossinterp.NotShareableError, match=message):
        crossinterp.spawn(target)


def test_a_function_of_main(isolated):
    code = """
import crossinterp
def mine(): pass
try:
    crossinterp.spawn(mine)
except crossinterp.NotShareableError as error:
    print(error)
"""
    message = isolated(code)
    assert "'mine' is a function of __main__" in message
    assert "move it to a module of its own" in message


def test_a_function_hidden_by_another(monkeypatch):
    original = workers.add
    monkeypatch.setattr(workers, "add", workers.give)
    with pytest.raises(crossinterp.NotShareableError, match="something else"):
        crossinterp.spawn(original, 1)


@pytest.mark.parametrize(
    "target", ["", "workers", "workers:", ":add", "work ers:add", "a:b:c", "a:1", "a..b:c"]
)
def test_wrong_names(target):
    with pytest.raises(ValueError, match="module:function"):
        crossinterp.spawn(target)


@pytest.mark.parametrize("target", [None, 1, b"workers:add"])
def test_not_callable(target):
    with pytest.raises(TypeError, match="function or its name"):
        crossinterp.spawn(target)


def test_names_that_are_not_there():
    with pytest.raises(ModuleNotFoundError) as caught:
        crossinterp.spawn("no_such_module:function").result(LONG)
    assert caught.value.name == "no_such_module"
    with pytest.raises(AttributeError, match="no_such_function"):
        crossinterp.spawn("workers:no_such_function").result(LONG)


# ---- Arguments and results ----


def test_unshareable_arguments_start_nothing():
    before = threading.active_count()
    interpreter = crossinterp.Interpreter(workers.give, [{"key": object()}])
    with pytest.raises(crossinterp.NotShareableError, match="object"):
        interpreter.start()
    assert threading.active_count() == before and not interpreter.is_alive()
    with pytest.raises(crossinterp.NotShareableError):
        crossinterp.spawn(workers.add, 1, right=object())


def test_unshareable_result():
    with pytest.raises(crossinterp.NotShareableError) as caught:
        crossinterp.spawn(workers.unshareable).result(LONG)
    assert caught.value.path == "[1]['key']"


def test_sys_path_is_that_of_the_caller(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, "/some/where", "/with/\u20ac and \xe9", "/with/\udc80"])
    assert crossinterp.spawn(workers.path).result(LONG) == sys.path


def test_frozen_arguments_and_results():
    frozen = crossinterp.freeze({"a": [1, 2]})
    got = crossinterp.spawn(workers.give, frozen).result(LONG)
    assert got == frozen and type(got) is type(frozen)


def test_arguments_are_let_go_when_started():
    sender, receiver = crossinterp.channel()
    interpreter = crossinterp.spawn(workers.produce, sender, 0, 3)
    del sender
    assert list(receiver) == [0, 1, 2]
    assert interpreter.result(LONG) is None


def test_the_result_is_had_more_than_once():
    interpreter = crossinterp.spawn(workers.give, [1])
    first = interpreter.result(LONG)
    assert first == [1] and interpreter.result() is first


# ---- Exceptions ----


def raised(*args):
    interpreter = crossinterp.spawn(workers.fail, *args)
    with pytest.raises(BaseException) as caught:
        interpreter.result(LONG)
    assert caught.value.__cause__ is not None
    assert isinstance(caught.value.__cause__, crossinterp.RemoteTraceback)
    assert "Traceback (most recent call last)" in str(caught.value.__cause__)
    assert "in fail" in str(caught.value.__cause__)
    return caught.value


def test_an_exception_of_a_module():
    error = raised("plain")
    assert type(error) is workers.PlainError and error.args == ("one", 2)


def test_an_exception_with_fields():
    error = raised("field")
    assert type(error) is workers.FieldError
    assert (error.code, error.reason, str(error)) == (7, "seven", "seven (7)")


def test_an_exception_of_the_system():
    error = raised("file")
    assert type(error) is FileNotFoundError and error.filename == "/nonexistent/file" and error.errno == 2


def test_an_exception_whose_type_cannot_be_had():
    error = raised("local")
    assert type(error) is crossinterp.RemoteError
    assert "LocalError: nobody can import me" in str(error)
    assert error.type_name.endswith("LocalError") and "in fail" in error.traceback_text


def test_an_exception_that_cannot_be_sent():
    error = raised("unshareable")
    assert type(error) is crossinterp.RemoteError and "workers.PlainError: <object object" in str(error)
    assert type(raised("group")) is crossinterp.RemoteError


def test_causes_are_in_the_text():
    error = raised("chained")
    assert type(error) is ValueError and "KeyError: 'first'" in str(error.__cause__)
    assert "KeyError: 'first'" in "".join(traceback.format_exception(error))


def test_system_exit_just_ends_it():
    assert crossinterp.spawn(workers.fail, "exit").result(LONG) is None


# ---- Its life ----


def test_its_life():
    interpreter = crossinterp.Interpreter(workers.receive_for_ever, name="mine")
    assert interpreter.name == "mine" and interpreter.id is None and not interpreter.is_alive()
    assert "not started" in repr(interpreter)
    for early in (interpreter.join, interpreter.result, interpreter.stop):
        with pytest.raises(RuntimeError, match="not started"):
            early()
    sender, receiver = crossinterp.channel()
    ready, told = crossinterp.channel()
    interpreter = crossinterp.Interpreter(workers.receive_for_ever, (receiver, ready), name="mine")
    interpreter.start()
    told.recv(LONG)
    assert interpreter.is_alive() and interpreter.id > 0 and "running" in repr(interpreter)
    assert "mine" in [thread.name for thread in threading.enumerate()]
    with pytest.raises(RuntimeError, match="only once"):
        interpreter.start()
    start = time.monotonic()
    interpreter.join(0.1)
    assert interpreter.is_alive()
    with pytest.raises(TimeoutError):
        interpreter.result(timeout=0.15)
    assert time.monotonic() - start >= 0.25
    sender.send("enough")
    interpreter.join(1e300)
    assert not interpreter.is_alive() and interpreter.result(0) == "enough" and "ended" in repr(interpreter)
    interpreter.stop()
    assert interpreter.result() == "enough"


def test_wrong_timeouts():
    interpreter = crossinterp.spawn(workers.add, 1)
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            interpreter.join(wrong)
        with pytest.raises(ValueError, match="timeout"):
            interpreter.result(wrong)
    interpreter.join()


def test_each_has_a_name_and_an_interpreter_of_its_own():
    several = [crossinterp.spawn(workers.add, 1) for _ in range(3)]
    for interpreter in several:
        interpreter.join(LONG)
    assert len({interpreter.name for interpreter in several}) == 3
    assert len({interpreter.id for interpreter in several}) == 3


def test_with():
    with crossinterp.Interpreter(workers.add, (1,)) as interpreter:
        assert interpreter.name
    assert not interpreter.is_alive() and interpreter.result() == 2
    _sender, receiver = crossinterp.channel()
    with (
        pytest.raises(ZeroDivisionError),
        crossinterp.spawn(workers.receive_for_ever, receiver) as interpreter,
    ):
        _ = 1 / 0
    assert not interpreter.is_alive()
    with pytest.raises(crossinterp.InterpreterStopped):
        interpreter.result()


def test_they_compute_at_the_same_time():
    ready, told = crossinterp.channel()
    several = [crossinterp.spawn(workers.compute, ready) for _ in range(2)]
    assert [told.recv(LONG) for _ in several] == ["ready"] * 2
    for interpreter in several:
        interpreter.stop()
    for interpreter in several:
        interpreter.join(LONG)
        assert not interpreter.is_alive()


def test_nested():
    assert crossinterp.spawn(workers.nested_sum, 3).result(LONG) == 3


def test_it_ends_when_its_threads_have_ended():
    start = time.monotonic()
    assert crossinterp.spawn(workers.leave_raw_thread, 0.3).result(LONG) == "left"
    assert time.monotonic() - start >= 0.3


def test_the_current_thread_can_be_asked_for():
    assert isinstance(crossinterp.spawn(workers.current_thread_name).result(LONG), str)


# ---- Stopping ----


def test_stop_a_computing_one():
    interpreter = started(workers.compute)
    interpreter.stop()
    with pytest.raises(crossinterp.InterpreterStopped, match="was stopped"):
        interpreter.result(LONG)


def test_stop_a_blocked_one():
    sender, receiver = crossinterp.channel(1)
    interpreter = started(workers.receive_for_ever, receiver)
    interpreter.stop()
    with pytest.raises(crossinterp.InterpreterStopped):
        interpreter.result(LONG)
    sender.send("not lost")
    assert receiver.recv(0) == "not lost"
    interpreter = started(workers.send_for_ever, sender)
    interpreter.stop()
    interpreter.join(LONG)
    assert not interpreter.is_alive()
    assert receiver.recv(0) == "more"


def test_stop_before_it_runs():
    for _ in range(5):
        interpreter = crossinterp.spawn(workers.compute)
        interpreter.stop()
        interpreter.stop()
        with pytest.raises(crossinterp.InterpreterStopped):
            interpreter.result(LONG)


def test_stop_lets_it_clean_up():
    interpreter = started(workers.catch_once)
    interpreter.stop()
    assert interpreter.result(LONG) == "cleaned up"


@pytest.mark.parametrize("target", ["compute_in_threads", "compute_in_raw_threads", "start_threads_for_ever"])
@pytest.mark.parametrize("delay", [0.03, 0.06, 0.2])
def test_stop_its_threads_too(target, delay):
    interpreter = crossinterp.spawn(f"workers:{target}")
    time.sleep(delay)
    interpreter.stop()
    with pytest.raises(crossinterp.InterpreterStopped):
        interpreter.result(LONG)


def test_stop_the_nested_ones_too():
    interpreter = started(workers.spawn_and_compute, 2)
    interpreter.stop()
    with pytest.raises(crossinterp.InterpreterStopped):
        interpreter.result(LONG)


def test_stop_one_that_waits_for_another():
    interpreter = started(workers.wait_for_a_computing_one)
    interpreter.stop()
    with pytest.raises(crossinterp.InterpreterStopped):
        interpreter.result(LONG)


def test_stop_from_many_threads():
    interpreter = started(workers.compute)
    threads = [threading.Thread(target=interpreter.stop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    interpreter.join(LONG)
    assert not interpreter.is_alive()
