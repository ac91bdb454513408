"""Clients of a server that may fail once, and what its mailboxes may hold."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable

from process.wire import Reply, Wire

MAILBOXES = 8
MAILBOX_KB = 16
PACKET_KB = 4
WATCHER_TRIES = 2000

State = tuple[int, bytes]  # a mailbox: its version, its content


class Problem(Exception):
    """The server did what it must not do."""


def written(before: State, data: bytes, at: str | None) -> State:
    """What a write makes of a mailbox."""
    version, content = before
    if at is None:
        content = data
    elif at == "end":
        content += data
    elif data:
        offset = int(at)
        content = content.ljust(offset, b"\0")
        content = content[:offset] + data + content[offset + len(data) :]
    return version + 1, content


class Conversation:
    """Several clients, and every state that each mailbox may be in.

    What was answered is certain.  A request whose connection broke before the
    answer came may have happened or not; so may one that was answered so.

    may_break   how many connections may break: one for one fault
    """

    def __init__(
        self, connect: Callable[[str], Wire], may_break: int
    ) -> None:
        self.connect = connect
        self.may_break = may_break
        self.broken: list[str] = []
        self.clients: dict[str, Wire] = {}
        self.possible: dict[int, set[State]] = {
            m: {(0, b"")} for m in range(MAILBOXES)
        }

    def lose(self, name: str, why: str) -> None:
        self.broken.append(f"{name}: {why}")
        if len(self.broken) > self.may_break:
            raise Problem(f"connections broke: {self.broken}")
        self.drop(name)

    def drop(self, name: str) -> None:
        client = self.clients.pop(name, None)
        if client is not None:
            client.close()

    def close(self) -> None:
        for name in list(self.clients):
            self.drop(name)

    def client(self, name: str) -> Wire:
        """The connection of this name, made when there is none."""
        while name not in self.clients:
            try:
                self.clients[name] = self.connect(name)
            except TimeoutError as error:
                raise Problem(f"{name}: no connection: {error}") from error
            except OSError as error:
                self.lose(name, f"refused: {error}")
        return self.clients[name]

    def reply(self, name: str, asked: str) -> Reply | None:
        """The next answer; None: the connection broke."""
        try:
            answer = self.clients[name].reply()
        except TimeoutError as error:
            raise Problem(f"{name}: no answer to {asked!r}") from error
        except (EOFError, OSError) as error:
            self.lose(name, f"{asked}: {error}")
            return None
        if not answer.ok and answer.code in ("internal", "busy"):
            self.lose(name, answer.line)
        return answer

    def send(self, name: str, data: bytes) -> None:
        """Send; should the connection break, the answer will tell."""
        client = self.client(name)
        try:
            client.send(data)
        except TimeoutError as error:
            raise Problem(f"{name}: cannot send") from error
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise

    def ask(self, name: str, request: str, data: bytes = b"") -> Reply | None:
        self.send(name, request.encode() + b"\n" + data)
        return self.reply(name, request)

    def expect(self, name: str, request: str, code: str, data: bytes) -> None:
        """A request that is answered with an error, and changes nothing."""
        answer = self.ask(name, request, data)
        if answer and name in self.clients and answer.code != code:
            raise Problem(f"{request!r}: {answer.line!r} and not {code}")

    def judge_write(
        self, answer: Reply | None, m: int, data: bytes, at: str | None
    ) -> None:
        before = self.possible[m]
        after = {written(state, data, at) for state in before}
        if answer is None or "outcome is unknown" in answer.text:
            self.possible[m] = before | after
        elif answer.ok:
            self.possible[m] = {
                state
                for state in after
                if (answer.version, answer.size) == (state[0], len(state[1]))
            }
            if not self.possible[m]:
                raise Problem(f"mailbox {m}: {answer.line!r} after {before}")
        elif answer.code not in ("internal", "busy"):
            raise Problem(f"a write to {m} was answered {answer.line!r}")

    def write(
        self, name: str, m: int, data: bytes, at: str | None = None
    ) -> None:
        option = "" if at is None else f" at={at}"
        answer = self.ask(name, f"w {m} {len(data)}{option}", data)
        self.judge_write(answer, m, data, at)

    def judge_read(
        self,
        answer: Reply | None,
        m: int,
        earlier: frozenset[State] = frozenset(),
    ) -> None:
        """What was read is possible now, or was when it was read."""
        if answer is None or answer.code in ("internal", "busy"):
            return
        if not answer.ok:
            raise Problem(f"a read of {m} was answered {answer.line!r}")
        seen = {
            state
            for state in self.possible[m] | earlier
            if (answer.version, answer.size) == (state[0], len(state[1]))
            and answer.data == state[1][: PACKET_KB << 10]
        }
        if not seen:
            raise Problem(
                f"mailbox {m}: {answer.line!r} with {answer.data[:40]!r}, and"
                f" possible is {[(v, c[:40]) for v, c in self.possible[m]]}"
            )
        if not earlier:
            self.possible[m] = seen

    def read(self, name: str, m: int) -> None:
        self.judge_read(self.ask(name, f"r {m}"), m)

    def read_all(self, name: str) -> None:
        for m in range(MAILBOXES):
            while not self.reads(name, m):
                pass

    def reads(self, name: str, m: int) -> bool:
        """Read; the connection is still there."""
        self.read(name, m)
        return name in self.clients

    def pipeline(self, name: str) -> None:
        """Many requests in one piece; the answers in their order."""
        self.send(name, b"".join(b"w 2 2 at=end\n%02d" % i for i in range(8)))
        for i in range(8):
            there = name in self.clients
            answer = self.reply(name, "a batch") if there else None
            self.judge_write(answer, 2, b"%02d" % i, "end")

    def unframed(self, name: str) -> None:
        """A write that a half-close ends, and a bare header."""
        self.send(name, b"w 3\nunframed")
        self.half_close(name)
        self.judge_write(self.reply(name, "w 3"), 3, b"unframed", None)
        self.drop(name)
        self.send(name, b"r 3")
        self.judge_read(self.reply(name, "r 3, bare"), 3)

    def half_close(self, name: str) -> None:
        try:
            self.clients[name].half_close()
        except OSError as error:
            if error.errno not in (errno.ENOTCONN, errno.ECONNRESET):
                raise

    def wait(self, waiter: str, writer: str) -> None:
        """A read that waits for a version, and gets it."""
        self.send(waiter, b"s\nr 4 after=0 wait=9000\n")
        if self.reply(waiter, "s") is None or waiter not in self.clients:
            self.write(writer, 4, b"news")
            return
        self.write(writer, 4, b"news")
        earlier = frozenset(self.possible[4])
        if (0, b"") in earlier:
            # It may wait for what never came: one more write wakes it.
            self.write(writer, 4, b"more")
        self.judge_read(self.reply(waiter, "r 4 after=0"), 4, earlier)
        answer = self.ask(waiter, "r 5 after=9 wait=1")
        if answer and waiter in self.clients and answer.code != "timeout":
            raise Problem(f"a wait for nothing: {answer.line!r}")

    def has_watcher(self, name: str, m: int) -> bool:
        """Ask until somebody waits for a version; False: nobody does."""
        for _ in range(WATCHER_TRIES):
            answer = self.ask(name, f"s {m}")
            if self.broken or answer is None:
                return False
            if b"watching 1\n" in answer.data:
                return True
        return False

    def vanish(self, name: str) -> None:
        """A client that resets its connection while it waits."""
        self.send(name, b"s\nr 5 after=0 wait=200\n")
        self.reply(name, "s")
        client = self.clients.pop(name, None)
        if client is not None:
            linger = struct.pack("ii", 1, 0)
            client.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
            client.close()

    def quit(self, name: str) -> None:
        if name not in self.clients or self.ask(name, "q") is None:
            return
        # Its place is free once the end is seen.
        try:
            if name in self.clients and self.clients[name].rest():
                raise Problem("something was said after the end")
        except TimeoutError as error:
            raise Problem("the server does not close") from error
        except OSError as error:
            self.lose(name, f"q: {error}")
        self.drop(name)

    def crowd(self, limit: int) -> None:
        """One client more than there is room for is told so."""
        names = [f"tcp-{i}" for i in range(limit - len(self.clients))]
        for name in names:
            self.ask(name, "r 0")
        if len(self.clients) == limit:
            self.one_too_many(names)
        for name in names:
            self.quit(name)

    def one_too_many(self, names: list[str]) -> None:
        with self.connect("tcp") as client:
            try:
                answer = client.ask(b"r 0\n")
            except TimeoutError as error:
                raise Problem("one too many waits") from error
            except (EOFError, OSError) as error:
                self.lose("one too many", str(error))
                return
        if answer.ok and not any(self.ask(n, "r 0") is None for n in names):
            raise Problem("one too many was let in")
        if not answer.ok and answer.code != "busy":
            raise Problem(f"one too many: {answer.line!r}")

    def fill(self) -> None:
        """A little, for others to find."""
        self.write("a", 0, b"kept")
        self.write("a", 0, b" well", "end")
        self.write("a", 7, b"too")

    def ask_redis(self, name: str, *words: bytes) -> bytes | None:
        """A command in Redis's protocol; the first line of its answer."""
        parts = [b"*%d\r\n" % len(words)]
        parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
        self.send(name, b"".join(parts))
        try:
            line = self.clients[name].line()
        except TimeoutError as error:
            raise Problem(f"{name}: no answer to {words}") from error
        except (EOFError, OSError) as error:
            self.lose(name, f"{words!r}: {error}")
            return None
        if line.startswith(b"-"):
            self.lose(name, line.decode())
        return line

    def set_redis(self, name: str, m: int, data: bytes) -> None:
        before = self.possible[m]
        after = {written(state, data, None) for state in before}
        line = self.ask_redis(name, b"SET", b"mailbox:%d" % m, data)
        if line is None or b"outcome is unknown" in line:
            self.possible[m] = before | after
        elif line == b"+OK\r":
            self.possible[m] = after
        elif not line.startswith(b"-"):
            raise Problem(f"SET was answered {line!r}")

    def get_redis(self, name: str, m: int) -> None:
        line = self.ask_redis(name, b"GET", b"mailbox:%d" % m)
        if line is None or line.startswith(b"-"):
            return
        if line == b"$-1\r" and (0, b"") in self.possible[m]:
            return
        try:
            data = self.clients[name].exactly(int(line[1:]) + 2)
        except TimeoutError as error:
            raise Problem(f"{name}: half an answer") from error
        except (EOFError, OSError) as error:
            self.lose(name, f"GET: {error}")
            return
        if data[:-2] not in {content for _, content in self.possible[m]}:
            raise Problem(f"GET of {m} was answered {data!r}")

    def hold(self, bystander: str, name: str) -> None:
        """Each kind of request, beside a client that wants little."""
        self.read(bystander, 0)
        self.write(name, 0, b"hello")
        self.write(name, 0, b" world", "end")
        self.write(name, 0, b"J", "0")
        self.write(name, 1, b"x" * (PACKET_KB << 10))
        for _ in range(3):
            self.write(name, 1, b"y" * (PACKET_KB << 10), "end")
        self.expect(name, "w 1 1 at=16384", "too-large", b"z")
        self.expect(name, "w 0 3 if=77", "conflict", b"abc")
        self.expect(name, "w 0 3 is=7", "bad-request", b"abc")
        self.expect(name, "r 99", "no-such-mailbox", b"")
        self.expect(name, "w 1 5000", "too-large", b"x" * 5000)
        self.read(name, 0)
        self.read(name, 1)
        self.ask(name, "s")
        self.ask(name, "s 0")
        self.pipeline(name)
        self.unframed("tcp-once")
        self.wait("tcp-waits", name)
        self.vanish("tcp-vanishes")
        self.set_redis("tcp-redis", 5, b"by Redis's protocol")
        self.get_redis("tcp-redis", 5)
        self.read(bystander, 2)
        self.quit(name)
