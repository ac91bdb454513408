"""A thread that adds lines to a conversation, each by compare-and-swap."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from dipc.connection import Connection
from dipc.errors import (
    Conflict,
    ConnectionLost,
    Error,
    NotConnected,
    OutcomeUnknown,
    ShuttingDown,
)
from dipc.place import Place
from dipc.room import plan
from dipc.watcher import TIMEOUT_S

ATTEMPTS_MAX = 1000  # of one line, while others write theirs
ROOM_MAX_BYTES = 256 * 1024  # of a mailbox, for readers read all of it
PAUSE_S = 2.0  # before another attempt to connect, if nobody knows better


@dataclass(frozen=True, slots=True)
class Sent:
    """The line stands in the mailbox since this version."""

    text: str
    version: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """The line does not stand in the mailbox; with `unknown`, it may."""

    text: str
    reason: str
    unknown: bool = False


class Courier(threading.Thread):
    """Sends lines in their order, and waits while there is no connection."""

    def __init__(
        self,
        place: Place,
        mailbox: int,
        report: Callable[[Sent | NotSent], None],
    ) -> None:
        super().__init__(name="courier", daemon=True)
        self._place = place
        self._mailbox = mailbox
        self._report = report
        self._connection: Connection | None = None  # this thread's own
        self._geometry = (0, 0)  # bytes of a mailbox and a packet; its own
        self._turn = threading.Condition()
        self._outbox: deque[str] = deque()  # under _turn
        self._stopping = False  # under _turn
        self._hurried = False  # under _turn

    def send(self, text: str) -> None:
        """Have a line sent, after those that wait."""
        with self._turn:
            self._outbox.append(text)
            self._turn.notify()

    def hurry(self) -> None:
        """The server is there again: do not wait any longer."""
        with self._turn:
            self._hurried = True
            self._turn.notify()

    def unsent(self) -> list[str]:
        """The lines that still wait; the first may be under way."""
        with self._turn:
            return list(self._outbox)

    def stop(self) -> None:
        """Send nothing more."""
        with self._turn:
            self._stopping = True
            self._turn.notify()

    def run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._outbox or self._stopping)
                if self._stopping:
                    return
                self._hurried = False
                text = self._outbox[0]
            outcome = self._try(text)
            with self._turn:
                if outcome is None:
                    # It was certainly not sent; it is still the first.
                    self._turn.wait_for(self._is_urgent, PAUSE_S)
                    continue
                self._outbox.popleft()
            self._report(outcome)

    def _is_urgent(self) -> bool:
        return self._hurried or self._stopping

    def _try(self, text: str) -> Sent | NotSent | None:
        """Send a line; None while there is no connection to do so."""
        for _ in ("an old connection, which may have broken", "a new one"):
            try:
                return self._add(text)
            except OutcomeUnknown as error:
                return NotSent(text, str(error), unknown=True)
            except (NotConnected, ShuttingDown):
                return None
            except ConnectionLost:
                continue  # certainly not done
            except (Error, ValueError) as error:
                return NotSent(text, str(error))
        return None

    def _add(self, text: str) -> Sent | NotSent:
        connection = self._connected()
        for _ in range(ATTEMPTS_MAX):
            found = connection.read(self._mailbox, pieces=True)
            step = plan(found.data, text, *self._geometry)
            try:
                written = connection.write(
                    self._mailbox,
                    step.data,
                    at="end" if step.append else None,
                    if_version=found.version,
                )
            except Conflict:
                continue  # somebody else was quicker
            return Sent(text, written.version)
        return NotSent(text, "others always write at the same moment")

    def _connected(self) -> Connection:
        """The connection, made anew where the last has broken."""
        if self._connection is not None and self._connection.is_open():
            return self._connection
        self._connection = self._place.connect(TIMEOUT_S)
        mailbox_bytes, packet_bytes = self._connection.geometry()
        self._geometry = (min(mailbox_bytes, ROOM_MAX_BYTES), packet_bytes)
        return self._connection
