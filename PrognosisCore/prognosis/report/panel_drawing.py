"""Drawing one slice: anatomy, lesions, letters, scale bar, and marks that point at the lesion."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.markers import CARETDOWN, CARETLEFT, CARETRIGHT, CARETUP
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from prognosis.lesions.colours import NOT_SCORED
from prognosis.report.canvas import FONT
from prognosis.report.ct_window import CtWindow
from prognosis.report.outline import outline_of
from prognosis.report.overlay_layout import OverlayLayout, Rectangle
from prognosis.report.planes import Panel

BACKGROUND = "#0d0f12"
INK = "#eceff3"
_FRAME = "#3a4049"
_FILL_OPACITY = 0.32

Colours = Mapping[int, tuple[int, int, int]]


def add_cell(figure: Figure, where: Rectangle) -> Axes:
    """Axes on a rectangle of the page in pixels."""
    width, height = figure.get_size_inches() * figure.dpi
    return figure.add_axes((where.left / width, where.bottom / height, where.width / width, where.height / height))


def draw_panel(
    figure: Figure,
    where: Rectangle,
    panel: Panel,
    *,
    window: CtWindow,
    colours: Colours,
    target_label: int | None,
    layout: OverlayLayout,
) -> None:
    """Draw a panel into the middle of a cell, at the page's scale.

    Args:
        figure: The page.
        where: The cell.
        panel: What to draw.
        window: How Hounsfield units become grey.
        colours: RGB of each label.
        target_label: The lesion the slice was chosen for, drawn with a thicker outline; None without marks.
        layout: The page's scale.
    """
    axes = add_cell(figure, where)
    height_mm, width_mm = panel.size_mm
    cell_width, cell_height = where.width / layout.pixels_per_mm, where.height / layout.pixels_per_mm
    extent = (0.0, width_mm, height_mm, 0.0)
    axes.imshow(
        window.greys(panel.values),
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=extent,
        interpolation="bilinear",
        aspect="auto",
    )
    painted = [int(label) for label in np.unique(panel.labels) if label]
    if painted:
        axes.imshow(fill_of(panel.labels, colours), extent=extent, interpolation="nearest", aspect="auto")
    for label in painted:
        _draw_outline(axes, panel, label, colours.get(label, NOT_SCORED), thick=label == target_label)
    axes.set_xlim((width_mm - cell_width) / 2, (width_mm + cell_width) / 2)
    axes.set_ylim((height_mm + cell_height) / 2, (height_mm - cell_height) / 2)
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(_FRAME)
    _draw_words(axes, panel)
    _draw_scale_bar(axes, layout.scale_bar_mm, cell_width, where)
    if target_label is not None:
        _draw_marks(axes, panel)


def fill_of(labels: NDArray[np.uint16], colours: Colours) -> NDArray[np.uint8]:
    """The semi-transparent RGBA picture of painted labels; a label without a colour is grey, 0 is clear."""
    picture = np.zeros((*labels.shape, 4), np.uint8)
    for label in np.unique(labels[labels > 0]):
        picture[labels == label] = (*colours.get(int(label), NOT_SCORED), round(_FILL_OPACITY * 255))
    return picture


def _draw_outline(axes: Axes, panel: Panel, label: int, colour: tuple[int, int, int], *, thick: bool) -> None:
    segments = outline_of(panel.labels == label) * panel.spacing[::-1]
    line = 1.6 if thick else 1.0
    for width, ink in ((line + 0.8, (0.0, 0.0, 0.0)), (line, tuple(channel / 255 for channel in colour))):
        axes.add_collection(LineCollection(list(segments), linewidths=width, colors=[ink], capstyle="round"))


def _draw_words(axes: Axes, panel: Panel) -> None:
    letters = panel.letters
    for x, y, letter, across, up in (
        (0.012, 0.5, letters.left, "left", "center"),
        (0.988, 0.5, letters.right, "right", "center"),
        (0.5, 0.985, letters.top, "center", "top"),
        (0.5, 0.02, letters.bottom, "center", "bottom"),
    ):
        _write(axes, x, y, letter, size=13, across=across, up=up, weight="bold")
    _write(axes, 0.012, 0.985, f"{panel.plane.value}\n{panel.position}", size=11, across="left", up="top")


def _write(
    axes: Axes, x: float, y: float, text: str, *, size: int, across: str, up: str, weight: str = "normal"
) -> None:
    axes.text(
        x,
        y,
        text,
        transform=axes.transAxes,
        ha=across,
        va=up,
        fontsize=size,
        fontweight=weight,
        family=FONT,
        color=INK,
        bbox={"facecolor": "black", "edgecolor": "none", "alpha": 0.45, "pad": 1.5},
    )


def _draw_scale_bar(axes: Axes, length_mm: int, cell_width_mm: float, where: Rectangle) -> None:
    left, bottom = 12 / where.width, 12 / where.height
    axes.plot(
        [left, left + length_mm / cell_width_mm],
        [bottom, bottom],
        transform=axes.transAxes,
        color=INK,
        linewidth=3,
        solid_capstyle="butt",
        path_effects=[withStroke(linewidth=5, foreground="black")],
    )
    _write(axes, left, bottom + 7 / where.height, f"{length_mm} mm", size=11, across="left", up="bottom")


def _draw_marks(axes: Axes, panel: Panel) -> None:
    """Small triangles outside the frame, in line with the target from all four sides."""
    x = (panel.target[1] + 0.5) * panel.spacing[1]
    y = (panel.target[0] + 0.5) * panel.spacing[0]
    above, beside = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    for place, transform, marker in (
        ((x, 1.0), above, CARETDOWN),
        ((x, 0.0), above, CARETUP),
        ((0.0, y), beside, CARETRIGHT),
        ((1.0, y), beside, CARETLEFT),
    ):
        axes.plot(
            [place[0]], [place[1]], transform=transform, marker=marker, markersize=9, color="#ffd24a", clip_on=False
        )
