"""The chat of cli/python: three people on terminals, and its parts alone."""

from __future__ import annotations

import os
import pty
import random
import re
import signal
import subprocess
import sys
import unittest

from process.case import ProcessCase, until
from process.main import main
from process.machine import TOP
from process.server import Process, Server
from process.tmux import Terminal, Tmux

PYTHON = TOP / "cli" / "python"
CHAT = str(PYTHON / "chat.py")
sys.path.insert(0, str(PYTHON))

import dipc  # noqa: E402
from dipc.line_editor import Key, LineEditor, width  # noqa: E402
from dipc.room import Line, Reader, parse, plan  # noqa: E402


class Room(unittest.TestCase):
    def test_lines_have_the_numbers_that_are_due(self) -> None:
        content = b"7 Ann: hello\nby hand\n9 Bob: x\n4 apples\n\n11 \xff\n12 "
        self.assertEqual(
            [(line.number, line.text) for line in parse(content)],
            [
                (7, "Ann: hello"),
                (8, "by hand"),
                (9, "Bob: x"),
                (10, "4 apples"),
                (11, "\udcff"),
                (12, ""),
            ],
        )
        self.assertEqual(parse(b""), [])
        self.assertEqual(parse(b"9" * 5000)[0].number, 1)

    def test_a_line_is_appended_while_there_is_room(self) -> None:
        content = b"1 a\n2 b\n"
        step = plan(content, "c\nd", 64, 64)
        self.assertEqual((step.data, step.append), (b"3 c d\n", True))
        self.assertEqual(plan(b"by hand", "c", 64, 64).data, b"\n2 c\n")
        self.assertTrue(plan(content, "c", 12, 4).append)
        self.assertFalse(plan(content, "c", 11, 12).append)

    def test_a_full_room_loses_its_oldest_lines_and_no_more(self) -> None:
        content = b""
        kept: list[Line] = []
        for i in range(200):
            step = plan(content, f"line {i}", 100, 80)
            content = content + step.data if step.append else step.data
            self.assertLessEqual(len(content), 100)
            lines = parse(content)
            kept = (kept + [Line(i + 1, f"line {i}")])[-len(lines) :]
            self.assertEqual(lines, kept)
            if not step.append:
                dropped = Line(lines[0].number - 1, "line 99").encode()
                self.assertGreater(len(content + dropped), 78)
        with self.assertRaisesRegex(ValueError, "too long"):
            plan(content, "x" * 80, 100, 80)

    def test_a_reader_is_shown_each_line_once_whatever_it_missed(
        self,
    ) -> None:
        seed = random.randrange(2**32)
        dice = random.Random(seed)
        content, reader, shown, missed = b"", Reader(), [], 0
        for i in range(500):
            step = plan(content, dice.choice("abc"), 60, 60)
            content = content + step.data if step.append else step.data
            if dice.random() < 0.2:
                change = reader.see(content)
                self.assertFalse(change.replaced, seed)
                missed += change.missed
                shown += [line.number for line in change.lines]
        self.assertEqual(sorted(set(shown)), shown, seed)
        change = reader.see(content)
        count = len(shown) + missed + len(change.lines) + change.missed
        self.assertEqual(count + (shown[0] - 1 if shown else 0), 500, seed)
        self.assertGreater(missed, 0)

    def test_another_conversation_is_noticed(self) -> None:
        reader = Reader()
        reader.see(b"1 a\n2 b\n")
        self.assertEqual(reader.see(b"1 a\n2 b\n").lines, [])
        change = reader.see(b"1 a\n2 c\n3 d\n")
        self.assertTrue(change.replaced)
        self.assertEqual(len(change.lines), 3)
        self.assertTrue(reader.see(b"").replaced)
        self.assertFalse(reader.see(b"1 x\n").replaced)


