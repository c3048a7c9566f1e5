"""Figure 2b: features tied to exactly these endpoints, beside what permutations of the outcomes give."""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from prognosis.biomarkers.selection.results import Combination, ModalityTests, SelectionStudy
from prognosis.report.selection_study.histograms import draw_swatches
from prognosis.report.selection_study.words import BAND, EXPECTED, HIGHER, NEUTRAL, count, selection_page
from prognosis.report.survival_study.canvas import GRID, INK, QUIET_INK, add_axes, name_axes, write

_WIDTH = 1200
_LEFT, _RIGHT, _GAP = 40, 40, 40
_COLUMN, _ROW = 52, 27
_TOP, _HEAD, _FOOT = 110, 56, 90
_EMPTY = "#d6dae0"


def combination_figure(study: SelectionStudy) -> Figure:
    """A panel a modality: endpoints as columns of dots, counts as bars, chance as grey bars behind."""
    rows = len(study.tests[0].combinations)
    height = _TOP + _HEAD + rows * _ROW + _FOOT
    figure = selection_page(
        _WIDTH,
        height,
        "Features with p < 0.05 at exactly these endpoints",
        "chance: the outcomes of all endpoints are dealt anew to the patients together",
        study,
    )
    draw_swatches(
        figure,
        _LEFT,
        height - 84,
        (
            (HIGHER, "at all endpoints"),
            (NEUTRAL, "at some"),
            (BAND, "95 % band of permutations"),
            (EXPECTED, "their mean"),
        ),
    )
    width = (_WIDTH - _LEFT - _RIGHT - _GAP) / 2
    for number, tests in enumerate(study.tests):
        _draw_panel(figure, study, tests, _LEFT + number * (width + _GAP), height - _TOP - _HEAD, width)
    return figure


def _draw_panel(
    figure: Figure, study: SelectionStudy, tests: ModalityTests, left: float, top: float, width: float
) -> None:
    keys = [endpoint.key for endpoint in study.endpoints]
    rows = tests.combinations
    bottom = top - _ROW * len(rows)
    write(figure, left, top + 36, f"{tests.modality.shown} features", size=12, weight="bold")
    dots = add_axes(figure, left, bottom, _COLUMN * len(keys), _ROW * len(rows))
    dots.set_axis_off()
    dots.set_xlim(0, len(keys))
    dots.set_ylim(len(rows), 0)
    for column, key in enumerate(keys):
        write(figure, left + _COLUMN * (column + 0.5), top + 8, key, size=10, across="center")
    bars = add_axes(figure, left + _COLUMN * len(keys) + 14, bottom, width - _COLUMN * len(keys) - 74, _ROW * len(rows))
    for place, row in enumerate(rows):
        having = [column + 0.5 for column, key in enumerate(keys) if key in row.endpoints]
        dots.plot(
            [column + 0.5 for column in range(len(keys))], [place + 0.5] * len(keys), "o", color=_EMPTY, markersize=9
        )
        dots.plot(having, [place + 0.5] * len(having), "o-", color=INK, markersize=9, linewidth=2)
        everywhere = len(row.endpoints) == len(keys)
        bars.barh(place + 0.5, row.features.high - row.features.low, 0.86, left=row.features.low, color=BAND)
        bars.barh(place + 0.5, row.features.observed, 0.42, color=HIGHER if everywhere else NEUTRAL)
        bars.plot([row.features.expected] * 2, [place + 0.07, place + 0.93], color=EXPECTED, linewidth=1.6)
    _write_counts(figure, rows, left + width - 54, top)
    most = max(max(row.features.observed, row.features.high) for row in rows)
    bars.set_xlim(0, 1.02 * max(most, 1))
    bars.set_ylim(len(rows), 0)
    bars.set_yticks([])
    bars.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    bars.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    bars.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
    name_axes(bars, "features", "")


def _write_counts(figure: Figure, rows: tuple[Combination, ...], left: float, top: float) -> None:
    for place, row in enumerate(rows):
        colour = INK if row.features.outside else QUIET_INK
        weight = "bold" if row.features.outside else "normal"
        write(
            figure, left, top - _ROW * (place + 0.5) - 5, count(row.features.observed), size=10, weight=weight,
            colour=colour,
        )  # fmt: skip
