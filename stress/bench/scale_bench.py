"""What more connections, more mailboxes and larger ones cost."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Table, size_name
from peers import (CLIENTS_MAX, END_S, START_S, TOP, Effort, Peer, Place, found,
                   free_port, listens, load)

CONNECTIONS = (1, 10, 100, 1000, 10_000)
IDLE = (100, 1000, 10_000)
MAILBOXES = (1, 64, 1024, 65_536)
SIZES_KB = (1, 64, 1024, 16_384, 65_536)
SIZE_BYTES = 64 * 2**20  # of each run in which sizes are compared
REQUESTS = {"dipc": b"r 0\n", "redis": b"GET 0\r\n", "memcached": b"get 0\r\n"}
ROUNDS_MAX = 3  # of what begins with new servers each time
SETTLED = 3  # equal readings of what a server takes
SETTLE_S = 5.0


def fields(path: str) -> dict[str, int]:
    """Of a file of /proc in lines of `name: number kB`."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines
            if len(words) > 1 and words[1].isdecimal()}


def taken_kb(process: int) -> int:
    """Its memory, its page tables, and its threads' stacks in the kernel."""
    of = fields(f"/proc/{process}/status")
    tasks = int(Path("/proc/loadavg").read_text().split()[3].split("/")[1])
    stack_kb = round(fields("/proc/meminfo")["KernelStack"] / tasks)
    return of["VmRSS"] + of["VmPTE"] + of["Threads"] * stack_kb


def settled_kb(process: int) -> int:
    """Once it no longer changes: a server gives back what it needs no more."""
    readings = [taken_kb(process)]
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline and (
            len(readings) < SETTLED or len(set(readings[-SETTLED:])) > 1):
        time.sleep(0.2)
        readings.append(taken_kb(process))
    return readings[-1]


class Idlers:
    """Connections that have asked once, and then say nothing."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.sockets: list[socket.socket] = []
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def __enter__(self) -> Idlers:
        return self

    def __exit__(self, *details: object) -> None:
        for one in self.sockets:
            one.close()

    def grow(self, count: int) -> None:
        while len(self.sockets) < count:
            one = socket.create_connection(("127.0.0.1", self.peer.port), 10)
            self.sockets.append(one)
            one.sendall(REQUESTS[self.peer.protocols[0]])
            if not one.recv(4096):
                raise AssertionError(f"{self.peer.name} closed a connection")


def connections(place: Place, effort: Effort) -> Table:
    table = Table(
        "scale-connections", "Requests per second over TCP, all connections "
        "busy, half reads and half writes of 64 B", ("connections",), "1/s",
        "DIPC", ("Redis", "bare loop"))
    with place.dipc() as dipc, place.redis() as redis, place.bare(64) as bare:
        for _ in range(effort.rounds):
            for count in CONNECTIONS:
                for peer, protocol in ((dipc, "dipc"), (redis, "redis"),
                                       (bare, "dipc")):
                    said = load(place, peer, protocol, connections=count,
                                warm_ms=50, for_ms=effort.run_ms)
                    table.add((f"{count:,}",), peer.name, said["per-second"])
    return table


def memory(place: Place, effort: Effort) -> Table:
    table = Table(
        "scale-memory", "Memory for each idle connection",
        ("connections",), "kB", "DIPC",
        ("Redis", "memcached, 1 thread", "bare loop"), "less",
        note="Resident memory, page tables and kernel stacks of the server's "
        "process; the kernel's memory for the sockets is not in it.")
    for _ in range(min(effort.rounds, ROUNDS_MAX)):
        for begun in (place.dipc(), place.redis(), place.memcached(1),
                      place.bare(64)):
            with begun as peer, Idlers(peer) as idlers:
                idlers.grow(1)
                before = settled_kb(peer.process)
                for count in IDLE:
                    idlers.grow(count)
                    kb = settled_kb(peer.process) - before
                    table.add((f"{count:,}",), peer.name,
                              max(kb, 0) / (count - 1))
    return table


def beside_idle_ones(place: Place, effort: Effort) -> Table:
    with_idle, without = f"with {IDLE[-1]:,} idle", "without"
    table = Table(
        "scale-idle", "Requests per second of 50 busy connections over TCP, on "
        f"a server with {IDLE[-1]:,} idle ones beside them and on one without",
        ("pipelining",), "1/s", with_idle, (without,))
    with place.dipc() as crowded, place.dipc() as empty, \
            Idlers(crowded) as idlers:
        idlers.grow(IDLE[-1])
        settled_kb(crowded.process)
        for _ in range(2 * effort.rounds):
            for pipeline in (1, 16):
                for peer, name in ((crowded, with_idle), (empty, without)):
                    said = load(place, peer, "dipc", connections=50,
                                pipeline=pipeline, warm_ms=50,
                                for_ms=effort.run_ms)
                    table.add((str(pipeline),), name, said["per-second"])
    return table


def span(command: list[str], port: int, home: str) -> tuple[float, float]:
    """Milliseconds from the start to the first connection, and to the end."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"XDG_RUNTIME_DIR": home})
    try:
        while not listens(port):
            if process.poll() is not None or time.monotonic() - began > START_S:
                raise AssertionError(f"{command[0]} does not listen")
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(END_S)
        return (started - began) * 1000, (time.monotonic() - started) * 1000
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


