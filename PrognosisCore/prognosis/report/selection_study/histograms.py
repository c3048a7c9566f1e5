"""Figure 2a: histograms of p-values beside what permutations of the outcomes give."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from prognosis.biomarkers.selection.permutation import BINS
from prognosis.biomarkers.selection.results import ModalityTests, SelectionStudy
from prognosis.report.canvas import FONT
from prognosis.report.selection_study.words import (
    BAND,
    EXPECTED,
    HIGHER,
    NEUTRAL,
    count,
    selection_page,
)
from prognosis.report.survival_study.canvas import QUIET_INK, add_axes, name_axes, write

_WIDTH = 1400
_LEFT, _RIGHT, _GAP = 100, 30, 30
_TOP, _HEAD, _PANEL, _FOOT = 110, 46, 220, 74
_EDGES = np.linspace(0, 1, BINS + 1)


def histogram_figure(study: SelectionStudy) -> Figure:
    """A row of panels a modality, a panel an endpoint, all of a row on one scale."""
    row = _HEAD + _PANEL + _FOOT
    height = _TOP + row * len(study.tests) + 20
    figure = selection_page(
        _WIDTH, height, "p-values of all features", "Welch's t-test between patients with and without the event", study
    )
    _draw_key(figure, height)
    columns = len(study.endpoints)
    width = (_WIDTH - _LEFT - _RIGHT - _GAP * (columns - 1)) / columns
    for line, tests in enumerate(study.tests):
        bottom = height - _TOP - row * line - _HEAD - _PANEL
        for number, endpoint in enumerate(study.endpoints):
            left = _LEFT + number * (width + _GAP)
            axes = add_axes(figure, left, bottom, width, _PANEL)
            _draw(axes, tests, number)
            head = bottom + _PANEL + 28
            write(
                figure,
                left,
                head,
                f"{tests.modality.shown}: {endpoint.shown}",
                size=10.5,
                weight="bold",
                within=width + _GAP - 4,
            )
            band = tests.significant[number]
            text = f"{count(band.observed)} below 0.05 (chance {count(band.low)} to {count(band.high)})"
            write(figure, left, head - 18, text, size=10, colour=QUIET_INK, within=width + _GAP - 6)
            name_axes(axes, "p-value", "features" if number == 0 else "")
            if number:
                axes.set_yticklabels([])
    return figure


def _draw(axes: Axes, tests: ModalityTests, number: int) -> None:
    low, high, mean = (
        np.append(part[number], part[number][-1])
        for part in (tests.histogram_low, tests.histogram_high, tests.histogram_expected)
    )
    observed = tests.histogram[number]
    colours = [HIGHER] + [NEUTRAL] * (BINS - 1)
    axes.fill_between(_EDGES, low, high, step="post", color=BAND, linewidth=0, zorder=1)
    axes.bar(_EDGES[:-1], observed, 0.8 / BINS, align="edge", color=colours, zorder=2)
    axes.step(_EDGES, mean, where="post", color=EXPECTED, linewidth=1.4, dashes=(4, 3), zorder=3)
    for end in (low, high):
        axes.step(_EDGES, end, where="post", color=EXPECTED, linewidth=0.7, zorder=3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.05 * max(tests.histogram.max(), tests.histogram_high.max(), 1))
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(labelsize=10, labelfontfamily=FONT)


def _draw_key(figure: Figure, height: int) -> None:
    draw_swatches(
        figure,
        _LEFT,
        height - 84,
        (
            (HIGHER, "p < 0.05"),
            (NEUTRAL, "other features"),
            (BAND, "95 % band of permutations"),
            (EXPECTED, "their mean"),
        ),
    )


def draw_swatches(figure: Figure, left: float, bottom: float, entries: tuple[tuple[str, str], ...]) -> None:
    """Name colours side by side from a place in pixels."""
    for colour, name in entries:
        write(figure, left, bottom, "■", size=12, colour=colour)
        write(figure, left + 18, bottom, name, size=10)
        left += 42 + 7.2 * len(name)
