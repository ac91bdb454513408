"""Gathering by its commands: dipcgather, and dipcsend from elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time
from pathlib import Path

from process import machine
from process.case import COMMAND_TIMEOUT_S, ProcessCase, until
from process.main import main, show
from process.server import Process
from process.wire import Wire

ENV_LINE = r"DIPC_TOKEN=([0-9a-f]{32}) dipcsend (\S+) (\d+)"


def without_internal_signals(status: str) -> str:
    """32 and 33 are the C library's, which no program can set: whoever made a
    thread has them as by default, whatever they were."""

    def mask(found: re.Match[str]) -> str:
        return f"{int(found[0], 16) & ~(3 << 31):016x}"

    return re.sub(r"\b[0-9a-f]{16}\b", mask, status)


class Gathering(ProcessCase):
    def setUp(self) -> None:
        super().setUp()
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()
        self.environment["TMPDIR"] = str(self.temporary)
        self.addCleanup(self.assert_clean)
        self.addCleanup(self.bury)

    def bury(self) -> None:
        """Wait for the ended whose parents ended first, as init would."""
        for pid in machine.children() - self.before:
            process = Process(pid)
            try:
                process.wait()
            finally:
                os.close(process.pidfd)

    def assert_clean(self) -> None:
        self.assertEqual(list(self.temporary.iterdir()), [])

    def gather(
        self, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        return self.run_command("dipcgather", *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """One that is to be talked to while it runs; it ends with its test."""
        process = subprocess.Popen(
            [str(machine.BIN / "dipcgather"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

        def end() -> None:
            if process.poll() is None:
                process.kill()
            process.wait(COMMAND_TIMEOUT_S)
            assert process.stdout is not None and process.stderr is not None
            process.stdout.close()
            process.stderr.close()

        self.addCleanup(end)
        return process

    def lines(self, process: subprocess.Popen[str], count: int) -> list[str]:
        """The first lines that it says about children elsewhere."""
        assert process.stderr is not None
        return [process.stderr.readline().rstrip("\n") for _ in range(count)]

    def send(
        self,
        *arguments: str,
        token: str | None = None,
        data: str = "",
    ) -> subprocess.CompletedProcess[str]:
        environment = dict(self.environment)
        if token is not None:
            environment["DIPC_TOKEN"] = token
        return subprocess.run(
            [str(machine.BIN / "dipcsend"), *arguments],
            input=data,
            capture_output=True,
            text=True,
            env=environment,
            timeout=COMMAND_TIMEOUT_S,
        )

    def remote(
        self, line: str
    ) -> tuple[str, str, str]:
        """The token, address and number that a line shows."""
        found = re.fullmatch(ENV_LINE, line)
        assert found is not None, line
        return found[1], found[2], found[3]


class Results(Gathering):
    def test_they_come_in_the_order_of_their_numbers(self) -> None:
        done = self.gather("-n", "12", "--", "echo", "{} of", "{}{}")
        self.assertEqual(done.stderr, "")
        self.assertEqual(
            done.stdout, "".join(f"{i} of {i}{i}\n" for i in range(12))
        )
        self.assertEqual(done.returncode, 0)

    def test_they_are_binary_and_large(self) -> None:
        script = "head -c 5000000 /dev/urandom | tee $0/{}.copy"
        done = subprocess.run(
            [
                str(machine.BIN / "dipcgather"),
                *("-n", "4", "--", "sh", "-c", script, str(self.directory)),
            ],
            capture_output=True,
            env=self.environment,
            timeout=COMMAND_TIMEOUT_S,
        )
        copies = [self.directory / f"{i}.copy" for i in range(4)]
        self.assertEqual(done.stderr, b"")
        self.assertTrue(
            done.stdout == b"".join(copy.read_bytes() for copy in copies)
        )

    def test_each_has_a_file_if_asked(self) -> None:
        where = self.directory / "results"
        done = self.gather(
            *("--children", "11", "--output", str(where)),
            *("--", "sh", "-c", "[ {} != 3 ] && printf 'r{}'"),
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "dipcgather: child 3: exited 1\n")
        self.assertEqual(
            {p.name: p.read_text() for p in where.iterdir()},
            {f"{i:02}": f"r{i}" for i in range(11) if i != 3},
        )

    def test_a_directory_that_is_not_empty_is_left_alone(self) -> None:
        where = self.directory / "results"
        where.mkdir()
        (where / "0").write_text("old")
        done = self.gather("-n", "1", "--output", str(where), "--", "echo")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not empty", done.stderr)
        self.assertEqual((where / "0").read_text(), "old")

    def test_a_child_knows_its_number_and_nothing_of_its_token(self) -> None:
        done = self.gather("-n", "2", "--", "env")
        self.assertIn("DIPC_CHILD=0\n", done.stdout)
        self.assertIn("DIPC_CHILD=1\n", done.stdout)
        self.assertEqual(done.stdout.count("DIPC_CHILDREN=2\n"), 2)
        self.assertNotIn("TOKEN", done.stdout)

    def test_a_child_has_the_descriptors_and_signals_of_its_starter(
        self,
    ) -> None:
        script = "ulimit -Sn; grep -E 'Sig(Blk|Ign)' /proc/self/status"
        prlimit = [machine.need_command("prlimit"), "--nofile=100:4096"]
        alone = subprocess.run(
            [*prlimit, "sh", "-c", script],
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
        )
        done = self.run_command(
            "dipcgather",
            *("-n", "80", "--", "sh", "-c", script),
            wrapper=prlimit,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            without_internal_signals(done.stdout),
            without_internal_signals(alone.stdout) * 80,
        )


class Failures(Gathering):
    def test_each_has_its_reason_and_the_others_their_results(self) -> None:
        script = """
            case {} in
            1) exit 7 ;;
            2) echo part; kill -9 $$ ;;
            3) kill -USR1 $PPID; sleep 100 ;;
            4) head -c 3000 /dev/zero ;;
            *) echo result {} ;;
            esac
        """
        done = self.gather(
            *("-n", "7", "--max-result", "2k", "--", "sh", "-c", script)
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "result 0\nresult 5\nresult 6\n")
        self.assertEqual(
            done.stderr.splitlines(),
            [
                "dipcgather: child 1: exited 7",
                "dipcgather: child 2: killed by signal 9 (Killed), "
                "after 5 bytes",
                "dipcgather: child 3: declared a fatal error, number 10",
                "dipcgather: child 4: sent more than it announced, or than "
                "is taken",
            ],
        )

    def test_what_is_the_same_of_neighbours_is_said_once(self) -> None:
        done = self.gather("-n", "20", "--", "no-such-command")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr,
            "dipcgather: children 0 to 19: exited 127 (there is no such "
            "command)\n",
        )

    def test_the_first_failure_ends_all_if_asked(self) -> None:
        script = "if [ {} = 1 ]; then exit 3; fi; echo part; sleep 1000"
        done = self.gather(
            *("-n", "4", "--fail-fast", "--", "sh", "-c", script)
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "", "all or nothing")
        self.assertIn("dipcgather: child 1: exited 3\n", done.stderr)

    def test_a_fatal_error_declared_by_signal_ends_all_if_asked(self) -> None:
        script = "[ {} = 1 ] && kill -USR1 $PPID; sleep 1000"
        done = self.gather(
            *("-n", "3", "--fail-fast", "--", "sh", "-c", script)
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn(
            "dipcgather: child 1: declared a fatal error, number 10\n",
            done.stderr,
        )

    def test_those_that_take_too_long_are_ended(self) -> None:
        script = "[ {} = 0 ] && trap '' TERM; [ {} = 2 ] || sleep 1000; echo"
        done = self.gather(
            *("-n", "3", "--timeout", "300ms", "--", "sh", "-c", script)
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "\n")
        self.assertEqual(
            done.stderr, "dipcgather: children 0 to 1: too slow\n"
        )

    def test_output_that_cannot_be_written_is_a_failure(self) -> None:
        done = subprocess.run(
            [str(machine.BIN / "dipcgather"), "-n", "1", "--", "echo", "x"],
            stdin=subprocess.DEVNULL,
            stdout=open("/dev/full", "w"),
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            timeout=COMMAND_TIMEOUT_S,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output: No space left", done.stderr)


class Signals(Gathering):
    def processes(self) -> list[int]:
        """Those of this test: dipcgather, and all that came of it."""
        marker = f"TMPDIR={self.temporary}".encode()
        found = []
        for entry in os.scandir("/proc"):
            try:
                told = Path(f"/proc/{int(entry.name)}/environ").read_bytes()
            except (OSError, ValueError):
                continue
            if marker in told.split(b"\0"):
                found.append(int(entry.name))
        return found

    def end_by(self, number: signal.Signals) -> tuple[int, str]:
        """Signal one whose children are all at work; what came of it."""
        script = "sleep 1000 & sleep 1000; true"
        process = self.start("-n", "5", "--", "sh", "-c", script)
        # itself, and for each: one in between, a shell, and two that sleep
        until(lambda: len(self.processes()) == 21, "all run")
        process.send_signal(number)
        _, said = process.communicate(timeout=COMMAND_TIMEOUT_S)
        until(lambda: self.processes() == [], "all have ended")
        return process.returncode, said

    def test_a_signal_ends_the_children_and_then_itself(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                status, said = self.end_by(number)
                self.assertEqual(status, -number)
                self.assertEqual(
                    said,
                    f"dipcgather: ended by signal {number.value}, with 0 of "
                    "5 done\n",
                )
                self.assert_clean()

    def test_children_do_not_outlive_one_that_is_killed(self) -> None:
        status, _ = self.end_by(signal.SIGKILL)
        self.assertEqual(status, -signal.SIGKILL)
        until(
            lambda: not list(self.temporary.glob("dipc-gather-*")),
            "the children removed the socket",
        )

    def test_a_signal_of_a_stranger_declares_no_error(self) -> None:
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        process = self.start(
            *("-n", "1", "--fail-fast", "--", "cat", str(fifo))
        )
        writer = os.open(fifo, os.O_WRONLY)
        process.send_signal(signal.SIGUSR1)
        os.write(writer, b"all is well\n")
        os.close(writer)
        said, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
        self.assertEqual((process.returncode, said), (0, "all is well\n"))


class Elsewhere(Gathering):
    def test_by_the_line_that_is_shown(self) -> None:
        process = self.start("-n", "3", "--remote", "2", "--", "echo", "{}")
        one, two = map(self.remote, self.lines(process, 2))
        self.assertEqual((one[2], two[2]), ("1", "2"))
        self.assertRegex(one[1], r"^127\.0\.0\.1:\d+$")
        done = self.send(two[1], two[2], token=two[0], data="second\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.send(
            one[1], one[2], "--", "echo", "first", token=one[0]
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        said, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
        self.assertEqual((process.returncode, said), (0, "0\nfirst\nsecond\n"))

    def test_by_a_token_in_a_file(self) -> None:
        tokens = self.directory / "tokens"
        process = self.start(
            *("-n", "1", "--remote", "1", "--tokens", str(tokens)),
        )
        line = self.lines(process, 1)[0]
        self.assertNotIn((tokens / "0").read_text(), line)
        self.assertEqual((tokens / "0").stat().st_mode & 0o777, 0o600)
        command, *arguments = line.split()
        self.assertEqual(command, "dipcsend")
        # A file as standard input announces its size.
        data = self.directory / "data"
        data.write_bytes(os.urandom(300_000))
        with open(data, "rb") as stream:
            done = subprocess.run(
                [str(machine.BIN / command), *arguments],
                stdin=stream,
                capture_output=True,
                env=self.environment,
                timeout=COMMAND_TIMEOUT_S,
            )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        assert process.stdout is not None
        said = process.stdout.buffer.read()
        self.assertTrue(said == data.read_bytes())
        self.assertEqual(process.wait(COMMAND_TIMEOUT_S), 0)

    def test_only_who_has_the_token_is_believed(self) -> None:
        process = self.start("-n", "2", "--remote", "2")
        one, two = map(self.remote, self.lines(process, 2))
        done = self.send(one[1], "1", token=one[0], data="false")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr,
            "dipcsend: refused: that is not the token of child 1 (denied)\n",
        )
        done = self.send(one[1], "2", token=one[0])
        self.assertIn("child 2 is not one of 0 to 1", done.stderr)
        for child, text in ((one, "a"), (two, "b")):
            done = self.send(child[1], child[2], token=child[0], data=text)
            self.assertEqual(done.returncode, 0, done.stderr)
            if child is one:
                done = self.send(child[1], child[2], token=child[0])
                self.assertIn("child 0 has begun before", done.stderr)
        said, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
        self.assertEqual(said, "ab")

    def test_what_fails_there_is_known_here(self) -> None:
        process = self.start("-n", "4", "--remote", "4", "--timeout", "5")
        children = [self.remote(line) for line in self.lines(process, 4)]
        token, address, which = children[0]
        done = self.send(
            *(address, which, "--", "sh", "-c", "echo part; exit 5"),
            token=token,
        )
        self.assertEqual(done.returncode, 3)
        self.assertEqual(
            done.stderr, "dipcsend: sh exited 5: it has no result\n"
        )
        token, address, which = children[1]
        done = self.send("--fail", "77", address, which, token=token)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        token, address, which = children[2]
        done = self.send(
            *("--size", "10", address, which), token=token, data="short"
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("shorter than was announced", done.stderr)
        _, said = process.communicate(timeout=COMMAND_TIMEOUT_S)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(
            said.splitlines(),
            [
                "dipcgather: child 0: declared a fatal error, number 5, "
                "after 5 bytes",
                "dipcgather: child 1: declared a fatal error, number 77",
                "dipcgather: child 2: cut off in mid-result, after 5 bytes",
                "dipcgather: child 3: never connected",
            ],
        )

    def test_a_cut_connection_is_never_the_end(self) -> None:
        process = self.start("-n", "3", "--remote", "3")
        for line in self.lines(process, 3):
            token, address, which = self.remote(line)
            with Wire(int(address.rpartition(":")[2])) as client:
                opening = f"g {which} {token}\n".encode()
                self.assertTrue(client.ask(opening).ok)
                piece = f"w {which} 5 at=end\nhello".encode()
                self.assertEqual(client.ask(piece).size, 5)
                if which == "0":
                    client.reset()
                elif which == "1":
                    client.half_close()
                    self.assertEqual(client.rest(), b"")
                else:
                    self.assertEqual(client.ask(b"q\n").line, "ok 0")
        said, why = process.communicate(timeout=COMMAND_TIMEOUT_S)
        self.assertEqual(said, "hello")
        self.assertEqual(
            why,
            "dipcgather: children 0 to 1: cut off in mid-result, after 5 "
            "bytes\n",
        )

    def test_a_sender_sees_that_the_gatherer_is_gone(self) -> None:
        process = self.start("-n", "1", "--remote", "1")
        token, address, which = self.remote(self.lines(process, 1)[0])
        sender = subprocess.Popen(
            [str(machine.BIN / "dipcsend"), address, which],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment | {"DIPC_TOKEN": token},
        )
        assert sender.stdin is not None and sender.stderr is not None
        with sender.stdin, sender.stderr:
            sender.stdin.write(b"some")
            sender.stdin.flush()
            # Once it has been read it is there.
            until(
                lambda: not select.select([sender.stdin], [], [], 0)[0]
                and fcntl.ioctl(
                    sender.stdin.fileno(), termios.FIONREAD, b"\0" * 4
                )
                == b"\0" * 4,
                "the sender has read",
            )
            process.send_signal(signal.SIGTERM)
            process.wait(COMMAND_TIMEOUT_S)
            self.assertEqual(sender.wait(COMMAND_TIMEOUT_S), 1)
            self.assertRegex(
                sender.stderr.read().decode(),
                "^dipcsend: .*(gone|refused|no more results).*\n$",
            )

    def test_a_sender_says_what_is_wrong(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        for arguments, token, status, said in (
            ((), "t", 2, "0 arguments; ADDRESS WHICH are wanted"),
            (("localhost", "1"), "t", 2, "'localhost' is not HOST:PORT"),
            (("h:1", "x"), "t", 2, "WHICH 'x' is not one of 0 to 16383"),
            (("h:1", "1", "ls"), "t", 2, "a command stands behind '--'"),
            (("--no", "h:1", "1"), "t", 2, "--no is not an option"),
            (("h:1", "1"), None, 1, "no token: DIPC_TOKEN holds it"),
            (("h:1", "1"), "a b", 1, "the token is not one that"),
            ((f"127.0.0.1:{port}", "1"), "t", 1, "Connection refused"),
            (("unix:/no/such", "1"), "t", 1, "cannot connect to /no/such"),
            (
                ("--token-file", "/no/such", "h:1", "1"),
                None,
                1,
                "cannot read the token in /no/such",
            ),
        ):
            with self.subTest(arguments=arguments):
                done = self.send(*arguments, token=token)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(f"dipcsend: {said}"[10:], done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_who_is_no_gatherer_is_recognised(self) -> None:
        server = self.dipc()
        done = self.send(f"127.0.0.1:{server.port}", "0", token="t", data="x")
        self.assertEqual(done.returncode, 1)
        self.assertIn('unknown verb "g"', done.stderr)


class Arguments(Gathering):
    def test_a_wrong_one_is_named(self) -> None:
        for arguments, said in (
            ((), "how many children? -n N says it"),
            (("-n", "3"), "no command: '-- command' behind the options"),
            (("-n", "0", "--", "ls"), "-n '0' is not one of 1 to 16384"),
            (("-n", "x", "--", "ls"), "-n 'x' is not one of 1 to 16384"),
            (("-n",), "-n needs a value behind it"),
            (("--foo",), "--foo is not an option"),
            (("-n", "1", "--remote", "2"), "--remote 2 is more than all 1"),
            (("-n", "1", "--remote", "1", "--", "ls"), "'ls' has nobody to"),
            (("-n", "1", "--tokens", "d", "--", "ls"), "--tokens is for"),
            (("-n", "1", "--timeout", "0", "--", "ls"), "--timeout '0'"),
            (("-n", "1", "--max-result", "1T", "--", "ls"), "'1T' is not a"),
            (("-n", "1", "--max-result", "k", "--", "ls"), "'k' is not a"),
            (("-n", "1", "--listen", "", "--", "ls"), "--listen '' is not"),
            (("-n", "1", "--listen", "a:b:", "--", "ls"), "'a:b:' is no"),
            (("-n", "1", "--listen", "[::1]x", "--", "ls"), "port 'x'"),
            (("-n", "1", "--listen", "127.0.0.1:0x", "--", "l"), "port '0x'"),
            (("-n", "1", "--listen", "203.0.113.9", "--", "ls"), "is no addr"),
            (("-n", "1", "--output", "", "--", "ls"), "--output '' is not"),
        ):
            with self.subTest(arguments=arguments):
                done = self.gather(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertTrue(done.stderr.startswith("dipcgather: "))
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_it_listens_where_it_is_told(self) -> None:
        hosts = ["127.0.0.1"] + ["[::1]"] * machine.has_ipv6()
        for host in hosts:
            with self.subTest(host):
                process = self.start(
                    *("-n", "2", "--remote", "1", "--listen", host),
                    *("--", "echo", "{}"),
                )
                token, address, which = self.remote(self.lines(process, 1)[0])
                self.assertTrue(address.startswith(host + ":"), address)
                done = self.send(address, which, token=token, data="1\n")
                self.assertEqual(done.returncode, 0, done.stderr)
                said, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
                self.assertEqual(said, "0\n1\n")


class Terminal(Gathering):
    def watch(self, *arguments: str) -> tuple[str, int]:
        """Run it in a terminal; all that came there, and its status."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(
                machine.BIN / "dipcgather",
                ["dipcgather", *arguments],
                self.environment,
            )
        size = struct.pack("HHHH", 24, 80, 0, 0)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
        said = b""
        deadline = time.monotonic() + COMMAND_TIMEOUT_S
        try:
            while time.monotonic() < deadline:
                try:
                    piece = os.read(terminal, 4096)
                except OSError:
                    break
                if not piece:
                    break
                said += piece
        finally:
            os.close(terminal)
        _, status = os.waitpid(pid, 0)
        return said.decode(), os.waitstatus_to_exitcode(status)

    def test_progress_is_shown_and_removed(self) -> None:
        script = "sleep 0.$(({} * 3)); [ {} != 2 ] && head -c 3000 /dev/zero"
        said, status = self.watch(
            *("-n", "3", "--output", str(self.directory / "results")),
            *("--", "sh", "-c", script),
        )
        self.assertEqual(status, 1)
        lines = re.findall(r"\rdipcgather: ([^\r]*)\x1b\[K", said)
        self.assertIn("0 of 3 done, ", lines[0])
        self.assertRegex(lines[-1], r"^2 of 3 done, 1 failed, .* 5\.9 kB, ")
        self.assertTrue(all(len(line) < 68 for line in lines))
        # What stays is the report alone.
        self.assertRegex(
            said, r"\r\x1b\[Kdipcgather: child 2: exited 1\r\n$"
        )

    def test_quiet_shows_none(self) -> None:
        said, status = self.watch(
            *("-n", "2", "--quiet", "--", "sh", "-c", "sleep 0.2; echo {}")
        )
        self.assertEqual((said, status), ("0\r\n1\r\n", 0))


