"""ci/instructions finds code that executes more than before, and says how much."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from process import machine
from process.main import main

TOP = Path(__file__).resolve().parents[2]
COUNTED = "build/cc-release/stress/bench/counted"
RECORD = "stress/bench/instructions"
LOOP = "    for (int i = 0; i < {}; i++) __asm__ __volatile__(\"\");\n"


class Instructions(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        for command in ("valgrind", "cc", "make"):
            machine.need_command(command)
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.tree = Path(directory.name)
        for name in ("core", "net", "stress", "tests/faults"):
            shutil.copytree(TOP / name, cls.tree / name,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Makefile", "ci/instructions"):
            (cls.tree / name).parent.mkdir(exist_ok=True)
            shutil.copy(TOP / name, cls.tree / name)
        cls.build()
        status, output = cls.gate("--record")
        assert status == 0, output
        cls.record = (cls.tree / RECORD).read_text()

    @classmethod
    def build(cls) -> None:
        # What started this has flags of its own.
        done = subprocess.run(
            ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s", "-j2",
             "CC=cc", "VARIANT=release", COUNTED], cwd=cls.tree, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
            check=False)
        assert done.returncode == 0, done.stdout

    @classmethod
    def gate(cls, *options: str) -> tuple[int, str]:
        done = subprocess.run(
            [cls.tree / "ci/instructions", *options, "build/cc-release"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=300, check=False)
        return done.returncode, done.stdout

    def judged(self, record: str) -> tuple[int, str]:
        path = self.tree / "record"
        path.write_text(record)
        return self.gate("--recorded", str(path))

    def scaled(self, what: str, factor: float, record: str = "") -> str:
        """A record, as if a count had been so many times what it is."""
        changed, times = re.subn(
            rf"^{what} (\S+)$",
            lambda line: f"{what} {float(line[1]) * factor:.1f}",
            record or self.record, flags=re.M)
        self.assertEqual(times, 1)
        return changed

    def test_the_same_code_passes(self) -> None:
        status, output = self.judged(self.record)
        self.assertEqual(status, 0, output)
        self.assertTrue(output.endswith("6 passed, 0 failed\n"), output)

    def test_a_loop_planted_in_the_lock_is_found(self) -> None:
        path = self.tree / "core" / "rwlock.c"
        before = path.read_text()
        planted, times = re.subn(
            r"(?<=^rwlock_unlock)(\([^)]*\)\n\{\n)",
            lambda found: found[1] + LOOP.format(100), before, flags=re.M)
        self.assertEqual(times, 1, "rwlock_unlock is not where it was")
        path.write_text(planted)
        try:
            self.build()
            status, output = self.judged(self.record)
        finally:
            path.write_text(before)
            self.build()
        self.assertEqual(status, 1, output)
        self.assertRegex(output, r"lock-read .* \+[1-9][0-9.]* %, more than 5 %")
        self.assertRegex(output, r"lock-write .* more than 5 %")
        self.assertRegex(output, r"dipc-read .* \+[1-9][0-9.]* %")

    def test_a_rise_of_more_than_five_percent_fails_and_less_does_not(
            self) -> None:
        status, output = self.judged(self.scaled("redis-get", 1 / 1.06))
        self.assertEqual(status, 1, output)
        self.assertRegex(output, r"redis-get .* \+6.0 %, more than 5 %")
        self.assertTrue(output.endswith("5 passed, 1 failed\n"), output)
        status, output = self.judged(self.scaled("redis-get", 1 / 1.04))
        self.assertEqual(status, 0, output)

    def test_a_fall_passes(self) -> None:
        status, output = self.judged(self.scaled("dipc-read", 1.5))
        self.assertEqual(status, 0, output)

    def test_another_compiler_is_told_and_judged_loosely(self) -> None:
        other = re.sub("^compiler .*", "compiler (Other) 1.2.3", self.record,
                       flags=re.M)
        near = self.judged(self.scaled("dipc-read", 1 / 1.2, other))
        far = self.judged(self.scaled("dipc-read", 1 / 1.3, other))
        self.assertEqual(near[0], 0, near[1])
        self.assertIn("(Other) 1.2.3 in the record", near[1])
        self.assertIn("a count fails above 25 % only", near[1])
        self.assertEqual(far[0], 1, far[1])
        self.assertRegex(far[1], r"dipc-read .* \+30.0 %, more than 25 %")

    def test_another_machine_is_not_judged(self) -> None:
        status, output = self.judged(
            re.sub("^machine .*", "machine pdp11", self.record, flags=re.M))
        self.assertEqual(status, 1, output)
        self.assertTrue(output.endswith("0 passed, 0 failed, 6 skipped\n"),
                        output)

    def test_a_count_that_is_not_recorded_fails(self) -> None:
        status, output = self.judged(
            re.sub("^lock-read .*\n", "", self.record, flags=re.M))
        self.assertEqual(status, 1, output)
        self.assertIn("lock-read", output)
        self.assertIn("not in the record: use --record", output)


if __name__ == "__main__":
    main()
