"""What runs out: clients, descriptors, threads, memory, time."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator

from process import machine
from process.case import ProcessCase, Server, until
from process.main import main, show
from process.wire import Wire

IDLE_CLIENT_MAX_KB = 48
IDLE_CLIENTS = 1000


class Clients(ProcessCase):
    def test_one_client_too_many_is_told_and_closed(self) -> None:
        server = self.dipc("--max-clients", "3")
        members = [server.connect() for _ in range(3)]
        for member in members:
            self.addCleanup(member.close)
            self.assertTrue(member.ask(b"r 0\n").ok)
        for _ in range(20):
            with server.connect() as refused:
                reply = refused.reply()
                self.assertEqual(reply.code, "busy")
                self.assertEqual(refused.rest(), b"")
            with server.connect() as refused:
                refused.send(b"w 0 4096\n" + b"x" * 4096)
                self.assertEqual(refused.reply().code, "busy")
                self.assertEqual(refused.rest(), b"")
        self.assertEqual(members[0].statistics()["clients"], "3")
        members[1].close()
        until(lambda: members[0].statistics()["clients"] == "2", "it is gone")
        with server.connect() as client:
            self.assertTrue(client.ask(b"w 0 1\nx").ok)
            self.assertEqual(client.ask(b"r 0\n").version, 1)

    def test_idle_clients_are_cheap(self) -> None:
        machine.need_plain_build("has a memory of its own")
        server = self.dipc()
        members: list[Wire] = []
        with server.connect() as first:
            first.ask(b"r 0\n")
            before = server.resident_kb()
            for _ in range(IDLE_CLIENTS):
                member = server.connect()
                self.addCleanup(member.close)
                members.append(member)
                self.assertTrue(member.ask(b"w 0 4\nwork").ok)
                self.assertEqual(member.ask(b"r 0\n").data, b"work")
            self.assertEqual(
                first.statistics()["clients"], str(IDLE_CLIENTS + 1)
            )
            each = (server.resident_kb() - before) / IDLE_CLIENTS
        show(
            f"{IDLE_CLIENTS} idle clients, packets of 4 kB: "
            f"{each:.1f} kB resident each (at most {IDLE_CLIENT_MAX_KB})"
        )
        self.assertLessEqual(each, IDLE_CLIENT_MAX_KB)

    def test_buffers_are_given_back_after_large_packets(self) -> None:
        machine.need_plain_build("has a memory of its own")
        server = self.dipc(packet_kb=1024, mailbox_kb=1024, mailboxes=1)
        members = [server.connect() for _ in range(50)]
        with server.connect() as first:
            first.ask(b"w 0 1048576\n" + b"x" * 1048576)
            before = server.resident_kb()
            for member in members:
                self.addCleanup(member.close)
                self.assertEqual(len(member.ask(b"r 0\n").data), 1048576)
            until(
                lambda: (server.resident_kb() - before) / 50 <= 100,
                "the buffers are given back",
            )


class Descriptors(ProcessCase):
    def test_the_soft_limit_is_raised_to_the_hard_one(self) -> None:
        prlimit = machine.need_command("prlimit")
        server = self.dipc(wrapper=[prlimit, "--nofile=64:400"])
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                client = stack.enter_context(server.connect())
                self.assertTrue(client.ask(b"r 0\n").ok)

    def test_running_out_neither_spins_nor_kills(self) -> None:
        prlimit = machine.need_command("prlimit")
        server = self.dipc(wrapper=[prlimit, "--nofile=60:60"])
        with contextlib.ExitStack() as stack:
            served: list[Wire] = []
            others: list[Wire] = []
            told = False
            for _ in range(100):
                client = stack.enter_context(server.connect(timeout=0.1))
                try:
                    reply = client.ask(b"r 0\n")
                    told |= reply.code == "busy"
                    good = reply.ok
                except (OSError, EOFError):
                    good = False
                (served if good else others).append(client)
            self.assertGreater(len(served), 20)
            self.assertGreater(len(others), 20)
            # As long as a descriptor is left to say it with, it is said.
            self.assertTrue(told or self.is_told(others))
            used = server.processor_s()
            for _ in range(10):  # three seconds of the server's own time
                served[0].socket.settimeout(10)
                served[0].ask(b"r 7 after=99 wait=300\n")
            used = server.processor_s() - used
            self.assertLess(used, 1.0, "it does not spin")
            for client in others[10:] + served[1:]:
                client.close()
            until(
                lambda: int(served[0].statistics()["clients"]) <= 12,
                "they are gone",
            )
        self.assert_recovered(server)

    def is_told(self, refused: list[Wire]) -> bool:
        """Does any of them hear that the server is busy?"""
        for client in refused:
            try:
                if client.reply().code == "busy":
                    return True
            except (OSError, EOFError):
                continue
        return False

    def test_descriptors_taken_away_while_it_runs(self) -> None:
        prlimit = machine.need_command("prlimit")
        server = self.dipc()
        with server.connect() as first:
            first.ask(b"r 0\n")
            limit = server.descriptors()
            subprocess.run(
                [
                    prlimit,
                    "--pid",
                    str(server.pid),
                    f"--nofile={limit}:{limit}",
                ],
                check=True,
                timeout=30,
            )
            with contextlib.ExitStack() as stack:
                for _ in range(20):
                    stack.enter_context(server.connect())
                self.assertTrue(first.ask(b"w 0 1\nx").ok)
        self.assert_recovered(server)

    def test_it_is_ended_without_a_descriptor_to_spare(self) -> None:
        prlimit = machine.need_command("prlimit")
        server = self.dipc(wrapper=[prlimit, "--nofile=60:60"])
        with contextlib.ExitStack() as stack:
            for _ in range(150):
                stack.enter_context(server.connect())
            until(lambda: server.descriptors() == 60, "all are taken")
            [path] = self.sockets()
            for _ in range(2):
                silent = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                stack.enter_context(silent).connect(str(path))
            self.dipcrm(server)
            self.assertEqual(server.wait(), 0)
        self.assert_nothing_is_left(server)

    def assert_recovered(self, server: Server) -> None:
        def is_served() -> bool:
            with server.connect() as client:
                return client.ask(b"w 0 1\nx").ok

        until(is_served, "clients are served again")
        self.dipcrm(server)
        self.assertEqual(server.wait(), 0)
        self.assert_nothing_is_left(server)


class Threads(ProcessCase):
    @contextlib.contextmanager
    def few_threads(self, count: int) -> Iterator[Server]:
        """A server whose user may have no more than so many threads."""
        machine.need_root()
        machine.need_plain_build("needs threads of its own")
        setpriv = machine.need_command("setpriv")
        prlimit = machine.need_command("prlimit")
        user = 64000 + self.logs  # one who runs nothing else
        copy = self.directory / "dipc"
        shutil.copy(machine.BIN / "dipc", copy)
        environment = dict(self.environment)
        self.runtime = self.directory / "theirs"
        self.runtime.mkdir(mode=0o700)
        shutil.chown(self.runtime, user, user)
        environment["XDG_RUNTIME_DIR"] = str(self.runtime)
        yield self.dipc(
            wrapper=[
                prlimit,
                f"--nproc={count}:{count}",
                setpriv,
                f"--reuid={user}",
                f"--regid={user}",
                "--clear-groups",
                "sh",
                "-c",
                f'shift; exec "{copy}" "$@"',
                "sh",
            ],
            environment=environment,
        )

    def test_running_out_refuses_and_recovers(self) -> None:
        with self.few_threads(20) as server:
            with contextlib.ExitStack() as stack:
                served: list[Wire] = []
                refused = 0
                for _ in range(50):
                    client = stack.enter_context(server.connect(timeout=10))
                    reply = client.ask(b"r 0\n")
                    if reply.ok:
                        served.append(client)
                    else:
                        self.assertEqual(reply.code, "busy")
                        self.assertEqual(client.rest(), b"")
                        refused += 1
                self.assertGreater(len(served), 5)
                self.assertGreater(refused, 20)
                for client in served[1:]:
                    client.close()
                until(
                    lambda: served[0].statistics()["clients"] == "1",
                    "they are gone",
                )
                with server.connect() as client:
                    self.assertTrue(client.ask(b"r 0\n").ok)


class Memory(ProcessCase):
    def private_shm(self, size: str) -> list[str]:
        machine.need_mount_namespace()
        script = f"mount -t tmpfs -o size={size} tmpfs /dev/shm || exit 99"
        return ["unshare", "-m", "sh", "-c", script + '; exec "$@"', "sh"]

    def test_a_full_dev_shm_is_an_error_at_the_start(self) -> None:
        script = (
            "mount -t tmpfs -o size=1m tmpfs /dev/shm || exit 99\n"
            '"$@"; status=$?\n'
            "ls -A /dev/shm\n"
            "exit $status\n"
        )
        machine.need_mount_namespace()
        for mode in ((), ("--foreground",)):
            done = self.run_command(
                "dipc",
                *mode,
                "4",
                "1024",
                "any",
                "4",
                wrapper=["unshare", "-m", "sh", "-c", script, "sh"],
            )
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stdout, "", "nothing is left in /dev/shm")
            self.assertRegex(done.stderr, "^dipc: ")
            self.assertRegex(done.stderr, "(?i)space|memory")

    def test_memory_is_really_reserved(self) -> None:
        """Once it runs, a /dev/shm that fills up harms nobody."""
        wrapper = self.private_shm("8m")
        server = self.dipc(
            mailboxes=4, mailbox_kb=256, wrapper=wrapper, packet_kb=256
        )
        fill = subprocess.run(
            [
                "nsenter",
                "-t",
                str(server.pid),
                "-m",
                "dd",
                "if=/dev/zero",
                "of=/dev/shm/full",
                "bs=64k",
            ],
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
        self.assertIn("No space", fill.stderr)
        with server.connect() as client:
            for mailbox in range(4):
                for _ in range(2):
                    request = b"w %d 262144\n" % mailbox + b"x" * 262144
                    self.assertTrue(client.ask(request).ok)

    def test_large_mailboxes_work_to_their_last_byte(self) -> None:
        server = self.dipc(mailboxes=2, mailbox_kb=65536, packet_kb=1024)
        size = 65536 * 1024
        with server.connect() as client:
            reply = client.ask(b"w 0 1 at=%d\nz" % (size - 1))
            self.assertEqual(reply.size, size)
            reply = client.ask(b"r 0 at=%d\n" % (size - 1))
            self.assertEqual(reply.data, b"z")
            self.assertEqual(client.ask(b"w 0 1 at=end\nz").code, "too-large")
            self.assertTrue(client.ask(b"w 0 1 at=0\na").ok)


if __name__ == "__main__":
    main()
