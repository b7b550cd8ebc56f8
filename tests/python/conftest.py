"""What the tests have in common."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import crossinterp
import pytest

from other_side import load_extension

HERE = Path(__file__).resolve().parent


def pass_through_channel(obj: Any) -> Any:
    """What a receiver gets when obj is sent."""
    sender, receiver = crossinterp.channel(1)
    sender.send(obj)
    return receiver.recv(timeout=10)


@pytest.fixture
def roundtrip() -> Callable[[Any], Any]:
    """A function that sends an object and returns what is received."""
    return pass_through_channel


def run_in_process(code: str, *arguments: str, timeout: float = 60) -> str:
    """Runs code in a Python of its own and returns what it prints; fails when it fails."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=HERE,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def isolated() -> Callable[..., str]:
    """A function that runs code in a process of its own."""
    return run_in_process


@pytest.fixture(scope="session")
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the extensions of ext/, built for this Python against the installed crossinterp."""
    target = tmp_path_factory.mktemp("extensions")
    done = subprocess.run(
        [
            sys.executable,
            "setup.py",
            "-q",
            "build_ext",
            f"--build-lib={target}",
            f"--build-temp={target / 'temp'}",
        ],
        cwd=HERE / "ext",
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="session")
def native_peer(extensions: Path) -> ModuleType:
    """The extension ext/native_peer.c."""
    return load_extension("native_peer", extensions)
