"""Frozen data: views that behave as the builtins they were made of, read in place, sent without a copy."""

import collections
import collections.abc
import copy
import decimal
import enum
import gc
import operator
import pickle
import sys
import time

import crossinterp
import pytest
from crossinterp import FrozenMap, FrozenSequence, freeze

CONFIG = {
    "name": "demo",
    "limits": {"low": 1, "high": [1, 2.5, None]},
    "tags": ("a", "b", ("c", {"deep": b"bytes"})),
    1: "one",
    None: ...,
    (1, "x"): "tuple key",
    "big": 2**200,
    "text": "é€😀" * 10,
}


@pytest.mark.parametrize("value", [None, True, ..., 1, 2**100, 1.5, "text", b"bytes"], ids=repr)
def test_what_cannot_change_is_returned_as_it_is(value):
    assert freeze(value) is value


def test_channel_ends_and_queues_are_returned_as_they_are():
    sender, receiver = crossinterp.channel()
    queue = crossinterp.Queue()
    assert freeze(sender) is sender
    assert freeze(receiver) is receiver
    assert freeze(queue) is queue


def test_freezing_a_view_returns_it():
    view = freeze({"a": [1]})
    assert freeze(view) is view
    assert freeze(view["a"])[0] == 1


def test_types_and_abstract_base_classes():
    assert type(freeze({})) is FrozenMap
    assert type(freeze([])) is type(freeze(())) is FrozenSequence
    assert isinstance(freeze({}), collections.abc.Mapping)
    assert not isinstance(freeze({}), collections.abc.MutableMapping)
    assert isinstance(freeze([]), collections.abc.Sequence)
    assert isinstance(freeze({}).keys(), collections.abc.KeysView)
    assert isinstance(freeze({}).values(), collections.abc.ValuesView)
    assert isinstance(freeze({}).items(), collections.abc.ItemsView)
    for kind in (FrozenMap, FrozenSequence):
        with pytest.raises(TypeError, match="cannot create"):
            kind()
        with pytest.raises(TypeError, match="immutable type"):
            kind.attribute = 1
        with pytest.raises(TypeError, match="not an acceptable base type"):
            type("Sub", (kind,), {})
    assert FrozenMap[str, int].__origin__ is FrozenMap
    assert FrozenSequence[int].__origin__ is FrozenSequence


def test_a_map_reads_as_the_dict():
    view = freeze(CONFIG)
    assert len(view) == len(CONFIG)
    assert list(view) == list(CONFIG)
    assert list(reversed(view)) == list(reversed(CONFIG))
    assert list(view.keys()) == list(CONFIG)
    assert list(view.values()) == list(CONFIG.values())
    assert list(view.items()) == list(CONFIG.items())
    assert dict(view) == CONFIG
    assert {**view} == CONFIG
    for key, value in CONFIG.items():
        assert key in view
        assert view[key] == value
        assert view.get(key) == value
    assert "absent" not in view
    assert view.get("absent") is None
    assert view.get("absent", 7) == 7
    assert view.keys() & {"name", "nothing"} == {"name"}
    assert (1, "one") in view.items()
    assert (1, "two") not in view.items()


def test_absent_keys_raise_key_error_with_the_key():
    view = freeze({"a": 1})
    for key in ("b", 1, None, (1, 2), "é", "€", "😀", b"a", 2**100, 0.5):
        with pytest.raises(KeyError) as caught:
            view[key]
        assert caught.value.args == (key,)


