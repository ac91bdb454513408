"""ci/valgrind finds what it is there to find, and knows atomics for none."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from process import machine
from process.main import main

TOP = Path(__file__).resolve().parents[2]

# A unit test with three breaches, and with a handing-over that is none.
PLANTED = r"""
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cmocka_all.h"

int plain;
int handed;
int seen;
static atomic_int ready;

static void *
writes(void *argument)
{
    plain = 1;
    return argument;
}

static void *
hands_over(void *argument)
{
    handed = 1;
    atomic_store(&ready, 1);
    return argument;
}

static void
a_leak(void **state)
{
    char **lost = malloc(sizeof *lost);

    (void)state;
    assert_non_null(lost);
    lost[0] = NULL;
    lost = NULL;
}

static void
an_uninitialised_read(void **state)
{
    int *word = malloc(sizeof *word);

    (void)state;
    assert_non_null(word);
    if (atomic_load(&ready) == 0 && *word == 7) {
        seen = 1;
    }
    free(word);
}

static void
a_race(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, writes, NULL), 0);
    plain = 2;
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
no_race(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, hands_over, NULL), 0);
    while (atomic_load(&ready) == 0) {
    }
    handed = 2;
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TEST),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
"""
# tool, test, what is said of it; nothing: it passes
RUNS = (
    ("memcheck", "a_leak", "definitely lost"),
    ("memcheck", "an_uninitialised_read", "depends on uninitialised"),
    ("memcheck", "no_race", None),
    ("helgrind", "a_race", "Possible data race"),
    ("helgrind", "no_race", None),
    ("drd", "a_race", "Conflicting store"),
    ("drd", "no_race", None),
)
FOLDERS = ("core", "net", "cli", "ci", "tests", "stress")


class Valgrind(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        for command in ("valgrind", "gcc"):
            machine.need_command(command)
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.tree = Path(directory.name) / "tree"
        cls.tree.mkdir()
        for name in FOLDERS:
            shutil.copytree(TOP / name, cls.tree / name,
                            ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TOP / "Makefile", cls.tree)

    def valgrind(self, tool: str, test: str) -> tuple[int, str]:
        (self.tree / "tests" / "test_clock.c").write_text(
            PLANTED.replace("TEST", test).replace(
                "static void\n", "__attribute__((unused)) static void\n"))
        done = subprocess.run(
            [self.tree / "ci" / "valgrind", "--tool", tool, "test_clock"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
        return done.returncode, done.stdout

    def test_each_breach_is_found_and_an_atomic_is_none(self) -> None:
        for tool, test, said in RUNS:
            with self.subTest(tool=tool, test=test):
                status, output = self.valgrind(tool, test)
                if said is None:
                    self.assertEqual(status, 0, output)
                    self.assertTrue(output.endswith("1 passed, 0 failed\n"),
                                    output)
                else:
                    self.assertEqual(status, 1, output)
                    self.assertIn(said, output)
                    self.assertIn(f"test {test}", output)

    def test_an_exception_for_no_test_is_a_finding(self) -> None:
        path = self.tree / "tests" / "valgrind" / "exceptions"
        before = path.read_text()
        path.write_text(before + "all test_clock nobody_s_test a reason\n")
        try:
            status, output = self.valgrind("drd", "no_race")
        finally:
            path.write_text(before)
        self.assertEqual(status, 1, output)
        self.assertIn("test_clock has no test nobody_s_test", output)


if __name__ == "__main__":
    main()
