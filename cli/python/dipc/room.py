"""A conversation as it stands in a mailbox: numbered lines of text.

Each line is a number, a space and a text, and its number is one more than that
of the line before: so a reader who has seen line 17 knows what is new in any
later content, although the oldest lines go when the mailbox is full.  A line
that somebody wrote by other means, without a number, has the number that would
be due.  Pure functions; no socket, no terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation."""

    number: int
    text: str

    def encode(self) -> bytes:
        """As it stands in the mailbox."""
        text = " ".join(self.text.splitlines())
        return f"{self.number} {text}\n".encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Change:
    """How a mailbox differs from what a reader has seen."""

    lines: list[Line]  # that are new
    missed: int = 0  # lines that came and went unseen
    replaced: bool = False  # by another conversation, or by none


@dataclass(frozen=True, slots=True)
class Plan:
    """How to add a line: with one write, if nobody wrote meanwhile."""

    data: bytes
    append: bool  # at the end, or in place of the whole content


def parse(content: bytes) -> list[Line]:
    """The lines of a content; any bytes are one."""
    lines: list[Line] = []
    for piece in content.decode("utf-8", "surrogateescape").split("\n"):
        if not piece:
            continue
        due = lines[-1].number + 1 if lines else 1
        word, _, text = piece.partition(" ")
        if not (word.isascii() and word.isdecimal() and len(word) <= 18):
            lines.append(Line(due, piece))
        elif not lines or int(word) == due:
            lines.append(Line(int(word), text))
        else:
            lines.append(Line(due, piece))
    return lines


def plan(
    content: bytes, text: str, room_bytes: int, packet_bytes: int
) -> Plan:
    """How to add a line to a content.

    room_bytes    of the mailbox.  Where a line does not fit behind the others
                  the oldest go: the newest that fit into the mailbox and into
                  one packet are written again together with it, in one write
                  that readers see all of or nothing

    Raises ValueError when the line is longer than all that room.
    """
    lines = parse(content)
    new = Line(lines[-1].number + 1 if lines else 1, text).encode()
    if content and not content.endswith(b"\n"):
        new = b"\n" + new
    if len(content) + len(new) <= room_bytes and len(new) <= packet_bytes:
        return Plan(new, True)
    kept = [new.removeprefix(b"\n")]
    left = min(room_bytes, packet_bytes) - len(kept[0])
    if left < 0:
        raise ValueError(f"that is {-left} bytes too long")
    for line in reversed(lines):
        encoded = line.encode()
        left -= len(encoded)
        if left < 0:
            break
        kept.append(encoded)
    return Plan(b"".join(reversed(kept)), False)


@dataclass(slots=True)
class Reader:
    """What somebody has seen of a conversation."""

    last: Line | None = field(default=None)

    def forget(self) -> None:
        """Begin anew: it is another server's mailbox now."""
        self.last = None

    def see(self, content: bytes) -> Change:
        """What is new in a content that is newer than the last one."""
        lines = parse(content)
        last, self.last = self.last, lines[-1] if lines else None
        if last is None:
            return Change(lines)
        if not lines:
            return Change([], replaced=True)
        later = [line for line in lines if line.number > last.number]
        if len(later) == len(lines):
            missed = lines[0].number - last.number - 1
            return Change(later, missed=missed)
        if last in lines:
            return Change(later)
        return Change(lines, replaced=True)
