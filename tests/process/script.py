"""A server that follows a script, for what a real one never says."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType
from typing import Self

SCRIPT_TIMEOUT_S = 20.0


class Script:
    """Serve one client: each step receives exactly the bytes expected, then
    sends its answer; an answer of None resets the connection, and the end of
    the script closes it."""

    def __init__(self, *steps: tuple[bytes, bytes | None]) -> None:
        self.steps = steps
        self.received: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(SCRIPT_TIMEOUT_S)
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.thread.join(SCRIPT_TIMEOUT_S)
        self.listener.close()
        if kind is None:
            expected = [wanted for wanted, _ in self.steps]
            if self.received != expected:
                raise AssertionError(f"{self.received} is not {expected}")

    def _run(self) -> None:
        client, _ = self.listener.accept()
        with client:
            client.settimeout(SCRIPT_TIMEOUT_S)
            for expected, answer in self.steps:
                self.received.append(self._exactly(client, len(expected)))
                if answer is None:
                    linger = struct.pack("ii", 1, 0)
                    client.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, linger
                    )
                    return
                client.sendall(answer)

    @staticmethod
    def _exactly(client: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = client.recv(count - len(data))
            if not piece:
                break
            data += piece
        return data
