"""What the documents show is what happens."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys

from process import machine
from process.case import ProcessCase
from process.main import main
from process.wire import Wire

PORT = "7000"


def blocks(text: str) -> list[list[str]]:
    """The indented examples of a document, each as its lines."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("    "):
            found[-1].append(line[4:])
        elif found[-1]:
            found.append([])
    return [block for block in found if block]


class Examples(ProcessCase):
    def test_those_of_the_python_tour(self) -> None:
        tour = (machine.TOP / "docs" / "python.md").read_text()
        server = self.dipc(mailboxes=16, mailbox_kb=64, packet_kb=4)
        lines = [
            line
            for block in blocks(tour.replace(PORT, str(server.port)))
            if any(line.startswith(">>> ") for line in block)
            for line in [*block, ""]
        ]
        self.assertGreater(len(lines), 40)
        self.play_python("\n".join(lines))

    def test_those_of_the_readme(self) -> None:
        machine.need_command("nc")
        machine.need_command("redis-cli")
        readme = (machine.TOP / "README.md").read_text()
        self.assertIn("./dipc 16 64 7000 4", readme)
        server = self.dipc(mailboxes=16, mailbox_kb=64, packet_kb=4)
        shown = 0
        for block in blocks(readme.replace(PORT, str(server.port))):
            if any(line.startswith(">>> ") for line in block):
                self.play_python("\n".join(block))
                shown += 1
            elif block[0].startswith("$ "):
                shown += self.play_shell(block)
        self.assertGreater(shown, 3)
        self.assertEqual(server.wait(), 0)

    def play_shell(self, block: list[str]) -> int:
        commands: list[tuple[str, list[str]]] = []
        for line in block:
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
        for command, expected in commands:
            if command.startswith("./dipc "):
                continue  # it runs already
            if command.startswith("export "):
                self.export(command)
                continue
            if command.startswith("cc "):
                continue  # tests/test_libdipc.py does that
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=machine.TOP,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=self.environment,
                timeout=40,
            )
            self.assertEqual(done.stdout.splitlines(), expected, command)
        return len(commands)

    def export(self, command: str) -> None:
        """What this sets holds for all that follows."""
        done = subprocess.run(
            ["bash", "-c", f"{command} && env -0"],
            capture_output=True,
            text=True,
            env=self.environment,
            check=True,
            timeout=40,
        )
        pairs = (pair.partition("=") for pair in done.stdout.split("\0"))
        self.environment = {name: value for name, _, value in pairs if name}

    def play_python(self, text: str) -> None:
        folder = str(machine.TOP / "cli" / "python")
        sys.path.insert(0, folder)
        self.addCleanup(sys.path.remove, folder)
        said: list[str] = []
        example = doctest.DocTestParser().get_doctest(
            text, {}, "README.md", None, None
        )
        doctest.DocTestRunner().run(
            example, out=said.append, clear_globs=False
        )
        example.globs["c"].close()
        self.assertEqual(said, [])


class Commands(ProcessCase):
    def test_what_is_said_to_be_made_can_be_made(self) -> None:
        """What these targets do is tested where it belongs; none of them is
        a word of the documents alone."""
        shown = set()
        for page in ("README.md", "docs/install.md"):
            text = (machine.TOP / page).read_text()
            for line in (line for block in blocks(text) for line in block):
                if line.startswith("make "):
                    shown.add(line.partition(" #")[0].strip())
        self.assertGreater(len(shown), 8)
        for command in sorted(shown):
            with self.subTest(command):
                done = subprocess.run(
                    [*command.split(), "--dry-run"],
                    cwd=machine.TOP,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=self.environment,
                    timeout=40,
                )
                self.assertEqual(done.returncode, 0, done.stderr)


class Protocol(ProcessCase):
    def test_its_example_is_exact(self) -> None:
        text = (machine.TOP / "docs" / "protocol.md").read_text()
        text = re.sub(r"(?ms)^## Gathering$.*?(?=^## )", "", text)
        lines = [
            line
            for block in blocks(text)
            for line in block
            if re.match("[<>] ", line)
        ]
        self.assertGreater(len(lines), 10)
        with self.dipc(mailboxes=16).connect() as client:
            while lines:
                self.play(client, lines)

    def play(self, client: Wire, lines: list[str]) -> None:
        """One request and its answer, off the beginning of the lines."""
        header = lines.pop(0).removeprefix("> ")
        request = header.encode() + b"\n"
        if re.match(r"w \d+ [1-9]", header):
            request += lines.pop(0).removeprefix("> ").encode()
        client.send(request)
        expected = lines.pop(0).removeprefix("< ")
        self.assertEqual(client.line().decode(), expected, header)
        if found := re.match("ok ([1-9][0-9]*)", expected):
            data = lines.pop(0).removeprefix("< ")
            self.assertEqual(client.exactly(int(found[1])).decode(), data)


if __name__ == "__main__":
    main()
