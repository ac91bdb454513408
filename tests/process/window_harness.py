"""Run the window of cli/python, and answer each line of standard input with
what it shows now, as JSON: its words, and where on the screen things are."""

from __future__ import annotations

import json
import sys
import tkinter as tk
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cli" / "python"))

from dipc import window  # noqa: E402

made: list[window.Window] = []


class Observed(window.Window):
    def __init__(self, *arguments: Any) -> None:
        made.append(self)
        super().__init__(*arguments)
        self.root.tk.createfilehandler(sys.stdin, tk.READABLE, self.answer)

    def answer(self, *_: object) -> None:
        if not sys.stdin.readline():
            self.root.tk.deletefilehandler(sys.stdin)
            return
        self.root.update_idletasks()
        asked = bool(self.banner.winfo_ismapped())
        shown = {
            "text": self.typed(),
            "status": str(self.status.cget("text")),
            "state": str(self.state.cget("text")),
            "range": str(self.range.cget("text")),
            "mailbox": self.number.get(),
            "question": str(self.question.cget("text")) if asked else "",
            "version": self.shown.version,
            "title": self.root.title(),
            "text lines": int(self.text.index("end-1c").split(".")[0]),
            "places": {
                name: place(widget)
                for name, widget in {
                    "root": self.root,
                    "text": self.text,
                    "selector": self.selector,
                    "left": self.left,
                    "right": self.right,
                    **self.buttons,
                }.items()
            },
        }
        print(json.dumps(shown), flush=True)


def place(widget: tk.Misc) -> list[int]:
    """Left, top, width and height on the screen."""
    return [
        widget.winfo_rootx(),
        widget.winfo_rooty(),
        widget.winfo_width(),
        widget.winfo_height(),
    ]


window.Window = Observed  # type: ignore[misc]
sys.exit(window.main())