class Editor(unittest.TestCase):
    def typed(self, text: str) -> LineEditor:
        editor = LineEditor()
        for character in text:
            editor.feed(character)
        return editor

    def test_keys_do_what_they_do_elsewhere(self) -> None:
        for keys, text, cursor in (
            ("hello\x7f\x08p", "help", 4),
            ("ac\x1b[Db", "abc", 2),
            ("bc\x01a\x05d", "abcd", 4),
            ("ab\x1b[Hx\x1b[Fy", "xaby", 4),
            ("abc\x1b[D\x1b[D\x1b[3~", "ac", 1),
            ("abc\x02\x02\x04", "ac", 1),
            ("abc\x02\x0b", "ab", 2),
            ("one two\x17", "one ", 4),
            ("one two\x15", "", 0),
            ("a\tb\x00\x1b[99;5~\x1bOC", "a b", 3),
            ("e\u0301\u0302\x7fx", "x", 1),
            ("日本\x1b[Dx", "日x本", 2),
            ("a\x1b[" + "1" * 50 + "b", "a" + "1" * 20 + "b", 22),
        ):
            with self.subTest(keys):
                editor = self.typed(keys)
                self.assertEqual((editor.text, editor.cursor), (text, cursor))

    def test_lines_come_back(self) -> None:
        editor = self.typed("one\rtwo\rdraft\x1b[A")
        self.assertEqual(editor.text, "two")
        for key, text in (
            *(("\x10", "one"), ("\x10", "one"), ("\x1b[B", "two")),
            *(("\x0e", "draft"), ("\x0e", "draft")),
        ):
            editor.feed(key)
            self.assertEqual(editor.text, text)

    def test_what_ends_the_typing_is_told(self) -> None:
        editor = LineEditor()
        self.assertIs(editor.feed("\x04"), Key.END)
        self.assertIs(editor.feed("\x03"), Key.INTERRUPT)
        self.assertIsNone(editor.feed("x"))
        self.assertIsNone(editor.feed("\x04"))
        self.assertEqual(editor.feed("\r"), "x")

    def test_the_line_always_fits_its_row(self) -> None:
        for text in ("x" * 300, "日" * 300, "e\u0301" * 300, "😀a" * 200):
            editor = self.typed(text)
            for columns in (1, 2, 7, 80, 1000):
                for cursor in (0, 1, 150, 299, len(text)):
                    editor.cursor = cursor
                    shown = editor.show("Ann> ", columns)
                    found = re.fullmatch(r"\r(.*)\x1b\[K\r\x1b\[(\d+)C", shown)
                    assert found is not None
                    room = max(columns, width("Ann> ") + 2)
                    self.assertLess(width(found[1]), room)
                    self.assertLess(int(found[2]), room)


