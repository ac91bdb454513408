"""Run a check, and tell whether it hangs, however loaded the machine is.

A check that hangs sleeps for ever or computes for ever.  So two times are
measured that do not grow when others use the processors: the processor time,
and the time within one test case in which none of its threads was so much as
ready to run.  The limits are multiples of what the check takes with the sources
as they are.
"""

import math
import os
import resource
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MEMORY_BYTES = 4 << 30
TICK_SECONDS = 0.05
# A check that is neither asleep nor computing for so long is no verdict.
WALL_SECONDS = 300


class WatchdogError(Exception):
    """A check whose end cannot be told."""


@dataclass(frozen=True)
class Limits:
    """idle: seconds in which every thread sleeps, within one test case;
    processor: seconds of each process."""

    idle: float
    processor: int


# While the sources are as they are; far more than any check takes.
UNKNOWN = Limits(60, 60)


@dataclass(frozen=True)
class Run:
    ended: str  # "status N", a signal, "sleeps for ever" or "spins for ever"
    output: str
    idle: float  # the longest in one case
    processor: float


def limits_of(runs: list[Run]) -> Limits:
    """Far above what the sources as they are need."""
    return Limits(1.5 + 4 * max(run.idle for run in runs),
                  math.ceil(1.5 + 10 * max(run.processor for run in runs)))


def processes_of(process: int) -> list[int]:
    """A process and its descendants, as far as they live."""
    found = [process]
    for one in found:
        try:
            for thread in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{thread}/children",
                          encoding="ascii") as file:
                    found += [int(word) for word in file.read().split()]
        except OSError:
            pass  # it has ended
    return found


def is_asleep(process: int) -> bool:
    """Does every thread of it and of its descendants sleep?"""
    for one in processes_of(process):
        try:
            for thread in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{thread}/stat",
                          encoding="ascii") as file:
                    if file.read().rpartition(") ")[2][0] in "RD":
                        return False
        except OSError:
            return False  # it is just ending
    return True


def watch(process: "subprocess.Popen[bytes]", output: Path, limit: float
          ) -> tuple[bool, float]:
    """Wait for the end; whether it came, and the longest idle time."""
    begin = last = time.monotonic()
    size = 0
    idle = longest = 0.0
    while True:
        try:
            process.wait(TICK_SECONDS)
            return True, longest
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        if output.stat().st_size != size:  # another case is under way
            size = output.stat().st_size
            idle = 0.0
        elif is_asleep(process.pid):
            # Late ticks tell nothing of the time between.
            idle += min(now - last, 2 * TICK_SECONDS)
        longest = max(longest, idle)
        last = now
        if idle > limit:
            return False, longest
        if now - begin > WALL_SECONDS:
            raise WatchdogError(
                f"neither ends nor hangs within {WALL_SECONDS} s:\n"
                + output.read_text(errors="replace")[-2000:])


def end(process: int) -> None:
    """End what was started as a session of its own."""
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


# The checks that run now: sessions of their own, which no terminal ends.
under_way: set[int] = set()


def end_all_and_exit(number: int, _: object) -> None:
    for process in list(under_way):
        end(process)
    os._exit(128 + number)


def run(command: list[str | Path], limits: Limits) -> Run:
    """Run it to its end or its limits.  All that it started is ended.  The
    processor time is told rightly while one check runs at a time."""
    limited = ["sh", "-c", f"ulimit -c 0; ulimit -v {MEMORY_BYTES // 1024}; "
               f"ulimit -S -t {limits.processor}; "
               f"ulimit -H -t {limits.processor + 1}; exec nice -n 10 \"$@\"",
               "sh", *command]
    with tempfile.NamedTemporaryFile() as file:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(
            limited, stdout=file, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True)
        under_way.add(process.pid)
        try:
            ends, idle = watch(process, Path(file.name), limits.idle)
        finally:
            end(process.pid)
            under_way.discard(process.pid)
            process.wait()
            Path(f"/dev/shm/dipc-test-{process.pid}").unlink(missing_ok=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = Path(file.name).read_text(errors="replace")
    if not ends:
        ended = "sleeps for ever"
    elif process.returncode == -signal.SIGXCPU:
        ended = "spins for ever"
    elif process.returncode == -signal.SIGKILL:
        raise WatchdogError("somebody else killed it")
    elif process.returncode < 0:
        ended = signal.Signals(-process.returncode).name
    else:
        ended = f"status {process.returncode}"
    return Run(ended, output, idle, after.ru_utime + after.ru_stime
               - before.ru_utime - before.ru_stime)
