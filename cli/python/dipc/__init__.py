"""A client of DIPC, a server of shared mailboxes.

Each mailbox holds a byte string and a version, which every write raises by
one.

    import dipc

    with dipc.Connection("localhost", 7000, timeout=5) as c:
        c.write(3, b"hello")
        answer = c.read(3)
        print(answer.data, answer.version)
        newer = c.wait(3, after=answer.version, wait=10)

Whatever goes wrong raises an Error:

    NotConnected       no connection could be made
    Refused            the server refuses: one of BadRequest, Busy, Conflict,
                       Internal, NoSuchMailbox, ShuttingDown, Timeout, TooLarge
    ConnectionLost     the connection broke, or no answer came in time
      OutcomeUnknown   the same, when a write may have been carried out, or not
    PartlyWritten      a write in several pieces was stopped between two

A request that is refused has changed nothing, and the connection goes on.
Nothing is ever sent twice.  An argument that cannot be meant raises TypeError
or ValueError, and nothing is sent.

Standard library only; Python 3.11 or later.
"""

from dipc.codec import Answer, Buffer, Read, Write
from dipc.connection import Connection
from dipc.errors import (
    BadRequest,
    Busy,
    Conflict,
    ConnectionLost,
    Error,
    Internal,
    NoSuchMailbox,
    NotConnected,
    OutcomeUnknown,
    PartlyWritten,
    Refused,
    ShuttingDown,
    Timeout,
    TooLarge,
)

__all__ = [
    "Answer",
    "BadRequest",
    "Buffer",
    "Busy",
    "Conflict",
    "Connection",
    "ConnectionLost",
    "Error",
    "Internal",
    "NoSuchMailbox",
    "NotConnected",
    "OutcomeUnknown",
    "PartlyWritten",
    "Read",
    "Refused",
    "ShuttingDown",
    "Timeout",
    "TooLarge",
    "Write",
]

__version__ = "1.0.0"

# People know them by these names, so messages show these.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
