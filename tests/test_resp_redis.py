"""The same bytes to a Redis server and to ours: the same answers.

What docs/resp.md calls different is not asked here.  Needs Debian's
redis-server (`ci/dependencies bench`), whose version docs/resp.md names.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from process import machine
from process.case import ProcessCase, until
from process.main import main
from process.resp import RespWire, encode
from process.server import Process

REDIS = "7.0."  # the versions whose answers are given
ROUNDS = 150
KEYS = ("0", "1", "2")

# Typed lines; each row on an empty store, over a connection of its own.
ROWS = """
PING|PING a|PING a b|ECHO|ECHO a|ECHO a b|RESET x|SELECT|SELECT 0|SELECT 1
SELECT -1|SELECT x|SELECT 00|SELECT 99999999999999999999|SELECT 0 0
AUTH|AUTH x|AUTH default x|AUTH a b|AUTH a b c|AUTH Default x
HELLO 1|HELLO 4|HELLO x|HELLO 03|HELLO -3|HELLO AUTH default x|HELLO 3 WHAT
HELLO 3 AUTH|HELLO 3 AUTH default|HELLO 3 AUTH bad x|HELLO 3 SETNAME
HELLO 3 SETNAME "a b"|HELLO 3 AUTH default x SETNAME|HELLO 3 AUTH bad x SETNAME a
CLIENT|CLIENT ID x|CLIENT GETNAME|CLIENT GETNAME x|CLIENT SETNAME|CLIENT WHAT
CLIENT SETNAME a;CLIENT GETNAME;RESET;CLIENT GETNAME|CLIENT SETNAME "a b"
CLIENT SETNAME "a\\n"|CLIENT SETNAME "\\xff"|CLIENT SETNAME a~!;CLIENT GETNAME
CLIENT LIST x|CLIENT LIST TYPE|CLIENT LIST TYPE x|CLIENT LIST TYPE pubsub
CLIENT LIST TYPE replica|CLIENT LIST TYPE slave|CLIENT LIST TYPE master
CLIENT LIST TYPE normal x|CLIENT LIST ID|CLIENT LIST ID x|CLIENT LIST ID -1
CLIENT LIST ID 0|CLIENT LIST ID 1 x|CLIENT LIST ID 999999|CLIENT INFO x
COMMAND WHAT|COMMAND COUNT x|COMMAND INFO nosuch|COMMAND DOCS nosuch
CONFIG|CONFIG GET|CONFIG GET save|CONFIG GET appendonly|CONFIG GET nosuch
CONFIG GET save save|CONFIG GET sav?|CONFIG GET [r-t]ave|CONFIG GET ""
CONFIG GET databases|CONFIG GET timeout|CONFIG GET SAV*|CONFIG WHAT
DBSIZE|DBSIZE x|TIME x|EXISTS|EXISTS 1|EXISTS 1 1|TYPE|TYPE 1|TYPE 1 2
KEYS|KEYS *|KEYS * *|SCAN|SCAN 0|SCAN x|SCAN 0 MATCH|SCAN 0 MATCH *
SCAN 0 COUNT|SCAN 0 COUNT 0|SCAN 0 COUNT -1|SCAN 0 COUNT x|SCAN 0 COUNT 5
SCAN 0 TYPE|SCAN 0 TYPE string|SCAN 0 TYPE list|SCAN 0 TYPE nosuch|SCAN 0 WHAT
SCAN 0 WHAT x|SCAN 0 MATCH a MATCH b|SCAN 18446744073709551616|SCAN 0x0
SCAN 0 COUNT 99999999999999999999|SET 1 x;SET 2 y;KEYS 1;KEYS [^2-9];DBSIZE
SET 1 x;SCAN 0;SCAN 0 MATCH 2;SCAN 0 TYPE list;SCAN 0 COUNT 9 MATCH [^2]
STRLEN|STRLEN 1|STRLEN 1 2|GET|GET 1|GET 1 2|GETDEL|GETDEL 1|GETDEL 1 2
SET|SET 1|SET 1 a b|SET 1 a NX XX|SET 1 a XX NX|SET 1 a NX NX|SET 1 a WHAT
SET 1 a GET GET|SET 1 a KEEPTTL KEEPTTL|SET 1 a NX GET|SET 1 a XX GET;GET 1
GETSET|GETSET 1|GETSET 1 a|GETSET 1 a b|MGET|MGET 1|MGET 1 1 2|MSET|MSET 1
MSET 1 a 1 b;GET 1|MSET 1 a 1|APPEND|APPEND 1|APPEND 1 a b|DEL|DEL 1|DEL 1 1
GETRANGE|GETRANGE 1 0|GETRANGE 1 0 0 0|GETRANGE 1 x 0|GETRANGE 1 0 x
SETRANGE|SETRANGE 1 0|SETRANGE 1 0 a b|SETRANGE 1 -1 a|SETRANGE 1 x a
SETRANGE 1 9223372036854775808 a|SETRANGE 1 -9223372036854775808 a
SETRANGE 1 5 "";EXISTS 1|SETRANGE 1 9999999999999 ""|SETRANGE 1 -1 ""
SET 1 hello;GETRANGE 1 -99 -98;GETRANGE 1 -99 -99;GETRANGE 1 -7 -6
SET 1 hello;GETRANGE 1 -9223372036854775808 9223372036854775807
SET 1 hello;GETRANGE 1 9223372036854775807 9223372036854775807
SET 1 hello;GETRANGE 1 -5 -6;GETRANGE 1 -6 -6;GETRANGE 1 -6 -5;GETRANGE 1 0 -99
MULTI x|EXEC|EXEC x|DISCARD|DISCARD x|WATCH|WATCH 1|WATCH 1 1|UNWATCH x
MULTI;MULTI;SET 1 a;EXEC|MULTI;SET;EXEC|MULTI;WHAT;SET 1 a;EXEC;GET 1
MULTI;WATCH 1;SET 1 a;EXEC|MULTI;DISCARD;EXEC|MULTI;UNWATCH;EXEC|MULTI;EXEC
MULTI;EXEC x;EXEC|MULTI;SET 1 a;DISCARD x;EXEC|MULTI;MULTI x;SET 1 a;EXEC
MULTI;SELECT 0;AUTH x;CLIENT GETNAME;EXEC|MULTI;CLIENT WHAT;EXEC
MULTI;CLIENT SETNAME;EXEC|MULTI;CONFIG GET save;EXEC|MULTI;CONFIG WHAT;EXEC
MULTI;CLIENT;EXEC|MULTI;PING a b;EXEC|MULTI;RESET;EXEC|MULTI;TIME x;EXEC
MULTI;COMMAND COUNT x;EXEC|MULTI;COMMAND INFO nosuch;EXEC
WATCH 1;SET 1 a;MULTI;DISCARD;MULTI;GET 1;EXEC|WATCH 1;SET 1 a;MULTI;EXEC
WATCH 1;MULTI;WHAT;EXEC;SET 1 b;MULTI;GET 1;EXEC|WATCH 1;SET 1 a;MULTI;WHAT;EXEC
WATCH 1;SET 1 a;EXEC;MULTI;GET 1;EXEC|WATCH 1;SET 1 a;DISCARD;MULTI;GET 1;EXEC
SET 1 a;WATCH 1;SET 1 a NX;MULTI;GET 1;EXEC|WATCH 1;DEL 1;MULTI;GET 1;EXEC
WATCH 1;SET 1 a;MULTI;UNWATCH;GET 1;EXEC|WATCH 1;SET 1 a;UNWATCH;MULTI;GET 1;EXEC
WHAT|WHAT a b|GET\\x00 1|"wh\\r\\nat" "a\\r\\nb"|"wh\\x00at" "a\\x00b"|"" a|FOO
INFO nosuch|SET 1 'a b';GET 1|SET 1 "a\\x41\\n\\t\\"q";GET 1|SET 1 'a\\'b\\n';GET 1
SET 1 a'b';GET 1|SET 1 "\\x4g";GET 1|SET 1 a\\x41;GET 1
"""

# Most of them end the connection.
FRAMES = (
    b"*0\r\n*1\r\n$4\r\nPING\r\n",
    b"*-5\r\nPING\r\n",
    b"\r\n\r\n  PING  \n\tPING\r\n\n",
    b"PING\rPING\r\n",
    b"*1\r\n$0\r\n\r\n",
    b"*2\r\n$0\r\n\r\n$0\r\n\r\n",
    b"*1\r\n$-1\r\n",
    b"*1\r\n+PING\r\n",
    b"*01\r\n$4\r\nPING\r\n",
    b"*+1\r\n$4\r\nPING\r\n",
    b"* 1\r\n$4\r\nPING\r\n",
    b"*1 \r\n$4\r\nPING\r\n",
    b"*1x\r\n$4\r\nPING\r\n",
    b"*x\r\n",
    b"*\r\n",
    b"*2147483648\r\n",
    b"*99999999999999999999\r\n",
    b"*1\r\n$04\r\nPING\r\n",
    b"*1\r\n$+4\r\nPING\r\n",
    b"*1\r\n$\r\n",
    b"*1\r\n$x\r\n",
    b"*1\r\n$99999999999999999999\r\n",
    b'SET 1 "abc\r\nPING\r\n',
    b'SET 1 "abc"d\r\nPING\r\n',
    b'SET 1 ab"cd\r\n',
    b"$4\r\nPING\r\n",
    # Longer than a line may be by more than Redis takes in at once (16 kB): it
    # sees that before it sees the line's end, however late it looks.
    b"*" + b"1" * 100_000,
    b"A" * 100_000,
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"host: x\r\n",
    b"QUIT x\r\nPING\r\n",
)


class Comparison(ProcessCase):
    def setUp(self) -> None:
        super().setUp()
        self.redis_path = self.start_redis()
        self.dipc_path = self.directory / "dipc"
        self.server = self.dipc("--unix", str(self.dipc_path), mailboxes=16)

    def start_redis(self) -> Path:
        program = machine.need_command("redis-server")
        version = subprocess.run(
            [program, "--version"], stdout=subprocess.PIPE, text=True
        ).stdout
        if f"v={REDIS}" not in version:
            self.skipTest(f"redis-server is not {REDIS}x: {version}")
        path = self.directory / "redis"
        log = self.directory / "redis-log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [program, "--port", "0", "--unixsocket", str(path)]
                + ["--save", "", "--databases", "1"]
                + ["--dir", str(self.directory)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        child.returncode = 0  # whoever waits for it is Process.wait
        process = Process(child.pid)
        self.addCleanup(process.destroy)
        until(lambda: b"ready to accept" in log.read_bytes(), "it listens")
        return path

    def said(self, path: Path, sent: list[bytes], version: int) -> bytes:
        """All that is said until a RESET is answered, or to the end."""
        said = b""
        with RespWire(0, path=path) as client:
            if version == 3:
                client.command("HELLO", 3)
            try:
                for piece in sent:
                    client.send(piece)
            except ConnectionError:
                pass  # what was said before is still to be heard
            try:
                while not said.endswith(b"+RESET\r\n"):
                    said += client.line() + b"\n"
            except (EOFError, ConnectionError):
                said += b"(closed)"
        return said

    def empty_both(self) -> None:
        with RespWire(0, path=self.redis_path) as redis:
            self.assertEqual(redis.command("FLUSHALL"), "OK")
        with RespWire(0, path=self.dipc_path) as dipc:
            for mailbox in range(len(KEYS)):
                dipc.command("DEL", mailbox)

    def compare(self, sent: list[bytes], version: int, name: str) -> None:
        """Both say the same, on empty stores."""
        self.empty_both()
        sent.append(b"\r\nRESET\r\n")
        with self.subTest(name, version=version):
            ours = self.said(self.dipc_path, sent, version)
            theirs = self.said(self.redis_path, sent, version)
            self.assertEqual(ours, theirs)

    def test_single_commands(self) -> None:
        rows = ROWS.strip().replace("\n", "|").split("|")
        self.assertGreater(len(rows), 200)
        for row in rows:
            lines = [line.encode() + b"\r\n" for line in row.split(";")]
            for version in (2, 3):
                self.compare(lines.copy(), version, row)

    def test_what_is_no_command(self) -> None:
        for frame in FRAMES:
            self.compare([frame], 2, repr(frame[:80]))

    def test_random_conversations(self) -> None:
        seed = int(os.environ.get("SEED") or random.randrange(10**6))
        print(f"seed {seed} (SEED={seed} repeats the conversations)")
        chance = random.Random(seed)
        for i in range(ROUNDS):
            sent = b"".join(conversation(chance))
            cut = chance.randrange(len(sent))
            pieces = [sent[:cut], sent[cut:]]
            self.compare(pieces, chance.choice((2, 3)), f"seed {seed}, {i}")


def value(chance: random.Random) -> str:
    """Never empty: that is no value here."""
    length = chance.choice((1, 1, 2, 5, 40, 3000))
    return "".join(chance.choice("ab\r\n$*0\0") for _ in range(length))


def number(chance: random.Random) -> str:
    return chance.choice(
        ("0", "1", "-1", "3", "-3", "7", "40", "-40", "99", "x", "01", "", "+1")
    )


def command(chance: random.Random, key: str) -> bytes:
    """Any command on one mailbox, right or wrong."""
    data = value(chance)
    first, last = number(chance), number(chance)
    options = chance.sample(("NX", "XX", "GET", "KEEPTTL"), chance.randrange(3))
    offset = chance.choice(("0", "1", "9", "50", "-1", "x"))
    return encode(
        *chance.choice(
            (
                ("GET", key),
                ("SET", key, data),
                ("SET", key, data, *options),
                ("GETSET", key, data),
                ("GETDEL", key),
                ("APPEND", key, data),
                ("STRLEN", key),
                ("GETRANGE", key, first, last),
                ("SETRANGE", key, offset, data),
                ("EXISTS", key, key),
                ("TYPE", key),
                ("DEL", key, key),
                ("MGET", key, key),
                ("MSET", key, data, key, data + "!"),
                ("PING", data),
                ("ECHO", data),
                ("WHAT", key, data),
                ("GET", key, "x"),
            )
        )
    )


def conversation(chance: random.Random) -> Iterator[bytes]:
    """Commands, and transactions on one mailbox each."""
    for _ in range(chance.randrange(1, 12)):
        key = chance.choice(KEYS)
        if chance.random() < 0.6:
            yield command(chance, key)
            continue
        if chance.random() < 0.5:
            yield encode("WATCH", key)
        if chance.random() < 0.3:
            yield command(chance, key)
        yield encode("MULTI")
        for _ in range(chance.randrange(7)):
            if chance.random() < 0.95:
                yield command(chance, key)
            else:
                yield encode(chance.choice(("MULTI", "WATCH", "UNWATCH")), key)
        yield encode(*chance.choice((("EXEC",), ("DISCARD",), ("EXEC", "x"))))
        yield encode("UNWATCH")


if __name__ == "__main__":
    main()
