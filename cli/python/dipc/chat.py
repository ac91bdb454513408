"""Chat with others through a mailbox of a DIPC server.

The mailbox holds the last lines of the conversation.  Whoever has something to
say adds a line by compare-and-swap; everybody waits for the next version.
"""

from __future__ import annotations

import argparse
import getpass
import queue
import signal
import sys
import time

import dipc
from dipc.courier import Courier, NotSent, Sent
from dipc.line_editor import Key
from dipc.place import Place, add_mailbox, add_place, place_of
from dipc.room import Reader
from dipc.screen import Screen
from dipc.terminal import die_of_a_closed_pipe, show_text, prepare_streams
from dipc.watcher import (
    TIMEOUT_S,
    Connected,
    Event,
    Lost,
    Missing,
    Seen,
    Watcher,
)

HELP = """\
/name NAME   be called otherwise
/help        show this
/quit        leave, as Ctrl-D and Ctrl-C do
A line that begins with // is sent with one of them less."""
HISTORY_MAX = 200  # lines shown at first
NAME_MAX = 24  # characters
PARTING_S = 3.0  # to have the last lines sent and seen when leaving


class Chat:
    """One person's part in a conversation."""

    def __init__(self, place: Place, mailbox: int, name: str) -> None:
        self.name = name
        self.screen = Screen()
        self.reader = Reader()
        self.instance = ""
        self.version = 0  # the newest that was shown
        self.is_lost = False
        self.failed = False
        self.status: int | None = None  # once it is time to leave
        self.events: queue.SimpleQueue[
            Event | Sent | NotSent
        ] = queue.SimpleQueue()
        self.watcher = Watcher(place, mailbox, self.report)
        self.courier = Courier(place, mailbox, self.report)

    def report(self, event: Event | Sent | NotSent) -> None:
        """Called by the other threads."""
        self.events.put(event)
        self.screen.wake()

    def run(self) -> int:
        """Chat until the person leaves; the exit status."""
        with self.screen:
            self.courier.send(f"* {self.name} joined")
            self.watcher.start()
            self.courier.start()
            while self.status is None:
                self.screen.show_prompt(f"{self.name}> ")
                for typed in self.screen.wait(None):
                    self.obey(typed)
                self.take_events()
            self.screen.show_prompt("")
            self.part()
        self.watcher.stop()
        self.courier.stop()
        return self.status or int(self.failed)

    def obey(self, typed: str | Key) -> None:
        """Do what was typed: say it, or a command."""
        if self.status is not None:
            return
        if isinstance(typed, Key):
            if typed is not Key.REDRAW:
                number = self.screen.stopped_by or signal.SIGINT
                self.status = 0 if typed is Key.END else 128 + number
        elif typed.startswith("/") and not typed.startswith("//"):
            self.command(*typed[1:].split(maxsplit=1))
        elif typed.strip():
            self.say(typed[1:] if typed.startswith("//") else typed)

    def command(self, word: str = "", rest: str = "") -> None:
        if word == "quit":
            self.status = 0
        elif word == "help":
            for line in HELP.splitlines():
                self.screen.note(line)
        elif word == "name":
            try:
                name = name_of(rest)
            except argparse.ArgumentTypeError as error:
                self.complain(str(error))
                return
            self.courier.send(f"* {self.name} is now {name}")
            self.name = name
        else:
            self.complain(f"/{show_text(word)} is no command; /help helps")

    def say(self, text: str) -> None:
        self.courier.send(f"{self.name}: {text}")
        if self.is_lost:
            self.screen.note("it will be sent when the server is back")

    def take_events(self) -> None:
        while True:
            try:
                event = self.events.get_nowait()
            except queue.Empty:
                return
            self.take(event)

    def take(self, event: Event | Sent | NotSent) -> None:
        if isinstance(event, Connected):
            self.connected(event)
        elif isinstance(event, Lost):
            if not self.is_lost:
                self.screen.note(f"no connection: {event.text}")
            self.is_lost = True
        elif isinstance(event, Seen):
            self.seen(event)
        elif isinstance(event, Missing):
            self.complain(event.text)
            self.status = 1
        elif isinstance(event, NotSent):
            self.not_sent(event)

    def connected(self, event: Connected) -> None:
        if self.is_lost:
            self.screen.note("connected again")
        self.is_lost = False
        if self.instance and self.instance != event.instance:
            self.screen.note("the server was started anew")
            self.reader.forget()
            self.version = 0
            self.courier.send(f"* {self.name} joined")
        self.instance = event.instance
        self.courier.hurry()

    def seen(self, event: Seen) -> None:
        at_first = self.version == 0
        if event.answer.version == self.version:
            return  # after a break in which nothing was written
        self.version = event.answer.version
        change = self.reader.see(event.answer.data)
        if change.replaced:
            self.screen.note("the conversation was replaced")
        if change.missed:
            self.screen.note(f"{change.missed} lines went by unseen")
        lines = change.lines
        if at_first and len(lines) > HISTORY_MAX:
            self.screen.note(f"{len(lines) - HISTORY_MAX} earlier lines")
            lines = lines[-HISTORY_MAX:]
        for line in lines:
            self.screen.print_line(line.text)

    def not_sent(self, event: NotSent) -> None:
        text = what_was_said(event.text)
        if event.unknown:
            self.complain(
                "the connection broke: whether this was sent is unknown "
                f"(it is, if it appears): {text}"
            )
        else:
            self.complain(f"not sent: {event.reason}: {text}")

    def complain(self, text: str) -> None:
        self.failed = self.failed or not self.screen.interactive
        self.screen.note(text)

    def part(self) -> None:
        """Have the last words sent and seen, if that can be done soon."""
        last = f"* {self.name} left"
        self.courier.send(last)
        deadline = time.monotonic() + PARTING_S
        wanted: int | None = None
        while wanted is None or self.version < wanted:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or (self.is_lost and self.screen.interactive):
                break
            self.screen.wait(left_s, typing=False)
            while not self.events.empty():
                event = self.events.get()
                self.take(event)
                if isinstance(event, Sent):
                    deadline = time.monotonic() + PARTING_S
                    wanted = event.version if event.text == last else None
                if isinstance(event, NotSent) and event.text == last:
                    return
        for text in self.courier.unsent():
            if text != last:
                self.complain(f"not sent: {what_was_said(text)}")


