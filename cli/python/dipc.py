"""A client of DIPC, a server of shared mailboxes.

Each mailbox holds a byte string and a version, which every write raises by
one.  A connection belongs to one thread at a time.

    import dipc

    with dipc.Connection("localhost", 7000, timeout=5) as c:
        c.write(3, b"hello")
        answer = c.read(3)
        print(answer.data, answer.version)
        newer = c.wait(3, after=answer.version, wait=10)

A request that the server refuses raises the exception of its code (Conflict,
Timeout, and so on, all of them Error); it has changed nothing, and the
connection goes on.  A connection that breaks raises ConnectionLost; nothing is
ever sent twice silently.

Standard library only; Python 3.11 or later.
"""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

__all__ = [
    "Answer",
    "BadRequest",
    "Busy",
    "Conflict",
    "Connection",
    "ConnectionLost",
    "Error",
    "Internal",
    "NoSuchMailbox",
    "Read",
    "ShuttingDown",
    "Timeout",
    "TooLarge",
    "Write",
]

WAIT_DEFAULT_S = 30.0  # the protocol's, when a read says after but no wait
LINE_MAX_BYTES = 65536  # of an answer; far more than a server sends
RECEIVE_BYTES = 65536

Buffer = bytes | bytearray | memoryview
Request = bytes  # a whole request as it goes on the wire


