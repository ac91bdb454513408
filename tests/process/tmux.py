"""Terminals for programs under test, by tmux."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from process import machine
from process.server import until

TIMEOUT_S = 20.0
# tmux can overlook that a program has ended, so the terminal shows it itself.
REPORTING = '"$@"; echo "[status $?]"'


class Tmux:
    """A server of terminals, this process's child; each window runs one
    program, and shows at last with which status it ended."""

    def __init__(self, directory: Path) -> None:
        self.command = [
            machine.need_command("tmux"),
            *("-S", str(directory / "tmux"), "-f", os.devnull),
        ]
        environment = os.environ | {"TERM": "xterm-256color"}
        for name in ("TMUX", "NO_COLOR", "LC_ALL", "COLUMNS", "LINES"):
            environment.pop(name, None)
        environment |= {"LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [*self.command, "-D"],
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        until(self.is_listening, "tmux listens")
        self.run("set-option", "-w", "-g", "remain-on-exit", "on")
        self.run("set-option", "-w", "-g", "remain-on-exit-format", "")

    def is_listening(self) -> bool:
        done = subprocess.run(
            [*self.command, "show-options", "-g"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
        )
        return done.returncode == 0

    def close(self) -> None:
        """End it, and with it all of its windows."""
        self.process.terminate()
        self.process.wait(TIMEOUT_S)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [*self.command, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        if done.returncode != 0:
            raise AssertionError(f"tmux {words}: {done.stderr}")
        return done.stdout

    def start(
        self,
        *command: str,
        columns: int = 70,
        rows: int = 20,
    ) -> Terminal:
        """Run a program in a terminal of its own."""
        pane = self.run(
            *("new-session", "-d", "-P", "-F", "#{pane_id}"),
            *("-x", str(columns), "-y", str(rows)),
            *("--", "bash", "-c", REPORTING, "bash", *command),
        ).strip()
        return Terminal(self, pane)


class Terminal:
    """One program on its terminal."""

    def __init__(self, tmux: Tmux, pane: str) -> None:
        self.tmux = tmux
        self.pane = pane

    def type(self, text: str, *keys: str) -> None:
        """Type a text as it is, then keys by their names."""
        if text:
            self.tmux.run("send-keys", "-t", self.pane, "-l", "--", text)
        if keys:
            self.tmux.run("send-keys", "-t", self.pane, *keys)

    def screen(self) -> str:
        """What a person sees, rows joined that one line fills."""
        return self.tmux.run("capture-pane", "-p", "-J", "-t", self.pane)

    def lines(self) -> list[str]:
        """All that was printed, without empty rows."""
        text = self.tmux.run(
            "capture-pane", "-p", "-J", "-S", "-", "-t", self.pane
        )
        return [row.rstrip() for row in text.splitlines() if row.strip()]

    def expect(self, text: str) -> None:
        """Wait until something stands on the screen."""
        try:
            until(lambda: text in self.screen(), f"{text!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}, on:\n{self.screen()}") from None

    def resize(self, columns: int, rows: int) -> None:
        self.tmux.run(
            *("resize-window", "-t", self.pane),
            *("-x", str(columns), "-y", str(rows)),
        )

    def status(self) -> int:
        """Wait for the program's end; its exit status."""
        self.expect("[status ")
        found = re.search(r"\[status (\d+)\]", self.screen())
        assert found is not None
        return int(found[1])