def what_was_said(line: str) -> str:
    """A line of one's own without the name."""
    return line if line.startswith("* ") else line.partition(": ")[2]


def name_of(text: str) -> str:
    """A name that somebody can have."""
    if not 1 <= len(text) <= NAME_MAX:
        raise argparse.ArgumentTypeError(
            f"a name has 1 to {NAME_MAX} characters"
        )
    if not text.isprintable() or any(c in " :" for c in text):
        raise argparse.ArgumentTypeError(
            f"name {show_text(text)!r} has characters that a name cannot "
            "have, such as space and colon"
        )
    if text.startswith("*"):
        raise argparse.ArgumentTypeError("a name does not begin with a star")
    return text


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        usage="%(prog)s [--help] [--name NAME] [--mailbox NUMBER] "
        "[HOST] PORT | --unix PATH",
        description="Chat with whoever uses the same mailbox of a DIPC "
        "server.  The mailbox holds the conversation; when it is full the "
        "oldest lines go.",
        epilog="What can be typed, besides what is to be said:\n" + HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument(
        "--name", type=name_of, help="how you are called (your login name)"
    )
    add_mailbox(found, "the mailbox where the conversation is")
    add_place(found)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the program; its exit status."""
    options = parser()
    given = options.parse_args(arguments)
    place = place_of(options, given)
    prepare_streams()
    try:
        with place.connect(TIMEOUT_S) as connection:
            connection.read(given.mailbox, max=0)
    except dipc.Error as error:
        where = "" if isinstance(error, dipc.NotConnected) else f"{place}: "
        print(f"{options.prog}: {where}{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    try:
        name = given.name or name_of(getpass.getuser())
        return Chat(place, given.mailbox, name).run()
    except argparse.ArgumentTypeError as error:
        options.error(f"--name is needed: {error}")
    except BrokenPipeError:
        return die_of_a_closed_pipe()
