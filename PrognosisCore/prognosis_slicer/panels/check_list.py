"""A list of things to tick."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt

from prognosis_slicer.panels.icons import swatch


@dataclass(frozen=True)
class Entry:
    """A line of the list.

    Args:
        key: What it stands for.
        text: Its name.
        colour: Shown before the name, each part 0 to 255.
        ticked: Whether it is.
    """

    key: str
    text: str
    colour: tuple[int, int, int]
    ticked: bool


class CheckList:
    """Shows entries in a QListWidget.

    Args:
        widget: The QListWidget.
        on_ticked: Called with key -> ticked after the user changed a tick.
    """

    def __init__(self, widget, on_ticked: Callable[[dict[str, bool]], None]) -> None:
        self.list = widget
        self._on_ticked = on_ticked
        self._entries: tuple[Entry, ...] = ()
        self._filling = False
        self.list.connect("itemChanged(QListWidgetItem*)", self._changed)

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these; what is shown already is left as it is, with its scroll position."""
        if tuple(entries) == self._entries:
            return
        self._filling = True
        try:
            if [entry.key for entry in entries] != [entry.key for entry in self._entries]:
                self.list.clear()
                for entry in entries:
                    self.list.addItem(entry.text)
            for row, entry in enumerate(entries):
                self._write(row, entry)
            self._entries = tuple(entries)
        finally:
            self._filling = False

    def tick_all(self, ticked: bool) -> None:
        """Tick or untick every entry, as the user would."""
        self._on_ticked({entry.key: ticked for entry in self._entries})

    def _write(self, row: int, entry: Entry) -> None:
        item = self.list.item(row)
        item.setText(entry.text)
        item.setIcon(swatch(entry.colour))
        item.setCheckState(qt.Qt.Checked if entry.ticked else qt.Qt.Unchecked)

    def _changed(self) -> None:
        if self._filling:
            return
        changed = {}
        for row, entry in enumerate(self._entries):
            ticked = self.list.item(row).checkState() == qt.Qt.Checked
            if ticked != entry.ticked:
                changed[entry.key] = ticked
        if changed:
            self._on_ticked(changed)
