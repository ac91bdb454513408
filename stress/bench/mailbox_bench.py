"""A mailbox in process, against memcpy alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from figures import Table, size_name
from peers import Effort, Place

ROUNDS_MORE = 4  # than of what takes longer
RUN_S = 60


def run(place: Place, effort: Effort) -> Iterator[Table]:
    table = Table(
        "mailbox", "A read and a write of a mailbox in process, nobody else "
        "there, against memcpy of as many bytes", ("operation", "size"), "ns",
        "DIPC", ("memcpy",), "less",
        note="A read or a write copies its bytes once, after it has locked and "
        "before it unlocks; so 2 stands for the time of two memcpy.")
    for _ in range(effort.rounds * ROUNDS_MORE):
        done = subprocess.run([place.program("mailbox_cost")], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=RUN_S)
        if done.returncode != 0:
            raise AssertionError(f"mailbox_cost: {done.stderr}")
        spans: dict[tuple[str, str], float] = {}
        for line in done.stdout.splitlines():
            size, what, value = line.split()
            spans[what, size] = float(value)
        for operation in ("read", "write"):
            for size in (size for what, size in spans if what == "memcpy"):
                name = size_name(int(size))
                table.add((operation, name), "DIPC", spans[operation, size])
                table.add((operation, name), "memcpy", spans["memcpy", size])
    yield table
