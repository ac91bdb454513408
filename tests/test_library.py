"""cli/python/dipc, against a scripted server and against the real one."""

from __future__ import annotations

import math
import socket
import sys
import tempfile
import threading
import unittest
from collections.abc import Callable
from pathlib import Path

from process.case import ProcessCase, until
from process.main import main
from process.machine import TOP
from process.script import Script

sys.path.insert(0, str(TOP / "cli" / "python"))

import dipc  # noqa: E402

HOST = "127.0.0.1"
GOOD = b"ok 0 version=1 size=0\n"


class Scripted(unittest.TestCase):
    """What the library makes of answers, and what it sends."""

    def test_requests_go_out_as_the_protocol_says(self) -> None:
        with Script(
            (b"r 3\n", b"ok 5 version=1 size=5\nhello"),
            (
                b"r 3 at=2 max=10 if=4 after=3 wait=1500\n",
                b"ok 1 version=4 size=3\nx",
            ),
            (b"w 3 5\nhello", b"ok 0 version=2 size=5\n"),
            (b"w 3 2 at=7\nab", b"ok 0 version=3 size=9\n"),
            (b"w 3 2 at=0\nab", b"ok 0 version=3 size=9\n"),
            (b"w 3 1 at=end\nc", b"ok 0 version=4 size=10\n"),
            (b"w 3 1 if=4\nd", b"ok 0 version=5 size=1\n"),
            (b"r 3 after=5 wait=1\n", b"ok 1 version=6 size=1\ne"),
            (b"s\n", b"ok 26\nversion 1.0.0\nmailboxes 8\n"),
            (b"s 3\n", b"ok 10\nversion 6\n"),
            (b"q\n", b"ok 0\n"),
        ) as server:
            c = dipc.Connection(HOST, server.port, timeout=10)
            self.assertEqual(c.read(3), dipc.Answer(b"hello", 1, 5))
            got = c.read(3, at=2, max=10, if_version=4, after=3, wait=1.5)
            self.assertEqual(got, dipc.Answer(b"x", 4, 3))
            self.assertEqual(c.write(3, b"hello").version, 2)
            self.assertEqual(c.write(3, bytearray(b"ab"), at=7).size, 9)
            self.assertEqual(c.write(3, memoryview(b"ab"), at=0).size, 9)
            self.assertEqual(c.append(3, b"c").version, 4)
            self.assertEqual(c.compare_and_swap(3, 4, b"d").version, 5)
            self.assertEqual(c.wait(3, after=5, wait=0.0001).data, b"e")
            self.assertEqual(c.stat(), {"version": "1.0.0", "mailboxes": 8})
            self.assertEqual(c.stat(3), {"version": 6})
            c.quit()

    def test_each_code_raises_its_own_error_and_the_connection_goes_on(
        self,
    ) -> None:
        cases: tuple[tuple[str, type[dipc.Refused]], ...] = (
            ("bad-request", dipc.BadRequest),
            ("no-such-mailbox", dipc.NoSuchMailbox),
            ("too-large", dipc.TooLarge),
            ("conflict", dipc.Conflict),
            ("busy", dipc.Busy),
            ("internal", dipc.Internal),
            ("never-heard-of", dipc.Refused),
        )
        for code, kind in cases:
            with self.subTest(code), Script(
                (b"r 0\n", f"err {code} new=x version=7: why: so\n".encode()),
                (b"r 0\n", b"ok 0 version=0 size=0\n"),
            ) as server, dipc.Connection(HOST, server.port) as c:
                with self.assertRaises(kind) as caught:
                    c.read(0)
                self.assertIs(type(caught.exception), kind)
                self.assertEqual(caught.exception.code, code)
                self.assertEqual(caught.exception.text, "why: so")
                self.assertEqual(
                    caught.exception.keys, {"new": "x", "version": "7"}
                )
                self.assertEqual(c.read(0).version, 0)

    def test_a_conflict_tells_the_version(self) -> None:
        with Script(
            (b"w 0 1 if=3\nx", b"err conflict version=9\n")
        ) as server, dipc.Connection(HOST, server.port) as c:
            with self.assertRaises(dipc.Conflict) as caught:
                c.compare_and_swap(0, 3, b"x")
            self.assertEqual(caught.exception.version, 9)

    def test_unknown_keys_and_pieces_of_any_size_are_accepted(self) -> None:
        with Script(
            (b"r 0\n", b"ok 3 a=1 version=2 b=:x= size=3 c\r\nx\ny"),
        ) as server, dipc.Connection(HOST, server.port) as c:
            self.assertEqual(c.read(0), dipc.Answer(b"x\ny", 2, 3))

    def test_a_wait_that_ends_in_vain_is_a_timeout_and_goes_on(self) -> None:
        with Script(
            (b"r 0 after=1 wait=100\n", b"err timeout: nothing newer\n"),
            (b"r 0\n", GOOD),
        ) as server, dipc.Connection(HOST, server.port) as c:
            with self.assertRaises(dipc.Timeout):
                c.wait(0, 1, wait=0.1)
            self.assertEqual(c.read(0).version, 1)

    def test_a_lost_connection_is_never_mended_silently(self) -> None:
        for answer in (b"", b"ok 0 vers", b"ok 5 version=1 size=5\nhel", None):
            with self.subTest(answer), Script(
                (b"w 0 1\nx", answer)
            ) as server, dipc.Connection(HOST, server.port) as c:
                with self.assertRaises(dipc.OutcomeUnknown) as caught:
                    c.write(0, b"x")
                self.assertFalse(caught.exception.timed_out)
                with self.assertRaisesRegex(dipc.ConnectionLost, "gone") as e:
                    c.write(0, b"x")
                self.assertNotIsInstance(e.exception, dipc.OutcomeUnknown)
                self.assertFalse(c.is_open())

    def test_an_answer_sent_before_a_reset_is_not_missed(self) -> None:
        with Script((b"", b"err busy: 1 client is the most\n")) as server:
            with dipc.Connection(HOST, server.port) as c:
                server.thread.join(10)
                with self.assertRaisesRegex(dipc.Busy, "the most"):
                    c.write(0, b"x" * 4096)
                with self.assertRaises(dipc.ConnectionLost):
                    c.read(0)

    def test_a_farewell_is_not_taken_for_an_answer(self) -> None:
        farewell = b"err timeout: idle for more than 1 s\n"
        with Script((b"", farewell)) as server:
            with dipc.Connection(HOST, server.port) as c:
                server.thread.join(10)
                with self.assertRaisesRegex(dipc.ConnectionLost, "idle"):
                    c.read(0)
        with Script((b"w 0 1\nx", farewell)) as server:
            with dipc.Connection(HOST, server.port) as c:
                with self.assertRaisesRegex(dipc.ConnectionLost, "idle"):
                    c.write(0, b"x")
        with Script((b"r 0\n", b"err shutting-down: now\n")) as server:
            with dipc.Connection(HOST, server.port) as c:
                with self.assertRaises(dipc.ShuttingDown):
                    c.read(0)
                with self.assertRaises(dipc.ConnectionLost):
                    c.read(0)

    def test_a_server_of_another_kind_is_recognised(self) -> None:
        for answer in (
            b"HTTP/1.1 400 Bad Request\n",
            b"ok x\n",
            b"ok -1\n",
            b"ok 0 size=3\n",
            b"ok " + b"9" * 5000 + b"\n",
            b"ok 0 version=" + b"9" * 5000 + b" size=1\n",
            b"SSH-2.0-OpenSSH\r\n",
            b"\0\xff\n",
            b"err\n",
            b"x" * 70000,
        ):
            with self.subTest(answer[:30]), Script(
                (b"r 0\n", answer)
            ) as server, dipc.Connection(HOST, server.port) as c:
                with self.assertRaisesRegex(dipc.ConnectionLost, "no DIPC"):
                    c.read(0)

    def test_a_silent_server_is_given_up(self) -> None:
        with socket.create_server((HOST, 0)) as silent:
            port = silent.getsockname()[1]
            with dipc.Connection(HOST, port, timeout=0.05) as c:
                with self.assertRaisesRegex(
                    dipc.OutcomeUnknown, "0.05 s.*unknown"
                ) as caught:
                    c.write(0, b"x")
                self.assertTrue(caught.exception.timed_out)
            with dipc.Connection(HOST, port) as c:
                c.timeout = 0.05
                with self.assertRaises(dipc.ConnectionLost) as lost:
                    c.read(0)
                self.assertNotIsInstance(lost.exception, dipc.OutcomeUnknown)

    def test_a_write_that_was_not_sent_whole_is_not_done_for_certain(
        self,
    ) -> None:
        with socket.create_server((HOST, 0)) as silent:
            port = silent.getsockname()[1]
            with dipc.Connection(HOST, port, timeout=0.05) as c:
                with self.assertRaises(dipc.ConnectionLost) as caught:
                    c.write(0, bytes(64 << 20))
                self.assertNotIsInstance(caught.exception, dipc.OutcomeUnknown)

    def test_a_broken_batch_tells_what_was_answered(self) -> None:
        batch = [dipc.Read(0), dipc.Write(1, b"x"), dipc.Write(2, b"y")]
        sent = b"r 0\nw 1 1\nxw 2 1\ny"
        with Script((sent, GOOD + b"err busy: so\n")) as server:
            with dipc.Connection(HOST, server.port) as c:
                with self.assertRaises(dipc.OutcomeUnknown) as caught:
                    c.batch(batch)
        read, refused = caught.exception.answers
        self.assertEqual(read, dipc.Answer(b"", 1, 0))
        self.assertIsInstance(refused, dipc.Busy)
        with Script((b"w 1 1\nxr 0\n", GOOD)) as server:
            with dipc.Connection(HOST, server.port) as c:
                with self.assertRaises(dipc.ConnectionLost) as lost:
                    c.batch([dipc.Write(1, b"x"), dipc.Read(0)])
        self.assertNotIsInstance(lost.exception, dipc.OutcomeUnknown)

    def test_a_refused_write_is_sent_to_its_end(self) -> None:
        data = bytes(8 << 20)
        header = b"w 0 %d\n" % len(data)
        with Script(
            (header, b"err too-large: more than a packet\n"),
            (data, b""),
            (b"r 0\n", GOOD),
        ) as server, dipc.Connection(HOST, server.port) as c:
            with self.assertRaises(dipc.TooLarge):
                c.write(0, data)
            self.assertEqual(c.read(0).version, 1)

    def test_interrupt_ends_a_wait_from_another_thread(self) -> None:
        with Script((b"r 0 after=1 wait=9000\n", b"")) as server:
            with socket.create_server((HOST, 0)) as silent:
                c = dipc.Connection(HOST, silent.getsockname()[1], timeout=60)
                accepted, _ = silent.accept()
                with accepted, c:
                    waits = threading.Thread(
                        target=lambda: (accepted.recv(100), c.interrupt())
                    )
                    waits.start()
                    with self.assertRaises(dipc.ConnectionLost) as caught:
                        c.wait(0, 1, wait=60)
                    waits.join(20)
                    self.assertFalse(caught.exception.timed_out)
            with dipc.Connection(HOST, server.port) as c:
                with self.assertRaises(dipc.ConnectionLost):
                    c.wait(0, 1, wait=9)
                c.interrupt()

    def test_nobody_there_is_told_with_the_place(self) -> None:
        with socket.socket() as bound:
            bound.bind((HOST, 0))
            port = bound.getsockname()[1]
            with self.assertRaisesRegex(
                dipc.NotConnected, f"^127.0.0.1 port {port}: .*refused"
            ) as caught:
                dipc.Connection(HOST, port)
        self.assertIsInstance(
            caught.exception.__cause__, ConnectionRefusedError
        )
        for host, service in (("no.such.host.invalid", "7000"), (HOST, "?")):
            with self.subTest(host), self.assertRaisesRegex(
                dipc.NotConnected, f"^{host} port "
            ):
                dipc.Connection(host, service)
        with self.assertRaisesRegex(ValueError, "1 to 65535"):
            dipc.Connection(HOST, 70000)

    def test_a_unix_socket_that_is_not_there_or_full(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "socket")
            for wrong in (path, str(path), "/x" * 200, "a\0b"):
                with self.subTest(wrong):
                    with self.assertRaises(dipc.NotConnected) as caught:
                        dipc.Connection.unix(wrong, timeout=1)
                    self.assertIn(str(wrong), str(caught.exception))
            with socket.socket(socket.AF_UNIX) as full:
                full.bind(str(path))
                full.listen(0)
                with dipc.Connection.unix(path, timeout=0.05):
                    with self.assertRaisesRegex(
                        dipc.NotConnected, "within 0.05 s"
                    ):
                        dipc.Connection.unix(path, timeout=0.05)

    def test_numbers_that_cannot_be_meant_are_not_sent(self) -> None:
        with Script((b"r 0\n", GOOD)) as server:
            with dipc.Connection(HOST, server.port) as c:
                wrong: tuple[tuple[type[Exception], Callable[[], object]], ...]
                wrong = (
                    (TypeError, lambda: c.read(3.0)),  # type: ignore[arg-type]
                    (TypeError, lambda: c.read(True)),
                    (TypeError, lambda: c.read("3")),  # type: ignore[arg-type]
                    (TypeError, lambda: c.write(0.5, b"")),  # type: ignore
                    (TypeError, lambda: c.write(0, b"", 1.5)),  # type: ignore
                    (TypeError, lambda: c.stat(1.0)),  # type: ignore[arg-type]
                    (TypeError, lambda: c.overwrite(0, None, b"")),  # type: ignore
                    (TypeError, lambda: c.wait(0, None)),  # type: ignore
                    (TypeError,
                     lambda: c.compare_and_swap(0, None, b"")),  # type: ignore
                    (TypeError, lambda: c.write(0, 5)),  # type: ignore
                    (ValueError, lambda: c.read(-1)),
                    (ValueError, lambda: c.read(2**63)),
                    (ValueError, lambda: c.write(0, b"", at=-1)),
                    (ValueError, lambda: c.write(0, b"", if_version=-1)),
                    (ValueError, lambda: c.read(0, wait=1)),
                    (ValueError, lambda: c.wait(0, 0, wait=-1)),
                    (ValueError, lambda: c.wait(0, 0, wait=math.nan)),
                    (ValueError, lambda: c.wait(0, 0, wait=math.inf)),
                    (ValueError, lambda: c.batch([dipc.Read(0, max=-1)])),
                )
                for i, (kind, call) in enumerate(wrong):
                    with self.subTest(i), self.assertRaises(kind):
                        call()
                self.assertEqual(c.read(0).version, 1)

    def test_pieces_stop_where_somebody_else_wrote(self) -> None:
        geometry = b"packet-bytes 4\nmailbox-bytes 100\n"
        statistics = b"ok %d\n%s" % (len(geometry), geometry)
        for answer, cause in (
            (b"err conflict version=7: so\n", dipc.Conflict),
            (None, dipc.OutcomeUnknown),
        ):
            with self.subTest(answer), Script(
                (b"s\n", statistics),
                (b"w 0 4\nabcd", b"ok 0 version=5 size=4\n"),
                (b"w 0 2 at=4 if=5\nef", answer),
            ) as server, dipc.Connection(HOST, server.port) as c:
                with self.assertRaises(dipc.PartlyWritten) as caught:
                    c.write(0, b"abcdef", pieces=True)
                self.assertEqual(caught.exception.written, 4)
                self.assertEqual(caught.exception.version, 5)
                self.assertIsInstance(caught.exception.__cause__, cause)

    def test_pieces_are_read_of_one_version(self) -> None:
        first = b"ok 2 version=1 size=3\nab"
        with Script(
            (b"r 0\n", first),
            (b"r 0 at=2 max=1 if=1\n", b"err conflict version=2: so\n"),
            (b"r 0\n", b"ok 2 version=2 size=3\nAB"),
            (b"r 0 at=2 max=1 if=2\n", b"ok 1 version=2 size=3\nC"),
        ) as server, dipc.Connection(HOST, server.port) as c:
            self.assertEqual(c.read(0, pieces=True), dipc.Answer(b"ABC", 2, 3))

    def test_text_must_be_encoded_first(self) -> None:
        with Script() as server, dipc.Connection(HOST, server.port) as c:
            with self.assertRaisesRegex(TypeError, "encode"):
                c.write(0, "text")  # type: ignore[arg-type]