def test_keys_are_found_by_equality():
    view = freeze(
        {1: "one", 0.0: "zero", "é": "latin", "π": "greek", "😀": "smile", (1, (2, "x")): "t", 2**70: "big"}
    )
    assert view[1.0] == view[True] == view[1] == "one"
    assert view[0] == view[-0.0] == view[False] == "zero"
    assert view["é"] == "latin"
    assert view["π"] == "greek"
    assert view["😀"] == "smile"
    assert view[(1.0, (2, "x"))] == "t"
    assert view[float(2**70)] == view[2**70] == "big"
    assert float("nan") not in view

    class Number(enum.IntEnum):
        ONE = 1

    class Name(enum.StrEnum):
        GREEK = "π"

    class Text(str):
        __slots__ = ()

    class Odd(str):
        __slots__ = ()

        def __eq__(self, other):
            return False

        __hash__ = str.__hash__

    Pair = collections.namedtuple("Pair", "a b")
    assert view[Number.ONE] == "one"
    assert view[Name.GREEK] == "greek"
    assert view[Text("é")] == "latin"
    assert view[Pair(1, Pair(2, "x"))] == "t"
    assert view[freeze((1, (2, "x")))] == "t"
    assert Odd("é") not in view


def test_keys_of_other_types_are_never_found_and_unhashable_ones_refused():
    view = freeze({1: "one", (1, 2): "t"})
    for key in (object(), decimal.Decimal(1), frozenset(), (1, object()), print, crossinterp.channel()[0]):
        assert key not in view
        assert view.get(key, "default") == "default"
    for key in ([], {}, set(), (1, []), (object(), {}), freeze([1]), freeze({}), (freeze([]), 1)):
        for act in (view.__contains__, view.__getitem__, view.get):
            with pytest.raises(TypeError, match="unhashable"):
                act(key)


def test_get_takes_one_or_two_arguments():
    view = freeze({})
    for arguments in ((), (1, 2, 3)):
        with pytest.raises(TypeError, match="get expected 1 or 2 arguments"):
            view.get(*arguments)


def test_a_sequence_reads_as_the_list():
    plain = [1, "two", [3, (4,)], {"five": 5}, None, 2.5, "two"]
    view = freeze(plain)
    assert len(view) == len(plain)
    assert list(view) == plain
    assert list(reversed(view)) == plain[::-1]
    for index in range(-7, 7):
        assert view[index] == plain[index]
    for index in (7, -8, 10**30, -(10**30)):
        with pytest.raises(IndexError):
            view[index]
    for index in ("1", 1.0, None):
        with pytest.raises(TypeError, match="indices must be integers"):
            view[index]
    for item in plain:
        assert item in view
        assert view.index(item) == plain.index(item)
        assert view.count(item) == plain.count(item)
    assert 1.0 in view and True in view and "three" not in view and [3] not in view
    assert view.index("two", 2) == 6
    assert view.index("two", -3, 10**40) == 6
    for arguments in (("two", 2, 6), ("absent",), ("two", 100)):
        with pytest.raises(ValueError, match="is not in the sequence"):
            view.index(*arguments)
    with pytest.raises(TypeError):
        view.index("two", "1")
    with pytest.raises(TypeError):
        view.index()


@pytest.mark.parametrize("kind", [list, tuple])
def test_slices_are_views_of_the_same_kind(kind):
    plain = kind(range(20))
    view = freeze(plain)
    bounds = [None, 0, 1, 5, 19, 20, 25, -1, -5, -20, -25]
    for start in bounds:
        for stop in bounds:
            for step in (None, 1, 2, 3, -1, -2, 100):
                part = view[start:stop:step]
                assert type(part) is FrozenSequence
                assert part == plain[start:stop:step]
    assert view[:] is view
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        view[::0]


def test_nested_containers_are_views_and_nothing_can_be_changed():
    view = freeze(CONFIG)
    assert type(view["limits"]) is FrozenMap
    assert type(view["limits"]["high"]) is FrozenSequence
    assert type(view["tags"][2][1]) is FrozenMap
    for act in (
        lambda: operator.setitem(view, "a", 1),
        lambda: operator.delitem(view, "name"),
        lambda: operator.setitem(view["tags"], 0, 1),
        lambda: operator.delitem(view["tags"], 0),
        lambda: setattr(view, "attribute", 1),
    ):
        with pytest.raises((TypeError, AttributeError)):
            act()


def test_freezing_takes_a_copy():
    plain = {"list": [1]}
    view = freeze(plain)
    plain["list"].append(2)
    plain["new"] = 1
    assert view == {"list": [1]}


