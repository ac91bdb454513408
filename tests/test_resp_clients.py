"""Redis's own tools and the client libraries of three languages, at a server.

`docs/resp.md` names their versions; a test compares.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from process import machine
from process.case import ProcessCase
from process.main import main
from process.machine import TOP
from process.server import Server
from process.tmux import Terminal, Tmux
from test_documents import blocks

CLIENTS = TOP / "tests" / "clients"
NODE_PACKAGES = TOP / "build" / "node"
DOCUMENT = TOP / "docs" / "resp.md"


class ClientCase(ProcessCase):
    def run_client(self, *command: str, stdin: str = "") -> str:
        """Run a client to its end; what it printed."""
        done = subprocess.run(
            command,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def cli(self, server: Server, *words: str, stdin: str = "") -> str:
        redis_cli = machine.need_command("redis-cli")
        return self.run_client(
            redis_cli, "-p", str(server.port), *words, stdin=stdin
        )

    def assert_documented(self, version: str) -> None:
        self.assertIn(version, DOCUMENT.read_text(), "in docs/resp.md")


class RedisCli(ClientCase):
    def test_single_commands(self) -> None:
        server = self.dipc()
        self.assertEqual(self.cli(server, "set", "mailbox:3", "hello"), "OK\n")
        self.assertEqual(self.cli(server, "get", "3"), "hello\n")
        self.assertEqual(self.cli(server, "-3", "get", "4"), "\n")
        self.assertEqual(
            self.cli(server, "get", "99"),
            "ERR no such mailbox: 99 is not one of 0 to 7\n\n",
        )
        version = self.run_client("redis-cli", "--version").split()[1]
        self.assert_documented(f"redis-cli | {version}")

    def test_commands_from_a_file(self) -> None:
        said = self.cli(
            self.dipc(),
            stdin='set 3 "a b"\nmulti\nappend 3 c\nget 3\nexec\n',
        )
        self.assertEqual(said, "OK\nOK\nQUEUED\nQUEUED\n4\na bc\n")

    def test_values_of_any_bytes_through_a_pipe(self) -> None:
        server = self.dipc()
        data = "x" * 16000
        self.cli(server, "-x", "set", "3", stdin=data)
        self.assertEqual(self.cli(server, "get", "3"), data + "\n")

    def test_scan_and_big_keys(self) -> None:
        server = self.dipc(mailboxes=300)
        numbers = [str(i) for i in range(0, 300, 7)]
        self.cli(
            server, stdin="".join(f"set {i} {'x' * int(i)}y\n" for i in numbers)
        )
        self.assertEqual(self.cli(server, "--scan").split(), numbers)
        self.assertEqual(
            self.cli(server, "--scan", "--pattern", "29?").split(), ["294"]
        )
        said = self.cli(server, "--bigkeys")
        self.assertIn(f"Sampled {len(numbers)} keys", said)
        self.assertIn("'\"294\"' has 295 bytes", said)

    def test_mass_insertion(self) -> None:
        server = self.dipc()
        text = "".join(f"SET {i % 8} {i}\r\n" for i in range(5000))
        said = self.cli(server, "--pipe", stdin=text)
        self.assertIn("errors: 0, replies: 5000", said)
        self.assertEqual(self.cli(server, "get", "7"), "4999\n")

    def test_the_document_shows_what_happens(self) -> None:
        server = self.dipc()
        shown = 0
        for block in blocks(DOCUMENT.read_text()):
            said: list[str] = []
            expected: list[str] = []
            for line in block:
                if not line.startswith("$ redis-cli -p 7000 "):
                    expected.append(line)
                    continue
                words = line.split()[4:]
                self.assertEqual(said, expected)
                said = self.cli(server, "--no-raw", *words).splitlines()
                expected = []
                shown += 1
            if shown and block[0].startswith("$ "):
                self.assertEqual(said, expected)
        self.assertGreaterEqual(shown, 4)


class RedisCliTerminal(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.tmux = Tmux(self.directory)
        self.addCleanup(self.tmux.close)

    def cli_terminal(self, server: Server, *options: str) -> Terminal:
        return self.tmux.start(
            machine.need_command("redis-cli"),
            *("-p", str(server.port)),
            *options,
            columns=100,
        )

    def test_a_person_is_answered_and_helped(self) -> None:
        server = self.dipc()
        terminal = self.cli_terminal(server)
        prompt = f"127.0.0.1:{server.port}"
        terminal.expect(f"{prompt}> ")
        terminal.type("setifmatch ")
        terminal.expect("setifmatch key value version [NOGET]")
        terminal.type("3 hello 0", "Enter")
        terminal.expect("1) (integer) 1\n2) (nil)")
        terminal.type("get mailbox:3", "Enter")
        terminal.expect('"hello"')
        terminal.type("help dipc.wait", "Enter")
        terminal.expect("summary: Wait for a newer version of a mailbox")
        terminal.type("multi", "Enter")
        terminal.expect(f"{prompt}(TX)> ")
        terminal.type("append 3 !", "Enter")
        terminal.expect("QUEUED")
        terminal.type("exec", "Enter")
        terminal.expect("1) (integer) 6")
        terminal.type("hello 3", "Enter")
        terminal.expect('"standalone"')
        terminal.type("what 1", "Enter")
        terminal.expect("(error) ERR unknown command 'what', with args")
        terminal.type("quit", "Enter")
        self.assertEqual(terminal.status(), 0)

    def test_stat_shows_what_happens(self) -> None:
        server = self.dipc()
        self.cli(server, "set", "3", "hello")
        machine.need_command("redis-cli")
        # It has no end of its own; a shell survives the key that ends it.
        terminal = self.tmux.start(
            *("bash", "-c", 'trap : INT; redis-cli "$@"; true', "bash"),
            *("-p", str(server.port), "--stat", "-i", "0.1"),
            columns=100,
        )
        terminal.expect("keys       mem      clients blocked requests")
        terminal.expect("(+1)")
        rows = [
            row.split()
            for row in terminal.lines()
            if re.match(r"\d+ +\d", row)
        ]
        self.assertEqual(rows[0][0], "1", "keys")
        self.assertEqual(rows[0][2:4], ["1", "0"], "clients, blocked")
        terminal.type("", "C-c")
        self.assertEqual(terminal.status(), 0)


class RedisBenchmark(ClientCase):
    def benchmark(self, server: Server, *options: str) -> dict[str, float]:
        """Requests per second, by test."""
        said = self.run_client(
            machine.need_command("redis-benchmark"),
            *("-p", str(server.port), "--csv"),
            *options,
        )
        self.assertNotIn("WARNING", said)
        rows = [row.split(",") for row in said.splitlines()[1:]]
        return {row[0].strip('"'): float(row[1].strip('"')) for row in rows}

    def test_its_usual_tests(self) -> None:
        server = self.dipc(mailboxes=100)
        wanted = {"PING_INLINE", "PING_MBULK", "SET", "GET"}
        for options in (
            ("-n", "2000", "-c", "20"),
            ("-n", "20000", "-c", "10", "-P", "16"),
            ("-n", "20000", "-c", "8", "--threads", "2", "-P", "4"),
            ("-n", "500", "-c", "5", "-d", "16000"),
            ("-n", "2000", "-c", "5", "-3"),
        ):
            with self.subTest(options):
                found = self.benchmark(
                    server, "-t", "ping,set,get", "-r", "100", *options
                )
                self.assertEqual(found.keys(), wanted)
                self.assertTrue(all(found.values()), found)
        self.assertEqual(self.cli(server, "dbsize"), "100\n")

    def test_a_command_of_its_users_own(self) -> None:
        server = self.dipc(mailboxes=10)
        found = self.benchmark(
            server, "-r", "10", "-n", "2000", "setwithetag", "__rand_int__", "x"
        )
        self.assertEqual(len(found), 1)

    def test_figures(self) -> None:
        """Printed, not judged: they are this machine's."""
        path = self.directory / "socket"
        server = self.dipc("--unix", str(path), mailboxes=1000)
        for name, where in (("TCP", ()), ("Unix", ("-s", str(path)))):
            found = self.benchmark(
                server,
                *where,
                *("-t", "set,get", "-r", "1000", "-d", "64"),
                *("-c", "50", "-n", "100000", "-P", "16"),
            )
            print(
                f"figure: RESP over {name}, 50 clients, -P 16:",
                ", ".join(f"{k} {v:,.0f}/s" for k, v in found.items()),
            )
            self.assertEqual(found.keys(), {"SET", "GET"})


