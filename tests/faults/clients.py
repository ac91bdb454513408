"""dipcctl, and with it the client library, while one of its calls fails.

The server has no fault.  dipcctl says by its exit status what is true: done,
not done, or not known; the mailboxes are looked at afterwards.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Callable

from conversation import Conversation, Problem, State, written
from place import Place

PIECE_BYTES = 4096
LONG = "".join(f"{i:07}\n" for i in range(1200))  # three pieces

TIMEOUT = "60s"

DONE = 0
LATE = 4
UNKNOWN = 7

Done = subprocess.CompletedProcess[str]


def run(
    place: Place,
    faults: str,
    command: list[str],
    server: str = "",
    said: str = "",
) -> Done:
    """dipcctl with a fault, which must not make it wait for its timeout."""
    server = server or f"127.0.0.1:{place.port}"
    done = place.run(
        "dipcctl",
        *("--server", server, "--timeout", TIMEOUT),
        *command,
        faults=faults,
        said=said,
    )
    if done.returncode != DONE:
        place.judge_refusal(faults, done.stderr)
        judge_lateness(faults, done)
    return done


def judge_lateness(faults: str, done: Done) -> None:
    """Only what says that it took too long may be told as such."""
    error = int(faults.split()[-1])
    late = {errno.EAGAIN, errno.ETIMEDOUT, errno.EALREADY, errno.EINPROGRESS}
    if done.returncode == LATE and error not in late:
        raise Problem(f"{os.strerror(error)}, and it said {done.stderr!r}")


def told_of_output(done: Done) -> bool:
    """It is done, and only that could not be printed."""
    return done.returncode == 1 and "standard output" in done.stderr


def judge_printed(done: Done, whole: str) -> None:
    """What was printed is right, and all of it where that is said."""
    if done.returncode == DONE and done.stdout != whole:
        raise Problem(f"not all was printed: {done.stdout[-200:]!r}")
    if not told_of_output(done) and not whole.startswith(done.stdout):
        raise Problem(f"something else was printed: {done.stdout[:200]!r}")


class Served:
    """A server with something in its mailboxes, and its end."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.server = place.serve()
        self.client = place.converse(0)
        self.client.fill()
        self.client.drop("a")

    def __enter__(self) -> Conversation:
        return self.client

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.client.read_all("last")
            self.client.close()
            self.place.end(self.server)
        else:
            self.client.close()
            self.server.destroy()


def read(place: Place, faults: str) -> None:
    """What takes several answers, by the server's name."""
    with Served(place) as client:
        for at in range(0, len(LONG), PIECE_BYTES):
            piece = LONG[at : at + PIECE_BYTES].encode()
            client.write("a", 1, piece, "end" if at else None)
        client.drop("a")
        server = f"localhost:{place.port}"
        judge_printed(run(place, faults, ["read", "1"], server), LONG)


def outcomes(done: Done, before: State, after: list[State]) -> set[State]:
    """The states that a mailbox may be in, by what dipcctl said.

    after   one state for each piece, the last when all is done
    """
    if done.returncode == DONE or told_of_output(done):
        return {after[-1]}
    if done.returncode == UNKNOWN or "is unknown" in done.stderr:
        return {before, *after}
    found = re.search(r"bytes are written, as version (\d+)", done.stderr)
    if found:
        return {state for state in after if state[0] == int(found[1])}
    return {before}


def write(place: Place, faults: str) -> None:
    """In pieces, from standard input, over the Unix socket."""
    after: list[State] = [(0, b"")]
    for at in range(0, len(LONG), PIECE_BYTES):
        piece = LONG[at : at + PIECE_BYTES].encode()
        after.append(written(after[-1], piece, "end" if at else None))
    with Served(place) as client:
        done = run(
            place,
            faults,
            ["write", "2", "--pieces"],
            str(place.top / "socket"),
            LONG,
        )
        judge_printed(done, f"{after[-1][0]}\n")
        client.possible[2] = outcomes(done, after[0], after[1:])


def compare_and_swap(place: Place, faults: str) -> None:
    with Served(place) as client:
        (before,) = client.possible[0]
        done = run(place, faults, ["cas", "0", "2", "swapped"])
        judge_printed(done, "3\n")
        client.possible[0] = outcomes(done, before, [(3, b"swapped")])


def wait(place: Place, faults: str) -> None:
    with Served(place):
        done = run(place, faults, ["wait", "0", "1"])
        judge_printed(done, "kept well")


def wait_in_vain(place: Place, faults: str) -> None:
    """It ends with the status of a wait that was over too soon."""
    with Served(place):
        done = place.run(
            *("dipcctl", "--server", str(place.port), "--timeout", TIMEOUT),
            *("wait", "0", "--wait", "5ms"),
            faults=faults,
        )
        if done.returncode == DONE:
            raise Problem(f"it got what nobody wrote: {done.stdout!r}")
        if done.returncode != LATE:
            place.judge_refusal(faults, done.stderr)


def watch(place: Place, faults: str) -> None:
    with Served(place):
        done = run(place, faults, ["watch", "0", "--from", "0", "-n", "1"])
        judge_printed(done, "version 2, 9 bytes, 1 missed\nkept well\n")


def statistics(place: Place, faults: str) -> None:
    with Served(place):
        done = run(place, faults, ["stat", "0"])
        if done.returncode == DONE and not re.search(
            r"(?m)^version +2$", done.stdout
        ):
            raise Problem(f"these are no statistics: {done.stdout!r}")


def top(place: Place, faults: str) -> None:
    with Served(place):
        done = run(place, faults, ["top", "-n", "2", "-i", "1ms"])
        if done.returncode == DONE and done.stdout.count("MAILBOX") != 2:
            raise Problem(f"these are not two tables: {done.stdout!r}")


def ping(place: Place, faults: str) -> None:
    with Served(place):
        done = run(place, faults, ["ping", "-n", "2", "-i", "1ms"])
        if done.returncode == DONE and done.stdout.count(" answers in ") != 2:
            raise Problem(f"these are not two answers: {done.stdout!r}")


SCENARIOS: dict[str, Callable[[Place, str], None]] = {
    "ctl-read": read,
    "ctl-write": write,
    "ctl-cas": compare_and_swap,
    "ctl-wait": wait,
    "ctl-wait-in-vain": wait_in_vain,
    "ctl-watch": watch,
    "ctl-stat": statistics,
    "ctl-top": top,
    "ctl-ping": ping,
}
