"""The life of a daemon: start, background, ports, signals, logs, ends."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from process import machine
from process.case import ProcessCase, Server, until
from process.main import main
from process.wire import Wire


class Start(ProcessCase):
    def test_the_command_returns_once_the_server_listens(self) -> None:
        for _ in range(5):
            server = self.dipc_in_background()
            with server.connect() as client:
                self.assertEqual(client.ask(b"w 0 2\nhi").version, 1)
            self.dipcrm(server)
            self.assertEqual(server.wait(), 0)
            self.assert_nothing_is_left(server)

    def test_a_server_in_the_background_is_detached(self) -> None:
        """It is so by the time that the command returns."""
        for _ in range(20):
            server = self.dipc_in_background()
            self.assertNotEqual(os.getsid(server.pid), os.getsid(0))
            self.assertNotEqual(os.getpgid(server.pid), os.getpgid(0))
            self.assertEqual(os.readlink(f"/proc/{server.pid}/cwd"), "/")
            for descriptor in (0, 1, 2):
                target = os.readlink(f"/proc/{server.pid}/fd/{descriptor}")
                self.assertEqual(target, "/dev/null")
            self.dipcrm(server)

    def test_descriptors_of_the_starter_are_not_kept(self) -> None:
        known = machine.children()
        reader, writer = os.pipe()
        os.set_inheritable(writer, True)
        done = subprocess.run(
            [machine.BIN / "dipc", "1", "1", "any", "1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=self.environment,
            close_fds=False,
            timeout=40,
        )
        os.close(writer)
        self.assertEqual(done.returncode, 0)
        self.adopt(known, int(done.stdout))
        with os.fdopen(reader, "rb") as pipe:
            ready = select.select([pipe], [], [], 5)[0]
            self.assertTrue(ready, "nobody else has the pipe")

    def test_closed_standard_descriptors_do_no_harm(self) -> None:
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                first = self.dipc()
                self.dipcrm(first)
                first.wait()
                port = str(first.port)
                known = machine.children()
                done = subprocess.run(
                    [
                        "sh",
                        "-c",
                        f'exec "$@" {closed}',
                        "sh",
                        machine.BIN / "dipc",
                        "1",
                        "1",
                        port,
                        "1",
                    ],
                    env=self.environment,
                    timeout=40,
                )
                self.assertEqual(done.returncode, 0)
                server = self.adopt(known, first.port)
                with server.connect() as client:
                    client.send(b"w 0 2\nhi" + b"r 0\nx\n" * 100)
                    self.assertEqual(client.reply().version, 1)
                    for _ in range(100):
                        self.assertEqual(client.reply().data, b"hi")
                        self.assertEqual(client.reply().code, "bad-request")
                self.dipcrm(server)
                server.wait()

    def test_a_port_that_cannot_be_told_is_a_failure(self) -> None:
        """A server on a port that nobody knows would be of no use."""
        reader, writer = os.pipe()
        os.close(reader)
        with open("/dev/full", "wb") as full, os.fdopen(writer) as pipe:
            for name, out in (
                ("a full disk", full.fileno()),
                ("a closed pipe", pipe.fileno()),
            ):
                for mode in (list[str](), ["--foreground", "--log", "stderr"]):
                    with self.subTest(name, mode=mode):
                        done = subprocess.run(
                            [
                                machine.BIN / "dipc",
                                *mode,
                                "1",
                                "1",
                                "any",
                                "1",
                            ],
                            env=self.environment,
                            stdin=subprocess.DEVNULL,
                            stdout=out,
                            stderr=subprocess.PIPE,
                            text=True,
                            timeout=20,
                        )
                        self.assertEqual(done.returncode, 1, done.stderr)
                        self.assertRegex(done.stderr, "(?m)^dipc: .*cannot be")

    def test_starts_at_once_on_one_port_yield_one_server(self) -> None:
        first = self.dipc()
        self.dipcrm(first)
        first.wait()
        known = machine.children()
        starts = [
            subprocess.Popen(
                [machine.BIN / "dipc", "1", "1", str(first.port), "1"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(8)
        ]
        statuses = []
        for start in starts:
            _, said = start.communicate(timeout=40)
            statuses.append(start.returncode)
            if start.returncode:
                self.assertIn(f"port {first.port}", said)
        self.assertEqual(sorted(statuses), [0] + [1] * 7)
        server = self.adopt(known, first.port)
        with server.connect() as client:
            self.assertTrue(client.ask(b"w 0 1\nx").ok)
        self.dipcrm(server)
        server.wait()
        self.assert_nothing_is_left(server)

    def test_what_stands_in_the_segments_place_is_named(self) -> None:
        first = self.dipc()
        self.dipcrm(first)
        first.wait()
        place = machine.SHM / f"dipc-{os.geteuid()}-{first.port}"
        self.addCleanup(place.rmdir)
        place.mkdir()
        done = self.run_command("dipc", "1", "1", str(first.port), "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(place), done.stderr)

    def test_a_directory_of_anothers_is_not_trusted(self) -> None:
        """Whoever makes the directory first must not own the channel."""
        machine.need_root()
        machine.need_command("setpriv")
        copy = self.directory / "dipc"
        shutil.copy(machine.BIN / "dipc", copy)
        user = 63999  # one who runs nothing else
        place = Path(f"/tmp/dipc-{user}")
        place.mkdir(mode=0o777)
        self.addCleanup(place.rmdir)
        without = dict(self.environment)
        del without["XDG_RUNTIME_DIR"]
        done = subprocess.run(
            [
                "setpriv",
                f"--reuid={user}",
                f"--regid={user}",
                "--clear-groups",
                copy,
                "1",
                "1",
                "any",
                "1",
            ],
            capture_output=True,
            text=True,
            env=without,
            timeout=40,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(place), done.stderr)
        self.assertEqual(list(place.iterdir()), [])

    def test_a_taken_port_is_an_error_that_names_it(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for mode in ((), ("--foreground",)):
                done = self.run_command(
                    "dipc",
                    *mode,
                    "--listen",
                    "127.0.0.1",
                    "1",
                    "1",
                    str(port),
                    "1",
                )
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(str(port), done.stderr)
                self.assertRegex(done.stderr, "in use|taken")
                self.assertEqual(self.segments_of(port), set())

    def test_a_port_taken_by_another_server_says_so(self) -> None:
        server = self.dipc()
        done = self.run_command("dipc", "1", "1", str(server.port), "1")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(str(server.port), done.stderr)
        with server.connect() as client:
            self.assertEqual(client.statistics()["mailboxes"], "8")

    def test_the_same_port_on_another_address(self) -> None:
        """Two servers on one port are two servers, or a clear refusal; the
        first is not harmed."""
        first = self.dipc("--listen", "127.0.0.1")
        with first.connect() as client:
            client.ask(b"w 0 5\nfirst")
        known = machine.children()
        done = self.run_command(
            "dipc", "--listen", "127.0.0.2", "2", "1", str(first.port), "1"
        )
        if done.returncode == 0:
            self.adopt(known, first.port)
            with Wire(first.port, "127.0.0.2") as client:
                self.assertEqual(client.statistics()["mailboxes"], "2")
        else:
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(first.port), done.stderr)
        with first.connect() as client:
            self.assertEqual(client.ask(b"r 0\n").data, b"first")

    def test_loopback_of_both_families_and_nothing_else(self) -> None:
        server = self.dipc()
        hosts = ["127.0.0.1", "::1"] if machine.has_ipv6() else ["127.0.0.1"]
        for host in hosts:
            with Wire(server.port, host) as client:
                self.assertTrue(client.ask(b"r 0\n").ok)
        with self.assertRaises(OSError):
            Wire(server.port, "127.0.0.2")

    def test_addresses_that_overlap_are_a_wrong_argument(self) -> None:
        done = self.run_command(
            "dipc",
            *("--listen", "0.0.0.0", "--listen", "127.0.0.1"),
            *("1", "1", "any", "1"),
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn("--listen 0.0.0.0 and --listen 127.0.0.1", done.stderr)

    def test_it_listens_where_it_is_told(self) -> None:
        server = self.dipc("--listen", "127.0.0.2", "--listen", "127.0.0.3")
        for host in ("127.0.0.2", "127.0.0.3"):
            with Wire(server.port, host) as client:
                self.assertTrue(client.ask(b"r 0\n").ok)
        with self.assertRaises(OSError):
            Wire(server.port, "127.0.0.1")

    def test_an_address_that_is_not_ours_is_an_error(self) -> None:
        for address in ("192.0.2.1", "no.such.host.invalid", ""):
            with self.subTest(address):
                done = self.run_command(
                    "dipc", "--listen", address, "1", "1", "any", "1"
                )
                self.assertEqual(done.returncode, 2)
                self.assertIn(address, done.stderr)
                self.assertRegex(done.stderr, "^dipc: ")

    def test_without_a_runtime_directory(self) -> None:
        without = dict(self.environment)
        del without["XDG_RUNTIME_DIR"]
        server = self.dipc(environment=without)
        with server.connect() as client:
            client.ask(b"w 0 1\nx")
        # Whoever removes it may have the variable, and another one may not.
        done = self.run_command("dipcrm", str(server.port))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.wait(), 0)
        self.assert_nothing_is_left(server)
        server = self.dipc()
        done = self.run_command(
            "dipcrm", str(server.port), environment=without
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.wait(), 0)

    def test_as_another_user(self) -> None:
        machine.need_root()
        machine.need_command("setpriv")
        copies = self.directory / "bin"
        copies.mkdir()
        for name in ("dipc", "dipcrm"):
            shutil.copy(machine.BIN / name, copies / name)
        user = [
            "setpriv",
            f"--reuid={machine.NOBODY}",
            f"--regid={machine.NOBODY}",
            "--clear-groups",
        ]
        environment = dict(self.environment)
        del environment["XDG_RUNTIME_DIR"]
        known = machine.children()
        started = subprocess.run(
            [*user, copies / "dipc", "2", "1", "any", "1"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=40,
        )
        self.assertEqual(started.returncode, 0, started.stderr)
        port = int(started.stdout)
        daemon = self.adopt(known, port)
        self.assertEqual(machine.status(daemon.pid, "Uid"), machine.NOBODY)
        with Wire(port) as client:
            self.assertTrue(client.ask(b"w 0 1\nx").ok)
        removed = subprocess.run(
            [*user, copies / "dipcrm", str(port)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=40,
        )
        self.assertEqual(removed.returncode, 0, removed.stderr)
        self.assertEqual(daemon.wait(), 0)

    def test_another_user_cannot_remove_a_server(self) -> None:
        machine.need_root()
        machine.need_command("setpriv")
        copy = self.directory / "dipcrm"
        shutil.copy(machine.BIN / "dipcrm", copy)
        without = dict(self.environment)
        del without["XDG_RUNTIME_DIR"]
        server = self.dipc(environment=without)
        for options in ((), ("--force",)):
            done = subprocess.run(
                [
                    "setpriv",
                    f"--reuid={machine.NOBODY}",
                    f"--regid={machine.NOBODY}",
                    "--clear-groups",
                    copy,
                    *options,
                    str(server.port),
                ],
                capture_output=True,
                text=True,
                env=without,
                timeout=40,
            )
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, "^dipcrm: ")
            with server.connect() as client:
                self.assertTrue(client.ask(b"r 0\n").ok)


class End(ProcessCase):
    def test_term_and_int_end_it_as_dipcrm_does(self) -> None:
        starts: list[Callable[[], Server]]
        starts = [self.dipc, self.dipc_in_background]
        for number in (signal.SIGTERM, signal.SIGINT):
            for start in starts:
                with self.subTest(number, start=start):
                    server = start()
                    server.signal(number)
                    self.assertEqual(server.wait(), 0)
                    self.assert_nothing_is_left(server)

    def test_its_end_is_logged_once(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            client.ask(b"r 0\n")
            server.signal(signal.SIGSTOP)
            server.signal(signal.SIGTERM)
            server.signal(signal.SIGINT)
            server.signal(signal.SIGCONT)
            self.assertEqual(server.wait(), 0)
        told = re.findall("ending.*", server.logged())
        self.assertEqual(len(told), 1, told)
        self.assertIn("with 1 client connected", told[0])

    def test_a_signal_ends_it_with_clients_of_every_kind(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.dipc()
                idle, waiting, stalled = (server.connect() for _ in range(3))
                for client in (idle, waiting, stalled):
                    self.addCleanup(client.close)
                idle.ask(b"r 0\n")
                waiting.send(b"r 0 after=9 wait=60000\n")
                stalled.send(b"w 0 5\nhe")
                until(
                    lambda: idle.statistics(0)["watching"] == "1"
                    and int(idle.statistics()["bytes-in"]) > 60,
                    "all are at it",
                )
                server.signal(number)
                self.assertEqual(waiting.reply().code, "shutting-down")
                self.assertEqual(waiting.rest(), b"")
                self.assertEqual(stalled.reply().code, "shutting-down")
                self.assertEqual(idle.rest(), b"")
                self.assertEqual(server.wait(), 0)
                self.assert_nothing_is_left(server)

    def test_a_closed_terminal_does_not_end_it(self) -> None:
        server = self.dipc_in_background()
        server.signal(signal.SIGHUP)
        with server.connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)

    def test_a_client_that_goes_away_is_no_signal(self) -> None:
        server = self.dipc(packet_kb=64, mailbox_kb=64)
        for _ in range(20):
            with server.connect() as client:
                client.send(b"w 0 1 at=65000\nx" + b"r 0\n" * 200)
                client.reset()
        with server.connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)

    def test_nothing_said_to_the_port_ends_it(self) -> None:
        server = self.dipc()
        for text in (
            b"stop",
            b"shutdown",
            b"quit",
            b"exit",
            b"kill",
            b"Q",
            b"dipcrm",
            b"remove",
            b"q\nq\nq",
            b"STOP 1",
            b"status",
            b"\x04",
            b"\x03",
            b"\0stop",
            b"+++",
            b"s stop",
        ):
            with self.subTest(text), server.connect() as client:
                client.send(text + b"\n")
                client.half_close()
                client.rest()
            with server.connect() as client:
                self.assertTrue(client.ask(b"r 0\n").ok)


class Log(ProcessCase):
    def test_a_log_file_tells_start_and_end(self) -> None:
        server = self.dipc_in_background()
        self.assertIn(str(server.port), server.logged())
        before = server.logged()
        self.dipcrm(server)
        server.wait()
        self.assertGreater(len(server.logged()), len(before))
        for line in server.logged().splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\S+Z \w+: ")

    def test_a_log_file_of_a_relative_name_is_found_again(self) -> None:
        known = machine.children()
        done = subprocess.run(
            [machine.BIN / "dipc", "--log", "here.log", "1", "1", "any", "1"],
            capture_output=True,
            env=self.environment,
            cwd=self.directory,
            timeout=40,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        server = self.adopt(known, int(done.stdout))
        self.assertIn(
            str(server.port), (self.directory / "here.log").read_text()
        )

    def test_a_log_file_that_was_moved_is_opened_again(self) -> None:
        server = self.dipc_in_background()
        moved = server.log.with_name("moved")
        server.log.rename(moved)
        server.signal(signal.SIGHUP)
        until(server.log.exists, "the log is opened again")
        self.dipcrm(server)
        server.wait()
        self.assertIn("listening", moved.read_text())
        self.assertIn("ended", server.logged())

    def test_a_log_that_nobody_reads_does_not_block_the_start(self) -> None:
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        done = self.run_command(
            "dipc", "--log", str(pipe), "1", "1", "any", "1"
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(pipe), done.stderr)

    def test_clients_are_told_of_only_if_asked(self) -> None:
        for options in ((), ("--verbose",)):
            server = self.dipc(*options)
            with server.connect() as client:
                name = str(client.socket.getsockname()[1])
                client.ask(b"q\n")
            self.dipcrm(server)
            server.wait()
            self.assertEqual(name in server.logged(), bool(options))

    def test_what_clients_store_is_never_logged(self) -> None:
        server = self.dipc("--verbose")
        with server.connect() as client:
            client.ask(b"w 0 6\nsecret")
            client.ask(b"secret\n")
        self.dipcrm(server)
        server.wait()
        self.assertNotIn("secret", server.logged())

    def test_a_log_that_cannot_be_opened_is_an_error(self) -> None:
        for path, status in (
            ("/no/such/directory/log", 1),
            (str(self.directory), 1),
            ("", 2),
        ):
            with self.subTest(path):
                done = self.run_command(
                    "dipc", "--log", path, "1", "1", "any", "1"
                )
                self.assertEqual(done.returncode, status)
                self.assertIn(path, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_a_full_disk_under_the_log_stops_nothing(self) -> None:
        for path in ("/dev/full", None):
            with self.subTest(path):
                wrapper = None
                if path is None:
                    machine.need_mount_namespace()
                    place = self.directory / "disk"
                    place.mkdir(exist_ok=True)
                    path = str(place / "log")
                    wrapper = [
                        "unshare",
                        "-m",
                        "sh",
                        "-c",
                        f'mount -t tmpfs -o size=4k tmpfs "{place}" &&'
                        f' head -c 4000 /dev/zero >"{path}"; exec "$@"',
                        "sh",
                    ]
                server = self.dipc("--verbose", "--log", path, wrapper=wrapper)
                for _ in range(100):
                    with server.connect() as client:
                        self.assertTrue(client.ask(b"w 0 1\nx").ok)
                self.dipcrm(server)
                self.assertEqual(server.wait(), 0)

    def test_the_system_log_need_not_be_there(self) -> None:
        server = self.dipc("--log", "syslog")
        with server.connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)
        self.assertEqual(server.logged(), "")

    def test_standard_error_stays_open_when_it_was_asked_for(self) -> None:
        """--log stderr in the background writes where dipc's own standard
        error went, if it writes at all; it never ends the server."""
        known = machine.children()
        path = self.directory / "stderr"
        with open(path, "wb") as errors:
            done = subprocess.run(
                [
                    machine.BIN / "dipc",
                    "--log",
                    "stderr",
                    "1",
                    "1",
                    "any",
                    "1",
                ],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self.environment,
                timeout=40,
            )
        self.assertEqual(done.returncode, 0, path.read_text())
        server = self.adopt(known, int(done.stdout))
        with server.connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)
        self.dipcrm(server)
        self.assertEqual(server.wait(), 0)
        self.assertIn(str(server.port), path.read_text())


if __name__ == "__main__":
    main()
