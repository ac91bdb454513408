"""Run a file of tests, and count them for ci/check.

The last lines of the output are, one a line: the figures that tests showed,
each skipped test with its reason, and the counts.
"""

from __future__ import annotations

import sys
import unittest

figures: list[str] = []


def show(figure: str) -> None:
    """Have a measured figure shown, although the test passes."""
    figures.append(figure)


def main() -> None:
    """Run the tests of the file that was started, and leave."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    bad = {name(test) for test, _ in result.failures + result.errors}
    skipped = {name(test): reason for test, reason in result.skipped}
    for figure in figures:
        print(f"figure: {figure}")
    for test, reason in skipped.items():
        print(f"skipped: {test}: {reason}")
    passed = max(0, result.testsRun - len(bad) - len(skipped.keys() - bad))
    print(
        f"counted: {passed} {len(bad)} {len(skipped.keys() - bad)}",
        flush=True,
    )
    sys.exit(0 if result.wasSuccessful() else 1)


def name(test: unittest.TestCase) -> str:
    """A test's name, the same for all its parts."""
    whole = getattr(test, "test_case", test)
    return str(whole.id().removeprefix("__main__."))
