"""Sends and freezes what does not fit into the memory that the process may have."""

import resource

import crossinterp

LARGE = b"x" * (256 << 20)
MANY = [None] * (16 << 20)
sender, receiver = crossinterp.channel()

with open("/proc/self/statm") as file:
    in_use = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + (128 << 20), resource.RLIM_INFINITY))

for value in (LARGE, [LARGE], {"a": [1, LARGE]}, MANY, {"key": MANY}):
    for verb in (sender.send, crossinterp.freeze):
        try:
            verb(value)
        except MemoryError:
            continue
        raise AssertionError("there was memory enough")
    sender.send(["after", 1])
    assert receiver.recv(timeout=10) == ["after", 1]

print("done")
