"""A client that speaks the protocol byte by byte, rudely if told to."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

ANSWER_TIMEOUT_S = 20.0


@dataclass
class Reply:
    """One answer, taken apart."""

    line: str
    ok: bool
    code: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    text: str = ""
    data: bytes = b""

    @property
    def version(self) -> int:
        return int(self.keys["version"])

    @property
    def size(self) -> int:
        return int(self.keys["size"])


class Wire:
    """A connection.  Every wait for the server ends after `timeout`.

    path    a Unix socket's, instead of a port
    """

    def __init__(
        self,
        port: int,
        host: str = "127.0.0.1",
        timeout: float = ANSWER_TIMEOUT_S,
        path: Path | None = None,
    ) -> None:
        if path is not None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(str(path))
        else:
            self.socket = socket.create_connection((host, port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Close with a reset, not with an end."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def line(self) -> bytes:
        while b"\n" not in self.pending:
            self._more()
        line, _, self.pending = self.pending.partition(b"\n")
        return line

    def exactly(self, count: int) -> bytes:
        while len(self.pending) < count:
            self._more()
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def _more(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError(f"the server closed after {self.pending!r}")
        self.pending += piece

    def reply(self) -> Reply:
        """The next answer."""
        line = self.line().decode("ascii")
        head, _, text = line.partition(": ")
        words = head.split(" ")
        pairs = (word.partition("=") for word in words[2:])
        keys = {key: value for key, _, value in pairs}
        if words[0] == "ok":
            data = self.exactly(int(words[1]))
            return Reply(line, True, keys=keys, data=data)
        if words[0] != "err":
            raise ValueError(f"that is no answer: {line!r}")
        return Reply(line, False, words[1], keys, text)

    def ask(self, request: bytes) -> Reply:
        self.send(request)
        return self.reply()

    def rest(self) -> bytes:
        """All that still comes until the server closes."""
        while True:
            try:
                self._more()
            except EOFError:
                break
        data, self.pending = self.pending, b""
        return data

    def statistics(self, mailbox: int | None = None) -> dict[str, str]:
        request = b"s\n" if mailbox is None else b"s %d\n" % mailbox
        text = self.ask(request).data.decode("ascii")
        return dict(line.split(" ", 1) for line in text.splitlines())
