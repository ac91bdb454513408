"""Talk to a DIPC server by hand: read, write and watch its mailboxes.

Each command may be typed on one line (`write 3 hello`) or word by word, as the
prompts ask.  From a pipe it prints no prompts, and its exit status is 1 if
anything went wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import dipc
from dipc.place import Place, add_place, place_of
from dipc.terminal import die_of_a_closed_pipe, show_text, prepare_streams

HELP = """\
  read MAILBOX              show what a mailbox holds
  write MAILBOX TEXT        replace it with a text
  append MAILBOX TEXT       add a text to its end
  wait MAILBOX [SECONDS]    wait until it is written again, and show it
  stat [MAILBOX]            show the statistics of the server, or of a mailbox
  quit                      leave
r, w, a, s and q are short for read, write, append, stat and quit."""
COMMANDS = ("read", "write", "append", "wait", "stat", "quit", "help")
LETTERS = {"r": "read", "w": "write", "a": "append", "s": "stat", "q": "quit"}
WAIT_DEFAULT_S = 30.0
CONNECT_TIMEOUT_S = 10.0


class Mistake(Exception):
    """What the person typed makes no sense; says what would."""


class Prompt:
    """One person's conversation with one server."""

    def __init__(self, place: Place, name: str, interactive: bool) -> None:
        self.place = place
        self.name = name  # of this program, in its complaints
        self.interactive = interactive
        self.failed = False
        self.seen: dict[int, int] = {}  # the last version seen of a mailbox
        self.instance: int | str = ""
        self.connection = self.connect()
        self.actions: dict[str, Callable[[str], None]] = {
            "read": self.read,
            "write": self.write,
            "append": self.append,
            "wait": self.wait,
            "stat": self.stat,
            "help": lambda _: print(HELP),
        }

    def connect(self) -> dipc.Connection:
        connection = self.place.connect(CONNECT_TIMEOUT_S)
        instance = connection.stat().get("instance", "")
        if instance != self.instance:
            self.seen.clear()  # versions of another instance mean nothing
        self.instance = instance
        return connection

    def greet(self) -> None:
        if not self.interactive:
            return
        found = self.connection.stat()
        print(
            f"{self.place}: mailboxes 0 to "
            f"{int(found['mailboxes']) - 1} of "
            f"{found['mailbox-bytes']} bytes, "
            f"{found['packet-bytes']} bytes at a time; `help` helps"
        )

    def run(self) -> None:
        """Obey one command after the other, until `quit` or the end."""
        self.greet()
        while True:
            try:
                line = self.ask("read, write, append, wait, stat or quit? ")
                if not self.obey(line):
                    return
            except Mistake as mistake:
                self.complain(str(mistake))
            except (TypeError, ValueError) as error:
                self.complain(str(error))
            except dipc.Refused as error:
                self.complain(explain(error))
            except (dipc.ConnectionLost, dipc.NotConnected) as error:
                if not self.interactive:
                    raise
                self.complain(f"{error}; what is typed next connects again")

    def obey(self, line: str) -> bool:
        """Obey one line; False says that the person wants to leave."""
        words = line.split(maxsplit=1)
        if not words:
            return True
        name = LETTERS.get(words[0], words[0])
        if name == "quit":
            if self.connection.is_open():
                self.connection.quit()
            return False
        if name not in self.actions:
            raise Mistake(
                f"{show_text(words[0])} is none of {', '.join(COMMANDS)}"
            )
        if name != "help" and not self.connection.is_open():
            self.connection = self.connect()
        self.actions[name](words[1] if len(words) > 1 else "")
        return True

    def read(self, rest: str) -> None:
        mailbox, rest = self.mailbox(rest)
        refuse_more(rest)
        self.show(mailbox, self.connection.read(mailbox))

    def write(self, rest: str) -> None:
        mailbox, text = self.mailbox_and_text(rest)
        self.written(mailbox, self.connection.write(mailbox, encode(text)))

    def append(self, rest: str) -> None:
        mailbox, text = self.mailbox_and_text(rest)
        self.written(mailbox, self.connection.append(mailbox, encode(text)))

    def wait(self, rest: str) -> None:
        mailbox, rest = self.mailbox(rest)
        seconds = self.seconds(rest)
        after = self.seen.get(mailbox)
        if after is None:
            after = self.connection.read(mailbox, max=0).version
            self.seen[mailbox] = after
        try:
            if self.interactive:
                print(
                    f"waiting up to {seconds:g} s for something newer than "
                    f"version {after}; Ctrl-C stops"
                )
            self.show(mailbox, self.connection.wait(mailbox, after, seconds))
        except KeyboardInterrupt:
            # The answer may still come: only a new connection is in step.
            self.connection.close()
            self.connection = self.connect()
            print("\nno longer waiting")

    def stat(self, rest: str) -> None:
        mailbox = None
        if rest:
            mailbox, rest = self.mailbox(rest)
            refuse_more(rest)
        for name, value in self.connection.stat(mailbox).items():
            print(f"  {name:<16} {value}")

    def mailbox_and_text(self, rest: str) -> tuple[int, str]:
        mailbox, text = self.mailbox(rest)
        return mailbox, text or self.ask("text? ")

    def mailbox(self, rest: str) -> tuple[int, str]:
        """The mailbox's number, and what is typed after it."""
        if not rest:
            rest = self.ask("mailbox? ").strip()
        word, _, rest = rest.partition(" ")
        if not (word.isascii() and word.isdecimal()):
            raise Mistake(
                f"mailbox {show_text(word)!r} is not a number: 0 is the first"
            )
        return int(word), rest

    def seconds(self, word: str) -> float:
        try:
            seconds = float(word or WAIT_DEFAULT_S)
        except ValueError:
            seconds = -1.0
        if not 0.0 <= seconds <= 1e6:
            raise Mistake(f"{show_text(word)} is not a number of seconds")
        return seconds

    def ask(self, question: str) -> str:
        """One line; EOFError at the end of the input."""
        return input(question if self.interactive else "")

    def show(self, mailbox: int, answer: dipc.Answer) -> None:
        self.seen[mailbox] = answer.version
        if answer.version == 0:
            print(f"mailbox {mailbox} was never written")
            return
        part = ""
        if len(answer.data) < answer.size:
            part = f", of which the first {len(answer.data)}"
        print(
            f"mailbox {mailbox}, version {answer.version}, "
            f"{answer.size} bytes{part}:"
        )
        print(show_text(answer.data.decode("utf-8", "backslashreplace")))

    def written(self, mailbox: int, answer: dipc.Answer) -> None:
        self.seen[mailbox] = answer.version
        print(
            f"mailbox {mailbox} is at version {answer.version} now, "
            f"{answer.size} bytes"
        )

    def complain(self, message: str) -> None:
        self.failed = True
        sys.stdout.flush()
        print(f"{self.name}: {message}", file=sys.stderr, flush=True)


