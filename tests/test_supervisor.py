"""Under a supervisor: told of every stage, and given the sockets."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from process import machine
from process.case import COMMAND_TIMEOUT_S, ProcessCase
from process.main import main
from process.server import Server, start_foreground, until
from process.wire import Wire

LAUNCHER = Path(__file__).parent / "process" / "launcher.py"
HEARING_TIMEOUT_S = 20


class Supervised(ProcessCase):
    def hearer(self, name: str) -> socket.socket:
        """A supervisor's ear, and the server's environment names it."""
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(ear.close)
        ear.bind(name)
        ear.settimeout(HEARING_TIMEOUT_S)
        self.environment["NOTIFY_SOCKET"] = name.replace("\0", "@")
        return ear

    def listening(self, family: int = socket.AF_INET) -> socket.socket:
        listener = socket.socket(family)
        self.addCleanup(listener.close)
        if family == socket.AF_UNIX:
            listener.bind(str(self.directory / "socket"))
        else:
            listener.bind(("127.0.0.1", 0))
        listener.listen()
        return listener

    def launch(self, *sockets: socket.socket) -> list[str]:
        """What stands before a command that is passed the sockets."""
        passed = [str(each.fileno()) for each in sockets]
        return [sys.executable, str(LAUNCHER), *passed, "--"]

    def serve(self, port: str, *sockets: socket.socket) -> Server:
        """A server on the sockets, which prints its port if it is `any`."""
        self.logs += 1
        server = start_foreground(
            [
                *self.launch(*sockets),
                *(str(machine.BIN / "dipc"), "--foreground"),
                *("8", "16", port, "4"),
            ],
            self.directory / f"log-{self.logs}",
            self.environment,
            pass_fds=[each.fileno() for each in sockets],
        )
        self.ports.append(server.port)
        self.addCleanup(self._end, server)
        return server

    def refused(
        self, *arguments: str, sockets: list[socket.socket]
    ) -> tuple[int, str]:
        """How a server that is passed sockets fails: its status, its word."""
        done = subprocess.run(
            [*self.launch(*sockets), str(machine.BIN / "dipc"), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            pass_fds=[each.fileno() for each in sockets],
            timeout=COMMAND_TIMEOUT_S,
        )
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def test_it_is_told_of_start_reload_and_end(self) -> None:
        for name in (f"\0dipc-test-{os.getpid()}", str(self.runtime / "ear")):
            with self.subTest(name):
                ear = self.hearer(name)
                server = self.dipc()
                ready = ear.recv(4096).decode().splitlines()
                self.assertEqual(ready[0], "READY=1")
                self.assertIn("STATUS=listening on 127.0.0.1", ready[1])
                self.assertIn(f"port {server.port}", ready[1])
                server.signal(signal.SIGHUP)
                reloading = ear.recv(4096).decode()
                self.assertRegex(
                    reloading, r"\ARELOADING=1\nMONOTONIC_USEC=\d+\Z"
                )
                self.assertEqual(ear.recv(4096), b"READY=1")
                with server.connect() as client:
                    self.assertTrue(client.ask(b"r 0\n").ok)
                    server.signal(signal.SIGTERM)
                    stopping = ear.recv(4096).decode()
                self.assertRegex(
                    stopping, r"\ASTOPPING=1\nSTATUS=ending, with 1 client"
                )
                self.assertEqual(server.wait(), 0)

    def test_nobody_is_told_of_a_start_that_fails(self) -> None:
        ear = self.hearer(str(self.runtime / "ear"))
        taken = self.listening().getsockname()[1]
        done = self.run_command(
            "dipc", "--foreground", "1", "1", str(taken), "1"
        )
        self.assertEqual(done.returncode, 1, done.stderr)
        ear.setblocking(False)
        with self.assertRaises(BlockingIOError):
            ear.recv(4096)

    def test_one_that_cannot_be_told_is_a_warning(self) -> None:
        self.environment["NOTIFY_SOCKET"] = str(self.directory / "nobody")
        server = self.dipc()
        self.assertIn("warning: NOTIFY_SOCKET", server.logged())
        with server.connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)

    def test_its_sockets_are_served(self) -> None:
        first, second = self.listening(), self.listening(socket.AF_UNIX)
        port = first.getsockname()[1]
        server = self.serve("any", first, second)
        self.assertEqual(server.port, port)
        with server.connect() as client:
            self.assertEqual(client.ask(b"w 1 3\nabc").version, 1)
        with socket.socket(socket.AF_UNIX) as local:
            local.settimeout(HEARING_TIMEOUT_S)
            local.connect(second.getsockname())
            local.sendall(b"r 1\n")
            self.assertTrue(local.recv(100).startswith(b"ok 3 version=1"))
        self.assertIn(
            f"127.0.0.1 and {second.getsockname()}"[:60], server.logged()
        )
        self.dipcrm(server)
        self.assertEqual(server.wait(), 0)
        self.assert_nothing_is_left(server)

    def test_a_killed_server_is_replaced_and_keeps_everything(self) -> None:
        """The sockets outlive the server, and so do the mailboxes: whoever
        connects meanwhile waits, and reads what was written before."""
        listener = self.listening()
        server = self.serve("any", listener)
        with server.connect() as client:
            self.assertEqual(client.ask(b"w 5 4\nkept").version, 1)
        server.signal(signal.SIGKILL)
        self.assertEqual(server.wait(), -signal.SIGKILL)
        with Wire(server.port) as client:
            client.send(b"r 5\n")
            again = self.serve("any", listener)
            answer = client.reply()
        self.assertEqual((answer.data, answer.version), (b"kept", 1))
        self.assertIn("took over what a killed server left", again.logged())

    def test_a_port_that_is_not_theirs_is_an_error(self) -> None:
        listener = self.listening()
        port = listener.getsockname()[1]
        other = port - 1
        status, said = self.refused(
            *("--foreground", "1", "1", str(other), "1"), sockets=[listener]
        )
        self.assertEqual(status, 2)
        self.assertIn(f"dipc: port {other}: a socket was passed", said)
        self.assertIn(f"127.0.0.1:{port}", said)

    def test_two_ports_are_an_error(self) -> None:
        status, said = self.refused(
            *("--foreground", "1", "1", "any", "1"),
            sockets=[self.listening(), self.listening()],
        )
        self.assertEqual(status, 2)
        self.assertIn("all must have the port of the argument", said)

    def test_sockets_without_a_port_need_a_number(self) -> None:
        status, said = self.refused(
            *("--foreground", "1", "1", "any", "1"),
            sockets=[self.listening(socket.AF_UNIX)],
        )
        self.assertEqual(status, 2)
        self.assertIn("a number names this server", said)

    def test_listen_and_passed_sockets_exclude_each_other(self) -> None:
        status, said = self.refused(
            *("--foreground", "--listen", "127.0.0.2", "1", "1", "any", "1"),
            sockets=[self.listening()],
        )
        self.assertEqual(status, 2)
        self.assertIn("--listen '127.0.0.2': the supervisor passed", said)

    def test_in_the_background_they_would_be_lost(self) -> None:
        status, said = self.refused(
            *("1", "1", "any", "1"), sockets=[self.listening()]
        )
        self.assertEqual(status, 2)
        self.assertIn("--foreground is wanted", said)

    def test_what_does_not_listen_is_refused(self) -> None:
        idle = socket.socket()
        self.addCleanup(idle.close)
        status, said = self.refused(
            *("--foreground", "1", "1", "any", "1"),
            sockets=[self.listening(), idle],
        )
        self.assertEqual(status, 1)
        self.assertIn("descriptor 4, passed by LISTEN_FDS, is no", said)

    def test_with_the_activator_of_systemd(self) -> None:
        activate = shutil.which("systemd-socket-activate")
        if activate is None:
            self.skipTest("systemd-socket-activate is not installed")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        log = self.directory / "log"
        process = subprocess.Popen(
            [
                *(activate, "--listen", f"127.0.0.1:{port}"),
                *(str(machine.BIN / "dipc"), "--foreground"),
                *("1", "1", str(port), "1"),
            ],
            stderr=subprocess.DEVNULL,
            env=self.environment,
        )
        process.returncode = 0  # whoever waits for it is Process.wait
        server = Server(process.pid, port, log, self.environment)
        self.ports.append(port)
        self.addCleanup(self._end, server)
        until(lambda: self.is_open(port), "the activator listens")
        with server.connect() as client:
            self.assertEqual(client.ask(b"w 0 2\nhi").version, 1)

    @staticmethod
    def is_open(port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 20).close()
        except ConnectionRefusedError:
            return False
        return True


if __name__ == "__main__":
    main()
