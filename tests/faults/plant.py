#!/usr/bin/env python3
"""Plant mistakes in a copy of the tree, and see that ci/faults finds each.

Closes with "N passed, N failed", which counts mistakes.
"""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = "build/gcc-asan"
TIMEOUT_S = 600


@dataclasses.dataclass
class Mistake:
    """Text that is replaced in a file, and what must be said of it."""

    what: str
    path: str
    right: str
    wrong: str
    campaign: list[str]
    said: str


MISTAKES = [
    Mistake(
        "memory is not given back where a start fails",
        "net/server.c",
        "free_memory:\n    free(made);\n",
        "free_memory:\n",
        ["--only", "in-foreground:eventfd"],
        "LeakSanitizer",
    ),
    Mistake(
        "an allocation is not looked at",
        "net/roster.c",
        "    if (!roster->members) {\n        error = ENOMEM;\n    } else if",
        "    if",
        ["--only", "in-background:calloc"],
        "Sanitizer",
    ),
    Mistake(
        "the segment stays behind where a start fails",
        "net/port_segment.c",
        "        port_segment_unlink(held);\n        mapping_destroy",
        "        mapping_destroy",
        ["--only", "in-background:pthread_condattr_init"],
        "left behind",
    ),
    Mistake(
        "an interruption breaks a connection",
        "net/client.c",
        "    } else if (errno == EAGAIN || errno == EINTR) {\n        return",
        "    } else if (errno == EAGAIN) {\n        return",
        ["--plan", "in-background interrupt"],
        "connections broke",
    ),
    Mistake(
        "a part of what was sent counts as all of it",
        "net/client.c",
        "session_sent(client->session, (size_t)sent);",
        "session_sent(client->session, length_bytes);",
        ["--plan", "in-background short"],
        "FAILED",
    ),
    Mistake(
        "a wake-up that fails is not made again",
        "net/wakeup.h",
        "#define WAKEUP_TRIES 100",
        "#define WAKEUP_TRIES 1",
        ["--plan", "in-background interrupt"],
        "FAILED",
    ),
    Mistake(
        "a start that fails does not say why",
        "cli/daemon.c",
        '        (void)fprintf(stderr, "%s: cannot start: %s\\n", program,\n'
        "                      strerror(errno));\n",
        "",
        ["--only", "in-background:socketpair"],
        "said only ''",
    ),
    Mistake(
        "what can be read of a result is taken for all of it",
        "net/gather_command.c",
        "        give_up(run, errno);\n    }\n    if (got <= 0)",
        "    }\n    if (got <= 0)",
        ["--only", "gather:read"],
        "bytes",
    ),
    Mistake(
        "a client waits for an answer to what it could not send",
        "net/libdipc_exchange.c",
        "        return lose_by(exchange, exchange->send_error);\n"
        "    }\n    if (!ready) {",
        "    }\n    if (!ready) {",
        ["--only", "ctl-cas:sendmsg"],
        "and it said",
    ),
]


def run(*command: str, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=where,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=TIMEOUT_S,
    )


def build(tree: Path) -> None:
    done = run(
        *("make", "-s", "-j2", "faulty", "CC=gcc", "VARIANT=asan"), where=tree
    )
    if done.returncode != 0:
        sys.exit(f"the copy is not built: {done.stdout[-3000:]}")


def campaign(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(
        *(sys.executable, "-B", "tests/faults/campaign.py"),
        *(*arguments, BUILD),
        where=tree,
    )


def is_found(tree: Path, mistake: Mistake) -> bool:
    """Plant it, look, and take it back."""
    path = tree / mistake.path
    right = path.read_text()
    if right.count(mistake.right) != 1:
        print(f"  {mistake.path} has no such text any more")
        return False
    path.write_text(right.replace(mistake.right, mistake.wrong))
    build(tree)
    done = campaign(tree, *mistake.campaign)
    path.write_text(right)
    if done.returncode == 0 or mistake.said not in done.stdout:
        print(done.stdout[-3000:])
        return False
    return True


def is_listed_check_awake(tree: Path) -> bool:
    """A call that the list does not have is named."""
    calls = tree / "tests" / "faults" / "calls"
    whole = calls.read_text()
    lines = [x for x in whole.splitlines(True) if not x.startswith("getppid")]
    calls.write_text("".join(lines))
    done = run("ci/faults", "--quick", where=tree)
    calls.write_text(whole)
    return done.returncode != 0 and "getppid" in done.stdout


def main() -> int:
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="dipc-plant-") as name:
        tree = Path(name) / "tree"
        tree.mkdir()
        files = run("git", "ls-files", where=TOP).stdout.splitlines()
        for file in files:
            if (TOP / file).is_file():
                (tree / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(TOP / file, tree / file)
        build(tree)
        for mistake in MISTAKES:
            found = is_found(tree, mistake)
            print(f"{'found' if found else 'MISSED'}: {mistake.what}")
            sys.stdout.flush()
            passed += found
            failed += not found
        found = is_listed_check_awake(tree)
        print(f"{'found' if found else 'MISSED'}: a call that is not listed")
    passed += found
    failed += not found
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
