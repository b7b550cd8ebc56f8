"""The input: the Python files under a folder, by default the standard library of this interpreter."""

import os
import sysconfig
from dataclasses import dataclass

# Not source that comes with the folder: what was installed into it, and what Python writes by itself.
SKIPPED_FOLDERS = frozenset({"site-packages", "dist-packages", "__pycache__", ".git"})


@dataclass(frozen=True)
class Corpus:
    """Files in the order in which every way of running the job takes them: the largest first.

    With that order no worker is left alone with a large file at the end.
    """

    root: str
    paths: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return sum(self.sizes)

    def shares(self, workers: int) -> list[list[str]]:
        """Split the files for workers that will not talk: each goes to the share with the least bytes."""
        shares: list[list[str]] = [[] for _ in range(workers)]
        loads = [0] * workers
        for path, size in zip(self.paths, self.sizes, strict=True):
            lightest = loads.index(min(loads))
            shares[lightest].append(path)
            loads[lightest] += size
        return shares


NOTHING = Corpus(root="", paths=(), sizes=())


def find(root: str | None = None) -> Corpus:
    """Find all regular `*.py` files under `root`; links are not followed. OSError: it cannot look there."""
    if root is None:
        root = sysconfig.get_path("stdlib")
    found: list[tuple[int, str]] = []

    def cannot_look(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(root, onerror=cannot_look):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py") and os.path.isfile(path) and not os.path.islink(path):
                found.append((os.path.getsize(path), path))
    found.sort(key=lambda file: (-file[0], file[1]))
    return Corpus(
        root=root,
        paths=tuple(path for _, path in found),
        sizes=tuple(size for size, _ in found),
    )


def read(path: str) -> bytes:
    """The bytes of one file."""
    with open(path, "rb", buffering=0) as file:
        return file.read()
