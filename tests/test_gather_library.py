"""The gathering library as a program finds it: installed, linked, at work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from process import machine
from process.case import ProcessCase
from process.main import main

PREFIX = "/opt/dipc"
MANUAL = machine.TOP / "docs" / "man" / "gather.3"
HEADERS = ("gather.h", "gather_sender.h")
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")


def run(*command: str, **options: object) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        **options,  # type: ignore[call-overload]
    )
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}")
    return str(done.stdout)


def declared() -> set[str]:
    """The functions that the headers offer."""
    text = "".join((machine.TOP / "net" / h).read_text() for h in HEADERS)
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"\b(gather_[a-z_]+)\(", code))


class GatherLibrary(ProcessCase):
    top: ClassVar[Path]
    flags: ClassVar[list[str]]

    @classmethod
    def setUpClass(cls) -> None:
        machine.need_command("pkg-config")
        machine.need_plain_build("is no library to install")
        directory = Path(os.environ.get("TMPDIR", "/tmp"))
        cls.top = directory / f"dipc-test-gather-{os.getpid()}"
        cls.top.mkdir()
        cls.addClassCleanup(shutil.rmtree, cls.top)
        run(
            *("make", "-s", "install", f"DESTDIR={cls.top}"),
            f"PREFIX={PREFIX}",
            cwd=machine.TOP,
        )
        said = run(
            *("pkg-config", "--cflags", "--libs", "dipcgather"),
            env=os.environ
            | {
                "PKG_CONFIG_PATH": f"{cls.top}{PREFIX}/lib/pkgconfig",
                "PKG_CONFIG_SYSROOT_DIR": str(cls.top),
            },
        )
        cls.flags = said.split()

    def compile(self, source: str, compiler: str, standard: str) -> Path:
        suffix = "c" if compiler == "cc" else "cc"
        file = self.directory / f"program.{suffix}"
        file.write_text(source)
        program = self.directory / "program"
        run(
            *(compiler, f"-std={standard}", *WARNINGS),
            *("-o", str(program), str(file), *self.flags),
        )
        return program

    def test_the_manuals_example_works(self) -> None:
        page = MANUAL.read_text()
        code = page.partition(".Sh EXAMPLES")[2]
        code = code.partition(".Bd -literal -offset indent\n")[2]
        code = code.partition(".Ed")[0].replace("\\e", "\\")
        program = self.compile(code, "cc", "c11")
        said = run(str(program), env=self.environment)
        self.assertEqual(said, f"{sum(range(1000000))}\n")

    def test_the_headers_are_fine_for_cpp(self) -> None:
        machine.need_command("g++")
        program = self.compile(
            """#include <gather.h>
            int main() {
                gather *g = nullptr;
                gather_options options = gather_options();
                return gather_create(&options, &g, nullptr) == 0;
            }""",
            "g++",
            "c++17",
        )
        self.assertEqual(run(str(program), env=self.environment), "")

    def test_nothing_but_its_own_names_is_exported(self) -> None:
        library = self.top / f"{PREFIX[1:]}/lib/libdipcgather.a"
        said = run("nm", "-g", "--defined-only", str(library))
        names = {
            line.split()[2]
            for line in said.splitlines()
            if len(line.split()) == 3
        }
        self.assertEqual(names, declared())

    def test_every_function_and_outcome_has_its_place_in_the_manual(
        self,
    ) -> None:
        page = MANUAL.read_text()
        functions = declared()
        self.assertGreater(len(functions), 20)
        for name in functions:
            self.assertIn(f".Fn {name} ", page)
        header = (machine.TOP / "net" / "gather.h").read_text()
        outcomes = re.search(r"enum gather_outcome \{(.*?)\};", header, re.S)
        assert outcomes is not None
        names = re.findall(r"\bGATHER_[A-Z_]+", outcomes[1])
        self.assertEqual(len(names), 12)
        for name in set(names) - {"GATHER_RUNNING"}:
            self.assertIn(name, page)


if __name__ == "__main__":
    main()
