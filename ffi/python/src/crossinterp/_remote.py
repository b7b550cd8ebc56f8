"""How a function is named for another interpreter, and how its exception comes back from there."""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any

from ._errors import NotShareableError

__all__ = ["RemoteError", "RemoteTraceback", "describe", "find", "name_of", "rebuild"]

Description = tuple[str, str, str, str, tuple[Any, ...] | None, Any]


class RemoteError(Exception):
    """What an exception of another interpreter becomes where its type cannot be had or rebuilt here."""

    def __init__(self, message: str, type_name: str = "", traceback_text: str = "") -> None:
        super().__init__(message)
        self.type_name = type_name
        self.traceback_text = traceback_text


class RemoteTraceback(Exception):
    """The cause of an exception that came from another interpreter: where it was raised there, as text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def find(module: str, path: str) -> Any:
    """What the dotted path leads to in the module, which is imported."""
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def name_of(target: str | Callable[..., Any]) -> tuple[str, str]:
    """The module of a target, and the dotted path in it.

    A target is "module:function" or something callable that its module has under its own name.
    """
    if isinstance(target, str):
        parts = target.split(":")
        if len(parts) != 2 or not all(name.isidentifier() for part in parts for name in part.split(".")):
            raise ValueError(f'a target is written "module:function", not {target!r}')
        return parts[0], parts[1]
    if not callable(target):
        raise TypeError(f"a target is a function or its name, not {type(target).__name__!r}")
    module: Any = getattr(target, "__module__", None)
    path: Any = getattr(target, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(path, str):
        raise NotShareableError(
            f"{target!r} has no module and name by which another interpreter could find it: "
            "pass a function of an importable module"
        )
    if module == "__main__":
        raise NotShareableError(
            f"{path!r} is a function of __main__, which other interpreters cannot import: "
            'move it to a module of its own, or name it as "module:function"'
        )
    if "<" in path:
        what = "a lambda" if path.endswith("<lambda>") else "made inside of a function"
        raise NotShareableError(
            f"{path!r} of {module} is {what}, so other interpreters cannot find it: "
            "define it at the top level of an importable module, and pass what it closes over as arguments"
        )
    try:
        found = find(module, path)
    except (ImportError, AttributeError) as error:
        raise NotShareableError(f"{path!r} cannot be found in the module {module!r}: {error}") from error
    if found is not target and not (isinstance(target, MethodType) and found == target):
        raise NotShareableError(
            f"{module}:{path} is something else than {target!r}: other interpreters would call that instead"
        )
    return module, path


def describe(error: BaseException) -> Iterator[Description]:
    """Descriptions of an exception, from complete to modest: the first that can be sent counts."""
    import traceback  # It imports much, which each interpreter would pay for.

    kind = type(error)
    text = "".join(traceback.format_exception(error))
    try:
        message = str(error)
    except Exception:
        message = "<its text cannot be had>"
    described = (kind.__module__, kind.__qualname__, message, text)
    args, state = _parts_of(error)
    if args is not None:
        if state is not None:
            yield (*described, args, state)
        yield (*described, args, None)
    yield (*described, None, None)


def _parts_of(error: BaseException) -> tuple[tuple[Any, ...] | None, Any]:
    """The arguments to rebuild an exception from, and what is to be put into its dict."""
    try:
        reduced = error.__reduce__()
    except Exception:
        return None, None
    if not isinstance(reduced, tuple) or len(reduced) not in (2, 3) or reduced[0] is not type(error):
        return None, None
    args = reduced[1]
    state = reduced[2] if len(reduced) == 3 else None
    if not isinstance(args, tuple):
        return None, None
    return args, state if isinstance(state, dict) and state else None


def rebuild(description: Description) -> BaseException:
    """The exception that was described: of the same type if that can be had here, else a RemoteError."""
    module, name, message, text, args, state = description
    error = None
    if args is not None:
        try:
            kind = find(module, name)
            if isinstance(kind, type) and issubclass(kind, BaseException):
                error = _make(kind, args, state)
        except Exception:
            error = None
    if error is None:
        type_name = name if module == "builtins" else f"{module}.{name}"
        error = RemoteError(f"{type_name}: {message}" if message else type_name, type_name, text)
    error.__cause__ = RemoteTraceback(text)
    return error


def _make(kind: type[BaseException], args: tuple[Any, ...], state: Any) -> BaseException:
    try:
        error = kind(*args)
    except TypeError:
        # Its __init__ wants something else than what it gave to Exception's.
        error = kind.__new__(kind, *args)
    if state is not None:
        error.__setstate__(state)
    return error


def main_path() -> list[str]:
    """sys.path as it can be sent."""
    return [entry for entry in sys.path if isinstance(entry, str)]
