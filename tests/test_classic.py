"""The assignment's own sample client, nc and telnet, all used literally."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time

from process import machine
from process.case import ProcessCase, Server
from process.main import main

# The assignment's client, with the port and the words of Python 3.  What is
# typed comes from the command line, so that a message may hold a newline, as
# one typed into a window does.
SAMPLE = """\
import sys
typed = iter(sys.argv[2:])
raw_input = lambda prompt: next(typed)

from socket import *
HOST = 'localhost'
PORT = int(sys.argv[1])
s = socket ( AF_INET , SOCK_STREAM )
s.connect((HOST, PORT))
while True :
    message = raw_input("> ")
    if message == 'q': break
    if message != '':
        s.send(message.encode())
        data = s.recv(1024)
        print('Received' , repr(data))
s.close()
"""


class Classic(ProcessCase):
    def typed(self, command: list[str], text: str = "") -> str:
        """What a program prints when a text is its standard input."""
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=30
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def sample(self, server: Server, *messages: str) -> list[str]:
        """What the sample client received for each message."""
        said = self.typed(
            [sys.executable, "-c", SAMPLE, str(server.port), *messages]
        )
        return [line.removeprefix("Received ") for line in said.splitlines()]

    def test_the_sample_client_reads_and_writes(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            client.ask(b"w 3 5\nhello")
        # One message carries a header line and a block of text.
        received = self.sample(
            server,
            "r 3",
            "w 3\nsome text",
            "r 3",
            "w 3\n\nr 3",
            "r 3",
            "w 3 4\nsize",
            "r 3\n",
            "r 9",
            "q",
        )
        self.assertEqual(
            received,
            [
                repr(b"ok 5 version=1 size=5\nhello"),
                repr(b"ok 0 version=2 size=9\n"),
                repr(b"ok 9 version=2 size=9\nsome text"),
                repr(b"ok 0 version=3 size=4\n"),
                repr(b"ok 4 version=3 size=4\n\nr 3"),
                repr(b"ok 0 version=4 size=4\n"),
                repr(b"ok 4 version=4 size=4\nsize"),
                repr(b"err no-such-mailbox: mailbox 9 is not one of 0 to 7\n"),
            ],
        )

    def test_the_sample_client_may_quit_by_itself(self) -> None:
        server = self.dipc()
        received = self.sample(server, "w 0\nbye", "q 0", "q")
        self.assertEqual(received[1:], [repr(b"ok 0\n")])
        with server.connect() as client:
            self.assertEqual(client.ask(b"r 0\n").data, b"bye")

    def test_nc_pipes_a_request_and_half_closes(self) -> None:
        nc = machine.need_command("nc")
        server = self.dipc("--gap", "20s")
        to_server = [nc, "-N", "localhost", str(server.port)]
        for text, answer in (
            ("w 3\nsome text\n", "ok 0 version=1 size=10\n"),
            ("r 3\n", "ok 10 version=1 size=10\nsome text\n"),
            ("r 3", "ok 10 version=1 size=10\nsome text\n"),
            (
                "w 3 3\nabcr 3\nq\n",
                "ok 0 version=2 size=3\nok 3 version=2 size=3\nabcok 0\n",
            ),
            ("w 3\n", "ok 0 version=3 size=0\n"),
        ):
            with self.subTest(text):
                self.assertEqual(self.typed(to_server, text), answer)

    def test_nc_that_does_not_half_close_is_answered_too(self) -> None:
        nc = machine.need_command("nc")
        server = self.dipc()
        to_server = [nc, "-q", "-1", "localhost", str(server.port)]
        process = subprocess.Popen(
            to_server, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin as to, process.stdout as out:
            to.write(b"w 3\nblock of text")
            to.flush()
            self.assertEqual(out.readline(), b"ok 0 version=1 size=13\n")
            to.write(b"r 3\n")
            to.flush()
            self.assertEqual(out.readline(), b"ok 13 version=1 size=13\n")
            self.assertEqual(out.read(13), b"block of text")
            to.write(b"q\n")
            to.flush()
            self.assertEqual(out.readline(), b"ok 0\n")
        process.kill()
        process.wait(30)

    def test_telnet_talks_line_by_line(self) -> None:
        """On a terminal of its own, as a person uses it; its lines end in
        a carriage return and a newline."""
        telnet = machine.need_command("telnet")
        server = self.dipc()
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(telnet, [telnet, "127.0.0.1", str(server.port)])
        screen = b""

        def expect(text: bytes) -> None:
            nonlocal screen
            deadline = time.monotonic() + 20
            while text not in screen:
                left = deadline - time.monotonic()
                ready = select.select([terminal], [], [], max(0, left))[0]
                self.assertTrue(ready, f"no {text!r} in {screen!r}")
                try:
                    screen += os.read(terminal, 4096)
                except OSError:
                    self.fail(f"telnet ended: {screen!r}")
            screen = screen.partition(text)[2]

        try:
            expect(b"Escape character")
            for typed, shown in (
                (b"w 3 5\n", b""),
                (b"hello\n", b"ok 0 version=1 size=5"),
                (b"r 3\n", b"ok 5 version=1 size=5"),
                (b"r 3 if=7\n", b"err conflict version=1"),
                (b"w 4\nhi\n", b"ok 0 version=1 size=4"),
                (b"q\n", b"Connection closed"),
            ):
                os.write(terminal, typed)
                if shown:
                    expect(shown)
        finally:
            os.close(terminal)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def test_a_service_name_is_a_port(self) -> None:
        try:
            port = socket.getservbyname("ingreslock", "tcp")
        except OSError:
            self.skipTest("no service ingreslock in /etc/services")
        # There is one such port: another run of this test is waited for.
        services = open("/etc/services")
        self.addClassCleanup(services.close)
        fcntl.flock(services, fcntl.LOCK_EX)
        try:
            with socket.create_server(("127.0.0.1", port)):
                pass
        except OSError as error:
            self.skipTest(f"port {port}: {error.strerror}")
        known = machine.children()
        started = self.run_command("dipc", "2", "1", "ingreslock", "1")
        self.assertEqual(started.returncode, 0, started.stderr)
        daemon = self.adopt(known, port)
        with daemon.connect() as client:
            self.assertEqual(client.statistics()["mailboxes"], "2")
        removed = self.run_command("dipcrm", "ingreslock")
        self.assertEqual(removed.returncode, 0, removed.stderr)
        self.assertEqual(daemon.wait(), 0)


if __name__ == "__main__":
    main()
