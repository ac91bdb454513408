"""What ci/coverage and ci/mcdc share: a build that counts, and its tests.

Idea.  Both build the tree with counters in it, run tests, and judge each source
by what the counters say.  Of the core and the codecs everything has to be
reached.  With --only one source is judged by its own unit test alone, which is
quick enough for the tests of the gates.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHOLE = re.compile(r"core/.*|net/(resp_)?codec\.[ch]")
JOBS = "-j2"


def is_whole(name: str) -> bool:
    """Is this a source of which nothing may be left out?"""
    return WHOLE.fullmatch(name) is not None


def line_of(name: str, number: int) -> str:
    return (ROOT / name).read_text().splitlines()[number - 1]


class Verdict:
    """Counts what holds, and keeps what does not for the end."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.failures: list[str] = []

    def judge(self, breaches: list[str]) -> None:
        """One check, with what speaks against it."""
        self.passed += not breaches
        self.failures += breaches[:20]
        if len(breaches) > 20:
            self.failures.append(f"... and {len(breaches) - 20} like it")
        self.failed += bool(breaches)

    def tell(self) -> int:
        """Say it all; the exit status."""
        for failure in self.failures:
            print(f"FAILED  {failure}")
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


class Build:
    """The tree, built with counters in it."""

    def __init__(self, compiler: str, variant: str, only: str | None) -> None:
        self.variables = [f"CC={compiler}", f"VARIANT={variant}"]
        self.folder = Path("build") / f"{compiler}-{variant}"
        self.only = only
        self.programs = sorted(
            self.folder / "tests" / path.stem
            for path in (ROOT / "tests").glob("test_*.c"))
        if only is not None:
            self.programs = [
                self.folder / "tests" / f"test_{Path(only).stem}"]
        self.log = ROOT / "build" / f"{variant}-tests.log"

    def make(self, *targets: str) -> None:
        wanted = targets if self.only is None else \
            [str(program) for program in self.programs]
        with self.log.open("w") as log:
            done = subprocess.run(
                ["make", "-s", JOBS, *self.variables, *wanted], cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            print(self.log.read_text(), file=sys.stderr)
            print("0 passed, 1 failed")
            sys.exit(1)

    def test(self, which: str, environment: dict[str, str]) -> list[str]:
        """Run the tests; those that fail."""
        variables = " ".join(self.variables)
        command = ["ci/check", which, str(self.folder)]
        if self.only is not None:
            command = [str(program) for program in self.programs]
        with self.log.open("w") as log:
            done = subprocess.run(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, check=False,
                env=os.environ | {"MAKEFLAGS": f"-- {variables}"}
                | environment)
        if done.returncode == 0:
            return []
        text = self.log.read_text(errors="replace")
        found = [line for line in text.splitlines() if re.search(
            r"FAILED|^\W*not ok |^\W*(FAIL|ERROR): |Assertion|was left behind",
            line)]
        return [f"a test: {line.strip()}" for line in found] or \
            [f"the tests: see {self.log.relative_to(ROOT)}"]


def run(*command: object) -> str:
    """A tool that has to work; what it says on its standard output."""
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        print(f"{command[0]}: {done.stderr.strip()}", file=sys.stderr)
        print("0 passed, 1 failed")
        sys.exit(1)
    return done.stdout
