"""The protocol over a real socket: its example, its tables, its closings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from process.case import ProcessCase, Server, until
from process.main import main
from process.wire import Reply, Wire

OPEN, CLOSED = "open", "closed"
HUGE = b"9223372036854775807"
WRITTEN = b"0123456789"


@dataclass(frozen=True)
class Row:
    """Bytes sent on a fresh connection, the answer's code ("ok" for none),
    whether the connection stays open, and the data of an ok."""

    sent: bytes
    code: str
    after: str = OPEN
    data: bytes | None = None


READS = (
    Row(b"r 0\n", "ok", data=WRITTEN),
    Row(b"r 0\r\n", "ok", data=WRITTEN),
    Row(b"  r   0  \n", "ok", data=WRITTEN),
    Row(b"r 00000\n", "ok", data=WRITTEN),
    Row(b"\n  \n\r\nr 0\n", "ok", data=WRITTEN),
    Row(b"r 1\n", "ok", data=b""),
    Row(b"r 0 at=4\n", "ok", data=b"456789"),
    Row(b"r 0 at=4 max=2\n", "ok", data=b"45"),
    Row(b"r 0 max=2 at=4\n", "ok", data=b"45"),
    Row(b"r 0 max=0\n", "ok", data=b""),
    Row(b"r 0 at=10\n", "ok", data=b""),
    Row(b"r 0 at=" + HUGE + b" max=" + HUGE + b"\n", "ok", data=b""),
    Row(b"r 0 if=1\n", "ok", data=WRITTEN),
    Row(b"r 0 if=2\n", "conflict"),
    Row(b"r 0 after=0\n", "ok", data=WRITTEN),
    Row(b"r 0 after=0 if=1 wait=0\n", "ok", data=WRITTEN),
    Row(b"r 0 after=0 if=2\n", "conflict"),
    Row(b"r 0 after=1 wait=0\n", "timeout"),
    Row(b"r 0 after=1 wait=20\n", "timeout"),
    Row(b"r 0 after=" + HUGE + b" wait=1\n", "timeout"),
    Row(b"r 0 wait=20\n", "bad-request"),
    Row(b"r 8\n", "no-such-mailbox"),
    Row(b"r " + HUGE + b"\n", "no-such-mailbox"),
    Row(b"r 8 after=1 wait=60000\n", "no-such-mailbox"),
    Row(b"r 9223372036854775808\n", "bad-request"),
    Row(b"r 18446744073709551616\n", "bad-request"),
    Row(b"r -1\n", "bad-request"),
    Row(b"r +1\n", "bad-request"),
    Row(b"r 0x1\n", "bad-request"),
    Row(b"r 1.0\n", "bad-request"),
    Row(b"r\n", "bad-request"),
    Row(b"r0\n", "bad-request"),
    Row(b"r\t0\n", "bad-request"),
    Row(b"r 0\t\n", "bad-request"),
    Row(b"r 0\r\r\n", "bad-request"),
    Row(b"r 0 1\n", "bad-request"),
    Row(b"r 0 at\n", "bad-request"),
    Row(b"r 0 at=\n", "bad-request"),
    Row(b"r 0 at= 1\n", "bad-request"),
    Row(b"r 0 at=end\n", "bad-request"),
    Row(b"r 0 at=-1\n", "bad-request"),
    Row(b"r 0 at=1 at=1\n", "bad-request"),
    Row(b"r 0 AT=1\n", "bad-request"),
    Row(b"r 0 new=1\n", "bad-request"),
    Row(b"r 0 =1\n", "bad-request"),
    Row(b"r at=1 0\n", "bad-request"),
    Row(b"R 0\n", "bad-request"),
    Row(b"read 0\n", "bad-request"),
    Row(b"x\n", "bad-request"),
    Row(b"\0\n", "bad-request"),
    Row(b"r 0\0\n", "bad-request"),
    Row(b"r \xff\n", "bad-request"),
    Row(b"get / http/1.1\n", "bad-request"),
)

WRITES = (
    Row(b"w 0 3\nabc", "ok", data=b""),
    Row(b"w 0 0\n", "ok", data=b""),
    Row(b"w 0 003\r\nabc", "ok", data=b""),
    Row(b"w 0 3 at=8\nabc", "ok", data=b""),
    Row(b"w 0 3 at=end\nabc", "ok", data=b""),
    Row(b"w 0 3 if=1\nabc", "ok", data=b""),
    Row(b"w 0 0 at=9000\n", "ok", data=b""),
    Row(b"w 0 4096\n" + b"x" * 4096, "ok", data=b""),
    Row(b"w 0 1 at=16383\nx", "ok", data=b""),
    Row(b"w 0 3 if=0\nabc", "conflict"),
    Row(b"w 0 3 if=2\nabc", "conflict"),
    Row(b"w 8 3\nabc", "no-such-mailbox"),
    Row(b"w " + HUGE + b" 3\nabc", "no-such-mailbox"),
    Row(b"w 0 4097\n" + b"x" * 4097, "too-large"),
    Row(b"w 0 1 at=16384\nx", "too-large"),
    Row(b"w 0 1 at=" + HUGE + b"\nx", "too-large"),
    Row(b"w 0 3 new=1\nabc", "bad-request"),
    Row(b"w 0 3 at=x\nabc", "bad-request"),
    Row(b"w 0 3 at=1 at=1\nabc", "bad-request"),
    Row(b"w 0 3 after=1\nabc", "bad-request"),
    Row(b"w 0 3 5\nabc", "bad-request"),
    Row(b"w 0 16777216 if=7\n" + b"x" * 16777216, "too-large"),
    Row(b"w 0 16777217\n", "too-large", CLOSED),
    Row(b"w 0 " + HUGE + b"\n", "too-large", CLOSED),
    Row(b"w\n", "bad-request", CLOSED),
    Row(b"w x\n", "bad-request", CLOSED),
    Row(b"w x 3\nabc", "bad-request", CLOSED),
    Row(b"w -1 3\nabc", "bad-request", CLOSED),
    Row(b"w 0 x\nabc", "bad-request", CLOSED),
    Row(b"w 0 -3\nabc", "bad-request", CLOSED),
    Row(b"w 0 9223372036854775808\nabc", "bad-request", CLOSED),
    Row(b"w 0 at=3\nabc", "bad-request", CLOSED),
)

OTHERS = (
    Row(b"s\n", "ok"),
    Row(b"s 0\n", "ok"),
    Row(b"s 8\n", "no-such-mailbox"),
    Row(b"s x\n", "bad-request"),
    Row(b"s 0 0\n", "bad-request"),
    Row(b"s at=1\n", "bad-request"),
    Row(b"q\n", "ok", CLOSED, b""),
    Row(b"q 3\n", "ok", CLOSED, b""),
    Row(b"q 99999\n", "ok", CLOSED, b""),
    Row(b"q\nr 0\nr 0\n", "ok", CLOSED, b""),
    Row(b"q x\n", "bad-request"),
    Row(b"q 0 0\n", "bad-request"),
    Row(b"r 0" + b" " * 252 + b"\n", "ok", data=WRITTEN),
    Row(b"r 0" + b" " * 252 + b"\r\n", "ok", data=WRITTEN),
    Row(b"r 0" + b" " * 253 + b"\n", "bad-request", CLOSED),
    Row(b"x" * 256 + b"\n", "bad-request", CLOSED),
    Row(b"x" * 5000, "bad-request", CLOSED),
)


class Tables(ProcessCase):
    def check(self, server: Server, row: Row) -> None:
        with server.connect() as client:
            reply = client.ask(b"w 0 10 at=0\n" + WRITTEN)
            version = reply.version
            sent = self.at_version(row.sent, version)
            self.judge(row, client.ask(sent), version)
            if row.after == CLOSED:
                self.assertEqual(client.rest(), b"")
            else:
                self.assertTrue(client.ask(b"r 7 max=0\n").ok, "in step")

    @staticmethod
    def at_version(sent: bytes, version: int) -> bytes:
        """The tables speak of version 1; here it is another."""
        return re.sub(
            rb"(if|after)=([12])\b",
            lambda m: m[1] + b"=%d" % (version - 1 + int(m[2])),
            sent,
        )

    def judge(self, row: Row, reply: Reply, version: int) -> None:
        self.assertEqual("ok" if reply.ok else reply.code, row.code)
        if row.data is not None:
            self.assertEqual(reply.data, row.data)
        if reply.code == "conflict":
            self.assertEqual(reply.version, version)
        if not reply.ok:
            self.assertNotEqual(reply.text, "", "it says why")

    def run_table(self, rows: tuple[Row, ...]) -> None:
        server = self.dipc()
        for row in rows:
            with self.subTest(row.sent[:60]):
                with server.connect() as client:
                    client.ask(b"w 0 0\n")
                self.check(server, row)

    def test_reads_are_answered_as_the_table_says(self) -> None:
        self.run_table(READS)

    def test_writes_are_answered_as_the_table_says(self) -> None:
        self.run_table(WRITES)

    def test_other_requests_are_answered_as_the_table_says(self) -> None:
        self.run_table(OTHERS)

    def test_a_refused_write_changes_nothing(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            client.ask(b"w 0 10\n" + WRITTEN)
        for row in WRITES:
            if row.code == "ok" or b"if=" in row.sent:
                continue
            with self.subTest(row.sent[:60]), server.connect() as client:
                client.ask(row.sent)
                client.close()
                with server.connect() as other:
                    reply = other.ask(b"r 0\n")
                self.assertEqual((reply.version, reply.data), (1, WRITTEN))


class Conversation(ProcessCase):
    def test_the_example_of_the_protocol_is_exact(self) -> None:
        with self.dipc().connect() as client:
            client.send(b"w 3 5\nhello")
            self.assertEqual(client.line(), b"ok 0 version=1 size=5")
            client.send(b"r 3\n")
            self.assertEqual(client.line(), b"ok 5 version=1 size=5")
            self.assertEqual(client.exactly(5), b"hello")
            client.send(b"w 3 6 if=7\nagain!")
            self.assertEqual(
                client.line(), b"err conflict version=1: expected version 7"
            )
            client.send(b"r 3 after=1 wait=100\n")
            self.assertEqual(
                client.line(),
                b"err timeout: nothing newer than version 1 in 100 ms",
            )
            client.send(b"q\n")
            self.assertEqual(client.line(), b"ok 0")
            self.assertEqual(client.rest(), b"")

    def test_each_way_of_writing_leaves_its_content(self) -> None:
        steps = (
            (b"w 0 5\nhello", b"hello"),
            (b"w 0 1 at=0\nJ", b"Jello"),
            (b"w 0 2 at=7\nxy", b"Jello\0\0xy"),
            (b"w 0 1 at=end\n!", b"Jello\0\0xy!"),
            (b"w 0 0 at=500\n", b"Jello\0\0xy!"),
            (b"w 0 0 at=end\n", b"Jello\0\0xy!"),
            (b"w 0 3\nnew", b"new"),
            (b"w 0 1 at=5\nz", b"new\0\0z"),
            (b"w 0 0\n", b""),
        )
        with self.dipc().connect() as client:
            for number, (request, content) in enumerate(steps, 1):
                reply = client.ask(request)
                self.assertEqual(
                    (reply.version, reply.size), (number, len(content))
                )
                self.assertEqual(client.ask(b"r 0\n").data, content)

    def test_a_content_larger_than_a_packet_is_read_in_pieces(self) -> None:
        whole = bytes(i % 251 for i in range(10000))
        with self.dipc().connect() as client:
            for at in range(0, 10000, 4000):
                piece = whole[at : at + 4000]
                client.ask(b"w 5 %d at=%d\n" % (len(piece), at) + piece)
            got = b""
            while True:
                reply = client.ask(b"r 5 at=%d if=3\n" % len(got))
                if not reply.data:
                    break
                self.assertLessEqual(len(reply.data), 4096)
                got += reply.data
            self.assertEqual(reply.size, 10000)
            self.assertEqual(got, whole)

    def test_mailboxes_may_be_smaller_than_a_packet(self) -> None:
        server = self.dipc(mailbox_kb=1, packet_kb=64)
        with server.connect() as client:
            self.assertTrue(client.ask(b"w 0 1024\n" + b"x" * 1024).ok)
            reply = client.ask(b"w 0 1025\n" + b"y" * 1025)
            self.assertEqual(reply.code, "too-large")
            self.assertEqual(client.ask(b"r 0\n").data, b"x" * 1024)

    def test_every_number_of_the_statistics_is_there(self) -> None:
        with self.dipc("--max-clients", "77").connect() as client:
            client.ask(b"w 1 5\nhello")
            client.ask(b"r 1\n")
            client.ask(b"r 1 if=9\n")
            client.ask(b"r 1 after=1 wait=0\n")
            client.ask(b"nonsense\n")
            found = client.statistics()
            expected = {
                "mailboxes": "8",
                "mailbox-bytes": "16384",
                "packet-bytes": "4096",
                "clients": "1",
                "clients-max": "77",
                "clients-total": "1",
                "reads": "1",
                "writes": "1",
                "conflicts": "1",
                "timeouts": "1",
                "lock-timeouts": "0",
                "lock-recoveries": "0",
                "bad-requests": "1",
            }
            for key, value in expected.items():
                self.assertEqual(found[key], value, key)
            for key in ("version", "instance", "uptime-seconds"):
                self.assertIn(key, found)
            self.assertGreater(int(found["bytes-in"]), 50)
            self.assertGreater(int(found["bytes-out"]), 50)
            found = client.statistics(1)
            expected = {
                "version": "1",
                "size": "5",
                "writes": "1",
                "readers": "0",
                "waiting": "0",
                "watching": "0",
                "lock-recoveries": "0",
            }
            for key, value in expected.items():
                self.assertEqual(found[key], value, key)
            self.assertGreaterEqual(int(found["reads"]), 1)

    def test_an_instance_is_new_with_every_server(self) -> None:
        found = set()
        for _ in range(3):
            with self.dipc().connect() as client:
                found.add(client.statistics()["instance"])
        self.assertEqual(len(found), 3)


class Unframed(ProcessCase):
    """The classic write without a length, and headers without newline."""

    def test_silence_ends_an_unframed_write(self) -> None:
        with self.dipc().connect() as client:
            reply = client.ask(b"w 3\nhello")
            self.assertEqual((reply.version, reply.size), (1, 5))
            self.assertEqual(client.ask(b"r 3\n").data, b"hello")

    def test_the_data_may_follow_its_header_late(self) -> None:
        with self.dipc("--gap", "20ms").connect() as client:
            client.send(b"w 3\n")
            with Wire(client.socket.getpeername()[1]) as other:
                self.assertEqual(
                    other.ask(b"r 3 after=0 wait=150\n").code, "timeout"
                )
            reply = client.ask(b"hello")
            self.assertEqual(reply.size, 5)

    def test_a_half_close_ends_an_unframed_write(self) -> None:
        server = self.dipc("--gap", "20s")
        for data in (b"hello\n", b"", b"r 3\nq\n"):
            with self.subTest(data), server.connect() as client:
                client.send(b"w 3\n" + data)
                client.half_close()
                self.assertEqual(client.reply().size, len(data))
                self.assertEqual(client.rest(), b"")
                with server.connect() as other:
                    self.assertEqual(other.ask(b"r 3\n").data, data)

    def test_too_much_unframed_data_is_dropped_to_its_end(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            reply = client.ask(b"w 3\n" + b"r 0\n" * 20000)
            self.assertEqual(reply.code, "too-large")
            self.assertEqual(client.ask(b"r 3\n").version, 0)
            reply = client.ask(b"w 3\n" + b"y" * 4096)
            self.assertEqual(reply.size, 4096)

    def test_unframed_data_for_no_mailbox_is_dropped_to_its_end(self) -> None:
        with self.dipc().connect() as client:
            reply = client.ask(b"w 8\n" + b"r 0\n" * 500)
            self.assertEqual(reply.code, "no-such-mailbox")
            self.assertTrue(client.ask(b"r 3\n").ok)

    def test_a_read_without_its_newline_is_answered(self) -> None:
        with self.dipc().connect() as client:
            client.ask(b"w 3 5\nhello")
            self.assertEqual(client.ask(b"r 3").data, b"hello")
            self.assertEqual(client.ask(b"r 3").data, b"hello")
            self.assertTrue(client.ask(b"q").ok)
            self.assertEqual(client.rest(), b"")

    def test_a_quit_with_a_number_needs_no_newline(self) -> None:
        with self.dipc().connect() as client:
            self.assertEqual(client.ask(b"q 3").line, "ok 0")
            self.assertEqual(client.rest(), b"")

    def test_other_headers_wait_for_their_newline(self) -> None:
        server = self.dipc("--gap", "10ms")
        for header in (b"s", b"r 3 max=1", b"r", b"w 3 0", b"r 3x"):
            with self.subTest(header), server.connect() as client:
                client.send(header)
                with server.connect() as other:
                    other.ask(b"r 7 after=0 wait=100\n")
                client.socket.setblocking(False)
                with self.assertRaises(BlockingIOError):
                    client.socket.recv(1)
                client.socket.settimeout(10)
                client.ask(b"\n")

    def test_a_half_close_ends_a_read_without_newline(self) -> None:
        with self.dipc("--gap", "20s").connect() as client:
            client.send(b"r 3")
            client.half_close()
            self.assertEqual(client.reply().version, 0)
            self.assertEqual(client.rest(), b"")


class Closing(ProcessCase):
    def test_a_half_close_is_answered_in_full(self) -> None:
        server = self.dipc()
        with server.connect() as client, server.connect() as writer:
            client.send(b"w 0 1\nx" * 3 + b"r 1 after=0 wait=20000\nr 0\n")
            client.half_close()
            for version in (1, 2, 3):
                self.assertEqual(client.reply().version, version)
            until(
                lambda: writer.statistics(1)["watching"] == "1",
                "the read waits",
            )
            writer.ask(b"w 1 3\nyes")
            self.assertEqual(client.reply().data, b"yes")
            self.assertEqual(client.reply().data, b"x")
            self.assertEqual(client.rest(), b"")

    def test_a_request_cut_short_is_a_bad_request(self) -> None:
        server = self.dipc()
        for sent in (
            b"w 0 5\nhel",
            b"w 0 5\n",
            b"w 0 5",
            b"r 0 at=",
            b"s",
            b"w 0 9000\nhel",
        ):
            with self.subTest(sent), server.connect() as client:
                client.send(b"r 1\n" + sent)
                client.half_close()
                self.assertTrue(client.reply().ok)
                reply = client.reply()
                if sent == b"w 0 9000\nhel":
                    self.assertEqual(reply.code, "too-large")
                else:
                    self.assertEqual(reply.code, "bad-request")
                client.rest()
                with server.connect() as other:
                    self.assertEqual(other.ask(b"r 0\n").version, 0)

    def test_a_begun_request_must_end_within_its_time(self) -> None:
        server = self.dipc("--request-timeout", "500ms")
        for sent in (b"w 0 5\nhel", b"r 0 at=", b"w 0"):
            with self.subTest(sent), server.connect() as client:
                reply = client.ask(sent)
                self.assertEqual(reply.code, "bad-request")
                self.assertEqual(client.rest(), b"")

    def test_an_idle_client_is_told_and_closed(self) -> None:
        with self.dipc("--idle-timeout", "500ms").connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)
            self.assertEqual(client.reply().code, "timeout")
            self.assertEqual(client.rest(), b"")

    def test_a_waiting_read_is_not_idle(self) -> None:
        server = self.dipc(
            "--idle-timeout", "500ms", "--request-timeout", "500ms"
        )
        with server.connect() as client:
            reply = client.ask(b"r 0 after=0 wait=1200\n")
            self.assertIn("nothing newer", reply.text)
            self.assertTrue(client.ask(b"r 0\n").ok)

    def test_a_wait_is_capped_by_the_server(self) -> None:
        with self.dipc("--max-wait", "200ms").connect() as client:
            reply = client.ask(b"r 0 after=0 wait=3600000\n")
            self.assertEqual(reply.code, "timeout")

    def test_a_reset_does_not_destroy_the_last_answer(self) -> None:
        """What still comes after a fatal request is drained, so that the
        answer arrives although the client went on sending."""
        server = self.dipc()
        for fatal, code in (
            (b"w 0 x\n", "bad-request"),
            (b"x " * 150, "bad-request"),
            (b"w 0 99999999\n", "too-large"),
            (b"q\n", ""),
        ):
            with self.subTest(fatal[:20]), server.connect() as client:
                client.send(fatal)
                client.send(b"y" * 100_000)
                reply = client.reply()
                self.assertEqual(reply.code, code)
                client.send(b"z" * 1000)
                self.assertEqual(client.rest(), b"")


if __name__ == "__main__":
    main()
