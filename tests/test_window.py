"""The window of cli/python: a real one, with real keys and clicks."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import unittest

from process import machine
from process.case import ProcessCase, until
from process.desktop import Desktop, Window
from process.main import main
from process.machine import TOP
from process.script import Script
from process.server import Server

PYTHON = TOP / "cli" / "python"
PICTURE = TOP / "build" / "window.png"
sys.path.insert(0, str(PYTHON))

import dipc  # noqa: E402
from dipc.clerk import Clerk, Done, Failed, ReadJob, WriteJob  # noqa: E402
from dipc.content import HEX_MAX_BYTES, TEXT_MAX_BYTES, view  # noqa: E402
from dipc.place import Place  # noqa: E402
from dipc.window import unwritten  # noqa: E402


class Content(unittest.TestCase):
    def test_text_is_shown_as_it_is(self) -> None:
        for text in ("", "hello\n\tworld\n", "grüße 日本語 😀 \u202e"):
            data = text.encode()
            self.assertEqual(view(data, len(data)).text, text)
            self.assertEqual(view(data, len(data)).remark, "")

    def test_what_is_no_text_is_shown_in_hexadecimal(self) -> None:
        for data in (b"\0", b"a\xffb", b"\x1b[2J", b"a\r\n", b"\xe6\x97"):
            with self.subTest(data):
                found = view(data, len(data))
                self.assertIn("not text", found.remark)
                self.assertTrue(found.text.startswith("000000  "))
        found = view(bytes(range(0x3E, 0x3E + 18)), 18)
        self.assertEqual(found.remark, "")
        found = view(bytes(range(0x71, 0x71 + 18)), 18)
        self.assertEqual(
            found.text.splitlines()[1], f"000010  81 82{' ' * 42}  .."
        )
        self.assertIn(" qrstuvwxyz{|}~..", found.text)

    def test_only_the_beginning_of_much_is_shown(self) -> None:
        data = "é".encode() * TEXT_MAX_BYTES
        found = view(b"x" + data, 1 + len(data))
        self.assertLess(TEXT_MAX_BYTES - 2, len(found.text.encode()))
        self.assertIn(f"of {1 + len(data)} bytes", found.remark)
        found = view(bytes(TEXT_MAX_BYTES), 10**9)
        self.assertEqual(found.text.count("00 00 00"), HEX_MAX_BYTES // 16 * 5)
        self.assertIn(f"the first {HEX_MAX_BYTES}", found.remark)
        self.assertIn("1000000000 bytes", found.remark)


class AClerk(ProcessCase):
    def test_a_version_of_another_instance_is_not_written(self) -> None:
        server = self.dipc()
        reports: queue.SimpleQueue[Done | Failed] = queue.SimpleQueue()
        clerk = Clerk(Place("127.0.0.1", str(server.port)), reports.put)
        clerk.start()
        self.addCleanup(clerk.join, 20)
        self.addCleanup(clerk.stop)
        clerk.ask(ReadJob(0))
        read = reports.get(timeout=20)
        assert isinstance(read, Done)
        clerk.ask(WriteJob(0, b"x", "another", 0, False))
        refused = reports.get(timeout=20)
        assert isinstance(refused, Failed)
        self.assertRegex(str(refused.error), "started anew")
        clerk.ask(WriteJob(0, b"x", read.instance, 1, False))
        conflict = reports.get(timeout=20)
        assert isinstance(conflict, Failed)
        self.assertIsInstance(conflict.error, dipc.Conflict)
        # A connection that broke unnoticed is no failure; nor a restart.
        self.dipcrm(server)
        self.dipc_again(server)
        clerk.ask(ReadJob(0))
        again = reports.get(timeout=20)
        assert isinstance(again, Done)
        self.assertNotEqual(again.instance, read.instance)
        clerk.ask(WriteJob(0, b"x", again.instance, 0, False))
        written = reports.get(timeout=20)
        assert isinstance(written, Done)
        self.assertEqual(written.answer.version, 1)

    def test_a_write_without_an_answer_is_unknown_and_not_repeated(
        self,
    ) -> None:
        statistics = b"instance 5\n"
        with Script(
            (b"s\n", b"ok %d\n%s" % (len(statistics), statistics)),
            (b"w 0 1 if=0\nx", None),
        ) as server:
            reports: queue.SimpleQueue[Done | Failed] = queue.SimpleQueue()
            clerk = Clerk(Place("127.0.0.1", str(server.port)), reports.put)
            clerk.start()
            clerk.ask(WriteJob(0, b"x", "5", 0, False))
            clerk.stop()
            clerk.join(20)
            failed = reports.get(timeout=20)
        assert isinstance(failed, Failed)
        self.assertIsInstance(failed.error, dipc.OutcomeUnknown)
        self.assertRegex(unwritten(failed.error), "unknown: Read shows")
        self.assertTrue(reports.empty())


class InAWindow(ProcessCase):
    def setUp(self) -> None:
        super().setUp()
        self.desktop = Desktop()
        self.addCleanup(self.desktop.close)

    def open(self, server: Server, *options: str) -> Window:
        window = Window(self.desktop, *options, str(server.port))
        self.addCleanup(window.close)
        window.expect(state="connected", range="0 to 7", status="e")
        until(lambda: window.look()["version"] is not None, "it has read")
        window.click("text")
        return window

    def ask(self, server: Server, request: bytes) -> bytes:
        with server.connect() as client:
            reply = client.ask(request)
        self.assertTrue(reply.ok, reply.line)
        return reply.data

    def test_a_person_reads_writes_and_quits(self) -> None:
        server = self.dipc()
        self.ask(server, b"w 0 5\nhello")
        window = self.open(server)
        window.expect(text="hello", status="version 1, 5 bytes")
        window.type(", grüße", "Return")
        window.expect(status="changed, not written")
        window.click("Write")
        window.expect(status="written: version 2")
        self.assertEqual(
            self.ask(server, b"r 0\n"), b"hello, gr\xc3\xbc\xc3\x9fe\n"
        )
        # What others write appears by itself.
        self.ask(server, b"w 0 5\nother")
        window.expect(text="other", status="written elsewhere: version 3")
        window.click("Read")
        window.expect(text="other", status="read: version 3, 5 bytes")
        window.type("", "ctrl+a", "BackSpace", "ctrl+s")
        window.expect(text="", status="written: version 4, 0 bytes")
        self.assertEqual(self.ask(server, b"r 0\n"), b"")
        window.type("undone", "ctrl+z")
        window.expect(text="")
        window.type("", "ctrl+y")
        window.expect(text="undone")
        window.type("", "ctrl+z")
        window.expect(text="")
        window.type("", "F1")
        window.expect(question="Ctrl-Page Down")
        window.type("", "Escape")
        window.expect(question="")
        window.click("Quit")
        self.assertEqual(window.status(), 0)

    def test_the_selector_chooses_a_mailbox(self) -> None:
        server = self.dipc()
        self.ask(server, b"w 5 4\nfive")
        self.ask(server, b"w 6 3\nsix")
        window = self.open(server, "--mailbox", "3")
        window.expect(mailbox="3", text="", status="never written")
        window.click("selector")
        window.type("", "ctrl+a")
        window.type("5", "Return")
        window.expect(mailbox="5", text="five")
        window.type("", "ctrl+Next")
        window.expect(mailbox="6", text="six")
        window.type("", "ctrl+Prior", "ctrl+Prior")
        window.expect(mailbox="4", text="", status="never written")
        left, top, width, height = window.look()["places"]["selector"]
        up = (str(left + width - 6), str(top + 6))
        self.desktop.do("mousemove", *up, "click", "1")
        window.expect(mailbox="5", text="five")
        for wrong in ("99", "x", "8"):
            window.click("selector")
            window.type("", "ctrl+a")
            window.type(wrong, "Return")
            window.expect(
                status=f"{wrong!r} is not a number from 0 to 7", mailbox="5"
            )
        self.ask(server, b"w 5 2\nup")
        window.expect(text="up")

    def test_nothing_unwritten_is_lost_without_being_asked(self) -> None:
        server = self.dipc()
        self.ask(server, b"w 0 3\nold")
        window = self.open(server)
        window.type("", "ctrl+End")
        window.type(" mine")
        self.ask(server, b"w 0 6\ntheirs")
        window.expect(text="old mine", question="Changed elsewhere: version 2")
        window.type("", "ctrl+s")  # it is asked again, and not written
        window.expect(text="old mine", question="Changed elsewhere: version 2")
        self.assertEqual(self.ask(server, b"r 0\n"), b"theirs")
        window.click("left")
        window.expect(text="theirs", question="", status="version 2, 6 bytes")
        window.type("", "ctrl+End")
        window.type("!")
        self.ask(server, b"w 0 6\nagain.")
        window.expect(text="theirs!", question="version 3")
        window.click("right")
        window.expect(text="theirs!", status="will replace version 3")
        self.ask(server, b"w 0 5\nmore.")
        window.expect(text="theirs!", question="version 4")
        window.type("", "Escape", "ctrl+s")
        window.expect(question="", status="written: version 5")
        self.assertEqual(self.ask(server, b"r 0\n"), b"theirs!")
        # Nor by leaving it, in any of the ways to do that.
        window.type("x")
        for keys in ("ctrl+r", "ctrl+Next", "ctrl+q"):
            window.type("", keys)
            window.expect(question="not written", mailbox="0")
            window.click("right")
            window.expect(question="", mailbox="0", text="theirs!x")
        window.type("", "ctrl+r")
        window.expect(question="not written")
        window.click("left")
        window.expect(text="theirs!", question="", status="read: version 5")
        window.click("text")
        window.type("y", "ctrl+q")
        window.expect(question="not written")
        window.click("left")
        self.assertEqual(window.status(), 0)

    def test_a_write_replaces_only_the_version_that_was_shown(self) -> None:
        server = self.dipc()
        window = self.open(server)
        window.type("mine")
        window.expect(text="mine")
        window.process.send_signal(signal.SIGSTOP)
        self.ask(server, b"w 0 6\ntheirs")
        window.type("", "ctrl+s")  # before it can see that
        window.process.send_signal(signal.SIGCONT)
        window.expect(text="mine", question="Changed elsewhere: version 1")
        self.assertEqual(self.ask(server, b"r 0\n"), b"theirs")
        window.click("right")
        window.type("", "ctrl+s")
        window.expect(status="written: version 2")

    def test_bytes_that_are_no_text_are_shown_safely(self) -> None:
        server = self.dipc()
        self.ask(server, b"w 0 6\na\0\xff\x1b\xfe\n")
        window = self.open(server)
        window.expect(
            question="6 bytes that are not text", text="61 00 ff 1b fe 0a"
        )
        window.type("no")
        window.click("Write")
        shown = window.expect(status="cannot be written")
        self.assertIn("61 00 ff", shown["text"])
        self.assertNotIn("no", shown["text"])
        window.click("left")
        window.expect(text="", question="", status="will replace version 1")
        window.type("text", "ctrl+Return")
        window.expect(status="written: version 2")
        self.assertEqual(self.ask(server, b"r 0\n"), b"text")

    def test_more_than_a_packet_is_written_only_when_told(self) -> None:
        server = self.dipc()
        window = self.open(server)
        window.type("0123456789" * 5, "ctrl+a", "ctrl+c", "ctrl+End")
        window.type("", *["ctrl+v"] * 99)
        until(lambda: len(window.look()["text"]) == 5000, "all is pasted")
        window.type("", "ctrl+s")
        window.expect(question="5000 bytes are more than a packet of 4096")
        window.click("right")
        window.expect(question="")
        self.assertEqual(self.ask(server, b"r 0\n"), b"")
        window.type("", "ctrl+s")
        window.expect(question="pieces")
        window.click("left")
        window.expect(status="written: version 2, 5000 bytes")
        self.assertEqual(
            self.ask(server, b"r 0 at=4096\n"), b"6789" + b"0123456789" * 90
        )

    def test_it_connects_again_and_tells_whose_versions_they_are(self) -> None:
        server = self.dipc()
        self.ask(server, b"w 0 3\nold")
        window = self.open(server)
        server.signal(signal.SIGKILL)
        server.wait()
        window.expect(state="no connection", status="refused")
        window.type("", "ctrl+End")
        window.type(" kept", "ctrl+s")
        window.expect(status="not written: ", text="old kept")
        server = self.dipc_again(server)  # with what the killed one left
        window.expect(state="connected", text="old kept", question="")
        window.type("", "ctrl+s")
        window.expect(status="written: version 2")
        self.dipcrm(server)
        window.expect(state="no connection")
        window.type("!")
        server = self.dipc_again(server)  # and nothing is left
        self.ask(server, b"w 0 1\na")
        self.ask(server, b"w 0 1\nb")  # version 2 again, but another's
        window.expect(
            state="connected",
            text="old kept!",
            question="a server that was started anew",
        )
        self.assertEqual(self.ask(server, b"r 0\n"), b"b")
        window.click("right")
        window.type("", "ctrl+s")
        window.expect(status="written: version 3")
        self.assertEqual(self.ask(server, b"r 0\n"), b"old kept!")

    def test_a_large_and_busy_mailbox_does_not_stop_it(self) -> None:
        server = self.dipc(mailbox_kb=1024, packet_kb=1024)
        window = self.open(server)
        large = b"long " * 200_000
        self.ask(server, b"w 0 %d\n%s" % (len(large), large))
        window.expect(question="first 262144 of 1000000 bytes")
        with server.connect() as client:
            for i in range(300):
                text = b"number %d" % i
                client.ask(b"w 0 %d\n%s" % (len(text), text))
        window.expect(text="number 299", status="version 301", question="")
        window.type("typed", "ctrl+s")
        window.expect(status="written: version 302")

    def test_it_looks_well_at_any_size(self) -> None:
        """The picture is for a person; what can be measured is checked."""
        server = self.dipc()
        poem = (
            "A mailbox holds what it was told;\n"
            "who reads it finds it whole.\n\n"
            "grüße · γειά · привет · ✓\n"
        ).encode()
        self.ask(server, b"w 0 %d\n%s" % (len(poem), poem))
        window = self.open(server)
        window.type("", "ctrl+End")
        window.type("And a line of my own.")
        self.ask(server, b"w 0 6\ntheirs")
        window.expect(question="Changed elsewhere")
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.unlink(missing_ok=True)
        self.desktop.photograph(PICTURE)
        self.assertEqual(PICTURE.read_bytes()[:4], b"\x89PNG")
        for width, height in ((520, 320), (700, 300), (900, 600)):
            window.resize(width, height)
            with self.subTest((width, height)):
                until(
                    lambda: fault(window.look()["places"]) is None,
                    "all has its place",
                )
        window.resize(520, 320)
        self.desktop.photograph(PICTURE.with_name("window-small.png"))


def fault(places: dict[str, list[int]]) -> str | None:
    """What does not stand as it should."""
    x, y, width, height = places["root"]
    for name, (left, top, wide, high) in places.items():
        if min(wide, high) < 15:
            return f"{name} is too small"
        if left < x or left + wide > x + width:
            return f"{name} is cut off"
        if top < y or top + high > y + height:
            return f"{name} is cut off"
    row = [places[name] for name in ("Read", "Write", "Quit")]
    if len({(top, wide, high) for _, top, wide, high in row}) != 1:
        return "the buttons are no row"
    if row[0][1] < places["text"][1] + places["text"][3]:
        return "the buttons cover the text"
    return None


class Started(ProcessCase):
    def run_window(
        self, *arguments: str, display: str = ""
    ) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"DISPLAY": display}
        return subprocess.run(
            [
                machine.system_python("tkinter"),
                str(PYTHON / "window.py"),
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            timeout=40,
        )

    def test_without_a_screen_it_says_so(self) -> None:
        done = self.run_window("7000")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^window.py: no window: .*display.*\n$")

    def test_arguments_that_make_no_sense(self) -> None:
        for arguments in ((), ("70000",), ("--mailbox", "x", "1"), ("-x",)):
            with self.subTest(arguments):
                self.assertEqual(self.run_window(*arguments).returncode, 2)
        done = self.run_window("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Ctrl-S", done.stdout)

    def test_it_starts_as_the_readme_says(self) -> None:
        readme = (TOP / "README.md").read_text()
        found = re.search("^    (cli/python/window.py) 7000$", readme, re.M)
        assert found is not None, "README.md shows no window"
        desktop = Desktop()
        self.addCleanup(desktop.close)
        server = self.dipc()
        with subprocess.Popen(
            [
                machine.system_python("tkinter"),
                str(TOP / found[1]),
                str(server.port),
            ],
            env=desktop.environment,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                with server.connect() as client:
                    until(
                        lambda: client.statistics(0)["watching"] == "1",
                        "the window shows mailbox 0",
                    )
                    name = "dipc-window"
                    desktop.do(
                        *("search", "--sync", "--onlyvisible"),
                        *("--class", name),
                        *("mousemove", "--window", "%1", "200", "200"),
                    )
                    desktop.do("click", "1")
                    desktop.do("type", "hello")
                    desktop.do("key", "ctrl+s")
                    found_data = client.ask(b"r 0 after=0 wait=20000\n")
                    self.assertEqual(found_data.data, b"hello")
                    desktop.do("key", "ctrl+q")
                self.assertEqual(process.wait(20), 0)
                assert process.stderr is not None
                self.assertEqual(process.stderr.read(), "")
            finally:
                process.kill()

    def test_a_server_of_another_kind_is_told(self) -> None:
        desktop = Desktop()
        self.addCleanup(desktop.close)
        with socket.create_server(("127.0.0.1", 0)) as other:
            answering = threading.Thread(target=speak_http, args=[other])
            answering.start()
            port = str(other.getsockname()[1])
            window = Window(desktop, "127.0.0.1", port)
            self.addCleanup(window.close)
            window.expect(state="no connection", status="no DIPC server")
            answering.join(20)
        window.expect(status="refused")


def speak_http(listener: socket.socket) -> None:
    """Answer one client as a web server does."""
    client, _ = listener.accept()
    with client:
        client.recv(100)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>\0\xff")


if __name__ == "__main__":
    main()
