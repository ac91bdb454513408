"""What can go wrong, each by its name; all of them are Error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dipc.codec import Answer


class Error(Exception):
    """Whatever kept a request from being done, or a connection from being
    made; its text says what, for a person."""


class Refused(Error):
    """What the server answered instead of doing as asked.

    Nothing was changed.  `code` is the protocol's word, `text` the server's
    explanation for a person, `keys` the answer's key=value pairs.  A code that
    this library does not know is raised as Refused itself.
    """

    code = ""

    def __init__(
        self, text: str, code: str = "", keys: dict[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.code = code or self.code
        self.keys = keys or {}


class BadRequest(Refused):
    """The server did not understand the request, or saw only part of it."""

    code = "bad-request"


class NoSuchMailbox(Refused):
    """The mailbox's number is not one that the server has."""

    code = "no-such-mailbox"


class TooLarge(Refused):
    """More data than a packet, or a content longer than a mailbox."""

    code = "too-large"


class Conflict(Refused):
    """The mailbox is not at the version that `if_version` named.

    `version` is the one that it is at.
    """

    code = "conflict"

    @property
    def version(self) -> int:
        """The mailbox's version when the server refused."""
        return number(self.keys, "version")


class Timeout(Refused):
    """Nothing newer than the version named by `after` came in time."""

    code = "timeout"


class Busy(Refused):
    """The mailbox's lock was not had in time, or the server is full."""

    code = "busy"


class ShuttingDown(Refused):
    """The server is ending; the connection is closed."""

    code = "shutting-down"


class Internal(Refused):
    """A fault in the server, which its log describes."""

    code = "internal"


class NotConnected(Error):
    """No connection could be made; `__cause__` is the OSError that says why.

    Nothing was sent, so nothing was changed.
    """


class ConnectionLost(Error):
    """The connection broke, or no answer came within the time allowed.

    What was asked and not answered was not carried out: at most it was read.
    (Where that is not certain it is an OutcomeUnknown.)  The connection cannot
    be used any more.

    timed_out   whether it was given up because no answer came in time
    answers     what was answered before, of a batch
    """

    def __init__(self, text: str, timed_out: bool = False) -> None:
        super().__init__(text)
        self.timed_out = timed_out
        self.answers: Sequence[Answer | Refused] = ()


class OutcomeUnknown(ConnectionLost):
    """The connection broke when a write had been sent and not been answered.

    The server may have carried it out, or not.  A caller who must know
    connects again and reads the mailbox; this library never sends a request
    twice.
    """


class PartlyWritten(Error):
    """Some pieces of a write with pieces=True were written, but not all.

    `__cause__` says what stopped it, a Conflict for one.

    written     how many bytes certainly were
    version     the mailbox's version after that
    """

    def __init__(self, text: str, written: int, version: int) -> None:
        super().__init__(text)
        self.written = written
        self.version = version


KINDS: dict[str, type[Refused]] = {
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


def number(keys: dict[str, str], key: str) -> int:
    """The number that an answer must have under this key."""
    value = keys.get(key, "")
    if not is_number(value):
        raise ConnectionLost(f"that is no DIPC server: an answer lacks {key}")
    return int(value)


def is_number(text: str) -> bool:
    """Is it a number as the protocol writes them, not beyond 64 bits?"""
    return text.isascii() and text.isdecimal() and len(text) <= 20
