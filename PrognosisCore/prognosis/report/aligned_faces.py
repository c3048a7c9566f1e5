"""The contact sheet of aligned faces: each photo with its faces marked, and beside it what was cut out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from prognosis.report.canvas import FONT, drawable, new_figure, png_of
from prognosis.report.wording import RESEARCH_USE

MOST_SHOWN = 40
"""Photos on a sheet."""

_BACKGROUND, _INK, _QUIET_INK, _BOX, _WARNING = "#0d0f12", "#eceff3", "#aab2bd", "#ffd24a", "#ff8c66"
_SIDE, _GAP, _MARGIN, _TEXT, _HEAD, _FOOT, _LEAST_WIDTH = 200, 8, 24, 58, 56, 52, 900
_COLUMNS = 3
_IDENTIFY = "Aligned faces identify people: use with consent only."
_LETTERS = 58


@dataclass(frozen=True)
class SheetEntry:
    """A photo on the contact sheet.

    Args:
        row: Its number.
        before: The photo, RGB; None when it could not be read.
        boxes: Left, top, width and height of its aligned faces, pixels of `before`.
        after: The first aligned face, RGB; None when there is none.
        words: What is said of it.
        warning: What should be looked at; '' for nothing.
    """

    row: int
    before: NDArray[np.uint8] | None
    boxes: tuple[tuple[float, float, float, float], ...]
    after: NDArray[np.uint8] | None
    words: str
    warning: str = ""


def thumbnail(
    pixels: NDArray[np.uint8], boxes: Sequence[tuple[float, float, float, float]]
) -> tuple[NDArray[np.uint8], tuple[tuple[float, float, float, float], ...]]:
    """A photo small enough for the sheet, and boxes in it."""
    picture = Image.fromarray(pixels)
    scale = min(1.0, 2 * _SIDE / max(picture.size))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    small = np.array(picture.resize((width, height), Image.Resampling.LANCZOS))
    return small, tuple((left * scale, top * scale, wide * scale, high * scale) for left, top, wide, high in boxes)


def draw_contact_sheet(entries: Sequence[SheetEntry], *, photos: int) -> bytes:
    """Draw photos and their aligned faces.

    Args:
        entries: At least one, at most `MOST_SHOWN`.
        photos: How many there are altogether.

    Returns:
        A PNG.
    """
    return png_of(contact_sheet(entries, photos=photos))


def contact_sheet(entries: Sequence[SheetEntry], *, photos: int) -> Figure:
    """The figure that `draw_contact_sheet` draws."""
    columns = min(_COLUMNS, len(entries))
    rows = math.ceil(len(entries) / columns)
    cell_wide, cell_high = 2 * _SIDE + _GAP + _MARGIN, _SIDE + _TEXT
    width = max(_MARGIN + columns * cell_wide, _LEAST_WIDTH)
    height = _HEAD + rows * cell_high + _FOOT
    sheet = new_figure(width, height, background=_BACKGROUND)
    _write(sheet, _MARGIN, height - 36, "Photos and their aligned faces", size=13, weight="bold")
    shown = f"{len(entries)} of {photos} photos" if photos > len(entries) else ""
    _write(sheet, width - _MARGIN, height - 36, shown, size=10, ink=_QUIET_INK, across="right")
    for number, entry in enumerate(entries):
        row, column = divmod(number, columns)
        _draw_entry(sheet, entry, _MARGIN + column * cell_wide, height - _HEAD - row * cell_high - _SIDE)
    _write(sheet, _MARGIN, 20, RESEARCH_USE, size=10, weight="bold")
    _write(sheet, width - _MARGIN, 20, _IDENTIFY, size=10, ink=_QUIET_INK, across="right")
    return sheet


def _draw_entry(sheet: Figure, entry: SheetEntry, left: float, bottom: float) -> None:
    if entry.before is None:
        _write(sheet, left + _SIDE / 2, bottom + _SIDE / 2, "not read", size=10, ink=_QUIET_INK, across="center")
    else:
        axes = _picture(sheet, entry.before, left, bottom)
        for x, y, width, height in entry.boxes:
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), width, height, fill=False, edgecolor=_BOX, linewidth=1.6))
    right = left + _SIDE + _GAP
    if entry.after is None:
        _write(sheet, right + _SIDE / 2, bottom + _SIDE / 2, "no face", size=10, ink=_QUIET_INK, across="center")
    else:
        _picture(sheet, entry.after, right, bottom)
    _write(sheet, left, bottom - 20, f"{entry.row} · {entry.words}", size=9)
    _write(sheet, left, bottom - 36, entry.warning, size=9, ink=_WARNING)


def _picture(sheet: Figure, pixels: NDArray[np.uint8], left: float, bottom: float) -> Axes:
    across, up = sheet.get_size_inches() * sheet.dpi
    axes = sheet.add_axes((left / across, bottom / up, _SIDE / across, _SIDE / up))
    axes.imshow(pixels, interpolation="antialiased", aspect="equal")
    axes.set_axis_off()
    return axes


def _write(
    sheet: Figure,
    left: float,
    bottom: float,
    text: str,
    *,
    size: int,
    weight: str = "normal",
    across: str = "left",
    ink: str = _INK,
) -> None:
    width, height = sheet.get_size_inches() * sheet.dpi
    sheet.text(
        left / width,
        bottom / height,
        drawable(text, limit=_LETTERS),
        ha=across,
        va="bottom",
        fontsize=size,
        fontweight=weight,
        family=FONT,
        color=ink,
        parse_math=False,
    )
