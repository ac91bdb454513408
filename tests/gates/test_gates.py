"""The runner of the gates believes no gate that says nothing, or says ill."""

import importlib.machinery
import importlib.util
import sys
import unittest
from types import ModuleType

from process import machine
from process.main import main


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


if __name__ == "__main__":
    main()