def start_and_end(place: Place, effort: Effort) -> Table:
    table = Table(
        "scale-start", "From the start to the first connection accepted, and "
        "from SIGTERM to the process's end", ("what", "mailboxes"), "ms",
        "DIPC", ("Redis",), "less", note="Redis begins empty each time.")
    for _ in range(effort.rounds):
        for count in (1, 1024, 65_536):
            for name in ("DIPC", "Redis"):
                port = free_port()
                with tempfile.TemporaryDirectory(prefix="dipc-bench-") as home:
                    command = [
                        str(TOP / place.build / "cli" / "dipc"),
                        "--foreground", "--log", "stderr", "--max-clients",
                        str(CLIENTS_MAX), str(count), "1", str(port), "1"]
                    if name == "Redis":
                        command = [
                            found("redis-server", "redis-server"), "--port",
                            str(port), "--bind", "127.0.0.1", "--save", "",
                            "--appendonly", "no", "--dir", home]
                    start, end = span(command, port, home)
                table.add(("start", f"{count:,}"), name, start)
                table.add(("end", f"{count:,}"), name, end)
    return table


def mailboxes(place: Place, effort: Effort) -> list[Table]:
    speed = Table(
        "scale-mailboxes", "Requests per second of 50 connections over TCP "
        "with pipelining 16, on so many mailboxes or keys of 64 B",
        ("mailboxes",), "1/s", "DIPC", ("Redis",))
    room = Table(
        "scale-mailboxes-memory", "Memory of the server with so many mailboxes "
        "of 1 kB, or keys, of which each holds 64 B", ("mailboxes",), "MB",
        "DIPC", ("Redis",), "less")
    for _ in range(min(effort.rounds, ROUNDS_MAX)):
        for count in MAILBOXES:
            with place.dipc(count, 1) as dipc, place.redis() as redis:
                for peer, protocol in ((dipc, "dipc"), (redis, "redis")):
                    said = load(place, peer, protocol, connections=50,
                                pipeline=16, keys=count, warm_ms=50,
                                for_ms=effort.run_ms)
                    speed.add((f"{count:,}",), peer.name, said["per-second"])
                    room.add((f"{count:,}",), peer.name,
                             taken_kb(peer.process) / 1024)
    return [speed, room]


def whole_values(peer: Peer, kb: int, operation: str) -> float:
    """Megabytes per second."""
    requests = max(SIZE_BYTES // (kb * 1024), 3)
    requests = min(requests, 10_000)
    done = subprocess.run(
        [found("redis-benchmark", "redis-tools"), "-h", "127.0.0.1", "-p",
         str(peer.port), "-c", "1", "-n", str(requests), "-d", str(kb * 1024),
         "-r", "1", "-t", operation.lower(), "--csv"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    rows = [row for row in csv.DictReader(io.StringIO(done.stdout))
            if row.get("test", "").startswith(operation)]
    if done.returncode != 0 or len(rows) != 1:
        raise AssertionError(f"redis-benchmark on {peer.name}: {done.stdout} "
                             f"{done.stderr}")
    return float(rows[0]["rps"]) * kb / 1024


def sizes(place: Place, effort: Effort) -> Table:
    table = Table(
        "scale-sizes", "Whole values as large as a mailbox, one client over "
        "TCP, by redis-benchmark", ("operation", "size"), "MB/s", "DIPC",
        ("Redis",))
    for _ in range(min(effort.rounds, ROUNDS_MAX)):
        for kb in SIZES_KB:
            with place.dipc(1, kb) as dipc, place.redis() as redis:
                for operation in ("SET", "GET"):
                    for peer in (dipc, redis):
                        table.add((operation, size_name(kb * 1024)), peer.name,
                                  whole_values(peer, kb, operation))
    return table


def run(place: Place, effort: Effort) -> Iterator[Table]:
    yield connections(place, effort)
    yield memory(place, effort)
    yield beside_idle_ones(place, effort)
    yield start_and_end(place, effort)
    yield from mailboxes(place, effort)
    yield sizes(place, effort)
