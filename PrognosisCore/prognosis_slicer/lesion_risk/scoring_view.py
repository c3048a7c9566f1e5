"""Score, progress, Cancel, and what went wrong."""

from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from prognosis.errors import CancelledError, PrognosisError
from prognosis_slicer.panels.looks import ERROR, HINT, show_text, tool_tip
from prognosis_slicer.panels.progress import ProgressPanel


class ScoringView:
    """The button that starts, and the way there.

    Args:
        widget: The module's screen.
        on_score: Called when the user wants the lesions scored.
        on_cancel: Called when the user wants that stopped.
    """

    def __init__(self, widget, on_score: Callable[[], None], on_cancel: Callable[[], None]) -> None:
        self.ui = slicer.util.childWidgetVariables(widget)
        self._progress = ProgressPanel(self.ui.progressLabel, self.ui.progressBar, self.ui.cancelButton, on_cancel)
        self.ui.missingLabel.styleSheet = HINT
        self.ui.errorLabel.styleSheet = ERROR
        self.ui.scoreButton.connect("clicked()", on_score)
        self.forget()

    def show(self, missing: str, *, busy: bool) -> None:
        """Let Score be pressed when nothing is missing, and say what is."""
        self.ui.scoreButton.enabled = not missing and not busy
        ready = _("Score each ticked lesion, and sum them to the patient's risk.")
        self.ui.scoreButton.toolTip = tool_tip(_("Lesions are being scored.") if busy else missing or ready)
        show_text(self.ui.missingLabel, "" if busy else missing)

    def begin(self) -> None:
        self.forget()
        self._progress.begin(_("Handing over the images…"))

    def advance(self, step: str, done: int, total: int) -> None:
        words = _("{step}: {done} of {total}").format(step=step[:1].upper() + step[1:], done=done, total=total)
        self._progress.advance(words, done, total)

    def finish(self) -> None:
        self._progress.finish()

    def fail(self, error: PrognosisError) -> None:
        """Say what went wrong and what to do; what the user stopped is no error."""
        self._progress.finish()
        if isinstance(error, CancelledError):
            show_text(self.ui.missingLabel, str(error))
        else:
            show_text(self.ui.errorLabel, str(error))

    def forget(self) -> None:
        """Take an old error away."""
        show_text(self.ui.errorLabel, "")
