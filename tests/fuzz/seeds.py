#!/usr/bin/env python3
"""Write the seeds of the fuzz targets, one file each.

usage: seeds.py DIRECTORY    makes DIRECTORY/TARGET/NAME

What once failed stands in FOUND; each run of ci/fuzz tries it again.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

PIECE, SILENCE, END, WRITE, WAKE, STOP, TIME, LITERAL = range(8)


def event(kind: int, how: int = 0) -> bytes:
    """What tests/fuzz/fuzz_session.c takes for an event."""
    return bytes([0xFF, kind | how << 3])


def spoiled(offset: int, content: bytes) -> bytes:
    """Bytes of a segment that tests/fuzz/fuzz_segment.c replaces."""
    width = {1: 0, 2: 1, 4: 2, 8: 3}[len(content)]
    return struct.pack(">H", offset * 4 | width) + content


# Offsets in a segment of 2 seats, and in a mailbox.
MAILBOX = 384
VERSION = MAILBOX + 256
RECORD = VERSION + 16
EVERY = b"\xff" * 8

SESSION = {
    "framed": b"w 0 5\nhelloR\nr 0\n",
    "example": b"w 3 5\nhellor 3\nw 3 6 if=7\nagain!r 3 after=1 wait=100\n"
    + event(WAKE, 1)
    + b"q\n",
    "batch": b"w 1 2 at=end\nabw 1 2 at=end\ncdr 1 at=1 max=2\ns\ns 1\nr 9\n",
    "offsets": b"w 1 3 at=5\nabcr 1\nw 1 0 at=299\nw 1 2 at=299\nxyr 1 at=400\n",
    "append-full": b"w 0 200\n"
    + b"x" * 200
    + b"w 0 101 at=end\n"
    + b"y" * 101
    + b"w 0 100 at=end\n"
    + b"z" * 100
    + b"r 0\nr 0 at=150\n",
    "unframed": b"w 2\nsome text" + event(SILENCE) + b"r 2\n",
    "unframed-end": b"w 2\n" + event(END),
    "unframed-large": b"w 2\n" + b"x" * 201 + event(SILENCE) + b"r 2\n",
    "unframed-nowhere": b"w 7\nx\n" + event(SILENCE) + b"r 2\n",
    "bare": b"r 1" + event(SILENCE) + b"q 3" + event(SILENCE),
    "bare-end": b"r 0001" + event(END),
    "cut": b"w 0 9\nhalf" + event(END),
    "pieces": b"w "
    + event(PIECE)
    + b"0 4 if=0"
    + event(PIECE)
    + b"\r\nab"
    + event(PIECE)
    + b"cdr 0\r\n",
    "conflict-late": b"w 1 4 if=0\nab" + event(WRITE, 5) + b"cdr 1\n",
    "wait-woken": b"r 2 after=0\nr 0\n" + event(WRITE, 6),
    "wait-for-nothing": b"r 2 after=0 wait=500\n"
    + event(WAKE)
    + event(TIME, 4)
    + event(WRITE, 2)
    + event(WAKE, 1),
    "wait-if": b"r 2 after=0 if=2\n" + event(WRITE, 6) + b"r 2 after=0 if=1\n",
    "stop-waiting": b"r 2 after=0\n" + event(STOP),
    "stop-half": b"w 2 6\nab" + event(STOP),
    "stop-idle": b"r 0\n  " + event(STOP),
    "too-large": b"w 0 201\n"
    + b"x" * 201
    + b"r 0\nw 0 9 at=299\n"
    + b"x" * 9
    + b"r 0\n",
    "huge": b"w 0 16777217\nabc",
    "drop": b"w 0 16777216\nabc" + event(SILENCE),
    "overflow": b"w 0 1 at=9223372036854775807\nxr 0\n"
    b"w 0 1 at=9223372036854775808\nxr 0\n",
    "options": b"w 0 3 of=4\nabcr 0\nr 0 wait=1\nr 0 at=1 at=2\n"
    b"w 0 1 at=end at=3\nxr 0\n",
    "out-of-step": b"w 0 at=3\nabc",
    "unknown-verb": b"x 1\nr 0\n",
    "long-line": b"r 0" + b" " * 252 + b"\nr 0" + b" " * 253 + b"\n",
    "long-return": b"r 0" + b" " * 252 + b"\r" + event(PIECE) + b"\n",
    "blank": b"  \n\r\n \r\nr 0\n",
    "tab": b"r\t0\nr 0 \r\r\n",
    "zeros": b"r 0\0\nr 00000000000000000000000000001\n",
    "timeouts": b"r 0" + event(TIME, 9) + b" " + event(SILENCE),
    "idle": b"r 0\n" + event(SILENCE),
    "drop-timeout": b"w 9 9\nab" + event(TIME, 31) + b"c" + event(SILENCE),
    "literal": b"w 0 1\n" + event(LITERAL) + b"r 0\n",
}
CODEC = [
    b"r 3\n",
    b"w 0 9223372036854775807 at=end if=1\n",
    b"w 0 9223372036854775808",
    b"r 1 at=2 max=3 if=4 after=5 wait=6\r\n",
    b"q",
    b"r 7",
    b"s 1",
    b"g 3 5a1c8ef0967bd024 type=7 size=11 fail=2",
    b"w 3 at=4",
    b"w 1 2 at=",
    b" " * 255 + b"\n",
    b"r 1 max=\x1b[2J",
    b"w x",
    b"verb \x80\xff",
]
ANSWER = [
    b"ok 5 version=1 size=5",
    b"ok 0",
    b"err conflict version=1: expected version 7",
    b"err timeout: nothing newer",
    b"err busy",
    b"err new-code key=value: text: more",
    b"ok 1 version=x",
    b"err conflict: x",
    b"ok 9223372036854775807\r",
]
SEGMENT = [
    b"\0",
    b"\1",
    b"\2",
    b"\3",
    b"\4\0\x40",
    b"\4\xff\xff",
    b"\0" + spoiled(0, bytes(8)),
    b"\0" + spoiled(8, b"\2\0\0\0"),
    b"\0" + spoiled(12, EVERY[:4]),
    b"\2" + spoiled(16, b"\1\0\0\0"),
    b"\0" + spoiled(24, bytes(7) + b"\x80"),
    b"\0" + spoiled(VERSION, EVERY[:7] + b"\x7f"),
    b"\0" + spoiled(VERSION, bytes(7) + b"\x80"),
    b"\0" + spoiled(RECORD, struct.pack("<Q", 201)),
    b"\0" + spoiled(RECORD, struct.pack("<Q", 1 << 40)),
    b"\0" + spoiled(RECORD + 32, struct.pack("<I", 2)),
    b"\0"
    + spoiled(RECORD + 8, EVERY)
    + spoiled(RECORD + 16, EVERY)
    + spoiled(RECORD + 24, b"\1" * 8),
]
RESP = [
    b"SET 0 abc\r\nGET 0\r\nAPPEND 0 d\r\nSTRLEN 0\r\n",
    b"*3\r\n$3\r\nSET\r\n$1\r\n1\r\n$3\r\na\r\n\r\n"
    b"*2\r\n$3\r\nGET\r\n$9\r\nmailbox:1\r\n",
    b"MULTI\r\nINCR 2\r\nGET 2\r\nEXEC\r\nWATCH 1\r\nDISCARD\r\n",
    b"HELLO 3\r\nCLIENT ID\r\nKEYS *\r\nSCAN 0\r\n",
    b"*2\r\n$3\r\nGET\r\n$-1\r\n",
    b"*1048577\r\n",
    b"*3\r\n$3\r\nSET\r\n$1\r\n0\r\n$999999999\r\nxx",
    b"SETRANGE 0 5 xy\r\nGETRANGE 0 0 -1\r\nSETBIT 0 7 1\r\n",
    b"MGET 0 1 2 3\r\nMSET 0 a 1 b\r\nDEL 0 1\r\nEXISTS 0 1\r\n",
    b"DIPC.WAIT 0 9 5\r\nSETIFMATCH 0 a 0\r\n",
    b"COMMAND COUNT\r\nCONFIG GET *\r\nQUIT\r\n",
    b"set 2 \"x \\x41'\"\nget 2\n",
    b"DECRBY 0 5\r\nINCRBYFLOAT 0 1.5\r\nGETSET 0 7\r\nGETDEL 0\r\n",
]


def numbered(seeds: list[bytes]) -> dict[str, bytes]:
    return {f"{i:02}": seed for i, seed in enumerate(seeds)}


SEEDS = {
    "session": SESSION,
    "codec": numbered(CODEC),
    "answer": numbered(ANSWER),
    "segment": numbered(SEGMENT),
    "resp": numbered(RESP),
}
FOUND = {
    # Dropping what a refused write announced had a request's time of its own,
    # after some refusals and not after others.
    ("session", "refused-slowly"): b"w 0 5 5" + event(TIME, 1) + b"\n",
    # The same by a planted mistake, which mutation alone met after 266 inputs or
    # after 110,702, as the seed and the order of a directory would have it.
    ("session", "dropped-slowly"): b"w 9" + event(TIME, 3) + b" 9\nab",
}


def main() -> None:
    top = Path(sys.argv[1])
    for target, seeds in SEEDS.items():
        (top / target).mkdir(parents=True, exist_ok=True)
        for name, seed in seeds.items():
            (top / target / name).write_bytes(seed)
    for (target, name), seed in FOUND.items():
        (top / target / f"found-{name}").write_bytes(seed)


if __name__ == "__main__":
    main()
