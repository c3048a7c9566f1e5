"""CT and PET of the region in three planes, plain and with the heat that shows where a score comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.biomarkers.images.region import Region
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.risk.results import Heat, Scored
from prognosis.imaging.volume import Volume
from prognosis.report.canvas import FONT, draw_watermark, drawable, new_figure, png_of
from prognosis.report.petct.drawing import (
    BACKGROUND,
    INK,
    QUIET,
    TUMOUR,
    WIDTH,
    draw_bar,
    draw_scale,
    draw_slice,
    window_beside,
)
from prognosis.report.planes import Panel, Plane, panels_through
from prognosis.report.wording import RESEARCH_USE, model_line

_SIDE, _GAP, _TITLE, _ROW_GAP, _FOOT = 30, 22, 78, 16, 132
_TOP_PERCENTILE = 99.9
_LEAST_SUV_SHOWN = 5.0
_SMOOTHED_SD_MM = 2.0


@dataclass(frozen=True)
class _Shown:
    """A modality as it is drawn.

    Args:
        greys: (48, 96, 96) 0 to 1.
        heat: (48, 96, 96) 0 to 1 of the brightest.
        title: Over its columns.
    """

    greys: NDArray[np.float32]
    heat: NDArray[np.float32]
    title: str


def draw_heat(scored: Scored, *, through: str = "tumour") -> bytes:
    """Draw axial, coronal and sagittal slices of each modality, plain and with heat.

    Args:
        scored: A scored patient.
        through: 'tumour' for the middle of the contour, 'hottest' for the voxel of most heat over both modalities.

    Returns:
        A PNG, 1500 pixels wide.
    """
    return png_of(heat_figure(scored, through=through))


def heat_figure(scored: Scored, *, through: str = "tumour") -> Figure:
    """The figure `draw_heat` draws."""
    region, heat = scored.region, scored.heat
    shown = {modality: _shown(region, heat, modality) for modality in heat.region}
    columns = 2 * len(shown)
    cell = (WIDTH - 2 * _SIDE - (columns - 1) * _GAP) / columns
    size = [n * s for n, s in zip(region.geometry.size, region.geometry.spacing, strict=True)]
    per_mm = cell / size[0]
    heights = [size[1] * per_mm, size[2] * per_mm, size[2] * per_mm]
    page = _TITLE + sum(heights) + 2 * _ROW_GAP + _FOOT
    figure = new_figure(WIDTH, round(page), background=BACKGROUND)
    voxel = _middle(region) if through == "tumour" else _hottest(shown, region)
    for at, (modality, one) in enumerate(shown.items()):
        _draw_modality(figure, (2 * at, cell, heights, page), one, region, modality, voxel)
    _draw_head(figure, shown, cell, page, through)
    _draw_foot(figure, scored, page)
    if scored.patient.watermark:
        draw_watermark(figure, scored.patient.watermark, colour="#ffffff")
    return figure


def display_heat(values: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> NDArray[np.float32]:
    """Size of the heat whatever its sign, smoothed a little: what is drawn of it.

    Args:
        values: (48, 96, 96) heat [k, j, i].
        spacing_mm: Along i, j, k.
    """
    sigma = [_SMOOTHED_SD_MM / spacing for spacing in spacing_mm[::-1]]
    smoothed: NDArray[np.float32] = ndimage.gaussian_filter(np.abs(values), sigma)
    return smoothed


def _shown(region: Region, heat: Heat, modality: Modality) -> _Shown:
    image, tumour = region.images[modality], region.tumours.get(modality)
    size = display_heat(heat.region[modality], region.geometry.spacing)
    top = float(np.percentile(size, _TOP_PERCENTILE))
    share = (np.clip(size / top, 0, 1) if top > 0 else np.zeros_like(size)).astype(np.float32)
    if modality is Modality.CT:
        window = window_beside(image, tumour)
        return _Shown((window.greys(image) / 255).astype(np.float32), share, f"CT, {window.words}")
    brightest = max(_LEAST_SUV_SHOWN, float(np.percentile(image, _TOP_PERCENTILE)))
    greys = (1 - np.clip(image / brightest, 0, 1)).astype(np.float32)
    return _Shown(greys, share, f"PET, SUV 0 (white) to {brightest:.1f} (black)")


def _middle(region: Region) -> tuple[int, int, int]:
    """The tumour's voxel (i, j, k) nearest to its centre of mass."""
    for mask in region.tumours.values():
        voxels = np.argwhere(mask)
        if len(voxels):
            nearest = np.square(voxels - voxels.mean(axis=0)).sum(axis=1).argmin()
            k, j, i = voxels[nearest]
            return int(i), int(j), int(k)
    i, j, k = (n // 2 for n in region.geometry.size)
    return i, j, k


def _hottest(shown: Mapping[Modality, _Shown], region: Region) -> tuple[int, int, int]:
    hottest = np.max([one.heat for one in shown.values()], axis=0)
    if not hottest.any():
        return _middle(region)
    k, j, i = np.unravel_index(int(ndimage.gaussian_filter(hottest, 1.0).argmax()), hottest.shape)
    return int(i), int(j), int(k)


def _draw_modality(
    figure: Figure,
    grid: tuple[int, float, list[float], float],
    one: _Shown,
    region: Region,
    modality: Modality,
    voxel: tuple[int, int, int],
) -> None:
    column, cell, heights, page = grid
    whole = tuple(slice(0, n) for n in region.geometry.shape)
    labels = region.tumours.get(modality, np.zeros(region.geometry.shape, bool)).astype(np.uint16)

    def panels(values: NDArray[np.float32]) -> tuple[Panel, Panel, Panel]:
        return panels_through(Volume(values, region.geometry), labels, voxel, (whole[0], whole[1], whole[2]))

    top = page - _TITLE
    for plain, hot, height in zip(panels(one.greys), panels(one.heat), heights, strict=True):
        for beside in (0, 1):
            left = _SIDE + (column + beside) * (cell + _GAP)
            axes = figure.add_axes((left / WIDTH, (top - height) / page, cell / WIDTH, height / page))
            draw_slice(axes, plain, hot if beside else None, {TUMOUR: plain.labels > 0})
            if not column and not beside and plain.plane is Plane.AXIAL:
                draw_bar(axes, plain)
        top -= height + _ROW_GAP


def _draw_head(figure: Figure, shown: Mapping[Modality, _Shown], cell: float, page: float, through: str) -> None:
    def write(x: float, y: float, text: str, size: int, colour: str, weight: str = "normal") -> None:
        figure.text(
            x / WIDTH, 1 - y / page, text, fontsize=size, color=colour, family=FONT, fontweight=weight, va="center",
            parse_math=False,
        )  # fmt: skip

    where = "the middle of the tumour" if through == "tumour" else "the voxel of most heat"
    write(_SIDE, 22, f"Where the score comes from, in slices through {where}", 14, INK, "bold")
    for at, one in enumerate(shown.values()):
        left = _SIDE + 2 * at * (cell + _GAP)
        write(left, 58, one.title, 10, QUIET)
        write(left + cell + _GAP, 58, "with heat", 10, QUIET)


def _draw_foot(figure: Figure, scored: Scored, page: float) -> None:
    def write(x: float, y: float, text: str, size: int = 10, across: str = "left") -> None:
        figure.text(
            x / WIDTH, y / page, text, fontsize=size, color=QUIET, family=FONT, ha=across, va="center",
            parse_math=False,
        )  # fmt: skip

    draw_scale(figure, _SIDE, 84, 260, page)
    figure.patches.append(
        Rectangle((310 / WIDTH, 84 / page), 14 / WIDTH, 14 / page, transform=figure.transFigure, fill=False,
                  edgecolor=TUMOUR, linewidth=2)
    )  # fmt: skip
    write(332, 91, "contour of the tumour")
    smoothed = f"smoothed over {_SMOOTHED_SD_MM:.0f} mm (SD)"
    write(_SIDE, 64, f"heat: none to most, each image on a scale of its own; its size, whatever its sign, {smoothed}")
    write(_SIDE, 44, f"{scored.heat.method}, of: {_endpoint_words(scored)}")
    write(_SIDE, 20, RESEARCH_USE, 11)
    write(WIDTH - _SIDE, 20, drawable(model_line(scored.patient.model), limit=70), 11, "right")


def _endpoint_words(scored: Scored) -> str:
    return next(one.shown for one in scored.patient.endpoints if one.key == scored.heat.endpoint)
