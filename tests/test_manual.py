"""The man pages: well formed, and in step with what the commands say."""

from __future__ import annotations

import re
import subprocess

from process import machine
from process.case import ProcessCase
from process.main import main

PAGES = machine.TOP / "docs" / "man"
PYTHON = machine.TOP / "cli" / "python"


class Manual(ProcessCase):
    def page(self, path: str) -> str:
        done = subprocess.run(
            [machine.need_command("mandoc"), "-T", "ascii", path],
            capture_output=True,
            text=True,
            timeout=40,
        )
        return re.sub(".\b", "", done.stdout)

    def test_every_page_is_well_formed(self) -> None:
        mandoc = machine.need_command("mandoc")
        pages = sorted(
            [*PAGES.glob("*.[1-9]"), *(PYTHON / "man").glob("*.[1-9]")]
        )
        self.assertGreater(len(pages), 10)
        for path in pages:
            with self.subTest(path.name):
                done = subprocess.run(
                    [mandoc, "-T", "lint", "-W", "warning", str(path)],
                    capture_output=True,
                    text=True,
                    timeout=40,
                )
                self.assertEqual(done.stdout + done.stderr, "")

    def test_every_option_has_its_place_in_the_page(self) -> None:
        for name in ("dipc", "dipcrm", "dipcgather", "dipcsend"):
            page = self.page(str(PAGES / f"{name}.1"))
            self.compare(name, self.run_command(name, "--help").stdout, page)

    def test_those_of_the_python_programs_too(self) -> None:
        for name in ("prompt", "window", "chat"):
            page = self.page(str(PYTHON / "man" / f"dipc-{name}.1"))
            done = subprocess.run(
                [PYTHON / f"{name}.py", "--help"],
                capture_output=True,
                text=True,
                check=True,
                timeout=40,
            )
            self.compare(name, done.stdout, page)
            for word in re.findall(r"(?m)^ *(/?[a-z]+) [A-Z]", done.stdout):
                with self.subTest(name, word=word):
                    self.assertIn(word, page)

    def compare(self, name: str, said: str, page: str) -> None:
        """Each option of the help is in the page, and the other way round."""
        options = set(re.findall(r"--[a-z][a-z-]+", said))
        self.assertGreater(len(options), 2)
        for option in options:
            with self.subTest(name, option=option):
                self.assertIn(option, page)
        for option in set(re.findall(r"\s(--[a-z][a-z-]+)", page)):
            with self.subTest(name, option=option):
                self.assertIn(option, options)


if __name__ == "__main__":
    main()
