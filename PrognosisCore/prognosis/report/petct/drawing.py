"""What figures of a PET/CT's region share: colours, one slice with heat and outlines, and words on the page."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.report.canvas import FONT
from prognosis.report.ct_window import LUNG, SOFT_TISSUE, CtWindow
from prognosis.report.outline import outline_of
from prognosis.report.planes import Panel

WIDTH = 1500
BACKGROUND, INK, QUIET = "#0d0f12", "#eceff3", "#b3bac4"
TUMOUR = "#35d0ff"
HEAT = LinearSegmentedColormap.from_list(
    "heat", [(0.0, "#7a0010"), (0.45, "#ff2a00"), (0.75, "#ff9a00"), (1.0, "#ffee55")]
)
_FRAME = "#3a4049"
_LEAST_SHOWN, _HEAT_OPACITY = 0.12, 0.85
_LUNG_BELOW_HU = -400.0
_BAR_MM = 20


def window_beside(image: NDArray[np.float32], tumour: NDArray[np.bool_] | None) -> CtWindow:
    """Lung window where what surrounds the tumour [k, j, i] is mostly lung, else soft tissue window."""
    around = (
        image if tumour is None or not tumour.any() else image[ndimage.binary_dilation(tumour, iterations=5) & ~tumour]
    )
    return LUNG if around.size and float(np.median(around)) < _LUNG_BELOW_HU else SOFT_TISSUE


def draw_slice(axes: Axes, panel: Panel, hot: Panel | None, outlines: Mapping[str, NDArray[np.bool_]]) -> None:
    """Draw a slice.

    Args:
        axes: Where.
        panel: Greys, 0 to 1.
        hot: Heat of the same slice, 0 to 1; None for a plain one.
        outlines: Colour -> what is outlined in it, [row, column].
    """
    height_mm, width_mm = panel.size_mm
    extent = (0.0, width_mm, height_mm, 0.0)
    axes.imshow(panel.values, cmap="gray", vmin=0, vmax=1, extent=extent, interpolation="bilinear", aspect="auto")
    if hot is not None:
        picture = HEAT(hot.values)
        picture[..., 3] = _HEAT_OPACITY * np.clip((hot.values - _LEAST_SHOWN) / (0.5 - _LEAST_SHOWN), 0, 1)
        axes.imshow(picture, extent=extent, interpolation="bilinear", aspect="auto")
    for ink, mask in outlines.items():
        segments = list(outline_of(mask) * panel.spacing[::-1])
        for width, colour in ((2.4, "black"), (1.2, ink)):
            axes.add_collection(LineCollection(segments, linewidths=width, colors=[colour], capstyle="round"))
    axes.set_xlim(0, width_mm)
    axes.set_ylim(height_mm, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(_FRAME)
    letters = panel.letters
    for x, y, letter, across, up in (
        (0.015, 0.5, letters.left, "left", "center"),
        (0.985, 0.5, letters.right, "right", "center"),
        (0.5, 0.985, letters.top, "center", "top"),
        (0.5, 0.015, letters.bottom, "center", "bottom"),
        (0.015, 0.985, f"{panel.plane.value}\n{panel.position}", "left", "top"),
    ):
        _write(axes, x, y, letter, across, up)


def draw_bar(axes: Axes, panel: Panel) -> None:
    """Draw a scale bar into the lower left of a slice."""
    width, height = panel.size_mm[1], panel.size_mm[0]
    ends = [4, 4 + min(_BAR_MM, width / 3)]
    for colour, thick in (("black", 5), (INK, 3)):
        axes.plot(ends, [height - 5] * 2, color=colour, linewidth=thick, solid_capstyle="projecting")
    _write(axes, 4 / width, 8 / height, f"{min(_BAR_MM, width / 3):.0f} mm", "left", "bottom")


def draw_scale(figure: Figure, left: float, bottom: float, width: float, page: float) -> None:
    """Draw the heat's colours from none to most into a rectangle of the page in pixels."""
    bar = figure.add_axes((left / WIDTH, bottom / page, width / WIDTH, 14 / page))
    bar.imshow(np.linspace(0, 1, 256)[None], cmap=HEAT, aspect="auto", extent=(0, 1, 0, 1))
    bar.set_axis_off()


def _write(axes: Axes, x: float, y: float, text: str, across: str, up: str) -> None:
    axes.text(
        x, y, text, transform=axes.transAxes, ha=across, va=up, fontsize=10, family=FONT, color=INK,
        bbox={"facecolor": "black", "edgecolor": "none", "alpha": 0.5, "pad": 1.2},
    )  # fmt: skip
