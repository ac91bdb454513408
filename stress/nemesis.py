"""What is done to a server, or to the network, while clients load it.

Each is a context manager: within it, the harm is done.  A harm that repeats
itself does so in a thread that ends with the context.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from served import Served

HERE = Path(__file__).resolve().parent


class Skip(Exception):
    """This machine cannot do it."""


@contextlib.contextmanager
def repeated(
    harm: Callable[[threading.Event], None], every_s: float
) -> Iterator[None]:
    """Do harm again and again, with pauses, until the context ends."""
    over = threading.Event()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while not over.wait(every_s):
                harm(over)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if errors:
        raise AssertionError(f"the nemesis: {errors[0]}")


def pauses(
    server: Served, dice: random.Random
) -> contextlib.AbstractContextManager[None]:
    """The server stands still, and goes on."""

    def harm(over: threading.Event) -> None:
        server.signal(signal.SIGSTOP)
        over.wait(dice.uniform(0.01, 0.3))
        server.signal(signal.SIGCONT)

    return repeated(harm, 0.3)


def restarts(
    server: Served, deaths: Path
) -> contextlib.AbstractContextManager[None]:
    """The server is killed, and another takes over what it left.

    deaths  the moments, on the monotonic clock: what was asked for before one
            of them and not answered cannot happen after it
    """
    deaths.touch()

    def harm(over: threading.Event) -> None:
        died_ns = server.kill_and_start_again()
        with deaths.open("a") as stream:
            stream.write(f"{died_ns}\n")

    return repeated(harm, 0.6)


@contextlib.contextmanager
def proxied(kind: str, seed: int, server: Served) -> Iterator[int]:
    """A proxy before the server; its port."""
    proxy = subprocess.Popen(
        [sys.executable, str(HERE / "proxy.py"), kind]
        + [str(seed), server.host, str(server.port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert proxy.stdin is not None and proxy.stdout is not None
    try:
        yield int(proxy.stdout.readline())
    finally:
        proxy.stdin.close()
        try:
            proxy.wait(20)
        except subprocess.TimeoutExpired:
            proxy.kill()
            proxy.wait()
        proxy.stdout.close()


def command(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise Skip(f"`{' '.join(words)}`: {done.stderr.strip()}")


class Networks:
    """Two network namespaces joined by a veth: a server's and its clients'."""

    SERVER_HOST = "10.213.77.1"
    CLIENT_HOST = "10.213.77.2"

    def __init__(self) -> None:
        self.server = f"dipc-s-{os.getpid()}"
        self.clients = f"dipc-c-{os.getpid()}"

    def __enter__(self) -> Networks:
        for tool in ("ip", "iptables"):
            if shutil.which(tool) is None:
                raise Skip(f"{tool} is not installed")
        if os.geteuid() != 0:
            raise Skip("only root can make network namespaces")
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self) -> None:
        near, far = f"ds{os.getpid()}", f"dc{os.getpid()}"
        for name in (self.server, self.clients):
            command("ip", "netns", "add", name)
        command(
            *("ip", "link", "add", near, "netns", self.server),
            *("type", "veth", "peer", "name", far, "netns", self.clients),
        )
        for name, link, host in (
            (self.server, near, self.SERVER_HOST),
            (self.clients, far, self.CLIENT_HOST),
        ):
            inside = self.inside(name)
            command(*inside, "ip", "addr", "add", host + "/24", "dev", link)
            command(*inside, "ip", "link", "set", link, "up")
            command(*inside, "ip", "link", "set", "lo", "up")

    def __exit__(self, *details: object) -> None:
        for name in (self.server, self.clients):
            subprocess.run(
                ["ip", "netns", "del", name], capture_output=True, timeout=30
            )

    def inside(self, name: str) -> list[str]:
        return ["ip", "netns", "exec", name]

    def rule(self, verb: str, *words: str) -> None:
        command(
            *self.inside(self.server), "iptables", "-w", verb, "INPUT", *words
        )

    @contextlib.contextmanager
    def loss(self, share: float) -> Iterator[None]:
        """So great a share of the packets to the server is lost."""
        words = ["-p", "tcp", "-m", "statistic", "--mode", "random"]
        words += ["--probability", str(share), "-j", "DROP"]
        self.rule("-A", *words)
        try:
            yield
        finally:
            self.rule("-D", *words)

    def partitions(
        self, dice: random.Random
    ) -> contextlib.AbstractContextManager[None]:
        """No packet reaches the server, for a while, again and again."""

        def harm(over: threading.Event) -> None:
            self.rule("-A", "-p", "tcp", "-j", "DROP")
            over.wait(dice.uniform(0.1, 0.6))
            self.rule("-D", "-p", "tcp", "-j", "DROP")

        return repeated(harm, 0.5)
