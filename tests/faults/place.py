"""Where one scenario at a time runs: a directory, a port and the commands."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from conversation import (
    MAILBOX_KB,
    MAILBOXES,
    PACKET_KB,
    Conversation,
    Problem,
)
from process import machine
from process.server import Process
from process.wire import Wire

HANG_S = 120.0  # a busy machine is no fault
CLIENTS = 8
SANITIZER_STATUS = 99

# What the manual of each command lists; 0 to 2 for the others.
STATUSES = {"dipcctl": range(8), "dipcsend": range(4)}

# After a failure of one of these something may be left: it is how things are
# removed, or how they are known.  Then dipcrm must clear it.
REMOVERS = {"unlink", "unlinkat", "shm_unlink", "lstat", "rmdir"}


class Place:
    """A directory for one scenario at a time, and the commands."""

    def __init__(self, build: Path, top: Path, first_port: int) -> None:
        self.build = build
        self.port = first_port
        while self.segments():  # somebody else's, or left by a killed run
            self.port += 1
        self.top = Path(tempfile.mkdtemp(dir=top))
        self.runtime = self.top / "run"
        self.report = self.top / "report"
        self.left: tuple[str, bytes] | None = None  # see Place.leave
        machine.adopt_orphans()
        self.clean()

    def clean(self) -> None:
        for entry in list(self.top.iterdir()):
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        self.runtime.mkdir(mode=0o700)
        (self.top / "tmp").mkdir()
        self.report.touch()

    def environment(self, faults: str | None) -> dict[str, str]:
        common = "allocator_may_return_null=1:exitcode=%d" % SANITIZER_STATUS
        environment = os.environ | {
            "XDG_RUNTIME_DIR": str(self.runtime),
            "ASAN_OPTIONS": f"{common}:log_path={self.top}/sanitizer",
            "TMPDIR": str(self.top / "tmp"),
            "UBSAN_OPTIONS": f"print_stacktrace=1:"
            f"log_path={self.top}/sanitizer",
        }
        environment.pop("DIPC_FAULTS", None)
        if faults is not None:
            environment["DIPC_FAULTS"] = f"{self.report} {faults}"
        return environment

    def command(self, name: str) -> str:
        return str(self.build / "faulty" / name)

    def run(
        self,
        name: str,
        *arguments: str,
        faults: str | None = None,
        said: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; `said` is its standard input."""
        try:
            done = subprocess.run(
                [self.command(name), *arguments],
                input=said,
                capture_output=True,
                text=True,
                errors="replace",
                env=self.environment(faults),
                timeout=HANG_S,
            )
        except subprocess.TimeoutExpired as error:
            raise Problem(f"{name} hangs") from error
        self.judge_status(name, done.returncode, done.stderr)
        self.judge_complaint(name, done.returncode, done.stderr)
        return done

    def judge_status(self, name: str, status: int, said: str) -> None:
        if status < 0 or status == SANITIZER_STATUS:
            raise Problem(f"{name} crashed ({status}): {said}")
        if status not in STATUSES.get(name, range(3)):
            raise Problem(f"{name} ended with {status}: {said}")

    def judge_complaint(self, name: str, status: int, said: str) -> None:
        if status != 0 and not re.match(r"dipc(rm|ctl|gather|send)?: \S", said):
            raise Problem(f"{name} failed ({status}) and said only {said!r}")
        if re.search(r": (Success)?$", said.rstrip("\n")):
            raise Problem(f"{name} failed ({status}) and did not say why")

    def allowance(self, faults: str) -> int:
        """How many connections of clients a fault may break."""
        return 1 if faults.startswith("fail") else 0

    def judge_refusal(self, faults: str, said: str) -> None:
        """Only a fault excuses a command that fails; slowness does not."""
        if not faults.startswith("fail"):
            raise Problem(f"a command failed without a fault: {said}")

    def judge_sanitizers(self) -> None:
        for log in self.top.glob("sanitizer*"):
            raise Problem(log.read_text(errors="replace"))

    def injected(self) -> list[str]:
        return self.report.read_text().split()

    def was_a_remover(self) -> bool:
        return any(call in REMOVERS for call in self.injected())

    def segments(self) -> set[str]:
        """Those on ports of this place alone."""
        return {
            name for name in machine.segments() if name.endswith(f"-{self.port}")
        }

    def things(self) -> list[str]:
        """What a server leaves behind, that is to be removed."""
        found = [str(p) for p in self.runtime.rglob("*") if not p.is_dir()]
        if (self.top / "socket").exists():
            found.append("the Unix socket")
        return found + sorted(self.segments())

    def judge_nothing_left(self) -> None:
        if self.things() and self.was_a_remover():
            self.run("dipcrm", str(self.port))
            (self.top / "socket").unlink(missing_ok=True)
        if self.things():
            raise Problem(f"left behind: {self.things()}")

    def no_children(self, told: tuple[signal.Signals, ...] = ()) -> None:
        """Every process has ended, those of the commands too.

        told    by which signals it may have been told to
        """
        for pid in machine.children():
            process = Process(pid)
            try:
                status = process.wait(HANG_S)
            finally:
                process.destroy()
            if -status not in told:
                self.judge_status("a process", status, self.log())

    def log(self) -> str:
        log = self.top / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def complaint(self) -> str:
        """What a server in the foreground said last."""
        lines = self.log().splitlines()
        return lines[-1] if lines else ""

    def kill_all(self) -> None:
        """After a problem: nothing of this run stays."""
        while pids := machine.children():
            for pid in pids:
                Process(pid).destroy()
        for name in self.segments():
            (machine.SHM / name).unlink(missing_ok=True)

    def connect(self, name: str) -> Wire:
        """Over the Unix socket, unless the client's name says tcp."""
        if not name.startswith("tcp"):
            return Wire(self.port, timeout=HANG_S, path=self.top / "socket")
        try:
            return Wire(self.port, timeout=HANG_S)
        except ConnectionRefusedError:
            # One address is enough, where the other seems to be missing.
            return Wire(self.port, "::1", timeout=HANG_S)

    def converse(self, may_break: int) -> Conversation:
        return Conversation(self.connect, may_break)

    def options(self) -> list[str]:
        return [
            *("--log", str(self.top / "log")),
            *("--unix", str(self.top / "socket")),
            *("--max-clients", str(CLIENTS), "--gap", "2ms"),
        ]

    def sizes(self) -> list[str]:
        return [str(MAILBOXES), str(MAILBOX_KB), str(self.port), str(PACKET_KB)]

    def serve(self) -> Process:
        """A server in the background, without a fault."""
        done = self.run("dipc", *self.options(), *self.sizes())
        if done.returncode != 0:
            raise Problem(f"no server: {done.stderr}")
        return self.daemon()

    def daemon(self) -> Process:
        """The one process that a command has left in the background."""
        pids = machine.children()
        if len(pids) != 1:
            raise Problem(f"{len(pids)} processes are left, and not one")
        return Process(pids.pop())

    def end(self, server: Process) -> None:
        """It must go when it is told, and leave nothing."""
        done = self.run("dipcrm", str(self.port))
        if done.returncode != 0:
            raise Problem(f"dipcrm: {done.stderr}{self.log()}")
        self.await_end(server)

    def await_end(self, server: Process) -> None:
        try:
            self.judge_status("dipc", server.wait(HANG_S), self.log())
            if server.status != 0:
                raise Problem(f"the server ended with {server.status}")
        except AssertionError as error:
            raise Problem(str(error)) from error
        finally:
            server.destroy()
        self.judge_nothing_left()

    def leave(self) -> None:
        """Put there what a server left that was killed; made once."""
        name, content = self.left or self.make_left()
        self.left = (name, content)
        (machine.SHM / name).write_bytes(content)
        (machine.SHM / name).chmod(0o600)

    def make_left(self) -> tuple[str, bytes]:
        server = self.serve()
        client = self.converse(0)
        client.fill()
        client.close()
        server.signal(signal.SIGKILL)
        server.wait()
        server.destroy()
        name = self.segments().pop()
        content = (machine.SHM / name).read_bytes()
        self.run("dipcrm", str(self.port))
        return name, content
