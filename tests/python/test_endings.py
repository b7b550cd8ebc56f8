"""Interpreters, threads and processes that end in the middle of something."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import crossinterp
import pytest

import workers

HERE = Path(__file__).resolve().parent
LONG = 30.0
CYCLES = int(os.environ.get("CROSSINTERP_CYCLES", "30"))
CYCLES_A_PROCESS = 50

# SystemExit may strike in the middle of a user's import, which then leaves its file to the garbage collector.
PYTHON = [sys.executable, "-X", "faulthandler", "-W", "error", "-W", "ignore::ResourceWarning"]
LEFT_BY_AN_IMPORT = re.compile(r".*ResourceWarning: unclosed file <_io\.BufferedReader name='.*\.pyc?'>\n")

# A process that hangs says where, before it is given up.
PRELUDE = """
import faulthandler, sys, threading, time
faulthandler.dump_traceback_later(50)
import crossinterp as xi
import workers
sender, receiver = xi.channel(0)
def spawned(target, *args):
    ready, told = xi.channel()
    interpreter = xi.spawn(target, *args, ready)
    assert told.recv(30) == "ready"
    return interpreter
"""


def end_of(code: str, *arguments: str) -> tuple[str, float]:
    """What a process prints and how many seconds it takes; its end must be clean: nothing on stderr."""
    start = time.monotonic()
    try:
        done = subprocess.run(
            [*PYTHON, "-c", PRELUDE + code, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=HERE,
        )
    except subprocess.TimeoutExpired as hanging:
        stdout, stderr = ((part or b"").decode() for part in (hanging.stdout, hanging.stderr))
        pytest.fail(f"it hangs\n{stdout}\n{stderr}")
    assert (done.returncode, done.stderr) == (0, ""), f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, time.monotonic() - start


# ---- Messages of an interpreter that has ended ----


def test_messages_survive_their_sender():
    sender, receiver = crossinterp.channel()
    producer = crossinterp.spawn(workers.produce, sender, 0, 1000)
    blocks = crossinterp.spawn(workers.produce_bytes, sender, 3, 2**20)
    producer.result(LONG)
    blocks.result(LONG)
    del sender
    got = list(receiver)
    assert [item for item in got if isinstance(item, int)] == list(range(1000))
    assert [len(item) for item in got if isinstance(item, bytes)] == [2**20] * 3


def test_a_receiver_goes_on_when_the_sender_ends():
    sender, receiver = crossinterp.channel()
    consumer = crossinterp.spawn(workers.consume, receiver)
    producer = crossinterp.spawn(workers.produce, sender, 0, 10)
    del sender, receiver
    assert consumer.result(LONG) == list(range(10))
    producer.result(LONG)


def test_a_sender_goes_on_when_the_receiver_ends():
    sender, receiver = crossinterp.channel(0)
    ready, told = crossinterp.channel()
    producer = crossinterp.spawn(workers.send_for_ever, sender, ready)
    consumer = crossinterp.spawn(workers.receive_for_ever, receiver, ready)
    del sender, receiver
    assert [told.recv(LONG) for _ in range(2)] == ["ready"] * 2
    assert consumer.result(LONG) == "more"
    with pytest.raises(crossinterp.ChannelClosed) as caught:
        producer.result(LONG)
    assert caught.value.item == "more"


def test_an_end_is_let_go_though_its_object_never_is():
    """The domain releases what a cycle, a module or a pin of the ended interpreter still holds."""
    sender, receiver = crossinterp.channel()
    keeper = crossinterp.spawn(workers.keep_for_ever, sender)
    del sender
    assert keeper.result(LONG) == "kept"
    with pytest.raises(crossinterp.ChannelClosed):
        receiver.recv(LONG)


def test_blocked_threads_of_an_ended_interpreter():
    sender, receiver = crossinterp.channel(0)
    _other, silent = crossinterp.channel(0)
    assert crossinterp.spawn(workers.leave_threads_blocked, silent, sender).result(LONG) == "left"
    sender.close()
    assert list(receiver) == []


def test_a_nested_interpreter_ends_with_the_one_that_spawned_it():
    sender, receiver = crossinterp.channel()
    assert crossinterp.spawn(workers.spawn_and_return, receiver).result(LONG) == "left"
    sender.send("not lost")
    assert receiver.recv(0) == "not lost"


# ---- The end of the process ----


@pytest.mark.parametrize(
    "start",
    [
        "spawned(workers.receive_for_ever, receiver)",
        "spawned(workers.send_for_ever, sender)",
        "spawned(workers.compute)",
        "spawned(workers.spawn_and_compute, 2)",
        "spawned(workers.wait_for_a_computing_one)",
        "xi.spawn(workers.compute_in_threads); time.sleep(0.1)",
        "xi.spawn(workers.compute_in_raw_threads); time.sleep(0.1)",
        "xi.spawn(workers.start_threads_for_ever); time.sleep(0.1)",
        "xi.spawn(workers.naps)",
        "xi.spawn('time:sleep', 0.3)",
        "xi.spawn(workers.compute)",
        "[spawned(workers.compute) for _ in range(3)]",
        "_kept = spawned(workers.receive_for_ever, receiver); sender.close()",
        "threading.Thread(target=spawned, args=(workers.compute,), daemon=True).start(); time.sleep(0.2)",
    ],
)
def test_the_process_ends_while_interpreters_run(start):
    assert end_of(f"{start}\nprint('end')")[0] == "end\n"


def test_the_process_ends_by_an_exception_while_interpreters_run():
    end_of("spawned(workers.compute)\nsys.exit(0)")


def test_stubborn_functions_are_asked_again():
    # It catches the first SystemExit, as cleaning up badly may; the second comes two seconds later.
    out, seconds = end_of("spawned(workers.catch_and_go_on)\nprint('end')")
    assert out == "end\n" and seconds >= 2


def test_threads_of_the_process_are_woken_at_the_end():
    """They are no daemons, so the end waits for them; nobody else would wake them."""
    code = """
