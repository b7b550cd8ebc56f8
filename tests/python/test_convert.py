"""What is sent plainly arrives as the same builtin: equal, of the same type, new where it can be changed."""

import gc
import math
import struct
import sys
import threading

import crossinterp
import pytest

ATOMS = [
    None,
    True,
    False,
    ...,
    0,
    1,
    -1,
    2**31,
    2**62,
    2**63 - 1,
    -(2**63),
    0.0,
    -0.0,
    1.5,
    math.inf,
    -math.inf,
    sys.float_info.min,
    sys.float_info.max,
    "",
    "a",
    "é",
    "€",
    "😀",
    "exactly 14 asc",
    "no longer inside the value",
    "Grüße aus dem Latin-1-Land",
    "ĀĀĀĀĀĀĀĀĀĀĀĀĀĀĀĀĀĀĀĀĀ",
    "long text with one 😀 in it, so that it takes four bytes a character",
    "\0",
    "with\0zero",
    "\ud800 lone",
    "\udfff",
    b"",
    b"x",
    b"\0" * 14,
    bytes(range(256)),
]


@pytest.mark.parametrize("value", ATOMS, ids=repr)
def test_atoms_arrive_as_they_were(roundtrip, value):
    received = roundtrip(value)
    assert type(received) is type(value)
    assert received == value
    if type(value) is float:
        assert math.copysign(1, received) == math.copysign(1, value)


def test_nan_keeps_its_payload(roundtrip):
    bits = 0x7FF8_0000_DEAD_BEEF
    (nan,) = struct.unpack("<d", struct.pack("<Q", bits))
    assert struct.unpack("<Q", struct.pack("<d", roundtrip(nan))) == (bits,)


def test_singletons_are_themselves(roundtrip):
    for value in (None, True, False, ..., (), ""):
        assert roundtrip(value) is value


@pytest.mark.parametrize("bits", [62, 63, 64, 65, 127, 128, 1000, 64 * 1024])
def test_ints_of_any_size(roundtrip, bits):
    for near in range(-3, 4):
        for number in (2**bits + near, -(2**bits) + near):
            assert roundtrip(number) == number
            assert roundtrip([number]) == [number]


@pytest.mark.parametrize("length", [*range(20), 255, 256, 65_535, 65_536, 1_000_000])
@pytest.mark.parametrize("character", ["x", "ÿ", "Ω", "𝄞"])
def test_text_of_every_form_and_length(roundtrip, character, length):
    text = character * length
    received = roundtrip(text)
    assert received == text
    assert hash(received) == hash(text)
    assert sys.getsizeof(received) <= sys.getsizeof(character * length) + 8


def test_every_code_point(roundtrip):
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    assert roundtrip(text) == text
    for block in range(0, sys.maxunicode + 1, 4096):
        assert roundtrip(text[block : block + 10]) == text[block : block + 10]


@pytest.mark.parametrize("length", [*range(20), 1_000_000])
def test_bytes_of_every_length(roundtrip, length):
    data = bytes(i % 251 for i in range(length))
    assert roundtrip(data) == data


CONTAINERS = [
    [],
    (),
    {},
    [1, "two", 3.0, None],
    (1, ("two", (3.0, (None, ())))),
    {"a": 1, "b": [2, {"c": (3,)}]},
    {1: "int", 2.5: "float", None: "none", True + 1: "same as 2", b"b": "bytes", "s": "str", ...: "dots"},
    {(): 0, (1, 2): "tuple", ("a", (b"b", (None,))): "nested"},
    [[], [], [[]], {}, {}],
    list(range(1000)),
    {str(i): i for i in range(1000)},
    [{"name": f"row {i}", "value": i * 0.5, "tags": ["x", "y"]} for i in range(100)],
]


@pytest.mark.parametrize("value", CONTAINERS, ids=lambda value: repr(value)[:40])
def test_containers_arrive_equal_and_of_the_same_types(roundtrip, value):
    def same(left, right):
        assert type(left) is type(right)
        assert left == right
        if isinstance(left, dict):
            assert list(left) == list(right)
            for key, item in left.items():
                same(item, right[key])
        elif isinstance(left, (list, tuple)):
            for one, other in zip(left, right, strict=True):
                same(one, other)

    same(roundtrip(value), value)


def test_what_arrives_is_new(roundtrip):
    inner = [1]
    outer = {"list": inner, "dict": {"a": inner}}
    received = roundtrip(outer)
    received["list"].append(2)
    received["dict"]["b"] = 3
    assert outer == {"list": [1], "dict": {"a": [1]}}


def test_order_of_a_dict_is_kept(roundtrip):
    order = {str(i * 7919 % 1000): i for i in range(1000)}
    del order["0"]
    order["0"] = -1
    assert list(roundtrip(order).items()) == list(order.items())


def test_equal_keys_keep_their_type(roundtrip):
    for key in (1, 1.0, True, 0, 0.0, -0.0, False):
        (received,) = roundtrip({key: "x"})
        assert type(received) is type(key)
        assert str(received) == str(key)


def test_several_nans_as_keys(roundtrip):
    received = roundtrip({float("nan"): 1, float("nan"): 2})
    assert list(received.values()) == [1, 2]


