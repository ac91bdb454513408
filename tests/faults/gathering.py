"""dipcgather and dipcsend while one of their calls fails.

A result is there whole, or its absence is told; nothing is left running, and no
directory of a socket stays.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from conversation import Problem
from place import HANG_S, Place

CHILDREN = 3
LINES = 40000  # two pieces
LINES_SLOW = 500  # where it goes byte by byte


def lines(faults: str | None) -> int:
    return LINES_SLOW if faults == "short" else LINES


def content(which: int, faults: str | None) -> str:
    return f"{which}\n" * lines(faults)


def judge_results(
    place: Place, directory: Path, faults: str | None
) -> set[int]:
    """Those that are there; each is whole."""
    found = set()
    for path in directory.iterdir() if directory.is_dir() else []:
        which = int(path.name)
        if path.read_text() != content(which, faults):
            raise Problem(f"result {which} has {path.stat().st_size} bytes")
        found.add(which)
    return found


def judge_end(place: Place, said: str) -> None:
    # Commands write into pipes that may be closed early.
    place.no_children((signal.SIGTERM, signal.SIGKILL, signal.SIGPIPE))
    left = list((place.top / "tmp").iterdir())
    if left and not place.was_a_remover():
        raise Problem(f"left behind: {left}, after {said}")


def told(said: str) -> set[int]:
    """The children whose results are missing, by what was said."""
    missing = set()
    for first, last in re.findall(r"child(?:ren)? (\d)(?: to (\d))?:", said):
        missing |= set(range(int(first), int(last or first) + 1))
    return missing


def gather(place: Place, faults: str) -> None:
    """Commands that run here."""
    output = place.top / "results"
    done = place.run(
        *("dipcgather", "-n", str(CHILDREN), "--quiet"),
        *("--output", str(output)),
        *("--", "sh", "-c", f"yes {{}} | head -n {lines(faults)}"),
        faults=faults,
    )
    judge_end(place, done.stderr)
    found = judge_results(place, output, faults)
    if done.returncode != 0:
        place.judge_refusal(faults, done.stderr)
    everyone = set(range(CHILDREN))
    if done.returncode == 0 and found != everyone:
        raise Problem(f"it is done with {found}: {done.stderr}")
    if found and told(done.stderr) and told(done.stderr) != everyone - found:
        raise Problem(f"there are {found}, and it said {done.stderr}")


def gather_afar(place: Place, faults: str) -> None:
    """One that is started here, by whoever reads the token."""
    send(place, faults, None)


def send_afar(place: Place, faults: str) -> None:
    send(place, None, faults)


def send(place: Place, of_parent: str | None, of_sender: str | None) -> None:
    """dipcgather waits for dipcsend; one of the two has a fault."""
    timeout = "10s" if "fail" in (of_parent or of_sender or "") else "100s"
    output = place.top / "results"
    tokens = place.top / "tokens"
    with subprocess.Popen(
        [
            *(place.command("dipcgather"), "-n", "1", "--remote", "1"),
            *("--listen", "127.0.0.1", "--tokens", str(tokens)),
            *("--quiet", "--timeout", timeout, "--output", str(output)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=place.environment(of_parent),
        bufsize=0,  # a line is read, and not what follows it
    ) as parent:
        assert parent.stderr is not None
        line = parent.stderr.readline().decode()
        found = re.match(r"dipcsend --token-file (\S+) (\S+) 0\n", line)
        sent = -1
        if found:
            sent = send_result(place, found[2], found[1], of_sender, of_parent)
        try:
            said = line + parent.communicate(timeout=HANG_S)[1].decode()
        except subprocess.TimeoutExpired as error:
            raise Problem(f"dipcgather hangs; dipcsend ended {sent}") from error
    place.judge_status("dipcgather", parent.returncode, said)
    judge_end(place, said)
    results = judge_results(place, output, of_parent or of_sender)
    if sent == 0 and of_sender and results != {0}:
        raise Problem(f"dipcsend was done, and dipcgather not: {said}")
    if (parent.returncode == 0) != (results == {0}) and not of_parent:
        raise Problem(f"dipcgather ended {parent.returncode} with {results}")
    if parent.returncode != 0:
        place.judge_refusal(of_parent or of_sender or "", said)
        if not re.search(r"(?m)^dipcgather: \S", said):
            raise Problem(f"dipcgather failed without a word: {said!r}")


def send_result(
    place: Place,
    address: str,
    token: str,
    faults: str | None,
    of_parent: str | None,
) -> int:
    """Once with the fault, and again where that was not enough."""
    arguments = ["--token-file", token, address, "0"]
    result = content(0, faults or of_parent)
    done = place.run("dipcsend", *arguments, faults=faults, said=result)
    if done.returncode == 0 or not faults:
        return done.returncode
    place.judge_refusal(faults, done.stderr)
    again = place.run("dipcsend", *arguments, said=result)
    return again.returncode


SCENARIOS: dict[str, Callable[[Place, str], None]] = {
    "gather": gather,
    "gather-afar": gather_afar,
    "send": send_afar,
}