class Error(Exception):
    """What the server answered instead of doing as asked.

    Nothing was changed.  `code` is the protocol's word, `text` the server's
    explanation for a person, `keys` the answer's key=value pairs.
    """

    code = ""

    def __init__(
        self, text: str, code: str = "", keys: dict[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.code = code or self.code
        self.keys = keys or {}


class BadRequest(Error):
    """The server did not understand the request, or saw only part of it."""

    code = "bad-request"


class NoSuchMailbox(Error):
    """The mailbox's number is not one that the server has."""

    code = "no-such-mailbox"


class TooLarge(Error):
    """More data than a packet, or a content longer than a mailbox."""

    code = "too-large"


class Conflict(Error):
    """The mailbox is not at the version that `if_version` named.

    `version` is the one that it is at.
    """

    code = "conflict"

    @property
    def version(self) -> int:
        """The mailbox's version when the server refused."""
        return _number(self.keys, "version")


class Timeout(Error):
    """Nothing newer than the version named by `after` came in time."""

    code = "timeout"


class Busy(Error):
    """The mailbox's lock was not had in time, or the server is full."""

    code = "busy"


class ShuttingDown(Error):
    """The server is ending; the connection is closed."""

    code = "shutting-down"


class Internal(Error):
    """A fault in the server, which its log describes."""

    code = "internal"


class ConnectionLost(Exception):
    """The connection broke, or no answer came within the time allowed.

    The outcome of a write that was under way is then unknown: the server may
    have carried it out, or not.  A caller who must know connects again and
    reads the mailbox's version; the library never sends a request twice.  The
    connection cannot be used any more.
    """


_ERRORS: dict[str, type[Error]] = {
    kind.code: kind
    for kind in (
        BadRequest,
        NoSuchMailbox,
        TooLarge,
        Conflict,
        Timeout,
        Busy,
        ShuttingDown,
        Internal,
    )
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered to a read or a write.

    `version` and `size` are the mailbox's, when it was read or after it was
    written; `size` counts the bytes of its whole content, of which `data` may
    be a part.  A write's answer has no data.
    """

    data: bytes
    version: int
    size: int


@dataclass(frozen=True, slots=True)
class Read:
    """A read, for Connection.batch.  Fields as in Connection.read."""

    mailbox: int
    at: int = 0
    max: int | None = None
    if_version: int | None = None
    after: int | None = None
    wait: float | None = None

    def encode(self) -> bytes:
        """The request as it goes on the wire."""
        fields = [b"r %d" % self.mailbox]
        if self.at != 0:
            fields.append(b"at=%d" % self.at)
        if self.max is not None:
            fields.append(b"max=%d" % self.max)
        if self.if_version is not None:
            fields.append(b"if=%d" % self.if_version)
        if self.after is not None:
            fields.append(b"after=%d" % self.after)
        if self.wait is not None:
            fields.append(b"wait=%d" % math.ceil(self.wait * 1000))
        return b" ".join(fields) + b"\n"

    def wait_s(self) -> float:
        """How long the server may rightly hold the answer back."""
        if self.after is None:
            return 0.0
        return WAIT_DEFAULT_S if self.wait is None else self.wait


@dataclass(frozen=True, slots=True)
class Write:
    """A write, for Connection.batch.  Fields as in Connection.write."""

    mailbox: int
    data: Buffer
    at: int | Literal["end"] | None = None
    if_version: int | None = None

    def encode(self) -> bytes:
        """The request as it goes on the wire."""
        data = _bytes(self.data)
        fields = [b"w %d %d" % (self.mailbox, len(data))]
        if self.at == "end":
            fields.append(b"at=end")
        elif self.at is not None:
            fields.append(b"at=%d" % self.at)
        if self.if_version is not None:
            fields.append(b"if=%d" % self.if_version)
        return b" ".join(fields) + b"\n" + data

    def wait_s(self) -> float:
        """How long the server may rightly hold the answer back."""
        return 0.0


class Connection:
    """One connection to a server; a context manager that closes it.

    host      a name or an address; each of a name's addresses is tried
    port      a number, or the name of a service
    timeout   seconds to connect, and to wait for each answer beyond the time
              that a read itself asks to wait; None waits for ever

    Raises OSError when nobody listens there.
    """

    def __init__(
        self,
        host: str,
        port: int | str,
        timeout: float | None = 30.0,
    ) -> None:
        self.timeout = timeout
        self._input = bytearray()
        self._lost: str | None = None
        address = (host, port)
        self._socket = socket.create_connection(
            address, timeout  # type: ignore[arg-type]  # a name is fine too
        )
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(
        self,
        mailbox: int,
        at: int = 0,
        max: int | None = None,
        if_version: int | None = None,
        after: int | None = None,
        wait: float | None = None,
    ) -> Answer:
        """Read at most one packet of a mailbox's content, from offset `at`.

        max         at most so many bytes
        if_version  raise Conflict unless the mailbox is at this version, so
                    that pieces of a large content are never of two versions
        after       wait until the version is greater than this one
        wait        for at most so many seconds (30 unless told; the server
                    has a limit of its own); only together with `after`

        Raises Conflict, NoSuchMailbox, Timeout, Busy.
        """
        return self._one(Read(mailbox, at, max, if_version, after, wait))

    def write(
        self,
        mailbox: int,
        data: Buffer,
        at: int | Literal["end"] | None = None,
        if_version: int | None = None,
    ) -> Answer:
        """Write a mailbox, all at once or, when it fails, not at all.

        at          None replaces the whole content; a number overwrites from
                    that offset and keeps the rest; "end" appends
        if_version  raise Conflict unless the mailbox is at this version

        Raises Conflict, NoSuchMailbox, TooLarge, Busy.
        """
        return self._one(Write(mailbox, data, at, if_version))

    def append(self, mailbox: int, data: Buffer) -> Answer:
        """Add data at the end of a mailbox's content.

        Raises NoSuchMailbox, TooLarge, Busy.
        """
        return self.write(mailbox, data, at="end")

    def compare_and_swap(
        self, mailbox: int, version: int, data: Buffer
    ) -> Answer:
        """Replace a mailbox's content if it is still at `version`.

        Raises Conflict (which tells the version it is at), NoSuchMailbox,
        TooLarge, Busy.
        """
        return self.write(mailbox, data, if_version=version)

    def wait(
        self, mailbox: int, after: int, wait: float | None = None
    ) -> Answer:
        """Wait for a version newer than `after`, and read it.

        Nobody else is held up meanwhile.  Raises Timeout when nothing newer
        came within `wait` seconds (30 unless told).
        """
        return self.read(mailbox, after=after, wait=wait)

    def stat(self, mailbox: int | None = None) -> dict[str, int | str]:
        """The statistics of the server, or of one mailbox.

        Values that are numbers are int, others str.  Raises NoSuchMailbox.
        """
        line = b"s\n" if mailbox is None else b"s %d\n" % mailbox
        found = self._exchange([line], [0.0])[0]
        if isinstance(found, Error):
            raise self._judged(found, False)
        statistics: dict[str, int | str] = {}
        for entry in found[0].decode("utf-8", "replace").splitlines():
            name, _, value = entry.partition(" ")
            statistics[name] = int(value) if value.isdecimal() else value
        return statistics

    def batch(self, requests: Sequence[Read | Write]) -> list[Answer | Error]:
        """Send many requests at once, and return their answers in order.

        A request that is refused does not stop the others: its Error stands in
        the list, not raised.  Raises ConnectionLost when not all were
        answered; which writes were carried out is then unknown.
        """
        found = self._exchange(
            [request.encode() for request in requests],
            [request.wait_s() for request in requests],
        )
        return [
            item if isinstance(item, Error) else _answer(*item)
            for item in found
        ]

    def quit(self) -> None:
        """Take leave of the server, which answers and closes; then close."""
        try:
            self._exchange([b"q\n"], [0.0])
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection.  May be called more than once."""
        self._lost = self._lost or "it was closed by this side"
        self._socket.close()

    def _one(self, request: Read | Write) -> Answer:
        found = self._exchange([request.encode()], [request.wait_s()])[0]
        if isinstance(found, Error):
            waited = isinstance(request, Read) and request.after is not None
            raise self._judged(found, waited)
        return _answer(*found)

    def _judged(self, error: Error, waited: bool) -> Exception:
        """A time-out where none was asked for is the server's farewell."""
        if isinstance(error, Timeout) and not waited:
            self._abandon(error.text)
            return ConnectionLost(f"the server closed: {error.text}")
        if isinstance(error, ShuttingDown):
            self._abandon(error.text)
        return error

    def _exchange(
        self, requests: Sequence[Request], waits_s: Sequence[float]
    ) -> list[tuple[bytes, dict[str, str]] | Error]:
        """Send all requests while receiving one answer for each."""
        if self._lost is not None:
            raise ConnectionLost(f"the connection is gone: {self._lost}")
        try:
            self._refuse_unasked()
            return self._converse(b"".join(requests), waits_s)
        except ConnectionLost as lost:
            self._abandon(str(lost))
            raise
        except BaseException:
            # An answer may still be under way: nobody could tell whose it is.
            self._abandon("a request was interrupted")
            raise

    def _converse(
        self, unsent: bytes, waits_s: Sequence[float]
    ) -> list[tuple[bytes, dict[str, str]] | Error]:
        answers: list[tuple[bytes, dict[str, str]] | Error] = []
        view = memoryview(unsent)
        broken: str | None = None  # why nothing more can be sent
        deadline = self._deadline(waits_s[0] if waits_s else 0.0)
        while len(answers) < len(waits_s):
            item = self._decode()
            if item is not None:
                answers.append(item)
                if len(answers) < len(waits_s):
                    deadline = self._deadline(waits_s[len(answers)])
                continue
            wanted = select.POLLIN
            if view and broken is None:
                wanted |= select.POLLOUT
            ready = self._poll(wanted, deadline)
            if ready == 0:
                raise ConnectionLost(
                    f"no answer within {self.timeout} s; what became of the "
                    "request is unknown"
                )
            if ready & select.POLLOUT and view and broken is None:
                try:
                    view = view[self._socket.send(view) :]
                except BlockingIOError:
                    pass
                except OSError as error:
                    # An answer that says why may stand before the end.
                    broken = error.strerror or str(error)
            if ready & ~select.POLLOUT:
                self._receive(broken)
        return answers

    def _refuse_unasked(self) -> None:
        """See whether the server has said or ended something unasked."""
        if not self._input and not self._poll(select.POLLIN, time.monotonic()):
            return
        deadline = self._deadline(0.0)
        while (item := self._decode()) is None:
            if not self._poll(select.POLLIN, deadline):
                raise ConnectionLost("the server began an answer to nothing")
            self._receive(None)
        if isinstance(item, Error):
            self._abandon(item.text)
            if isinstance(item, Busy | ShuttingDown):
                raise item
            raise ConnectionLost(f"the server closed: {item.text}")
        raise ConnectionLost("the server answered what nobody asked")

    def _deadline(self, wait_s: float) -> float | None:
        if self.timeout is None:
            return None
        return time.monotonic() + self.timeout + wait_s

    def _poll(self, events: int, deadline: float | None) -> int:
        """The events that are ready; 0 once the deadline has passed."""
        poller = select.poll()
        poller.register(self._socket, events)
        if deadline is None:
            left_ms: int | None = None
        else:
            left_ms = max(0, math.ceil((deadline - time.monotonic()) * 1000))
        ready = poller.poll(left_ms)
        return ready[0][1] if ready else 0

    def _receive(self, broken: str | None) -> None:
        try:
            piece = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise ConnectionLost(broken or error.strerror or str(error))
        if not piece:
            raise ConnectionLost(broken or "the server closed the connection")
        self._input += piece

    def _decode(self) -> tuple[bytes, dict[str, str]] | Error | None:
        """Take one whole answer out of what was received, if it is there."""
        end = self._input.find(b"\n", 0, LINE_MAX_BYTES)
        if end < 0:
            if len(self._input) >= LINE_MAX_BYTES:
                raise ConnectionLost("that is no DIPC server: an endless line")
            return None
        line = bytes(self._input[:end]).removesuffix(b"\r")
        text = line.decode("utf-8", "replace")
        kind, _, rest = text.partition(" ")
        if kind == "err" and rest:
            del self._input[: end + 1]
            return _error(rest)
        length, _, pairs = rest.partition(" ")
        if kind != "ok" or not (length.isascii() and length.isdecimal()):
            raise ConnectionLost(f"that is no DIPC server: it says {text!r}")
        stop = end + 1 + int(length)
        if len(self._input) < stop:
            return None
        data = bytes(self._input[end + 1 : stop])
        del self._input[:stop]
        return data, _keys(pairs)

    def _abandon(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._socket.close()


def _bytes(data: Buffer) -> bytes:
    if isinstance(data, str):
        raise TypeError("data is bytes: encode the text first")
    return bytes(data)


def _keys(text: str) -> dict[str, str]:
    pairs = (field.partition("=") for field in text.split())
    return {key: value for key, _, value in pairs}


def _number(keys: dict[str, str], key: str) -> int:
    value = keys.get(key, "")
    if not (value.isascii() and value.isdecimal()):
        raise ConnectionLost(f"that is no DIPC server: an answer lacks {key}")
    return int(value)


def _answer(data: bytes, keys: dict[str, str]) -> Answer:
    return Answer(data, _number(keys, "version"), _number(keys, "size"))


def _error(rest: str) -> Error:
    head, _, text = rest.partition(": ")
    code, _, pairs = head.partition(" ")
    kind = _ERRORS.get(code, Error)
    return kind(text or code, code, _keys(pairs))
