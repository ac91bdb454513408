"""A window onto the mailboxes of a DIPC server.

It shows a mailbox as it is now, whoever writes it, and lets a person write it.
A person's unwritten text is never replaced, nor anybody else's unseen version,
without being asked: a write names the version that it is to replace.

Two threads speak to the server, a watcher and a clerk; what they report is
taken out of a queue by the window's own.
"""

from __future__ import annotations

import argparse
import queue
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dipc
from dipc.clerk import Clerk, Done, Failed, ReadJob, WriteJob
from dipc.codec import Answer
from dipc.content import view
from dipc.place import Place, add_mailbox, add_place, place_of
from dipc.watcher import Connected, Event, Lost, Missing, Seen, Watcher

if TYPE_CHECKING:
    import tkinter as tk
    from tkinter import font, ttk
else:
    try:
        import tkinter as tk
        from tkinter import font, ttk
    except ImportError:
        tk = None

POLL_MS = 40  # between looks at what the threads report
MARGIN = 8
SHORTCUTS = """\
Ctrl-R, F5        read
Ctrl-S            write
Ctrl-Q            quit
Ctrl-Page Up      the mailbox before
Ctrl-Page Down    the next mailbox
Ctrl-Z, Ctrl-Y    undo, redo
Escape            the right one of two answers"""
GOOD, WAITING, BAD = "#2e7d32", "#b26a00", "#b3261e"
PLAIN, PAPER, GREY_PAPER = "#1f1f1f", "#ffffff", "#f1f1ef"
BANNER, EDGE, FOCUS = "#fff2cc", "#9a9a94", "#2f6fb3"


@dataclass(slots=True)
class Shown:
    """The version that the text field began with, or was last written as.

    version   None before anything was read
    text      what stood in the field then
    editable  whether that was the whole content, as text
    """

    mailbox: int
    instance: str = ""
    version: int | None = None
    text: str = ""
    editable: bool = False


