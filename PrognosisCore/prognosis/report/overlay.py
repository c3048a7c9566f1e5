"""The overview picture: the lesions of highest risk on their CT, in three planes."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from prognosis.imaging.volume import Volume
from prognosis.lesions.colours import colour_of_percentile
from prognosis.lesions.results import ScoredPatient
from prognosis.report.canvas import FONT, draw_watermark, drawable, new_figure, png_of
from prognosis.report.ct_window import SOFT_TISSUE, window_around
from prognosis.report.overlay_layout import WIDTH, OverlayLayout, Rectangle, layout_for
from prognosis.report.panel_drawing import BACKGROUND, INK, add_cell, draw_panel
from prognosis.report.planes import body_view, panels_through, shortened
from prognosis.report.targets import Target, targets_of
from prognosis.report.wording import RESEARCH_USE, model_line, shows_percentiles

_QUIET_INK = "#aab2bd"


def draw_overlay(image: Volume, labels: NDArray[np.uint16], patient: ScoredPatient) -> bytes:
    """Draw up to three lesions of highest risk, a row each: axial, coronal and sagittal.

    Args:
        image: CT in Hounsfield units, in nearest LPS orientation.
        labels: The painted map [k, j, i] on the image's lattice; a voxel's value is `ScoredLesion.label`, 0 is none.
        patient: What scoring yielded.

    Returns:
        A PNG, 1500 pixels wide. Without a scored lesion it shows the middle of the image and says so.
    """
    return png_of(overlay_figure(image, labels, patient))


def overlay_figure(image: Volume, labels: NDArray[np.uint16], patient: ScoredPatient) -> Figure:
    """The figure `draw_overlay` draws, from the same arguments."""
    if labels.shape != image.array.shape:
        msg = f"labels of shape {labels.shape} do not lie on an image of shape {image.array.shape}"
        raise ValueError(msg)
    targets = targets_of(labels, image.geometry, patient)
    i, j, k = (size // 2 for size in image.geometry.size)
    voxels = [target.voxel for target in targets] or [(i, j, k)]
    view = body_view(image, voxels)
    rows = [panels_through(image, labels, voxel, shortened(view, image.geometry, voxel)) for voxel in voxels]
    layout = layout_for(rows)
    colours = {lesion.label: lesion.colour for lesion in patient.lesions}
    figure = new_figure(WIDTH, layout.height, background=BACKGROUND)
    for row, panels in enumerate(rows):
        target = targets[row] if targets else None
        window = window_around(image, labels, target.box) if target else SOFT_TISSUE
        _write(figure, layout.title(row), _title_of(target), size=15, weight="bold")
        _write(figure, layout.title(row), window.words, size=12, across="right", ink=_QUIET_INK)
        for column, panel in enumerate(panels):
            draw_panel(
                figure,
                layout.cell(row, column),
                panel,
                window=window,
                colours=colours,
                target_label=target.lesion.label if target else None,
                layout=layout,
            )
    _draw_foot(figure, layout, patient, any_scored=bool(targets))
    if patient.watermark:
        draw_watermark(figure, patient.watermark, colour="white")
    return figure


def _title_of(target: Target | None) -> str:
    if target is None:
        return "no lesion scored"
    lesion = target.lesion
    plain = f"lesion {lesion.label}"
    named = plain if lesion.name == plain else f"{plain} · {drawable(lesion.name, limit=60)}"
    title = f"{named} · rank {lesion.rank}"
    return title if target.painted else f"{title} · covered by other lesions"


def _draw_foot(figure: Figure, layout: OverlayLayout, patient: ScoredPatient, *, any_scored: bool) -> None:
    foot = layout.foot
    if any_scored:
        _draw_colour_bar(figure, Rectangle(foot.left, foot.bottom + 76, 420, 18), patient)
    line = Rectangle(foot.left, foot.bottom + 4, foot.width, 34)
    _write(figure, line, RESEARCH_USE, size=12, weight="bold")
    _write(figure, line, drawable(model_line(patient.model), limit=90), size=12, across="right", ink=_QUIET_INK)


def _draw_colour_bar(figure: Figure, where: Rectangle, patient: ScoredPatient) -> None:
    axes = add_cell(figure, where)
    axes.imshow(
        np.array([[colour_of_percentile(p) for p in range(101)]], np.uint8), aspect="auto", extent=(0, 100, 0, 1)
    )
    axes.set_yticks([])
    if shows_percentiles(patient):
        label = "lesion risk, percentile among training lesions"
        axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100"])
    else:
        label = "demonstration model: order only" if patient.model.demonstration else "lesion risk: order only"
        lower, higher = axes.set_xticks([0, 100], ["lower", "higher"])
        lower.label1.set_horizontalalignment("left")
        higher.label1.set_horizontalalignment("right")
    axes.tick_params(colors=INK, labelsize=11, labelfontfamily=FONT, length=3)
    beside = Rectangle(where.left + where.width + 24, where.bottom - 8, 700, where.height + 16)
    _write(figure, beside, label, size=12)


def _write(
    figure: Figure,
    where: Rectangle,
    text: str,
    *,
    size: int,
    weight: str = "normal",
    across: str = "left",
    ink: str = INK,
) -> None:
    """One line of text in the vertical middle of a rectangle."""
    width, height = figure.get_size_inches() * figure.dpi
    figure.text(
        (where.left if across == "left" else where.left + where.width) / width,
        (where.bottom + where.height / 2) / height,
        text,
        ha=across,
        va="center",
        fontsize=size,
        fontweight=weight,
        family=FONT,
        color=ink,
        parse_math=False,
    )
