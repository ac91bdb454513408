"""The units of systemd: right, closed, and enough for what they start."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path

from process import machine
from process.case import ProcessCase
from process.main import main, show
from process.server import Server, start_foreground, until

UNITS = machine.TOP / "cli" / "systemd"
EXPOSURE_MAX = 15  # tenths: systemd calls 10.0 unsafe, and 2.0 safe
CLIENTS_MAX = 4096
# What systemd lets every process do, whatever the filter says.
ALWAYS = {"execve", "exit", "exit_group", "rt_sigreturn"}


def settings(path: Path) -> dict[str, list[str]]:
    """Each setting of a unit with its values, in their order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and name.isalnum():
            found.setdefault(name, []).append(value)
    return found


class Units(ProcessCase):
    def setUp(self) -> None:
        super().setUp()
        self.service = self.directory / "dipc.service"
        self.socket = self.directory / "dipc.socket"
        shutil.copy(UNITS / "dipc.socket", self.socket)
        text = (UNITS / "dipc.service.in").read_text()
        self.service.write_text(text.replace("@BINDIR@", str(machine.BIN)))

    def analyze(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [machine.need_command("systemd-analyze"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

    def verify(self) -> subprocess.CompletedProcess[str]:
        units = (str(self.service), str(self.socket))
        return self.analyze("verify", "--man=no", *units)

    def security(self) -> subprocess.CompletedProcess[str]:
        return self.analyze(
            *("security", "--offline=yes", "--no-pager"),
            *(f"--threshold={EXPOSURE_MAX}", str(self.service)),
        )

    def replace(self, old: str, new: str) -> None:
        text = self.service.read_text()
        self.assertIn(old, text)
        self.service.write_text(text.replace(old, new))

    def test_systemd_finds_nothing_wrong(self) -> None:
        done = self.verify()
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        for old, new in (
            ("ProtectSystem=strict", "ProtectSystem=perhaps"),
            (str(machine.BIN), str(self.directory)),
        ):
            self.replace(old, new)
            self.assertNotEqual(self.verify().stdout, "", old)

    def test_the_service_is_closed(self) -> None:
        done = self.security()
        self.assertEqual(done.returncode, 0, done.stdout)
        found = re.search(
            r"exposure level for dipc\.service: (\S+)", done.stdout
        )
        assert found
        show(f"exposure of dipc.service: {found[1]} of 10")
        self.replace("CapabilityBoundingSet=\n", "")
        self.assertNotEqual(self.security().returncode, 0)

    def command(self) -> list[str]:
        """The command of the unit, with its variables in their places."""
        unit = settings(self.service)
        variables = dict(
            pair.split("=", 1)
            for value in unit["Environment"]
            for pair in value.split()
        )
        variables |= {"PORT": "any"}
        words = []
        for word in unit["ExecStart"][0].split():
            if word == "$OPTIONS":
                words.extend(variables["OPTIONS"].split())
            else:
                words.append(
                    re.sub(r"\$\{(\w+)\}", lambda m: variables[m[1]], word)
                )
        return words

    def start(self, *wrapper: str) -> Server:
        server = start_foreground(
            [*wrapper, *self.command()],
            self.directory / "log",
            self.environment,
        )
        self.ports.append(server.port)
        self.addCleanup(self._end, server)
        return server

    def test_its_command_serves_and_tells_systemd(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(str(self.runtime / "ear"))
            ear.settimeout(20)
            self.environment["NOTIFY_SOCKET"] = str(self.runtime / "ear")
            server = self.start()
            self.assertEqual(settings(self.service)["Type"], ["notify"])
            self.assertTrue(ear.recv(4096).startswith(b"READY=1\n"))
        with server.connect() as client:
            self.assertEqual(client.statistics()["mailboxes"], "64")

    def test_its_limits_are_enough_and_no_more(self) -> None:
        machine.need_command("prlimit")
        unit = settings(self.service)
        self.assertGreater(int(unit["TasksMax"][0]), CLIENTS_MAX + 1)
        limit = int(unit["LimitNOFILE"][0])
        for descriptors, warns in ((limit, False), (limit - 1, True)):
            server = self.dipc(wrapper=["prlimit", f"--nofile={descriptors}"])
            said = f"and the limit is {descriptors}" in server.logged()
            self.assertEqual(said, warns, server.logged())

    def test_what_a_killed_server_left_is_kept(self) -> None:
        unit = settings(self.service)
        self.assertEqual(unit["Restart"], ["on-failure"])
        self.assertEqual(unit["RemoveIPC"], ["no"])
        self.assertEqual(unit["User"], ["dipc"])
        self.assertNotIn("DynamicUser", unit, "it implies RemoveIPC=yes")
        user = (UNITS / "dipc.conf").read_text()
        self.assertRegex(user, r"(?m)^u dipc ")

    def test_the_sockets_are_on_the_port_of_the_service(self) -> None:
        ports = {
            address.rpartition(":")[2]
            for address in settings(self.socket)["ListenStream"]
        }
        self.assertEqual(len(ports), 1)
        said = " ".join(settings(self.service)["Environment"])
        self.assertIn(f"PORT={ports.pop()}", said.split())

    def expand(self, name: str) -> set[str]:
        """The system calls of a set, sets within it included."""
        done = self.analyze("syscall-filter", name)
        self.assertEqual(done.returncode, 0, done.stdout)
        found: set[str] = set()
        for line in done.stdout.splitlines()[1:]:
            word = line.strip()
            if word.startswith("@"):
                found |= self.expand(word)
            elif word and word[0] != "#":
                found.add(word)
        return found

    def allowed(self) -> set[str]:
        calls = set(ALWAYS)
        for value in settings(self.service)["SystemCallFilter"]:
            change = (
                calls.difference_update if value[0] == "~" else calls.update
            )
            for word in value.lstrip("~").split():
                change(self.expand(word) if word[0] == "@" else {word})
        return calls | self.expand("@default")

    def test_it_makes_no_call_that_is_filtered(self) -> None:
        strace = machine.need_strace()
        machine.need_plain_build("makes calls of the sanitizer's own")
        trace = self.directory / "trace"
        server = self.start(strace, "-f", "-qq", "-o", str(trace), "-D")
        with server.connect() as client, server.connect() as other:
            client.ask(b"w 0 5\nhello")
            other.send(b"r 0 after=1 wait=20000\n")
            until(lambda: client.statistics(0)["watching"] == "1", "it waits")
            client.ask(b"w 0 3 at=end\nyou")
            self.assertTrue(other.reply().ok)
            client.ask(b"q\n")
        self.dipcrm(server)
        server.wait()
        calls = set(re.findall(r"(?m)^\d+ +(\w+)\(", trace.read_text()))
        self.assertIn("accept4", calls)
        self.assertEqual(calls - self.allowed(), set())


if __name__ == "__main__":
    main()
