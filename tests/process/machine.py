"""What this machine has and permits; what it lacks skips a test."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("DIPC_BIN", TOP / "build" / "bin"))
VARIANT = os.environ.get("DIPC_VARIANT", "release")
SHM = Path("/dev/shm")
NOBODY = 65534
PR_SET_CHILD_SUBREAPER = 36


def is_root() -> bool:
    return os.geteuid() == 0


def need_root() -> None:
    if not is_root():
        raise unittest.SkipTest("only root can become another user")


def need_command(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def system_python(module: str) -> str:
    """Debian's Python, or else this one, whichever has a module."""
    for python in ("/usr/bin/python3", sys.executable):
        done = subprocess.run(
            [python, "-c", f"import {module}"],
            stderr=subprocess.DEVNULL,
            timeout=30,
        )
        if done.returncode == 0:
            return python
    raise unittest.SkipTest(f"no Python has the module {module}")


def need_plain_build(why: str) -> None:
    if VARIANT not in ("release", "debug"):
        raise unittest.SkipTest(f"the {VARIANT} build {why}")


def need_mount_namespace() -> None:
    """Skip unless a private /dev/shm can be had."""
    need_root()
    need_command("unshare")
    done = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
    )
    if done.returncode != 0:
        raise unittest.SkipTest(f"no private mounts: {done.stderr.strip()}")


def need_strace() -> str:
    strace = need_command("strace")
    done = subprocess.run(
        [strace, "-o", "/dev/null", "true"],
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
    )
    if done.returncode != 0:
        raise unittest.SkipTest(f"strace: {done.stderr.strip()}")
    return strace


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as s:
            s.bind(("::1", 0))
    except OSError:
        return False
    return True


def adopt_orphans() -> None:
    """Become the parent of daemons that this process's children leave."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """The processes whose parent this one is, ended ones included."""
    me = os.getpid()
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and status(int(entry.name), "PPid") == me:
            found.add(int(entry.name))
    return found


def status(pid: int, field: str) -> int | None:
    """A number out of /proc/PID/status; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return None


def is_in_use(segment: str) -> bool:
    """Has any process mapped this segment?"""
    wanted = f"{SHM}/{segment}"
    for entry in os.scandir("/proc"):
        try:
            with open(f"/proc/{int(entry.name)}/maps") as maps:
                if any(wanted in line for line in maps):
                    return True
        except (OSError, ValueError):
            continue
    return False


def abandoned_segments() -> set[str]:
    """The segments of DIPC that nobody uses any more."""
    return {name for name in segments() if not is_in_use(name)}


def segments() -> set[str]:
    """The shared memory segments of DIPC on this machine."""
    return {name for name in os.listdir(SHM) if "dipc" in name}
