"""ci/static finds what it is there to find: each tool is given a mistake."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from process import machine
from process.main import main

TOP = Path(__file__).resolve().parents[2]

# tool, the source, what is said of it
PLANTED = (
    ("cppcheck",
     "int planted(void)\n{\n    int a[3] = {0};\n    a[3] = 1;\n"
     "    return a[0];\n}\n", "arrayIndexOutOfBounds"),
    ("cppcheck",
     "#include <stdlib.h>\nvoid planted(void)\n{\n    char *p = malloc(9);\n"
     "    *p = 1;\n}\n", "memleak"),
    ("analyzer",
     "#include <stdlib.h>\nint planted(int a)\n{\n    int *p = malloc(40);\n"
     "    if (!p) {\n        return 1;\n    }\n    if (a) {\n"
     "        return 2;\n    }\n    free(p);\n    return 0;\n}\n",
     "-Wanalyzer-malloc-leak"),
    ("analyzer",
     "#include <stdlib.h>\nstatic void end(char *p)\n{\n    free(p);\n}\n"
     "void planted(char *p)\n{\n    end(p);\n    free(p);\n}\n",
     "-Wanalyzer-double-free"),
    ("analyzer",
     "#include <stdlib.h>\nint *planted(int a)\n{\n"
     "    int *p = calloc(4, 4);\n    p[1] = a;\n    return p;\n}\n",
     "-Wanalyzer-possible-null-dereference"),
    ("clang-tidy",
     "#include <string.h>\nint planted(const char *a, const char *b);\n"
     "int planted(const char *a, const char *b)\n{\n"
     "    if (strcmp(a, b)) {\n        return 1;\n    } else {\n"
     "        return 1;\n    }\n}\n", "bugprone-branch-clone"),
    ("clang-tidy",
     "struct two {\n    int a;\n    int b;\n};\nint planted(int a);\n"
     "int planted(int a)\n{\n    struct two two;\n    if (a > 3) {\n"
     "        two.a = a;\n    }\n    return two.a;\n}\n",
     "clang-analyzer-core"),
    ("clang-tidy",
     "unsigned long planted(const int *p);\n"
     "unsigned long planted(const int *p)\n{\n"
     "    return sizeof(p) / sizeof(p[0]);\n}\n",
     "bugprone-sizeof-expression"),
)


class Static(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        for command in ("cppcheck", "gcc", "clang-tidy"):
            machine.need_command(command)
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.tree = Path(directory.name) / "tree"
        cls.tree.mkdir()
        for name in ("ci", "core", "net"):
            shutil.copytree(TOP / name, cls.tree / name)
        shutil.copy(TOP / ".clang-tidy", cls.tree)

    def static(self, name: str, source: str) -> tuple[int, str]:
        (self.tree / name).write_text(source)
        done = subprocess.run(
            [self.tree / "ci/static", name], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=120, check=False)
        return done.returncode, done.stdout

    def test_each_breach_is_found_by_its_tool(self) -> None:
        for tool, source, said in PLANTED:
            with self.subTest(tool=tool, said=said):
                status, output = self.static("net/planted.c", source)
                self.assertEqual(status, 1, output)
                self.assertIn(f"== {tool} net/planted.c", output)
                self.assertIn(said, output)

    def test_a_clean_source_passes(self) -> None:
        status, output = self.static(
            "net/planted.c", "int planted(int a);\nint planted(int a)\n{\n"
            "    return a + 1;\n}\n")
        self.assertEqual(status, 0, output)
        self.assertTrue(output.endswith("3 passed, 0 failed\n"), output)

    def test_what_does_not_compile_does_not_pass(self) -> None:
        status, output = self.static("net/planted.c", "int planted(;\n")
        self.assertEqual(status, 1, output)
        self.assertIn("== analyzer net/planted.c", output)

    def test_a_known_finding_that_is_gone_is_a_finding(self) -> None:
        status, output = self.static("net/collector.c", "extern int nothing;\n")
        self.assertEqual(status, 1, output)
        self.assertIn("reserve -Wanalyzer-malloc-leak, which is not there any "
                      "more", output)


if __name__ == "__main__":
    main()