class Piped(ProcessCase):
    def chat(
        self, server: Server, name: str, text: str, *options: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CHAT, "--name", name, *options, str(server.port)],
            input=text,
            capture_output=True,
            text=True,
            timeout=40,
        )

    def test_a_pipe_says_its_lines_and_leaves(self) -> None:
        server = self.dipc()
        done = self.chat(server, "Ann", "hello\n//me\n\n/name Bea\nlast")
        expected = [
            *("* Ann joined", "Ann: hello", "Ann: /me"),
            *("* Ann is now Bea", "Bea: last", "* Bea left"),
        ]
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.splitlines(), expected)
        self.assertEqual(done.returncode, 0)
        done = self.chat(server, "Bob", "")
        self.assertEqual(
            done.stdout.splitlines(),
            [*expected, "* Bob joined", "* Bob left"],
        )

    def test_a_full_mailbox_keeps_the_newest_lines(self) -> None:
        server = self.dipc(mailbox_kb=1, packet_kb=1)
        text = "".join(f"line {i}\n" for i in range(300))
        done = self.chat(server, "Ann", text, "--mailbox", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        with server.connect() as client:
            found = client.ask(b"r 3\n")
        lines = parse(found.data)
        self.assertEqual(lines[-1], Line(302, "* Ann left"))
        self.assertEqual(lines[-2], Line(301, "Ann: line 299"))
        self.assertGreater(found.size, 1024 - 40)
        self.assertEqual(found.version, 302)

    def test_people_who_talk_at_once_lose_nothing(self) -> None:
        server = self.dipc(mailbox_kb=64)
        text = "".join(f"{i}\n" for i in range(60))
        people = [
            subprocess.Popen(
                [CHAT, "--name", name, str(server.port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )
            for name in ("Ann", "Bob", "Cid")
        ]
        for person in people:
            assert person.stdin is not None
            person.stdin.write(text)
            person.stdin.close()
        for person in people:
            self.assertEqual(person.wait(60), 0)
        with dipc.Connection("127.0.0.1", server.port) as c:
            lines = parse(c.read(0, pieces=True).data)
        self.assertEqual(len(lines), 3 * 62)
        self.assertEqual([x.number for x in lines], list(range(1, 187)))
        for name in ("Ann", "Bob", "Cid"):
            said = [x.text for x in lines if x.text.startswith(name)]
            self.assertEqual(said, [f"{name}: {i}" for i in range(60)])

    def test_what_is_too_long_is_not_sent_and_that_is_told(self) -> None:
        server = self.dipc(mailbox_kb=1, packet_kb=1)
        done = self.chat(server, "Ann", "x" * 2000 + "\nshort\n/nonsense\n")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "not sent: .* bytes too long: xxx")
        self.assertIn("/nonsense is no command", done.stderr)
        self.assertIn("Ann: short", done.stdout)

    def test_arguments_that_make_no_sense(self) -> None:
        for *arguments, status, words in (
            (2, "where is the server"),
            ("--name", "a b", "1", 2, "such as space"),
            ("--name", "", "1", 2, "1 to 24"),
            ("--name", "*", "1", 2, "star"),
            ("--mailbox", "x", "1", 2, "not a number"),
            ("--unix", "/x", "1", 2, "instead of"),
            ("--unix", "/no/such/socket", 1, "No such file"),
        ):
            with self.subTest(arguments):
                done = subprocess.run(
                    [CHAT, *map(str, arguments)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=40,
                )
                self.assertEqual(done.returncode, status)
                self.assertIn(str(words), done.stderr)
        server = self.dipc()
        done = self.chat(server, "Ann", "", "--mailbox", "8")
        self.assertEqual(done.returncode, 1)
        self.assertIn("mailbox 8 is not one of 0 to 7", done.stderr)


class People(ProcessCase):
    """Three people, each on a terminal."""

    def setUp(self) -> None:
        super().setUp()
        self.tmux = Tmux(self.directory)
        self.addCleanup(self.tmux.close)

    def come(self, server: Server, name: str) -> Terminal:
        person = self.tmux.start(
            *(sys.executable, CHAT, "--name", name, str(server.port)),
            columns=60,
        )
        person.expect(f"{name}> ")
        person.expect(f"* {name} joined")
        return person

    def test_three_people_chat(self) -> None:
        server = self.dipc()
        ann = self.come(server, "Ann")
        ann.type("anybody here?", "Enter")
        ann.expect("Ann: anybody here?")
        bob = self.come(server, "Βασίλης")
        bob.expect("Ann: anybody here?")  # the history
        bob.type("γειά 😀", "Enter")
        mei = self.come(server, "明")
        ann.type("half a ")
        ann.expect("Ann> half a")
        mei.type("你好 ", "Enter")
        for person in (ann, bob, mei):
            person.expect("Βασίλης: γειά 😀")
            person.expect("明: 你好")
        # What is half typed stays under what comes.
        self.assertEqual(ann.lines()[-1], "Ann> half a")
        ann.type("line", "Left", "Left", "Left", "Left", "-", "Enter")
        for person in (ann, bob, mei):
            person.expect("Ann: half a -line")
        ann.type("", "C-d")
        self.assertEqual(ann.status(), 0)
        bob.expect("* Ann left")
        bob.type("/quit", "Enter")
        self.assertEqual(bob.status(), 0)
        mei.type("", "C-c")
        self.assertEqual(mei.status(), 128 + signal.SIGINT)
        expected = [
            *("* Ann joined", "Ann: anybody here?", "* Βασίλης joined"),
            *("Βασίλης: γειά 😀", "* 明 joined", "明: 你好"),
            *("Ann: half a -line", "* Ann left", "* Βασίλης left"),
            "* 明 left",
        ]
        shown = [row for row in mei.lines() if not row.startswith("[st")]
        self.assertEqual(shown, expected)
        # Nobody asks again and again.
        with server.connect() as client:
            statistics = client.statistics()
        self.assertLess(int(statistics["reads"]), 120)
        self.assertEqual(statistics["timeouts"], "0")

    def test_the_server_may_be_started_again(self) -> None:
        first = self.dipc()
        ann = self.come(first, "Ann")
        bob = self.come(first, "Bob")
        ann.type("before", "Enter")
        bob.expect("Ann: before")
        first.signal(signal.SIGKILL)
        first.wait()
        ann.expect("-- no connection")
        ann.type("meanwhile", "Enter")
        ann.expect("sent when the server is back")
        # The same mailboxes, taken over.
        second = self.dipc_again(first)
        for person in (ann, bob):
            person.expect("-- connected again")
            person.expect("Ann: meanwhile")
        # Others, empty ones.
        self.dipcrm(second)
        bob.expect("-- no connection: ")
        third = self.dipc_again(first)
        for person in (ann, bob):
            person.expect("-- the server was started anew")
        with third.connect() as client:
            until(
                lambda: b"Bob joined" in client.ask(b"r 0\n").data
                and b"Ann joined" in client.ask(b"r 0\n").data,
                "both have joined again",
            )
        bob.type("after", "Enter")
        ann.expect("Bob: after")
        self.assertEqual(ann.lines().count("Ann: meanwhile"), 1)
        self.assertNotIn("-- the conversation was replaced", ann.lines())
        for person in (ann, bob):
            person.type("", "C-d")
            self.assertEqual(person.status(), 0)

    def test_it_is_suspended_resized_and_edited(self) -> None:
        server = self.dipc()
        shell = self.tmux.start("env", "PS1=$ ", "bash", "--norc")
        shell.expect("$ ")
        command = f"{sys.executable} {CHAT} --name Ann {server.port}"
        shell.type(command, "Enter")
        shell.expect("* Ann joined")
        shell.type("", "C-z")
        shell.expect("Stopped")
        shell.type("echo in the shell", "Enter")
        shell.expect("\nin the shell")
        shell.type("fg", "Enter")
        until(lambda: shell.lines()[-1] == "Ann>", "it goes on")
        shell.type("x" * 300 + "end")
        shell.expect("xxend")
        shell.resize(30, 10)
        shell.type("!")
        shell.expect("xxend!")
        # The line takes one row still, and of the old one nothing is left.
        rows = [row for row in shell.screen().splitlines() if "xx" in row]
        self.assertEqual(rows, ["Ann> " + "x" * 19 + "end!"])
        shell.type("", "C-u", "C-d")
        shell.expect("* Ann left")
        shell.type("exit", "Enter")
        self.assertEqual(shell.status(), 0)

    def test_a_terminal_is_put_back_by_every_end(self) -> None:
        server = self.dipc()
        command = f"{sys.executable} {CHAT} --name Ann {server.port}"
        for how in ("C-d", "C-c", "TERM"):
            with self.subTest(how):
                before = self.directory / f"before-{how}"
                after = self.directory / f"after-{how}"
                pid = self.directory / f"pid-{how}"
                # A shell that does not put it back itself.
                shell = self.tmux.start(
                    *("bash", "-c"),
                    f"stty -a >{before}; (echo $BASHPID >{pid}; "
                    f"exec {command}); stty -a >{after}",
                )
                shell.expect("Ann> ")
                shell.expect("* Ann joined")
                if how == "TERM":
                    os.kill(int(pid.read_text()), signal.SIGTERM)
                else:
                    shell.type("", how)
                self.assertEqual(shell.status(), 0)
                self.assertEqual(after.read_text(), before.read_text())

    def test_a_terminal_that_goes_away_ends_it(self) -> None:
        server = self.dipc()
        bob = self.come(server, "Bob")
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(CHAT, [CHAT, "--name", "Ann", str(server.port)])
        ann = Process(pid)
        self.addCleanup(ann.destroy)
        bob.expect("* Ann joined")
        os.close(terminal)
        bob.expect("* Ann left")
        self.assertEqual(ann.wait(), 128 + signal.SIGHUP)
        bob.type("", "C-d")
        self.assertEqual(bob.status(), 0)

    def test_text_of_others_plays_no_tricks(self) -> None:
        server = self.dipc()
        with server.connect() as client:
            evil = b"\x1b[2J\x1b]0;x\x07\r\x08\x00\xff\xe2\x80\xaeend\n"
            client.ask(b"w 0 %d\n%s" % (len(evil), evil))
        ann = self.come(server, "Ann")
        ann.expect(r"\x1b[2J\x1b]0;x\x07\r\x08\x00\xff\u202eend")
        ann.type("", "C-d")
        self.assertEqual(ann.status(), 0)


if __name__ == "__main__":
    main()
