"""Allocations that fail: MemoryError, and nothing is leaked or broken."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ISOLATED = Path(__file__).resolve().parent / "isolated"


@pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this Python was built without _testcapi"
)
def test_every_allocation_may_fail():
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", ISOLATED / "no_memory.py"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 100
