"""What the programs on a terminal share."""

from __future__ import annotations

import io
import os
import sys


def show_text(text: str) -> str:
    """A text that cannot play tricks on a terminal."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text
    )


def prepare_streams() -> None:
    """Read and print UTF-8, whatever the locale says, and pass other bytes on;
    do without the streams that were closed."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def die_of_a_closed_pipe() -> int:
    """The exit status when nobody reads the output any more, as of cat."""
    # Nothing is left to be flushed, and complained about, at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141
