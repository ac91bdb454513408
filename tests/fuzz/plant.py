#!/usr/bin/env python3
"""Plant mistakes in a copy of the tree, and see that ci/fuzz finds each.

The seeds must find it.  What only mutation meets is met sooner or later by the
seed of the run and by the order in which a directory is read, and by one run
in ten not at all: such a mistake wants a seed of its own.

Closes with "N passed, N failed", which counts mistakes.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
TIMEOUT_S = 900
FIRST_INPUTS = 1  # libFuzzer tries no bytes before the seeds


@dataclasses.dataclass
class Mistake:
    """Text that is replaced in a file, and the target that must fail."""

    what: str
    path: str
    right: str
    wrong: str
    target: str


MISTAKES = [
    Mistake(
        "numbers of 64 bits are taken",
        "net/codec.c",
        "decimal_add_digit(&value, field.bytes[i], CODEC_NUMBER_END - 1)",
        "decimal_add_digit(&value, field.bytes[i], UINT64_MAX)",
        "codec",
    ),
    Mistake(
        "an answer line shows a client's bytes as they are",
        "net/codec.c",
        "is_visible ? field.bytes[i] : '?'",
        "is_visible ? field.bytes[i] : field.bytes[i]",
        "codec",
    ),
    Mistake(
        "the version is not looked at again when the data has come",
        "net/dialogue.c",
        "                                .if_version = d->request.if_version,\n"
        "                                .data",
        "                                .if_version = STORE_ANY_VERSION,\n"
        "                                .data",
        "session",
    ),
    Mistake(
        "what is dropped has a time of its own",
        "net/dialogue.c",
        "    d->conversation.finished_count--;\n",
        "",
        "session",
    ),
    Mistake(
        "a length beyond the mailbox passes for sound",
        "core/mailbox.c",
        "record->length_bytes <= mailbox_bytes &&",
        "record->length_bytes <= 2 * mailbox_bytes &&",
        "segment",
    ),
    Mistake(
        "a bank that is not there passes for sound",
        "core/mailbox.c",
        "record->bank <= 1 &&",
        "record->bank <= 2 &&",
        "segment",
    ),
    Mistake(
        "a conflict needs no version",
        "net/libdipc_answer.c",
        "answer->status == DIPC_CONFLICT && !answer->has_version ? EPROTO : 0",
        "0",
        "answer",
    ),
    Mistake(
        "the end of a bulk is looked at before it has come",
        "net/resp_codec.c",
        "    if (length - begin < whole) {\n        return EAGAIN;",
        "    if (length - begin < whole - END_BYTES) {\n        return EAGAIN;",
        "resp",
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


def is_found(tree: Path, mistake: Mistake) -> bool:
    """Plant it, look, and take it back."""
    path = tree / mistake.path
    right = path.read_text()
    if right.count(mistake.right) != 1:
        print(f"  {mistake.path} has no such text any more")
        return False
    path.write_text(right.replace(mistake.right, mistake.wrong))
    done = run("ci/fuzz", "--quick", mistake.target, where=tree)
    path.write_text(right)
    ran = re.search(r"^\w+ +([0-9]+) inputs", done.stdout, re.MULTILINE)
    if "0 passed, 1 failed" not in done.stdout or not ran:
        print(done.stdout[-3000:])
        return False
    seeds = len(list((tree / "build/fuzz/seeds" / mistake.target).iterdir()))
    if int(ran[1]) > seeds + FIRST_INPUTS:
        print(f"  found by luck, after {ran[1]} inputs: add a seed for it")
        return False
    return True


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
        for mistake in MISTAKES:
            found = is_found(tree, mistake)
            print(f"{'found' if found else 'MISSED'}: {mistake.what}")
            sys.stdout.flush()
            passed += found
            failed += not found
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
