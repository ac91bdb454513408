"""The C library as a program finds it: installed, linked, and at work."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar

from process import machine
from process.case import ProcessCase
from process.main import main
from process.server import until

PREFIX = "/opt/dipc"
PROTOTYPE = re.compile(r"\b(dipc_[a-z_]+)\(")
MANUAL = machine.TOP / "docs" / "man" / "dipc.3"


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
    """The functions that the header offers."""
    header = (machine.TOP / "net" / "dipc.h").read_text()
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    return set(PROTOTYPE.findall(code))


class Library(ProcessCase):
    top: ClassVar[Path]
    build_environment: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        machine.need_command("pkg-config")
        machine.need_plain_build("is no library to install")
        directory = Path(os.environ.get("TMPDIR", "/tmp"))
        cls.top = directory / f"dipc-test-library-{os.getpid()}"
        cls.top.mkdir()
        cls.addClassCleanup(shutil.rmtree, cls.top)
        run(
            *("make", "-s", "install", f"DESTDIR={cls.top}"),
            f"PREFIX={PREFIX}",
            cwd=machine.TOP,
        )
        cls.build_environment = os.environ | {
            "PKG_CONFIG_PATH": f"{cls.top}{PREFIX}/lib/pkgconfig",
            "PKG_CONFIG_SYSROOT_DIR": str(cls.top),
        }

    @property
    def lib(self) -> Path:
        return Path(f"{self.top}{PREFIX}/lib")

    def flags(self, *options: str) -> list[str]:
        said = run("pkg-config", *options, "dipc", env=self.build_environment)
        return said.split()

    def compile(self, source: str, *options: str, name: str = "a") -> Path:
        file = self.directory / f"{name}.c"
        file.write_text(source)
        program = self.directory / name
        run(
            *("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"),
            *("-o", str(program), str(file), *options),
        )
        return program

    def run_with_library(self, program: Path) -> str:
        return run(
            str(program),
            env=self.environment | {"LD_LIBRARY_PATH": str(self.lib)},
        )

    def manual_example(self, port: int) -> str:
        page = MANUAL.read_text()
        code = page.partition(".Sh EXAMPLES")[2]
        code = code.partition(".Bd -literal -offset indent\n")[2]
        code = code.partition(".Ed")[0].replace("\\e", "\\")
        return code.replace('"7000"', f'"{port}"')

    def test_the_manuals_example_works(self) -> None:
        server = self.dipc()
        for name, options in (
            ("shared", self.flags("--cflags", "--libs")),
            (
                "static",
                [*self.flags("--cflags"), str(self.lib / "libdipc.a")],
            ),
        ):
            program = self.compile(
                self.manual_example(server.port), *options, name=name
            )
            self.assertEqual(self.run_with_library(program), "")
        linked = run("readelf", "-d", str(self.directory / "shared"))
        self.assertIn("[libdipc.so.1]", linked)
        with server.connect() as client:
            answer = client.ask(b"r 3\n")
        self.assertEqual((answer.version, answer.data), (2, b"line\n" * 2))

    def test_the_example_of_the_readme_works(self) -> None:
        readme = (machine.TOP / "README.md").read_text()
        source = re.search(r"```c\n(.*?)```", readme, re.S)
        assert source is not None
        shown = re.search(r"```c\n.*?```\n\n((?:    [^\n]*\n)+)", readme, re.S)
        assert shown is not None
        lines = [line[4:] for line in shown[1].splitlines()]
        self.assertRegex(lines[0], r"^\$ cc .*pkg-config --cflags --libs dipc")
        server = self.dipc(mailboxes=16)
        program = self.compile(
            source[1].replace("7000", str(server.port)),
            *self.flags("--cflags", "--libs"),
        )
        said = self.run_with_library(program).splitlines()
        self.assertEqual(said, [line for line in lines if line[0] != "$"])

    def test_nothing_but_its_own_names_is_exported(self) -> None:
        shared = run(
            "nm", "-D", "--defined-only", str(self.lib / "libdipc.so")
        )
        static = run("nm", "-g", "--defined-only", str(self.lib / "libdipc.a"))
        for said in (shared, static):
            names = {
                line.split()[2]
                for line in said.splitlines()
                if len(line.split()) == 3
            }
            self.assertEqual(names, declared())

    def test_its_name_is_that_of_its_version(self) -> None:
        said = run("readelf", "-d", str(self.lib / "libdipc.so"))
        self.assertEqual(
            re.findall(r"SONAME.*\[(.*)\]", said), ["libdipc.so.1"]
        )
        self.assertEqual(re.findall(r"NEEDED.*\[(.*)\]", said), ["libc.so.6"])
        version = run(str(machine.BIN / "dipc"), "--version")
        self.assertEqual(
            run(
                "pkg-config",
                "--modversion",
                "dipc",
                env=self.build_environment,
            ),
            version.removeprefix("dipc "),
        )

    def test_it_has_no_memory_of_its_own_to_write_to(self) -> None:
        said = run("readelf", "-SW", str(self.lib / "libdipc.a"))
        sizes = {
            name: int(size, 16)
            for name, size in re.findall(
                r"\] (\.\w+) +\w+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+)", said
            )
        }
        self.assertGreater(sizes[".text"], 0)
        for name in (".data", ".bss", ".tdata", ".tbss"):
            self.assertEqual(sizes.get(name, 0), 0, name)

    def test_the_server_has_none_of_it(self) -> None:
        for name in ("dipc", "dipcrm"):
            said = run("nm", str(machine.BIN / name))
            self.assertEqual(re.findall(r"\bT (libdipc_\S+)", said), [])
            self.assertNotIn("dipc_connect", said)

    def test_the_header_is_fine_for_other_compilers(self) -> None:
        program = """#include <dipc.h>
            int main() { return dipc_library_version()[0] == '1' ? 0 : 1; }"""
        flags = self.flags("--cflags", "--libs")
        self.run_with_library(
            self.compile(program.replace("()", "(void)", 1), *flags)
        )
        if shutil.which("g++"):
            file = self.directory / "a.cc"
            file.write_text(program)
            output = str(self.directory / "cc")
            run(
                *(
                    "g++",
                    "-Wall",
                    "-Wextra",
                    "-Wpedantic",
                    "-Werror",
                    str(file),
                ),
                *("-o", output, *flags),
            )
            self.run_with_library(Path(output))

    def test_every_function_is_in_the_manual(self) -> None:
        page = MANUAL.read_text()
        for name in declared():
            with self.subTest(name):
                self.assertIn(f".Nm {name}", page)
                self.assertRegex(page, rf"(?m)^\.F[no] {name}\b")
        named = set(re.findall(r"\bDIPC_[A-Z_]+\b", page)) - {"DIPC"}
        header = (machine.TOP / "net" / "dipc.h").read_text()
        for constant in named:
            self.assertRegex(header, rf"\b{constant}\b")
        for status in re.findall(r"(?m)^    (DIPC_[A-Z_]+)[ ,=]", header):
            self.assertIn(f".Dv {status}", page.replace(".It Dv", ".Dv"))

    def test_threads_have_connections_of_their_own(self) -> None:
        server = self.dipc()
        source = THREADS.replace("PORT", f'"{server.port}"')
        program = self.compile(
            source,
            *("-pthread", *self.flags("--cflags")),
            str(self.lib / "libdipc.a"),
        )
        self.assertEqual(self.run_with_library(program), "")
        with server.connect() as client:
            self.assertEqual(client.ask(b"r 0\n").version, 4000)

    def test_a_server_that_is_killed_leaves_a_write_unknown(self) -> None:
        server = self.dipc()
        program = self.compile(
            KILLED.replace("PORT", f'"{server.port}"'),
            *self.flags("--cflags"),
            str(self.lib / "libdipc.a"),
        )
        with subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as client:
            assert client.stdin is not None and client.stdout is not None
            self.assertEqual(client.stdout.readline(), b"ready\n")
            server.signal(signal.SIGSTOP)
            until(lambda: self.is_stopped(server.pid), "it is stopped")
            client.stdin.write(b"go\n")
            client.stdin.close()
            until(lambda: self.waiting(server.port) > 4096, "it is written")
            server.signal(signal.SIGKILL)
            said = client.stdout.read()
        self.assertEqual(said, b"DIPC_BROKEN unknown\nDIPC_BROKEN known\n")
        self.assertEqual(server.wait(), -signal.SIGKILL)
        self.dipcrm(server)

    @staticmethod
    def is_stopped(pid: int) -> bool:
        """Has every thread of a process come to its stop?"""
        states = {
            task.read_text().rpartition(")")[2].split()[0]
            for task in Path(f"/proc/{pid}/task").glob("*/stat")
        }
        return states == {"T"}

    @staticmethod
    def waiting(port: int) -> int:
        """The most bytes that a connection to a port has received unread."""
        most = 0
        for name in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == port:
                    most = max(most, int(fields[4].partition(":")[2], 16))
        return most


THREADS = r"""
#include <dipc.h>
#include <pthread.h>
#include <stdio.h>

