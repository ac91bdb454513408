"""A line that is being typed while other lines are printed above it.

Takes characters as a terminal sends them, and tells what to print so that the
line stands there: on one row, scrolled sideways where it is longer.  Pure; it
touches no terminal.
"""

from __future__ import annotations

import unicodedata
from enum import Enum

ESCAPE_MAX = 32  # characters of a key's sequence
LINE_MAX = 10_000  # characters that can be typed
HISTORY_MAX = 100  # lines that can be had back


class Key(Enum):
    """What ends or interrupts the typing."""

    END = "\x04"  # Ctrl-D, on an empty line
    INTERRUPT = "\x03"
    SUSPEND = "\x1a"
    REDRAW = "\x0c"


class LineEditor:
    """The line, its cursor, and the lines typed before."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0  # 0 .. len(text)
        self.column = 0  # of the cursor, where it was shown last
        self._escape = ""  # the beginning of a key's sequence
        self._history: list[str] = []
        self._recalled = 0  # 0 .. len(_history); the last is the new line
        self._draft = ""
        self._actions = {
            "\x01": self._home,
            "\x02": self._left,
            "\x05": self._end,
            "\x06": self._right,
            "\x08": self._backspace,
            "\x0b": self._cut_right,
            "\x0e": self._newer,
            "\x10": self._older,
            "\x15": self._cut_left,
            "\x17": self._cut_word,
            "\x7f": self._backspace,
            "\x1b[A": self._older,
            "\x1b[B": self._newer,
            "\x1b[C": self._right,
            "\x1b[D": self._left,
            "\x1b[F": self._end,
            "\x1b[H": self._home,
            "\x1b[1~": self._home,
            "\x1b[3~": self._delete,
            "\x1b[4~": self._end,
        }

    def feed(self, character: str) -> str | Key | None:
        """Take one character; a line when it is finished, or a special key."""
        if self._escape or character == "\x1b":
            self._feed_escape(character)
        elif character in "\r\n":
            return self._finish()
        elif character == "\x04" and self.text:
            self._delete()
        elif character in [key.value for key in Key]:
            return Key(character)
        elif character in self._actions:
            self._actions[character]()
        elif character == "\t" or not is_control(character):
            self._insert(" " if character == "\t" else character)
        return None

    def show(self, prompt: str, columns: int) -> str:
        """What to print to have prompt and line on the cursor's row."""
        room = max(1, columns - 1 - width(prompt))
        start, used = self.cursor, 0
        while start > 0 and used + width(self.text[start - 1]) < room:
            start -= 1
            used += width(self.text[start])
        stop = self.cursor
        total = used
        while stop < len(self.text):
            total += width(self.text[stop])
            if total > room:
                break
            stop += 1
        column = self.column = width(prompt) + used
        right = f"\x1b[{column}C" if column else ""
        return f"\r{prompt}{self.text[start:stop]}\x1b[K\r{right}"

    def _feed_escape(self, character: str) -> None:
        if character == "\x1b":
            self._escape = ""
        self._escape += character
        if len(self._escape) == 1 or self._escape in ("\x1b[", "\x1bO"):
            return
        is_long = self._escape.startswith("\x1b[")
        if is_long and not "@" <= character <= "~":
            if len(self._escape) >= ESCAPE_MAX:
                self._escape = ""
            return
        sequence = self._escape.replace("\x1bO", "\x1b[")
        self._escape = ""
        if sequence in self._actions:
            self._actions[sequence]()

    def _finish(self) -> str:
        line = self.text
        if line.strip() and self._history[-1:] != [line]:
            self._history = [*self._history, line][-HISTORY_MAX:]
        self._recalled = len(self._history)
        self._put("")
        return line

    def _put(self, text: str) -> None:
        self.text = text
        self.cursor = len(text)

    def _insert(self, text: str) -> None:
        if len(self.text) < LINE_MAX:
            self.text = (
                self.text[: self.cursor] + text + self.text[self.cursor :]
            )
            self.cursor += len(text)

    def _left(self) -> None:
        self.cursor = self._step_left()

    def _step_left(self) -> int:
        """Where the character before the cursor begins, marks included."""
        found = max(0, self.cursor - 1)
        while found > 0 and width(self.text[found]) == 0:
            found -= 1
        return found

    def _right(self) -> None:
        self.cursor = min(len(self.text), self.cursor + 1)
        while self.cursor < len(self.text) and not width(
            self.text[self.cursor]
        ):
            self.cursor += 1

    def _home(self) -> None:
        self.cursor = 0

    def _end(self) -> None:
        self.cursor = len(self.text)

    def _backspace(self) -> None:
        self._cut(self._step_left())

    def _delete(self) -> None:
        if self.cursor < len(self.text):
            self._right()
            self._backspace()

    def _cut(self, start: int) -> None:
        self.text = self.text[:start] + self.text[self.cursor :]
        self.cursor = start

    def _cut_left(self) -> None:
        self._cut(0)

    def _cut_right(self) -> None:
        self.text = self.text[: self.cursor]

    def _cut_word(self) -> None:
        kept = self.text[: self.cursor].rstrip()
        self._cut(kept.rfind(" ") + 1)

    def _older(self) -> None:
        self._recall(self._recalled - 1)

    def _newer(self) -> None:
        self._recall(self._recalled + 1)

    def _recall(self, index: int) -> None:
        if not 0 <= index <= len(self._history):
            return
        if self._recalled == len(self._history):
            self._draft = self.text
        self._recalled = index
        self._put([*self._history, self._draft][index])


def is_control(character: str) -> bool:
    """Would it do something to a terminal, other than take a place?"""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    total = 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me", "Cf"):
            continue
        wide = unicodedata.east_asian_width(character) in ("W", "F")
        total += 2 if wide else 1
    return total
