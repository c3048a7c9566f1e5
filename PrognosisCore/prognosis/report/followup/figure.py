"""Baseline and follow-up in the same planes, plain and with the baseline's heat."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from prognosis.biomarkers.following.laying import moved
from prognosis.biomarkers.following.results import FollowedUp
from prognosis.biomarkers.modality import Modality
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.report.canvas import FONT, draw_watermark, drawable, new_figure, png_of
from prognosis.report.ct_window import CtWindow
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
from prognosis.report.planes import Panel, panels_through
from prognosis.report.wording import RESEARCH_USE, model_line

RECURRENCE = "#ff6bff"
_DOUBT = "#ffb454"
_SIDE, _GAP, _STACK_GAP = 30, 22, 16
_TITLE, _ROW_TITLE, _FOOT = 48, 40, 124
_TUMOUR_BIT, _RECURRENCE_BIT = 1, 2


def draw_followup(followed: FollowedUp) -> bytes:
    """Draw axial, coronal and sagittal slices through the middle of the recurrence, or of the tumour without one.

    The baseline stands above; below is the follow-up, turned and shifted onto it, its positions being its own.

    Returns:
        A PNG, 1500 pixels wide.
    """
    return png_of(followup_figure(followed))


def followup_figure(followed: FollowedUp) -> Figure:
    """The figure `draw_followup` draws."""
    cell = (WIDTH - 2 * _SIDE - 3 * _GAP) / 4
    width_mm, height_mm, depth_mm = (
        n * s for n, s in zip(followed.baseline.geometry.size, followed.baseline.geometry.spacing, strict=True)
    )
    axial, flat = cell * height_mm / width_mm, cell * depth_mm / width_mm
    row = max(axial, 2 * flat + _STACK_GAP)
    page = _TITLE + 2 * (_ROW_TITLE + row) + _FOOT
    figure = new_figure(WIDTH, round(page), background=BACKGROUND)
    baseline = followed.baseline
    window = window_beside(baseline.images[Modality.CT], baseline.tumour)
    there = moved(baseline.geometry, followed.registration.matrix)
    voxel, where = _middle(followed)
    top = page - _TITLE
    for title, values, geometry in (
        (f"Baseline CT ({window.words}), plain and with its heat", baseline.images[Modality.CT], baseline.geometry),
        (
            "Follow-up CT, laid onto the baseline: the same planes, plain and with the baseline's heat",
            followed.scan_on_region,
            there,
        ),
    ):
        top -= _ROW_TITLE
        _text(figure, _SIDE, top + 14, page, title, size=11, colour=INK)
        _draw_row(figure, (top, cell, axial, flat, page), _panels(followed, values, geometry, window, voxel))
        top -= row
    _draw_head(figure, followed, where, page)
    _draw_foot(figure, followed, page)
    if baseline.watermark:
        draw_watermark(figure, baseline.watermark, colour="#ffffff")
    return figure


def _middle(followed: FollowedUp) -> tuple[tuple[int, int, int], str]:
    """The voxel (i, j, k) of the recurrence, or of the tumour, nearest to its centre of mass."""
    tumour, laid = followed.baseline.tumour, followed.recurrence
    shown = laid.mask if laid is not None and laid.mask.any() else tumour
    voxels = np.argwhere(shown)
    k, j, i = voxels[np.square(voxels - voxels.mean(axis=0)).sum(axis=1).argmin()]
    where = "the middle of the baseline tumour" if shown is tumour else "the middle of the recurrence"
    return (int(i), int(j), int(k)), where


def _panels(
    followed: FollowedUp, values: NDArray[np.float32], geometry: Geometry, window: CtWindow, voxel: tuple[int, int, int]
) -> list[tuple[Panel, Panel]]:
    """Greys and heat of each plane."""
    labels = followed.baseline.tumour.astype(np.uint16) * _TUMOUR_BIT
    if followed.recurrence is not None:
        labels += followed.recurrence.mask.astype(np.uint16) * _RECURRENCE_BIT
    whole = (slice(0, geometry.shape[0]), slice(0, geometry.shape[1]), slice(0, geometry.shape[2]))
    greys = window.greys(values).astype(np.float32) / 255
    heat = np.clip(followed.hotness.share, 0, 1)
    plain, hot = (panels_through(Volume(each, geometry), labels, voxel, whole) for each in (greys, heat))
    return list(zip(plain, hot, strict=True))


def _draw_row(
    figure: Figure, grid: tuple[float, float, float, float, float], panels: list[tuple[Panel, Panel]]
) -> None:
    """Axial slices in the left half; coronal above sagittal ones in the right."""
    top, cell, axial, flat, page = grid
    places = ((0, top - axial, axial), (2, top - flat, flat), (2, top - 2 * flat - _STACK_GAP, flat))
    for at, ((column, bottom, height), (plain, hot)) in enumerate(zip(places, panels, strict=True)):
        outlines = {TUMOUR: (plain.labels & _TUMOUR_BIT) > 0, RECURRENCE: (plain.labels & _RECURRENCE_BIT) > 0}
        for beside in (0, 1):
            left = _SIDE + (column + beside) * (cell + _GAP)
            axes = figure.add_axes((left / WIDTH, bottom / page, cell / WIDTH, height / page))
            draw_slice(axes, plain, hot if beside else None, outlines)
            if not at and not beside:
                draw_bar(axes, plain)


def _draw_head(figure: Figure, followed: FollowedUp, where: str, page: float) -> None:
    title = f"The baseline's heat and the follow-up, in slices through {where}"
    _text(figure, _SIDE, page - 24, page, title, size=14, colour=INK, weight="bold")
    if followed.doubtful:
        _text(
            figure, WIDTH - _SIDE, page - 24, page, "DOUBTFUL MATCH", size=14, colour=_DOUBT, weight="bold",
            across="right",
        )  # fmt: skip


def _draw_foot(figure: Figure, followed: FollowedUp, page: float) -> None:
    draw_scale(figure, _SIDE, 80, 260, page)
    legend = [(TUMOUR, "baseline tumour")]
    if followed.recurrence is not None and followed.recurrence.mask.any():
        legend.append((RECURRENCE, "recurrence, from the follow-up"))
    left = 310.0
    for colour, words in legend:
        figure.patches.append(
            Rectangle(
                (left / WIDTH, 80 / page), 14 / WIDTH, 14 / page, transform=figure.transFigure, fill=False,
                edgecolor=colour, linewidth=2,
            )
        )  # fmt: skip
        _text(figure, left + 22, 87, page, words)
        left += 60 + 7.5 * len(words)
    shown = " and ".join(modality.shown for modality in followed.hotness.modalities)
    larger = ", the larger of the two" if len(followed.hotness.modalities) > 1 else ""
    baseline = followed.baseline
    _text(figure, _SIDE, 60, page, f"heat of {shown}, none to its 99.9th percentile{larger}; whatever its sign")
    _text(figure, _SIDE, 42, page, drawable(f"{baseline.method}, of: {baseline.endpoint}", limit=150))
    _text(figure, _SIDE, 18, page, RESEARCH_USE, size=11)
    line = drawable(model_line(baseline.model), limit=70)
    _text(figure, WIDTH - _SIDE, 18, page, line, size=11, across="right")


def _text(
    figure: Figure, x: float, y: float, page: float, words: str, *, size: int = 10, colour: str = QUIET,
    weight: str = "normal", across: str = "left",
) -> None:  # fmt: skip
    figure.text(
        x / WIDTH, y / page, words, fontsize=size, color=colour, family=FONT, fontweight=weight, ha=across,
        va="center", parse_math=False,
    )  # fmt: skip
