"""How a connection is made, within the time allowed."""

from __future__ import annotations

import os
import socket
import struct
import time


def connect_tcp(
    host: str, port: int | str, timeout: float | None
) -> socket.socket:
    """Try all addresses of a name, all within the time allowed."""
    deadline = None if timeout is None else time.monotonic() + timeout
    last: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        connecting = socket.socket(family, kind, protocol)
        try:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no connection within {timeout} s")
                connecting.settimeout(left)
            connecting.connect(address)
        except BaseException as error:
            connecting.close()
            if not isinstance(error, OSError):
                raise
            last = error
        else:
            return connecting
    if isinstance(last, TimeoutError):
        raise TimeoutError(f"no connection within {timeout} s")
    raise last


def connect_unix(
    path: str | os.PathLike[str], timeout: float | None
) -> socket.socket:
    connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if timeout is not None:
            # Without blocking, a full queue of connections would be an error
            # at once; this bounds how long the system waits for its turn.
            seconds = max(timeout, 1e-6)
            limit = struct.pack(
                "ll", int(seconds), int(seconds % 1 * 1_000_000)
            )
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        connecting.connect(os.fspath(path))
    except BlockingIOError:
        connecting.close()
        raise TimeoutError(f"no connection within {timeout} s") from None
    except BaseException:
        connecting.close()
        raise
    return connecting
