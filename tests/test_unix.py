"""A server on a Unix socket: its file, and the same protocol over it."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import unittest
from pathlib import Path

import test_batches
import test_protocol
import test_rude
from process import machine
from process.case import MAILBOX_KB, MAILBOXES, PACKET_KB, ProcessCase, until
from process.main import main
from process.server import Server
from process.wire import Wire


class UnixCase(ProcessCase):
    """Every server of these tests is reached over a Unix socket of its own."""

    def dipc(self, *options: str, **given: object) -> Server:
        path = self.directory / f"{len(self.ports)}.sock"
        server = super().dipc(
            *("--unix", str(path), *options),
            **given,  # type: ignore[arg-type]
        )
        server.path = path
        return server


class Tables(UnixCase, test_protocol.Tables):
    pass


class Conversation(UnixCase, test_protocol.Conversation):
    pass


class Closing(UnixCase, test_protocol.Closing):
    pass


class Batches(UnixCase, test_batches.Batches):
    pass


class Rude(UnixCase, test_rude.Rude):
    pass


class File(ProcessCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.directory / "a.sock"

    def note(self, port: int) -> Path:
        return self.runtime / "dipc" / f"{port}.unix"

    def kill(self, server: Server) -> None:
        server.signal(signal.SIGKILL)
        self.assertEqual(server.wait(), -signal.SIGKILL)

    def refused(self, *arguments: str, status: int = 1) -> str:
        done = self.run_command("dipc", *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stderr, r"\Adipc: .*\n\Z")
        return done.stderr

    def test_both_ways_lead_to_the_same_mailboxes(self) -> None:
        server = self.dipc("--unix", str(self.path))
        with Wire(0, path=self.path) as local, server.connect() as remote:
            self.assertEqual(local.ask(b"w 3 5\nhello").version, 1)
            self.assertEqual(remote.ask(b"r 3\n").data, b"hello")
            self.assertEqual(local.statistics()["clients"], "2")
        self.assertIn(f"and {self.path}", server.logged())
        self.assertTrue(self.note(server.port).is_symlink())
        self.dipcrm(server)
        server.wait()
        self.assert_nothing_is_left(server)
        self.assertEqual(os.listdir(self.runtime / "dipc"), [])
        self.assertFalse(self.path.exists())

    def test_a_signal_removes_it_too(self) -> None:
        server = self.dipc("--unix", str(self.path))
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        self.assertFalse(self.path.exists())
        self.assertFalse(self.note(server.port).is_symlink())

    def test_only_its_owner_may_connect_unless_told(self) -> None:
        for option, mode in ((), 0o600), (("--unix-mode", "666"), 0o666):
            server = self.dipc("--unix", str(self.path), *option)
            found = self.path.stat()
            self.assertTrue(stat.S_ISSOCK(found.st_mode))
            self.assertEqual(stat.S_IMODE(found.st_mode), mode)
            self.assertEqual(found.st_uid, os.geteuid())
            self.dipcrm(server)

    def test_another_user_is_let_in_by_mode_and_owner(self) -> None:
        machine.need_root()
        for options, allowed in (
            ((), False),
            (("--unix-mode", "666"), True),
            (("--unix-owner", str(machine.NOBODY)), True),
            (("--unix-owner", f":{machine.NOBODY}"), False),
            (
                ("--unix-owner", f":{machine.NOBODY}", "--unix-mode", "660"),
                True,
            ),
        ):
            with self.subTest(options):
                server = self.dipc("--unix", str(self.path), *options)
                self.assertEqual(self.nobody_connects(), allowed)
                self.dipcrm(server)
                self.assertFalse(self.path.exists())

    def nobody_connects(self) -> bool:
        done = subprocess.run(
            ["nc", "-N", "-U", str(self.path)],
            input=b"s\n",
            capture_output=True,
            user=machine.NOBODY,
            group=machine.NOBODY,
            extra_groups=[],
            timeout=40,
        )
        return done.stdout.startswith(b"ok ")

    def test_no_more_than_its_owners_rights_at_any_moment(self) -> None:
        """The calls that make it, as the kernel saw them."""
        strace = machine.need_strace()
        machine.need_plain_build("cannot be traced")
        log = self.directory / "trace"
        server = self.dipc(
            "--unix",
            str(self.path),
            "--unix-mode",
            "660",
            wrapper=[
                *(strace, "-f", "-o", str(log), "-e"),
                "trace=umask,fchmod,bind,chmod,fchmodat,chown,fchownat,listen",
            ],
        )
        self.dipcrm(server)
        calls = [
            line.split()[1].partition("(")[0]
            for line in log.read_text().splitlines()
        ]
        trace = log.read_text().splitlines()
        bound = next(i for i, l in enumerate(trace) if str(self.path) in l)
        self.assertRegex(trace[bound], r"bind\(")
        self.assertRegex(trace[bound - 1], r"fchmod\(\d+, 0600\)")
        self.assertEqual(calls[bound + 1 :][:2], ["chown", "chmod"])
        self.assertEqual(calls[bound + 3], "listen")
        self.assertNotIn("umask", calls)

    def test_one_that_a_killed_server_left_is_replaced(self) -> None:
        self.kill(left := self.dipc("--unix", str(self.path)))
        self.assertTrue(self.path.is_socket())
        server = self.dipc("--unix", str(self.path))
        with Wire(0, path=self.path) as client:
            self.assertTrue(client.ask(b"w 0 1\nx").ok)
        self.dipcrm(left)
        self.assertTrue(self.path.is_socket(), "it is another server's by now")
        self.dipcrm(server)
        self.assertFalse(self.path.exists())

    def test_dipcrm_clears_it_after_a_kill(self) -> None:
        self.kill(server := self.dipc("--unix", str(self.path)))
        self.assertIn("cleared", self.dipcrm(server))
        self.assertFalse(self.path.exists())
        self.assert_nothing_is_left(server)
        self.assertEqual(os.listdir(self.runtime / "dipc"), [])

    def test_dipcrm_clears_it_with_a_server_that_is_forced(self) -> None:
        server = self.dipc("--unix", str(self.path))
        server.signal(signal.SIGSTOP)
        self.assertIn("killed", self.dipcrm(server, "--force"))
        self.assertEqual(server.wait(), -signal.SIGKILL)
        self.assertFalse(self.path.exists())
        self.assert_nothing_is_left(server)

    def test_a_server_that_takes_over_clears_it(self) -> None:
        self.kill(left := self.dipc("--unix", str(self.path)))
        known = machine.children()
        done = self.run_command(
            *("dipc", str(MAILBOXES), str(MAILBOX_KB), str(left.port)),
            str(PACKET_KB),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        server = self.adopt(known, left.port)
        self.assertFalse(self.path.exists())
        self.dipcrm(server)

    def test_one_in_use_is_refused(self) -> None:
        server = self.dipc("--unix", str(self.path))
        said = self.refused("--unix", str(self.path), "1", "1", "any", "1")
        self.assertIn(f"somebody listens on {self.path} already", said)
        with Wire(0, path=self.path) as client:
            self.assertTrue(client.ask(b"r 0\n").ok)
        self.dipcrm(server)

    def test_a_stopped_servers_socket_is_in_use(self) -> None:
        server = self.dipc("--unix", str(self.path))
        server.signal(signal.SIGSTOP)
        self.refused("--unix", str(self.path), "1", "1", "any", "1")
        server.signal(signal.SIGCONT)
        self.dipcrm(server)

    def test_other_files_are_left_alone(self) -> None:
        self.path.write_text("precious")
        said = self.refused("--unix", str(self.path), "1", "1", "any", "1")
        self.assertIn("no socket", said)
        self.assertEqual(self.path.read_text(), "precious")

    def test_a_failed_start_leaves_nothing(self) -> None:
        self.refused("--unix", "/nonexistent/a", "1", "1", "any", "1")
        self.assertEqual(self.sockets(), [])
        self.assertEqual(os.listdir(self.runtime / "dipc"), [])

    def test_another_file_put_in_its_place_stays(self) -> None:
        server = self.dipc("--unix", str(self.path))
        self.path.unlink()
        self.path.write_text("mine")
        self.dipcrm(server)
        self.assertEqual(self.path.read_text(), "mine")

    def test_a_path_that_is_too_long_is_a_wrong_argument(self) -> None:
        path = self.directory / ("n" * 108)
        said = self.refused(
            "--unix", str(path), *"1 1 any 1".split(), status=2
        )
        self.assertIn("107 are the most", said)

    def test_a_relative_path_in_the_background(self) -> None:
        known = machine.children()
        done = subprocess.run(
            [machine.BIN / "dipc", "--unix", "a.sock", *"1 1 any 1".split()],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            timeout=40,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        server = self.adopt(known, int(done.stdout))
        self.assertTrue(self.path.is_socket())
        self.dipcrm(server)
        self.assertFalse(self.path.exists())

    def test_no_tcp_when_told_so(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]  # taken, and yet a fine name
            known = machine.children()
            done = self.run_command(
                *("dipc", "--listen", "none", "--unix", str(self.path)),
                *("1", "1", str(port), "1"),
            )
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            server = self.adopt(known, port)
            with Wire(0, path=self.path) as client:
                self.assertTrue(client.ask(b"w 0 1\nx").ok)
            self.dipcrm(server)
        self.assertFalse(self.path.exists())

    def test_the_log_names_the_process(self) -> None:
        server = self.dipc("--verbose", "--unix", str(self.path))
        who = f"from process {os.getpid()} of user {os.geteuid()}: "
        with Wire(0, path=self.path) as client:
            client.ask(b"q\n")
        until(lambda: f"{who}gone" in server.logged(), "the end is logged")
        self.assertIn(f"{who}connected", server.logged())

    def test_a_waiting_client_that_closes_frees_its_place(self) -> None:
        self.dipc("--unix", str(self.path), "--max-clients", "2")
        with Wire(0, path=self.path) as other:
            gone = Wire(0, path=self.path)
            gone.send(b"r 0 after=0 wait=60000\n")
            until(lambda: other.statistics(0)["watching"] == "1", "it waits")
            gone.close()
            until(lambda: other.statistics()["clients"] == "1", "it is gone")

    def test_starts_at_once_on_one_path_yield_one_server(self) -> None:
        self.kill(left := self.dipc("--unix", str(self.path)))
        known = machine.children()
        starts = [
            subprocess.Popen(
                [
                    *(str(machine.BIN / "dipc"), "--unix", str(self.path)),
                    *("1", "1", "any", "1"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=self.environment,
            )
            for _ in range(8)
        ]
        ports = []
        for start in starts:
            out, errors = start.communicate(timeout=40)
            if start.returncode == 0:
                ports.append(int(out))
            else:
                self.assertIn("listens on", errors)
        self.assertEqual(len(ports), 1)
        server = self.adopt(known, ports[0])
        with Wire(0, path=self.path) as client:
            self.assertTrue(client.ask(b"r 0\n").ok)
        self.dipcrm(server)
        self.dipcrm(left)


def load_tests(
    loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """Not the cases that others import."""
    return unittest.TestSuite(
        loader.loadTestsFromTestCase(case)
        for case in (Tables, Conversation, Closing, Batches, Rude, File)
    )


if __name__ == "__main__":
    main()
