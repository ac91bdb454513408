"""ci/check sees a test that fails, crashes, hangs or says nothing."""

from __future__ import annotations

import re

from small_tree import ProgramTree

from process.main import main

BUILD = "build/gcc-release"
# name, body, what is said of it
UNITS = (
    ("fails", "assert_int_equal(1, 2);", "not ok 1 - planted"),
    ("crashes", "abort();", "0 passed, 1 FAILED (status 134)"),
    ("stops", "exit(0);", "0 passed, 1 FAILED (status 0)"),
    ("hangs", "for (;;) {\n        pause();\n    }", "its time limit"),
    ("forks", "if (fork() == 0) {\n        sleep(300);\n        _exit(0);\n    }",
     "was left behind"),
)
PROCESSES = (
    ("is_wrong", "self.assertEqual(1, 2)", "FAIL: test_planted"),
    ("raises", "raise OSError('planted')", "OSError: planted"),
    ("leaves", "os._exit(3)", "0 passed, 1 FAILED (status 3)"),
    ("waits", "time.sleep(300)", "its time limit"),
    ("strays", "subprocess.Popen(['sleep', '300'], start_new_session=True)",
     "was left behind: sleep 300"),
)
LIMITS = {"DIPC_UNIT_TIMEOUT": "5", "DIPC_PROCESS_TIMEOUT": "8"}


class Check(ProgramTree):
    def setUp(self) -> None:
        super().setUp()
        self.unit_test("good", "assert_true(1);")
        self.process_test("well", "self.assertTrue(True)")

    def check(self, which: str, **environment: str) -> tuple[int, str]:
        return self.gate("ci/check", which, BUILD, **environment)

    def lines_of(self, output: str, title: str) -> str:
        """What is said of one test program."""
        found = re.search(rf"^{title}  .*\n(  .*\n)*", output, re.M)
        assert found is not None, output
        return found[0]

    def test_tests_that_hold_pass(self) -> None:
        status, output = self.check("--built")
        self.assertEqual(status, 0, output)
        self.assertTrue(output.endswith("\n2 passed, 0 failed\n"), output)

    def test_a_unit_test_that_does_not_hold_is_seen(self) -> None:
        for name, body, _ in UNITS:
            self.unit_test(name, body)
        self.write("tests/test_silent.c", "int\nmain(void)\n{\n    return 0;\n}\n")
        status, output = self.check("--units", **LIMITS)
        self.assertEqual(status, 1, output)
        for name, _, said in (*UNITS, ("silent", "", "it ran no test")):
            with self.subTest(name=name):
                self.assertIn(said, self.lines_of(output, f"test_{name}"))
                self.assertRegex(output.split("\nfailed:\n")[1],
                                 rf"  test_{name}: \S")
        # Its test holds; what it left behind does not.
        self.assertTrue(output.endswith("\n2 passed, 6 failed\n"), output)

    def test_a_process_test_that_does_not_hold_is_seen(self) -> None:
        for name, body, _ in PROCESSES:
            self.process_test(name, body)
        self.write("tests/test_silent.py", "")
        self.write("tests/test_typo.py", "def (:\n")
        status, output = self.check("--built", **LIMITS)
        self.assertEqual(status, 1, output)
        for name, _, said in (*PROCESSES, ("silent", "", "it ran no test"),
                              ("typo", "", "SyntaxError")):
            with self.subTest(name=name):
                self.assertIn(said, self.lines_of(output, f"test_{name}.py"))
                self.assertRegex(output.split("\nfailed:\n")[1],
                                 rf"  test_{name}.py: \S")
        self.assertTrue(output.endswith("\n3 passed, 7 failed\n"), output)

    def test_one_that_fails_among_those_that_hold_is_enough(self) -> None:
        self.process_test("is_wrong", "self.fail()")
        status, output = self.check("--built")
        self.assertEqual(status, 1, output)
        self.assertTrue(output.endswith("\n2 passed, 1 failed\n"), output)

    def test_what_does_not_compile_does_not_pass(self) -> None:
        self.unit_test("good", "assert_true(1)")
        status, output = self.check("--units")
        self.assertEqual(status, 1, output)
        self.assertIn("\n  the unit tests' build\n", output)
        self.assertIn("\n  test_good was not built\n", output)
        self.assertTrue(output.endswith("\n0 passed, 2 failed\n"), output)

    def test_no_test_is_no_pass(self) -> None:
        (self.tree / "tests/test_good.c").unlink()
        status, output = self.check("--units")
        self.assertEqual(status, 1, output)
        self.assertTrue(output.endswith("\n0 passed, 0 failed\n"), output)

    def test_what_it_starts_besides_counts(self) -> None:
        """The model checker's tests, its searches, deaths, stores."""
        others = ("verify/heddle/tests/run", "verify/run", "stress/run_death",
                  "ci/check_stores")
        for name in others:
            self.script(name, "echo 3 passed, 0 failed")
        status, output = self.gate("ci/check", BUILD)
        self.assertEqual(status, 0, output)
        self.assertTrue(output.endswith("\n14 passed, 0 failed\n"), output)
        self.script(others[0], "echo 2 passed, 1 failed", "exit 1")
        self.script(others[1], "echo it cannot start", "exit 1")
        self.script(others[2], "echo 9 passed, 0 failed", "kill -SEGV $$")
        self.script(others[3], "sleep 300 &")
        status, output = self.gate("ci/check", BUILD)
        self.assertEqual(status, 1, output)
        self.assertTrue(output.endswith("\n14 passed, 4 failed\n"), output)

    def test_programs_of_stress_that_do_not_compile_are_seen(self) -> None:
        for name in ("verify/heddle/tests/run", "verify/run"):
            self.script(name, "echo 3 passed, 0 failed")
        self.write("stress/stress_planted.c", "#error planted\n")
        status, output = self.gate("ci/check", BUILD)
        self.assertEqual(status, 1, output)
        self.assertIn("#error planted", output)
        self.assertIn("\n  the stress programs' build\n", output)
        self.assertTrue(output.endswith("\n8 passed, 1 failed\n"), output)


if __name__ == "__main__":
    main()
