"""Where a server is, as a person says it to one of the programs."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import dipc
from dipc.codec import NUMBER_MAX
from dipc.connection import PORT_MAX, Connection
from dipc.terminal import show_text


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port, or the path of a Unix socket."""

    host: str = ""
    port: str = ""
    path: str = ""

    def connect(self, timeout_s: float) -> Connection:
        """A new connection to it.  Raises NotConnected."""
        if self.path:
            return Connection.unix(self.path, timeout_s)
        return Connection(self.host, self.port, timeout_s)

    def __str__(self) -> str:
        return self.path or f"{self.host} port {self.port}"


def add_place(parser: argparse.ArgumentParser) -> None:
    """Let a program be told where its server is, and tell its version."""
    parser.add_argument(
        "--version",
        action="version",
        version=f"%(prog)s {dipc.__version__}",
        help="show the version and exit",
    )
    parser.add_argument(
        "--unix",
        metavar="PATH",
        help="the server's Unix socket, instead of a host and a port",
    )
    parser.add_argument(
        "place",
        nargs="*",
        metavar="[HOST] PORT",
        help="the server's host (localhost unless told), and its port, a "
        "number or the name of a service",
    )


def add_mailbox(parser: argparse.ArgumentParser, what: str) -> None:
    """Let a program be told a mailbox, or else take the first."""
    parser.add_argument(
        "--mailbox",
        type=mailbox_of,
        default=0,
        metavar="NUMBER",
        help=f"{what} (0)",
    )


def mailbox_of(text: str) -> int:
    """A mailbox's number."""
    if not (text.isascii() and text.isdecimal() and int(text) <= NUMBER_MAX):
        raise argparse.ArgumentTypeError(
            f"mailbox {show_text(text)!r} is not a number: 0 is the first"
        )
    return int(text)


def place_of(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace
) -> Place:
    """What a program was told; leaves with status 2 if that makes no sense."""
    words: list[str] = arguments.place
    if arguments.unix is not None:
        if words or not arguments.unix:
            parser.error("--unix PATH stands instead of a host and a port")
        return Place(path=arguments.unix)
    if len(words) not in (1, 2):
        parser.error("where is the server? [HOST] PORT, or --unix PATH")
    port = words[-1]
    if port.isdecimal() and not 1 <= int(port) <= PORT_MAX:
        parser.error(f"port {port} is not one of 1 to {PORT_MAX}")
    return Place(words[0] if len(words) == 2 else "localhost", port)
