"""Several clients at once: messages, counters, and nobody held up."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any

from process.case import ProcessCase, until
from process.main import main
from process.wire import Wire

CLIENT_TIMEOUT_S = 60


def counting(port: int, pipe: Pipe, mailbox: int, rounds: int) -> None:
    """Raise a shared number by compare-and-swap, `rounds` times."""
    conflicts = 0
    with Wire(port) as client:
        done = 0
        while done < rounds:
            read = client.ask(b"r %d\n" % mailbox)
            number = b"%d" % (int(read.data or b"0") + 1)
            reply = client.ask(
                b"w %d %d if=%d\n" % (mailbox, len(number), read.version)
                + number
            )
            done += reply.ok
            conflicts += not reply.ok
    pipe.send(conflicts)


def appending(port: int, pipe: Pipe, mark: bytes, rounds: int) -> None:
    with Wire(port) as client:
        for _ in range(rounds):
            if not client.ask(b"w 0 4 at=end\n" + mark * 4).ok:
                raise AssertionError("an append failed")
    pipe.send(rounds)


def whole(port: int, pipe: Pipe, mark: bytes, rounds: int) -> None:
    """Write blocks of one letter, and read only blocks of one letter."""
    last = 0
    with Wire(port) as client:
        for i in range(rounds):
            length = 1 + i * 37 % 4096
            client.ask(b"w 0 %d\n" % length + mark * length)
            reply = client.ask(b"r 0\n")
            if len(set(reply.data)) != 1 or len(reply.data) != reply.size:
                raise AssertionError(f"torn: {reply}")
            if reply.version <= last:
                raise AssertionError(f"backwards: {reply}")
            last = reply.version
    pipe.send(rounds)


def passing(port: int, pipe: Pipe, me: int, count: int, rounds: int) -> None:
    """Wait for a number in one's own mailbox, pass it on raised by one."""
    version = 0
    with Wire(port) as client:
        for _ in range(rounds):
            reply = client.ask(b"r %d after=%d wait=30000\n" % (me, version))
            version = reply.version
            number = b"%d" % (int(reply.data) + 1)
            following = (me + 1) % count
            client.ask(b"w %d %d\n" % (following, len(number)) + number)
    pipe.send(version)


class Clients(ProcessCase):
    def run_clients(
        self, *jobs: tuple[Callable[..., None], tuple[Any, ...]]
    ) -> list[Any]:
        """Run each job in a process of its own; what each sent back."""
        context = multiprocessing.get_context("fork")
        running = []
        for function, arguments in jobs:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=function,
                args=(arguments[0], theirs, *arguments[1:]),
            )
            process.start()
            theirs.close()
            self.addCleanup(process.kill)
            running.append((process, ours))
        results = []
        for process, pipe in running:
            self.assertTrue(pipe.poll(CLIENT_TIMEOUT_S), "a client is late")
            try:
                results.append(pipe.recv())
            except EOFError:
                self.fail("a client failed")
            process.join(CLIENT_TIMEOUT_S)
            self.assertEqual(process.exitcode, 0)
        return results

    def test_no_increment_of_a_shared_number_is_lost(self) -> None:
        server = self.dipc()
        conflicts = self.run_clients(*[(counting, (server.port, 0, 200))] * 4)
        with server.connect() as client:
            reply = client.ask(b"r 0\n")
            self.assertEqual((reply.data, reply.version), (b"800", 800))
            found = client.statistics()
        self.assertEqual(int(found["conflicts"]), sum(conflicts))

    def test_no_append_is_lost_or_torn(self) -> None:
        server = self.dipc()
        self.run_clients(
            *(
                (appending, (server.port, mark, 250))
                for mark in (b"a", b"b", b"c", b"d")
            )
        )
        with server.connect() as client:
            reply = client.ask(b"r 0\n")
            content = reply.data
            self.assertEqual((reply.size, reply.version), (4000, 1000))
        pieces = [content[i : i + 4] for i in range(0, 4000, 4)]
        for mark in b"abcd":
            self.assertEqual(pieces.count(bytes([mark]) * 4), 250)

    def test_every_reader_sees_whole_writes_in_order(self) -> None:
        server = self.dipc()
        self.run_clients(
            *((whole, (server.port, mark, 400)) for mark in (b"a", b"b", b"c"))
        )

    def test_a_token_goes_round_by_waiting_alone(self) -> None:
        server = self.dipc()
        count, rounds = 5, 40
        with server.connect() as client:
            client.ask(b"w 0 1\n0")
            self.run_clients(
                *(
                    (passing, (server.port, me, count, rounds))
                    for me in range(count)
                )
            )
            self.assertEqual(client.ask(b"r 0\n").data, b"200")
            found = client.statistics()
        self.assertEqual(int(found["writes"]), 1 + count * rounds)
        self.assertEqual(int(found["reads"]), 1 + count * rounds)

    def test_one_write_wakes_every_reader_that_waits_for_it(self) -> None:
        server = self.dipc()
        watchers = [server.connect() for _ in range(50)]
        with server.connect() as client:
            for watcher in watchers:
                self.addCleanup(watcher.close)
                watcher.send(b"r 6 after=0 wait=30000\n")
            until(
                lambda: client.statistics(6)["watching"] == "50",
                "all of them wait",
            )
            client.ask(b"w 5 1\nx")
            self.assertEqual(client.statistics(6)["watching"], "50")
            client.ask(b"w 6 4\nnews")
            for watcher in watchers:
                self.assertEqual(watcher.reply().data, b"news")
            self.assertEqual(client.statistics(6)["watching"], "0")

    def test_a_waiting_reader_holds_up_nobody(self) -> None:
        server = self.dipc()
        with server.connect() as watcher, server.connect() as client:
            watcher.send(b"r 0 after=5 wait=30000\n")
            until(lambda: client.statistics(0)["watching"] == "1", "it waits")
            for version in range(1, 6):
                self.assertEqual(client.ask(b"w 0 1\nx").version, version)
            self.assertEqual(client.statistics(0)["watching"], "1")
            client.ask(b"w 0 1\ny")
            self.assertEqual(watcher.reply().version, 6)

    def test_a_write_stalled_in_the_middle_delays_nobody(self) -> None:
        server = self.dipc()
        with server.connect() as stalled, server.connect() as client:
            before = int(client.statistics()["bytes-in"])
            stalled.send(b"w 0 4096\n" + b"s" * 2000)
            until(
                lambda: int(client.statistics()["bytes-in"]) >= before + 2009,
                "the server has half of the write",
            )
            self.run_clients(
                (whole, (server.port, b"a", 100)),
                (whole, (server.port, b"b", 100)),
            )
            self.assertEqual(client.statistics(0)["waiting"], "0")
            self.assertEqual(client.ask(b"r 0\n").version, 200)
            stalled.send(b"s" * 2096)
            self.assertEqual(stalled.reply().version, 201)
            self.assertEqual(client.ask(b"r 0\n").data, b"s" * 4096)


if __name__ == "__main__":
    main()
