"""A command that runs, as its messages tell."""

from collections import deque
from dataclasses import dataclass, field

from prognosis_slicer.worker.job import Job
from prognosis_slicer.worker.messages import Complained, Ended, Message, Progressed, Ready, Said, Started, Warned


@dataclass
class Run:
    """Where a command stands.

    Args:
        job: The command.
        number: What the process knows it by.
        reused: Whether its process had been there before.
        started: Whether the process took it on.
        code: The exit code; None before the end.
        progress: The newest.
        warnings: All of them.
        complaint: The last error told.
        cancelled_at: On the monotonic clock; None when nobody cancelled.
    """

    job: Job
    number: int
    reused: bool = False
    started: bool = False
    code: int | None = None
    progress: Progressed | None = None
    warnings: list[str] = field(default_factory=list)
    complaint: Complained | None = None
    cancelled_at: float | None = None

    def hear(self, message: Message, log: deque[str]) -> None:
        """Take in a message; what is none goes to the log."""
        match message:
            case Progressed():
                self.progress = message
            case Warned(text):
                self.warnings.append(text)
            case Complained():
                self.complaint = message
            case Started(number):
                self.started = self.started or number == self.number
            case Ended(number, code):
                self.code = code if number == self.number else self.code
            case Said(text):
                log.append(text)
            case Ready():
                return
