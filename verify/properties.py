"""What is proved of the core and the permits: programs for the model checker.

A row is one harness with some scripts; each script list is one search.  Rows
marked quick make the quick run; they are also the checks that mutants face.
"""

import itertools
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CORE = ROOT / "core"
NET = ROOT / "net"
FLAGS = ("-std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wshadow -Wconversion "
         "-Werror").split()

LOCK = ("guard", "parking", "seat", "rwlock")
WATCH = ("guard", "parking", "seat", "watch")
PERMITS = ("permits", "clock")  # of net/; all others are of core/
ALL = ("guard", "parking", "seat", "rwlock", "watch", "mailbox", "segment")
HARNESSES = {
    "rwlock_turns": LOCK,
    "rwlock_departures": LOCK,
    "watch_follow": WATCH,
    "mailbox_history": ALL,
    "permits_turns": PERMITS,
    "death_rwlock": LOCK,
    "death_watch": WATCH,
    "death_mailbox": ALL,
}
# What the harnesses share: who plays, by the first word of their names.
SHARED = {"rwlock": "cast", "watch": "cast", "mailbox": "cast",
          "permits": "cast", "death": "mortals"}


@dataclass(frozen=True)
class Row:
    name: str
    harness: str
    bounds: str
    scripts: tuple[str, ...]
    quick: bool = False
    options: tuple[str, ...] = ()


@dataclass
class Result:
    verdict: str
    executions: int
    complete: bool
    seconds: float
    text: str
    cut: str = ""  # the bound that cut it off


def mixes(letters: str, threads: int) -> tuple[str, ...]:
    """Every mix of so many threads, one operation each."""
    return tuple(" ".join(mix) for mix in
                 itertools.combinations_with_replacement(letters, threads))


def pairs(letters: str, threads: int, length: int) -> tuple[str, ...]:
    """Every mix of threads that each do `length` operations."""
    words = ["".join(word) for word in
             itertools.product(letters, repeat=length)]
    return tuple(" ".join(mix) for mix in
                 itertools.combinations_with_replacement(words, threads))


