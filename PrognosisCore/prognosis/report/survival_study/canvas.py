"""What the figures of a study of survival share: page, frame, key, time axis, colours, and SVG."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prognosis.report.canvas import FONT, drawable, new_figure
from prognosis.report.wording import RESEARCH_USE
from prognosis.survival.calibration import DAYS_PER_YEAR

INK = "#22272e"
QUIET_INK = "#5b6470"
GRID = "#d6dae0"

# Okabe and Ito's colours that are dark enough for lines on white.
_MODEL_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#a8508a", "#8a6d00", "#2e9bd6")
_DASHES: tuple[tuple[float, ...], ...] = ((), (7, 2), (2, 1.5), (7, 2, 2, 2), (4, 1.5))
_GROUP_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
# Blue to red as lesions are coloured, the pale middle darkened until it can be seen on white.
_GROUP_COLOURS = ((35, 72, 190), (50, 150, 210), (168, 142, 20), (232, 118, 36), (190, 16, 36))
# Evenly spread, the inner two of four would both lie beside the middle and look alike.
_SHARES_OF_FOUR = (0.0, 0.25, 0.75, 1.0)
_YEAR_STEPS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_DAY_STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
_MOST_TICKS = 8
_DPI = 100
KEY_ROW = 23


@dataclass(frozen=True)
class LineStyle:
    """How a model or a risk group is drawn wherever it stands."""

    colour: str
    dashes: tuple[float, ...]


@dataclass(frozen=True)
class TimeAxis:
    """Days as they are shown.

    Args:
        unit: 'years' or 'days'.
        unit_days: Days in a unit.
        end: Right end, in units.
        ticks: In units, the first is 0.
    """

    unit: str
    unit_days: float
    end: float
    ticks: tuple[float, ...]


def time_axis(follow_up_days: float) -> TimeAxis:
    """Years, or days where follow-up is shorter than a year."""
    unit, unit_days, steps = (
        ("years", DAYS_PER_YEAR, _YEAR_STEPS) if follow_up_days >= DAYS_PER_YEAR else ("days", 1.0, _DAY_STEPS)
    )
    end = max(follow_up_days / unit_days, steps[0])
    step = next((step for step in steps if end / step <= _MOST_TICKS), end / _MOST_TICKS)
    return TimeAxis(unit, unit_days, end, tuple(float(tick) for tick in np.arange(0, end * (1 + 1e-9), step)))


def model_style(number: int) -> LineStyle:
    """The style of the n-th model of a study."""
    return LineStyle(_MODEL_COLOURS[number % len(_MODEL_COLOURS)], _DASHES[number % len(_DASHES)])


def group_style(number: int, groups: int) -> LineStyle:
    """The style of the n-th of risk groups, the lowest blue and the highest red."""
    share = _SHARES_OF_FOUR[number] if groups == 4 else number / max(groups - 1, 1)
    red, green, blue = (
        round(float(np.interp(share, _GROUP_SHARES, channel))) for channel in zip(*_GROUP_COLOURS, strict=True)
    )
    return LineStyle(f"#{red:02x}{green:02x}{blue:02x}", _DASHES[(groups - 1 - number) % len(_DASHES)])


def study_page(width_px: int, height_px: int, title: str, subtitle: str = "") -> Figure:
    """An empty page with its title above and the notice below."""
    figure = new_figure(width_px, height_px, background="white")
    write(figure, 20, height_px - 32, title, size=14, weight="bold", within=width_px - 40)
    if subtitle:
        write(figure, 20, height_px - 57, subtitle, size=11, colour=QUIET_INK, within=width_px - 40)
    write(figure, 20, 14, RESEARCH_USE, size=10, colour=QUIET_INK)
    return figure


def write(
    figure: Figure,
    x_px: float,
    y_px: float,
    text: str,
    *,
    size: float = 11,
    weight: str = "normal",
    colour: str = INK,
    across: str = "left",
    within: float | None = None,
) -> None:
    """Write a text onto the page, its base line at a place in pixels from the lower left.

    Args:
        figure: The page.
        x_px: Where it begins, ends or has its middle, as `across` says.
        y_px: Its base line.
        text: Any; what the font cannot draw is replaced.
        size: In points.
        weight: 'normal' or 'bold'.
        colour: Of the letters.
        across: 'left', 'center' or 'right'.
        within: Pixels it is cut to, with an ellipsis; None leaves it whole.
    """
    width, height = size_px(figure)
    figure.text(
        x_px / width,
        y_px / height,
        drawable(text) if within is None else fitting(text, within, size=size, weight=weight),
        ha=across,
        va="baseline",
        fontsize=size,
        fontweight=weight,
        family=FONT,
        color=colour,
        parse_math=False,
    )


def fitting(text: str, width_px: float, *, size: float = 11, weight: str = "normal") -> str:
    """Cut a text, with an ellipsis, to what a width in pixels holds."""
    line = drawable(text)
    if width_of(line, size=size, weight=weight) <= width_px:
        return line
    fits = bisect_right(
        range(len(line)), width_px, key=lambda kept: width_of(f"{line[:kept]}…", size=size, weight=weight)
    )
    return f"{line[: max(fits - 1, 0)]}…"


def width_of(line: str, *, size: float = 11, weight: str = "normal") -> float:
    """Pixels that a drawable line takes."""
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=FONT, weight=weight)))
    font.set_size(size, _DPI)
    font.set_text(line)
    return float(font.get_width_height()[0]) / 64


def size_px(figure: Figure) -> tuple[float, float]:
    """Width and height of the page."""
    width, height = figure.get_size_inches() * figure.dpi
    return float(width), float(height)


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes on a rectangle of the page in pixels, in the house's plain frame."""
    page_width, page_height = size_px(figure)
    axes = figure.add_axes((left / page_width, bottom / page_height, width / page_width, height / page_height))
    axes.tick_params(labelsize=11, labelfontfamily=FONT, colors=INK)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes


def name_axes(axes: Axes, across: str, up: str) -> None:
    """Label both axes."""
    axes.set_xlabel(across, fontsize=12, family=FONT, color=INK, parse_math=False)
    axes.set_ylabel(up, fontsize=12, family=FONT, color=INK, parse_math=False)


def draw_key(figure: Figure, left: float, top: float, entries: Sequence[tuple[str, LineStyle]]) -> None:
    """List lines and their names downwards from a place in pixels, a row each of `KEY_ROW` pixels."""
    for row, (name, style) in enumerate(entries):
        y = top - KEY_ROW * (row + 0.5)
        draw_line(figure, (left, y), (left + 42, y), style, width=2.5)
        write(figure, left + 52, y - 5, name, within=size_px(figure)[0] - left - 72)


def draw_line(
    figure: Figure, start: tuple[float, float], end: tuple[float, float], style: LineStyle, *, width: float
) -> None:
    """Draw a line between two places in pixels from the lower left."""
    across, up = size_px(figure)
    figure.add_artist(
        Line2D(
            [start[0] / across, end[0] / across],
            [start[1] / up, end[1] / up],
            color=style.colour,
            dashes=style.dashes or (None, None),
            linewidth=width,
            solid_capstyle="butt",
            transform=figure.transFigure,
        )
    )


def svg_of(figure: Figure) -> bytes:
    """Draw a figure as SVG whose text stays text; the same figure gives the same bytes."""
    stream = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "prognosis", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, facecolor=figure.get_facecolor())
    return stream.getvalue()
