"""What is done to the commands while one of their calls fails.

Each scenario starts the commands that tests/faults/faults.h can make fail, does
with them what people do, and raises Problem where something came of the fault
that must not.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
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

HANG_S = 30.0
CLIENTS = 8
SANITIZER_STATUS = 99

# After a failure of one of these something may be left: it is how things are
# removed, or how they are known.  Then dipcrm must clear it.
REMOVERS = {"unlink", "unlinkat", "shm_unlink", "lstat", "rmdir"}


class Place:
    """A directory for one scenario at a time, and the commands."""

    def __init__(self, build: Path, first_port: int) -> None:
        self.build = build
        self.port = first_port
        self.top = Path(tempfile.mkdtemp(prefix="dipc-faults-"))
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
        self.report.touch()

    def destroy(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)

    def environment(self, faults: str | None) -> dict[str, str]:
        common = "allocator_may_return_null=1:exitcode=%d" % SANITIZER_STATUS
        environment = os.environ | {
            "XDG_RUNTIME_DIR": str(self.runtime),
            "ASAN_OPTIONS": f"{common}:log_path={self.top}/sanitizer",
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
        self, name: str, *arguments: str, faults: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        try:
            done = subprocess.run(
                [self.command(name), *arguments],
                stdin=subprocess.DEVNULL,
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
        if status not in (0, 1, 2):
            raise Problem(f"{name} ended with {status}: {said}")

    def judge_complaint(self, name: str, status: int, said: str) -> None:
        if status != 0 and not re.match(r"(dipc|dipcrm): \S", said):
            raise Problem(f"{name} failed ({status}) and said only {said!r}")

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

    def no_children(self) -> None:
        """Every process has ended, those of the commands too."""
        for pid in machine.children():
            process = Process(pid)
            try:
                status = process.wait(HANG_S)
            finally:
                process.destroy()
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
        done = self.run("dipc", *self.options(), *self.sizes())
        if done.returncode != 0:
            raise Problem(f"no server to kill: {done.stderr}")
        server = self.daemon()
        client = self.converse(0)
        fill(client)
        client.close()
        server.signal(signal.SIGKILL)
        server.wait()
        server.destroy()
        name = self.segments().pop()
        content = (machine.SHM / name).read_bytes()
        self.run("dipcrm", str(self.port))
        return name, content


def fill(client: Conversation) -> None:
    client.write("a", 0, b"kept")
    client.write("a", 0, b" well", "end")
    client.write("a", 7, b"too")


def filled(place: Place, may_break: int) -> Conversation:
    """A conversation with a server that has taken over what was left."""
    client = place.converse(may_break)
    client.possible[0] = {(2, b"kept well")}
    client.possible[7] = {(1, b"too")}
    return client


def allowance(faults: str) -> int:
    return 1 if faults.startswith("fail") else 0


def judge_refusal(faults: str, said: str) -> None:
    """Only a fault excuses a command that fails; slowness does not."""
    if not faults.startswith("fail"):
        raise Problem(f"a command failed without a fault: {said}")


def in_background(place: Place, faults: str) -> None:
    """Start dipc as a person does, use it in every way, and end it."""
    done = place.run("dipc", *place.options(), *place.sizes(), faults=faults)
    if done.returncode != 0:
        judge_refusal(faults, done.stderr)
        place.no_children()
        place.judge_nothing_left()
        return
    server = place.daemon()
    client = place.converse(allowance(faults))
    try:
        client.crowd(CLIENTS)
        client.hold("tcp-bystander", "b")
        server.signal(signal.SIGHUP)
        client.read_all("last")
        client.read("tcp-bystander", 0)
    finally:
        client.close()
    place.end(server)


def in_foreground(place: Place, faults: str) -> None:
    """The same under a supervisor, attachable, checked, ended by a signal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(place.top / "notify"))
        supervisor.settimeout(HANG_S)
        with open(place.top / "log", "ab") as log:
            process = subprocess.Popen(
                [
                    place.command("dipc"),
                    *("--foreground", "--attachable", "--check", "--verbose"),
                    *("--log", "stderr", "--gap", "2ms"),
                    *("--unix", str(place.top / "socket")),
                    *("--max-clients", str(CLIENTS)),
                    *place.sizes(),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=place.environment(faults)
                | {"NOTIFY_SOCKET": str(place.top / "notify")},
            )
        process.returncode = 0  # whoever waits for it is Process.wait
        server = Process(process.pid)
        if not becomes_ready(place, server, supervisor):
            status = server.wait()
            server.destroy()
            place.judge_status("dipc", status, place.log())
            place.judge_complaint("dipc", status, place.complaint())
            judge_refusal(faults, place.complaint())
            place.judge_nothing_left()
            return
        client = place.converse(allowance(faults))
        try:
            client.hold("tcp-bystander", "b")
            client.read_all("last")
            # Some wait while the server ends.
            client.send("last", b"r 6 after=0 wait=9000\n")
            waits = client.has_watcher("tcp-bystander", 6)
            server.signal(signal.SIGTERM)
            if waits or not client.broken:
                client.reply("last", "a wait at the end")
        finally:
            client.close()
        place.await_end(server)


def becomes_ready(
    place: Place, server: Process, supervisor: socket.socket
) -> bool:
    """True once it serves: it need not have been able to say so."""
    supervisor.settimeout(0.01)
    for _ in range(int(HANG_S / 0.01)):
        if not server.is_alive():
            return False
        try:
            if supervisor.recv(1000).startswith(b"READY=1"):
                return True
        except TimeoutError:
            pass
        if "listening on" in place.log():
            return True
    raise Problem("the server neither serves nor ends")


def taking_over(place: Place, faults: str) -> None:
    """Start dipc where a killed server left mailboxes: they are kept, or the
    start is refused and nothing is changed."""
    place.leave()
    done = place.run("dipc", *place.options(), *place.sizes(), faults=faults)
    if done.returncode != 0:
        judge_refusal(faults, done.stderr)
        place.no_children()
        if not place.segments():
            raise Problem("a start that failed removed the mailboxes")
        done = place.run("dipc", *place.options(), *place.sizes())
        if done.returncode != 0:
            raise Problem(f"it cannot be taken over any more: {done.stderr}")
    server = place.daemon()
    client = filled(place, allowance(faults))
    try:
        client.read_all("last")
        client.write("last", 0, b"new")
    finally:
        client.close()
    place.end(server)


def removing(place: Place, faults: str) -> None:
    """dipcrm ends a server, and then clears what a killed one left."""
    done = place.run("dipc", *place.options(), *place.sizes())
    server = place.daemon()
    client = place.converse(0)
    try:
        fill(client)
    finally:
        client.close()
    done = place.run("dipcrm", str(place.port), faults=faults)
    if done.returncode != 0:
        judge_refusal(faults, done.stderr)
    if done.returncode == 0:
        place.await_end(server)
    elif server.is_alive():
        place.end(server)
    else:
        server.destroy()
        place.run("dipcrm", str(place.port))
        place.judge_nothing_left()


def clearing(place: Place, faults: str) -> None:
    """dipcrm clears what a killed server left."""
    place.leave()
    done = place.run("dipcrm", str(place.port), faults=faults)
    if done.returncode != 0:
        judge_refusal(faults, done.stderr)
        again = place.run("dipcrm", str(place.port))
        if place.segments():
            raise Problem(f"not cleared: {again.stderr}")
    place.judge_nothing_left()


SCENARIOS: dict[str, Callable[[Place, str], None]] = {
    "in-background": in_background,
    "in-foreground": in_foreground,
    "taking-over": taking_over,
    "removing": removing,
    "clearing": clearing,
}