class Libraries(ClientCase):
    def test_redis_py(self) -> None:
        python = machine.system_python("redis")
        server = self.dipc(mailboxes=8)
        said = self.run_client(
            python, str(CLIENTS / "redis_py.py"), str(server.port)
        )
        self.assert_documented(said.strip().replace(" ", " | "))

    def test_hiredis(self) -> None:
        if not Path("/usr/include/hiredis/hiredis.h").exists():
            self.skipTest("libhiredis-dev is not installed")
        program = self.directory / "hiredis"
        self.run_client(
            *("cc", "-Wall", "-Wextra", "-Werror", "-o", str(program)),
            *(str(CLIENTS / "hiredis.c"), "-lhiredis"),
        )
        path = self.directory / "socket"
        server = self.dipc("--unix", str(path))
        for where in (str(server.port), str(path)):
            with self.subTest(where):
                said = self.run_client(str(program), where)
        self.assert_documented(said.strip().replace(" ", " | "))

    def test_node(self) -> None:
        node = machine.need_command("node")
        if not (NODE_PACKAGES / "node_modules" / "ioredis").exists():
            self.skipTest("Node.js's clients are not installed")
        server = self.dipc()
        said = self.run_client(
            node,
            str(CLIENTS / "node.mjs"),
            str(server.port),
            str(NODE_PACKAGES),
        )
        for version in said.split(", ")[:2]:
            self.assert_documented(version.replace(" ", " | "))


if __name__ == "__main__":
    main()
