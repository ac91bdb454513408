"""verify/run and verify/promela/run: a core or a model that is wrong does not
pass, and no search passes that is cut off."""

from __future__ import annotations

import json

from small_tree import SmallTree

from process import machine
from process.main import main

SLIP = ("    if (lock->queue.count == 0 && is_admissible(lock, queued)) {\n",
        "    if ((lock->queue.count == 0 || queued == SEAT_QUEUED_READ) &&\n"
        "        is_admissible(lock, queued)) {\n")
# what is wrong, file, old, new, the row that has to see it
PLANTED = (
    ("a reader slips past a writer", "core/rwlock.c", *SLIP,
     "3 threads, every mix, deadlines"),
    ("the dead are never removed", "core/rwlock.c",
     "if (!seat_is_dead(seats, seat)) {", "if (seats != NULL) {",
     "2 threads, one dies, every mix"),
    ("a permit goes back to another set", "net/permits.c",
     "(void)sem_post(&taken->free);",
     "(void)sem_post(&(taken->returns % 2 ? taken + 1 : taken)->free);",
     "1 to 3 batches each"),
)
PARTS = ("core", *(f"net/{name}.{kind}" for name in ("permits", "clock")
                   for kind in "ch"))


class Heddle(SmallTree):
    """The core's properties, with the real model checker."""

    def setUp(self) -> None:
        super().setUp()
        heddle = machine.TOP / "build" / "bin" / "heddle"
        if not heddle.exists():
            self.skipTest("Heddle is for x86-64 alone, or make was not run")
        self.copy(*PARTS, "verify/run", "verify/properties.py")
        for path in (machine.TOP / "verify").glob("*.[ch]"):
            self.copy(f"verify/{path.name}")
        self.environment["DIPC_HEDDLE"] = str(heddle)

    def rows(self) -> list[dict[str, object]]:
        path = self.tree / "build" / "verify" / "rows.json"
        rows = json.loads(path.read_text())
        assert isinstance(rows, list)
        return rows

    def test_what_is_right_passes(self) -> None:
        for what, _, _, _, row in PLANTED:
            with self.subTest(what=what):
                status, output = self.gate("verify/run", "--only", row)
                self.assertEqual(status, 0, output)
                self.assertEqual(len(self.rows()), 1)

    def test_what_is_wrong_does_not_pass(self) -> None:
        for what, name, old, new, row in PLANTED:
            with self.subTest(what=what):
                self.copy(*PARTS)
                self.plant(name, old, new)
                status, output = self.gate("verify/run", "--only", row)
                self.assertEqual(status, 1, output)
                self.assertTrue(output.endswith("\n0 passed, 1 failed\n"),
                                output)
                self.assertNotIn(self.rows()[0]["verdict"], ("clean", "cut"))
                self.assertIn("(schedule ", output)

    def test_a_search_that_is_cut_off_does_not_pass(self) -> None:
        # The longest of all: some 200 s.
        status, output = self.gate("verify/run", "--full", "--time", "1",
                                   "--only", "4 threads, one watches")
        self.assertEqual(status, 1, output)
        self.assertIn(": cut after ", output)
        self.assertTrue(output.endswith("\n0 passed, 1 failed\n"), output)

    def test_a_core_that_does_not_compile_does_not_pass(self) -> None:
        self.plant("core/rwlock.c", '#include "rwlock.h"\n', "#error planted\n")
        status, output = self.gate("verify/run")
        self.assertEqual(status, 1, output)
        self.assertIn("#error planted", output)

    def test_no_row_is_no_pass(self) -> None:
        self.environment["DIPC_HEDDLE"] = str(self.script("heddle"))
        status, output = self.gate("verify/run", "--only", "no such row")
        self.assertEqual(status, 1, output)
        self.assertTrue(output.endswith("\n0 passed, 0 failed\n"), output)

    def test_an_answer_that_is_not_whole_does_not_pass(self) -> None:
        """What answers here says what it is told to, and compiles nothing."""
        self.environment["DIPC_HEDDLE"] = str(
            self.script("heddle", '[ "$1" = cc ] || cat answer'))
        whole = {"verdict": "clean", "executions": 7, "complete": True}
        for answer, expected in (
                (whole, 0),
                (whole | {"complete": False}, 1),
                (whole | {"verdict": "cut", "cut": "--time 1"}, 1),
                (whole | {"verdict": "cut", "cut": "--preemptions 1"}, 1),
                (whole | {"verdict": "unsupported"}, 1)):
            with self.subTest(answer=answer):
                self.write("answer", json.dumps(answer))
                status, output = self.gate("verify/run", "--only",
                                           "1 thread, any 3 writes")
                self.assertEqual(status, expected, output)
        self.write("answer", "Segmentation fault\n")
        status, output = self.gate("verify/run", "--only",
                                   "1 thread, any 3 writes")
        self.assertEqual(status, 1, output)
        self.assertIn("no answer", output)
        # A row may declare the bound that cuts it off.
        self.write("answer", json.dumps(
            whole | {"verdict": "cut", "cut": "--preemptions 1"}))
        status, output = self.gate("verify/run", "--full", "--only",
                                   "4 threads, one watches")
        self.assertEqual(status, 0, output)


class Spin(SmallTree):
    """The models of the lock and the watch."""

    def setUp(self) -> None:
        super().setUp()
        machine.need_command("spin")
        self.copy("verify/promela")

    def search(self, text: str, *options: str) -> tuple[int, str]:
        return self.gate("verify/promela/run", "--only", text, *options)

    def test_models_as_they_are_pass(self) -> None:
        for text in ("2 threads, any", "planted SLIP, found"):
            status, output = self.search(text)
            self.assertEqual(status, 0, output)
            self.assertTrue(output.endswith("\n1 passed, 0 failed\n"), output)

    def test_a_model_that_is_wrong_does_not_pass(self) -> None:
        self.plant("verify/promela/rwlock.pml", "#ifndef GHOST", "#ifdef GHOST")
        status, output = self.search("2 threads, any")
        self.assertEqual(status, 1, output)
        self.assertIn("assertion (not holds)", output)

    def test_a_planted_error_that_is_not_found_does_not_pass(self) -> None:
        self.plant("verify/promela/rwlock.pml", "#ifdef SLIP", "#ifdef NOTHING")
        status, output = self.search("planted SLIP, found")
        self.assertEqual(status, 1, output)
        self.assertIn("NOT FOUND", output)
        self.assertTrue(output.endswith("\n0 passed, 1 failed\n"), output)

    def test_a_search_that_is_cut_off_does_not_pass(self) -> None:
        status, output = self.search("4 threads, any number of turns, "
                                     "deadlines, a canceller",
                                     "--timeout", "1")
        self.assertEqual(status, 1, output)
        self.assertIn("CUT OFF", output)
        self.plant("verify/promela/run", "DEPTH = 12_000_000", "DEPTH = 30")
        status, output = self.search("2 threads, any")
        self.assertEqual(status, 1, output)
        self.assertIn("CUT OFF", output)

    def test_no_search_is_no_pass(self) -> None:
        status, output = self.search("no such search")
        self.assertEqual(status, 1, output)


if __name__ == "__main__":
    main()