static void *work(void *argument)
{
    struct dipc_connection *c;
    struct dipc_answer answer = {0, 0, 0};
    struct dipc_error error;
    long *failures = argument;

    if (dipc_connect("localhost", PORT, 30000, &c, &error) != DIPC_OK) {
        (*failures)++;
        return NULL;
    }
    for (int done = 0; done < 1000;) {
        enum dipc_status status = dipc_compare_and_swap(
            c, 0, answer.version, "x", 1, &answer, &error);
        if (status == DIPC_OK) {
            done++;
        } else if (status == DIPC_CONFLICT) {
            answer.version = error.version;
        } else {
            (*failures)++;
            break;
        }
    }
    dipc_close(c);
    return NULL;
}

int main(void)
{
    pthread_t threads[4];
    long failures[4] = {0, 0, 0, 0};

    for (int i = 0; i < 4; i++) {
        if (pthread_create(&threads[i], NULL, work, &failures[i])) {
            return 1;
        }
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        if (failures[i]) {
            return 1;
        }
    }
    return 0;
}
"""

KILLED = r"""
#include <dipc.h>
#include <stdio.h>

int main(void)
{
    struct dipc_connection *c;
    struct dipc_error error;
    char large[4096] = {0};

    if (dipc_connect("localhost", PORT, 30000, &c, &error) != DIPC_OK ||
        dipc_ping(c, &error) != DIPC_OK) {
        return 1;
    }
    puts("ready");
    fflush(stdout);
    getchar();
    for (int i = 0; i < 2; i++) {
        enum dipc_status status =
            dipc_write(c, 0, large, sizeof large, NULL, &error);
        printf("%s %s\n", dipc_status_name(status),
               error.is_unknown ? "unknown" : "known");
    }
    dipc_close(c);
    return 0;
}
"""

if __name__ == "__main__":
    main()
