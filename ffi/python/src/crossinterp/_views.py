"""What FrozenMap.keys(), values() and items() give: the views of collections.abc, iterated in C."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any

__all__ = ["FrozenItems", "FrozenKeys", "FrozenValues", "register"]


class FrozenKeys(KeysView[Any]):
    """The keys of a FrozenMap, in order."""

    __slots__ = ()


class FrozenValues(ValuesView[Any]):
    """The values of a FrozenMap, in the order of its keys."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return self._mapping._iter_values()  # type: ignore[attr-defined, no-any-return]


class FrozenItems(ItemsView[Any, Any]):
    """The entries of a FrozenMap, (key, value), in order."""

    __slots__ = ()

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._mapping._iter_items()  # type: ignore[attr-defined, no-any-return]


def register(frozen_map: type, frozen_sequence: type) -> None:
    """Makes isinstance(view, Mapping) and isinstance(view, Sequence) true."""
    Mapping.register(frozen_map)
    Sequence.register(frozen_sequence)