class Real(ProcessCase):
    """The library and the server together."""

    def test_every_method_does_what_it_says(self) -> None:
        server = self.dipc()
        with dipc.Connection("localhost", server.port, timeout=10) as c:
            self.assertEqual(c.read(3), dipc.Answer(b"", 0, 0))
            self.assertEqual(c.write(3, b"hello"), dipc.Answer(b"", 1, 5))
            self.assertEqual(c.append(3, b" you").size, 9)
            self.assertEqual(c.overwrite(3, 0, b"J").version, 3)
            self.assertEqual(c.read(3).data, b"Jello you")
            self.assertEqual(c.read(3, at=6, max=2).data, b"yo")
            self.assertEqual(c.compare_and_swap(3, 3, b"new").version, 4)
            with self.assertRaises(dipc.Conflict) as conflict:
                c.compare_and_swap(3, 3, b"no")
            self.assertEqual(conflict.exception.version, 4)
            with self.assertRaises(dipc.Conflict):
                c.read(3, if_version=1)
            with self.assertRaises(dipc.NoSuchMailbox):
                c.read(8)
            with self.assertRaises(dipc.TooLarge):
                c.write(3, b"x" * 4097)
            with self.assertRaises(dipc.Timeout):
                c.wait(3, after=4, wait=0.01)
            self.assertEqual(c.wait(3, after=3).data, b"new")
            self.assertEqual(c.stat()["mailboxes"], 8)
            self.assertIsInstance(c.stat()["version"], str)
            self.assertEqual(c.stat(3)["version"], 4)
            c.quit()

    def test_a_waiting_read_sees_the_write_of_another(self) -> None:
        server = self.dipc()
        found: list[dipc.Answer] = []

        def watch() -> None:
            with dipc.Connection(HOST, server.port, timeout=10) as c:
                found.append(c.wait(2, after=0, wait=20))

        watcher = threading.Thread(target=watch)
        with dipc.Connection(HOST, server.port, timeout=10) as c:
            watcher.start()
            until(lambda: c.stat(2)["watching"] == 1, "the read waits")
            c.write(2, b"here")
            watcher.join(20)
        self.assertEqual(found, [dipc.Answer(b"here", 1, 4)])

    def test_a_batch_larger_than_every_buffer_is_answered_in_order(
        self,
    ) -> None:
        server = self.dipc()
        block = bytes(range(256)) * 16
        count = 3000
        with dipc.Connection(HOST, server.port, timeout=30) as c:
            requests: list[dipc.Read | dipc.Write] = []
            for _ in range(count):
                requests += [dipc.Write(1, block), dipc.Read(1)]
            requests.append(dipc.Read(99))
            answers = c.batch(requests)
        self.assertIsInstance(answers.pop(), dipc.NoSuchMailbox)
        for i in range(count):
            self.assertEqual(answers[2 * i], dipc.Answer(b"", i + 1, 4096))
            self.assertEqual(
                answers[2 * i + 1], dipc.Answer(block, i + 1, 4096)
            )

    def test_a_large_refused_write_leaves_the_connection_in_step(
        self,
    ) -> None:
        with dipc.Connection(HOST, self.dipc().port, timeout=20) as c:
            with self.assertRaises(dipc.TooLarge):
                c.write(0, bytes(16 << 20))
            with self.assertRaises(dipc.NoSuchMailbox):
                c.write(99, bytes(4 << 20))
            self.assertEqual(c.write(0, b"small").version, 1)
            with self.assertRaises(dipc.TooLarge):
                c.write(0, bytes(33 << 20))
            with self.assertRaisesRegex(dipc.ConnectionLost, "gone|closed"):
                c.read(0)

    def test_more_than_a_packet_goes_in_pieces_when_told(self) -> None:
        data = bytes(range(256)) * 40  # in packets of 4096: 2.5 of them
        with dipc.Connection(HOST, self.dipc().port, timeout=20) as c:
            with self.assertRaises(dipc.TooLarge):
                c.write(0, data)
            self.assertEqual(c.read(0).version, 0)
            self.assertEqual(c.write(0, data, pieces=True).version, 3)
            self.assertEqual(c.read(0).data, data[:4096])
            whole = dipc.Answer(data, 3, len(data))
            self.assertEqual(c.read(0, pieces=True), whole)
            part = c.read(0, at=100, max=5000, pieces=True)
            self.assertEqual(part.data, data[100:5100])
            self.assertEqual(c.read(0, at=20000, pieces=True).data, b"")
            self.assertEqual(c.read(0, max=0, pieces=True).data, b"")
            self.assertEqual(c.wait(0, 2, pieces=True), whole)
            c.append(0, b"y" * 5000, pieces=True)
            self.assertEqual(c.overwrite(0, 1, b"z" * 4097, True).version, 7)
            changed = data[:1] + b"z" * 4097 + data[4098:] + b"y" * 5000
            self.assertEqual(c.read(0, pieces=True).data, changed)
            for at in (None, 5000, "end"):
                with self.subTest(at), self.assertRaises(dipc.TooLarge):
                    c.write(0, b"q" * 16385, at, pieces=True)  # type: ignore
            with self.assertRaises(dipc.Conflict) as conflict:
                c.compare_and_swap(0, 6, data, pieces=True)
            self.assertEqual(conflict.exception.version, 7)
            with self.assertRaises(dipc.Conflict):
                c.write(0, data, "end", if_version=6, pieces=True)
            self.assertEqual(c.read(0, pieces=True).data, changed)
            self.assertEqual(c.write(0, b"short", pieces=True).version, 8)

    def test_a_unix_socket_serves_as_well(self) -> None:
        path = self.runtime / "mailboxes"
        self.dipc("--unix", str(path))
        with dipc.Connection.unix(path, timeout=10) as c:
            self.assertEqual(c.where, str(path))
            self.assertEqual(c.write(3, b"x" * 9000, pieces=True).version, 3)
            self.assertEqual(c.read(3, pieces=True).size, 9000)
            c.quit()

    def test_a_full_server_is_busy(self) -> None:
        server = self.dipc("--max-clients", "1")
        with dipc.Connection(HOST, server.port, timeout=10) as first:
            first.stat()
            with dipc.Connection(HOST, server.port, timeout=10) as second:
                with self.assertRaises(dipc.Busy):
                    second.write(0, b"x")

    def test_a_server_that_ends_is_told_from_one_that_answers(self) -> None:
        server = self.dipc()
        with dipc.Connection(HOST, server.port, timeout=10) as c:
            c.write(0, b"x")
            self.dipcrm(server)
            with self.assertRaises((dipc.ConnectionLost, dipc.ShuttingDown)):
                c.read(0)


if __name__ == "__main__":
    main()
