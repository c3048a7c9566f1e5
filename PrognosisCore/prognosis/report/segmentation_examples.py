"""Contours of a network beside those of a person, in three planes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.out_of_fold import Example
from prognosis.files import write_bytes
from prognosis.report.canvas import FONT, new_figure, png_of
from prognosis.report.outline import outline_of

_BACKGROUND, _INK = "#0d0f12", "#eceff3"
_DRAWN, _PREDICTED = "#56b4e9", "#e69f00"
_COLUMN_PX, _ROW_PX, _TITLE_PX = 300, 320, 70
_LAST_GREY = {Modality.CT: 255.0, Modality.PET: 127.5}
"""Of 0 to 255: 200 HU and SUV 10, by the usual limits."""
_PLANES = ("axial", "coronal", "sagittal")


def write_examples(examples: Sequence[Example], modality: Modality, file: Path) -> None:
    """Draw held-out regions as a PNG: a row an example, through the middle of the drawn contour.

    Args:
        examples: At least one.
        modality: CT is drawn bright on dark, PET dark on bright.
        file: Where to write.
    """
    width, height = _COLUMN_PX * len(_PLANES), _ROW_PX * len(examples) + _TITLE_PX
    figure = new_figure(width, height, background=_BACKGROUND)
    figure.text(
        0.5,
        1 - 22 / height,
        f"{modality.shown}: patients the network had not seen",
        color=_INK,
        family=FONT,
        ha="center",
        va="center",
    )
    for x, colour, words in ((0.27, _DRAWN, "drawn by a person"), (0.73, _PREDICTED, "by the network")):
        figure.text(x, 1 - 48 / height, words, color=colour, family=FONT, ha="center", va="center", fontsize=9)
    for row, example in enumerate(examples):
        for column, plane in enumerate(_PLANES):
            bottom = height - _TITLE_PX - _ROW_PX * (row + 1)
            axes = figure.add_axes(
                (column / len(_PLANES) + 0.01, bottom / height, 1 / len(_PLANES) - 0.02, (_ROW_PX - 26) / height)
            )
            _draw(axes, example, plane, modality)
            axes.set_title(
                f"{example.called}, Dice {example.dice:.2f}: {plane}" if not column else plane,
                color=_INK,
                family=FONT,
                fontsize=9,
                pad=4,
            )
    write_bytes(file, png_of(figure))


def _draw(axes: Axes, example: Example, plane: str, modality: Modality) -> None:
    at = tuple(round(float(axis.mean())) for axis in np.nonzero(example.drawn))
    image = _slice(example.image, plane, at)
    greys = "gray" if modality is Modality.CT else "gray_r"
    axes.imshow(image, cmap=greys, vmin=0, vmax=_LAST_GREY[modality], interpolation="nearest")
    axes.set_axis_off()
    for mask, colour in ((example.drawn, _DRAWN), (example.predicted, _PREDICTED)):
        outline = outline_of(_slice(mask, plane, at)) - 0.5
        axes.add_collection(LineCollection(list(outline), colors=colour, linewidths=1.3, antialiased=False))


def _slice(values: NDArray, plane: str, at: tuple[int, ...]) -> NDArray:
    """A slice as it is looked at: the patient's right on the left of the picture, or anterior; superior on top."""
    k, j, i = at
    if plane == "axial":
        return values[k]
    return values[::-1, j] if plane == "coronal" else values[::-1, :, i]