class Window:
    """The window, and what it knows."""

    def __init__(self, root: tk.Tk, place: Place, mailbox: int) -> None:
        self.root = root
        self.place = place
        self.shown = Shown(mailbox)
        self.writing: tuple[WriteJob, str] | None = None
        self.has_left = False
        self.is_leaving = False  # as soon as the write is done
        self.held: Seen | None = None  # while a write is under way
        self.theirs: Seen | None = None  # newer than what is being edited
        self.packet_bytes = 0
        self.mailboxes = 0
        self.refuse: Callable[[], None] | None = None  # the banner's right one
        self.reports: queue.SimpleQueue[
            Event | Done | Failed
        ] = queue.SimpleQueue()
        self.watcher = Watcher(place, mailbox, self.reports.put)
        self.clerk = Clerk(place, self.reports.put)
        self.build()
        self.bind_keys()
        self.set_state("connecting", WAITING)
        self.watcher.start()
        self.clerk.start()
        self.take_reports()

    # What it looks like

    def build(self) -> None:
        self.root.title(f"{self.place} - DIPC")
        self.root.minsize(520, 320)
        self.root.protocol("WM_DELETE_WINDOW", self.quit)
        style(self.root)
        frame = ttk.Frame(self.root, padding=MARGIN)
        frame.pack(fill="both", expand=True)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(2, weight=1)
        self.build_top(frame).grid(row=0, sticky="ew")
        self.banner = self.build_banner(frame)
        self.banner.grid(row=1, sticky="ew", pady=(MARGIN, 0))
        self.banner.grid_remove()
        self.build_text(frame).grid(row=2, sticky="nsew", pady=MARGIN)
        self.build_bottom(frame).grid(row=3, sticky="ew")
        # From now on its size is the person's affair, not the banner's.
        self.root.update_idletasks()
        width, height = self.root.winfo_reqwidth(), self.root.winfo_reqheight()
        self.root.geometry(f"{width}x{height}")

    def build_top(self, parent: ttk.Frame) -> ttk.Frame:
        frame = ttk.Frame(parent)
        ttk.Label(frame, text="Mailbox", underline=0).pack(side="left")
        self.number = tk.StringVar(value=str(self.shown.mailbox))
        self.selector = ttk.Spinbox(
            frame,
            from_=0,
            to=self.shown.mailbox,
            width=8,
            textvariable=self.number,
            command=self.select,
        )
        self.selector.pack(side="left", padx=MARGIN)
        self.range = ttk.Label(frame)
        self.range.pack(side="left")
        self.state = ttk.Label(frame)
        self.state.pack(side="right")
        return frame

    def build_banner(self, parent: ttk.Frame) -> tk.Frame:
        frame = tk.Frame(parent, background=BANNER, padx=MARGIN, pady=MARGIN)
        frame.columnconfigure(0, weight=1)
        self.question = tk.Label(
            frame,
            background=BANNER,
            foreground=PLAIN,
            justify="left",
            anchor="w",
        )
        self.question.grid(row=0, column=0, sticky="ew")
        wrap(self.question)
        self.left = ttk.Button(frame)
        self.left.grid(row=0, column=1, padx=(MARGIN, 0))
        self.right = ttk.Button(frame, command=self.dismiss)
        self.right.grid(row=0, column=2, padx=(MARGIN, 0))
        return frame

    def build_text(self, parent: ttk.Frame) -> ttk.Frame:
        frame = ttk.Frame(parent)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self.text = tk.Text(
            frame,
            width=80,
            height=16,
            wrap="word",
            undo=True,
            font="TkFixedFont",
            foreground=PLAIN,
            background=GREY_PAPER,
            relief="flat",
            highlightthickness=1,
            highlightbackground=EDGE,
            highlightcolor=FOCUS,
            padx=6,
            pady=6,
            state="disabled",
        )
        self.text.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(frame, command=self.text.yview)
        bar.grid(row=0, column=1, sticky="ns")
        self.text.configure(yscrollcommand=bar.set)
        return frame

    def build_bottom(self, parent: ttk.Frame) -> ttk.Frame:
        frame = ttk.Frame(parent)
        frame.columnconfigure(0, weight=1)
        self.status = ttk.Label(frame, justify="left", anchor="w")
        self.status.grid(row=0, column=0, sticky="ew")
        wrap(self.status)
        self.buttons: dict[str, ttk.Button] = {}
        for i, (name, command) in enumerate(
            (("Read", self.read), ("Write", self.write), ("Quit", self.quit))
        ):
            button = ttk.Button(
                frame, text=name, underline=0, width=9, command=command
            )
            # Whoever clicks goes on typing; who tabs there stays there.
            button.bind("<ButtonRelease-1>", lambda _: self.text.focus_set())
            button.grid(row=0, column=1 + i, padx=(MARGIN, 0))
            self.buttons[name] = button
        return frame

    def bind_keys(self) -> None:
        actions: dict[str, Callable[[], None]] = {
            "<Control-r>": self.read,
            "<F5>": self.read,
            "<Alt-r>": self.read,
            "<Control-s>": self.write,
            "<Control-Return>": self.write,
            "<Alt-w>": self.write,
            "<Control-q>": self.quit,
            "<Alt-q>": self.quit,
            "<Control-Prior>": lambda: self.step(-1),
            "<Control-Next>": lambda: self.step(1),
            "<Alt-m>": self.focus_selector,
            "<Escape>": self.dismiss,
            "<F1>": self.help,
        }
        for keys, action in actions.items():
            # On the text itself too, before its own meaning of these keys.
            self.root.bind(keys, obeying(action))
            self.text.bind(keys, obeying(action))
        self.text.bind("<Control-a>", obeying(self.select_all))
        self.text.bind("<Control-y>", obeying(self.redo))
        self.text.bind("<<Modified>>", self.modified)
        self.selector.bind("<Control-a>", obeying(self.focus_selector))
        for event in ("<Return>", "<KP_Enter>", "<FocusOut>"):
            self.selector.bind(event, lambda _: self.select())

    # What a person does

    def read(self) -> None:
        if self.is_edited():
            self.ask(
                "Reading drops your text, which is not written.",
                ("Read", self.read_now),
                ("Keep my text", None),
            )
        else:
            self.read_now()

    def read_now(self) -> None:
        self.put_back()
        self.say("reading")
        self.clerk.ask(ReadJob(self.shown.mailbox))

    def write(self) -> None:
        text = self.typed()
        data = text.encode("utf-8", "surrogatepass")
        if self.writing is not None:
            self.say("the last write is not answered yet", BAD)
        elif self.shown.version is None:
            self.say("there is no connection: nothing can be written", BAD)
        elif not self.shown.editable:
            self.say("this content cannot be written from here", BAD)
        elif self.theirs is not None:
            self.offer(self.theirs)
        elif len(data) > self.packet_bytes:
            self.ask(
                f"{len(data)} bytes are more than a packet of "
                f"{self.packet_bytes}. They can be written in pieces; others "
                "may see some without the rest.",
                ("Write in pieces", lambda: self.write_now(text, data, True)),
                ("Do not write", None),
            )
        else:
            self.write_now(text, data, False)

    def write_now(self, text: str, data: bytes, pieces: bool) -> None:
        shown = self.shown
        assert shown.version is not None
        job = WriteJob(
            shown.mailbox, data, shown.instance, shown.version, pieces
        )
        self.writing = (job, text)
        self.buttons["Write"].state(["disabled"])
        self.say("writing")
        self.clerk.ask(job)

    def select(self) -> None:
        """Show the mailbox whose number stands in the selector."""
        word = self.number.get().strip()
        if word == str(self.shown.mailbox):
            return
        is_number = word.isascii() and word.isdecimal() and len(word) < 19
        if not is_number or 0 < self.mailboxes <= int(word):
            most = f" from 0 to {self.mailboxes - 1}" * (self.mailboxes > 0)
            self.say(f"mailbox {word[:20]!r} is not a number{most}", BAD)
            self.number.set(str(self.shown.mailbox))
        elif self.is_edited():
            self.number.set(str(self.shown.mailbox))
            self.ask(
                f"Your text for mailbox {self.shown.mailbox} is not written.",
                ("Drop my text", lambda: self.show_mailbox(int(word))),
                ("Stay here", None),
            )
        else:
            self.show_mailbox(int(word))

    def show_mailbox(self, mailbox: int) -> None:
        self.close_banner()
        self.number.set(str(mailbox))
        self.shown = Shown(mailbox)
        self.theirs = self.held = None
        self.fill("")
        self.say("reading")
        self.watcher.watch(mailbox)

    def step(self, by: int) -> None:
        mailbox = self.shown.mailbox + by
        if 0 <= mailbox < self.mailboxes:
            self.number.set(str(mailbox))
            self.select()

    def quit(self) -> None:
        if self.writing is not None and self.writing[1] == self.typed():
            self.is_leaving = True
        elif self.is_edited():
            self.ask(
                "Your text is not written.",
                ("Quit without it", self.leave),
                ("Stay here", None),
            )
        else:
            self.leave()

    def leave(self) -> None:
        self.has_left = True
        self.watcher.stop()
        self.clerk.stop()
        self.root.destroy()

    def focus_selector(self) -> None:
        self.selector.focus_set()
        self.selector.selection_range(0, "end")

    def select_all(self) -> None:
        self.text.tag_add("sel", "1.0", "end-1c")

    def redo(self) -> None:
        self.text.event_generate("<<Redo>>")

    def help(self) -> None:
        self.ask(SHORTCUTS, ("Fine", self.close_banner), None)

    def modified(self, _: object) -> None:
        if self.text.edit_modified():
            self.text.edit_modified(False)
            if self.is_edited() and self.writing is None:
                self.say(f"changed, not written; {self.described()}")

    # What the threads report

    def take_reports(self) -> None:
        while True:
            try:
                self.take(self.reports.get_nowait())
            except queue.Empty:
                break
            if self.has_left:
                return
        self.root.after(POLL_MS, self.take_reports)

    def take(self, report: Event | Done | Failed) -> None:
        if isinstance(report, Connected):
            self.connected(report)
        elif isinstance(report, Lost):
            self.set_state("no connection, trying again", BAD)
            self.say(report.text, BAD)
        elif isinstance(report, Missing):
            self.say(report.text, BAD)
        elif isinstance(report, Seen):
            self.seen(report)
        elif isinstance(report.job, ReadJob):
            self.was_read(report, report.job)
        else:
            self.was_written(report, report.job)

    def connected(self, report: Connected) -> None:
        self.set_state("connected", GOOD)
        self.packet_bytes = report.packet_bytes
        self.mailboxes = report.mailboxes
        last = report.mailboxes - 1
        self.selector.configure(to=last)
        self.range.configure(text=f"0 to {last}")
        if self.shown.version is not None:
            self.say(self.described())

    def seen(self, report: Seen) -> None:
        if report.mailbox != self.shown.mailbox:
            return
        if self.writing is not None:
            self.held = report  # it may be our own
            return
        answer = report.answer
        if report.instance == self.shown.instance:
            if answer.version <= (self.shown.version or -1):
                return
        if self.is_edited():
            self.offer(report)
        else:
            is_news = self.shown.version is not None
            self.load(report, "written elsewhere: " if is_news else "")

    def offer(self, theirs: Seen) -> None:
        """Let the person choose between two texts."""
        if view(theirs.answer.data, theirs.answer.size).text == self.typed():
            self.load(theirs, "")
            return
        self.theirs = theirs
        version = theirs.answer.version
        what = f"version {version}, {theirs.answer.size} bytes"
        if theirs.instance != self.shown.instance and self.shown.instance:
            what = f"by a server that was started anew, {what}"
        self.ask(
            f"Changed elsewhere: {what}. Your text is not written.",
            ("Show theirs", lambda: self.load(theirs, "")),
            ("Keep mine", self.keep_mine),
        )

    def keep_mine(self) -> None:
        """From now on a write replaces the version that was offered."""
        theirs, self.theirs = self.theirs, None
        if theirs is not None:
            self.shown.instance = theirs.instance
            self.shown.version = theirs.answer.version
            self.say(f"Write will replace version {theirs.answer.version}")

    def was_read(self, report: Done | Failed, job: ReadJob) -> None:
        if job.mailbox != self.shown.mailbox:
            return
        if isinstance(report, Failed):
            self.say(f"not read: {report.error}", BAD)
            return
        seen = Seen(job.mailbox, report.instance, report.answer)
        if self.is_edited():
            self.offer(seen)
        else:
            self.load(seen, "read: ")

    def was_written(self, report: Done | Failed, job: WriteJob) -> None:
        assert self.writing is not None
        _, text = self.writing
        self.writing = None
        self.buttons["Write"].state(["!disabled"])
        held, self.held = self.held, None
        is_here = job.mailbox == self.shown.mailbox
        is_leaving, self.is_leaving = self.is_leaving, False
        if is_leaving and isinstance(report, Done):
            self.leave()
            return
        if isinstance(report, Failed):
            self.say(unwritten(report.error), BAD)
            if is_here and held is None:
                held = self.theirs
        elif is_here:
            self.shown.version = report.answer.version
            self.shown.instance = report.instance
            self.shown.text = text
            self.say(f"written: {self.described()}")
        else:
            self.say(f"mailbox {job.mailbox} is written")
        if held is not None and is_here:
            self.seen(held)

    # The text and the words

    def load(self, seen: Seen, verb: str) -> None:
        """Show a version, in place of whatever stands there."""
        self.close_banner()
        self.theirs = None
        found = view(seen.answer.data, seen.answer.size)
        self.shown = Shown(
            seen.mailbox,
            seen.instance,
            seen.answer.version,
            found.text,
            not found.remark,
        )
        self.fill(found.text)
        if found.remark:
            self.ask(
                f"{found.remark}.".capitalize(),
                ("Write a text instead", self.begin_anew),
                None,
            )
        self.say(verb + self.described(seen.answer))

    def begin_anew(self) -> None:
        """Let a text be written in place of what is none."""
        self.close_banner()
        self.shown.editable = True
        self.fill("")
        self.shown.text = ""
        self.text.focus_set()
        self.say(f"Write will replace version {self.shown.version}")

    def fill(self, text: str) -> None:
        """Have a text stand in the field, the cursor where it was."""
        cursor = self.text.index("insert")
        top = self.text.yview()[0]
        self.text.configure(state="normal")
        if self.text.get("1.0", "end-1c") != text:
            self.text.replace("1.0", "end-1c", text)
        self.text.mark_set("insert", cursor)
        self.text.yview_moveto(top)
        self.text.edit_reset()
        self.text.edit_modified(False)
        if not self.shown.editable:
            self.text.configure(state="disabled")
        paper = PAPER if self.shown.editable else GREY_PAPER
        # A table of hexadecimal numbers is of no use when its rows are broken.
        self.text.configure(background=paper, wrap="none")
        if self.shown.editable:
            self.text.configure(wrap="word")

    def put_back(self) -> None:
        """Give up what was typed."""
        self.close_banner()
        self.theirs = None
        self.fill(self.shown.text)

    def typed(self) -> str:
        return self.text.get("1.0", "end-1c")

    def is_edited(self) -> bool:
        return self.shown.editable and self.typed() != self.shown.text

    def described(self, answer: Answer | None = None) -> str:
        version = self.shown.version
        if version == 0:
            return "never written"
        size = len(self.shown.text.encode("utf-8", "surrogatepass"))
        if answer is not None:
            size = answer.size
        elif not self.shown.editable:
            return f"version {version}"
        return f"version {version}, {size} byte{'s' * (size != 1)}"

    def say(self, text: str, colour: str = PLAIN) -> None:
        self.status.configure(text=text, foreground=colour)

    def set_state(self, text: str, colour: str) -> None:
        self.state.configure(
            text=f"\N{BLACK CIRCLE} {text}", foreground=colour
        )

    def ask(
        self,
        question: str,
        left: tuple[str, Callable[[], None]],
        right: tuple[str, Callable[[], None] | None] | None,
    ) -> None:
        """Ask above the text; nothing else waits for the answer."""
        label, action = left
        self.question.configure(text=question)
        self.left.configure(text=label, command=lambda: self.accept(action))
        self.refuse = None
        self.right.grid_remove()
        if right is not None:
            self.right.configure(text=right[0])
            self.right.grid()
            self.refuse = right[1]
        self.banner.grid()

    def accept(self, action: Callable[[], None]) -> None:
        """The answer on the left."""
        self.close_banner()
        self.text.focus_set()
        action()

    def dismiss(self) -> None:
        """The answer on the right, or none."""
        refuse = self.refuse
        self.close_banner()
        self.text.focus_set()
        if refuse is not None:
            refuse()
        elif self.theirs is not None:
            self.offer(self.theirs)  # another question stood before this one

    def close_banner(self) -> None:
        self.refuse = None
        self.banner.grid_remove()


