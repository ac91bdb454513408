"""Lines that come while another is being typed, on one terminal.

Nothing waits but `wait`: for keys, for another thread's `wake`, for a signal.
Without a terminal, lines are taken from a pipe and printed to one.
"""

from __future__ import annotations

import codecs
import os
import select
import shutil
import signal
import sys
import termios
import tty
import zlib
from types import FrameType, TracebackType
from typing import Any, Self

from dipc.line_editor import Key, LineEditor, is_control

SHOWN_MAX = 4000  # characters of a line
COLOURS = (31, 32, 33, 34, 35, 36)
# What turns the direction of writing, and so can make a line look otherwise.
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Screen:
    """The terminal, or the pipes that stand for it."""

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty() and sys.stdout.isatty()
        self.has_colours = (
            sys.stdout.isatty()
            and os.environ.get("TERM", "dumb") != "dumb"
            and not os.environ.get("NO_COLOR")
        )
        self.editor = LineEditor()
        self.prompt = ""
        self.columns = 0  # of the terminal
        self.is_laid_out = False  # a row of the line being typed, now old
        self.is_shown = False  # and it is as it should be
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.partial = ""  # of a line, from a pipe
        self.stopped_by: int | None = None  # a signal
        self.woken, self.waker = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(self.waker, False)

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self.stop)
        if self.interactive:
            signal.signal(signal.SIGWINCH, self.resize)
            signal.signal(signal.SIGCONT, self.resize)
            self.saved: list[Any] = termios.tcgetattr(sys.stdin)
            self.take_keys()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.interactive:
            self.hide()
            self.flush()
            try:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self.saved)
            except termios.error:
                pass  # the terminal has gone

    def take_keys(self) -> None:
        """Have each key at once, and none of them echoed or obeyed."""
        tty.setcbreak(sys.stdin, termios.TCSADRAIN)
        mode = termios.tcgetattr(sys.stdin)
        mode[3] &= ~termios.ISIG
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, mode)

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped_by = number
        self.wake()

    def resize(self, number: int, frame: FrameType | None) -> None:
        self.wake()

    def wake(self) -> None:
        """End a wait, from another thread or a signal."""
        try:
            os.write(self.waker, b"!")
        except BlockingIOError:
            pass  # it will be woken as it is

    def wait(
        self, timeout_s: float | None, typing: bool = True
    ) -> list[str | Key]:
        """Wait until something happens; the lines and keys typed."""
        self.flush()
        inputs = [self.woken, sys.stdin] if typing else [self.woken]
        ready = select.select(inputs, [], [], timeout_s)[0]
        if self.woken in ready:
            os.read(self.woken, 4096)
            self.is_shown = False  # it may be of another width now
        if self.stopped_by is not None and typing:
            return [Key.INTERRUPT]
        if sys.stdin not in ready:
            return []
        try:
            data = os.read(sys.stdin.fileno(), 4096)
        except OSError:
            data = b""  # the terminal has gone
        return self.typed(data) if self.interactive else self.piped(data)

    def typed(self, data: bytes) -> list[str | Key]:
        found: list[str | Key] = [] if data else [Key.END]
        for character in self.decoder.decode(data):
            item = self.editor.feed(character)
            if item is Key.SUSPEND:
                self.suspend()
            elif item is Key.REDRAW:
                self.emit("\x1b[H\x1b[2J")
            elif item is not None:
                found.append(item)
        self.is_shown = False
        return found

    def piped(self, data: bytes) -> list[str | Key]:
        text = self.partial + self.decoder.decode(data, final=not data)
        *lines, self.partial = text.split("\n")
        if data:
            return list(lines)
        return [*lines, self.partial, Key.END]

    def suspend(self) -> None:
        self.hide()
        self.flush()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self.saved)
        os.kill(0, signal.SIGTSTP)
        self.take_keys()

    def show_prompt(self, prompt: str) -> None:
        """Have the line being typed stand at the bottom."""
        if not self.interactive or (self.is_shown and prompt == self.prompt):
            return
        self.prompt = prompt
        if not prompt:
            self.hide()
            return
        columns = shutil.get_terminal_size().columns
        if columns < self.columns and self.is_laid_out:
            # The terminal has broken the row, which no longer fits, in two.
            above = self.editor.column // columns
            up = f"\x1b[{above}A" if above else ""
            self.emit(f"{up}\r\x1b[J")
        self.columns = columns
        self.is_laid_out = True
        self.emit(self.editor.show(prompt, columns))
        self.is_shown = True

    def hide(self) -> None:
        if self.interactive:
            self.emit("\r\x1b[K")
        self.is_shown = False
        self.is_laid_out = False

    def flush(self) -> None:
        self.emit("", flush=True)

    def emit(self, text: str, flush: bool = False) -> None:
        """Print; a terminal that has gone is left as if by a key."""
        try:
            print(text, end="", flush=flush)
        except OSError:
            if not self.interactive:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.stop(signal.SIGHUP, None)

    def print_line(self, text: str) -> None:
        """Show a line of the conversation."""
        shown = harmless(text)
        if shown.startswith("* "):
            self.put(self.coloured(shown, 2))
            return
        name, colon, rest = shown.partition(": ")
        if colon:
            colour = COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]
            shown = f"{self.coloured(name, colour)}: {rest}"
        self.put(shown)

    def note(self, text: str) -> None:
        """Tell the person something; a pipe has it on standard error."""
        if self.interactive:
            self.put(self.coloured(f"-- {harmless(text)}", 33))
        else:
            self.flush()
            print(f"-- {harmless(text)}", file=sys.stderr, flush=True)

    def put(self, shown: str) -> None:
        self.hide()
        self.emit(f"{shown}\n")

    def coloured(self, text: str, colour: int) -> str:
        if not self.has_colours:
            return text
        return f"\x1b[{colour}m{text}\x1b[0m"


def harmless(text: str) -> str:
    """A text that cannot play tricks on a terminal, and is not endless."""
    if len(text) > SHOWN_MAX:
        text = f"{text[:SHOWN_MAX]}... ({len(text)} characters)"
    data = text.encode("utf-8", "surrogateescape")
    text = data.decode("utf-8", "backslashreplace")
    return "".join(
        ascii(c)[1:-1] if is_control(c) or c in BIDI else c for c in text
    )
