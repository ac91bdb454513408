"""A server that is killed, and the one that takes over what it left."""

from __future__ import annotations

import signal
import struct
import threading

from process import machine
from process.case import MAILBOX_KB, MAILBOXES, PACKET_KB, ProcessCase
from process.main import main
from process.server import Server

KILLS = 5
WRITERS = 3


class Adoption(ProcessCase):
    def kill(self, server: Server) -> None:
        server.signal(signal.SIGKILL)
        self.assertEqual(server.wait(), -signal.SIGKILL)

    def start_again(
        self,
        port: int,
        *options: str,
        mailboxes: int = MAILBOXES,
        mailbox_kb: int = MAILBOX_KB,
    ) -> tuple[Server | None, str]:
        """Start dipc on a port as a person does; what it said."""
        known = machine.children()
        log = self.directory / f"again-{len(self.ports)}"
        done = self.run_command(
            "dipc",
            *("--log", str(log), *options),
            *(str(mailboxes), str(mailbox_kb), str(port), str(PACKET_KB)),
        )
        if done.returncode != 0:
            self.assertEqual(done.returncode, 1)
            self.assertEqual(machine.children(), known)
            return None, done.stderr
        return self.adopt(known, port, log), done.stderr

    def killed(self) -> Server:
        server = self.dipc()
        with server.connect() as client:
            self.assertTrue(client.ask(b"w 3 5\nhello").ok)
            self.assertTrue(client.ask(b"w 3 5 at=end\nworld").ok)
            self.assertTrue(client.ask(b"w 7 3\nabc").ok)
            instance = client.statistics()["instance"]
        self.kill(server)
        self.instance = instance
        return server

    def test_every_committed_mailbox_is_kept(self) -> None:
        left = self.killed()
        server, said = self.start_again(left.port)
        assert server is not None
        self.assertIn("2 written mailboxes kept, 0 reset", said)
        self.assertIn("2 written mailboxes kept, 0 reset", server.logged())
        with server.connect() as client:
            answer = client.ask(b"r 3\n")
            self.assertEqual(answer.data, b"helloworld")
            self.assertEqual(answer.version, 2)
            self.assertEqual(client.ask(b"r 7\n").data, b"abc")
            self.assertEqual(client.ask(b"r 0\n").version, 0)
            self.assertEqual(client.statistics()["instance"], self.instance)
            self.assertEqual(client.ask(b"w 3 1 if=2\nx").version, 3)
        self.dipcrm(server)
        self.assert_nothing_is_left(server)

    def test_another_geometry_is_refused_and_loses_nothing(self) -> None:
        left = self.killed()
        server, said = self.start_again(left.port, mailboxes=MAILBOXES + 1)
        self.assertIsNone(server)
        self.assertIn(f"it has {MAILBOXES} mailboxes of {MAILBOX_KB} kB", said)
        self.assertIn(f"{MAILBOXES + 1} of {MAILBOX_KB} kB", said)
        self.assertIn("--fresh", said)
        self.assertIn(f"dipcrm {left.port}", said)
        server, said = self.start_again(left.port)
        assert server is not None
        with server.connect() as client:
            self.assertEqual(client.ask(b"r 3\n").data, b"helloworld")
        self.dipcrm(server)

    def test_fresh_discards_it(self) -> None:
        left = self.killed()
        server, said = self.start_again(
            left.port, "--fresh", mailboxes=MAILBOXES + 1
        )
        assert server is not None
        self.assertEqual(said, "")
        with server.connect() as client:
            self.assertEqual(client.ask(b"r 3\n").version, 0)
            self.assertNotEqual(client.statistics()["instance"], self.instance)
        self.dipcrm(server)

    def test_what_fails_its_check_alone_is_reset(self) -> None:
        left = self.killed()
        path = machine.SHM / self.segments_of(left.port).pop()
        content = bytearray(path.read_bytes())
        (mailboxes,) = struct.unpack_from("<Q", content, 48)
        (banks,) = struct.unpack_from("<Q", content, 56)
        each = (banks - mailboxes) // MAILBOXES
        start = mailboxes + 3 * each
        spoiled = start + content[start : start + each].index(
            struct.pack("<Q", 10)
        )
        with open(path, "r+b") as file:
            file.seek(spoiled)
            file.write(struct.pack("<Q", 1 << 40))
        server, said = self.start_again(left.port)
        assert server is not None
        self.assertIn("1 written mailboxes kept, 1 reset", said)
        self.assertIn("mailbox 3 of the killed server", server.logged())
        with server.connect() as client:
            answer = client.ask(b"r 3\n")
            self.assertEqual((answer.version, answer.size), (3, 0))
            self.assertEqual(client.ask(b"r 7\n").data, b"abc")
        self.dipcrm(server)

    def test_bytes_that_are_no_segment_are_refused(self) -> None:
        left = self.killed()
        path = machine.SHM / self.segments_of(left.port).pop()
        with open(path, "r+b") as file:
            file.write(bytes(64))
        server, said = self.start_again(left.port)
        self.assertIsNone(server)
        self.assertIn("no segment of dipc", said)
        with open(path, "r+b") as file:
            file.truncate(100)
        server, said = self.start_again(left.port)
        self.assertIsNone(server)
        with open(path, "r+b") as file:
            file.truncate(0)
        server, said = self.start_again(left.port)
        assert server is not None
        self.dipcrm(server)

    def write_until_cut(
        self, server: Server, mailbox: int, told: dict[int, tuple[int, bytes]]
    ) -> None:
        """Write one thing after the other, noting what was acknowledged."""
        try:
            with server.connect() as client:
                number = 0
                while True:
                    text = f"{mailbox}-{number}-".encode() * 100
                    head = f"w {mailbox} {len(text)}\n".encode()
                    told[mailbox] = (client.ask(head + text).version, text)
                    number += 1
        except (OSError, EOFError, AssertionError):
            return

    def test_killed_under_load_and_taken_over_in_a_loop(self) -> None:
        server = self.dipc()
        port = server.port
        options = ("--attachable", "--check")
        for _ in range(KILLS):
            told: dict[int, tuple[int, bytes]] = {}
            threads = [
                threading.Thread(
                    target=self.write_until_cut, args=(server, i, told)
                )
                for i in range(WRITERS)
            ]
            for thread in threads:
                thread.start()
            with server.connect() as client:
                answer = client.ask(b"r 0 after=20 wait=20000\n")
                self.assertTrue(answer.ok or answer.version >= 0, answer)
            self.kill(server)
            for thread in threads:
                thread.join()
            again, said = self.start_again(port, *options)
            assert again is not None, said
            server = again
            with server.connect() as client:
                for mailbox, (version, text) in told.items():
                    answer = client.ask(f"r {mailbox}\n".encode())
                    self.assertIn(answer.version - version, (0, 1))
                    if answer.version == version:
                        self.assertEqual(answer.data, text)
                    whole = answer.data[: len(answer.data) // 100] * 100
                    self.assertEqual(answer.data, whole)
        self.dipcrm(server)
        self.assert_nothing_is_left(server)


if __name__ == "__main__":
    main()