def obeying(action: Callable[[], None]) -> Callable[[object], str]:
    """A key that does this and nothing else."""

    def obey(_: object) -> str:
        action()
        return "break"

    return obey


def wrap(label: tk.Label | ttk.Label) -> None:
    """Break a label's text where the label ends; ask for no width."""

    def configured(event: tk.Event[tk.Misc]) -> None:
        label.configure(wraplength=max(1, event.width - 4))

    label.configure(width=1)
    label.bind("<Configure>", configured)


def style(root: tk.Tk) -> None:
    """Look the same everywhere, and not of 1995."""
    look = ttk.Style(root)
    look.theme_use("clam")
    for name, size in (("TkDefaultFont", 10), ("TkFixedFont", 10)):
        font.nametofont(name, root).configure(size=size)
    look.configure(".", background="#fafaf8", foreground=PLAIN)
    look.configure("TButton", padding=(10, 4))
    root.configure(background="#fafaf8")


def unwritten(error: dipc.Error) -> str:
    """Why a write has no answer that says it is done."""
    if isinstance(error, dipc.OutcomeUnknown):
        return f"{error}: Read shows what stands there"
    if isinstance(error, dipc.PartlyWritten):
        return f"only partly written: {error}"
    if isinstance(error, dipc.Conflict):
        return f"not written: it is at version {error.version} by now"
    return f"not written: {error}"


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        usage="%(prog)s [--help] [--mailbox NUMBER] [HOST] PORT | --unix PATH",
        description="Show a mailbox of a DIPC server in a window, as it is "
        "now, and write it.",
        epilog="Keys:\n" + SHORTCUTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_mailbox(found, "the mailbox to show at first")
    add_place(found)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the program; its exit status."""
    options = parser()
    given = options.parse_args(arguments)
    place = place_of(options, given)
    if tk is None:
        print(
            f"{options.prog}: this Python has no tkinter: install Debian's "
            "python3-tk and use /usr/bin/python3",
            file=sys.stderr,
        )
        return 1
    try:
        root = tk.Tk(className="dipc-window")
    except tk.TclError as error:
        print(f"{options.prog}: no window: {error}", file=sys.stderr)
        return 1
    window = Window(root, place, given.mailbox)
    signal.signal(signal.SIGINT, lambda *_: window.leave())
    root.mainloop()
    return 0
