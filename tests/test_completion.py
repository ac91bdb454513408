"""Completion of the commands: what the scripts offer, and real shells."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

from process import machine
from process.case import ProcessCase
from process.main import main

COMPLETION = machine.TOP / "cli" / "completion"
FILES = {
    "dipc": "dipc",
    "dipcrm": "dipc",
    "dipcctl": "dipcctl",
    "dipcgather": "dipcgather",
    "dipcsend": "dipcgather",
}
SUBCOMMANDS = "read write append cas wait watch stat top ping".split()
PROMPT = "ready> "
PATIENCE_S = 20.0


class Case(ProcessCase):
    def setUp(self) -> None:
        super().setUp()
        # zsh completes every file of these directories, executable or not: of
        # a directory of a build it would offer the object files as well.
        commands = self.directory / "commands"
        commands.mkdir()
        for name in FILES:
            (commands / name).symlink_to(machine.BIN / name)
        self.environment = self.environment | {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "TERM": "dumb",
            "HOME": str(self.directory),
        }

    def help(self, *words: str) -> set[str]:
        """The options that the help lists."""
        done = subprocess.run(
            [machine.BIN / words[0], *words[1:], "--help"],
            capture_output=True,
            text=True,
            check=True,
            env=self.environment,
            timeout=40,
        )
        return set(re.findall(r"(?m)^ .*?(--[a-z][a-z-]*)", done.stdout))


class Scripts(Case):
    def complete(self, *words: str, server: str = "") -> list[str]:
        """What bash's script offers for the last of the words."""
        script = f"""
            source {COMPLETION / "bash" / FILES[words[0]]}
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _{FILES[words[0]]}
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(
            ["bash", "-c", script, "bash", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.directory,
            env=self.environment | {"DIPC_SERVER": server},
            timeout=40,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands_options_and_mailboxes_of_dipcctl(self) -> None:
        server = f"127.0.0.1:{self.dipc(mailboxes=12).port}"
        (self.directory / "some-file").touch()
        host, _, port = server.partition(":")
        cases: tuple[tuple[list[str], list[str]], ...] = (
            ([""], SUBCOMMANDS),
            (["wa"], ["wait", "watch"]),
            (["-j", "re"], ["read"]),
            (["-s", "x", "re"], ["read"]),
            (["read", "1"], ["1", "10", "11"]),
            (["read", "--at", "5", "11"], ["11"]),
            (["read", "1", ""], []),
            (["top", ""], []),
            (["read", "--m"], ["--max"]),
            (["write", "--p"], ["--pieces"]),
            (["read", "--p"], []),
            (["--se"], ["--server"]),
            (["write", "1", "-f", "some"], ["some-file"]),
            (["write", "--at", "e"], ["end"]),
            (["read", "--at", ""], []),
            (["-s", host, ":", port, "read", "7"], ["7"]),
        )
        for words, expected in cases:
            with self.subTest(words):
                self.assertEqual(
                    sorted(self.complete("dipcctl", *words, server=server)),
                    sorted(expected),
                )
        said = self.complete("dipcctl", "-s", host, ":", port, "read", "7")
        self.assertEqual(said, ["7"], "the server is taken from the line")
        self.assertEqual(
            self.complete("dipcctl", "read", "", server="127.0.0.1:1"), []
        )

    def test_values_of_the_others(self) -> None:
        (self.directory / "some-file").touch()
        (self.directory / "some-directory").mkdir()
        both = ["some-directory", "some-file"]
        cases: tuple[tuple[list[str], list[str]], ...] = (
            (["dipcgather", "-n", ""], []),
            (["dipcgather", "--fa"], ["--fail-fast"]),
            (["dipcgather", "--output", "so"], ["some-directory"]),
            (["dipcgather", "--timeout", "10"], ["10s", "10m"]),
            (["dipcgather", "-n", "4", "--", "dipcse"], ["dipcsend"]),
            (["dipcgather", "--", "cat", "so"], both),
            (["dipcgather", "--", "cat", "--fa"], []),
            (["dipcsend", "--token-file", "so"], both),
            (["dipcsend", "--fai"], ["--fail"]),
            (["dipcsend", "--fail", ""], []),
            (["dipc", "--log", "s"], ["stderr", "syslog", *both]),
            (["dipc", "--unix-o"], ["--unix-owner"]),
            (["dipc", "--max-clients", ""], []),
            (["dipc", "--concurrency", ""], []),
            (["dipc", "16", ""], []),
            (["dipcrm", "--f"], ["--force"]),
        )
        for words, expected in cases:
            with self.subTest(words):
                self.assertEqual(
                    sorted(self.complete(*words)), sorted(expected)
                )
        self.assertIn("none", self.complete("dipc", "--listen", ""))
        self.assertIn("root", self.complete("dipcrm", "--user", "ro"))

    def test_dipcrm_knows_the_servers(self) -> None:
        port = str(self.dipc().port)
        self.assertIn(port, self.complete("dipcrm", port[:2]))

    def test_every_option_is_offered(self) -> None:
        for words in [
            *([name] for name in FILES),
            *(["dipcctl", name] for name in SUBCOMMANDS),
        ]:
            with self.subTest(words):
                listed = self.help(*words)
                self.assertGreater(len(listed), 1)
                offered = set(self.complete(*words, "--")) - {"--"}
                self.assertEqual(offered, listed)
                zsh = (COMPLETION / "zsh" / f"_{FILES[words[0]]}").read_text()
                for option in listed:
                    self.assertRegex(zsh, rf"(?m){option}[\[,}}]")


class Shell:
    """An interactive shell on a terminal."""

    def __init__(
        self, command: list[str], environment: dict[str, str], folder: Path
    ) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(
            self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0)
        )
        self.shown = ""

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def until(self, wanted: str) -> str:
        """Read on until this is shown; what came before it."""
        deadline = time.monotonic() + PATIENCE_S
        while wanted not in self.shown:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"{wanted!r} is not in {self.shown!r}")
            self.shown += os.read(self.fd, 65536).decode(errors="replace")
        before, _, self.shown = self.shown.partition(wanted)
        return before


class Shells(Case):
    """A word that is begun and has one end gets it."""

    LINES = (
        ("dipcctl rea", "dipcctl read "),
        ("dipcctl append --qu", "dipcctl append --quiet "),
        ("dipcctl write 1 -f some-f", "dipcctl write 1 -f some-file "),
        ("dipcgather --fail", "dipcgather --fail-fast "),
        ("dipcgather --tokens some-d", "dipcgather --tokens some-directory/"),
        ("dipcgather -n 3 -- dipcse", "dipcgather -n 3 -- dipcsend "),
        ("dipcgather -n 3 -- cat some-f", "-- cat some-file "),
        ("dipcsend --token-f", "dipcsend --token-file "),
        ("dipcsend --token-file some-f", "dipcsend --token-file some-file "),
        ("dipc --attach", "dipc --attachable "),
        ("dipcrm --forc", "dipcrm --force "),
    )

    def setUp(self) -> None:
        super().setUp()
        (self.directory / "some-file").touch()
        (self.directory / "some-directory").mkdir()

    def play(self, shell: Shell, setting_up: str) -> None:
        self.addCleanup(shell.close)
        shell.type(setting_up + "\n")
        shell.until("is set up\r\n")
        port = self.dipc().port
        # Of another server's port it might be the beginning, so all of it; what
        # is no server's gets no space behind it.
        lines = (*self.LINES, (f"dipcrm {port}", f"dipcrm {port} "))
        for begun, ended in lines:
            shell.type(begun + "\t")
            shell.until(ended)
            shell.type("\x15echo and' 'on\n")  # Ctrl-U clears the line
            shell.until("and on\r\n")

    def test_bash(self) -> None:
        shell = Shell(
            ["bash", "--norc", "--noprofile", "-i"],
            self.environment | {"PS1": PROMPT},
            self.directory,
        )
        names = " ".join(
            str(COMPLETION / "bash" / name) for name in set(FILES.values())
        )
        self.play(
            shell,
            f"bind 'set enable-bracketed-paste off'; "
            f"for f in {names}; do source $f; done; echo 'is set' up",
        )

    def test_zsh(self) -> None:
        zsh = machine.need_command("zsh")
        shell = Shell([zsh, "-f", "-i"], self.environment, self.directory)
        self.play(
            shell,
            f"PS1='{PROMPT}'; fpath=({COMPLETION / 'zsh'} $fpath); "
            "autoload -U compinit; compinit -u -D; unsetopt prompt_cr "
            "prompt_sp; echo 'is set' up",
        )


if __name__ == "__main__":
    main()
