"""Some requests on their way, and what is known of them; no socket."""

from __future__ import annotations

from collections.abc import Sequence

from dipc.codec import Answer, Done, Plain, Request, Write
from dipc.errors import ConnectionLost, OutcomeUnknown, Refused


class Conversation:
    """Some requests on their way, and the answers that have come."""

    def __init__(
        self, requests: Sequence[Request], encoded: Sequence[bytes]
    ) -> None:
        self.requests = requests
        self.lengths = [len(request) for request in encoded]
        self.unsent = memoryview(b"".join(encoded))
        self.total = len(self.unsent)
        self.broken: str | None = None  # why nothing more can be sent
        self.answers: list[Answer | Done | Refused] = []

    def take(self, item: Done | Refused) -> None:
        """The answer to the first request that had none yet."""
        plain = isinstance(self.requests[len(self.answers)], Plain)
        if isinstance(item, Done) and not plain:
            self.answers.append(item.answer())
        else:
            self.answers.append(item)

    def is_unanswered(self) -> bool:
        return len(self.answers) < len(self.requests)

    def has_unsent(self) -> bool:
        return len(self.unsent) > 0 and self.broken is None

    def is_over(self) -> bool:
        # What was refused at once must still be sent to its end, or the next
        # request would be taken for the rest of it.
        return not self.is_unanswered() and not self.has_unsent()

    def wait_s(self) -> float:
        """How long the next answer may rightly be held back."""
        if self.is_unanswered():
            return self.requests[len(self.answers)].wait_s()
        return 0.0

    def judge(self, lost: ConnectionLost) -> ConnectionLost:
        """What the loss means for what was not answered.

        A write whose last byte was not sent has certainly not been done.
        """
        sent = self.total - len(self.unsent)
        end = 0
        for i, request in enumerate(self.requests):
            end += self.lengths[i]
            if i < len(self.answers) or not isinstance(request, Write):
                continue
            if end <= sent:
                lost = OutcomeUnknown(
                    f"{lost}; whether the write was done is unknown",
                    lost.timed_out,
                )
                break
        lost.answers = [
            item for item in self.answers if not isinstance(item, Done)
        ]
        return lost
