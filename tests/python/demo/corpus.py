"""The input: the Python files under a folder, by default the standard library of this interpreter."""

import os
import sysconfig
from dataclasses import dataclass

# Not source that comes with the folder: what was installed into it, and what Python writes by itself.
SKIPPED_FOLDERS = frozenset({"site-packages", "dist-packages", "__pycache__", ".git"})

BATCH_BYTES = 128 * 1024

Batch = tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """Files in the order in which every way of doing the job takes them: the largest first.

    With that order no worker is left alone with a large file at the end.
    """

    root: str
    paths: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(self.sizes)

    def batches(self) -> list[Batch]:
        """What is handed to a worker at once: a large file, or small ones of BATCH_BYTES together."""
        batches: list[list[str]] = []
        room = 0
        for path, size in zip(self.paths, self.sizes, strict=True):
            if size > room or not batches:
                batches.append([])
                room = BATCH_BYTES
            batches[-1].append(path)
            room -= size
        return [tuple(batch) for batch in batches]

    def shares(self, workers: int) -> list[list[Batch]]:
        """Split the batches for workers that will not talk: each goes to the share with the least bytes."""
        size_of = dict(zip(self.paths, self.sizes, strict=True))
        shares: list[list[Batch]] = [[] for _ in range(workers)]
        loads = [0] * workers
        for batch in self.batches():
            lightest = loads.index(min(loads))
            shares[lightest].append(batch)
            loads[lightest] += sum(size_of[path] for path in batch)
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


def read(batch: Batch) -> tuple[bytes, ...]:
    """The contents of the files of a batch."""
    contents = []
    for path in batch:
        with open(path, "rb", buffering=0) as file:
            contents.append(file.read())
    return tuple(contents)
