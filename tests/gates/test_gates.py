"""The runner of the gates believes no gate that says nothing, or says ill."""

import importlib.machinery
import importlib.util
import json
import subprocess
import sys
import unittest
from types import ModuleType

from small_tree import SmallTree

from process import machine
from process.main import main
from process.server import until


def runner() -> ModuleType:
    """ci/gates, which has no ending that Python knows."""
    loader = importlib.machinery.SourceFileLoader(
        "gates", str(machine.TOP / "ci" / "gates"))
    spec = importlib.util.spec_from_loader("gates", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gates"] = module
    loader.exec_module(module)
    return module


GATES = runner()


class Judgement(unittest.TestCase):
    def judged(self, status: int | None, text: str) -> tuple[str, int, int]:
        outcome = GATES.Outcome("planted")
        GATES.judge(outcome, status, text)
        return outcome.status, outcome.passed, outcome.failed

    def test_what_counts_and_ends_well_has_passed(self) -> None:
        self.assertEqual(self.judged(0, "said\n3 passed, 0 failed\n"),
                         ("passed", 3, 0))

    def test_its_parts_are_added_up(self) -> None:
        self.assertEqual(
            self.judged(0, "140 passed, 0 failed\nx\n60 passed, 0 failed\n"),
            ("passed", 200, 0))

    def test_a_failure_in_any_part_is_one(self) -> None:
        self.assertEqual(
            self.judged(0, "1 passed, 2 failed\n60 passed, 0 failed\n"),
            ("failed", 61, 2))

    def test_silence_has_not_passed(self) -> None:
        for text in ("", "all is well\n", "0 passed, 0 failed\n",
                     "  | 3 passed, 0 failed\n"):
            with self.subTest(text=text):
                self.assertEqual(self.judged(0, text)[0], "failed")

    def test_a_status_speaks_against_the_count(self) -> None:
        self.assertEqual(self.judged(1, "3 passed, 0 failed\n")[0], "failed")

    def test_one_that_was_ended_was_too_slow(self) -> None:
        self.assertEqual(self.judged(None, "3 passed, 0 failed\n")[0],
                         "too slow")


TABLE = """\
| gate | property | tool | bounds | what it does not cover |
| --- | --- | --- | --- | --- |
| `make good` (1 min) | it holds | awk | all | nothing |
| `make bad` (1 min) | it does not | awk | all | nothing |
| `make silent` (1 min) | who knows | awk | all | nothing |
| `make slow` (1 min) | it never ends | awk | all | nothing |
"""
# The child of `slow` writes its number down; no SIGTERM ends it.
MAKEFILE = """\
.RECIPEPREFIX = >
good:
> @echo "  figure: size: 7"
> @echo 3 passed, 0 failed
bad:
> @echo the planted breach
> @echo 2 passed, 1 failed
> @exit 1
silent:
> @:
slow:
> @trap '' TERM; echo $$$$ >slow.pid; exec sleep 300
.PHONY: good bad silent slow
"""


class Runner(SmallTree):
    """ci/gates in a tree of four gates."""

    def setUp(self) -> None:
        super().setUp()
        self.copy("ci/gates", "ci/report")
        self.write("docs/verification.md", TABLE)
        self.write("Makefile", MAKEFILE)

    def outcomes(self) -> dict[str, str]:
        path = self.tree / "build" / "report" / "gates.json"
        return {entry["name"]: entry["status"]
                for entry in json.loads(path.read_text())}

    def test_gates_that_hold_pass(self) -> None:
        status, output = self.gate("ci/gates", "good")
        self.assertEqual(status, 0, output)
        self.assertTrue(output.endswith("\n1 passed, 0 failed\n"), output)
        self.assertEqual(self.outcomes(), {"good": "passed"})

    def test_each_that_fails_is_named_at_the_end(self) -> None:
        status, output = self.gate("ci/gates", "--except", "slow")
        self.assertEqual(status, 1, output)
        last = output[output.index("bad (failed):"):]
        self.assertIn("  | the planted breach\n", last)
        self.assertIn("\nsilent (failed):\n", last)
        self.assertTrue(last.endswith("\n1 passed, 2 failed\n"), output)
        self.assertEqual(self.outcomes(), {
            "good": "passed", "bad": "failed", "silent": "failed"})

    def test_one_that_does_not_end_is_ended_with_its_children(self) -> None:
        self.plant("ci/gates", "int(found[2]) * 60", "int(found[2]) * 10")
        self.plant("ci/gates", "END_S = 10\n", "END_S = 1\n")
        status, output = self.gate("ci/gates", "slow", "good")
        self.assertEqual(status, 1, output)
        self.assertEqual(self.outcomes(),
                         {"good": "passed", "slow": "too slow"})
        self.assertIn("\nslow (too slow):\n", output)
        pid = int((self.tree / "slow.pid").read_text())
        # It may be there still, as what its new parent has not yet looked at.
        self.assertIsNone(machine.status(pid, "VmSize"), output)

    def test_whoever_ends_the_runner_ends_the_gate(self) -> None:
        self.plant("ci/gates", "END_S = 10\n", "END_S = 1\n")
        written = self.tree / "slow.pid"
        with subprocess.Popen([self.tree / "ci" / "gates", "slow"],
                              stderr=subprocess.PIPE, text=True) as runner:
            until(lambda: written.exists() and written.read_text() != "",
                  "the gate runs")
            runner.terminate()
            said = runner.communicate(timeout=60)[1]
        self.assertEqual(runner.returncode, 1)
        self.assertEqual(said, "ci/gates: ended\n")
        self.assertIsNone(machine.status(int(written.read_text()), "VmSize"))

    def test_page_has_what_was_and_what_was_not_run(self) -> None:
        self.gate("ci/gates", "good", "bad")
        page = (self.tree / "build" / "report" / "index.html").read_text()
        for said in ("\u2713 passed", "\u2717 failed", "\u2013 not run",
                     "the planted breach", "<dt>size</dt><dd>7</dd>"):
            self.assertIn(said, page)
        # What is run again replaces what was known, and that alone.
        self.plant("Makefile", "2 passed, 1 failed\n> @exit 1",
                   "3 passed, 0 failed")
        self.gate("ci/gates", "bad")
        self.assertEqual(self.outcomes(), {"good": "passed", "bad": "passed"})

    def test_a_name_of_no_gate_is_refused(self) -> None:
        for words in (("godo",), ("good", "--except", "godo")):
            status, output = self.gate("ci/gates", *words)
            self.assertEqual(status, 1)
            self.assertEqual(output, "ci/gates: godo is no gate; there are "
                             "bad, good, silent, slow\n")
        self.assertFalse((self.tree / "build").exists())

    def test_none_at_all_is_no_pass(self) -> None:
        status, output = self.gate("ci/gates", "good", "--except", "good")
        self.assertEqual(status, 1, output)
        self.assertIn("ci/gates: no gate is left to run", output)

    def test_list_names_them_and_runs_none(self) -> None:
        status, output = self.gate("ci/gates", "--list")
        self.assertEqual(status, 0, output)
        self.assertEqual([line.split(maxsplit=1) for line in
                          output.splitlines()],
                         [["good", "it holds"], ["bad", "it does not"],
                          ["silent", "who knows"], ["slow", "it never ends"]])
        self.assertFalse((self.tree / "build").exists())

    def test_a_table_that_cannot_be_read_is_refused(self) -> None:
        self.plant("docs/verification.md", "| who knows | awk |", "| who |")
        status, output = self.gate("ci/gates")
        self.assertEqual(status, 1, output)
        self.assertIn("the row of silent wants 5 cells", output)
        self.write("docs/verification.md", "No table.\n")
        status, output = self.gate("ci/gates")
        self.assertEqual(status, 1, output)
        self.assertIn("has no row `make NAME` (N min)", output)


PLANTED = """\
import unittest

from process.main import main


class Planted(unittest.TestCase):
    def test_planted(self):
        {}


main()
"""


class GatesCheck(SmallTree):
    """ci/gates_check, which runs what tries the gates."""

    def setUp(self) -> None:
        super().setUp()
        self.copy("ci/gates_check", "tests/process/__init__.py",
                  "tests/process/main.py")
        self.put("good", "self.assertTrue(True)")
        self.put("skipped", "self.skipTest('no such tool')")

    def put(self, name: str, body: str) -> None:
        self.write(f"tests/gates/test_{name}.py", PLANTED.format(body))

    def test_tests_that_hold_pass(self) -> None:
        status, output = self.gate("ci/gates_check")
        self.assertEqual(status, 0, output)
        self.assertIn("test_planted: no such tool\n", output)
        self.assertTrue(output.endswith("\n1 passed, 0 failed, 1 skipped\n"),
                        output)

    def test_a_test_that_does_not_hold_is_named_at_the_end(self) -> None:
        self.put("bad", "self.fail('planted')")
        self.put("ended", "import os; os.kill(os.getpid(), 9)")
        self.write("tests/gates/test_silent.py", "")
        status, output = self.gate("ci/gates_check")
        self.assertEqual(status, 1, output)
        self.assertIn("\n  | AssertionError: planted\n", output)
        self.assertEqual(output[output.index("\nfailed:\n"):].splitlines()[2:], [
            "  test_bad.py (status 1): FAIL: test_planted "
            "(__main__.Planted.test_planted)",
            "  test_ended.py (status 137): ",
            "  test_silent.py (status 0): ",
            "1 passed, 3 failed, 1 skipped"])


if __name__ == "__main__":
    main()
