"""What a person types first: make help, make demo, make install."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from process import machine
from process.case import ProcessCase
from process.main import main


class Make(ProcessCase):
    def make(self, *arguments: str) -> str:
        done = subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=machine.TOP,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            timeout=80,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def files(self, top: Path) -> set[str]:
        return {
            str(path.relative_to(top))
            for path in top.rglob("*")
            if not path.is_dir()
        }

    def test_help_lists_the_targets(self) -> None:
        said = self.make("help")
        for target in (
            "all",
            "check",
            "demo",
            "install",
            "uninstall",
            "format",
            "clean",
            "help",
        ):
            self.assertRegex(said, rf"(?m)^make {target} +\S")

    def test_the_commands_are_runnable_at_the_top(self) -> None:
        for name in ("dipc", "dipcrm"):
            done = subprocess.run(
                [machine.TOP / name, "--version"],
                capture_output=True,
                text=True,
                timeout=40,
            )
            self.assertRegex(done.stdout, rf"^{name} [0-9.]+\n$")

    def test_the_commands_are_of_the_variant_asked_for(self) -> None:
        copy = self.directory / "copy"
        for name in ("core", "net", "cli"):
            shutil.copytree(machine.TOP / name, copy / name)
        shutil.copy(machine.TOP / "Makefile", copy)
        self.environment.pop("MAKEFLAGS", None)
        for variant in ("release", "debug", "release", "debug"):
            self.make(
                *("-C", str(copy), "-s", "-j2", "CC=cc"),
                *(f"VARIANT={variant}", "build/bin/dipcrm"),
            )
            built = copy / "build" / f"cc-{variant}" / "cli" / "dipcrm"
            shown = copy / "build" / "bin" / "dipcrm"
            self.assertEqual(shown.read_bytes(), built.read_bytes(), variant)

    def listed(self) -> set[str]:
        """The lines of ci/installed that hold on this machine."""
        lines = set()
        for line in (
            (machine.TOP / "ci" / "installed").read_text().splitlines()
        ):
            line, _, only = line.partition(" [")
            if line[0] != "#" and only in ("", platform.machine() + "]"):
                lines.add(line)
        return lines

    def found(self, top: Path) -> set[str]:
        """What is below a directory, in the form of ci/installed."""
        lines = set()
        for path in top.rglob("*"):
            name = path.relative_to(top)
            if path.is_symlink():
                lines.add(f"{name} -> {os.readlink(path)}")
            elif path.is_file():
                lines.add(f"{path.stat().st_mode & 0o7777:o} {name}")
        return lines

    def test_install_puts_exactly_what_is_listed(self) -> None:
        top = self.directory / "top"
        self.make("install", f"DESTDIR={top}", "PREFIX=/opt/dipc")
        self.assertEqual([p.name for p in top.iterdir()], ["opt"])
        self.assertEqual(self.found(top / "opt" / "dipc"), self.listed())

    def test_uninstall_leaves_nothing_of_its_own(self) -> None:
        top = self.directory / "top"
        where = (f"DESTDIR={top}", "PREFIX=/opt/dipc")
        ours = top / "opt/dipc/bin/ours"
        ours.parent.mkdir(parents=True)
        ours.touch()
        self.make("install", *where)
        self.assertGreater(len(self.files(top)), 5)
        self.make("uninstall", *where)
        self.assertEqual(self.files(top), {"opt/dipc/bin/ours"})
        left = {p.name for p in top.rglob("*") if p.is_dir()}
        self.assertEqual({name for name in left if "heddle" in name}, set())
        self.assertFalse((top / "opt/dipc/include/dipc").exists())
        self.make("uninstall", *where)

    def test_the_demonstration_works(self) -> None:
        done = subprocess.run(
            [machine.TOP / "cli" / "demo"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            timeout=80,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("hello Bob", done.stdout)
        self.assertNotIn("\x1b", done.stdout, "colours are for terminals")


if __name__ == "__main__":
    main()