def refuse_more(rest: str) -> None:
    if rest:
        raise Mistake(
            f"{show_text(rest)!r} is too much: one mailbox is enough"
        )


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def explain(error: dipc.Refused) -> str:
    """A refusal in words."""
    if isinstance(error, dipc.Timeout):
        return error.text
    return f"refused: {error.code.replace('-', ' ')}: {error.text}"


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        usage="%(prog)s [--help] [HOST] PORT | --unix PATH",
        description="Read, write and watch the mailboxes of a DIPC server by "
        "hand.",
        epilog="What can be typed, on one line or word by word:\n" + HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_place(found)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the program; its exit status."""
    options = parser()
    place = place_of(options, options.parse_args(arguments))
    prepare_streams()
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    if interactive:
        import readline  # noqa: F401  # input() gets line editing from it
    prompt = None
    try:
        prompt = Prompt(place, options.prog, interactive)
        prompt.run()
    except EOFError:
        if interactive:
            print()
    except KeyboardInterrupt:
        print()
        return 130
    except BrokenPipeError:
        return die_of_a_closed_pipe()
    except dipc.NotConnected as error:
        print(f"{options.prog}: {error}", file=sys.stderr)
        return 1
    except dipc.Error as error:
        print(f"{options.prog}: {place}: {error}", file=sys.stderr)
        return 1
    return 1 if prompt and prompt.failed and not interactive else 0
