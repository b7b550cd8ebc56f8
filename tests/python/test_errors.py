"""What cannot be sent is refused at the sender, with the path to it; nothing is sent or leaked."""

import collections
import enum
import queue
import re
import types

import crossinterp
import pytest


class SubDict(dict):
    pass


class Colour(enum.StrEnum):
    RED = "red"


class Plain:
    pass


Point = collections.namedtuple("Point", "x y")

REFUSED = [
    object(),
    Plain(),
    set(),
    frozenset({1}),
    bytearray(b"x"),
    memoryview(b"x"),
    1j,
    range(3),
    print,
    lambda: None,
    int,
    types,
    collections.OrderedDict(),
    collections.defaultdict(list),
    SubDict(),
    Point(1, 2),
    Colour.RED,
    NotImplemented,
    iter([]),
]


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_other_types_are_refused(value):
    sender, receiver = crossinterp.channel()
    name = type(value).__name__
    with pytest.raises(crossinterp.NotShareableError, match=re.escape(f"{name}' object")) as caught:
        sender.send(value)
    assert caught.value.path == ""
    assert isinstance(caught.value, TypeError)
    with pytest.raises(crossinterp.NotShareableError, match="cannot freeze"):
        crossinterp.freeze(value)
    sender.close()
    with pytest.raises(crossinterp.ChannelClosed):
        receiver.recv()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([1, 2, 3, {"key": set()}], "[3]['key']"),
        ({"a": ({"b": [0, [1, object()]]},)}, "['a'][0]['b'][1][1]"),
        ({1: {None: {b"x": {2.5: {(1, "t"): set()}}}}}, "[1][None][b'x'][2.5][(1, 't')]"),
        ({"it's": set()}, '["it\'s"]'),
        (((((set(),),),),), "[0][0][0][0]"),
        ({"a": 1, frozenset(): 2}, ".keys()[1]"),
        ([{(1, (2, frozenset())): 2}], "[0].keys()[0][1][1]"),
        ([SubDict()], "[0]"),
        ({"x" * 1000: set()}, f"['{'x' * 59}...]"),
        ({10**5000: set()}, "[<int>]"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_the_error_names_the_path(value, path):
    sender, _receiver = crossinterp.channel()
    with pytest.raises(crossinterp.NotShareableError) as caught:
        sender.send(value)
    assert caught.value.path == path
    assert f"object at {path}: " in str(caught.value)
    with pytest.raises(crossinterp.NotShareableError) as caught:
        crossinterp.freeze(value)
    assert caught.value.path == path


def test_the_path_leads_to_the_object():
    culprit = object()
    value = {"a": [0, ({"b": culprit},)], "c": [culprit]}
    sender, _receiver = crossinterp.channel()
    with pytest.raises(crossinterp.NotShareableError) as caught:
        sender.send(value)
    assert eval("value" + caught.value.path) is culprit


def test_a_long_path_is_cut_in_the_message_only():
    value: object = set()
    for _ in range(300):
        value = [value]
    sender, _receiver = crossinterp.channel()
    with pytest.raises(crossinterp.NotShareableError) as caught:
        sender.send(value)
    assert caught.value.path == "[0]" * 300
    assert len(str(caught.value)) < 600


def test_a_subclass_is_told_what_it_would_lose():
    sender, _receiver = crossinterp.channel()
    with pytest.raises(crossinterp.NotShareableError, match=r"a subclass of tuple would lose its type"):
        sender.send([Point(1, 2)])


@pytest.mark.parametrize(
    ("make", "path", "closes"),
    [
        (lambda: (a := [], a.append(a))[0], "[0]", "is the object itself"),
        (lambda: (a := [0, {}], a[1].update(self=a[1]))[0], "[1]['self']", "is the object at [1]"),
        (lambda: (a := {}, a.update(x=[(a,)]))[0], "['x'][0][0]", "is the object itself"),
        (lambda: (a := [1, [2, [3]]], a[1][1].append(a[1]))[0], "[1][1][1]", "is the object at [1]"),
        (lambda: (t := ([],), t[0].append(t))[0], "[0][0]", "is the object itself"),
    ],
)
def test_a_cycle_is_refused_with_the_place_where_it_closes(make, path, closes):
    sender, _receiver = crossinterp.channel()
    for act, verb in ((sender.send, "send"), (crossinterp.freeze, "freeze")):
        with pytest.raises(crossinterp.NotShareableError) as caught:
            act(make())
        assert caught.value.path == path
        assert str(caught.value) == f"cannot {verb} a cycle: {path} {closes}"


def test_a_cycle_below_something_shared():
    loop: list = []
    loop.append({"again": loop})
    fine = [1, 2]
    sender, _receiver = crossinterp.channel()
    with pytest.raises(crossinterp.NotShareableError, match=r"\[2\]\[0\]\['again'\] is the object at \[2\]"):
        sender.send([fine, fine, loop])


def test_keys_that_only_python_can_hash():
    sender, _receiver = crossinterp.channel()
    end, _other = crossinterp.channel()
    with pytest.raises(crossinterp.NotShareableError, match=r"at \['k'\]\.keys\(\)\[0\]: a key is"):
        sender.send({"k": {end: 1}})


def test_the_family_of_errors():
    assert issubclass(crossinterp.ChannelClosed, crossinterp.ChannelError)
    assert issubclass(crossinterp.ChannelFull, crossinterp.ChannelError)
    assert issubclass(crossinterp.ChannelFull, queue.Full)
    assert issubclass(crossinterp.ChannelEmpty, crossinterp.ChannelError)
    assert issubclass(crossinterp.ChannelEmpty, queue.Empty)
    assert issubclass(crossinterp.InterpreterEnding, crossinterp.ChannelError)
    assert issubclass(crossinterp.ForkedError, crossinterp.ChannelError)
    assert not issubclass(crossinterp.NotShareableError, crossinterp.ChannelError)


def test_a_closed_channel_gives_the_message_back():
    sender, receiver = crossinterp.channel()
    receiver.close()
    message = ["not sent"]
    with pytest.raises(crossinterp.ChannelClosed) as caught:
        sender.send(message)
    assert caught.value.item is message
    with pytest.raises(crossinterp.ChannelClosed) as caught:
        receiver.recv()
    assert caught.value.item is None
