"""A small tree of its own, in which a gate is tried on what is planted there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from process import machine

GATE_TIMEOUT_S = 300
# What whoever started this test has set is not for the gate under test.
STARTERS = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")


class SmallTree(unittest.TestCase):
    """Each test has a directory, `tree`, with those files that it asks for."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        self.addCleanup(directory.cleanup)
        self.tree = Path(directory.name) / "tree"
        self.tree.mkdir()
        self.environment = {
            name: value for name, value in os.environ.items()
            if name not in STARTERS and not name.startswith("DIPC_")}

    def copy(self, *names: str) -> None:
        """Files and folders, as they are."""
        for name in names:
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            if (machine.TOP / name).is_dir():
                shutil.copytree(machine.TOP / name, self.tree / name,
                                dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(machine.TOP / name, self.tree / name)

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def script(self, name: str, *lines: str) -> Path:
        return self.write(name, "\n".join(("#!/bin/sh", *lines, "")), 0o755)

    def plant(self, name: str, old: str, new: str) -> None:
        """Replace a text that is there once."""
        text = (self.tree / name).read_text()
        self.assertEqual(text.count(old), 1, f"{name} has not once: {old}")
        (self.tree / name).write_text(text.replace(old, new))

    def gate(self, *words: str, **environment: str) -> tuple[int, str]:
        """Its exit status and all that it said."""
        done = subprocess.run(
            [self.tree / words[0], *words[1:]], cwd=self.tree,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=GATE_TIMEOUT_S, env=self.environment | environment,
            check=False)
        return done.returncode, done.stdout


class ProgramTree(SmallTree):
    """One that ci/check builds and tests: the Makefile, five commands that do
    nothing, and the unit and process tests that are planted."""

    def setUp(self) -> None:
        super().setUp()
        self.copy("Makefile", "net/clock.c", "net/clock.h", "net/version.h",
                  "ci/check", "tests/cmocka_all.h", "tests/tsan.supp",
                  "tests/tsan_clocklock.c", "tests/process/__init__.py",
                  "tests/process/main.py", "tests/faults/calls")
        # Nothing that stands before calls of libc is here.
        self.plant("Makefile", "$(WRAPPED:%=-Wl,--wrap=%) ", "")
        self.script("ci/dependencies")
        for name in ("dipc", "dipcrm", "dipcctl", "dipcgather", "dipcsend"):
            self.command(name, "return 0;")

    def command(self, name: str, body: str) -> None:
        self.write(f"cli/{name}.c", f"int\nmain(void)\n{{\n    {body}\n}}\n")

    def unit_test(self, name: str, body: str, before: str = "") -> None:
        """test_NAME.c, with one test."""
        self.write(f"tests/test_{name}.c", f"""\
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

{before}

static void
planted(void **state)
{{
    (void)state;
    {body}
}}

int
main(void)
{{
    const struct CMUnitTest tests[] = {{cmocka_unit_test(planted)}};

    return cmocka_run_group_tests(tests, NULL, NULL);
}}
""")

    def process_test(self, name: str, body: str) -> None:
        """test_NAME.py, with one test."""
        self.write(f"tests/test_{name}.py", f"""\
import os
import subprocess
import time
import unittest

from process.main import main


class Planted(unittest.TestCase):
    def test_planted(self):
        {body}


main()
""")
