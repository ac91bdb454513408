"""A screen of its own for a window under test, with real keys and clicks."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

from process import machine
from process.server import until

TIMEOUT_S = 20.0
HARNESS = Path(__file__).with_name("window_harness.py")


class Desktop:
    """An X server without a network, this process's child."""

    def __init__(self) -> None:
        xvfb = machine.need_command("Xvfb")
        self.xdotool = machine.need_command("xdotool")
        reader, writer = os.pipe()
        try:
            self.process = subprocess.Popen(
                [
                    *(xvfb, "-displayfd", str(writer), "-nolisten", "tcp"),
                    *("-noreset", "-screen", "0", "1000x700x24"),
                ],
                pass_fds=[writer],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        finally:
            os.close(writer)
        with os.fdopen(reader) as said:
            ready = select.select([said], [], [], TIMEOUT_S)[0]
            display = said.readline().strip() if ready else ""
        if not display:
            self.close()
            raise AssertionError("Xvfb does not start")
        self.environment = os.environ | {"DISPLAY": f":{display}"}
        self.environment.pop("WAYLAND_DISPLAY", None)
        # A keyboard with umlauts: what has no key of its own is typed by
        # changing a key for a moment, and may be missed.
        subprocess.run(
            [machine.need_command("setxkbmap"), "de"],
            env=self.environment,
            check=True,
            timeout=TIMEOUT_S,
        )

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(TIMEOUT_S)

    def do(self, *words: str) -> None:
        """One thing that a person does with the mouse or the keyboard."""
        subprocess.run(
            [self.xdotool, *words],
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
        )

    def photograph(self, path: Path) -> None:
        """Have a picture of the screen."""
        subprocess.run(
            [machine.need_command("import"), "-window", "root", str(path)],
            env=self.environment,
            check=True,
            timeout=TIMEOUT_S,
        )


class Window:
    """The window of cli/python, run by the harness beside this file."""

    def __init__(self, desktop: Desktop, *arguments: str) -> None:
        self.desktop = desktop
        self.process = subprocess.Popen(
            [machine.system_python("tkinter"), str(HARNESS), *arguments],
            env=desktop.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.look()

    def close(self) -> None:
        """End it, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=TIMEOUT_S)

    def look(self) -> dict[str, Any]:
        """What it shows now."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        stdin.write("\n")
        stdin.flush()
        if not select.select([stdout], [], [], TIMEOUT_S)[0]:
            raise AssertionError("the window does not answer")
        found: dict[str, Any] = json.loads(stdout.readline())
        return found

    def expect(self, **wanted: object) -> dict[str, Any]:
        """Wait until it shows something: words within, others exactly."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            shown = self.look()
            if all(
                value in shown[key]
                if isinstance(value, str) and value
                else value == shown[key]
                for key, value in wanted.items()
            ):
                return shown
            if time.monotonic() > deadline:
                raise AssertionError(f"no {wanted} in {shown}")

    def click(self, name: str) -> None:
        """Click into the middle of something."""
        left, top, width, height = self.look()["places"][name]
        x, y = left + width // 2, top + height // 2
        self.desktop.do("mousemove", str(x), str(y), "click", "1")

    def type(self, text: str, *keys: str) -> None:
        """Type a text, then keys by their names, into what has the focus."""
        if text:
            self.desktop.do("type", "--delay", "2", "--", text)
        for key in keys:
            self.desktop.do("key", key)

    def resize(self, width: int, height: int) -> None:
        """Pull at its corner, as a window manager does."""
        self.desktop.do(
            *("search", "--sync", "--onlyvisible", "--class", "dipc-window"),
            *("windowsize", str(width), str(height)),
        )
        until(
            lambda: self.look()["places"]["root"][2:] == [width, height],
            "the window has its new size",
        )

    def status(self) -> int:
        """Wait for its end; its exit status."""
        return self.process.wait(TIMEOUT_S)
