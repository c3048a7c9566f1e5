"""The words and numbers of a selection as a reader sees them, and the page its figures stand on."""

import math

from matplotlib.figure import Figure

from prognosis.biomarkers.selection.results import Band, SelectionStudy
from prognosis.report.survival_study.canvas import study_page, write
from prognosis.report.survival_study.words import NONE, NOT_ESTIMABLE, p_words

NO_FINDING = "#b3261e"
HIGHER, LOWER, NEUTRAL = "#c2410c", "#2a6db0", "#44546a"
BAND, EXPECTED = "#d9dee5", "#8a94a1"


def mark(study: SelectionStudy) -> str:
    """What must stand beside every number; '' where nothing must."""
    marks = []
    if study.demonstration:
        marks.append("DEMONSTRATION NETWORKS")
    if study.phantom:
        marks.append("SIMULATED PATIENTS")
    return " · ".join(marks)


def selection_page(width_px: int, height_px: int, title: str, subtitle: str, study: SelectionStudy) -> Figure:
    """An empty page with title, notice, and the mark of what is no finding."""
    figure = study_page(width_px, height_px, title, subtitle)
    if mark(study):
        write(figure, width_px - 20, 14, mark(study), size=10, weight="bold", colour=NO_FINDING, across="right")
    return figure


def count(value: float) -> str:
    """'2,765'; a share or a mean with as many digits as matter."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    return f"{value:,.0f}" if value >= 10 or float(value).is_integer() else f"{value:.1f}"


def band_words(band: Band | None) -> str:
    """'1,204 to 5,113, mean 2,770'."""
    return NONE if band is None else f"{count(band.low)} to {count(band.high)}, mean {count(band.expected)}"


def reached_words(band: Band | None) -> str:
    """How many permutations reach the count, as a p-value."""
    return NONE if band is None else p_words(band.p_value)


def squared_words(value: float) -> str:
    """'0.25', or a dash where there is none."""
    return f"{value:.2f}" if math.isfinite(value) else NONE