ended = []
def blocked(function, *args):
    try:
        function(*args)
    except xi.InterpreterEnding as error:
        sys.stdout.write(f"{type(error).__name__} {error.item}\\n")
threads = [threading.Thread(target=blocked, args=(receiver.recv,)) for _ in range(2)]
other_sender, other_receiver = xi.channel(0)
threads += [threading.Thread(target=blocked, args=(other_sender.send, "back")) for _ in range(2)]
for thread in threads:
    thread.start()
time.sleep(0.2)
"""
    lines = end_of(code)[0].splitlines()
    assert sorted(lines) == ["InterpreterEnding None"] * 2 + ["InterpreterEnding back"] * 2


def test_what_need_not_wait_still_works_at_the_end():
    code = """
import atexit
sender, receiver = xi.channel(1)
def late():
    sender.send("late")
    print(receiver.recv())
    try:
        receiver.recv()
    except xi.InterpreterEnding:
        print("no more waiting")
    try:
        xi.spawn(workers.add, 1)
    except RuntimeError as error:
        print(error)
atexit.register(late)
"""
    out = end_of(code)[0].splitlines()
    assert out[:2] == ["late", "no more waiting"] and "is ending" in out[2]


@pytest.mark.parametrize("daemon", [True, False])
@pytest.mark.parametrize("action", ["receiver.recv()", "sender.send(1)"])
def test_the_process_ends_quietly_while_threads_are_blocked(action, daemon):
    code = f"""
def blocked():
    {action}
for _ in range(3):
    threading.Thread(target=blocked, daemon={daemon}).start()
time.sleep(0.1)
"""
    end_of(code)


def test_the_process_ends_while_daemon_threads_are_busy():
    code = """
def exchange(sender, receiver):
    while True:
        try:
            sender.send(receiver.recv(0.001), 0.001)
        except (TimeoutError, xi.InterpreterEnding):
            pass
sender, receiver = xi.channel(2)
sender.send(1)
for _ in range(4):
    threading.Thread(target=exchange, args=(sender, receiver), daemon=True).start()
time.sleep(0.1)
"""
    for _ in range(3):
        end_of(code)


def test_a_message_that_comes_during_finalization_is_not_lost():
    """The daemon threads of an interpreter that is being finalized cannot take it any more."""
    code = """
import atexit
sender, receiver = xi.channel()
back, seen = xi.channel()
def take():
    try:
        back.send(receiver.recv())
    except xi.InterpreterEnding:
        pass
for _ in range(3):
    threading.Thread(target=take, daemon=True).start()
