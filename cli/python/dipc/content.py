"""A mailbox's bytes as a window can show them: as text, or else in hex."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

TEXT_MAX_BYTES = 256 * 1024  # a text field is slow beyond
HEX_MAX_BYTES = 16 * 1024
ROW_BYTES = 16


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of a content; only all of a text can be edited.

    remark   why it cannot be edited, for a person; empty when it can
    """

    text: str
    remark: str = ""


def view(data: bytes, size: int) -> View:
    """How to show a content of which these bytes are the beginning."""
    part = data[:TEXT_MAX_BYTES]
    is_whole = len(part) == size
    text = _text(part, is_whole)
    if text is None:
        shown = data[:HEX_MAX_BYTES]
        remark = f"{size} bytes that are not text, in hexadecimal"
        if len(shown) < size:
            remark += f": the first {len(shown)}"
        return View(_dump(shown), remark)
    if not is_whole:
        return View(text, f"the first {len(part)} of {size} bytes")
    return View(text)


def _text(data: bytes, is_whole: bool) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        # What was cut may end within a character, which takes 4 bytes at most.
        if is_whole or len(data) - error.start >= 4:
            return None
        text = data[: error.start].decode("utf-8")
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text):
        return None
    return text


def _dump(data: bytes) -> str:
    rows = []
    for start in range(0, len(data), ROW_BYTES):
        row = data[start : start + ROW_BYTES]
        codes = " ".join(f"{byte:02x}" for byte in row)
        shown = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in row)
        rows.append(f"{start:06x}  {codes:<{3 * ROW_BYTES}} {shown}")
    return "\n".join(rows)
