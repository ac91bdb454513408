"""A bad network: a TCP proxy between clients and a server.

    delay       each piece arrives some milliseconds later
    throttle    few bytes a second
    pieces      each piece is cut into pieces of random size
    cut         connections end in mid-stream, or are reset
    half-open   one direction falls silent, and the connection ends later

It is a process of its own:  proxy.py KIND SEED HOST PORT, prints its own port
and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import sys

KINDS = ("delay", "throttle", "pieces", "cut", "half-open")
THROTTLE_BYTES_PER_S = 200_000
HALF_OPEN_S = 0.5


class Proxy:
    def __init__(self, kind: str, seed: int, host: str, port: int) -> None:
        self.kind = kind
        self.random = random.Random(seed)
        self.upstream = (host, port)
        self.streams: set[asyncio.Task[None]] = set()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(
                *self.upstream
            )
        except OSError:
            self.reset(writer)
            return
        fate = asyncio.Event()
        try:
            await asyncio.gather(
                self.carry(reader, far_writer, fate),
                self.carry(far_reader, writer, fate),
            )
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in (writer, far_writer):
                if fate.is_set() and self.random.random() < 0.5:
                    self.reset(end)
                else:
                    end.close()

    async def carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        fate: asyncio.Event,
    ) -> None:
        """One direction, until its end or until the connection is doomed."""
        silent = False
        while not fate.is_set():
            piece = await self.next_piece(reader, fate)
            if not piece:
                break
            chance = self.random.random()
            if self.kind == "cut" and chance < 0.004:
                writer.write(piece[: self.random.randrange(len(piece) + 1)])
                fate.set()
                break
            if self.kind == "half-open" and chance < 0.004 and not silent:
                silent = True
                asyncio.get_running_loop().call_later(HALF_OPEN_S, fate.set)
            if not silent:
                await self.pass_on(piece, writer)
        if not fate.is_set() and writer.can_write_eof():
            with contextlib.suppress(OSError):
                writer.write_eof()

    @staticmethod
    async def next_piece(
        reader: asyncio.StreamReader, fate: asyncio.Event
    ) -> bytes:
        """What comes next; nothing when the connection is doomed meanwhile."""
        read = asyncio.ensure_future(reader.read(65536))
        doom = asyncio.ensure_future(fate.wait())
        await asyncio.wait((read, doom), return_when=asyncio.FIRST_COMPLETED)
        doom.cancel()
        if not read.done():
            read.cancel()
            return b""
        return read.result()

    async def pass_on(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        if self.kind == "delay":
            await asyncio.sleep(self.random.uniform(0, 0.02))
        elif self.kind == "throttle":
            await asyncio.sleep(len(piece) / THROTTLE_BYTES_PER_S)
        while self.kind == "pieces" and len(piece) > 1:
            length = min(self.random.choice((1, 2, 7, 60, 900)), len(piece))
            writer.write(piece[:length])
            await writer.drain()
            await asyncio.sleep(0)
            piece = piece[length:]
        writer.write(piece)
        await writer.drain()

    @staticmethod
    def reset(writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        writer.transport.abort()


async def main() -> None:
    kind, seed, host, port = sys.argv[1:]
    if kind not in KINDS:
        sys.exit(f"proxy: {kind} is not one of {', '.join(KINDS)}")
    proxy = Proxy(kind, int(seed), host, int(port))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
