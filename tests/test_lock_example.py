"""The example of docs/lock.md: built as it is written there, run and killed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from process import machine
from process.main import main, show

TOP = Path(__file__).resolve().parents[1]
MANUAL = TOP / "docs" / "lock.md"
LINES_MAX = 40
PROCESSES = 4
KILLS = 200
ONCE_TIMEOUT_S = 20


class LockExample(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        machine.need_command("make")
        machine.need_command("cc")
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = Path(directory.name)
        cls.build()

    @classmethod
    def build(cls) -> None:
        """Install the library, and compile the example against that."""
        source = cls.directory / "example.c"
        source.write_text(cls.example())
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
        }
        subprocess.run(
            [
                "make",
                "--silent",
                "install-core",
                f"DESTDIR={cls.directory}",
                "PREFIX=/usr",
            ],
            cwd=TOP,
            env=environment,
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=True,
        )
        command = cls.compiler_line()
        command = command.replace(
            "-I/usr/local", f"-I{cls.directory}/usr"
        ).replace("-ldipccore", f"-L{cls.directory}/usr/lib -ldipccore")
        subprocess.run(
            [*command.split(), "-Wall", "-Wextra", "-o", "example"],
            cwd=cls.directory,
            timeout=60,
            check=True,
        )

    @staticmethod
    def example() -> str:
        blocks = re.findall(r"```c\n(.*?)```", MANUAL.read_text(), re.S)
        if len(blocks) != 1:
            raise AssertionError(f"{MANUAL} has {len(blocks)} examples in C")
        return blocks[0]

    @staticmethod
    def compiler_line() -> str:
        found = re.search(
            r"^    (cc .* example\.c .*)$", MANUAL.read_text(), re.M
        )
        if found is None:
            raise AssertionError(f"{MANUAL} does not say how to compile")
        return found.group(1)

    def setUp(self) -> None:
        self.name = f"/dipc-test-{os.getpid()}"
        self.addCleanup(self.remove)
        self.processes: list[subprocess.Popen[str]] = []
        self.addCleanup(self.end_all)
        self.assertEqual(self.run_example("init").returncode, 0)

    def remove(self) -> None:
        (machine.SHM / self.name[1:]).unlink(missing_ok=True)

    def end_all(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def run_example(self, how: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.directory / "example", how, self.name],
            stdout=subprocess.PIPE,
            text=True,
            timeout=ONCE_TIMEOUT_S,
        )

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self.directory / "example", "count", self.name], text=True
        )
        self.processes.append(process)
        return process

    def count(self) -> int:
        """Count up once, beside the others; the two numbers are equal."""
        done = self.run_example("once")
        self.assertEqual(done.returncode, 0)
        left, right = done.stdout.split()
        self.assertEqual(left, right)
        return int(left)

    def test_it_is_short(self) -> None:
        self.assertLessEqual(len(self.example().splitlines()), LINES_MAX)

    def test_it_counts(self) -> None:
        self.assertEqual([self.count() for _ in range(3)], [1, 2, 3])

    def test_nobody_is_stuck_and_nothing_torn_however_many_are_killed(
        self,
    ) -> None:
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        print(f"seed {seed}", flush=True)
        dice = random.Random(seed)
        last = 0
        for _ in range(PROCESSES):
            self.start()
        for kill in range(KILLS):
            time.sleep(dice.random() / 100)  # a random moment, no order
            victim = self.processes.pop(dice.randrange(PROCESSES))
            self.assertIsNone(victim.poll(), "one ended by itself")
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            self.start()
            if kill % 20 == 0:
                now = self.count()
                self.assertGreater(now, last)
                last = now
        show(f"{KILLS} processes killed while they counted to {self.count()}")


if __name__ == "__main__":
    main()