def futex(scripts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("-f " + script for script in scripts)


DEATH = ("--deaths=1",)
# Time passes only when nobody can go on: the naps in which sleepers look for
# the dead end then.
IDLE = ("--idle-time",)
MORTAL = ("--deaths=1", *IDLE)
MORTAL_TWICE = ("--deaths=1", "--idle-time", "--preemptions=2")
MORTAL_ONCE = ("--deaths=1", "--idle-time", "--preemptions=1")
ONCE = ("--preemptions=1",)
MORTALS = ("--deaths=2", "--idle-time", "--preemptions=1")
MORTALS_IN_TURN = ("--deaths=2", "--idle-time", "--preemptions=0")
EARLY = ("--spurious", "--timeouts=1")
EARLY_MORE = ("--spurious", "--timeouts=3")
# Threads that come one after the other: no preemption is possible.
SECOND_DEATH = ("--deaths=2", "--preemptions=2")
DEADLINES = "deadlines pass at any moment"
LOCKED = "others get the lock (L1 to L5)"
TOLD = "others hear of a version (L5)"
KEPT = "versions whole, kept (M1, M2)"

ROWS = (
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        f"2 threads, every mix, {DEADLINES}", mixes("rwRW", 2), True),
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        f"3 threads, every mix, {DEADLINES}", mixes("rwRW", 3), True),
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        "4 threads, every mix", mixes("rw", 4), True),
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        f"4 threads, every mix, {DEADLINES}", mixes("rwRW", 4)),
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        f"2 threads, 2 operations each, {DEADLINES}", pairs("rwRW", 2, 2),
        True),
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        "2 threads, 3 operations each", pairs("rw", 2, 3)),
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        "3 threads, 2 operations each", pairs("rw", 3, 2)),
    Row("L1 to L4, bounded overtaking 0", "rwlock_turns",
        "5 threads", ("r w r w W", "w w w w w", "r r w r r")),
    Row("a cancellation at any moment", "rwlock_turns",
        "3 threads, one cancelled", ("w W x1", "R w x0", "r w x1", "w w x0"),
        True),
    Row("a cancellation at any moment", "rwlock_turns",
        "4 threads, one cancelled", ("r w R x1", "w r W x1", "W w r x1")),
    Row("on futex words", "rwlock_turns", f"3 threads, {DEADLINES}",
        futex(("r w W", "w w R", "r r w", "R W w")), True),
    Row("on futex words", "rwlock_turns", f"3 threads, every mix, {DEADLINES}",
        futex(mixes("rwRW", 3))),
    Row("others look on", "rwlock_turns",
        "1 to 2 threads use it; 1 checks and counts, or removes the dead",
        ("w k", "r k", "W r k", "w w k", "w v", "W r v"), True),
    Row("others look on", "watch_follow",
        "a watcher, a publication; 1 checks, or removes the dead",
        ("n p k", "N p k", "n p v"), True),
    Row("sleeps that end for no reason", "rwlock_turns",
        "3 threads, every mix; at most 1 such end a thread",
        mixes("rw", 3) + ("R w w", "W w x0", "-f r w w"), True, EARLY),
    Row("sleeps that end for no reason", "rwlock_turns",
        "3 threads, every mix; at most 3 such ends a thread",
        mixes("rwW", 3), False, EARLY_MORE),
    Row("sleeps that end for no reason", "watch_follow",
        "1 to 2 watchers; at most 1 such end a thread",
        ("n p", "n pp", "n n p", "N n p", "n x0", "-f n p"), True, EARLY),
    Row("who departs leaves no trace", "rwlock_departures",
        "a holder that stays; 1 to 3 threads queue, time out, are cancelled",
        ("wW", "wR W", "rW r", "rr W r", "rr W R", "rr r W", "ww x0", "wr x0",
         "rw r x0", "wR w x1", "rW R W"), True),
    Row("who departs leaves no trace", "rwlock_departures",
        "a reader that stays; a writer in the middle of 4 departs",
        ("rr W r r", "rW r W r", "rW r R W")),
    Row("who departs leaves no trace", "rwlock_departures",
        "the same on futex words",
        futex(("wW", "wR W", "rW r", "rr W R", "ww x0", "rw r x0")), True),
    Row("no version is missed (L3, L4)", "watch_follow",
        "1 to 2 watchers, 1 to 2 publications",
        ("n p", "n pp", "n p p", "n n p", "N p", "n N p", "N N p"), True),
    Row("no version is missed (L3, L4)", "watch_follow",
        "a watcher cancelled at any moment",
        ("n x0", "N x0", "n x0 p", "n N x0 p", "n n x0 x1"), True),
    Row("no version is missed (L3, L4)", "watch_follow",
        "the same on futex words",
        futex(("n p", "n pp", "n n p", "N p", "n x0", "n x0 p")), True),
    Row("no version is missed (L3, L4)", "watch_follow",
        "2 to 3 watchers, 2 to 3 publications",
        ("n n pp", "n ppp", "n N pp", "n n n p", "n n p p")),
    Row("one history, M1, S1", "mailbox_history",
        "1 thread, any 3 writes, then a read", ("wwwr",), True),
    Row("one history, M1, S1", "mailbox_history",
        "2 threads, any write against any other operation",
        ("w r", "w b", "w d", "w v", "w w", "vw vr", "W r", "w R", "W W",
         "n w", "cv p", "c c"), True),
    Row("one history, M1, S1", "mailbox_history",
        "2 threads, several operations each",
        ("ww r", "rr po", "rc pa", "ag r", "oo r", "po rr", "vvv pp", "br pg"),
        True),
    Row("read and write are one, M1", "mailbox_history",
        "2 threads, an update against any write, a read or another",
        ("u w", "u r", "u i", "i w", "u u", "U u", "u v", "n u"), True),
    Row("read and write are one, M1", "mailbox_history",
        "2 threads, 2 updates each; a cancellation",
        ("uu uu", "uu pu", "u x0", "uu ii"), True),
    Row("read and write are one, M1", "mailbox_history",
        "3 threads", ("u u u", "u w r", "u u i", "u i w", "n u u")),
    Row("one history, M1, S1", "mailbox_history",
        "3 threads, any writes against a read", ("w w r", "w r r", "w w v")),
    Row("one history, M1, S1", "mailbox_history",
        "3 threads: compare-and-swap, watchers, cancellation",
        ("c c r", "c c c", "n p v", "n n p", "x1 r p", "p a r", "o g r"),
        True),
    Row("one history, M1, S1", "mailbox_history",
        "2 threads, any 2 writes each", ("ww ww", "ww rr", "www r")),
    Row("one history, M1, S1", "mailbox_history", "4 threads",
        ("c c c r", "p a r r", "p o r d")),
    Row("one history, M1, S1", "mailbox_history",
        "3 threads, one watches, one reads", ("n p r",)),
    Row("one history, M1, S1", "mailbox_history",
        "4 threads, one watches, two read; at most 1 preemption",
        ("n p r r",), False, ONCE),
    Row("no more work than permits (Q1)", "permits_turns",
        "2 to 4 threads, 1 permit, 1 to 3 batches each; no deadline passes",
        ("b b", "b b b", "bb b b", "bbb bb", "b b b b"), True, IDLE),
    Row("no more work than permits (Q1)", "permits_turns",
        f"2 to 3 threads, {DEADLINES}", ("tb b", "tb b b", "ts b", "ts b b"),
        True),
    Row("who keeps one holds nobody up", "permits_turns",
        "1 to 2 threads keep their permits until 1 to 2 others are done",
        ("s b", "s bb", "s b b", "s s b"), True, IDLE),
    Row("who keeps one holds nobody up", "permits_turns",
        "2 threads keep their permits until 2 others are done", ("s s b b",),
        False, IDLE),
    Row("a death at every step (L5)", "rwlock_turns",
        "2 threads, one dies", ("!w r", "!r w"), True, DEATH),
    Row("a death at every step (L5)", "rwlock_turns",
        "2 threads, one dies, every mix",
        ("!w w", "!r r", "!W w", "!R w", "!w R", "-f !w r"), False, DEATH),
    Row("a death at every step (L5)", "rwlock_departures",
        "a holder that stays; a writer with a deadline dies", ("rr !W",), True,
        DEATH),
    Row("a second death in recovery (L5)", "rwlock_turns",
        "1 thread and who removes it, one after the other",
        ("-u !w", "-u !r"), True, SECOND_DEATH),
    Row("a seat is taken as its owner dies", "rwlock_turns",
        "1 owner who writes, 1 who sits down", ("!w s",), True, DEATH),
    Row("a seat is taken as its owner dies", "watch_follow",
        "1 owner who watches, 1 who sits down", ("!N s",), True, DEATH),
    Row("a seat is taken as its owner dies", "rwlock_turns",
        "1 owner who reads, 1 who sits down", ("!r s",), False, DEATH),
    Row("a seat is taken as its owner dies", "mailbox_history",
        "1 owner who reads, 1 who sits down", ("!r s",), False, DEATH),
    Row("a watcher's death (L4)", "watch_follow",
        "1 watcher, a publication, the watcher dies", ("p !n", "p !N"), True,
        DEATH),
    Row("a writer's death (M2)", "mailbox_history",
        "1 thread dies in its last write; then all is used",
        ("!p", "!e", "!oo", "!ag", "!po", "!pp", "!goo", "!gog", "!gop", "!u",
         "!pu"), True, DEATH),
    Row("a writer's death (M2)", "mailbox_history",
        "the same, and who puts it in order dies", ("-u !o", "-u !p"), False,
        SECOND_DEATH),
    Row(LOCKED, "death_rwlock", "2 threads, one dies, every mix",
        ("!w w", "!w r", "!r w", "!r r"), True, MORTAL),
    Row(LOCKED, "death_rwlock", f"2 threads, one dies, {DEADLINES}",
        ("!W r", "!w R", "!W w", "!R W"), True, MORTAL),
    Row(LOCKED, "death_rwlock",
        "2 threads, one dies, no patient waiter is ever late",
        ("!w x", "!w y", "!r y"), True, MORTAL),
    Row(LOCKED, "death_rwlock", "2 threads, the other removes the dead",
        ("!w v", "!v w", "!v r"), True, MORTAL),
    Row(LOCKED, "death_rwlock",
        "2 threads, one dies, on futex words; at most 2 preemptions",
        ("-f !w r", "-f !r w", "-f !w v"), False, MORTAL_TWICE),
    Row(LOCKED, "death_rwlock",
        "2 threads, one dies, on futex words; at most 1 preemption",
        ("-f !w w", "-f !r r", "-f !W r", "-f !w R", "-f !w x"), False,
        MORTAL_ONCE),
    Row(LOCKED, "death_rwlock", "2 threads, 2 operations of one",
        ("!wr w", "!rw r", "!w ww", "!r wr"), False, MORTAL),
    Row(LOCKED, "death_rwlock", "3 threads, a holder dies, two are queued",
        ("!w w r",), False, MORTAL),
    Row(LOCKED, "death_rwlock",
        "3 threads, one dies, every mix; at most 1 preemption",
        ("!w w w", "!w r r", "!r w w", "!r w r", "!r r r"), False,
        MORTAL_ONCE),
    Row(LOCKED, "death_rwlock",
        f"3 threads, one dies, {DEADLINES}; at most 1 preemption",
        ("!w W r", "!W w r", "!w R w", "!r W r"), False, MORTAL_ONCE),
    Row(LOCKED, "death_rwlock",
        "2 threads, and who removes the dead dies; at most 1 preemption",
        ("!r !v", "!w !v", "!v !v", "!W !v"), False, MORTALS),
    Row(TOLD, "death_watch", "2 to 3 threads, a publisher or watcher dies",
        ("!p n p", "!p x p", "!n p", "!N p", "!n n p", "!x p p"), True,
        MORTAL),
    Row(TOLD, "death_watch", "3 threads, one of them removes the dead",
        ("!n v p", "!v n p"), True, MORTAL),
    Row(TOLD, "death_watch", "2 threads, one dies, on futex words",
        ("-f !n p", "-f !N p", "-f !x p"), True, MORTAL),
    Row(TOLD, "death_watch", "3 threads, one dies, on futex words",
        ("-f !p n p", "-f !p x p"), False, MORTAL),
    Row(TOLD, "death_watch",
        "3 threads, a watcher dies, on futex words; at most 1 preemption",
        ("-f !n n p",), False, MORTAL_ONCE),
    Row(TOLD, "death_watch", "3 threads, two die; at most 1 preemption",
        ("!p !n p", "!p !x p"), False, MORTALS),
    Row(TOLD, "death_watch", "4 threads, two die; no preemption",
        ("!p !p n p",), False, MORTALS_IN_TURN),
    Row(KEPT, "death_mailbox", "2 threads, one dies in a write, one reads",
        ("!p r", "!o r", "!a r"), True, MORTAL),
    Row(KEPT, "death_mailbox", "2 threads, one dies in a read, one writes",
        ("!r a",), True, MORTAL),
    Row(KEPT, "death_mailbox", "2 threads, one dies, every pair of writes",
        ("!p p", "!p o", "!p a", "!o p", "!o o", "!o a", "!a p", "!a o",
         "!a a"), False, MORTAL),
    Row(KEPT, "death_mailbox",
        "2 threads, 2 operations of one; at most 1 preemption",
        ("!oo r", "!po r", "!oa r", "!o rr"), False, MORTAL_ONCE),
    Row(KEPT, "death_mailbox", f"2 threads, one dies, {DEADLINES}",
        ("!P r", "!o R", "!A p", "!N p"), False, MORTAL),
    Row(KEPT, "death_mailbox",
        "2 threads, one dies writing, on futex words; at most 2 preemptions",
        ("-f !p r",), False, MORTAL_TWICE),
    Row(KEPT, "death_mailbox",
        "2 threads, one dies, on futex words; at most 1 preemption",
        ("-f !o r", "-f !a r", "-f !r o"), False, MORTAL_ONCE),
)

