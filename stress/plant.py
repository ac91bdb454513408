"""Servers with planted faults, built from changed copies of the sources.

A fault is a file of stress/faults: which text of which file is replaced.

    # what it does
    program stress_rwlock       (without this line: dipc)
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
ARCHIVES = {
    True: ("libdipccli.a", "libdipcnet.a", "libdipccore.a"),
    False: ("libdipccore.a",),
}
LAYERS = ("core", "net", "cli")


def names(program: str) -> list[str]:
    """The faults that are for this program."""
    return sorted(
        path.name for path in FAULTS.iterdir() if program_of(path) == program
    )


def program_of(path: Path) -> str:
    for line in path.read_text().splitlines():
        if line.startswith("program "):
            return line.removeprefix("program ")
    return "dipc"


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


def build(name: str, objects: Path, into: Path) -> Path:
    """The program with this fault; it raises if it cannot be planted.

    objects  a build directory, whose other objects are linked as they are
    """
    wanted = program_of(FAULTS / name)
    tree = into / name
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    changed: dict[str, str] = {}
    for file, old, new in changes(name):
        text = changed.get(file) or (TOP / file).read_text()
        if text.count(old) != 1:
            raise AssertionError(
                f"{FAULTS / name}: its text is in {file} "
                f"{text.count(old)} times, and not once"
            )
        changed[file] = text.replace(old, new)
    parts = []
    for file in changed:
        copy = tree / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(changed[file])
        parts.append(str(copy))
    for file in sources(wanted):
        if file not in changed:
            parts.append(str((objects / file).with_suffix(".o")))
    # What stands before an archive is taken instead of its member.
    parts += [str(objects / name) for name in ARCHIVES[wanted == "dipc"]]
    program = tree / wanted
    done = subprocess.run(
        [
            os.environ.get("CC", "cc"),
            *("-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-pthread", "-w"),
            *(f"-I{TOP / layer}" for layer in LAYERS),
            *("-o", str(program), *parts),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        raise AssertionError(f"{name} is not built: {done.stderr[:2000]}")
    return program


def sources(program: str) -> list[str]:
    """What is linked beside the archives."""
    if program == "dipc":
        return ["cli/dipc.c"]
    return [f"stress/{program}.c", "stress/dice.c", "stress/moment.c"]
