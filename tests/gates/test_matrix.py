"""ci/matrix sees what only some of the builds show."""

from __future__ import annotations

import json
import re

from small_tree import ProgramTree

from process import machine
from process.main import main

RACE = """\
int shared;

static void *
writes(void *argument)
{
    shared = 1;
    return argument;
}
"""
# name, body, before it, the builds that have to say so, and what they say
PLANTED = (
    ("shift", "volatile int by = 40;\n    assert_int_not_equal(1 << by, 3);",
     "", ("gcc-asan",), "shift exponent 40 is too large"),
    ("overrun", "volatile size_t at = 9;\n    char *nine = strdup(\"12345678\");"
     "\n    assert_non_null(nine);\n    nine[at] = 0;\n    free(nine);",
     "", ("gcc-asan",), "heap-buffer-overflow"),
    ("leak", "assert_non_null(strdup(\"lost\"));",
     "", ("gcc-asan",), "LeakSanitizer: detected memory leaks"),
    ("race", "pthread_t thread;\n"
     "    assert_int_equal(pthread_create(&thread, NULL, writes, NULL), 0);\n"
     "    shared = 2;\n"
     "    assert_int_equal(pthread_join(thread, NULL), 0);",
     RACE, ("clang-tsan",), "data race"),
    ("undefined", "char *volatile word = malloc(8);\n"
     "    assert_non_null(word);\n"
     "    if (word[3] == 7) {\n        setenv(\"A\", \"B\", 1);\n    }\n"
     "    free(word);",
     "", ("clang-msan",), "use-of-uninitialized-value"),
    ("long_copy", "char to[8];\n    size_t volatile many = 12;\n"
     "    memcpy(to, \"0123456789ab\", many);\n"
     "    assert_int_equal(to[3], '3');",
     "", ("gcc-hardened", "gcc-asan"), "overflow"),
    ("compiler", "#ifdef __clang__\n    fail();\n#endif",
     "", ("clang-tsan", "clang-msan"), "planted"),
)
BUILDS = ("gcc-asan", "clang-tsan", "clang-msan", "gcc-hardened")
RAN = r"^(test_\w+(?:\.py)?) +(\d+) passed(?:, (\d+) FAILED)?"


class Matrix(ProgramTree):
    def setUp(self) -> None:
        super().setUp()
        for command in ("gcc", "clang"):
            machine.need_command(command)
        self.copy("ci/matrix")
        self.unit_test("good", "assert_true(1);")
        self.process_test("command", "subprocess.run("
                          "[os.environ['DIPC_BIN'] + '/dipc'], check=True)")

    def matrix(self, *builds: str) -> tuple[int, str]:
        return self.gate("ci/matrix", *builds)

    def failed_in(self, build: str) -> set[str]:
        log = (self.tree / "build" / "matrix" / f"{build}.log").read_text()
        found = re.findall(RAN, log, re.M)
        self.assertIn("test_good", {name for name, _, bad in found if not bad})
        return {name for name, _, bad in found if bad}

    def test_each_breach_is_seen_by_its_builds_alone(self) -> None:
        for name, body, before, _, _ in PLANTED:
            self.unit_test(name, body, before)
        self.command("dipc", "volatile int by = 40;\n    return (1 << by) == 3;")
        status, output = self.matrix(*BUILDS)
        self.assertEqual(status, 1, output)
        for build in BUILDS:
            with self.subTest(build=build):
                wanted = {f"test_{name}" for name, _, _, builds, _ in PLANTED
                          if build in builds}
                # The process tests take the commands of the same build.
                wanted |= {"test_command.py"} if build == "gcc-asan" else set()
                self.assertEqual(self.failed_in(build), wanted, output)
                self.assertIn(f"\n== {build}\n", f"\n{output}")
                log = self.tree / "build" / "matrix" / f"{build}.log"
                for _, _, _, builds, said in PLANTED:
                    if build in builds:
                        self.assertIn(said, log.read_text())
        # Of a leak and a race a program tells after its tests have passed.
        self.assertTrue(output.endswith("\n27 passed, 10 failed\n"),
                        output[-300:])
        self.assertIn(f"\nfailed in: {' '.join(BUILDS)} ", output)

    def test_what_holds_in_each_build_passes(self) -> None:
        builds = ("gcc-release", "clang-asan")
        status, output = self.matrix(*builds)
        self.assertEqual(status, 0, output)
        self.assertTrue(output.endswith("\n4 passed, 0 failed\n"), output)
        report = json.loads(
            (self.tree / "build" / "report" / "matrix.json").read_text())
        self.assertEqual(report["passed"], 4)
        self.assertEqual(set(report["figures"]), set(builds))

    def test_a_build_that_fails_is_a_failure(self) -> None:
        self.write("net/planted.c", "#ifdef __clang__\n#error planted\n#endif\n"
                   "extern int planted;\n")
        status, output = self.matrix("gcc-release", "clang-release")
        self.assertEqual(status, 1, output)
        self.assertIn("#error planted", output)
        self.assertIn("\nfailed in: clang-release ", output)
        self.assertTrue(output.endswith("\n2 passed, 1 failed\n"), output)


if __name__ == "__main__":
    main()