def test_equality():
    assert freeze({"a": [1, (2,)]}) == {"a": [1, (2,)]} == freeze({"a": [1, (2,)]})
    assert {"a": 1} == freeze({"a": 1})
    assert freeze({"a": 1, "b": 2}) == {"b": 2, "a": 1} and freeze({"a": 1, "b": 2}) == freeze(
        {"b": 2, "a": 1}
    )
    assert freeze({1: 1.0}) == {1.0: True}
    assert freeze({"a": 1}) == collections.OrderedDict(a=1) == freeze({"a": 1})
    assert freeze({"a": 1}) == collections.UserDict(a=1)
    assert freeze([1, [2]]) == [1, [2]] and [1, [2]] == freeze([1, [2]])
    assert freeze((1, (2,))) == (1, (2,)) and (1, (2,)) == freeze((1, (2,)))
    assert freeze([]) == [] and freeze(()) == () and freeze({}) == {}
    for left, right in (
        (freeze([1]), (1,)),
        (freeze((1,)), [1]),
        (freeze([1]), freeze((1,))),
        (freeze([1]), [1, 2]),
        (freeze([1]), [2]),
        (freeze({"a": 1}), {"a": 2}),
        (freeze({"a": 1}), {"b": 1}),
        (freeze({"a": 1}), {"a": 1, "b": 1}),
        (freeze({"a": 1}), freeze({"a": 2})),
        (freeze({}), []),
        (freeze([]), {}),
        (freeze([]), None),
    ):
        assert left != right and right != left
        assert not (left == right) and not (right == left)


def test_order_of_sequences():
    assert freeze([1, 2]) < [1, 3] and freeze((1, 2)) <= (1, 2) and [1, 3] > freeze([1, 2])
    assert freeze([2]) > freeze([1, 5]) and freeze((2,)) >= freeze((2,))
    assert sorted([freeze((2, "b")), (1, "a"), freeze((1, "b"))]) == [(1, "a"), (1, "b"), (2, "b")]
    with pytest.raises(TypeError):
        operator.lt(freeze([1]), (1,))
    with pytest.raises(TypeError):
        operator.lt(freeze({}), {})


def test_errors_of_a_comparison_come_through():
    class Bad:
        def __eq__(self, other):
            raise ZeroDivisionError

        __hash__ = None

    for act in (
        lambda: freeze([[1]]) == [Bad()],
        lambda: freeze({"a": 1}) == {"a": Bad()},
        lambda: Bad() in freeze([1]),
        lambda: freeze([1]).count(Bad()),
        lambda: freeze([1]).index(Bad()),
    ):
        with pytest.raises(ZeroDivisionError):
            act()


def test_hash():
    for plain in ((), (1, "a"), (1, (2, (3.5, None)), b"x"), tuple(range(100))):
        assert hash(freeze(plain)) == hash(plain)
        assert hash(freeze((plain,))) == hash((plain,))
    assert {freeze((1, 2)): "found"}[(1, 2)] == "found"
    for plain in ([], {}, ([],), (1, {"a": 1})):
        with pytest.raises(TypeError, match="unhashable"):
            hash(freeze(plain))


def test_repr():
    assert repr(freeze({"a": [1, (2, "x")]})) == "frozen({'a': [1, (2, 'x')]})"
    assert repr(freeze([1, {"b": ()}])) == "frozen([1, {'b': ()}])"
    assert repr(freeze((1,))) == "frozen((1,))"


def test_thaw_gives_new_builtins_all_the_way_down():
    view = freeze({"a": [1, (2, {"b": [3]})], "v": freeze([4])})
    plain = view.thaw()
    assert plain == {"a": [1, (2, {"b": [3]})], "v": [4]}
    assert type(plain["a"]) is list and type(plain["a"][1]) is tuple and type(plain["v"]) is list
    plain["a"][1][1]["b"].append(5)
    plain["v"].append(6)
    assert view == {"a": [1, (2, {"b": [3]})], "v": [4]}
    assert view["a"].thaw() == [1, (2, {"b": [3]})]
    assert type(freeze(()).thaw()) is tuple


