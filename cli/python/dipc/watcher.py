"""A thread that follows a mailbox, through broken connections too.

What it sees it reports by a function, called in its own thread: an
interface's queue, for one.  It polls nothing: the server answers when there is
a newer version.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from dipc.codec import Answer, figure
from dipc.connection import Connection
from dipc.errors import ConnectionLost, Error, NoSuchMailbox, Timeout
from dipc.place import Place

TIMEOUT_S = 10.0  # to connect, and for answers
WAIT_S = 30.0  # one waiting read, by which a dead network is noticed
PAUSE_FIRST_S = 0.2  # before another attempt to connect, doubled each time
PAUSE_MAX_S = 5.0
READ_MAX_BYTES = 1 << 20  # of a content, however large it is


@dataclass(frozen=True, slots=True)
class Connected:
    """There is a connection.  Versions compare only within an instance."""

    instance: str
    mailboxes: int
    mailbox_bytes: int
    packet_bytes: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A mailbox's content: at first, and whenever a newer one has come."""

    mailbox: int
    instance: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Missing:
    """The server has no such mailbox."""

    mailbox: int
    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection, and another attempt will be made."""

    text: str


Event = Connected | Seen | Missing | Lost


class Watcher(threading.Thread):
    """Follows one mailbox at a time, until it is stopped."""

    def __init__(
        self, place: Place, mailbox: int, report: Callable[[Event], None]
    ) -> None:
        super().__init__(name="watcher", daemon=True)
        self._place = place
        self._instance = ""  # of the server; this thread's own
        self._report = report
        self._lock = threading.Lock()
        self._changed = threading.Event()  # something below was changed
        self._mailbox = mailbox  # under the lock
        self._stopping = False  # under the lock
        self._connection: Connection | None = None  # under the lock

    def watch(self, mailbox: int) -> None:
        """Follow another mailbox from now on."""
        self._change(mailbox, False)

    def stop(self) -> None:
        """End, soon; `join` waits for it."""
        self._change(None, True)

    def run(self) -> None:
        pause_s = PAUSE_FIRST_S
        while not self._is_stopping():
            try:
                with self._place.connect(TIMEOUT_S) as connection:
                    if not self._hold(connection):
                        return
                    self._greet(connection)
                    pause_s = PAUSE_FIRST_S
                    self._follow(connection)
            except Error as error:
                if not self._drop():
                    self._report(Lost(str(error)))
                    self._changed.wait(pause_s)
                    pause_s = min(2 * pause_s, PAUSE_MAX_S)

    def _change(self, mailbox: int | None, stopping: bool) -> None:
        with self._lock:
            if mailbox is not None:
                self._mailbox = mailbox
            self._stopping |= stopping
            self._changed.set()
            if self._connection is not None:
                # A waiting read cannot be taken back: only a new connection
                # is in step with another mailbox.
                self._connection.interrupt()

    def _is_stopping(self) -> bool:
        with self._lock:
            return self._stopping

    def _hold(self, connection: Connection) -> bool:
        """From now on a change interrupts this; False when stopping."""
        with self._lock:
            self._changed.clear()
            self._connection = connection
            return not self._stopping

    def _drop(self) -> bool:
        """Forget the connection; True when it was a change that broke it."""
        with self._lock:
            was_changed = self._changed.is_set()
            self._changed.clear()
            self._connection = None
            return was_changed

    def _greet(self, connection: Connection) -> None:
        found = connection.stat()
        self._instance = str(found.get("instance", ""))
        self._report(
            Connected(
                self._instance,
                figure(found, "mailboxes"),
                figure(found, "mailbox-bytes"),
                figure(found, "packet-bytes"),
            )
        )

    def _follow(self, connection: Connection) -> None:
        with self._lock:
            mailbox = self._mailbox
        try:
            answer = connection.read(mailbox, max=READ_MAX_BYTES, pieces=True)
        except NoSuchMailbox as error:
            self._report(Missing(mailbox, str(error)))
            self._changed.wait()
            raise ConnectionLost("another mailbox is wanted") from None
        while True:
            self._report(Seen(mailbox, self._instance, answer))
            answer = self._newer(connection, mailbox, answer.version)

    def _newer(
        self, connection: Connection, mailbox: int, version: int
    ) -> Answer:
        while True:
            try:
                return connection.read(
                    mailbox,
                    max=READ_MAX_BYTES,
                    after=version,
                    wait=WAIT_S,
                    pieces=True,
                )
            except Timeout:
                continue
