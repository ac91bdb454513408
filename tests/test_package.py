"""The Python package: its types, what is in it, and its installation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

from process import machine
from process.case import ProcessCase
from process.main import main
from process.machine import TOP

SOURCES = TOP / "cli" / "python"
TIMEOUT_S = 80


def version() -> str:
    found = re.search('"(.*)"', (TOP / "net" / "version.h").read_text())
    assert found is not None
    return found[1]


def modules() -> set[str]:
    return {path.name for path in (SOURCES / "dipc").glob("*.py")}


def programs() -> list[str]:
    text = (SOURCES / "pyproject.toml").read_text()
    return re.findall("^(dipc-[a-z]+) =", text, re.MULTILINE)


def build(kind: str, directory: Path) -> Path:
    """Build a wheel or an sdist as pip does."""
    code = (
        f"import build_backend as b; print(b.build_{kind}({str(directory)!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=SOURCES,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return directory / done.stdout.strip()


class Contents(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="dipc-test-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_everything_is_typed_strictly(self) -> None:
        mypy = machine.need_command("mypy")
        paths = ["build_backend.py", "dipc"]
        paths += [path.name for path in SOURCES.glob("*.py")]
        done = subprocess.run(
            [
                *(mypy, "--strict", "--python-version", "3.11"),
                *("--cache-dir", str(self.directory)),
                *sorted(set(paths)),
            ],
            cwd=SOURCES,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        self.assertIn("Success", done.stdout, done.stdout + done.stderr)

    def test_the_versions_agree(self) -> None:
        text = (SOURCES / "pyproject.toml").read_text()
        self.assertIn(f'\nversion = "{version()}"\n', text)
        text = (SOURCES / "dipc" / "__init__.py").read_text()
        self.assertIn(f'\n__version__ = "{version()}"\n', text)

    def test_the_wheel_holds_the_package_and_nothing_else(self) -> None:
        path = build("wheel", self.directory)
        self.assertEqual(path.name, f"dipc-{version()}-py3-none-any.whl")
        info = f"dipc-{version()}.dist-info/"
        with zipfile.ZipFile(path) as wheel:
            self.assertIsNone(wheel.testzip())
            names = wheel.namelist()
            self.assertEqual(len(set(names)), len(names))
            self.assertEqual(
                set(names),
                {f"dipc/{name}" for name in modules() | {"py.typed"}}
                | {
                    info + name
                    for name in ("METADATA", "WHEEL", "entry_points.txt")
                }
                | {
                    f"dipc-{version()}.data/data/share/man/man1/{name}.1"
                    for name in programs()
                }
                | {info + "RECORD"},
            )
            listed = wheel.read(info + "RECORD").decode().splitlines()
            self.assertEqual(
                [line.partition(",")[0] for line in listed], names
            )
            for name in modules():
                self.assertEqual(
                    wheel.read(f"dipc/{name}"),
                    (SOURCES / "dipc" / name).read_bytes(),
                )
        before = path.read_bytes()
        build("wheel", self.directory)
        self.assertEqual(path.read_bytes(), before)

    def test_the_sdist_builds_the_same_wheel(self) -> None:
        path = build("sdist", self.directory)
        top = f"dipc-{version()}"
        self.assertEqual(path.name, f"{top}.tar.gz")
        with tarfile.open(path) as archive:
            names = set(archive.getnames())
            archive.extractall(self.directory)
        self.assertEqual(
            names,
            {f"{top}/dipc/{name}" for name in modules() | {"py.typed"}}
            | {f"{top}/{path.name}" for path in SOURCES.glob("*.py")}
            | {f"{top}/man/{name}.1" for name in programs()}
            | {f"{top}/pyproject.toml", f"{top}/PKG-INFO"},
        )
        wheel = build("wheel", self.directory).read_bytes()
        subprocess.run(
            [
                *(sys.executable, "-B", "-c"),
                "import build_backend; build_backend.build_wheel('.')",
            ],
            cwd=self.directory / top,
            timeout=TIMEOUT_S,
            check=True,
        )
        again = next((self.directory / top).glob("*.whl"))
        self.assertEqual(again.read_bytes(), wheel)


class Installed(ProcessCase):
    def test_pip_installs_it_without_a_network(self) -> None:
        # Debian's own, which people have; it may not be the one on the path.
        python = machine.system_python("ensurepip")
        venv = self.directory / "dipc"
        environment = {
            name: value
            for name, value in self.environment.items()
            if not name.startswith(("PIP_", "PYTHON"))
        } | {"PIP_CONFIG_FILE": os.devnull, "HOME": str(self.directory)}

        def run(*command: str) -> str:
            done = subprocess.run(
                command,
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        before = sorted(SOURCES.rglob("*"))
        readme = (TOP / "README.md").read_text()
        found = re.search("^    python3 (-m venv .*)$", readme, re.M)
        assert found is not None, "README.md shows no installation"
        run("bash", "-c", f"cd {TOP} && {python} {found[1]}")
        pip = str(venv / "bin" / "pip")
        self.assertEqual(
            [
                p
                for p in sorted(SOURCES.rglob("*"))
                if "__pycache__" not in str(p)
            ],
            [p for p in before if "__pycache__" not in str(p)],
        )
        self.assertIn(version(), run(pip, "show", "dipc"))
        run(pip, "check")
        self.assertGreater(len(programs()), 0)
        for name in programs():
            program = str(venv / "bin" / name)
            self.assertIn(f"usage: {name} ", run(program, "--help"))
            self.assertEqual(
                run(program, "--version"), f"{name} {version()}\n"
            )

        port = str(self.dipc().port)
        python = str(venv / "bin" / "python")
        code = (
            "import dipc, sys; c = dipc.Connection('localhost', sys.argv[1]);"
            "print(dipc.__file__); print(c.write(3, b'hello').version)"
        )
        where, answer = run(python, "-c", code, port).splitlines()
        self.assertTrue(where.startswith(str(venv)), where)
        self.assertEqual(answer, "1")
        done = subprocess.run(
            [str(venv / "bin" / "dipc-prompt"), port],
            input="read 3\n",
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        self.assertIn("hello", done.stdout)
        pages = venv / "share" / "man" / "man1"
        self.assertEqual(
            {page.name for page in pages.iterdir()},
            {f"{name}.1" for name in programs()},
        )
        run(pip, "uninstall", "--yes", "dipc")
        self.assertEqual(list(venv.rglob("dipc-*.1")), [])
        self.assertEqual(list((venv / "bin").glob("dipc-*")), [])
        self.assertEqual(list(venv.rglob("*/dipc")), [])


if __name__ == "__main__":
    main()
