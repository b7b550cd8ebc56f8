"""The Python examples of the first page run as they stand there."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_there_are_examples():
    assert len(EXAMPLES) == 2
    assert all(example.count("\n") <= 20 and "assert " in example for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example):
    exec(compile(example, str(PAGE), "exec"), {"__name__": "example"})
