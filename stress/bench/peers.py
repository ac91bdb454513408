"""Contenders that run as processes of their own, on loopback and sockets of
their own, and are ended by their process numbers."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "stress"))

from served import Served, until  # noqa: E402

VALUE_MAX_KB = 4
MAILBOXES = 64
CLIENTS_MAX = 11_000
IN_VAIN = 3  # the load generator's status when the machine let nothing happen
TRIES = 5
START_S = 20.0
END_S = 20.0


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    run_ms: int
    whole: bool  # every combination, not the telling ones


@dataclass(frozen=True)
class Peer:
    """Where a server is to be found, and what it speaks."""

    name: str
    process: int
    port: int
    path: str = ""
    protocols: tuple[str, ...] = ()

    def address(self, over: str) -> str:
        return self.path if over == "Unix" else f"127.0.0.1:{self.port}"


def threads(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextlib.contextmanager
def started(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=output)
    try:
        yield process
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def found(command: str, package: str) -> str:
    path = shutil.which(command)
    if path is None:
        raise FileNotFoundError(
            f"{command} is not installed (Debian's {package}): ci/dependencies "
            "bench installs it")
    return path


def wait_for(port: int, process: "subprocess.Popen[bytes]", name: str) -> None:
    def is_there() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"{name} ended with {process.returncode}")
        return listens(port)
    until(is_there, f"{name} listens", START_S)


class Place:
    """A directory for sockets and logs, and the programs of one build."""

    def __init__(self, build: Path) -> None:
        self.build = build
        self.held = tempfile.TemporaryDirectory(prefix="dipc-bench-")
        self.path = Path(self.held.name)
        self.sockets = 0

    def socket(self) -> Path:
        """A path where no socket has been."""
        self.sockets += 1
        return self.path / f"{self.sockets}.sock"

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *details: object) -> None:
        self.held.cleanup()

    def program(self, name: str) -> Path:
        return TOP / self.build / "stress" / "bench" / name

    @contextlib.contextmanager
    def dipc(self, mailboxes: int = MAILBOXES,
             mailbox_kb: int = VALUE_MAX_KB) -> Iterator[Peer]:
        path = self.socket()
        with Served(TOP / self.build / "cli" / "dipc", self.path / "dipc.log",
                    mailboxes=mailboxes, mailbox_kb=mailbox_kb,
                    packet_kb=min(mailbox_kb, 64),
                    options=["--unix", str(path), "--max-clients",
                             str(CLIENTS_MAX)]) as server:
            yield Peer("DIPC", server.pid, server.port, str(path),
                       ("dipc", "redis"))

    @contextlib.contextmanager
    def bare(self, value: int, events: int = 0) -> Iterator[Peer]:
        """With a thread for each connection, or so many that wait for events."""
        path = self.socket()
        how = ["--events", str(events)] if events else []
        with started([str(self.program("bare_loop")), "--value", str(value),
                      "--unix", str(path), *how],
                     self.path / "bare.log") as process:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            name = f"bare event loop, {threads(events)}" if events \
                else "bare loop"
            yield Peer(name, process.pid, port, str(path), ("dipc", "redis"))

    @contextlib.contextmanager
    def redis(self) -> Iterator[Peer]:
        path = self.socket()
        port = free_port()
        with started([found("redis-server", "redis-server"), "--port",
                      str(port), "--bind", "127.0.0.1", "--unixsocket",
                      str(path), "--save", "", "--appendonly", "no",
                      "--maxclients", str(CLIENTS_MAX), "--dir", str(self.path),
                      "--logfile", str(self.path / "redis.log")],
                     self.path / "redis.log") as process:
            wait_for(port, process, "redis-server")
            yield Peer("Redis", process.pid, port, str(path), ("redis",))

    @contextlib.contextmanager
    def memcached(self, count: int) -> Iterator[Peer]:
        port = free_port()
        with started([found("memcached", "memcached"), "-u", "root", "-l",
                      "127.0.0.1", "-p", str(port), "-U", "0", "-t",
                      str(count), "-c", str(CLIENTS_MAX)],
                     self.path / "memcached.log") as process:
            wait_for(port, process, "memcached")
            yield Peer(f"memcached, {threads(count)}", process.pid, port, "",
                       ("memcached",))


def processor_s(process: int) -> float:
    """What a process has used of the processors so far (clock_getcpuclockid(3)).

    Unlike what a clock on the wall shows, it leaves out what others used.
    """
    return time.clock_gettime((~process << 3) | 2)


def load(place: Place, peer: Peer, protocol: str, over: str = "TCP",
         **options: int) -> dict[str, float]:
    """What the load generator says of one run."""
    command = [str(place.program("load")), "--protocol", protocol]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    for _ in range(TRIES):
        done = subprocess.run([*command, peer.address(over)],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120)
        if done.returncode != IN_VAIN:
            break
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} on {peer.name}: "
                             f"{done.stderr.strip()} {done.stdout.strip()}")
    lines = (line.split(" ", 1) for line in done.stdout.splitlines())
    return {name: float(value) for name, value in lines}
