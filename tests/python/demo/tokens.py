"""The work itself, in plain Python: cut source into tokens, count its names, number them.

Every way of running the job calls these functions, in whatever interpreter or process it does so.
"""

import builtins
import keyword
import re
from collections.abc import Iterable

# Between tokens.
SPACE = r"(?: [\s\\] | \#[^\n]* )*+"

# One token, and the space and comments after it. Group 1 is set when it is a name. Broken source is no error:
# an open string ends at the end of its line (with three quotes: of the file), a character that fits nowhere
# is a token. An f-string is one token, up to the first quote of its own kind.
TOKEN = re.compile(
    r"""
    (?: ( (?! [rRbBuUfFtT]{1,2}["'] ) [^\W\d]\w*+ )
      | [rRbBuUfFtT]{0,2}
        (?: \"{3} (?: [^\\"] | \\. | "(?!"") )*+ (?: \"{3} | \Z )
          | '{3} (?: [^\\'] | \\. | '(?!'') )*+ (?: '{3} | \Z )
          | " (?: [^"\\\n] | \\. )*+ "?
          | ' (?: [^'\\\n] | \\. )*+ '? )
      | \.?\d (?: [eE][+-]?\d | [\w.] )*+
      | -> | := | \.{3} | (?: \*\* | // | >> | << ) =? | [-+*/%&|^@=!<>]= | . )
    """
    + SPACE,
    re.VERBOSE | re.DOTALL,
)
BEFORE_FIRST = re.compile(SPACE, re.VERBOSE)


def decode(source: bytes) -> str:
    """The text of a source file: UTF-8, and what is not UTF-8 is taken as Latin-1, which never fails."""
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError:
        return source.decode("latin-1")


def names_of(source: bytes) -> tuple[int, dict[str, int]]:
    """How many tokens one source has, and how often each name stands in it (keywords are names here)."""
    _, tokens, names = names_of_all([source])
    return tokens, names


def names_of_all(sources: Iterable[bytes]) -> tuple[int, int, dict[str, int]]:
    """How many sources there are, how many tokens they have, and how often each name stands in them."""
    files = tokens = 0
    names: dict[str, int] = {}
    times = names.get
    for source in sources:
        text = decode(source)
        files += 1
        for token in TOKEN.finditer(text, BEFORE_FIRST.match(text).end()):
            tokens += 1
            name = token[1]
            if name is not None:
                names[name] = times(name, 0) + 1
    return files, tokens, names


KEYWORDS = tuple(keyword.kwlist)
BUILTINS = tuple(name for name in dir(builtins) if name not in KEYWORDS)


def new_table() -> dict[str, int]:
    """The lookup table before the first phase: keywords have the first numbers, then come the builtins."""
    return {name: number for number, name in enumerate(KEYWORDS + BUILTINS)}


def add_to_table(table: dict[str, int], names: Iterable[str]) -> None:
    """Number the names that the table does not have yet."""
    for name in names:
        if name not in table:
            table[name] = len(table)


def class_of(number: int) -> str:
    """What a name is, told from its number."""
    if number < len(KEYWORDS):
        return "keyword"
    if number < len(KEYWORDS) + len(BUILTINS):
        return "builtin"
    return "identifier"
