"""What a command says, written to the log."""

import logging

from prognosis_slicer.worker.messages import Complained, Ended, Message, Progressed, Ready, Said, Started, Warned

LOG = logging.getLogger(__name__)


class Teller:
    """Writes messages down as they come.

    Attributes:
        code: The exit code of the command, None before its end.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        self._reached = ("", -1)

    def tell(self, message: Message) -> None:
        """Write a message down; of progress, each hundredth of a step."""
        match message:
            case Progressed(step, done, total):
                reached = (step, done * 100 // max(total, 1))
                if reached != self._reached:
                    self._reached = reached
                    LOG.info("%s: %d of %d", step, done, total)
            case Warned(text):
                LOG.warning("%s", text)
            case Complained(what, remedy):
                LOG.error("%s", f"{what} {remedy}".rstrip())
            case Said(text):
                LOG.info("%s", text)
            case Ended(_, code):
                self.code = code
            case Started() | Ready():
                return
