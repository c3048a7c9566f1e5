"""A table whose numbers sort as numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt

from prognosis_slicer.panels.icons import swatch
from prognosis_slicer.panels.looks import tool_tip

_LAST = 1e300
_AROUND_HEADING, _AROUND_TEXT, _AROUND_ICON = 10, 12, 22
_NARROWEST, _WIDEST = 40, 180
_KEY = qt.Qt.UserRole + 1


@dataclass(frozen=True)
class Column:
    """A column's heading.

    Args:
        heading: May have two lines.
        tip: What it means.
    """

    heading: str
    tip: str = ""


@dataclass(frozen=True)
class Cell:
    """What stands in a cell.

    Args:
        text: To be read.
        order: To be sorted by; None sorts behind all others.
        colour: Shown before the text, each part 0 to 255.
    """

    text: str
    order: float | str | None
    colour: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Row:
    """A row.

    Args:
        key: What it stands for.
        cells: One for each column.
        tip: Tool tip of all its cells.
        grey: Whether it steps back.
    """

    key: int
    cells: tuple[Cell, ...]
    tip: str = ""
    grey: bool = False


class SortedTable:
    """Shows rows in a QTableView.

    Args:
        widget: The QTableView.
        columns: Its columns.
        on_chosen: Called with the key of the row that the user clicked or went to.
    """

    def __init__(self, widget, columns: Sequence[Column], on_chosen: Callable[[int], None]) -> None:
        self.view = widget
        self._columns = tuple(columns)
        self._on_chosen = on_chosen
        self._filling = False
        self.model = qt.QStandardItemModel()
        self.model.sortRole = qt.Qt.UserRole
        self.view.setModel(self.model)
        self.view.verticalHeader().visible = False
        self.view.horizontalHeader().highlightSections = False
        self.view.connect("clicked(QModelIndex)", self._chosen)
        self._selection = self.view.selectionModel()
        self._selection.connect("currentRowChanged(QModelIndex,QModelIndex)", self._moved)
        self.show(())

    def show(self, rows: Sequence[Row], hidden: Sequence[int] = ()) -> None:
        """Show these rows in the order given, until the user sorts them.

        Args:
            rows: All of them.
            hidden: Columns that have nothing to say.
        """
        self._filling = True
        try:
            self.view.sortingEnabled = False
            self.model.clear()
            for number, column in enumerate(self._columns):
                heading = qt.QStandardItem(column.heading)
                heading.setToolTip(tool_tip(column.tip))
                self.model.setHorizontalHeaderItem(number, heading)
            for row_number, row in enumerate(rows):
                for number, cell in enumerate(row.cells):
                    self.model.setItem(row_number, number, _item(row, cell))
            for number in range(len(self._columns)):
                self.view.setColumnHidden(number, number in hidden)
            self.view.horizontalHeader().setSortIndicator(0, qt.Qt.AscendingOrder)
            self.view.sortingEnabled = True
            self._fit_columns(rows)
        finally:
            self._filling = False

    def keys(self) -> list[int]:
        """The keys of the rows from top to bottom."""
        return [self.model.item(row, 0).data(_KEY) for row in range(self.model.rowCount())]

    def choose(self, key: int | None) -> None:
        """Select a row without telling of it; None selects none."""
        self._filling = True
        try:
            if key is None:
                self.view.clearSelection()
            elif key in self.keys():
                self.view.selectRow(self.keys().index(key))
        finally:
            self._filling = False

    def _fit_columns(self, rows: Sequence[Row]) -> None:
        """As wide as the widest line; Qt would take a heading of two lines for one."""
        metrics = self.view.fontMetrics()
        for number, column in enumerate(self._columns):
            widths = [metrics.horizontalAdvance(line) + _AROUND_HEADING for line in column.heading.split("\n")]
            widths += [metrics.horizontalAdvance(row.cells[number].text) + _around(row.cells[number]) for row in rows]
            self.view.setColumnWidth(number, min(max(*widths, _NARROWEST), _WIDEST))
        self.view.resizeRowsToContents()

    def _chosen(self, index) -> None:
        if index.isValid():
            self._on_chosen(self.keys()[index.row()])

    def _moved(self, index) -> None:
        if not self._filling:
            self._chosen(index)


def _around(cell: Cell) -> int:
    return _AROUND_TEXT + (_AROUND_ICON if cell.colour is not None else 0)


def _item(row: Row, cell: Cell):
    item = qt.QStandardItem(cell.text)
    item.setData(_LAST if cell.order is None else cell.order, qt.Qt.UserRole)
    item.setData(row.key, _KEY)
    item.setToolTip(tool_tip(row.tip))
    if not isinstance(cell.order, str):
        item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
    if cell.colour is not None:
        item.setIcon(swatch(cell.colour))
    if row.grey:
        item.setForeground(qt.QBrush(qt.QColor(128, 128, 128)))
    return item
