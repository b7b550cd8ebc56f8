"""Any data that can be sent: it arrives as it was, and frozen it reads as the builtins do."""

import crossinterp
from crossinterp import FrozenMap, FrozenSequence, freeze
from hypothesis import given, settings
from hypothesis import strategies as st

# Text with lone surrogates, too; floats with every value that is equal to itself.
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.just(...),
    st.integers(),
    st.integers(min_value=-(2**300), max_value=2**300),
    st.floats(allow_nan=False),
    st.text(st.characters()),
    st.text(st.characters(max_codepoint=255)),
    st.binary(),
)
keys = st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
data = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.lists(inner, max_size=6).map(tuple),
        st.dictionaries(keys, inner, max_size=12),
    ),
    max_leaves=40,
)

sender, receiver = crossinterp.channel()


def same(left, right):
    """Equal, and of the same types all the way down: 1, 1.0 and True are not the same, nor 0.0 and -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(key, other_key) and same(value, other_value)
            for (key, value), (other_key, other_value) in zip(left.items(), right.items(), strict=True)
        )
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right)


@given(data)
@settings(max_examples=60, deadline=None)
def test_what_is_sent_arrives(value):
    sender.send(value)
    assert same(receiver.recv(timeout=10), value)


@given(data)
@settings(max_examples=60, deadline=None)
def test_what_is_frozen_thaws_and_travels(value):
    view = freeze([value])
    sender.send(view)
    received = receiver.recv(timeout=10)
    assert type(received) is FrozenSequence
    assert same(received.thaw(), [value])
    assert received == view == [value]
    assert repr(received) == f"frozen({[value]!r})"


@given(st.dictionaries(keys, data, max_size=30), st.lists(keys, max_size=10))
@settings(max_examples=60, deadline=None)
def test_a_frozen_map_reads_as_the_dict(mapping, others):
    view = freeze(mapping)
    assert type(view) is FrozenMap
    assert len(view) == len(mapping)
    assert all(map(same, view, mapping))
    assert all(map(same, view.keys(), mapping))
    for key in [*mapping, *others]:
        assert (key in view) == (key in mapping)
        assert view.get(key, "absent") == mapping.get(key, "absent")
    assert list(view.items()) == list(mapping.items())
    assert list(reversed(view)) == list(reversed(mapping))
    assert view == mapping
    changed = mapping | {"a key that is not there": 1}
    assert view != changed
    assert freeze(changed) != view


@given(st.lists(data, max_size=12), st.slices(12), data)
@settings(max_examples=60, deadline=None)
def test_a_frozen_sequence_reads_as_the_list(items, part, other):
    for original in (items, tuple(items)):
        view = freeze(original)
        assert view[part] == original[part]
        assert list(view) == items
        assert list(reversed(view)) == items[::-1]
        for item in [*items, other]:
            assert (item in view) == (item in original)
            assert view.count(item) == original.count(item)
            if item in original:
                assert view.index(item) == original.index(item)


@given(keys)
@settings(max_examples=60, deadline=None)
def test_frozen_tuples_hash_as_tuples(key):
    original = (key, (key,))
    assert hash(freeze(original)) == hash(original)
    assert {original: 1}[freeze(original)] == 1
    assert freeze({original: 1})[original] == 1
