"""ci/coverage and ci/mcdc find what no test reaches: each kind is planted."""

from __future__ import annotations

import subprocess
import tempfile
import unittest
from pathlib import Path

from process import machine
from process.main import main

TOP = Path(__file__).resolve().parents[2]
GATE_TIMEOUT_S = 300
CODEC = "net/codec.c"
CLOCK = "net/clock.c"


class Planted(unittest.TestCase):
    tree: Path

    @classmethod
    def setUpClass(cls) -> None:
        for command in ("lcov", "clang-19", "llvm-cov-19"):
            machine.need_command(command)
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.tree = Path(directory.name) / "tree"
        cls.tree.mkdir()
        files = subprocess.run(
            [TOP / "ci" / "dist", "--list"],
            stdout=subprocess.PIPE, check=True, timeout=60).stdout
        packed = subprocess.run(
            ["tar", "-c", "--null", "-T", "-"], input=files, cwd=TOP,
            stdout=subprocess.PIPE, check=True, timeout=60).stdout
        subprocess.run(["tar", "-x"], input=packed, cwd=cls.tree, check=True,
                       timeout=60)

    def plant(self, name: str, old: str, new: str) -> None:
        """Until the end of the test."""
        path = self.tree / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))
        self.addCleanup(path.write_text, text)

    def finds(self, gate: str, only: str) -> list[str]:
        """What the gate says against one source; it has to run to its end."""
        done = subprocess.run(
            [self.tree / "ci" / gate, "--only", only],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=GATE_TIMEOUT_S)
        said = done.stdout.splitlines()
        failed = [line.removeprefix("FAILED  ") for line in said
                  if line.startswith("FAILED")]
        self.assertRegex(said[-1], r"^\d+ passed, \d+ failed$")
        self.assertEqual(done.returncode, 1 if failed else 0, done.stdout)
        return failed

    def test_a_source_that_is_reached_passes(self) -> None:
        self.assertEqual(self.finds("coverage", CODEC), [])
        self.assertEqual(self.finds("coverage", CLOCK), [])

    def test_a_line_that_no_test_reaches_is_found(self) -> None:
        self.plant(CODEC, "    switch (error) {\n",
                   "    if (error > 1000) {\n        return line_text;\n    }\n"
                   "    switch (error) {\n")
        self.plant(CODEC, "static const char *\nerror_name(",
                   'static const char line_text[] = "planted";\n\n'
                   "static const char *\nerror_name(")
        found = self.finds("coverage", CODEC)
        self.assertTrue(any("no test reaches: return line_text;" in line
                            for line in found), found)

    def test_a_branch_that_no_test_takes_is_found(self) -> None:
        self.plant(CODEC, "    switch (error) {\n",
                   "    error += error > 1000;\n    switch (error) {\n")
        self.assertEqual(self.finds("coverage", CODEC), [])
        self.plant(CODEC, "    error += error > 1000;\n",
                   "    error += error > 1000 ? 1 : 0;\n")
        found = self.finds("coverage", CODEC)
        self.assertEqual(len(found), 1, found)
        self.assertIn("no test takes every branch of: error +=", found[0])

    def test_a_line_less_than_on_record_is_found(self) -> None:
        self.plant(CLOCK, "uint64_t\nclock_add",
                   "void\nclock_planted(void)\n{\n}\n\nuint64_t\nclock_add")
        self.plant("net/clock.h", "#endif", "void clock_planted(void);\n#endif")
        found = self.finds("coverage", CLOCK)
        self.assertTrue(any("lines, 0 on record" in line for line in found),
                        found)

    def test_marks_are_looked_at(self) -> None:
        self.plant(CLOCK, "{\n", "{ /* LCOV_EXCL_LINE */\n")
        self.plant(CODEC, "{\n", "{ /* LCOV_EXCL_LINE: it is a test */\n")
        found = self.finds("coverage", CLOCK)
        self.assertEqual(len(found), 1, found)
        self.assertIn("a mark without a reason is banned", found[0])
        found = self.finds("coverage", CODEC)
        self.assertEqual(len(found), 1, found)
        self.assertIn("a mark is banned here", found[0])
        self.plant(CLOCK, "LCOV_EXCL_LINE", "LCOV_EXCL_LINE: it is a test")
        self.assertEqual(self.finds("coverage", CLOCK), [])

    def test_a_test_that_fails_is_told(self) -> None:
        self.plant("tests/test_codec.c", '"err denied: why', '"err why')
        self.assertTrue(self.finds("coverage", CODEC))
        self.assertTrue(self.finds("mcdc", CODEC))

    def test_a_condition_that_never_decides_is_found(self) -> None:
        self.assertEqual(self.finds("mcdc", CODEC), [])
        self.plant(CODEC, 'field_is(value, "end")',
                   'field_is(value, "end") && option == CODEC_AT')
        found = self.finds("mcdc", CODEC)
        self.assertEqual(len(found), 1, found)
        self.assertIn("condition 3 of 3 is not seen to decide", found[0])


if __name__ == "__main__":
    main()
