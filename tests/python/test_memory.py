"""Memory: an allocation that fails is MemoryError and breaks nothing; what is not used any more is freed."""

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ISOLATED = Path(__file__).resolve().parent / "isolated"


def run(script: str) -> list[str]:
    """Runs a script of isolated/ and returns the lines it prints."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", ISOLATED / script], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this Python was built without _testcapi"
)
@pytest.mark.skipif(
    sys.version_info < (3, 14) and bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="there, PyList_New itself frees what is not its own when an allocation fails",
)
def test_every_allocation_of_python_may_fail():
    assert int(run("no_memory.py")[-1]) > 100


def test_nothing_is_leaked():
    assert len(run("leaks.py")) == 8


def test_more_than_there_is():
    """Values that do not fit into what the process may have: MemoryError, and the channel goes on."""
    assert run("too_large.py") == ["done"]
