"""Figure 2c: how often the LASSO includes the chosen features, beside what permutations of the outcomes give."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.options import SHOWN_INCLUSION
from prognosis.biomarkers.selection.results import ChanceInclusion, Chosen, SelectionStudy
from prognosis.report.canvas import FONT
from prognosis.report.selection_study.histograms import draw_swatches
from prognosis.report.selection_study.words import BAND, EXPECTED, HIGHER, LOWER, selection_page
from prognosis.report.survival_study.canvas import GRID, QUIET_INK, add_axes, name_axes, write

_WIDTH = 1400
_LEFT, _RIGHT, _GAP = 90, 30, 84
_TOP, _HEAD, _FOOT = 110, 52, 96
_ROW = 22
_LEAST_ROWS = 5


def inclusion_figure(study: SelectionStudy, modality: Modality) -> Figure:
    """A panel an endpoint: the chosen features of a modality from the most included down."""
    panels = [one for one in study.chosen if one.modality is modality]
    rows = max(_LEAST_ROWS, *(len(one.features) for one in panels))
    height = _TOP + _HEAD + rows * _ROW + _FOOT
    figure = selection_page(
        _WIDTH,
        height,
        f"{modality.shown}: inclusion probability of the chosen features",
        f"share of {study.options.bootstraps:,} resamples in which the LASSO includes a feature; dashed: the paper's "
        f"line of {SHOWN_INCLUSION:g}",
        study,
    )
    entries = ((HIGHER, "higher values with the event"), (LOWER, "lower values with the event"))
    chance = ((BAND, "upper end of the 95 % band of permutations"), (EXPECTED, "their mean"))
    draw_swatches(figure, _LEFT, height - 84, (*entries, *(chance if study.chance else ())))
    width = (_WIDTH - _LEFT - _RIGHT - _GAP * (len(panels) - 1)) / len(panels)
    shown = {endpoint.key: endpoint.shown for endpoint in study.endpoints}
    for number, one in enumerate(panels):
        left = _LEFT + number * (width + _GAP)
        axes = add_axes(figure, left, _FOOT, width, rows * _ROW)
        _draw(axes, one, rows, study.chance.get((one.endpoint, modality)))
        write(figure, left, _FOOT + rows * _ROW + 28, shown[one.endpoint], weight="bold", within=width + _RIGHT)
        patients = f"{one.patients} patients, {one.events} with the event"
        write(figure, left, _FOOT + rows * _ROW + 10, patients, size=10, colour=QUIET_INK, within=width + _GAP - 10)
        name_axes(axes, "inclusion probability", "")
    return figure


def _draw(axes: Axes, chosen: Chosen, rows: int, chance: ChanceInclusion | None) -> None:
    places = np.arange(len(chosen.features)) + 0.5
    if chance is not None:
        ranks = np.arange(len(chance.expected))
        edges = np.append(ranks, len(ranks))
        axes.fill_betweenx(edges, np.append(chance.high, chance.high[-1]), step="post", color=BAND, linewidth=0)
        for rank, mean in zip(ranks, chance.expected, strict=True):
            axes.plot([mean, mean], [rank, rank + 1], color=EXPECTED, linewidth=1.6, zorder=3)
    colours = [HIGHER if coefficient > 0 else LOWER for coefficient in chosen.coefficient]
    axes.barh(places, chosen.inclusion, 0.56, color=colours, zorder=2)
    axes.axvline(SHOWN_INCLUSION, color=QUIET_INK, linewidth=1.2, dashes=(5, 4), zorder=4)
    axes.set_xlim(0, 1)
    axes.set_ylim(rows, 0)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_yticks(places, chosen.features)
    axes.tick_params(axis="y", length=0, labelsize=9, labelfontfamily=FONT)
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