time.sleep(0.1)
def late():
    for number in range(10):
        sender.send(number)
    time.sleep(0.05)
    taken = len(seen)
    left = []
    while True:
        try:
            left.append(receiver.try_recv())
        except xi.ChannelEmpty:
            break
    assert taken == 0 and left == list(range(10)), (taken, left)
    print("all there")
atexit.register(late)
"""
    assert end_of(code)[0] == "all there\n"


@pytest.mark.parametrize("delay", ["0", "0.0001", "0.001"])
def test_a_message_that_was_handed_to_a_thread_that_never_comes_back(delay):
    """The main thread keeps the GIL to the end, so the message is still in the other thread's wait."""
    code = """
import atexit
sys.setswitchinterval(10)
sender, receiver = xi.channel()
back, seen = xi.channel()
def take():
    while True:
        back.send(receiver.recv())
for _ in range(3):
    threading.Thread(target=take, daemon=True).start()
time.sleep(0.1)
def late():
    taken = [seen.try_recv() for _ in range(len(seen))]
    left = [receiver.try_recv() for _ in range(len(receiver))]
    assert sorted(taken + left) == [0, 1, 2, 3], (taken, left)
    print("all there")
atexit.register(late)
for number in range(4):
    sender.send(number)
if delay := float(sys.argv[1]):
    time.sleep(delay)
"""
    for _ in range(3):
        assert end_of(code, delay)[0] == "all there\n"


def test_objects_that_outlive_the_module():
    code = """
class Late:
    def __init__(self, *ends):
        self.ends = ends
    def __del__(self):
        for end in self.ends:
            repr(end), hash(end), end == end
sys.late = Late(*xi.channel(1))
sys.cycle = [Late(*xi.channel(0))]
sys.cycle.append(sys.cycle)
sys.modules["late"] = Late(*xi.channel())
del sys.modules["crossinterp._core"], sys.modules["crossinterp"]
"""
    end_of(code)


def test_a_module_that_is_imported_twice_shares_the_domain():
    code = """
for name in [name for name in sys.modules if name.startswith("crossinterp")]:
    del sys.modules[name]
import crossinterp
assert crossinterp is not xi
def blocked(error, receiver):
    try:
        receiver.recv()
    except error:
        sys.stdout.write("woken\\n")
pairs = [module.channel() for module in (xi, crossinterp)]
for module, (_, receiver) in zip((xi, crossinterp), pairs):
    threading.Thread(target=blocked, args=(module.InterpreterEnding, receiver)).start()
time.sleep(0.1)
"""
    assert end_of(code)[0] == "woken\n" * 2


@pytest.mark.parametrize("kind", ["isolated", "legacy"])
def test_interpreters_that_others_made(kind):
    """Those of the standard library, with a GIL of their own and without: they end while everything runs."""
    code = """
try:
    import _interpreters as makers
    interpreter = makers.create(sys.argv[1])
    run = makers.exec
except ImportError:
    import _xxsubinterpreters as makers
    interpreter = makers.create(isolated=sys.argv[1] == "isolated")
    run = makers.run_string
failed = run(interpreter, f"import sys; sys.path[:] = {sys.path}" + '''
import threading, time
import crossinterp as xi
import workers
sender, receiver = xi.channel(0)
threading.Thread(target=receiver.recv).start()
assert xi.spawn(workers.add, 2).result(30) == 3
xi.spawn(workers.compute)
time.sleep(0.05)
''')
assert not failed, failed
makers.destroy(interpreter)
print("destroyed")
"""
    assert end_of(code, kind)[0] == "destroyed\n"


# ---- Random moments ----


def random_endings(cycles: int, seed: int) -> None:
    script = HERE / "isolated" / "endings.py"
    done = subprocess.run(
        [*PYTHON, script, str(cycles), str(seed)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    # Debug builds warn in interpreters that have not imported warnings, whatever -W says.
    complaints = LEFT_BY_AN_IMPORT.sub("", done.stderr)
    assert (done.returncode, complaints, lines[-1:]) == (0, "", ["end"]), (
        f"endings.py {cycles} {seed}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    assert len(lines) == cycles + 1


@pytest.mark.parametrize("first", range(0, CYCLES, CYCLES_A_PROCESS))
def test_interpreters_end_at_random_moments(first):
    seed = int.from_bytes(os.urandom(4), "little")
    random_endings(min(CYCLES_A_PROCESS, CYCLES - first), seed)
