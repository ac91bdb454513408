"""The gates of what is handed on: each is shown to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import unittest
from pathlib import Path

from process import machine
from process.case import ProcessCase
from process.main import main

GATE_TIMEOUT_S = 400


class Hygiene(ProcessCase):
    def setUp(self) -> None:
        super().setUp()
        signal.alarm(GATE_TIMEOUT_S)  # it builds whole trees
        self.tree = self.directory / "tree"
        self.tree.mkdir()
        files = subprocess.run(
            [machine.TOP / "ci" / "dist", "--list"],
            stdout=subprocess.PIPE,
            check=True,
            timeout=40,
        ).stdout
        packed = subprocess.run(
            ["tar", "-c", "--null", "-T", "-"],
            input=files,
            stdout=subprocess.PIPE,
            cwd=machine.TOP,
            check=True,
            timeout=40,
        ).stdout
        subprocess.run(
            ["tar", "-x"], input=packed, cwd=self.tree, check=True, timeout=40
        )

    def plant(self, path: str, old: str, new: str) -> None:
        file = self.tree / path
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new, 1))

    def failures(self, *steps: str) -> list[str]:
        """The lines of the gate that fail; it has to run to its end."""
        done = subprocess.run(
            [self.tree / "ci" / "hygiene", *steps],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment | {"TMPDIR": str(self.directory)},
            timeout=GATE_TIMEOUT_S,
        )
        said = done.stdout.splitlines()
        failed = [
            line.removeprefix("FAILED  ")
            for line in said
            if line.startswith("FAILED")
        ]
        self.assertRegex(said[-1], rf"^\d+ passed, {len(failed)} failed$")
        self.assertEqual(done.returncode, 1 if failed else 0, done.stdout)
        return failed

    def test_a_tree_as_it_should_be_passes(self) -> None:
        self.assertEqual(self.failures("archive", "manuals"), [])

    def test_an_archive_that_depends_on_chance_is_seen(self) -> None:
        self.plant("ci/dist", "LC_ALL=C sort -z", "LC_ALL=C sort -zR")
        self.assertEqual(
            self.failures("archive"),
            ["the unpacked tree makes the same archive"],
        )

    def test_an_archive_that_lacks_a_file_is_seen(self) -> None:
        self.plant("ci/dist", "git ls-files -z", "git ls-files -z '*.[ch]' ci")
        self.assertIn("the archive has every file", self.failures("archive"))

    def test_a_flaw_of_a_man_page_is_seen(self) -> None:
        self.plant("docs/man/dipc.1", ".Sh SEE ALSO", ".Bl -tag\n.Sh SEE ALSO")
        self.assertEqual(self.failures("manuals"), ["no man page has a flaw"])

    def test_builds_that_differ_and_files_not_listed_are_seen(self) -> None:
        # The model checker is half of the time, and not to the point.
        self.plant("Makefile", "$(shell uname -m),x86_64", "without,it")
        self.plant("Makefile", "'-ffile-prefix-map=$(CURDIR)=.'", "")
        self.plant("ci/installed", "755 bin/dipcrm\n", "")
        self.plant("Makefile", "each,$(INSTALLED),$(take)", "each,,$(take)")
        self.assertEqual(
            self.failures("build", "install"),
            [
                "both builds are the same, byte for byte",
                "nothing names the place of the first",
                "nothing names the place of the other",
                "make install puts what is listed",
                "make uninstall leaves nothing",
            ],
        )

    def test_a_pdf_that_differs_or_lacks_a_chapter_is_seen(self) -> None:
        for path in ("weasyprint", "markdown"):
            if not Path("/usr/lib/python3/dist-packages", path).exists():
                raise unittest.SkipTest("ci/dependencies manual installs it")
        machine.need_command("pdftotext")
        self.plant("docs/manual/make", "{version()}", "{os.getpid()}")
        self.plant("docs/manual/make", "    chapters += others\n", "")
        self.plant("docs/manual/manual.css", "pre-wrap", "pre")
        self.plant(
            "docs/concepts.md", "    ok 0", "    " + "x" * 120 + "\n    ok 0"
        )
        self.assertEqual(
            self.failures("pdf"),
            [
                "both make the same PDF",
                "the PDF is the whole manual",
                "no line of it leaves the margins",
                "prog3.tgz has prog3/prog3.pdf, and is the same",
            ],
        )


class Package(ProcessCase):
    def test_a_changelog_of_another_version_is_seen(self) -> None:
        machine.need_command("dpkg-parsechangelog")
        tree = self.directory / "tree"
        (tree / "ci/debian").mkdir(parents=True)
        (tree / "net").mkdir()
        for name in ("ci/package", "ci/dist"):
            (tree / name).write_bytes((machine.TOP / name).read_bytes())
            os.chmod(tree / name, 0o755)
        for name in ("control", "changelog"):
            text = (machine.TOP / "ci/debian" / name).read_text()
            (tree / "ci/debian" / name).write_text(text)
        (tree / "net/version.h").write_text('#define VERSION_TEXT "9.9"\n')
        done = subprocess.run(
            [tree / "ci/package"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("changelog is not about 9.9", done.stderr)


if __name__ == "__main__":
    main()
