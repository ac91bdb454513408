"""What is done to the commands while one of their calls fails.

Each scenario starts the commands that tests/faults/faults.h can make fail, does
with them what people do, and raises Problem where something came of the fault
that must not.
"""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable

import clients
import gathering
from conversation import Conversation, Problem
from place import CLIENTS, HANG_S, Place
from process.server import Process


def filled(place: Place, may_break: int) -> Conversation:
    """A conversation with a server that has taken over what was left."""
    client = place.converse(may_break)
    client.possible[0] = {(2, b"kept well")}
    client.possible[7] = {(1, b"too")}
    return client


def in_background(place: Place, faults: str) -> None:
    """Start dipc as a person does, use it in every way, and end it."""
    done = place.run("dipc", *place.options(), *place.sizes(), faults=faults)
    if done.returncode != 0:
        place.judge_refusal(faults, done.stderr)
        place.no_children()
        place.judge_nothing_left()
        return
    server = place.daemon()
    client = place.converse(place.allowance(faults))
    try:
        client.crowd(CLIENTS)
        client.hold("tcp-bystander", "b")
        server.signal(signal.SIGHUP)
        client.read_all("last")
        client.read("tcp-bystander", 0)
    finally:
        client.close()
    place.end(server)


def in_foreground(place: Place, faults: str) -> None:
    """The same under a supervisor, attachable, checked, ended by a signal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(place.top / "notify"))
        supervisor.settimeout(HANG_S)
        with open(place.top / "log", "ab") as log:
            process = subprocess.Popen(
                [
                    place.command("dipc"),
                    *("--foreground", "--attachable", "--check", "--verbose"),
                    *("--log", "stderr", "--gap", "2ms"),
                    *("--unix", str(place.top / "socket")),
                    *("--max-clients", str(CLIENTS)),
                    *place.sizes(),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=place.environment(faults)
                | {"NOTIFY_SOCKET": str(place.top / "notify")},
            )
        process.returncode = 0  # whoever waits for it is Process.wait
        server = Process(process.pid)
        if not becomes_ready(place, server, supervisor):
            status = server.wait()
            server.destroy()
            place.judge_status("dipc", status, place.log())
            place.judge_complaint("dipc", status, place.complaint())
            place.judge_refusal(faults, place.complaint())
            place.judge_nothing_left()
            return
        client = place.converse(place.allowance(faults))
        try:
            client.hold("tcp-bystander", "b")
            client.read_all("last")
            # Some wait while the server ends.
            client.send("last", b"r 6 after=0 wait=9000\n")
            waits = client.has_watcher("tcp-bystander", 6)
            server.signal(signal.SIGTERM)
            if waits or not client.broken:
                client.reply("last", "a wait at the end")
        finally:
            client.close()
        place.await_end(server)


def becomes_ready(
    place: Place, server: Process, supervisor: socket.socket
) -> bool:
    """True once it serves: it need not have been able to say so."""
    supervisor.settimeout(0.01)
    for _ in range(int(HANG_S / 0.01)):
        if not server.is_alive():
            return False
        try:
            if supervisor.recv(1000).startswith(b"READY=1"):
                return True
        except TimeoutError:
            pass
        if "listening on" in place.log():
            return True
    raise Problem("the server neither serves nor ends")


def taking_over(place: Place, faults: str) -> None:
    """Start dipc where a killed server left mailboxes: they are kept, or the
    start is refused and nothing is changed."""
    place.leave()
    done = place.run("dipc", *place.options(), *place.sizes(), faults=faults)
    if done.returncode != 0:
        place.judge_refusal(faults, done.stderr)
        place.no_children()
        if not place.segments():
            raise Problem("a start that failed removed the mailboxes")
        done = place.run("dipc", *place.options(), *place.sizes())
        if done.returncode != 0:
            raise Problem(f"it cannot be taken over any more: {done.stderr}")
    server = place.daemon()
    client = filled(place, place.allowance(faults))
    try:
        client.read_all("last")
        client.write("last", 0, b"new")
    finally:
        client.close()
    place.end(server)


def removing(place: Place, faults: str) -> None:
    """dipcrm ends a server, and then clears what a killed one left."""
    server = place.serve()
    client = place.converse(0)
    try:
        client.fill()
    finally:
        client.close()
    done = place.run("dipcrm", str(place.port), faults=faults)
    if done.returncode != 0:
        place.judge_refusal(faults, done.stderr)
    if done.returncode == 0:
        place.await_end(server)
    else:
        # It may have been told, and be ending.
        place.run("dipcrm", str(place.port))
        place.await_end(server)


def clearing(place: Place, faults: str) -> None:
    """dipcrm clears what a killed server left."""
    place.leave()
    done = place.run("dipcrm", str(place.port), faults=faults)
    if done.returncode != 0:
        place.judge_refusal(faults, done.stderr)
        again = place.run("dipcrm", str(place.port))
        if place.segments():
            raise Problem(f"not cleared: {again.stderr}")
    place.judge_nothing_left()


SCENARIOS: dict[str, Callable[[Place, str], None]] = {
    "in-background": in_background,
    "in-foreground": in_foreground,
    "taking-over": taking_over,
    "removing": removing,
    "clearing": clearing,
    **clients.SCENARIOS,
    **gathering.SCENARIOS,
}
