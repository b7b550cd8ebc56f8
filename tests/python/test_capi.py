"""The table for other C extensions: they share channels and values with Python code."""

import ctypes
import queue
import re
import subprocess
import sys
from pathlib import Path

import crossinterp
import pytest
from crossinterp import _core

from other_side import load_extension, use_native_peer


def without_comments(path):
    return re.sub(r"/\*.*?\*/", "", Path(path).read_text(), flags=re.DOTALL)


def test_the_headers_are_where_get_include_says():
    folder = Path(crossinterp.get_include())
    assert (folder / "crossinterp.h").is_file()
    assert (folder / "crossinterp_capi.h").is_file()


def test_the_table_names_every_function_of_the_header():
    folder = Path(crossinterp.get_include())
    declared = re.findall(r"XI_API\s[^;(]*?\b(xi_\w+)\s*\(", without_comments(folder / "crossinterp.h"))
    listed = re.findall(r"\bX\(.*?, (xi_\w+), \(", without_comments(folder / "crossinterp_capi.h"))
    assert len(declared) > 60
    assert listed == declared


def test_the_extension_exports_its_init_function_only():
    done = subprocess.run(
        ["nm", "-D", "--defined-only", "--format=posix", _core.__file__],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.split()[0] for line in done.stdout.splitlines()}
    assert names == {"PyInit__core"}


def test_a_native_thread_sends_to_python(native_peer):
    sender, receiver = crossinterp.channel(16)
    native_peer.count_into(sender, 0, 50_000)
    assert [receiver.recv(timeout=10) for _ in range(50_000)] == list(range(50_000))


def test_a_native_thread_moves_messages_of_any_kind(native_peer):
    to_peer, from_python = crossinterp.channel(1)
    to_python, from_peer = crossinterp.channel(1)
    native_peer.echo(from_python, to_python)
    view = crossinterp.freeze({"a": [1]})
    for message in (None, 2**100, "text", [1, {"a": (2.5, b"x")}], view):
        to_peer.send(message)
        received = from_peer.recv(timeout=10)
        assert received == message
        assert type(received) is type(message)
    to_peer.send(to_peer)
    from_peer.recv(timeout=10).send("through the end that went around")
    assert from_peer.recv(timeout=10) == "through the end that went around"


def test_a_receiver_made_in_c(native_peer):
    items = [1, "two", [3], {"four": 4}]
    receiver = native_peer.channel_of(items)
    assert type(receiver) is crossinterp.Receiver
    assert [receiver.recv(timeout=10) for _ in items] == items
    with pytest.raises(crossinterp.ChannelClosed):
        receiver.recv(timeout=10)
    with pytest.raises(crossinterp.NotShareableError):
        native_peer.channel_of([1, object()])


def test_a_pair_made_in_c(native_peer):
    sender, receiver = native_peer.pair()
    assert type(sender) is crossinterp.Sender
    assert sender.capacity == 4
    sender.send("x")
    assert receiver.recv(timeout=10) == "x"


def test_c_receives_what_python_sends(native_peer):
    sender, receiver = crossinterp.channel()
    for number in range(1000):
        sender.send(number)
    sender.close()
    assert native_peer.sum_of(receiver) == sum(range(1000))
    sender, receiver = crossinterp.channel()
    sender.send("no int")
    with pytest.raises(TypeError, match="another kind"):
        native_peer.sum_of(receiver)


def test_other_objects_are_refused(native_peer):
    sender, receiver = crossinterp.channel()
    for act in (
        lambda: native_peer.count_into(receiver, 0, 1),
        lambda: native_peer.count_into(None, 0, 1),
        lambda: native_peer.sum_of(sender),
        lambda: native_peer.echo(sender, sender),
        lambda: native_peer.echo(receiver, receiver),
    ):
        with pytest.raises(TypeError):
            act()


def test_values_by_the_table(native_peer):
    assert native_peer.roundtrip([1, {"a": (2,)}], False) == [1, {"a": (2,)}]
    view = native_peer.roundtrip([1, {"a": (2,)}], True)
    assert type(view) is crossinterp.FrozenSequence
    assert view == [1, {"a": (2,)}]
    with pytest.raises(crossinterp.NotShareableError, match="cannot freeze"):
        native_peer.roundtrip([object()], True)


