"""Servers for the stress: started, watched, killed, started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 60.0


def until(condition: Callable[[], object], what: str, timeout_s: float) -> None:
    """Poll a condition until it holds; fail, naming it, at the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.005)


@dataclass
class Sample:
    """What a server takes at one moment."""

    at_s: float
    resident_kb: int
    descriptors: int
    threads: int


@dataclass
class Served:
    """A dipc in the foreground, and how to start it again on its port."""

    program: Path
    log: Path
    host: str = "127.0.0.1"
    port: int = 0
    mailboxes: int = 16
    mailbox_kb: int = 4
    packet_kb: int = 4
    options: list[str] = field(default_factory=list)
    wrapper: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runtime = tempfile.TemporaryDirectory(prefix="dipc-stress-")
        self.environment = os.environ | {"XDG_RUNTIME_DIR": self.runtime.name}
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for name in os.listdir("/dev/shm"):
            if name.startswith("dipc") and name.endswith(f"-{self.port}"):
                os.unlink(f"/dev/shm/{name}")
        self.runtime.cleanup()

    def start(self) -> None:
        """Start it, and return once it listens."""
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                [
                    *self.wrapper,
                    str(self.program),
                    *("--foreground", "--log", "stderr"),
                    *self.options,
                    *(str(self.mailboxes), str(self.mailbox_kb)),
                    *(str(self.port or "any"), str(self.packet_kb)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment,
            )
        self.process = process
        assert process.stdout is not None
        if self.port == 0:
            line = process.stdout.readline()
            if not line:
                process.wait()
                raise AssertionError(f"dipc ended: {self.log.read_text()}")
            self.port = int(line)
        if not self.wrapper or self.wrapper[0] != "ip":
            until(self.answers, "the server listens", START_TIMEOUT_S)

    def answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"dipc ended: {self.log.read_text()[-2000:]}")
        try:
            socket.create_connection((self.host, self.port), 5).close()
        except OSError:
            return False
        return True

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        with self.lock:
            assert self.process is not None
            self.process.send_signal(number)

    def kill_and_start_again(self) -> int:
        """When it was dead for sure, before the next one was started."""
        with self.lock:
            assert self.process is not None
            self.process.kill()
            self.process.wait()
            died_ns = time.monotonic_ns()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.start()
            return died_ns

    def check_alive(self) -> None:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(
                f"the server ended by itself, with status "
                f"{self.process.returncode}: {self.log.read_text()[-2000:]}"
            )

    def sample(self) -> Sample | None:
        """What it takes now; None while it is being started again."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
            fields = dict(
                line.split(":", 1) for line in status.splitlines() if line
            )
            sample = Sample(
                time.monotonic(),
                int(fields["VmRSS"].split()[0]),
                len(os.listdir(f"/proc/{self.pid}/fd")),
                int(fields["Threads"]),
            )
        except (OSError, KeyError):
            return None
        self.samples.append(sample)
        return sample

    def statistics(self) -> dict[str, str]:
        """What `s` says, on a connection of its own."""
        with socket.create_connection((self.host, self.port), 20) as asker:
            asker.sendall(b"s\nq\n")
            text = b""
            while piece := asker.recv(65536):
                text += piece
        lines = text.decode().splitlines()[1:-1]
        return dict(line.split(" ", 1) for line in lines)