# The smallest search of each harness that has a choice to make.
SMALLEST = (("rwlock_turns", "r w"), ("rwlock_departures", "rr r"),
            ("watch_follow", "n p"), ("mailbox_history", "r p"))

# Which harnesses judge a mutant of a file of the core: those nearest to it, or
# all that it is a part of.
NEAREST = {
    "rwlock": ("rwlock_turns", "rwlock_departures", "death_rwlock"),
    "watch": ("watch_follow", "death_watch"),
    "mailbox": ("mailbox_history", "death_mailbox"),
    "segment": ("mailbox_history", "death_mailbox"),
    "mapping": (),
}


def judges_of(part: str) -> tuple[str, ...]:
    return NEAREST.get(part, tuple(harness for harness, parts
                                   in HARNESSES.items() if part in parts))


class HeddleError(Exception):
    """The model checker is missing, or did not answer."""


def find_heddle() -> Path:
    for path in (os.environ.get("DIPC_HEDDLE"), ROOT / "build/bin/heddle"):
        if path and Path(path).exists():
            return Path(path).resolve()
    raise HeddleError("build/bin/heddle is wanted: build it with make, or "
                      "name another in DIPC_HEDDLE")


def compile_one(heddle: Path, source: Path, output: Path,
                flags: tuple[str, ...] = ()) -> str:
    """What the compiler said, or nothing."""
    done = subprocess.run(
        [heddle, "cc", *FLAGS, *flags, f"-I{CORE}", f"-I{NET}", f"-I{HERE}",
         "-c", source,
         "-o", output], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False)
    return done.stdout or "it failed" if done.returncode != 0 else ""