def test_shared_parts_stay_shared(roundtrip):
    shared = ["shared"]
    mapping = {"k": shared}
    received = roundtrip([shared, mapping, (shared, mapping), shared])
    assert received[0] is received[1]["k"] is received[2][0] is received[3]
    assert received[1] is received[2][1]


def test_what_was_two_stays_two(roundtrip):
    received = roundtrip([[1], [1], {"a": 1}, {"a": 1}])
    assert received[0] is not received[1]
    assert received[2] is not received[3]


@pytest.mark.parametrize(
    "make", [lambda part: [part, part], lambda part: (part, part), lambda part: {1: part, 2: part}]
)
def test_a_graph_with_many_paths_does_not_explode(roundtrip, make):
    graph = [0]
    for _ in range(200):
        graph = make(graph)
    received = roundtrip(graph)
    depth = 0
    while received != [0]:
        left, right = received.values() if isinstance(received, dict) else received
        assert left is right
        received = left
        depth += 1
        if depth == 200:
            break
    assert received == [0]


def test_depth_is_limited_by_an_error_and_nothing_is_lost(roundtrip):
    sender, receiver = crossinterp.channel()
    deep: list = []
    for _ in range(1_000_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        sender.send(deep)
    sender.send("after")
    assert receiver.recv(timeout=10) == "after"
    while deep:
        deep = deep.pop()


def test_depth_is_limited_in_threads_too():
    problems = []

    def run():
        deep: object = 0
        for _ in range(200_000):
            deep = {"k": (deep, 1)}
        sender, _receiver = crossinterp.channel()
        for verb in (sender.send, crossinterp.freeze):
            try:
                verb(deep)
            except RecursionError as error:
                problems.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(problems) == 2


def test_frozen_data_is_as_deep_as_wanted_when_built_in_steps():
    """Comparing and releasing need no recursion; what does, says so."""
    views = []
    for _ in range(2):
        view = crossinterp.freeze([0])
        for _ in range(100_000):
            view = crossinterp.freeze([view])
        views.append(view)
    assert views[0] == views[1]
    assert views[0] != crossinterp.freeze([views[1]])
    with pytest.raises(RecursionError):
        views[0].thaw()
    with pytest.raises(RecursionError):
        repr(views[0])
    sender, receiver = crossinterp.channel()
    sender.send(views[0])
    assert receiver.recv(timeout=10) == views[1]


def test_moderate_depth_works(roundtrip):
    for wrap in (lambda x: [x], lambda x: (x,), lambda x: {"k": x}):
        deep = 0
        for _ in range(400):
            deep = wrap(deep)
        assert roundtrip(deep) == deep


def test_an_object_can_be_sent_many_times_and_is_not_kept():
    sender, receiver = crossinterp.channel()
    part = ["part of everything", "that is sent here"]
    before = sys.getrefcount(part), sys.getrefcount(part[0])
    for _ in range(100):
        sender.send([part, part, {"p": part}])
    assert (sys.getrefcount(part), sys.getrefcount(part[0])) == before
    for _ in range(100):
        assert receiver.recv(timeout=10) == [part, part, {"p": part}]
    assert (sys.getrefcount(part), sys.getrefcount(part[0])) == before


def test_what_is_sent_is_what_it_was_at_that_moment():
    sender, receiver = crossinterp.channel()
    changing = [1, {"a": 1}]
    sender.send(changing)
    changing[1]["a"] = 2
    changing.append(3)
    assert receiver.recv(timeout=10) == [1, {"a": 1}]


def test_channel_ends_travel_inside_containers(roundtrip):
    sender, receiver = crossinterp.channel()
    received = roundtrip({"ends": [sender, receiver]})
    received["ends"][0].send("through the copy")
    assert receiver.recv(timeout=10) == "through the copy"
    sender.send("back")
    assert received["ends"][1].recv(timeout=10) == "back"


def test_queues_travel_inside_containers(roundtrip):
    queue = crossinterp.Queue()
    received = roundtrip([queue, {"q": queue}])
    received[0].put(1)
    received[1]["q"].put(2)
    assert [queue.get(timeout=10), queue.get(timeout=10)] == [1, 2]


def test_sending_while_other_threads_change_the_object():
    """Whatever is seen of an object that changes, nothing crashes and what arrives is well formed."""
    sender, receiver = crossinterp.channel()
    stop = threading.Event()
    changing_list = list(range(100))
    changing_dict = {i: [i] for i in range(100)}

    def change():
        number = 0
        while not stop.is_set():
            number += 1
            changing_list.append(number)
            del changing_list[0]
            changing_dict[number % 150] = [number]
            changing_dict.pop((number * 7) % 150, None)
            if number % 10 == 0:
                changing_list[:] = range(number % 200)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(2000):
            try:
                sender.send([changing_list, changing_dict])
            except RuntimeError as error:
                assert "changed size" in str(error)
                continue
            some_list, some_dict = receiver.recv(timeout=10)
            assert all(type(item) is int for item in some_list)
            assert all(type(item) is list for item in some_dict.values())
    finally:
        stop.set()
        thread.join()


def test_garbage_collection_while_rebuilding(roundtrip):
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        value = [{"a": [i, (i, [i])]} for i in range(500)]
        assert roundtrip(value) == value
    finally:
        gc.set_threshold(*thresholds)
