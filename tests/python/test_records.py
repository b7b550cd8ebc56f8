"""Objects of Python classes that are sent by their parts, as Queue is, whatever the code for parts does."""

import crossinterp
import pytest
from crossinterp import _core


class Thing:
    """What is sent in these tests."""

    def __init__(self, *parts):
        self.parts = parts

    def __eq__(self, other):
        return type(other) is Thing and self.parts == other.parts

    __hash__ = None


class Trouble:
    """Its parts are what the function it was made with returns."""

    def __init__(self, parts):
        self.parts = parts


_core._register_record(Thing, "tests.Thing", lambda thing: thing.parts, Thing)
_core._register_record(Trouble, "tests.Trouble", lambda trouble: trouble.parts(), Thing)


def test_a_thing_arrives_with_its_parts(roundtrip):
    thing = Thing(1, ["two", {"three": (4,)}], Thing())
    received = roundtrip({"thing": thing})["thing"]
    assert received == thing
    assert received is not thing


def test_a_thing_is_frozen_as_it_is(roundtrip):
    thing = Thing([1])
    assert crossinterp.freeze(thing) is thing
    view = crossinterp.freeze([thing])
    assert view[0] == thing
    assert roundtrip(view)[0] == thing


def test_a_thing_met_twice_arrives_once(roundtrip):
    thing = Thing("x")
    received = roundtrip([thing, [thing]])
    assert received[0] is received[1][0]


def test_the_path_leads_through_parts():
    sender, _receiver = crossinterp.channel()
    with pytest.raises(crossinterp.NotShareableError) as caught:
        sender.send([0, {"t": Thing(1, [object()])}])
    assert caught.value.path == "[1]['t'].parts[1][0]"


def test_a_thing_that_contains_itself_is_a_cycle():
    sender, _receiver = crossinterp.channel()
    thing = Thing()
    thing.parts = ([thing],)
    for value in (thing, [thing], {"k": [thing]}):
        with pytest.raises(crossinterp.NotShareableError, match="cannot send a cycle"):
            sender.send(value)


def test_things_without_end_are_too_deep():
    sender, _receiver = crossinterp.channel()

    def more():
        return (Trouble(more),)

    with pytest.raises(RecursionError):
        sender.send(Trouble(more))


@pytest.mark.parametrize("parts", [None, [1], 5, Thing()])
def test_parts_must_be_a_tuple(parts):
    sender, _receiver = crossinterp.channel()
    with pytest.raises(TypeError, match=r"the parts of a 'tests\.Trouble' must be a tuple"):
        sender.send([Trouble(lambda: parts)])


def test_an_error_in_the_code_for_parts_comes_through():
    sender, _receiver = crossinterp.channel()
    with pytest.raises(ZeroDivisionError):
        sender.send([Trouble(lambda: 1 // 0)])


def test_an_error_in_the_code_that_rebuilds_comes_through():
    class Fragile:
        pass

    def rebuild():
        raise ZeroDivisionError

    _core._register_record(Fragile, "tests.Fragile", lambda _: (), rebuild)
    sender, receiver = crossinterp.channel()
    sender.send([Fragile()])
    with pytest.raises(ZeroDivisionError):
        receiver.recv(timeout=10)


CHANGES = {
    "a list cleared": (list, lambda some: some.clear()),
    "a list shorter": (list, lambda some: some.pop()),
    "a list longer": (list, lambda some: some.append("more")),
    "a list much longer": (list, lambda some: some.extend(range(999))),
    "a dict cleared": (dict, lambda some: some.clear()),
    "a dict shorter": (dict, lambda some: some.popitem()),
    "a dict longer": (dict, lambda some: some.update(more=1)),
    "a dict much longer": (dict, lambda some: some.update(dict.fromkeys(range(999)))),
}


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(("kind", "change"), CHANGES.values(), ids=CHANGES)
def test_containers_that_change_meanwhile_are_refused(kind, change, place):
    sender, receiver = crossinterp.channel()

    def parts():
        change(some)
        return ()

    items = ["text" * 10, ["list"], {"dict": 1}]
    items.insert(place, Trouble(parts))
    some = items if kind is list else dict(enumerate(items))
    del items
    with pytest.raises(RuntimeError, match="changed size while it was being converted"):
        sender.send([some, some])
    sender.send("after")
    assert receiver.recv(timeout=10) == "after"


def test_containers_whose_items_are_replaced_meanwhile_arrive_as_they_were_found():
    sender, receiver = crossinterp.channel()
    some: list = []

    def replace():
        some[:] = [["new"]] * len(some)
        return ()

    some.extend([["old"], Trouble(replace), ["old"]])
    sender.send(some)
    assert receiver.recv(timeout=10) == [["old"], Thing(), ["new"]]
    table: dict = {}

    def exchange():
        for key in list(table):
            table[key] = ["new"]
        return ()

    table.update(a=["old"], b=Trouble(exchange), c=["old"])
    sender.send(table)
    received = receiver.recv(timeout=10)
    assert received in ({"a": ["old"], "b": Thing(), "c": [age]} for age in ("old", "new"))


def test_wrong_registrations():
    for arguments in ((), (1, "name", len, len), (Thing, 1, len, len), (Thing, "name", len)):
        with pytest.raises(TypeError):
            _core._register_record(*arguments)
