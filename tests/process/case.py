"""A test with a time limit, that leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from types import FrameType

from process import machine
from process.server import Server, read_port, start_foreground, until, Process

TEST_TIMEOUT_S = 90
COMMAND_TIMEOUT_S = 40
MAILBOXES = 8
MAILBOX_KB = 16
PACKET_KB = 4


class ProcessCase(unittest.TestCase):
    """Gives each test a directory of its own, where its servers keep their
    control sockets, and fails it if a process or a segment is left."""

    def setUp(self) -> None:
        for name in ("dipc", "dipcrm"):
            if not (machine.BIN / name).exists():
                self.fail(f"{machine.BIN / name} is missing: run make first")
        machine.adopt_orphans()
        signal.signal(signal.SIGALRM, self._too_late)
        signal.alarm(TEST_TIMEOUT_S)
        self.addCleanup(signal.alarm, 0)
        self.directory = Path(tempfile.mkdtemp(prefix="dipc-test-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.directory.chmod(0o755)
        self.runtime = self.directory / "run"
        self.runtime.mkdir(mode=0o700)
        self.environment = os.environ | {"XDG_RUNTIME_DIR": str(self.runtime)}
        self.before = machine.children()
        self.logs = 0
        self.ports: list[int] = []
        self.addCleanup(self._sweep)

    def dipc(
        self,
        *options: str,
        mailboxes: int = MAILBOXES,
        mailbox_kb: int = MAILBOX_KB,
        packet_kb: int = PACKET_KB,
        wrapper: list[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Server:
        """Start a server in the foreground, on a port of its own choice."""
        self.logs += 1
        server = start_foreground(
            [
                *(wrapper or []),
                str(machine.BIN / "dipc"),
                "--foreground",
                "--log",
                "stderr",
                *options,
                *(str(mailboxes), str(mailbox_kb), "any", str(packet_kb)),
            ],
            self.directory / f"log-{self.logs}",
            environment or self.environment,
        )
        self.ports.append(server.port)
        self.addCleanup(self._end, server)
        return server

    def dipc_in_background(
        self, *options: str, environment: dict[str, str] | None = None
    ) -> Server:
        """Start a server as a person does: the command returns at once."""
        known = machine.children()
        self.logs += 1
        log = self.directory / f"log-{self.logs}"
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb"):
            try:
                done = subprocess.run(
                    [
                        str(machine.BIN / "dipc"),
                        "--log",
                        str(log),
                        *options,
                        *(str(MAILBOXES), str(MAILBOX_KB)),
                        *("any", str(PACKET_KB)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=writer,
                    stderr=subprocess.PIPE,
                    env=environment or self.environment,
                    timeout=COMMAND_TIMEOUT_S,
                    text=True,
                )
            finally:
                os.close(writer)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr, "")
            port = read_port(reader)
        return self.adopt(known, port, log, environment)

    def dipc_again(self, server: Server) -> Server:
        """A server in the background, on the port of one that has ended."""
        known = machine.children()
        self.logs += 1
        log = self.directory / f"log-{self.logs}"
        done = self.run_command(
            *("dipc", "--log", str(log)),
            *(str(MAILBOXES), str(MAILBOX_KB)),
            *(str(server.port), str(PACKET_KB)),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.adopt(known, server.port, log)

    def adopt(
        self,
        known: set[int],
        port: int,
        log: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> Server:
        """The one server that a command has left in the background.

        known   the processes that were there before
        """
        daemons = machine.children() - known
        self.assertEqual(len(daemons), 1, "one process stays")
        server = Server(
            daemons.pop(),
            port,
            log or self.directory / "no-log",
            environment or self.environment,
        )
        self.ports.append(port)
        self.addCleanup(self._end, server)
        return server

    def run_command(
        self,
        name: str,
        *arguments: str,
        wrapper: list[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run dipc or dipcrm to its end."""
        return subprocess.run(
            [*(wrapper or []), str(machine.BIN / name), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment or self.environment,
            timeout=COMMAND_TIMEOUT_S,
        )

    def dipcrm(self, server: Server, *options: str) -> str:
        """Remove a server that must go; what dipcrm said."""
        done = self.run_command(
            "dipcrm",
            *options,
            str(server.port),
            environment=server.environment,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    def assert_nothing_is_left(self, server: Server) -> None:
        self.assertFalse(server.is_alive(), "the process")
        self.assertEqual(self.segments_of(server.port), set(), "segments")
        self.assertEqual(self.sockets(), [], "sockets")

    def segments_of(self, port: int) -> set[str]:
        ending = f"-{port}"
        return {name for name in machine.segments() if name.endswith(ending)}

    def sockets(self) -> list[Path]:
        return [p for p in self.runtime.rglob("*") if p.is_socket()]

    def _end(self, server: Server) -> None:
        """End a server that its test did not end; it must go when told."""
        if server.status is None and server.is_alive():
            server.signal(signal.SIGCONT)
            server.signal(signal.SIGTERM)
            try:
                status = server.wait()
                self.assertEqual(status, 0, server.log_end())
            finally:
                server.destroy()
        else:
            server.destroy()

    def _sweep(self) -> None:
        """Kill and report what a test left: it comes after all servers."""
        left = set()
        for pid in machine.children() - self.before:
            process = Process(pid)
            if process.is_alive() or process.wait() != 0:
                left.add(pid)
            process.destroy()
        segments = set().union(*map(self.segments_of, self.ports))
        for name in segments:
            (machine.SHM / name).unlink(missing_ok=True)
        self.assertEqual(left, set(), "processes left")
        self.assertEqual(segments, set(), "segments left")

    @staticmethod
    def _too_late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"the test takes more than {TEST_TIMEOUT_S} s")


__all__ = ["ProcessCase", "Server", "until"]
