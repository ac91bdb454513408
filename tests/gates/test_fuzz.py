"""ci/fuzz finds the mistakes that are planted for it."""

from __future__ import annotations

import subprocess
import unittest
from pathlib import Path

from process.main import main

TOP = Path(__file__).resolve().parents[2]
TIMEOUT_S = 880


class Planted(unittest.TestCase):
    def test_each_is_found(self) -> None:
        done = subprocess.run(
            [TOP / "ci" / "fuzz", "--self-test"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
        )
        self.assertRegex(done.stdout, r"[1-9][0-9]* passed, 0 failed")
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    main()
