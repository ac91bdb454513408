"""Mutants written by hand: bugs that other projects shipped, in our code.

A file shipped/<name>.mutant has a head of `key: value` lines (file, from,
what), then one or more replacements.  Each old text occurs exactly once:

    --- old
    the text as it is
    --- new
    the text as it is in the mutant
    --- end
"""

from pathlib import Path

from operators import Mutant

HEAD = ("file", "from", "what")


class ShippedError(Exception):
    """A mutant that does not parse, or no longer fits the source."""


def parse(path: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    head: dict[str, str] = {}
    replacements = []
    old = new = ""
    part = "head"
    for line in path.read_text().splitlines(keepends=True):
        if line.rstrip() in ("--- old", "--- new", "--- end"):
            part = line.split()[1]
            if part == "end":
                replacements.append((old, new))
                old = new = ""
        elif part == "old":
            old += line
        elif part == "new":
            new += line
        elif part == "head" and ":" in line:
            key, value = line.split(":", 1)
            head[key.strip()] = value.strip()
    if sorted(head) != sorted(HEAD) or not replacements:
        raise ShippedError(f"{path.name}: wants {', '.join(HEAD)} and at "
                           "least one replacement")
    return head, replacements


def shipped_of(directory: Path, core: Path) -> list[Mutant]:
    mutants = []
    for path in sorted(directory.glob("*.mutant")):
        head, replacements = parse(path)
        text = (core / head["file"]).read_text()
        edits = []
        for old, new in replacements:
            if text.count(old) != 1:
                raise ShippedError(
                    f"{path.name}: {text.count(old)} places in core/"
                    f"{head['file']} and not one read as\n{old}")
            begin = text.index(old)
            edits.append((begin, begin + len(old), new))
        line = text.count("\n", 0, edits[0][0]) + 1
        mutants.append(Mutant(head["file"], line, "shipped",
                              f"shipped:{path.stem}", f"shipped:{path.stem}",
                              head["what"], tuple(edits), head["from"]))
    return mutants