def link(heddle: Path, objects: list[Path], output: Path) -> str:
    done = subprocess.run([heddle, "cc", *objects, "-o", output],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.stdout or "it failed" if done.returncode != 0 else ""


def build(heddle: Path, directory: Path) -> None:
    """Every harness and the core, as they are."""
    directory.mkdir(parents=True, exist_ok=True)
    sources = [CORE / f"{name}.c" for name in ALL]
    sources += [NET / f"{name}.c" for name in PERMITS]
    names = (*sorted(set(SHARED.values())), *HARNESSES)
    sources += [HERE / f"{name}.c" for name in names]
    for source in sources:
        said = compile_one(heddle, source, directory / f"{source.stem}.o")
        if said:
            raise HeddleError(f"{source} does not compile:\n{said}")
    for harness in HARNESSES:
        said = link_harness(heddle, harness, directory, {},
                            directory / harness)
        if said:
            raise HeddleError(f"{harness} does not link:\n{said}")


def link_harness(heddle: Path, harness: str, directory: Path,
                 instead: dict[str, Path], output: Path) -> str:
    """Link with some objects of the core replaced by others."""
    shared = SHARED[harness.split("_")[0]]
    objects = [directory / f"{harness}.o", directory / f"{shared}.o"]
    objects += [instead.get(name, directory / f"{name}.o")
                for name in HARNESSES[harness]]
    return link(heddle, objects, output)


def search(heddle: Path, program: Path, script: str, options: list[str],
           seconds: float) -> Result:
    """One search; an answer that cannot be understood is a failure."""
    begin = time.monotonic()
    try:
        done = subprocess.run(
            [heddle, "run", "--json", "--quiet",
             f"--time={max(1, int(seconds))}", *options, program,
             *script.split()], timeout=seconds + 20, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return Result("hangs", 0, False, time.monotonic() - begin, "")
    except ValueError:
        return Result("no answer", 0, False, time.monotonic() - begin,
                      done.stderr.strip())
    return Result(answer["verdict"], answer["executions"],
                  bool(answer["complete"]), time.monotonic() - begin,
                  answer.get("text", "") + (
                      f" (schedule {answer['schedule']})"
                      if answer.get("schedule") else ""),
                  answer.get("cut", ""))


def is_clean(result: Result, options: tuple[str, ...]) -> bool:
    """All explored, or all within a bound that the row declares."""
    if result.verdict == "cut":
        return result.cut != "" and result.cut.replace(" ", "=") in options
    return result.verdict == "clean" and result.complete
