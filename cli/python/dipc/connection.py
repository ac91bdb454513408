"""A connection to a server, and what can be asked over it."""

from __future__ import annotations

import math
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Self

from dipc.codec import (
    Answer,
    Buffer,
    Done,
    Plain,
    Read,
    Request,
    Write,
    as_bytes,
    decode,
    figure,
    whole,
)
from dipc.conversation import Conversation
from dipc.dialling import connect_tcp, connect_unix
from dipc.errors import (
    Busy,
    Conflict,
    ConnectionLost,
    Error,
    NotConnected,
    PartlyWritten,
    Refused,
    ShuttingDown,
    Timeout,
    TooLarge,
    is_number,
)

RECEIVE_BYTES = 65536
ATTEMPTS_MAX = 100  # to have one version in pieces while others write
PORT_MAX = 65535


class Connection:
    """One connection to a server; a context manager that closes it.

    host      a name or an address; each of a name's addresses is tried
    port      a number, or the name of a service
    timeout   seconds to connect, and to wait for each answer beyond the time
              that a read itself asks to wait; None waits for ever.  (How long
              the look-up of a name takes is up to the system.)

    `timeout` is an attribute too, and may be changed between requests.  A
    connection is used by one thread at a time; only `interrupt` may be called
    from any.  Raises NotConnected.
    """

    timeout: float | None

    def __init__(
        self, host: str, port: int | str, timeout: float | None = 30.0
    ) -> None:
        if isinstance(port, int) and not 1 <= port <= PORT_MAX:
            raise ValueError(f"port {port} is not one of 1 to {PORT_MAX}")
        self._begin(
            f"{host} port {port}",
            timeout,
            lambda: connect_tcp(host, port, timeout),
        )
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def unix(
        cls, path: str | os.PathLike[str], timeout: float | None = 30.0
    ) -> Self:
        """A connection to a server of this machine, by its Unix socket.

        Raises NotConnected.
        """
        connection = cls.__new__(cls)
        connection._begin(
            os.fspath(path), timeout, lambda: connect_unix(path, timeout)
        )
        return connection

    def _begin(
        self,
        where: str,
        timeout: float | None,
        connect: Callable[[], socket.socket],
    ) -> None:
        self.where = where
        self.timeout = timeout
        self._input = bytearray()
        self._lost: str | None = None
        self._limits: tuple[int, int] | None = None
        try:
            self._socket = connect()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise NotConnected(f"{where}: {reason}") from error
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

    def __repr__(self) -> str:
        state = "open" if self._lost is None else self._lost
        return f"<dipc.Connection to {self.where}: {state}>"

    def read(
        self,
        mailbox: int,
        at: int = 0,
        max: int | None = None,
        if_version: int | None = None,
        after: int | None = None,
        wait: float | None = None,
        pieces: bool = False,
    ) -> Answer:
        """Read at most one packet of a mailbox's content, from offset `at`.

        max         at most so many bytes
        if_version  raise Conflict unless the mailbox is at this version
        after       wait until the version is greater than this one
        wait        for at most so many seconds (30 unless told; the server
                    has a limit of its own); only together with `after`
        pieces      read more than a packet, in as many requests as it takes:
                    all of one version, beginning anew when that changes

        Raises Conflict, NoSuchMailbox, Timeout, Busy.
        """
        request = Read(mailbox, at, max, if_version, after, wait)
        if not pieces:
            return self._one(request)
        for _ in range(ATTEMPTS_MAX):
            first = self._one(request)
            try:
                return self._read_rest(request, first)
            except Conflict as conflict:
                if if_version is not None:
                    raise
                last = conflict
        raise last

    def write(
        self,
        mailbox: int,
        data: Buffer,
        at: int | Literal["end"] | None = None,
        if_version: int | None = None,
        pieces: bool = False,
    ) -> Answer:
        """Write a mailbox, all at once or, when it fails, not at all.

        at          None replaces the whole content; a number overwrites from
                    that offset and keeps the rest; "end" appends
        if_version  raise Conflict unless the mailbox is at this version
        pieces      more data than a packet is written piece by piece.  That
                    is not atomic: others can see, and can overwrite, what is
                    half written; but each piece is written only if nobody has
                    written since the one before

        Raises Conflict, NoSuchMailbox, TooLarge, Busy; with `pieces` also
        PartlyWritten.
        """
        request = Write(mailbox, data, at, if_version)
        if not pieces or len(as_bytes(data)) <= self.geometry()[1]:
            return self._one(request)
        return self._write_pieces(request)

    def append(
        self, mailbox: int, data: Buffer, pieces: bool = False
    ) -> Answer:
        """Add data at the end of a mailbox's content.

        Raises NoSuchMailbox, TooLarge, Busy.
        """
        return self.write(mailbox, data, at="end", pieces=pieces)

    def overwrite(
        self, mailbox: int, at: int, data: Buffer, pieces: bool = False
    ) -> Answer:
        """Replace the bytes from offset `at` on, and keep the rest.

        A gap behind the old end is filled with zero bytes.  Raises
        NoSuchMailbox, TooLarge, Busy.
        """
        return self.write(mailbox, data, at=whole(at, "at"), pieces=pieces)

    def compare_and_swap(
        self, mailbox: int, version: int, data: Buffer, pieces: bool = False
    ) -> Answer:
        """Replace a mailbox's content if it is still at `version`.

        Raises Conflict (which tells the version it is at), NoSuchMailbox,
        TooLarge, Busy.
        """
        return self.write(
            mailbox, data, if_version=whole(version, "version"), pieces=pieces
        )

    def wait(
        self,
        mailbox: int,
        after: int,
        wait: float | None = None,
        pieces: bool = False,
    ) -> Answer:
        """Wait for a version newer than `after`, and read it.

        Nobody else is held up meanwhile.  Raises Timeout when nothing newer
        came within `wait` seconds (30 unless told).
        """
        return self.read(
            mailbox, after=whole(after, "after"), wait=wait, pieces=pieces
        )

    def stat(self, mailbox: int | None = None) -> dict[str, int | str]:
        """The statistics of the server, or of one mailbox.

        Values that are numbers are int, others str.  Raises NoSuchMailbox.
        """
        line = b"s\n"
        if mailbox is not None:
            line = b"s %d\n" % whole(mailbox, "mailbox")
        statistics: dict[str, int | str] = {}
        text = self._plain(line).decode("utf-8", "replace")
        for entry in text.splitlines():
            name, _, value = entry.partition(" ")
            statistics[name] = int(value) if is_number(value) else value
        return statistics

    def geometry(self) -> tuple[int, int]:
        """The bytes that a mailbox holds, and those of a packet.

        Asked of the server once for a connection.
        """
        if self._limits is None:
            found = self.stat()
            self._limits = (
                figure(found, "mailbox-bytes"),
                figure(found, "packet-bytes"),
            )
        return self._limits

    def batch(
        self, requests: Sequence[Read | Write]
    ) -> list[Answer | Refused]:
        """Send many requests at once, and return their answers in order.

        A request that is refused does not stop the others: its Refused stands
        in the list, not raised.  Raises ConnectionLost when not all were
        answered, with those that were, and OutcomeUnknown when a write is
        among the others.
        """
        return [
            item
            for item in self._exchange(requests)
            if not isinstance(item, Done)
        ]

    def quit(self) -> None:
        """Take leave of the server, which answers and closes; then close."""
        try:
            self._plain(b"q\n")
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection.  May be called more than once."""
        self._abandon("it was closed by this side")

    def is_open(self) -> bool:
        """Is it not known to be broken or closed?"""
        return self._lost is None

    def interrupt(self) -> None:
        """Break the connection, from any thread.

        Whoever waits for an answer over it has a ConnectionLost at once.
        """
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # broken or closed already

    def _read_rest(self, request: Read, first: Answer) -> Answer:
        """The packets that follow the first, of the same version."""
        wanted = max(0, first.size - request.at)
        if request.max is not None:
            wanted = min(wanted, request.max)
        packet = len(first.data)
        if packet == 0:
            return first
        rest = self.batch(
            [
                Read(
                    request.mailbox,
                    at=request.at + offset,
                    max=min(packet, wanted - offset),
                    if_version=first.version,
                )
                for offset in range(packet, wanted, packet)
            ]
        )
        data = [first.data]
        for item in rest:
            if isinstance(item, Refused):
                raise item
            data.append(item.data)
        return Answer(b"".join(data), first.version, first.size)

    def _write_pieces(self, request: Write) -> Answer:
        if request.at != "end":
            return self._write_chain(request, request.at or 0)
        for _ in range(ATTEMPTS_MAX):
            known = self.read(
                request.mailbox, max=0, if_version=request.if_version
            )
            placed = Write(
                request.mailbox, request.data, known.size, known.version
            )
            try:
                return self._write_chain(placed, known.size)
            except Conflict as conflict:
                if request.if_version is not None:
                    raise
                last = conflict
        raise last

    def _write_chain(self, request: Write, start: int) -> Answer:
        """Write piece by piece, each if nobody wrote since the one before.

        The version that a piece is chained to is always one that was answered:
        one that is merely expected could be that of somebody else's write.
        """
        data = memoryview(as_bytes(request.data))
        mailbox_bytes, packet = self.geometry()
        if start + len(data) > mailbox_bytes:
            raise TooLarge(
                f"{start + len(data)} bytes do not fit into a mailbox of "
                f"{mailbox_bytes}"
            )
        answer = self._one(
            Write(
                request.mailbox, data[:packet], request.at, request.if_version
            )
        )
        for offset in range(packet, len(data), packet):
            piece = Write(
                request.mailbox,
                data[offset : offset + packet],
                start + offset,
                answer.version,
            )
            try:
                answer = self._one(piece)
            except Error as error:
                raise PartlyWritten(
                    f"{offset} of {len(data)} bytes were written, then: "
                    f"{error}",
                    offset,
                    answer.version,
                ) from error
        return answer

    def _one(self, request: Read | Write) -> Answer:
        """One read or write; its refusal is raised."""
        found = self._exchange([request])[0]
        if isinstance(found, Refused):
            waited = isinstance(request, Read) and request.after is not None
            raise self._judged(found, waited)
        assert isinstance(found, Answer)
        return found

    def _plain(self, line: bytes) -> bytes:
        """The data that answers a line; its refusal is raised."""
        found = self._exchange([Plain(line)])[0]
        if isinstance(found, Refused):
            raise self._judged(found, False)
        return found.data

    def _judged(self, refused: Refused, waited: bool) -> Error:
        """A time-out where none was asked for is the server's farewell."""
        if isinstance(refused, Timeout) and not waited:
            self._abandon(refused.text)
            return ConnectionLost(f"the server closed: {refused.text}")
        if isinstance(refused, ShuttingDown):
            self._abandon(refused.text)
        return refused

    def _exchange(
        self, requests: Sequence[Request]
    ) -> list[Answer | Done | Refused]:
        """Send all requests while receiving one answer for each."""
        encoded = [request.encode() for request in requests]
        if self._lost is not None:
            raise ConnectionLost(f"the connection is gone: {self._lost}")
        conversation = Conversation(requests, encoded)
        try:
            self._refuse_unasked()
            self._converse(conversation)
            return conversation.answers
        except ConnectionLost as lost:
            self._abandon(str(lost))
            raise conversation.judge(lost) from lost.__cause__
        except BaseException:
            # An answer may still be under way: nobody could tell whose it is.
            self._abandon("a request was interrupted")
            raise

    def _converse(self, talk: Conversation) -> None:
        deadline = self._deadline(talk.wait_s())
        while not talk.is_over():
            item = decode(self._input) if talk.is_unanswered() else None
            if item is not None:
                talk.take(item)
                deadline = self._deadline(talk.wait_s())
                continue
            wanted = select.POLLIN
            if talk.has_unsent():
                wanted |= select.POLLOUT
            ready = self._poll(wanted, deadline)
            if ready == 0:
                raise ConnectionLost(
                    f"no answer within {self.timeout} s", timed_out=True
                )
            if ready & select.POLLOUT:
                self._send(talk)
            if ready & ~select.POLLOUT and not self._receive(talk):
                return

    def _send(self, talk: Conversation) -> None:
        try:
            talk.unsent = talk.unsent[self._socket.send(talk.unsent) :]
        except BlockingIOError:
            pass
        except OSError as error:
            # An answer that says why may stand before the end.
            talk.broken = error.strerror or str(error)

    def _receive(self, talk: Conversation) -> bool:
        """Receive something; False when there is nothing to wait for."""
        try:
            piece = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return True
        except OSError as error:
            piece = b""
            talk.broken = talk.broken or error.strerror or str(error)
        if piece:
            self._input += piece
            return True
        reason = talk.broken or "the server closed the connection"
        if talk.is_unanswered():
            raise ConnectionLost(reason)
        self._abandon(reason)  # all is answered, though not all was sent
        return False

    def _refuse_unasked(self) -> None:
        """See whether the server has said or ended something unasked."""
        if not self._input and not self._poll(select.POLLIN, time.monotonic()):
            return
        deadline = self._deadline(0.0)
        nothing = Conversation([Plain(b"")], [b""])
        while (item := decode(self._input)) is None:
            if not self._poll(select.POLLIN, deadline):
                raise ConnectionLost("the server began an answer to nothing")
            self._receive(nothing)
        if not isinstance(item, Refused):
            raise ConnectionLost("the server answered what nobody asked")
        self._abandon(item.text)
        if isinstance(item, Busy | ShuttingDown):
            raise item
        raise ConnectionLost(f"the server closed: {item.text}")

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

    def _abandon(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._socket.close()
