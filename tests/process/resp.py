"""A client of Redis's protocol, byte by byte."""

from __future__ import annotations

from typing import Any

from process.wire import Wire


class Error(str):
    """An answer that is an error, with its code."""


def encode(*words: bytes | str | int) -> bytes:
    """A command as an array of bulks."""
    parts = [
        word if isinstance(word, bytes) else str(word).encode()
        for word in words
    ]
    text = b"*%d\r\n" % len(parts)
    return text + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


class RespWire(Wire):
    """A connection that asks and is answered in Redis's protocol."""

    def command(self, *words: bytes | str | int) -> Any:
        self.send(encode(*words))
        return self.answer()

    def answer(self) -> Any:
        """The next answer: text, bytes, a number, None, a list, a dict."""
        line = self.line()
        if not line.endswith(b"\r"):
            raise ValueError(f"a line without its end: {line!r}")
        kind, rest = line[:1], line[1:-1]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return Error(rest.decode())
        if kind == b"_":
            return None
        number = int(rest)
        if kind == b":":
            return number
        if kind in b"$=":
            return self._bulk(number)
        if kind in b"*~":
            if number < 0:
                return None
            return [self.answer() for _ in range(number)]
        if kind == b"%":
            return {self.answer(): self.answer() for _ in range(number)}
        raise ValueError(f"that is no answer: {line!r}")

    def exactly(self, count: int) -> bytes:
        """Without a copy of all that came before for each piece."""
        data = bytearray(count)
        have = min(count, len(self.pending))
        data[:have] = self.pending[:have]
        self.pending = self.pending[have:]
        with memoryview(data) as view:
            while have < count:
                got = self.socket.recv_into(view[have:])
                if got == 0:
                    raise EOFError(f"the server closed after {have} bytes")
                have += got
        return bytes(data)

    def _bulk(self, length: int) -> bytes | None:
        if length < 0:
            return None
        data = self.exactly(length + 2)
        if not data.endswith(b"\r\n"):
            raise ValueError("a bulk without its end")
        return data[:-2]
