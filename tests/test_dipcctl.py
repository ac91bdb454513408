"""dipcctl against real servers: every command, every exit status."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading

from process import machine
from process.case import ProcessCase
from process.main import main
from process.script import Script
from process.server import Server, until

(
    DONE,
    FAILED,
    USAGE,
    CONFLICT,
    TIMED_OUT,
    NO_CONNECTION,
    REFUSED,
    UNKNOWN,
) = range(8)
COMMANDS = "read write append cas wait watch stat top ping".split()


class CtlCase(ProcessCase):
    def ctl(
        self,
        server: Server | str,
        *arguments: str,
        stdin: bytes = b"",
        status: int = DONE,
    ) -> bytes:
        """What a command prints; its status must be the one expected."""
        done = subprocess.run(
            [machine.BIN / "dipcctl", *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment | {"DIPC_SERVER": self.name(server)},
            timeout=40,
        )
        self.said = done.stderr.decode()
        self.assertEqual(done.returncode, status, done.stderr)
        if status == DONE:
            self.assertEqual(self.said, "")
        else:
            self.assertRegex(self.said, r"\A(dipcctl: .+\n)+\Z")
        return done.stdout

    def name(self, server: Server | str) -> str:
        if isinstance(server, str):
            return server
        host = "[::1]" if machine.has_ipv6() else "127.0.0.1"
        return f"{host}:{server.port}"

    def start(
        self, server: Server | str, *arguments: str
    ) -> subprocess.Popen[bytes]:
        """One that goes on; ended with its test."""
        process = subprocess.Popen(
            [machine.BIN / "dipcctl", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment | {"DIPC_SERVER": self.name(server)},
        )
        self.addCleanup(self._finish, process)
        return process

    @staticmethod
    def _finish(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

    def watching(self, server: Server, mailbox: int) -> int:
        with server.connect() as client:
            return int(client.statistics(mailbox)["watching"])


class Contents(CtlCase):
    def test_what_is_written_is_read(self) -> None:
        server = self.dipc()
        self.assertEqual(self.ctl(server, "write", "3", "hello"), b"1\n")
        self.assertEqual(self.ctl(server, "read", "3"), b"hello")
        self.assertEqual(self.ctl(server, "append", "3", " world"), b"2\n")
        self.assertEqual(self.ctl(server, "read", "3"), b"hello world")
        self.assertEqual(
            self.ctl(server, "read", "3", "--at", "2", "--max", "3"), b"llo"
        )
        self.assertEqual(self.ctl(server, "read", "3", "--at", "99"), b"")
        self.assertEqual(
            self.ctl(server, "write", "3", "--at", "6", "W", "-q"), b""
        )
        self.assertEqual(self.ctl(server, "read", "3"), b"hello World")
        self.assertEqual(
            self.ctl(server, "write", "3", "--at", "end", "!"), b"4\n"
        )
        self.assertEqual(self.ctl(server, "write", "3", ""), b"5\n")
        self.assertEqual(self.ctl(server, "read", "3"), b"")

    def test_data_comes_from_files_and_standard_input(self) -> None:
        server = self.dipc()
        data = bytes(range(256)) * 4
        file = self.directory / "data"
        file.write_bytes(data)
        for arguments, stdin in (
            (("write", "0", "-f", str(file)), b""),
            (("write", "0"), data),
            (("write", "0", "-"), data),
            (("write", "0", "--file=-"), data),
            (("cas", "0", "4"), data),
            (("cas", "0", "5", "-f", str(file)), b""),
        ):
            with self.subTest(arguments):
                self.ctl(server, *arguments, stdin=stdin)
                self.assertEqual(self.ctl(server, "read", "0"), data)
        self.ctl(server, "append", "0", stdin=b"!")
        self.assertEqual(self.ctl(server, "read", "0"), data + b"!")
        self.ctl(server, "write", "0", "-f", "/no/such", status=FAILED)
        self.assertIn("/no/such", self.said)

    def test_more_than_a_packet_takes_pieces(self) -> None:
        server = self.dipc(mailbox_kb=16, packet_kb=4)
        for size in (4097, 16384):
            data = os.urandom(size)
            self.ctl(server, "write", "1", stdin=data, status=REFUSED)
            self.assertIn("packet", self.said)
            self.assertIn("--pieces", self.said)
            self.ctl(server, "write", "1", "--pieces", stdin=data)
            self.assertEqual(self.ctl(server, "read", "1"), data)
        self.ctl(server, "append", "1", "--pieces", stdin=b"x", status=REFUSED)
        version = self.ctl(server, "write", "1", "x").decode().strip()
        self.ctl(
            *(server, "cas", "1", version, "--pieces"),
            stdin=bytes(16385),
            status=REFUSED,
        )
        self.assertIn("16384 of 16385 bytes are written", self.said)

    def test_versions_guard(self) -> None:
        server = self.dipc()
        self.ctl(server, "cas", "2", "0", "a")
        self.assertEqual(
            self.ctl(server, "cas", "2", "0", "b", status=CONFLICT), b""
        )
        self.assertIn("the mailbox is at version 1", self.said)
        for command in ("write", "append"):
            self.ctl(server, command, "2", "--if", "9", "b", status=CONFLICT)
        self.ctl(server, "read", "2", "--if", "9", status=CONFLICT)
        self.assertEqual(self.ctl(server, "read", "2", "--if", "1"), b"a")
        self.assertEqual(
            self.ctl(server, "append", "2", "--if", "1", "b"), b"2\n"
        )

    def test_json_is_for_scripts(self) -> None:
        server = self.dipc()

        def ask(*arguments: str, stdin: bytes = b"") -> object:
            said = self.ctl(server, *arguments, "--json", stdin=stdin)
            self.assertEqual(said.count(b"\n"), 1)
            return json.loads(said)

        self.assertEqual(
            ask("write", "3", 'a "quoted" é\n'),
            {"mailbox": 3, "version": 1, "size": 14, "written": 14},
        )
        self.assertEqual(
            ask("read", "3"),
            {
                "mailbox": 3,
                "version": 1,
                "size": 14,
                "data": 'a "quoted" é\n',
            },
        )
        ask("write", "3", stdin=b"\xff\x00")
        self.assertEqual(
            ask("read", "3"),
            {"mailbox": 3, "version": 2, "size": 2, "base64": "/wA="},
        )
        found = ask("stat")
        assert isinstance(found, dict)
        self.assertEqual(found["mailboxes"], 8)
        self.assertIsInstance(found["version"], str)
        found = ask("stat", "3")
        assert isinstance(found, dict)
        self.assertEqual(found["version"], 2)
        found = ask("ping")
        assert isinstance(found, dict)
        self.assertGreater(found["ms"], 0)

    def test_over_a_unix_socket(self) -> None:
        path = self.directory / "a.sock"
        self.dipc("--unix", str(path))
        self.assertEqual(self.ctl(str(path), "write", "0", "x"), b"1\n")
        self.assertRegex(
            self.ctl(str(path), "ping").decode(),
            rf"^{path} answers in [0-9.]+ ms\n$",
        )


class Waiting(CtlCase):
    def test_wait_prints_what_comes_next(self) -> None:
        server = self.dipc()
        waiter = self.start(server, "wait", "3", "--wait", "30s")
        until(lambda: self.watching(server, 3) == 1, "it waits")
        self.ctl(server, "write", "3", "news")
        self.assertEqual(waiter.communicate(timeout=30)[0], b"news")
        self.assertEqual(waiter.returncode, DONE)
        self.assertEqual(self.ctl(server, "wait", "3", "0"), b"news")
        self.ctl(server, "wait", "3", "--wait", "20ms", status=TIMED_OUT)
        self.ctl(server, "wait", "3", "1", "-w", "0", status=TIMED_OUT)

    def test_what_is_larger_than_a_packet_is_waited_for_whole(self) -> None:
        server = self.dipc()
        data = os.urandom(9000)
        self.ctl(server, "write", "3", "--pieces", stdin=data)
        self.assertEqual(self.ctl(server, "wait", "3", "2"), data)

    def test_watch_prints_each_version(self) -> None:
        server = self.dipc()
        self.ctl(server, "write", "3", "before")
        watch = self.start(server, "watch", "3", "--count", "3")
        assert watch.stdout is not None
        until(lambda: self.watching(server, 3) == 1, "it watches")
        for number, content in ((2, b"one"), (3, b"two\n"), (4, b"")):
            self.ctl(server, "write", "3", stdin=content)
            size = len(content)
            expected = b"version %d, %d bytes\n" % (number, size)
            if size > 0:
                expected += content.rstrip(b"\n") + b"\n"
            self.assertEqual(watch.stdout.read(len(expected)), expected)
        self.assertEqual(watch.wait(30), DONE)

    def test_watch_counts_what_it_missed(self) -> None:
        server = self.dipc()
        for content in "abc":
            self.ctl(server, "write", "3", content)
        self.assertEqual(
            self.ctl(server, "watch", "3", "--from", "0", "-n", "1"),
            b"version 3, 1 bytes, 2 missed\nc\n",
        )
        said = self.ctl(server, "watch", "3", "--from=1", "-n", "1", "-j")
        self.assertEqual(json.loads(said)["version"], 3)

    def test_watch_ends_with_the_server(self) -> None:
        server = self.dipc()
        watch = self.start(server, "watch", "3")
        until(lambda: self.watching(server, 3) == 1, "it watches")
        self.dipcrm(server)
        said = watch.communicate(timeout=30)[0].decode()
        self.assertRegex(said, r"\Adipcctl: (shutting down|the server closed)")
        self.assertIn(watch.returncode, (FAILED, REFUSED))

    def test_a_reader_that_goes_away_ends_a_watch(self) -> None:
        server = self.dipc()
        watch = self.start(server, "watch", "3")
        assert watch.stdout is not None
        until(lambda: self.watching(server, 3) == 1, "it watches")
        watch.stdout.close()
        self.ctl(server, "write", "3", "x")
        self.assertEqual(watch.wait(30), -signal.SIGPIPE)


class Statuses(CtlCase):
    def test_wrong_arguments(self) -> None:
        for arguments in ((), ("reed",), ("read",), ("ping", "x")):
            self.ctl("localhost:1", *arguments, status=USAGE)
        self.ctl("", "ping", status=USAGE)
        self.assertIn("DIPC_SERVER", self.said)

    def test_no_connection(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        for server in (
            f"127.0.0.1:{port}",
            "host.invalid.:7000",
            "localhost:no-such-service",
            "/no/such/socket",
        ):
            with self.subTest(server):
                self.ctl(server, "ping", status=NO_CONNECTION)
                self.assertIn(server.split(":")[0], self.said)

    def test_the_server_says_no(self) -> None:
        server = self.dipc(mailbox_kb=1)
        self.ctl(server, "read", "99", status=REFUSED)
        self.assertIn("no such mailbox", self.said)
        self.ctl(server, "write", "0", stdin=bytes(1025), status=REFUSED)
        full = self.dipc("--max-clients", "1")
        with full.connect() as client:
            client.ask(b"s\n")
            self.ctl(full, "ping", status=REFUSED)
            self.assertIn("all the clients", self.said)

    def test_no_answer_in_time(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            server = f"127.0.0.1:{silent.getsockname()[1]}"
            self.ctl(server, "read", "0", "-t", "50ms", status=TIMED_OUT)
            self.ctl(server, "write", "0", "x", "-t", "50ms", status=UNKNOWN)
            self.assertIn("unknown", self.said)

    def test_a_broken_connection(self) -> None:
        for answer in (None, b"", b"ok 5 version=1 size=5\nhe"):
            with Script((b"r 0 max=4096\n", answer)) as peer:
                server = f"127.0.0.1:{peer.port}"
                self.ctl(server, "read", "0", status=FAILED)
            with Script((b"w 0 1\nx", answer)) as peer:
                server = f"127.0.0.1:{peer.port}"
                self.ctl(server, "write", "0", "x", status=UNKNOWN)
        with Script(
            (b"r 0 max=4096\n", b"220 mail.example ESMTP\r\n")
        ) as peer:
            self.ctl(f"127.0.0.1:{peer.port}", "read", "0", status=FAILED)
            self.assertIn("no DIPC server", self.said)

    def test_an_output_that_is_full(self) -> None:
        server = self.dipc()
        self.ctl(server, "write", "0", "x")
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [
                    machine.BIN / "dipcctl",
                    "-s",
                    self.name(server),
                    "read",
                    "0",
                ],
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=40,
            )
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(b"standard output", done.stderr)

    def test_help_of_every_command(self) -> None:
        whole = self.ctl("", "--help").decode()
        for command in COMMANDS:
            self.assertRegex(whole, rf"(?m)^  {command}\b")
            said = self.ctl("", command, "--help").decode()
            self.assertTrue(said.startswith(f"usage: dipcctl {command} "))
            self.assertEqual(self.ctl("", command, "-h").decode(), said)
            for line in (whole + said).splitlines():
                self.assertLessEqual(len(line), 80, line)
            page = (machine.TOP / "docs/man/dipcctl.1").read_text()
            self.assertIn(f".It Cm {command}", page)
            for option in re.findall(r"--([a-z]+)", said):
                self.assertRegex(page, rf"\.It Fl (. , Fl )?-{option}\b")

    def test_concurrent_counting_loses_nothing(self) -> None:
        """The loop of the manual page, without jq."""
        server = self.dipc()

        def count() -> None:
            for _ in range(10):
                status = CONFLICT
                while status == CONFLICT:
                    now = json.loads(self.raw(server, "read", "0", "-j")[1])
                    more = str(int(now["data"] or 0) + 1)
                    status = self.raw(
                        server, "cas", "0", str(now["version"]), more
                    )[0]
                statuses.append(status)

        statuses: list[int] = []
        threads = [threading.Thread(target=count) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [DONE] * 30)
        self.assertEqual(self.ctl(server, "read", "0"), b"30")

    def raw(self, server: Server, *arguments: str) -> tuple[int, bytes]:
        done = subprocess.run(
            [machine.BIN / "dipcctl", "-s", self.name(server), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=40,
        )
        return done.returncode, done.stdout


class Top(CtlCase):
    def test_it_prints_once_where_there_is_no_terminal(self) -> None:
        server = self.dipc()
        self.ctl(server, "write", "3", "hello")
        said = self.ctl(server, "top").decode()
        self.assertNotIn("\x1b", said)
        self.assertIn("8 mailboxes of 16 kB, packets of 4 kB", said)
        rows = said.partition("MAILBOX ")[2].splitlines()[1:]
        self.assertRegex(rows[0], r"^ +3 +1 +- +0 +- +5 B +0 +0 +0$")
        self.assertRegex(rows[1], "^ CLIENT ADDRESS ")
        # The server may not have noticed yet that the writer is gone.
        own = [row for row in rows[2:] if row.endswith("  this dipcctl")]
        self.assertEqual(len(own), 2, said)
        for row, protocol in zip(own, ("dipc", "redis")):
            self.assertRegex(row, f" {protocol} ")
        said = self.ctl(server, "top", "-n", "2", "-i", "10ms").decode()
        self.assertEqual(said.count("MAILBOX"), 2)

    def test_json_tells_of_clients_and_mailboxes(self) -> None:
        server = self.dipc()
        lines = self.ctl(server, "top", "-j", "-n2", "-i10ms").splitlines()
        found = [json.loads(line) for line in lines]
        self.assertEqual(len(found), 2)
        self.assertIn(found[0]["clients"], (1, 2))
        self.assertEqual(
            sorted(one["protocol"] for one in found[0]["connections"]),
            ["dipc", "redis"],
        )
        self.assertEqual(len(found[0]["boxes"]), 8)
        self.assertGreater(found[1]["seconds"], 0)

    def test_it_is_live_on_a_terminal(self) -> None:
        server = self.dipc()
        with self.terminal(server, "-i", "50ms") as shown:
            shown.until(b"MAILBOX")
            self.ctl(server, "write", "5", "x")
            shown.until(b"      5         1")
            os.kill(shown.pid, signal.SIGINT)

    def terminal(self, server: Server, *options: str) -> "Terminal":
        return Terminal(
            [str(machine.BIN / "dipcctl"), "top", *options],
            self.environment | {"DIPC_SERVER": self.name(server)},
        )


class Terminal:
    """A command on a terminal of 80 by 24, and what it writes there."""

    def __init__(
        self, command: list[str], environment: dict[str, str]
    ) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment)
        fcntl.ioctl(
            self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0)
        )
        self.shown = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *ignored: object) -> None:
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGINT

    def until(self, wanted: bytes, timeout_s: float = 20.0) -> None:
        """Read on until this has been shown."""
        while wanted not in self.shown:
            if not select.select([self.fd], [], [], timeout_s)[0]:
                raise AssertionError(f"{wanted!r} is not in {self.shown!r}")
            self.shown += os.read(self.fd, 65536)


if __name__ == "__main__":
    main()