class Documents(Gathering):
    def test_the_protocols_example_is_exact(self) -> None:
        text = (machine.TOP / "docs" / "protocol.md").read_text()
        section = re.search(r"(?ms)^## Gathering$.*?(?=^## )", text)
        assert section is not None
        lines = re.findall(r"(?m)^    ([<>] .*)$", section[0])
        self.assertEqual(len(lines), 10)
        process = self.start("-n", "4", "--remote", "4", "--timeout", "3")
        token, address, _ = self.remote(self.lines(process, 4)[3])
        with Wire(int(address.rpartition(":")[2])) as client:
            for line in lines:
                if line.startswith("< "):
                    self.assertEqual(client.line().decode(), line[2:])
                elif re.match("> [gwq]", line):
                    said = re.sub(r"[0-9a-f]{32}", token, line[2:])
                    client.send(said.encode() + b"\n")
                else:
                    client.send(line[2:].encode())
        said, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
        self.assertEqual(said, "hello world")


class Many(Gathering):
    def test_two_hundred_children(self) -> None:
        machine.need_plain_build("is too slow for so many processes")
        began = time.monotonic()
        done = self.gather("-n", "200", "--", "echo", "{}")
        took = time.monotonic() - began
        self.assertEqual(done.stderr, "")
        self.assertEqual(
            done.stdout, "".join(f"{i}\n" for i in range(200))
        )
        show(f"200 children, gathered in {took:.2f} s")


if __name__ == "__main__":
    main()
