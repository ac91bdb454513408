"""A thread that reads and writes mailboxes for an interface, which never
waits.  What is asked for is done in order, each over a connection that is made
anew where the last has broken; nothing is sent twice."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from dipc.codec import Answer
from dipc.connection import Connection
from dipc.errors import (
    ConnectionLost,
    Error,
    OutcomeUnknown,
    ShuttingDown,
)
from dipc.place import Place
from dipc.watcher import READ_MAX_BYTES, TIMEOUT_S


@dataclass(frozen=True, slots=True)
class ReadJob:
    """Read a mailbox."""

    mailbox: int


@dataclass(frozen=True, slots=True)
class WriteJob:
    """Write a mailbox if it is at a version of an instance."""

    mailbox: int
    data: bytes
    instance: str
    version: int
    pieces: bool


Job = ReadJob | WriteJob


@dataclass(frozen=True, slots=True)
class Done:
    """What the server answered."""

    job: Job
    answer: Answer
    instance: str


@dataclass(frozen=True, slots=True)
class Failed:
    """What became of it instead."""

    job: Job
    error: Error


class Restarted(Error):
    """The server is not the one whose version was named."""


class Clerk(threading.Thread):
    """Does jobs until it is stopped."""

    def __init__(
        self, place: Place, report: Callable[[Done | Failed], None]
    ) -> None:
        super().__init__(name="clerk", daemon=True)
        self._place = place
        self._report = report
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._instance = ""

    def ask(self, job: Job) -> None:
        """Have something done, after what was asked before."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End, when all is done that was asked."""
        self._jobs.put(None)

    def run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._report(self._do(job))
            except Error as error:
                self._report(Failed(job, error))

    def _do(self, job: Job) -> Done:
        if self._connection is not None and self._connection.is_open():
            try:
                return self._do_over(self._connection, job)
            except OutcomeUnknown:
                raise
            except (ConnectionLost, Restarted, ShuttingDown):
                # Certainly not done: it had broken before, unnoticed.
                self._connection.close()
        self._connection = self._place.connect(TIMEOUT_S)
        self._instance = str(self._connection.stat().get("instance", ""))
        return self._do_over(self._connection, job)

    def _do_over(self, connection: Connection, job: Job) -> Done:
        if isinstance(job, ReadJob):
            answer = connection.read(
                job.mailbox, max=READ_MAX_BYTES, pieces=True
            )
        else:
            if job.instance != self._instance:
                raise Restarted("the server was started anew meanwhile")
            answer = connection.write(
                job.mailbox,
                job.data,
                if_version=job.version,
                pieces=job.pieces,
            )
        return Done(job, answer, self._instance)
