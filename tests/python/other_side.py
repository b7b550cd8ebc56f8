"""What the tests run in other interpreters: importable there, so nothing of pytest."""

import importlib.util
from pathlib import Path
from types import ModuleType


def load_extension(name: str, folder: str | Path) -> ModuleType:
    """Imports an extension from a folder, without keeping it in sys.modules."""
    (path,) = Path(folder).glob(f"{name}.*.so")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def use_native_peer(folder, sender, receiver):
    """Sums what is received in C, starts a thread of C that sends, and tells where the table is here."""
    peer = load_extension("native_peer", folder)
    total = peer.sum_of(receiver)
    peer.count_into(sender, 0, 100)
    return peer.table_address(), total
