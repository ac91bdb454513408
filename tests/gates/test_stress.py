"""stress/run sees a server that answers wrongly, and a checker that is blind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from small_tree import SmallTree

from process import machine
from process.main import main

BUILD = Path(os.environ.get("DIPC_BUILD", "build/cc-release"))
# A fault's text, replaced by what does the same.
STALE = ("version -= version > 1 && atomic_fetch_add(&planted, 1) % 500 == 499;",
         "(void)planted;")
NEWEST = ("""\
        seat_enter(seats, seat, queued, lock->place, ticket);
        seat_list_insert(seats, &lock->queue, lock->queue.head, seat);
end""", """\
        seat_arrive(seats, seat, queued, lock->place, ticket, &lock->queue);
end""")


class Stress(SmallTree):
    def setUp(self) -> None:
        super().setUp()
        built = machine.TOP / BUILD
        if not (built / "stress" / "stress_history").exists():
            self.skipTest(f"{BUILD} has no programs of stress/: "
                          "make stress-programs builds them")
        if not BUILD.name.endswith(("-release", "-debug")):
            self.skipTest("faults are planted in release and debug builds only")
        self.copy("core", "net", "cli", "stress")
        (self.tree / "build" / "bin").mkdir(parents=True)
        (self.tree / BUILD).symlink_to(built)

    def stress(self, only: str) -> tuple[int, str]:
        return self.gate("stress/run", "--quick", "--only", only, str(BUILD),
                         SEED="1", SECONDS="10")

    def test_a_server_that_answers_wrongly_is_seen(self) -> None:
        status, output = self.stress("fault: stale-read")
        self.assertEqual(status, 0, output)
        self.assertIn("caught; shortest bad part", output)
        # The server with that fault, in the place of the one that is judged.
        shutil.copy(self.tree / "build/stress/faulty/stale-read/dipc",
                    self.tree / "build/bin/dipc")
        status, output = self.stress("calm")
        self.assertEqual(status, 1, output)
        self.assertIn("is not linearizable: nothing explains", output)
        self.assertIn("\nfailed:\n  calm: ", output)
        self.assertIn("\n0 passed, 1 failed in ", output)

    def test_a_server_that_does_not_serve_is_seen(self) -> None:
        self.script("build/bin/dipc", "exit 1")
        status, output = self.stress("calm")
        self.assertEqual(status, 1, output)
        self.assertIn("\n0 passed, 1 failed in ", output)

    def test_a_fault_that_is_not_found_is_a_failure(self) -> None:
        for name, (old, new), step, said in (
                ("stale-read", STALE, "fault: stale-read",
                 "the planted fault is not found"),
                ("lock-newest-first", NEWEST, "rwlock, fault planted",
                 "it is not found out")):
            with self.subTest(name=name):
                self.plant(f"stress/faults/{name}", old, new)
                status, output = self.stress(step)
                self.assertEqual(status, 1, output)
                self.assertIn(said, output)

    def test_a_checker_that_is_wrong_about_a_history_is_seen(self) -> None:
        histories = self.tree / "stress" / "histories"
        (histories / "bad-gap.txt").rename(histories / "good-gap.txt")
        status, output = self.stress("checker")
        self.assertEqual(status, 1, output)
        self.assertIn("good-gap.txt: ", output)

    def test_no_step_is_no_pass(self) -> None:
        status, output = self.stress("no such step")
        self.assertEqual(status, 1, output)


if __name__ == "__main__":
    main()
