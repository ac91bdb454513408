"""ci/style finds what it is there to find: each breach is planted once."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from process import machine
from process.main import main

TOP = Path(__file__).resolve().parents[2]

# rule, file, what is put at its end, what is said of it
PLANTED = (
    ("layout", "core/watch.c", "int  badly_laid_out ;\n", "make format"),
    ("layers", "core/watch.c", '#include "codec.h"\n', "net/ is banned in core"),
    ("layers", "net/codec.c", '#include "arguments.h"\n', "cli/ is banned"),
    ("layers", "verify/heddle/runtime/all.c", '#include "seat.h"\n',
     "core/ is banned in verify/heddle"),
    ("layers", "core/watch.c", '#include "no_such_header.h"\n', "nobody's"),
    ("calls", "net/codec.c", "static void f(char *t) { strcpy(t, t); }\n",
     "strcpy is banned, use memcpy"),
    ("calls", "cli/value.c", "static int f(char *t) { return atoi(t); }\n",
     "atoi is banned, use strtol"),
    ("calls", "core/watch.c", "static void *f(void) { return malloc(1); }\n",
     "malloc is banned, use the caller's memory"),
    ("calls", "core/seat.c", "static int f(void) { return shm_open(0); }\n",
     "shm_open is banned, use core/mapping.c"),
    ("constructs", "net/codec.h", "typedef struct planted planted_t;\n",
     "typedef of a struct is banned"),
    ("constructs", "core/watch.c", "static volatile int planted;\n",
     "volatile is banned, use an atomic"),
    ("asserts", "core/watch.c", "void f(int a) { assert(a > 1 && a < 3); }\n",
     "use one assert for each"),
    ("headers", "core/watch.h", "int planted(size_t a, struct none b);\n",
     "does not compile alone"),
    ("leftovers", "README.md", "TO" "DO: say more\n", "use an issue"),
    ("leftovers", "docs/design.md", "See /home/" "somebody/notes.\n",
     "a path of one machine"),
    ("leftovers", "core/watch.c", "<<<" "<<<< HEAD\n", "a conflict"),
    ("lines", "core/watch.c", "/* a blank at the end */ \n",
     "blanks at the end"),
    ("lines", "core/watch.c", "/* " + "x" * 80 + " */\n", "columns is banned"),
    ("lines", "net/codec.c", "\tint planted;\n", "a tab is banned"),
    ("names", "tests/test_nothing.c", "int planted;\n", "no nothing.c"),
    ("names", "net/util.c", "int planted;\n", "util.c is banned"),
)
COMPILED = (
    ("exports", "core/watch.c", "int planted(void); int planted(void) "
     "{ return 0; }\n", "planted is banned as an exported name"),
    ("state", "net/codec.c", "int codec_calls; static int planted; int "
     "codec_count(void) { return planted++; }\n", "planted, state of a file"),
    ("state", "core/watch.c", "int watch_calls = 3;\n",
     "watch_calls, state of a file"),
)
FOLDERS = ("core", "net", "cli", "verify", "ci", "docs", "tests", "stress")


class Style(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        for command in ("clang-format", "gcc", "objdump"):
            machine.need_command(command)
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.tree = Path(directory.name) / "tree"
        cls.tree.mkdir()
        for name in FOLDERS:
            shutil.copytree(TOP / name, cls.tree / name,
                            ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("README.md", ".clang-format"):
            shutil.copy(TOP / name, cls.tree / name)
        cls.objects = Path(directory.name) / "objects"
        for folder in ("core", "net", "cli"):
            (cls.objects / folder).mkdir(parents=True)

    def style(self, rule: str) -> tuple[int, str]:
        done = subprocess.run(
            [self.tree / "ci/style", "--tree", self.tree, "--build",
             self.objects, "--only", rule],
            stdout=subprocess.PIPE, text=True, timeout=120, check=False)
        return done.returncode, done.stdout

    def plants(self, rule: str, name: str, text: str, said: str,
               prepare: bool) -> None:
        path = self.tree / name
        before = path.read_text() if path.exists() else None
        path.write_text((before or "") + text)
        try:
            if prepare:
                self.compile(name)
            status, output = self.style(rule)
        finally:
            if before is None:
                path.unlink()
            else:
                path.write_text(before)
        self.assertEqual(status, 1, output)
        self.assertIn(said, output)
        self.assertIn(name, output)
        self.assertTrue(output.endswith("0 passed, 1 failed\n"), output)

    def compile(self, name: str) -> None:
        subprocess.run(
            ["gcc", "-std=c11", "-D_GNU_SOURCE", "-w", "-c", name, "-Icore",
             "-Inet", "-Icli", "-o",
             (self.objects / name).with_suffix(".o")],
            cwd=self.tree, timeout=60, check=True)

    def test_each_breach_is_found_and_says_what_to_use(self) -> None:
        for rule, name, text, said in PLANTED:
            with self.subTest(rule=rule, planted=text):
                self.plants(rule, name, text, said, False)

    def test_each_breach_in_an_object_is_found(self) -> None:
        for rule, name, text, said in COMPILED:
            with self.subTest(rule=rule, planted=text):
                self.plants(rule, name, text, said, True)

    def test_without_objects_it_does_not_pass(self) -> None:
        done = subprocess.run(
            [TOP / "ci/style", "--only", "exports", "--build",
             self.objects / "none"],
            stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("use make", done.stdout)


if __name__ == "__main__":
    main()
