"""Where the pictures of an overview lie on the page, in pixels; one scale for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from prognosis.report.planes import Panel

WIDTH = 1500
_SIDE = 30
_GAP = 40
_TITLE = 46
_BELOW_ROW = 22
_FOOT = 128
_FLATTEST_ROW = 0.4
_NARROWEST_COLUMN = 0.5
_SCALE_BARS_MM = (50, 20, 10, 5, 2, 1)


@dataclass(frozen=True)
class Rectangle:
    """A part of the page: left and bottom edge, width and height in pixels."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True)
class OverlayLayout:
    """Sizes shared by all rows.

    Args:
        rows: Number of rows of three pictures.
        cells_mm: Width in mm of each of the three columns.
        row_mm: Height in mm of a row.
    """

    rows: int
    cells_mm: tuple[float, float, float]
    row_mm: float

    @property
    def pixels_per_mm(self) -> float:
        return (WIDTH - 2 * _SIDE - 2 * _GAP) / sum(self.cells_mm)

    @property
    def height(self) -> int:
        """Height of the page in pixels."""
        return round(_FOOT + self.rows * self._row_height)

    @property
    def _row_height(self) -> float:
        return _TITLE + self.row_mm * self.pixels_per_mm + _BELOW_ROW

    @property
    def scale_bar_mm(self) -> int:
        """The longest scale bar, at most 50 mm, that takes less than 40 % of the narrowest column."""
        return next((mm for mm in _SCALE_BARS_MM if mm < 0.4 * min(self.cells_mm)), _SCALE_BARS_MM[-1])

    def cell(self, row: int, column: int) -> Rectangle:
        """The rectangle of one picture; row 0 is on top."""
        left = _SIDE + column * _GAP + sum(self.cells_mm[:column]) * self.pixels_per_mm
        height = self.row_mm * self.pixels_per_mm
        bottom = self.height - row * self._row_height - _TITLE - height
        return Rectangle(left, bottom, self.cells_mm[column] * self.pixels_per_mm, height)

    def title(self, row: int) -> Rectangle:
        """The strip above a row."""
        top = self.height - row * self._row_height
        return Rectangle(_SIDE, top - _TITLE, WIDTH - 2 * _SIDE, _TITLE)

    @property
    def foot(self) -> Rectangle:
        """The strip below all rows."""
        return Rectangle(_SIDE, 0, WIDTH - 2 * _SIDE, _FOOT)


def layout_for(rows: Sequence[Sequence[Panel]]) -> OverlayLayout:
    """Lay out rows of axial, coronal and sagittal panels."""
    sizes = [[panel.size_mm for panel in row] for row in rows]
    widths = [max(row[column][1] for row in sizes) for column in range(3)]
    height = max(size[0] for row in sizes for size in row)
    narrowest = _NARROWEST_COLUMN * max(widths)
    first, second, third = (max(width, narrowest) for width in widths)
    return OverlayLayout(len(sizes), (first, second, third), max(height, _FLATTEST_ROW * max(widths)))
