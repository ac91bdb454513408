"""The core's lock against those of pthreads and of Concurrency Kit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from figures import Key, Table, size_name
from peers import Effort, Place

OTHERS = ("pthread_rwlock_t", "the same, writers first", "ck_pflock",
          "ck_tflock", "ck_rwlock", "pthread_mutex_t")
COLUMNS = ("threads", "writers", "section")
JUST = ("pthread_rwlock_t", "ck_tflock")
ALONE = ("pthread_rwlock_t", "pthread_mutex_t, robust and shared")
RUN_S = 120


def contest(place: Place, threads: int, writers: int, section: int, run_ms: int,
            *options: str) -> list[tuple[str, str, float]]:
    """One run of each lock, in turn: lock, figure, value."""
    program = place.program("lock_contest")
    if not program.exists():
        raise FileNotFoundError(
            "stress/bench/lock_contest was not built: it needs Debian's "
            "libck-dev, which ci/dependencies bench installs")
    done = subprocess.run(
        [program, "--threads", str(threads), "--writers", str(writers),
         "--section", str(section), "--for-ms", str(run_ms), *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_S)
    if done.returncode != 0:
        raise AssertionError(f"lock_contest: {done.stderr}")
    lines = (line.split("|") for line in done.stdout.splitlines())
    return [(name, figure, float(value)) for name, figure, value in lines]


def alone(place: Place, effort: Effort) -> Table:
    """In slices so short that hardly any is disturbed."""
    table = Table(
        "lock-alone", "Acquisition and release when nobody else is there",
        ("operation", "shared"), "ns", "DIPC", ALONE, "less")
    for _ in range(effort.rounds):
        done = subprocess.run([place.program("lock_cost")], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=RUN_S)
        if done.returncode != 0:
            raise AssertionError(f"lock_cost: {done.stderr}")
        spans: dict[str, float] = {}
        for line in done.stdout.splitlines()[2:]:
            name, median = line.replace("`", "").split("|")[1:3]
            spans[name.strip()] = float(median)
        for operation in ("read", "write"):
            for among in ("among threads", "among processes"):
                key = (operation, among)
                table.add(key, "DIPC", spans[f"this lock, {operation} ({among})"])
                for other in ALONE:
                    table.add(key, other, spans.get(
                        other, spans.get(f"{other}, {operation}", 0)))
    return table


def throughput(place: Place, effort: Effort) -> Table:
    table = Table(
        "lock-throughput", "Acquisitions per second, all threads together",
        COLUMNS, "1/s", "DIPC", OTHERS,
        brief=lambda key: key[2] == "0 B" and key[0] in ("1", "8")
        and key[1] != "10 %")
    percents = (0, 10, 50, 90, 100) if effort.whole else (0, 10, 50, 100)
    for _ in range(effort.rounds):
        for writers in percents:
            for section in (0, 64, 4096):
                for threads in (1, 2, 4, 8, 16):
                    for lock, figure, value in contest(
                            place, threads, writers, section,
                            effort.run_ms // 4):
                        if figure == "per-second":
                            table.add((str(threads), f"{writers} %",
                                       size_name(section)), lock, value)
    return table


def is_telling(key: Key) -> bool:
    return key[0] == "8" and key[2] == "0 B"


def fairness(place: Place, effort: Effort) -> list[Table]:
    """Timed, so that nobody's throughput is judged by these."""
    tables = {
        "worst-us": Table(
            "lock-worst-wait", "The longest wait for the lock of any thread",
            COLUMNS, "us", "DIPC", OTHERS, "less", brief=is_telling),
        "most-to-least": Table(
            "lock-served",
            "How many times as often the most served thread was served as the "
            "least served one", COLUMNS, "times", "DIPC", OTHERS, "less",
            brief=is_telling),
        "switches": Table(
            "lock-switches", "Context switches for each acquisition", COLUMNS,
            "", "DIPC", JUST, "less",
            brief=lambda key: key[0] != "2"),
    }
    for _ in range(effort.rounds):
        for writers in (10, 50, 100):
            for section in (0, 4096):
                for threads in (2, 8, 16):
                    for lock, figure, value in contest(
                            place, threads, writers, section,
                            effort.run_ms * 2 // 3, "--waits"):
                        table = tables.get(figure)
                        if table and lock in (table.ours, *table.others):
                            table.add(
                                (str(threads), f"{writers} %",
                                 size_name(section)), lock, value)
    return list(tables.values())


def run(place: Place, effort: Effort) -> Iterator[Table]:
    yield alone(place, effort)
    yield throughput(place, effort)
    yield from fairness(place, effort)
