"""ci/lint finds what it is there to find, and believes no tool that fails."""

from __future__ import annotations

from small_tree import SmallTree

from process import machine
from process.main import main

GOOD_SHELL = "#!/bin/bash\necho well\n"
GOOD_PYTHON = "#!/usr/bin/env python3\nprint('well')\n"
# tool, file, what it has in it, what is said of it
PLANTED = (
    ("shellcheck", "ci/planted", "#!/bin/bash\nfor f in $1; do echo $f; done\n",
     "SC2086"),
    ("shellcheck", "cli/planted.sh", "#!/bin/sh\nif [ $1 == a ]; then\n    :\nfi\n",
     "SC3014"),
    ("shellcheck", "ci/planted", "#!/bin/bash\nif then\n", "error:"),
    ("flake8", "tests/planted.py", "import os\n", "F401"),
    ("flake8", "stress/planted", "#!/usr/bin/env python3\nprint(nobody)\n",
     "F821"),
    ("flake8", "verify/planted.py", "def planted(:\n", "E999"),
)


class Lint(SmallTree):
    def setUp(self) -> None:
        super().setUp()
        machine.need_command("shellcheck")
        machine.system_python("flake8")
        self.copy("ci/lint")
        self.write("cli/good", GOOD_SHELL)
        self.write("cli/good.py", GOOD_PYTHON)

    def lint(self, *files: str, **environment: str) -> tuple[int, str]:
        return self.gate("ci/lint", *files, **environment)

    def test_scripts_without_a_flaw_pass(self) -> None:
        self.write("cli/text", "echo $1: no script\n")
        status, output = self.lint()
        self.assertEqual(status, 0, output)
        # ci/lint is itself one of them.
        self.assertEqual(output, "shellcheck   2 files, 0 with findings\n"
                         "flake8       1 files, 0 with findings\n"
                         "3 passed, 0 failed\n")

    def test_each_breach_is_found_by_its_tool(self) -> None:
        for tool, name, text, said in PLANTED:
            with self.subTest(name=name, said=said):
                path = self.write(name, text)
                status, output = self.lint()
                path.unlink()
                self.assertEqual(status, 1, output)
                self.assertRegex(output, rf"{tool} +\d+ files, 1 with findings")
                self.assertRegex(output, rf"(?m)^(\./)?{name}:.*{said}")
                self.assertTrue(output.endswith("\n3 passed, 1 failed\n"),
                                output)

    def test_only_what_is_named_is_looked_at(self) -> None:
        self.write("ci/planted", "#!/bin/bash\necho $1\n")
        status, output = self.lint("cli/good", "cli/good.py")
        self.assertEqual(status, 0, output)
        status, output = self.lint("ci/planted", "cli/good.py")
        self.assertEqual(status, 1, output)
        self.assertTrue(output.endswith("\n1 passed, 1 failed\n"), output)

    def test_nothing_to_look_at_is_no_pass(self) -> None:
        status, output = self.lint("cli/nobody")
        self.assertEqual(status, 1, output)
        self.assertEqual(output, "0 passed, 0 failed\n")

    def test_a_tool_that_fails_does_not_pass(self) -> None:
        said = r"itself failed \(status \d+\)\n(.*\n)?1 passed, 1 failed\n$"
        path = f"{self.tree}/tools:{self.environment['PATH']}"
        for does in ("echo cannot start; exit 127", "exit 2", "kill -KILL $$"):
            with self.subTest(does=does):
                self.script("tools/shellcheck", does)
                status, output = self.lint("cli/good", "cli/good.py", PATH=path)
                self.assertEqual(status, 1, output)
                self.assertRegex(output, said)
        for does in ("print('cannot start')", "raise SystemExit(2)"):
            with self.subTest(does=does):
                # Python takes it from here before its own.
                self.write("flake8.py", does + "\n")
                status, output = self.lint("cli/good", "cli/good.py")
                self.assertEqual(status, 1, output)
                self.assertRegex(output, said)


if __name__ == "__main__":
    main()
