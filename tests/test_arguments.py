"""Bad arguments of every kind: status 2, and a message that helps."""

from __future__ import annotations

import subprocess

from process import machine
from process.case import ProcessCase, until
from process.main import main

BIG = "99999999999999999999"

WANTED = "<mailboxes> <mailbox kb> <port> <packet kb>"
# What is wrong with it, the arguments, and words that the message must have.
DIPC: tuple[tuple[str, list[str], list[str]], ...] = (
    ("nothing", [], [WANTED]),
    ("one argument", ["1"], [WANTED]),
    ("three arguments", ["1", "1", "any"], [WANTED]),
    ("five arguments", ["1", "1", "any", "1", "1"], [WANTED]),
    ("no mailboxes", ["0", "1", "any", "1"], ["mailboxes", "0"]),
    ("minus one mailbox", ["--", "-1", "1", "any", "1"], ["mailboxes", "-1"]),
    ("a word", ["many", "1", "any", "1"], ["mailboxes", "many"]),
    ("an empty word", ["", "1", "any", "1"], ["mailboxes"]),
    ("a number and more", ["1x", "1", "any", "1"], ["mailboxes", "1x"]),
    ("a blank before", [" 1", "1", "any", "1"], ["mailboxes"]),
    ("a plus", ["+1", "1", "any", "1"], ["mailboxes", "+1"]),
    ("hexadecimal", ["0x10", "1", "any", "1"], ["mailboxes", "0x10"]),
    ("a fraction", ["1.5", "1", "any", "1"], ["mailboxes", "1.5"]),
    ("beyond 64 bits", [BIG, "1", "any", "1"], ["mailboxes", BIG]),
    ("beyond the most", ["4294967297", "1", "any", "1"], ["mailboxes"]),
    ("size 0", ["1", "0", "any", "1"], ["mailbox kb", "0"]),
    ("size a word", ["1", "big", "any", "1"], ["mailbox kb", "big"]),
    ("size with a unit", ["1", "16k", "any", "1"], ["mailbox kb", "16k"]),
    ("size beyond 64 bits", ["1", BIG, "any", "1"], ["mailbox kb", BIG]),
    (
        "size whose bytes overflow",
        ["1", "18014398509481985", "any", "1"],
        ["mailbox kb"],
    ),
    ("port 0", ["1", "1", "0", "1"], ["port", "1 to 65535"]),
    ("port 70000", ["1", "1", "70000", "1"], ["70000", "1 to 65535"]),
    ("port 65536", ["1", "1", "65536", "1"], ["65536", "1 to 65535"]),
    ("port 4294967297", ["1", "1", "4294967297", "1"], ["1 to 65535"]),
    ("port minus", ["--", "1", "1", "-7000", "1"], ["port", "-7000"]),
    (
        "an unknown service",
        ["1", "1", "nosuchservice", "1"],
        ["port", "nosuchservice"],
    ),
    ("an empty port", ["1", "1", "", "1"], ["port"]),
    ("packet 0", ["1", "1", "any", "0"], ["packet kb", "0"]),
    ("packet a word", ["1", "1", "any", "x"], ["packet kb", "x"]),
    ("packet beyond 64 bits", ["1", "1", "any", BIG], ["packet kb", BIG]),
    (
        "packet whose bytes overflow",
        ["1", "1", "any", "18014398509481984"],
        ["packet kb"],
    ),
    ("an unknown option", ["--nonsense"], ["--nonsense"]),
    ("an unknown letter", ["-Z", "1", "1", "any", "1"], ["Z"]),
    ("max-clients 0", ["--max-clients", "0"], ["--max-clients", "0"]),
    ("max-clients x", ["--max-clients", "x"], ["--max-clients", "x"]),
    ("max-clients -1", ["--max-clients", "-1"], ["--max-clients", "-1"]),
    ("max-clients big", ["--max-clients", BIG], ["--max-clients"]),
    ("max-clients empty", ["--max-clients="], ["--max-clients"]),
    ("concurrency 0", ["--concurrency", "0"], ["--concurrency", "0"]),
    ("concurrency x", ["--concurrency", "x"], ["--concurrency", "x"]),
    ("idle-timeout x", ["--idle-timeout", "x"], ["--idle-timeout", "x"]),
    ("idle-timeout big", ["--idle-timeout", BIG], ["--idle-timeout"]),
    ("idle-timeout -1", ["--idle-timeout=-1"], ["--idle-timeout"]),
    ("request-timeout 0", ["--request-timeout", "0"], ["--request-timeout"]),
    ("request-timeout x", ["--request-timeout", "x"], ["--request-timeout"]),
    ("lock-timeout x", ["--lock-timeout", "x"], ["--lock-timeout"]),
    ("lock-timeout big", ["--lock-timeout", BIG], ["--lock-timeout"]),
    ("max-wait x", ["--max-wait", "x"], ["--max-wait"]),
    ("max-wait big", ["--max-wait", BIG], ["--max-wait"]),
    ("gap x", ["--gap", "x"], ["--gap"]),
    ("gap 0", ["--gap", "0"], ["--gap"]),
    ("gap big", ["--gap", BIG], ["--gap"]),
    ("gap -5", ["--gap=-5"], ["--gap"]),
    ("listen nowhere", ["--listen="], ["--listen"]),
    (
        "listen none and nothing else",
        ["--listen", "none"],
        ["--listen none", "--unix path"],
    ),
    ("unix nowhere", ["--unix="], ["--unix"]),
    ("unix twice", ["--unix", "a", "--unix", "b"], ["--unix", "one"]),
    ("unix-mode x", ["--unix-mode", "x"], ["--unix-mode", "octal"]),
    ("unix-mode 1777", ["--unix-mode", "1777"], ["--unix-mode", "1777"]),
    (
        "unix-owner nobody knows",
        ["--unix-owner", "no-such-user"],
        ["--unix-owner", "no-such-user"],
    ),
    (
        "unix-mode for no socket",
        ["--unix-mode", "600"],
        ["--unix-mode", "--unix"],
    ),
    ("log nowhere", ["--log="], ["--log"]),
    ("foreground with a value", ["--foreground=1"], ["foreground"]),
)
NEEDS_VALUE = (
    "--listen",
    "--unix",
    "--unix-mode",
    "--unix-owner",
    "--max-clients",
    "--concurrency",
    "--idle-timeout",
    "--request-timeout",
    "--lock-timeout",
    "--max-wait",
    "--gap",
    "--log",
)
DIPCRM: tuple[tuple[str, list[str], list[str]], ...] = (
    ("nothing", [], ["one port is wanted"]),
    ("two ports", ["7000", "7001"], ["one port is wanted"]),
    ("port 0", ["0"], ["port", "1 to 65535"]),
    ("port 65536", ["65536"], ["65536", "1 to 65535"]),
    ("port big", [BIG], ["1 to 65535"]),
    ("a word", ["nosuchservice"], ["port", "nosuchservice"]),
    ("empty", [""], ["port"]),
    ("a path", ["../../etc/passwd"], ["port"]),
    ("minus", ["--", "-7000"], ["port", "-7000"]),
    ("an unknown option", ["--nonsense", "7000"], ["--nonsense"]),
)


