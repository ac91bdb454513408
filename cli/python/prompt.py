#!/usr/bin/env python3
"""Talk to a DIPC server by hand: read, write and watch its mailboxes.

    prompt.py [HOST] PORT

Each command may be typed on one line (`write 3 hello`) or word by word, as the
prompts ask.  From a pipe it prints no prompts, and its exit status is 1 if
anything went wrong.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import dipc

USAGE = "usage: prompt.py [HOST] PORT"
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

    def __init__(self, host: str, port: str, interactive: bool) -> None:
        self.host = host
        self.port = port
        self.interactive = interactive
        self.failed = False
        self.seen: dict[int, int] = {}  # the last version seen of a mailbox
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
        return dipc.Connection(self.host, self.port, CONNECT_TIMEOUT_S)

    def greet(self) -> None:
        if not self.interactive:
            return
        found = self.connection.stat()
        print(
            f"{self.host} port {self.port}: mailboxes 0 to "
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
            except dipc.Error as error:
                self.complain(explain(error))
                if isinstance(error, dipc.ShuttingDown):
                    return

    def obey(self, line: str) -> bool:
        """Obey one line; False says that the person wants to leave."""
        words = line.split(maxsplit=1)
        if not words:
            return True
        name = LETTERS.get(words[0], words[0])
        if name == "quit":
            self.connection.quit()
            return False
        if name not in self.actions:
            raise Mistake(
                f"{show_text(words[0])} is none of {', '.join(COMMANDS)}"
            )
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
        print(f"prompt.py: {message}", file=sys.stderr, flush=True)


def refuse_more(rest: str) -> None:
    if rest:
        raise Mistake(
            f"{show_text(rest)!r} is too much: one mailbox is enough"
        )


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def show_text(text: str) -> str:
    """A text that cannot play tricks on a terminal."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text
    )


def explain(error: dipc.Error) -> str:
    """A refusal in words."""
    if isinstance(error, dipc.Timeout):
        return error.text
    return f"refused: {error.code.replace('-', ' ')}: {error.text}"


def main(arguments: list[str]) -> int:
    if arguments in (["-h"], ["--help"]):
        print(f"{USAGE}\n{HELP}")
        return 0
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    host = arguments[0] if len(arguments) == 2 else "localhost"
    port = arguments[-1]
    if port.isdecimal() and not 1 <= int(port) <= 65535:
        print(
            f"prompt.py: port {port} is not one of 1 to 65535",
            file=sys.stderr,
        )
        return 2
    prompt = None
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    if interactive:
        import readline  # noqa: F401  # input() gets line editing from it
    try:
        prompt = Prompt(host, port, interactive)
        prompt.run()
    except EOFError:
        if interactive:
            print()
    except KeyboardInterrupt:
        print()
        return 130
    except (dipc.ConnectionLost, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = f"{host} port {port}"
        print(f"prompt.py: {where}: {reason}", file=sys.stderr)
        return 1
    return 1 if prompt and prompt.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
