"""Pipelining: answers in order, and one recv and one send for a batch."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from process import machine
from process.case import ProcessCase, Server, until
from process.main import main, show
from process.wire import Wire

FEW_BYTES = 30


class Batches(ProcessCase):
    def test_answers_come_in_the_order_of_the_requests(self) -> None:
        with self.dipc().connect() as client:
            batch = b""
            for i in range(500):
                word = b"%d" % i
                batch += b"w 2 %d\n" % len(word) + word + b"r 2\nr 9\nx\n"
            client.send(batch)
            for i in range(500):
                self.assertEqual(client.reply().version, i + 1)
                self.assertEqual(client.reply().data, b"%d" % i)
                self.assertEqual(client.reply().code, "no-such-mailbox")
                self.assertEqual(client.reply().code, "bad-request")

    def test_a_batch_cut_anywhere_is_answered_alike(self) -> None:
        batch = b"w 2 3\nabcr 2\r\n w 2 0\nr 2 at=1\nw 9 4\nlostx y\nr 2\n"
        whole = (
            b"ok 0 version=%d size=3\nok 3 version=%d size=3\nabc"
            b"ok 0 version=%d size=0\nok 0 version=%d size=0\n"
        )
        with self.dipc().connect() as client:
            for cut in range(1, len(batch)):
                client.send(batch[:cut])
                client.send(batch[cut:])
                v = 2 * cut - 1
                got = client.exactly(len(whole % (v, v, v + 1, v + 1)))
                self.assertEqual(got, whole % (v, v, v + 1, v + 1))
                self.assertEqual(client.reply().code, "no-such-mailbox")
                self.assertEqual(client.reply().code, "bad-request")
                self.assertEqual(client.reply().version, v + 1)

    def test_a_wait_in_a_batch_lets_earlier_answers_go(self) -> None:
        server = self.dipc()
        with server.connect() as client, server.connect() as other:
            client.send(b"w 0 1\nx" b"r 1 after=0 wait=20000\nr 0\n")
            self.assertEqual(client.reply().version, 1)
            other.ask(b"w 1 3\nnow")
            self.assertEqual(client.reply().data, b"now")
            self.assertEqual(client.reply().data, b"x")

    def test_a_batch_costs_one_recv_and_one_send(self) -> None:
        machine.need_plain_build("makes system calls of its own")
        strace = machine.need_strace()
        count = 100
        server = self.dipc()
        with server.connect() as client:
            client.ask(b"w 0 5\nhello")
            calls = self.trace(
                strace,
                server,
                lambda: self.converse(client, count),
            )
        show(f"{count} requests in one batch: {', '.join(calls)} bytes")
        self.assertEqual(len([c for c in calls if "recv" in c]), 1)
        self.assertEqual(len([c for c in calls if "send" in c]), 1)

    def converse(self, client: Wire, count: int) -> None:
        client.ask(b"r 7\n")  # whatever comes now is seen from its beginning
        batch = b"r 0\n" * count
        answer = b"ok 5 version=1 size=5\nhello" * count
        self.assertEqual(client.socket.send(batch), len(batch))
        self.assertEqual(client.exactly(len(answer)), answer)
        client.ask(b"q\n")  # once it is answered, the send has been seen

    def trace(
        self, strace: str, server: Server, action: Callable[[], None]
    ) -> list[str]:
        """The calls that moved bytes while the action ran."""
        log = self.directory / "calls"
        tracer = subprocess.Popen(
            [
                strace,
                "-f",
                "-qq",
                "-o",
                str(log),
                "-e",
                "trace=recvfrom,"
                "recvmsg,read,readv,sendto,sendmsg,write,writev",
                "-p",
                str(server.pid),
            ],
            stderr=subprocess.PIPE,
        )
        try:
            until(lambda: self.is_traced(server.pid), "strace is attached")
            action()
        finally:
            tracer.terminate()
            tracer.communicate(timeout=30)
        return self.moved(log)

    @staticmethod
    def is_traced(pid: int) -> bool:
        return all(
            machine.status(int(task), "TracerPid")
            for task in os.listdir(f"/proc/{pid}/task")
        )

    @staticmethod
    def moved(log: Path) -> list[str]:
        """Each call as "name = bytes"; those of a few bytes do not count."""
        calls = []
        for line in log.read_text(errors="replace").splitlines():
            found = re.search(r"(\w+)(?:\(| resumed).*= (\d+)$", line)
            if found and int(found[2]) > FEW_BYTES:
                name = "recv" if found[1] in ("read", "recvfrom") else found[1]
                name = "send" if found[1] in ("write", "sendto") else name
                calls.append(f"{name} = {found[2]}")
        return calls


if __name__ == "__main__":
    main()
