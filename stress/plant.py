"""Servers with planted faults, built from changed copies of the sources.

A fault is a file of stress/faults: which text of which file is replaced.

    # what it does
    file core/mailbox.c
    find
    <lines>
    replace
    <lines>
    end
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
FAULTS = TOP / "stress" / "faults"
LAYERS = ("core", "net", "cli")


def names() -> list[str]:
    return sorted(path.name for path in FAULTS.iterdir())


def changes(name: str) -> list[tuple[str, str, str]]:
    """What a fault replaces: (file, old text, new text)."""
    found: list[tuple[str, str, str]] = []
    file, key, parts = "", "", {"find": "", "replace": ""}
    for line in (FAULTS / name).read_text().splitlines(keepends=True):
        word = line.rstrip("\n")
        if key == "" and word.startswith("file "):
            file = word.removeprefix("file ")
        elif word in ("find", "replace"):
            key = word
        elif word == "end":
            found.append((file, parts["find"][:-1], parts["replace"][:-1]))
            key, parts = "", {"find": "", "replace": ""}
        elif key:
            parts[key] += line
    return found


def build(name: str, into: Path) -> Path:
    """The program `dipc` with this fault; it raises if it cannot be planted."""
    tree = into / name
    shutil.rmtree(tree, ignore_errors=True)
    for layer in LAYERS:
        shutil.copytree(
            TOP / layer, tree / layer, ignore=shutil.ignore_patterns("python")
        )
    for file, old, new in changes(name):
        path = tree / file
        text = path.read_text()
        if text.count(old) != 1:
            raise AssertionError(
                f"{FAULTS / name}: its text is in {file} "
                f"{text.count(old)} times, and not once"
            )
        path.write_text(text.replace(old, new))
    program = tree / "dipc"
    sources = [
        str(path)
        for layer in LAYERS
        for path in sorted((tree / layer).glob("*.c"))
        if path.name != "dipcrm.c"
    ]
    done = subprocess.run(
        [
            os.environ.get("CC", "cc"),
            *("-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-pthread", "-w"),
            *(f"-I{tree / layer}" for layer in LAYERS),
            *("-o", str(program), *sources),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        raise AssertionError(f"{name} is not built: {done.stderr[:2000]}")
    return program
