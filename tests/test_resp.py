"""Redis's protocol at a running server, over plain sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable

from process import machine
from process.case import ProcessCase, until
from process.main import main
from process.resp import Error, RespWire, encode
from process.server import Server

MAILBOX = 16 * 1024


class RespCase(ProcessCase):
    def open(self, server: Server) -> RespWire:
        client = RespWire(server.port)
        self.addCleanup(client.close)
        return client

    def assert_error(self, answer: object, begin: str) -> None:
        self.assertIsInstance(answer, Error)
        self.assertTrue(str(answer).startswith(begin), answer)


class Commands(RespCase):
    def test_both_protocols_see_the_same_mailboxes(self) -> None:
        server = self.dipc()
        resp = self.open(server)
        with server.connect() as dipc:
            self.assertEqual(resp.command("SET", "mailbox:3", "hello"), "OK")
            reply = dipc.ask(b"r 3\n")
            self.assertEqual((reply.data, reply.version), (b"hello", 1))
            self.assertEqual(dipc.ask(b"w 3 3 if=1\nabc").version, 2)
            self.assertEqual(resp.command("GETWITHETAG", 3), [2, b"abc"])
            self.assertEqual(
                resp.command("SETIFMATCH", 3, "x", 1), [2, b"abc"]
            )
            self.assertEqual(dipc.ask(b"w 3 0\n").version, 3)
            self.assertIsNone(resp.command("GET", 3))

    def test_a_value_may_be_larger_than_a_packet(self) -> None:
        client = self.open(self.dipc(packet_kb=1))
        data = bytes(range(256)) * (MAILBOX // 256)
        self.assertEqual(client.command("SET", 0, data), "OK")
        self.assertEqual(client.command("GET", 0), data)
        self.assertEqual(client.command("MGET", *([0] * 50)), [data] * 50)
        self.assert_error(
            client.command("SET", 0, data + b"x"),
            "ERR string exceeds maximum allowed size",
        )
        self.assertEqual(client.command("STRLEN", 0), MAILBOX)
        self.assert_error(
            client.command("SET", 0, data * 300),
            "ERR string exceeds maximum allowed size",
        )
        self.assertEqual(client.command("STRLEN", 0), MAILBOX)

    def test_a_mailbox_of_64_MB_goes_in_and_out(self) -> None:
        server = self.dipc(mailboxes=1, mailbox_kb=65536)
        client = self.open(server)
        data = b"0123456789abcdef" * (1 << 22)
        self.assertEqual(client.command("SET", 0, data), "OK")
        self.assertEqual(client.command("SETRANGE", 0, 1, "2"), len(data))
        self.assertTrue(client.command("GET", 0) == data.replace(
            b"012", b"022", 1))
        if machine.VARIANT in ("release", "debug"):
            until(
                lambda: (machine.status(server.pid, "RssAnon") or 0) < 16384,
                "the buffers are given back",
            )

    def test_a_long_pipeline_is_answered_in_order(self) -> None:
        client = self.open(self.dipc())
        count = 20_000
        sent = b"".join(
            encode("SET", i % 8, i) + encode("GET", i % 8)
            for i in range(count)
        )
        sender = threading.Thread(target=client.send, args=(sent,))
        sender.start()
        for i in range(count):
            self.assertEqual(client.answer(), "OK")
            self.assertEqual(client.answer(), b"%d" % i)
        sender.join()

    def test_the_third_version_of_the_protocol(self) -> None:
        client = self.open(self.dipc())
        greeting = client.command("HELLO", 3)
        self.assertEqual(greeting[b"proto"], 3)
        self.assertEqual(greeting[b"id"], client.command("CLIENT", "ID"))
        self.assertIsNone(client.command("GET", 1))
        self.assertEqual(client.command("CONFIG", "GET", "save"), {b"save": b""})

    def test_what_a_person_types(self) -> None:
        client = self.open(self.dipc())
        client.send(b'ping\r\n\r\n set  3 "a b" \nget 3\n')
        self.assertEqual(client.answer(), "PONG")
        self.assertEqual(client.answer(), "OK")
        self.assertEqual(client.answer(), b"a b")


class Together(RespCase):
    def test_a_wait_sees_the_next_version_of_anybody(self) -> None:
        server = self.dipc()
        waiter = self.open(server)
        other = self.open(server)
        waiter.send(encode("DIPC.WAIT", 3, 0, 60000))
        until(
            lambda: b"blocked_clients:1\r\n" in bytes(
                other.command("INFO", "clients")
            ),
            "it waits",
        )
        with server.connect() as dipc:
            dipc.ask(b"w 3 4\nnews")
        self.assertEqual(waiter.answer(), [1, b"news"])
        self.assertIsNone(waiter.command("DIPC.WAIT", 3, 1, 1))

    def test_counters_by_watch_lose_nothing(self) -> None:
        server = self.dipc()
        rounds, workers = 100, 4

        def count() -> None:
            with RespWire(server.port) as client:
                done = 0
                while done < rounds:
                    client.command("WATCH", 3)
                    value = int(client.command("GET", 3) or b"0")
                    client.command("MULTI")
                    client.command("SET", 3, value + 1)
                    if client.command("EXEC") is not None:
                        done += 1

        self.run_together(workers, count)
        client = self.open(server)
        self.assertEqual(
            client.command("GETWITHETAG", 3),
            [rounds * workers, b"%d" % (rounds * workers)],
        )

    def test_counters_by_etag_lose_nothing(self) -> None:
        server = self.dipc()
        rounds, workers = 200, 4

        def count() -> None:
            with RespWire(server.port) as client:
                for _ in range(rounds):
                    version, value = 0, None
                    while value is not None or version == 0:
                        known = version
                        version, value = client.command(
                            "SETIFMATCH", 3, int(value or b"0") + 1, known
                        )

        self.run_together(workers, count)
        client = self.open(server)
        self.assertEqual(client.command("GET", 3), b"%d" % (rounds * workers))

    def test_appends_and_transactions_are_one_operation_each(self) -> None:
        server = self.dipc()
        rounds, workers = 100, 4

        def write() -> None:
            with RespWire(server.port) as client:
                for _ in range(rounds):
                    client.command("MULTI")
                    client.command("APPEND", 3, "a")
                    client.command("STRLEN", 3)
                    client.command("APPEND", 3, "b")
                    first, between, last = client.command("EXEC")
                    assert first == between == last - 1
                    client.command("APPEND", 3, "cd")

        self.run_together(workers, write)
        client = self.open(server)
        version, text = client.command("GETWITHETAG", 3)
        self.assertEqual(version, 2 * rounds * workers)
        self.assertEqual(text.replace(b"ab", b"").replace(b"cd", b""), b"")
        self.assertEqual(len(text), 4 * rounds * workers)

    def run_together(self, workers: int, work: Callable[[], None]) -> None:
        failures: list[BaseException] = []

        def guarded() -> None:
            try:
                work()
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=guarded) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_clients_are_listed_while_they_are_there(self) -> None:
        server = self.dipc()
        first = self.open(server)
        second = self.open(server)
        first.command("CLIENT", "SETNAME", "first")
        second.command("CLIENT", "SETNAME", "second")
        listed = first.command("CLIENT", "LIST")
        self.assertEqual(listed.count(b"\n"), 2)
        self.assertIn(b" name=second ", listed)
        second.close()
        until(
            lambda: bytes(first.command("CLIENT", "LIST")).count(b"\n") == 1,
            "only one is left",
        )


class Edges(RespCase):
    def test_a_refusal_comes_in_the_clients_protocol(self) -> None:
        server = self.dipc("--max-clients", "1")
        with server.connect() as served:
            served.ask(b"r 3\n")
            for sent, refusal in (
                (b"PING\r\n", b"-ERR max number of clients reached\r\n"),
                (b"*1\r\n", b"-ERR max number of clients reached\r\n"),
                (b"r 3\n", b"err busy: "),
                (b"", b"err busy: "),
            ):
                with self.subTest(sent), RespWire(server.port) as refused:
                    refused.send(sent)
                    self.assertTrue(refused.rest().startswith(refusal))
            self.assertTrue(served.ask(b"r 3\n").ok)

    def test_http_is_closed_and_logged(self) -> None:
        server = self.dipc()
        for request in (
            b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nSET 3 x\r\n",
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nSET 3 x\r\n",
        ):
            with self.subTest(request[:4]), RespWire(server.port) as client:
                client.send(request)
                self.assertNotIn(b"OK", client.rest())
        client = self.open(server)
        self.assertIsNone(client.command("GET", 3))
        until(lambda: server.logged().count("HTTP") == 2, "both are logged")

    def test_the_end_of_the_server_is_told_to_who_waits(self) -> None:
        server = self.dipc()
        idle = self.open(server)
        waiter = self.open(server)
        idle.command("PING")
        waiter.send(encode("DIPC.WAIT", 3, 0, 60000))
        until(
            lambda: b"blocked_clients:1\r\n" in bytes(idle.command("INFO")),
            "it waits",
        )
        self.dipcrm(server)
        self.assert_error(waiter.answer(), "ERR shutting down")
        self.assertEqual(waiter.rest(), b"")
        self.assertEqual(idle.rest(), b"")
        self.assertEqual(server.wait(), 0)
        self.assert_nothing_is_left(server)

    def test_statistics_are_of_both_protocols(self) -> None:
        server = self.dipc()
        client = self.open(server)
        with server.connect() as dipc:
            before = {k: int(v) for k, v in dipc.statistics().items()
                      if v.isdecimal()}
            client.command("SET", 3, "x")
            client.command("GET", 3)
            client.command("SETIFMATCH", 3, "y", 9)
            client.command("WHAT")
            client.command("DIPC.WAIT", 3, 9, 0)
            after = dipc.statistics()
            for name, more in (("writes", 1), ("reads", 2), ("conflicts", 1),
                               ("bad-requests", 1), ("timeouts", 1)):
                self.assertEqual(int(after[name]) - before[name], more, name)
            client.command("KEYS", "*")
            client.command("INFO")
            of_one = dipc.statistics(3)
            self.assertEqual((of_one["writes"], of_one["reads"]), ("1", "1"))
        info = client.command("INFO", "stats").decode()
        self.assertIn("total_commands_processed:10\r\n", info)

    def test_a_unix_socket_serves_it_too(self) -> None:
        path = self.directory / "socket"
        server = self.dipc("--unix", str(path))
        with RespWire(server.port, path=path) as client:
            self.assertEqual(client.command("SET", 3, "x"), "OK")
            self.assertEqual(client.command("GET", 3), b"x")
            self.assertEqual(client.command("CLIENT", "LIST").count(b"\n"), 1)


if __name__ == "__main__":
    main()