class Arguments(ProcessCase):
    def refuse(
        self, name: str, arguments: list[str], words: list[str]
    ) -> None:
        done = self.run_command(name, *arguments)
        said = done.stderr.lower()
        self.assertEqual(done.returncode, 2, said)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word.lower(), said)
        self.assertRegex(done.stderr, f"^{name}: ")
        self.assertLess(len(said.splitlines()), 6, "it is short")

    def assert_no_new_segment(self, before: set[str]) -> None:
        until(
            lambda: machine.abandoned_segments() <= before,
            "no segment is left that was not there before",
        )

    def test_dipc_refuses_what_makes_no_sense(self) -> None:
        before = machine.abandoned_segments()
        for what, arguments, words in DIPC:
            whole = list(arguments)
            if (
                arguments
                and arguments[0].startswith("--")
                and whole[0] != "--"
            ):
                whole += ["1", "1", "any", "1"]
            with self.subTest(what):
                self.refuse("dipc", whole, words)
        self.assert_no_new_segment(before)
        self.assertEqual(self.sockets(), [])

    def test_an_option_without_its_value_is_refused(self) -> None:
        for option in NEEDS_VALUE:
            with self.subTest(option):
                self.refuse("dipc", [option], [option.lstrip("-")])

    def test_dipcrm_refuses_what_makes_no_sense(self) -> None:
        for what, arguments, words in DIPCRM:
            with self.subTest(what):
                self.refuse("dipcrm", arguments, words)

    def test_too_much_memory_is_refused_before_anything_is_made(self) -> None:
        for mailboxes, size_kb in (
            ("1000000", "1000000"),
            ("1048576", "1073741824"),
            ("1", "1000000000"),
        ):
            with self.subTest(f"{mailboxes} of {size_kb} kB"):
                before = machine.abandoned_segments()
                done = self.run_command("dipc", mailboxes, size_kb, "any", "1")
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertRegex(done.stderr, "^dipc: ")
                self.assertRegex(done.stderr, "(?i)memory|large|bytes|kB|most")
                self.assertEqual(done.stdout, "")
                self.assert_no_new_segment(before)

    def test_help_tells_every_option_on_standard_output(self) -> None:
        done = self.run_command("dipc", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in (
            *NEEDS_VALUE,
            "--foreground",
            "--verbose",
            "--help",
            "--version",
        ):
            self.assertIn(option, done.stdout)
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
        done = self.run_command("dipcrm", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--force", done.stdout)

    def test_version_is_that_of_the_statistics(self) -> None:
        with self.dipc().connect() as client:
            version = client.statistics()["version"]
        for name in ("dipc", "dipcrm"):
            done = self.run_command(name, "--version")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(version, done.stdout)
            self.assertTrue(done.stdout.startswith(name))

    def test_options_may_stand_anywhere_before_the_end(self) -> None:
        server = self.dipc(
            "--gap",
            "20",
            "--max-clients=5",
            "--",
        )
        with server.connect() as client:
            self.assertEqual(client.statistics()["clients-max"], "5")

    def test_help_to_a_full_disk_is_a_failure(self) -> None:
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [machine.BIN / "dipc", "--help"],
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=40,
            )
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    main()
