"""The prompt of cli/python, from a pipe and on a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time

from process.case import ProcessCase, until
from process.main import main
from process.machine import TOP

PROMPT = str(TOP / "cli" / "python" / "prompt.py")


class Piped(ProcessCase):
    def prompt(
        self, text: str | bytes, *arguments: str
    ) -> subprocess.CompletedProcess[bytes]:
        data = text.encode() if isinstance(text, str) else text
        return subprocess.run(
            [sys.executable, PROMPT, *arguments],
            input=data,
            capture_output=True,
            timeout=40,
        )

    def test_commands_are_obeyed_without_prompts(self) -> None:
        port = str(self.dipc().port)
        done = self.prompt(
            "write 3 hello, you\nread 3\nw 3\nnew text\nr 3\n"
            "append 3 !\nr\n3\nread 4\nquit\nread 3\n",
            port,
        )
        self.assertEqual(done.stderr, b"")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(
            done.stdout.decode().splitlines(),
            [
                "mailbox 3 is at version 1 now, 10 bytes",
                "mailbox 3, version 1, 10 bytes:",
                "hello, you",
                "mailbox 3 is at version 2 now, 8 bytes",
                "mailbox 3, version 2, 8 bytes:",
                "new text",
                "mailbox 3 is at version 3 now, 9 bytes",
                "mailbox 3, version 3, 9 bytes:",
                "new text!",
                "mailbox 4 was never written",
            ],
        )

    def test_mistakes_are_told_in_words(self) -> None:
        port = str(self.dipc().port)
        done = self.prompt(
            "dance\nread x\nread 8\nwrite 3 " + "x" * 5000 + "\nwait 3 0.01\n"
            "wait 3 soon\nread 3 4\nread 3\n",
            "localhost",
            port,
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, b"mailbox 3 was never written\n")
        said = done.stderr.decode()
        for words in (
            "dance is none of read, write",
            "'x' is not a number",
            "no such mailbox",
            "too large",
            "nothing newer",
            "soon is not a number",
            "'4' is too much",
        ):
            self.assertIn(words, said)
        for line in said.splitlines():
            self.assertRegex(line, "^prompt.py: ")

    def test_bytes_of_any_kind_pass_and_are_shown_harmlessly(self) -> None:
        server = self.dipc()
        done = self.prompt(
            b"write 3 gr\xc3\xbc\xff\x1b[2J\nread 3\n", str(server.port)
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("grü\\xff\\x1b[2J\n".encode(), done.stdout)
        with server.connect() as client:
            self.assertEqual(
                client.ask(b"r 3\n").data, b"gr\xc3\xbc\xff\x1b[2J"
            )

    def test_a_wait_sees_the_write_of_another(self) -> None:
        server = self.dipc()
        process = subprocess.Popen(
            [sys.executable, PROMPT, str(server.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        with server.connect() as client:
            process.stdin.write(b"wait 3 30\n")
            process.stdin.flush()
            until(lambda: client.statistics(3)["watching"] == "1", "it waits")
            client.ask(b"w 3 4\nnews")
            said, _ = process.communicate(timeout=30)
        self.assertEqual(said, b"mailbox 3, version 1, 4 bytes:\nnews\n")
        self.assertEqual(process.returncode, 0)

    def test_statistics_are_shown(self) -> None:
        done = self.prompt("stat\ns 3\n", str(self.dipc().port))
        self.assertRegex(done.stdout.decode(), r"mailboxes +8\n")
        self.assertRegex(done.stdout.decode(), r"watching +0\n")

    def test_a_unix_socket_serves_as_well(self) -> None:
        path = str(self.runtime / "mailboxes")
        self.dipc("--unix", path)
        done = self.prompt("write 3 hello\n", "--unix", path)
        self.assertEqual(done.stderr, b"")
        self.assertIn(b"version 1", done.stdout)
        chat = TOP / "cli" / "python" / "chat.py"
        said = subprocess.run(
            [str(chat), "--name", "Ann", "--mailbox", "3", "--unix", path],
            input=b"hi\n",
            capture_output=True,
            timeout=40,
        )
        self.assertEqual(said.stderr, b"")
        self.assertIn(b"hello\n* Ann joined\nAnn: hi\n", said.stdout)

    def test_closed_streams_are_done_without(self) -> None:
        port = self.dipc().port
        for program in ("prompt", "chat"):
            path = TOP / "cli" / "python" / f"{program}.py"
            for closed in ("<&-", ">&- <&-", ">&- 2>&- <&-"):
                with self.subTest(program, closed=closed):
                    done = subprocess.run(
                        ["bash", "-c", f"{path} {port} {closed}"],
                        capture_output=True,
                        text=True,
                        timeout=40,
                    )
                    self.assertEqual(done.stderr, "")
                    self.assertEqual(done.returncode, 0)

    def test_a_reader_that_goes_away_is_no_disaster(self) -> None:
        port = self.dipc().port
        for program in ("prompt", "chat"):
            path = TOP / "cli" / "python" / f"{program}.py"
            with self.subTest(program):
                done = subprocess.run(
                    [
                        *("bash", "-c"),
                        f"set -o pipefail; yes help | head -n 5000 | "
                        f"{path} {port} | head -n 1",
                    ],
                    capture_output=True,
                    text=True,
                    timeout=60,
                )
                self.assertEqual(done.stderr, "")
                self.assertEqual(done.returncode, 141)

    def test_nobody_there_is_told(self) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            done = self.prompt("", "127.0.0.1", str(bound.getsockname()[1]))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), "^prompt.py: .*refused\n$")

    def test_arguments_that_make_no_sense(self) -> None:
        for arguments in ((), ("a", "1", "2"), ("--nonsense",), ("70000",)):
            with self.subTest(arguments):
                done = self.prompt("", *arguments)
                self.assertEqual(done.returncode, 2)
                self.assertNotEqual(done.stderr, b"")
        self.assertEqual(self.prompt("", "--help").returncode, 0)

    def test_a_server_that_ends_is_told(self) -> None:
        server = self.dipc()
        process = subprocess.Popen(
            [sys.executable, PROMPT, str(server.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"read 3\n")
        process.stdin.flush()
        self.assertIn(b"never", process.stdout.readline())
        self.dipcrm(server)
        _, said = process.communicate(b"read 3\n", timeout=30)
        self.assertRegex(said.decode(), "^prompt.py: .*closed")
        self.assertEqual(process.returncode, 1)

    def test_a_full_server_is_told(self) -> None:
        server = self.dipc("--max-clients", "1")
        with server.connect() as client:
            client.statistics()
            done = self.prompt("read 3\n", str(server.port))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), "^prompt.py: .* port .*\n$")


class Terminal(ProcessCase):
    def test_a_person_is_asked_for_each_word(self) -> None:
        server = self.dipc()
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "dumb"
            os.execv(
                sys.executable, [sys.executable, PROMPT, str(server.port)]
            )
        screen = b""

        def expect(text: bytes) -> None:
            nonlocal screen
            deadline = time.monotonic() + 20
            while text not in screen:
                left = max(0, deadline - time.monotonic())
                ready = select.select([terminal], [], [], left)[0]
                self.assertTrue(ready, f"no {text!r} in {screen!r}")
                screen += os.read(terminal, 4096)
            screen = screen.partition(text)[2]

        try:
            expect(b"mailboxes 0 to 7")
            for typed, shown in (
                (b"write\n", b"mailbox? "),
                (b"3\n", b"text? "),
                (b"hello\n", b"version 1 now"),
                (b"read\n", b"mailbox? "),
                (b"3\n", b"hello"),
                (b"wait 3\n", b"Ctrl-C stops"),
                (b"\x03", b"no longer waiting"),
                (b"r 3\n", b"version 1"),
                (b"write x\n", b"is not a number"),
                (b"write 99999999999999999999 x\n", b"is not one of"),
                (b"", None),
                (b"r 3\n", b"connects again"),
                (b"r 3\n", b"refused; what"),
                (b"help\n", b"read MAILBOX"),
                (b"quit\n", b""),
            ):
                expect(b"? ") if typed in (b"write\n", b"read\n") else None
                if shown is None:
                    self.dipcrm(server)
                    continue
                os.write(terminal, typed)
                if shown:
                    expect(shown)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
            pid = 0
        finally:
            os.close(terminal)
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
