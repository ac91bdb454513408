"""The protocol's requests and answers, as bytes and as objects; no socket."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Literal

from dipc.errors import KINDS, ConnectionLost, Refused, is_number, number

WAIT_DEFAULT_S = 30.0  # the protocol's, when a read says after but no wait
LINE_MAX_BYTES = 65536  # of an answer; far more than a server sends
NUMBER_MAX = 2**63 - 1  # of any that is sent

Buffer = bytes | bytearray | memoryview


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
        fields = [b"r %d" % whole(self.mailbox, "mailbox")]
        if whole(self.at, "at") != 0:
            fields.append(b"at=%d" % self.at)
        if self.max is not None:
            fields.append(b"max=%d" % whole(self.max, "max"))
        if self.if_version is not None:
            fields.append(b"if=%d" % whole(self.if_version, "if_version"))
        if self.after is not None:
            fields.append(b"after=%d" % whole(self.after, "after"))
        if self.wait is not None:
            if self.after is None:
                raise ValueError("wait needs after, the version to wait past")
            fields.append(b"wait=%d" % _milliseconds(self.wait))
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
        data = as_bytes(self.data)
        fields = [b"w %d %d" % (whole(self.mailbox, "mailbox"), len(data))]
        if self.at == "end":
            fields.append(b"at=end")
        elif self.at is not None:
            fields.append(b"at=%d" % whole(self.at, "at"))
        if self.if_version is not None:
            fields.append(b"if=%d" % whole(self.if_version, "if_version"))
        return b" ".join(fields) + b"\n" + data

    def wait_s(self) -> float:
        """How long the server may rightly hold the answer back."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Plain:
    """A request that is all in its line, and changes nothing."""

    line: bytes

    def encode(self) -> bytes:
        """The request as it goes on the wire."""
        return self.line

    def wait_s(self) -> float:
        """How long the server may rightly hold the answer back."""
        return 0.0


Request = Read | Write | Plain


@dataclass(frozen=True, slots=True)
class Done:
    """An answer that begins with `ok`, taken apart."""

    data: bytes
    keys: dict[str, str]

    def answer(self) -> Answer:
        """As that of a read or a write."""
        return Answer(
            self.data,
            number(self.keys, "version"),
            number(self.keys, "size"),
        )


def decode(received: bytearray) -> Done | Refused | None:
    """Take one whole answer off the beginning of what was received.

    None when it is not all there.  Raises ConnectionLost for what is none.
    """
    end = received.find(b"\n", 0, LINE_MAX_BYTES)
    if end < 0:
        if len(received) >= LINE_MAX_BYTES:
            raise ConnectionLost("that is no DIPC server: an endless line")
        return None
    line = bytes(received[:end]).removesuffix(b"\r")
    text = line.decode("utf-8", "replace")
    kind, _, rest = text.partition(" ")
    if kind == "err" and rest:
        del received[: end + 1]
        return _refusal(rest)
    length, _, pairs = rest.partition(" ")
    if kind != "ok" or not is_number(length):
        raise ConnectionLost(f"that is no DIPC server: it says {text[:100]!r}")
    stop = end + 1 + int(length)
    if len(received) < stop:
        return None
    data = bytes(received[end + 1 : stop])
    del received[:stop]
    return Done(data, _keys(pairs))


def whole(value: int, name: str) -> int:
    """A number that can be sent; TypeError or ValueError for others."""
    try:
        if isinstance(value, bool):
            raise TypeError
        found = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is a whole number, not {value!r}") from None
    if not 0 <= found <= NUMBER_MAX:
        raise ValueError(f"{name} {found} is not one of 0 to {NUMBER_MAX}")
    return found


def figure(statistics: dict[str, int | str], name: str) -> int:
    """A number that a server's statistics must have."""
    value = statistics.get(name)
    if not isinstance(value, int) or value <= 0:
        raise ConnectionLost(f"that is no DIPC server: {name} is {value}")
    return value


def as_bytes(data: Buffer) -> bytes:
    """Data that can be sent; TypeError for others."""
    if isinstance(data, str):
        raise TypeError("data is bytes: encode the text first")
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data is bytes, not {type(data).__name__}")
    return bytes(data)


def _milliseconds(wait_s: float) -> int:
    if not 0 <= wait_s * 1000 <= NUMBER_MAX:
        raise ValueError(f"wait {wait_s} is not a number of seconds from 0 up")
    return math.ceil(wait_s * 1000)


def _refusal(rest: str) -> Refused:
    head, _, text = rest.partition(": ")
    code, _, pairs = head.partition(" ")
    kind = KINDS.get(code, Refused)
    return kind(text or code, code, _keys(pairs))


def _keys(text: str) -> dict[str, str]:
    pairs = (field.partition("=") for field in text.split())
    return {key: value for key, _, value in pairs}