ASCII, UTF8, LATIN1, UCS2, UCS4 = range(5)


@pytest.mark.parametrize(
    "text", ["", "a", "é", "€", "plain", "plain text beyond the value", "é" * 30, "€" * 30, "😀" * 30]
)
def test_text_that_is_wider_than_it_needs_becomes_a_proper_str(native_peer, text):
    encodings = {UTF8: "utf-8", UCS4: "utf-32-le" if sys.byteorder == "little" else "utf-32-be"}
    if max(text, default="") < "\x80":
        encodings[ASCII] = "ascii"
    if max(text, default="") < "\u0100":
        encodings[LATIN1] = "latin-1"
    if max(text, default="") < "\U00010000":
        encodings[UCS2] = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"
    for form, encoding in encodings.items():
        made = native_peer.text(form, text.encode(encoding))
        assert made == text
        assert hash(made) == hash(text)
        assert made.isascii() == text.isascii()
        assert {made: 1}[text] == 1
        assert crossinterp.freeze({text: 1})[made] == 1


def test_text_of_a_wrong_form(native_peer):
    for form, units in ((ASCII, b"\xff"), (UTF8, b"\xff"), (UCS4, b"\xff\xff\xff\xff")):
        with pytest.raises(ValueError, match="not text of the form"):
            native_peer.text(form, units)


def test_a_record_that_nobody_knows(native_peer):
    with pytest.raises(TypeError, match=r"a record 'nobody\.Knows' was received"):
        native_peer.record("nobody.Knows", 1)


STATUSES = {
    -1: SystemError,
    -2: queue.Full,
    -3: queue.Empty,
    -4: crossinterp.ChannelClosed,
    -5: MemoryError,
    -6: TimeoutError,
    -7: InterruptedError,
    -8: SystemError,
    -9: TypeError,
    -10: OverflowError,
    -11: crossinterp.InterpreterEnding,
    -12: crossinterp.ForkedError,
    -13: TypeError,
    -14: KeyError,
    -15: ValueError,
    -16: SystemError,
    -1000: SystemError,
}


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
def test_every_status_is_an_exception(native_peer, status, error):
    with pytest.raises(error):
        native_peer.raise_status(status)


def test_every_status_of_the_header_is_in_the_list_above():
    header = without_comments(Path(crossinterp.get_include()) / "crossinterp.h")
    numbers = {int(number) for number in re.findall(r"XI_ERR_\w+ = (-\d+)", header)}
    assert numbers == STATUSES.keys() - {-1000}


@pytest.mark.parametrize("number", range(9))
def test_wrong_calls_are_answered(native_peer, number):
    with pytest.raises(SystemError):
        native_peer.wrong_call(number)


def test_another_abi_is_refused(extensions):
    with pytest.raises(
        ImportError, match="compiled for ABI 4000000000 of crossinterp, but the one imported has ABI"
    ):
        load_extension("other_abi", extensions)


def test_a_table_that_is_too_small_is_refused(extensions):
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype = ctypes.c_void_p
    pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]
    address = pointer_of(_core._C_API, b"crossinterp._core._C_API")
    size = ctypes.c_size_t.from_address(address)
    original = size.value
    size.value -= ctypes.sizeof(ctypes.c_void_p)
    try:
        with pytest.raises(ImportError, match="compiled for a newer crossinterp"):
            load_extension("native_peer", extensions)
    finally:
        size.value = original


def test_the_extension_in_an_interpreter_of_its_own(extensions, native_peer):
    to_other, from_here = crossinterp.channel()
    to_here, from_other = crossinterp.channel()
    for number in range(10):
        to_other.send(number)
    to_other.close()
    other = crossinterp.spawn(use_native_peer, str(extensions), to_here, from_here)
    address, total = other.result(timeout=30)
    assert total == 45
    assert address != native_peer.table_address()
    # Its thread goes on after that interpreter has ended.
    assert [from_other.recv(timeout=10) for _ in range(100)] == list(range(100))
