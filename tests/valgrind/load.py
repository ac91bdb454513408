"""A server under load: load.py -- COMMAND... DIPC

Starts DIPC by the command (a tool of Valgrind's), lets clients of both
protocols use it at once, some of them rudely, and ends it by SIGTERM.  Fails if
it does not serve, or does not end as it should.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from process.resp import RespWire  # noqa: E402
from process.server import Server, start_foreground  # noqa: E402

MAILBOXES = 4
ROUNDS = 30
TIMEOUT_S = 100.0


def own(server: Server, number: int) -> None:
    """What the protocol has, on mailboxes that others use as well."""
    with server.connect(TIMEOUT_S) as wire:
        for turn in range(ROUNDS):
            box = (number + turn) % MAILBOXES
            text = b"%d-%d" % (number, turn) * (1 + turn % 50)
            assert wire.ask(b"w %d %d\n%s" % (box, len(text), text)).ok
            wire.ask(b"w %d 1 at=end\n." % box)
            seen = wire.ask(b"r %d\n" % box)
            assert seen.ok, seen
            wire.ask(b"w %d 3 if=%d\nnew" % (box, seen.version))
        assert wire.statistics()["clients"]
        assert wire.statistics(0)


def waits(server: Server, number: int) -> None:
    """Follow what the others write, and time out in the end."""
    with server.connect(TIMEOUT_S) as wire:
        version = 0
        for _ in range(ROUNDS):
            seen = wire.ask(b"r %d after=%d wait=300\n"
                            % (number % MAILBOXES, version))
            if not seen.ok:
                assert seen.code == "timeout", seen
                break
            version = seen.version


def redis(server: Server, number: int) -> None:
    with RespWire(server.port, timeout=TIMEOUT_S) as wire:
        assert wire.command("HELLO", "3")
        for turn in range(ROUNDS):
            key = f"mailbox:{(number + turn) % MAILBOXES}"
            assert wire.command("SET", key, "x" * (1 + turn * 10)) == "OK"
            assert wire.command("GET", key) is not None
            assert wire.command("MULTI") == "OK"
            assert wire.command("APPEND", key, "y") == "QUEUED"
            assert len(wire.command("EXEC")) == 1
        assert wire.command("INFO")
        assert wire.command("CLIENT", "LIST")


def rude(server: Server, number: int) -> None:
    """Ends in the middle of a request, of an answer, or of a wait."""
    for turn in range(ROUNDS // 3):
        wire = server.connect(TIMEOUT_S)
        wire.send((b"w 0 900\nshort", b"r 1\nr 2\n", b"\0\1\2nonsense",
                   b"r 3 after=99999999 wait=60000\n")[(number + turn) % 4])
        if turn % 2:
            wire.reset()
        else:
            wire.close()


def main() -> int:
    command = sys.argv[sys.argv.index("--") + 1:]
    failures: list[BaseException] = []

    def guarded(role: Callable[[Server, int], None], server: Server,
                number: int) -> None:
        try:
            role(server, number)
        except BaseException as failure:
            failures.append(failure)

    with tempfile.TemporaryDirectory(prefix="dipc-test-") as directory:
        environment = os.environ | {"XDG_RUNTIME_DIR": directory}
        server = start_foreground(
            [*command, "--foreground", "--log", "stderr", str(MAILBOXES), "8",
             "any", "4"], Path(directory) / "log", environment)
        try:
            threads = [threading.Thread(target=guarded,
                                        args=(role, server, number))
                       for role in (own, waits, redis, rude)
                       for number in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with server.connect(TIMEOUT_S) as wire:
                print(wire.statistics())
            server.signal(signal.SIGTERM)
            status = server.wait(TIMEOUT_S)
            if status != 0:
                failures.append(AssertionError(f"its status is {status}"))
        finally:
            if failures:
                print(server.log_end())
            server.destroy()
    for failure in failures:
        traceback.print_exception(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