def test_shared_parts_are_frozen_and_thawed_once():
    shared = ["x"]
    plain = freeze({"a": shared, "b": shared}).thaw()
    assert plain["a"] is plain["b"]
    graph: list = []
    for _ in range(100):
        graph = [graph, graph]
    view = freeze(graph)
    assert view == freeze(graph)
    assert len(view[0][1][0]) == 2
    assert len(view.thaw()) == 2


def test_pattern_matching():
    match freeze({"kind": "circle", "at": [1, 2]}):
        case {"kind": "circle", "at": [x, y], **rest}:
            assert (x, y, rest) == (1, 2, {})
        case _:
            pytest.fail("no match")


def test_iterators():
    view = freeze({"a": 1, "b": 2})
    for iterator in (
        iter(view),
        iter(view.values()),
        iter(view.items()),
        reversed(view),
        iter(freeze([1, 2])),
    ):
        assert operator.length_hint(iterator) == 2
        assert iter(iterator) is iterator
        next(iterator)
        assert operator.length_hint(iterator) == 1
        next(iterator)
        for _ in range(3):
            with pytest.raises(StopIteration):
                next(iterator)
        assert operator.length_hint(iterator) == 0
    survivor = iter(freeze([["alive"]]))
    gc.collect()
    assert next(survivor) == ["alive"]


def test_copies_and_pickles():
    view = freeze({"a": [1, (2,)]})
    assert copy.copy(view) is view
    assert copy.deepcopy(view) is view
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for original in (view, view["a"], view["a"][1]):
            again = pickle.loads(pickle.dumps(original, protocol))
            assert type(again) is type(original)
            assert again == original


def test_a_part_keeps_what_it_is_part_of():
    part = freeze({"a": {"b": list(range(1000))}})["a"]["b"]
    gc.collect()
    assert part == list(range(1000))
    assert part[5:7] == [5, 6]


def test_a_view_arrives_as_a_view(roundtrip):
    view = freeze(CONFIG)
    assert type(roundtrip(view)) is FrozenMap
    assert roundtrip(view) == view == CONFIG
    assert type(roundtrip(view["limits"])) is FrozenMap
    assert type(roundtrip(view["tags"])) is FrozenSequence
    received = roundtrip({"plain": [view], "frozen": view["tags"]})
    assert type(received) is dict and type(received["plain"]) is list
    assert type(received["plain"][0]) is FrozenMap
    assert type(received["frozen"]) is FrozenSequence


def test_a_view_inside_frozen_data_is_a_part_of_it(roundtrip):
    inner = freeze([1, [2]])
    outer = freeze({"inner": inner, (inner[0],): "key"})
    assert outer == {"inner": [1, [2]], (1,): "key"}
    assert type(roundtrip(outer)["inner"]) is FrozenSequence


def test_ends_inside_frozen_data():
    sender, receiver = crossinterp.channel()
    view = freeze({"to": [sender], "queue": crossinterp.Queue()})
    view["to"][0].send(1)
    assert receiver.recv(timeout=10) == 1
    view["queue"].put(2)
    assert view["queue"].get(timeout=10) == 2


def test_sending_a_view_takes_the_same_time_whatever_its_size():
    sender, receiver = crossinterp.channel()

    def best(view):
        times = []
        for _ in range(200):
            start = time.perf_counter()
            sender.send(view)
            received = receiver.recv()
            times.append(time.perf_counter() - start)
            assert len(received) == len(view)
        return min(times)

    small = best(freeze({"a": 1}))
    large = best(freeze({f"key number {i}": i for i in range(100_000)}))
    assert large < small * 10 + 20e-6


def test_a_view_holds_no_references_to_what_it_was_made_of():
    part = [1, 2, 3]
    before = sys.getrefcount(part)
    view = freeze({"a": part, "b": (part,)})
    assert sys.getrefcount(part) == before
    assert view["b"][0] == part
