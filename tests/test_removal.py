"""dipcrm: it returns when nothing is left, whatever the clients do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from process import machine
from process.case import ProcessCase, Server, until
from process.main import main
from process.server import read_port

PROMISE_S = 5.0


class Removal(ProcessCase):
    def assert_killed_server_is_cleared(self, server: Server) -> None:
        said = self.dipcrm(server)
        self.assertIn(str(server.port), said)
        self.assertRegex(said, "(?i)clear|left|remov")
        self.assert_nothing_is_left(server)

    def test_it_returns_when_nothing_is_left(self) -> None:
        starts: list[Callable[[], Server]]
        starts = [self.dipc, self.dipc_in_background]
        for start in starts:
            server = start()
            self.dipcrm(server)
            self.assert_nothing_is_left(server)
            self.assertEqual(server.wait(), 0)
            with self.assertRaises(ConnectionRefusedError):
                server.connect()

    def test_the_port_is_free_again_at_once(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            client.ask(b"w 0 1\nx")
            self.dipcrm(server)
            for _ in range(5):
                known = machine.children()
                started = self.run_command(
                    "dipc", "1", "1", str(server.port), "1"
                )
                self.assertEqual(started.returncode, 0, started.stderr)
                self.dipcrm(self.adopt(known, server.port))

    def test_no_server_is_an_error(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            for options in ((), ("--force",)):
                done = self.run_command("dipcrm", *options, str(port))
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, f"^dipcrm: .*{port}")

    def test_clients_of_every_kind_do_not_delay_it(self) -> None:
        server = self.dipc()
        clients = [server.connect() for _ in range(30)]
        for client in clients:
            self.addCleanup(client.close)
        for client in clients[:10]:
            client.send(b"r 0 after=99 wait=60000\n")
        for client in clients[10:20]:
            client.send(b"w 0 4096\n" + b"x" * 1000)
        flood = b"w 1 4096\n" + b"x" * 4096 + b"r 1\n" * 5000
        for client in clients[20:25]:  # they never read their answers
            client.socket.settimeout(0.2)
            try:
                client.send(flood)
            except TimeoutError:
                pass
        until(
            lambda: clients[29].statistics(0)["watching"] == "10",
            "the readers wait",
        )
        began = time.monotonic()
        self.dipcrm(server)
        took = time.monotonic() - began
        self.assertEqual(server.wait(), 0)
        self.assert_nothing_is_left(server)
        self.assertLess(took, PROMISE_S)

    def test_many_clients_do_not_delay_it(self) -> None:
        server = self.dipc()
        clients = [server.connect() for _ in range(1000)]
        for client in clients:
            self.addCleanup(client.close)
            client.send(b"r 0 after=99 wait=60000\n")
        with server.connect() as client:
            until(
                lambda: client.statistics(0)["watching"] == "1000",
                "all of them wait",
            )
        began = time.monotonic()
        self.dipcrm(server)
        self.assertLess(time.monotonic() - began, PROMISE_S)
        self.assertEqual(server.wait(), 0)

    def test_a_killed_server_must_be_cleared_first(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            client.ask(b"w 0 1\nx")
        server.signal(signal.SIGKILL)
        self.assertEqual(server.wait(), -signal.SIGKILL)
        refused = self.run_command("dipc", "1", "1", str(server.port), "1")
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"dipcrm {server.port}", refused.stderr)
        self.assert_killed_server_is_cleared(server)
        again = self.run_command("dipcrm", str(server.port))
        self.assertEqual(again.returncode, 1)
        known = machine.children()
        started = self.run_command("dipc", "1", "1", str(server.port), "1")
        self.assertEqual(started.returncode, 0, started.stderr)
        self.dipcrm(self.adopt(known, server.port))

    def test_force_clears_what_a_killed_server_left(self) -> None:
        server = self.dipc()
        server.signal(signal.SIGKILL)
        server.wait()
        self.dipcrm(server, "--force")
        self.assert_nothing_is_left(server)

    def test_a_segment_whose_name_was_removed_hides_no_server(self) -> None:
        """As when the system clears a user's shared memory at a logout."""
        for options in ((), ("--force",)):
            server = self.dipc()
            for name in self.segments_of(server.port):
                (machine.SHM / name).unlink()
            with server.connect() as client:
                self.assertTrue(client.ask(b"w 0 1\nx").ok)
            self.dipcrm(server, *options)
            self.assert_nothing_is_left(server)
            self.assertEqual(server.wait(), 0)

    def test_a_control_directory_that_was_removed_hides_no_server(
        self,
    ) -> None:
        server = self.dipc()
        for path in self.sockets():
            path.unlink()
            path.parent.rmdir()
        self.dipcrm(server)
        self.assert_nothing_is_left(server)
        self.assertEqual(server.wait(), 0)

    def test_garbage_in_the_segments_place_is_cleared(self) -> None:
        first = self.dipc()
        self.dipcrm(first)
        first.wait()
        place = machine.SHM / f"dipc-{os.geteuid()}-{first.port}"
        place.write_bytes(os.urandom(5000))
        done = self.run_command("dipc", "1", "1", str(first.port), "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"dipcrm {first.port}", done.stderr)
        self.assert_killed_server_is_cleared(first)

    def test_a_stopped_server_needs_force(self) -> None:
        server = self.dipc()
        server.signal(signal.SIGSTOP)
        began = time.monotonic()
        done = self.run_command("dipcrm", str(server.port))
        self.assertLess(time.monotonic() - began, 2 * PROMISE_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--force", done.stderr)
        self.assertTrue(server.is_alive())
        self.dipcrm(server, "--force")
        self.assert_nothing_is_left(server)
        self.assertEqual(server.wait(), -signal.SIGKILL)

    def test_a_parent_that_never_reaps_does_not_hold_it_up(self) -> None:
        """In a container the first process often reaps nothing: the server
        stays a zombie, which is gone all the same."""
        parent = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import ctypes, subprocess, sys\n"
                "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
                "print(subprocess.check_output(sys.argv[1:]).decode(), end='',"
                " flush=True)\n"
                "sys.stdin.read()\n",
                machine.BIN / "dipc",
                "1",
                "1",
                "any",
                "1",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
        )
        assert parent.stdin is not None
        assert parent.stdout is not None
        with parent.stdin, parent.stdout:
            port = read_port(parent.stdout.fileno())
            self.ports.append(port)
            done = self.run_command("dipcrm", str(port))
            self.assertEqual(done.returncode, 0, done.stderr)
        parent.wait(30)

    def test_it_finds_the_server_of_its_port_among_others(self) -> None:
        servers = [self.dipc() for _ in range(4)]
        self.dipcrm(servers[2])
        self.assertEqual(servers[2].wait(), 0)
        for server in servers[:2] + servers[3:]:
            with server.connect() as client:
                self.assertTrue(client.ask(b"r 0\n").ok)

    def test_two_at_once_both_end(self) -> None:
        server = self.dipc()
        runs = [
            subprocess.Popen(
                [machine.BIN / "dipcrm", str(server.port)],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for _ in range(2)
        ]
        statuses = []
        for run in runs:
            said, _ = run.communicate(timeout=40)
            statuses.append(run.returncode)
            self.assertIn(run.returncode, (0, 1), said)
        self.assertIn(0, statuses)
        self.assertEqual(server.wait(), 0)
        self.assert_nothing_is_left(server)

    def test_a_stranger_on_the_control_socket_is_ignored(self) -> None:
        """What a client may do to the control socket ends nothing but by the
        proper request."""
        server = self.dipc()
        for path in self.sockets():
            for kind in (
                socket.SOCK_STREAM,
                socket.SOCK_SEQPACKET,
                socket.SOCK_DGRAM,
            ):
                with socket.socket(socket.AF_UNIX, kind) as s:
                    s.settimeout(10)
                    try:
                        s.connect(str(path))
                        s.send(b"\xff nonsense\n")
                    except OSError:
                        continue
        with server.connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)

    def test_the_control_directory_is_its_owners_alone(self) -> None:
        self.dipc()
        self.assertTrue(self.sockets())
        for path in self.sockets():
            self.assertEqual(path.parent.stat().st_mode & 0o077, 0)


if __name__ == "__main__":
    main()
