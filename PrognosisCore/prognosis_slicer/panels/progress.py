"""Work under way: what is done now, how far it is, and a way to stop it."""

from collections.abc import Callable

from slicer.i18n import tr as _


class ProgressPanel:
    """A line of words, a bar and a button.

    Args:
        label: A QLabel.
        bar: A QProgressBar.
        cancel: A QPushButton.
        on_cancel: Called when the user wants it stopped.
    """

    def __init__(self, label, bar, cancel, on_cancel: Callable[[], None]) -> None:
        self.label, self.bar, self.cancel = label, bar, cancel
        self._on_cancel = on_cancel
        self._cancelling = False
        self.cancel.connect("clicked()", self._clicked)
        self.finish()

    def begin(self, words: str) -> None:
        """Show that something goes on, of which no end is known yet."""
        self._cancelling = False
        self.cancel.enabled = True
        self._show(visible=True)
        self.label.text = words
        self.bar.setRange(0, 0)

    def advance(self, words: str, done: int, total: int) -> None:
        """Show how far it is."""
        if not self._cancelling:
            self.label.text = words
            self.bar.setRange(0, max(total, 1))
            self.bar.setValue(done)

    def finish(self) -> None:
        """Show nothing."""
        self._show(visible=False)

    def _clicked(self) -> None:
        self._cancelling = True
        self.cancel.enabled = False
        self.label.text = _("Cancelling…")
        self.bar.setRange(0, 0)
        self._on_cancel()

    def _show(self, *, visible: bool) -> None:
        for widget in (self.label, self.bar, self.cancel):
            widget.visible = visible
