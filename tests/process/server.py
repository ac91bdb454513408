"""A dipc that a test started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from process import machine, wire

START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 30.0


def until(
    condition: Callable[[], bool], what: str, timeout_s: float = 20.0
) -> None:
    """Poll a condition until it holds; fail, naming it, at the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.002)


class Process:
    """A process of ours, ended at the latest with its test."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.status: int | None = None  # as waitpid tells it

    def is_alive(self) -> bool:
        return not select.select([self.pidfd], [], [], 0)[0]

    def signal(self, number: signal.Signals) -> None:
        signal.pidfd_send_signal(self.pidfd, number)

    def wait(self, timeout_s: float = END_TIMEOUT_S) -> int:
        """Wait for its end; its exit status, or minus the signal's number."""
        if self.status is None:
            if not select.select([self.pidfd], [], [], timeout_s)[0]:
                raise AssertionError(f"process {self.pid} does not end")
            _, wait_status = os.waitpid(self.pid, 0)
            self.status = os.waitstatus_to_exitcode(wait_status)
        return self.status

    def destroy(self) -> None:
        """End it, if it still runs, and forget it."""
        if self.status is None:
            if self.is_alive():
                self.signal(signal.SIGKILL)
            self.wait()
        os.close(self.pidfd)


class Server(Process):
    """A server, its port, and what it wrote."""

    def __init__(
        self, pid: int, port: int, log: Path, environment: dict[str, str]
    ) -> None:
        super().__init__(pid)
        self.port = port
        self.log = log
        self.environment = environment
        self.path: Path | None = None  # of the Unix socket to connect over

    def connect(self, timeout: float = wire.ANSWER_TIMEOUT_S) -> wire.Wire:
        return wire.Wire(self.port, timeout=timeout, path=self.path)

    def logged(self) -> str:
        return self.log.read_text(errors="replace")

    def log_end(self) -> str:
        """The last of its log, for the report of a failure."""
        return self.logged()[-4000:] if self.log.exists() else "no log"

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self) -> int:
        return machine.status(self.pid, "Threads") or 0

    def resident_kb(self) -> int:
        return machine.status(self.pid, "VmRSS") or 0

    def processor_s(self) -> float:
        """The processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2]
        ticks = sum(int(field) for field in fields.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")


def read_port(pipe: int) -> int:
    """The port that dipc prints, alone on a line, once it listens."""
    deadline = time.monotonic() + START_TIMEOUT_S
    text = b""
    while not text.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise AssertionError("dipc does not say its port")
        piece = os.read(pipe, 100)
        if not piece:
            raise AssertionError(f"dipc ended; it said {text!r}")
        text += piece
    return int(text)


def start_foreground(
    command: list[str],
    log: Path,
    environment: dict[str, str],
    pass_fds: Sequence[int] = (),
) -> Server:
    """Start a dipc --foreground, and return once it listens."""
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            pass_fds=pass_fds,
        )
    assert process.stdout is not None
    process.returncode = 0  # whoever waits for it is Process.wait
    with process.stdout:
        try:
            port = read_port(process.stdout.fileno())
        except AssertionError as error:
            lost = Process(process.pid)
            lost.destroy()
            said = log.read_text(errors="replace")
            raise AssertionError(f"{error}; its log: {said}") from None
    return Server(process.pid, port, log, environment)
