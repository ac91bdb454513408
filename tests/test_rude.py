"""Rude clients: cut off anywhere, reset, stalled, deaf, and many."""

from __future__ import annotations

import os
import random
import socket
import time

from process.case import ProcessCase, Server, until
from process.main import main, show
from process.wire import Wire

CONVERSATION = b"w 0 5\nhellor 0\nr 0 at=1 max=2\ns 0\nw 0 2 at=end\n!!q\n"
CUT_AFTER = len(b"w 0 5\nhello")


class Rude(ProcessCase):
    def assert_well(self, server: Server) -> None:
        """It serves, and nothing of the rude ones is left in it."""
        with server.connect() as client:
            until(
                lambda: client.statistics()["clients"] == "1",
                "the rude ones are gone",
            )
            self.assertTrue(client.ask(b"w 7 4\nwell").ok)
            self.assertEqual(client.ask(b"r 7\n").data, b"well")
            found = client.statistics(0)
            for name in ("readers", "waiting", "watching"):
                self.assertEqual(found[name], "0", name)

    def test_an_end_at_every_byte_changes_nothing_by_half(self) -> None:
        server = self.dipc()
        for cut in range(len(CONVERSATION) + 1):
            with self.subTest(cut), server.connect() as client:
                before = client.ask(b"w 0 3\nold").version
                client.send(CONVERSATION[:cut])
                client.half_close()
                client.rest()
                with server.connect() as other:
                    self.judge(other, before, cut)
        self.assert_well(server)

    def test_a_reset_at_every_byte_changes_nothing_by_half(self) -> None:
        server = self.dipc()
        for cut in range(len(CONVERSATION) + 1):
            with self.subTest(cut), server.connect() as client:
                before = client.ask(b"w 0 3\nold").version
                client.send(CONVERSATION[:cut])
                client.reset()
                with server.connect() as other:
                    until(
                        lambda: other.statistics()["clients"] == "1",
                        "the reset is seen",
                    )
                    self.judge(other, before, cut, by_reset=True)
        self.assert_well(server)

    def judge(
        self, client: Wire, before: int, cut: int, by_reset: bool = False
    ) -> None:
        """The content is that after none, one or both of the writes."""
        whole = [(before, b"old")]
        if cut >= CUT_AFTER:
            whole.append((before + 1, b"hello"))
        if cut >= len(CONVERSATION) - 2:
            whole.append((before + 2, b"hello!!"))
        reply = client.ask(b"r 0\n")
        found = (reply.version, reply.data)
        if by_reset:  # what was sent before a reset may be lost with it
            self.assertIn(found, whole)
        else:
            self.assertEqual(found, whole[-1])

    def test_one_byte_at_a_time_is_understood(self) -> None:
        server = self.dipc("--gap", "5s")
        with server.connect() as client:
            for i in range(len(CONVERSATION)):
                client.send(CONVERSATION[i : i + 1])
            self.assertEqual(client.reply().version, 1)
            self.assertEqual(client.reply().data, b"hello")
            self.assertEqual(client.reply().data, b"el")
            self.assertIn(b"size 5\n", client.reply().data)
            self.assertEqual(client.reply().version, 2)
            self.assertEqual(client.reply().line, "ok 0")
            self.assertEqual(client.rest(), b"")

    def test_clients_that_never_read_hold_up_nobody(self) -> None:
        server = self.dipc("--request-timeout", "500ms")
        deaf = []
        with server.connect() as client:
            client.ask(b"w 0 4096\n" + b"x" * 4096)
            for _ in range(20):
                rude = server.connect(timeout=0.1)
                self.addCleanup(rude.close)
                try:
                    rude.send(b"r 0\n" * 20000)
                except OSError:
                    pass
                deaf.append(rude)
            for _ in range(100):
                self.assertTrue(client.ask(b"w 0 4096\n" + b"y" * 4096).ok)
            self.assertLess(server.resident_kb(), 300_000)
            until(
                lambda: client.statistics()["clients"] == "1",
                "the deaf are given up",
            )
        self.assert_well(server)

    def test_garbage_is_answered_or_closed_but_never_harms(self) -> None:
        seed = int(os.environ.get("DIPC_SEED", time.time_ns() % 1_000_000_000))
        show(f"garbage: DIPC_SEED={seed} repeats it")
        chance = random.Random(seed)
        pieces = [
            b"r ",
            b"w ",
            b"s",
            b"q",
            b"0",
            b"7",
            b"8",
            b" ",
            b"\n",
            b"\r\n",
            b" at=",
            b"end",
            b" if=",
            b" after=",
            b" wait=5",
            b" max=",
            b"\t",
            b"99999999999999999999",
            b"16777217",
            b"4096",
            b"\0",
            b"\xff",
        ]
        server = self.dipc("--gap", "5ms", "--request-timeout", "500ms")
        for _ in range(300):
            garbage = b"".join(
                chance.choice(pieces)
                if chance.random() < 0.9
                else chance.randbytes(chance.randrange(50))
                for _ in range(chance.randrange(1, 60))
            )
            with server.connect() as client:
                try:
                    client.send(garbage)
                    client.half_close()
                    answers = client.rest()
                except OSError:
                    continue
                for line in answers.splitlines():
                    if line.startswith(b"err "):
                        self.assertRegex(
                            line, rb"^err [a-z-]+( version=\d+)?:"
                        )
        self.assert_well(server)

    def test_a_thousand_connections_come_and_go(self) -> None:
        server = self.dipc()
        with server.connect() as first:
            first.ask(b"r 0\n")
            descriptors, threads = server.descriptors(), server.threads()
            for _ in range(3):
                crowd = [server.connect() for _ in range(1000)]
                for member in crowd:
                    member.send(b"r 0\n")
                for member in crowd:
                    self.assertTrue(member.reply().ok)
                self.assertEqual(first.statistics()["clients"], "1001")
                for number, member in enumerate(crowd):
                    member.reset() if number % 2 else member.close()
                until(
                    lambda: first.statistics()["clients"] == "1",
                    "they are gone",
                )
            until(
                lambda: server.descriptors() <= descriptors + 2,
                "their descriptors are closed",
            )
            until(lambda: server.threads() <= threads, "their threads ended")

    def test_urgent_data_is_no_data(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            self.assertTrue(client.ask(b"r 0\n").ok)
            client.socket.send(b"!", socket.MSG_OOB)
            self.assertTrue(client.ask(b"r 0\n").ok)
            used = server.processor_s()
            client.ask(b"r 0 after=0 wait=500\n")
            self.assertLess(server.processor_s() - used, 0.3)

    def test_connections_without_a_word_are_forgotten(self) -> None:
        server = self.dipc()
        for _ in range(500):
            server.connect().reset()
        for _ in range(500):
            server.connect().close()
        self.assert_well(server)

    def test_a_reset_ends_a_wait_long_before_its_time(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            watcher = server.connect()
            watcher.send(b"r 0 after=99 wait=60000\n")
            until(lambda: client.statistics(0)["watching"] == "1", "it waits")
            watcher.reset()
            until(
                lambda: client.statistics(0)["watching"] == "0",
                "it no longer waits",
            )
        self.assert_well(server)


if __name__ == "__main__":
    main()
